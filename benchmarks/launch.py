"""`python launch.py DESCRIPTOR COMMAND …`: run a command, and write what it cost to a descriptor:
its status, seconds of the clock and of the processor, peak memory in MB, as JSON.

A child begins with the memory of who starts it, and that counts as its peak: so whoever starts it
has to be small. Children that the command waits for are counted, too: their seconds together, of
their peaks the largest.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run it to its end."""
    began = time.monotonic()
    command = sys.argv[2:]
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    told = {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - began,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }
    with os.fdopen(int(sys.argv[1]), "w") as out:
        json.dump(told, out)


if __name__ == "__main__":
    main()
