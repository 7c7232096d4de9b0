"""`ADDRESS PROJECT COUNT`: perceval's Launchpad backend; COUNT 0: all. Prints JSON: `bugs` that it
yielded, `numbers` of the different ones, `seconds`, `cpu`, `peak_mb`, without the start of Python.

Its API's address is a constant of its module.
"""

import json
import resource
import sys
import time
from itertools import islice

from perceval.backends.core import launchpad


def main() -> None:
    address, project, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    launchpad.LAUNCHPAD_API_URL = f"{address}/1.0"
    began, cpu = time.monotonic(), time.process_time()
    bugs, numbers = 0, set()
    for item in islice(launchpad.Launchpad(project).fetch(), count or None):
        bugs += 1
        numbers.add(item["data"]["bug_data"]["id"])
    told = {"bugs": bugs, "numbers": sorted(numbers), "seconds": time.monotonic() - began}
    told["cpu"] = time.process_time() - cpu
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))


if __name__ == "__main__":
    main()
