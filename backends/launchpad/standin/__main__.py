"""`python -m tracker_migrate.backends.launchpad.standin --port N --data FILE --load SPEC`."""

from . import main

main()
