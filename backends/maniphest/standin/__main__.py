"""Runs the stand-in alone: `python -m tracker_migrate.backends.maniphest.standin --port N`."""

from tracker_migrate.backends.maniphest.standin.server import main

main()
