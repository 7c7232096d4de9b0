"""`python -m tracker_migrate`: the same as the command `tracker-migrate`."""

from tracker_migrate.cli import main

if __name__ == "__main__":
    main()
