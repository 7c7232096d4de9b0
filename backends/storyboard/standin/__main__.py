"""Runs the stand-in alone: `python -m tracker_migrate.backends.storyboard.standin --port N`."""

from tracker_migrate.backends.storyboard.standin.alone import main

main()
