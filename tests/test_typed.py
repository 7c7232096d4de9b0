"""Types that several threads decode are ready before the first thread is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: eight threads that decode an issue in the same moment, the first ones of their process
_THREADS = """
import sys, threading
import msgspec
from tracker_migrate.model import Access, Comment, Issue, Task
sys.setswitchinterval(1e-6)
task = Task(key="k", target="t", target_name="n", project="p", home="h", status="s", importance="i")
said = Comment(key="k", index=0, home="h", text="x")
issue = Issue(key="k", kind="bug", name="1", title="t", home="h", tasks=(task,), comments=(said,))
raw = msgspec.json.encode(issue)
together = threading.Barrier(8)

def decode():
    together.wait()
    for _ in range(50):
        assert msgspec.json.decode(raw, type=Issue) == issue

threads = [threading.Thread(target=decode) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
"""


def test_threads_may_decode_their_first_issue_together() -> None:
    """Without `typed.ready` one process of four ends here with a fault of memory."""
    for _ in range(8):
        done = subprocess.run([sys.executable, "-c", _THREADS], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr[-500:]


@pytest.mark.parametrize(
    "module",
    [
        "tracker_migrate.model",
        "tracker_migrate.interfaces",
        "tracker_migrate.backends.maniphest.wire",
        "tracker_migrate.backends.maniphest.replies",
        "tracker_migrate.backends.storyboard.replies",
    ],
)
def test_a_module_makes_its_types_ready_when_it_is_imported(module: str) -> None:
    source = f"""
import sys
from tracker_migrate import typed
made, real = [], typed.ready
def ready(*kinds):
    made.extend(kinds)
    real(*kinds)
typed.ready = ready
import {module}
held = [one for one in vars(sys.modules["{module}"]).values() if one in made]
assert held, made
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-800:]
