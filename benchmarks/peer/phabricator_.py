"""`ADDRESS TOKEN FILE`: the loop that users of phabricator write: a task, its comments, one call
each. FILE: a JSON list of `{"title", "text", "comments"}`. Prints JSON: `issues`, `comments`,
`seconds`, `cpu`.
"""

import json
import sys
import time
from pathlib import Path

from phabricator import Phabricator


def main() -> None:
    address, token, file = sys.argv[1:]
    issues = json.loads(Path(file).read_text("utf-8"))
    phabricator = Phabricator(host=f"{address}/api/", token=token, timeout=60)
    began, cpu = time.monotonic(), time.process_time()
    for issue in issues:
        made = phabricator.maniphest.edit(
            transactions=[
                {"type": "title", "value": issue["title"]},
                {"type": "description", "value": issue["text"]},
            ]
        )
        for text in issue["comments"]:
            phabricator.maniphest.edit(
                objectIdentifier=made["object"]["phid"],
                transactions=[{"type": "comment", "value": text}],
            )
    comments = sum(len(issue["comments"]) for issue in issues)
    told = {"issues": len(issues), "comments": comments, "seconds": time.monotonic() - began}
    print(json.dumps({**told, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
