"""`python -m tracker_migrate.backends.launchpad.standin --port N --data FILE --load SPEC`."""

from tracker_migrate.backends.launchpad.standin import main

main()
