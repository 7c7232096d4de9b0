"""What Maniphest's API can't take back goes in its databases, and its issue is opened again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.backdate.test_maniphest_end_to_end import TARGET, Conduit, backdate
from tests.end_to_end.marked_world import MarkedWorld, marked_world
from tests.end_to_end.test_files_at_maniphest import attach, moved
from tests.end_to_end.test_recorded_projects import agrees
from tests.mariadb import Server
from tracker_migrate.testing.loopback import CONTROL


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarkedWorld]:
    with marked_world(tmp_path / "ws", monkeypatch) as world:
        yield world


def said(marked: MarkedWorld, bug: int) -> tuple[dict[str, Any], list[str]]:
    """A bug's task, and all that its comments have said in any version."""
    for task in Conduit(marked.here).tasks():
        if f"/{bug} |" in task["fields"]["description"]["raw"].split("\n", 1)[0]:
            rows = [row["comments"] for row in task["history"]]
            return task, [one["content"]["raw"] for each in rows for one in each]
    raise AssertionError(bug)


@pytest.mark.parametrize("edited", [False, True])
def test_what_was_hidden_later_is_withdrawn_and_its_issue_opened_again(
    mariadb: Server, marked: MarkedWorld, edited: bool
) -> None:
    bug = marked.project.bug(comments=3)
    moved(marked)
    task, texts = said(marked, bug)
    (hidden,) = [one for one in texts if f"/{bug}/comments/2 |" in one]
    if edited:
        (phid,) = [
            row["phid"]
            for row in task["history"]
            if row["comments"] and row["comments"][0]["content"]["raw"] == hidden
        ]
        order = {"phid": phid, "by": "admin", "text": hidden + " (edited)"}
        control = f"{marked.here.maniphest.url}{CONTROL}comment"
        requests.post(control, json=order, timeout=60).raise_for_status()
    marked.project.change_comment(bug, 2, visible=False)
    assert moved(marked).exposed == 1
    assert said(marked, bug)[0]["fields"]["policy"]["view"] != "public"
    (key,) = backdate(marked.here, mariadb).withdrawn
    assert key == f"launchpad:comment:{bug}/2"
    assert marked.here.apply(TARGET).exposed == 0
    agrees(marked.here.verify(TARGET))
    task, texts = said(marked, bug)
    assert task["fields"]["policy"]["view"] == "public"
    assert not [one for one in texts if f"/{bug}/comments/2 |" in one]
    assert [one for one in texts if f"/{bug}/comments/3 |" in one]
    backdate(marked.here, mariadb)
    assert backdate(marked.here, mariadb).rows == {}
    assert marked.here.apply(TARGET).steps == 0


def test_a_file_whose_bug_became_private_gets_the_readers_of_its_task(
    mariadb: Server, marked: MarkedWorld
) -> None:
    bug, _ = attach(marked, 1000)
    moved(marked)
    store = marked.here.maniphest.store
    before = store.row("SELECT view, secret FROM file WHERE name = 'core.bin'")
    marked.project.turn(bug, "Private")
    assert moved(marked).exposed == 1
    done = backdate(marked.here, mariadb)
    assert len(done.withdrawn) == 1, done
    assert marked.here.apply(TARGET).exposed == 0
    agrees(marked.here.verify(TARGET))
    after = store.row("SELECT view, secret FROM file WHERE name = 'core.bin'")
    policy = store.value("SELECT phid FROM project WHERE name = 'few'")
    assert before is not None
    assert after is not None
    assert after["view"] == policy != before["view"]
    assert after["secret"] != before["secret"]
    backdate(marked.here, mariadb)
    assert backdate(marked.here, mariadb).rows == {}
