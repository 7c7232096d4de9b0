"""`ADDRESS TOKEN FILE`: the loop that users of python-storyboardclient write: a story, its task,
its comments, one call each. FILE: a JSON list of `{"title", "text", "comments"}`. Prints JSON:
`issues`, `comments`, `seconds`, `cpu`.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ["PBR_VERSION"] = "0.0.0"  # it asks for its own version under a name that is not its own

from storyboardclient.v1.client import Client


def main() -> None:
    address, token, file = sys.argv[1:]
    issues = json.loads(Path(file).read_text("utf-8"))
    client = Client(f"{address}/v1", token)
    began, cpu = time.monotonic(), time.process_time()
    project = client.projects.create(name="gadget")
    for issue in issues:
        story = client.stories.create(title=issue["title"], description=issue["text"])
        client.tasks.create(title=issue["title"], story_id=story.id, project_id=project.id)
        for text in issue["comments"]:
            story.comments.create(content=text)
    comments = sum(len(issue["comments"]) for issue in issues)
    told = {"issues": len(issues), "comments": comments, "seconds": time.monotonic() - began}
    print(json.dumps({**told, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
