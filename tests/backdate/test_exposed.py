"""What a target's API can't take back goes in its database, and its issue is opened again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.backdate.moving import MOVING, AtManiphest, Moving
from tests.end_to_end.marked_world import MarkedWorld, marked_world
from tests.end_to_end.test_files_at_maniphest import attach
from tests.end_to_end.test_recorded_projects import agrees, names
from tests.mariadb import Server
from tracker_migrate.model import Key
from tracker_migrate.testing.loopback import CONTROL


@pytest.fixture
def marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarkedWorld]:
    with marked_world(tmp_path / "ws", monkeypatch) as world:
        yield world


def again(moving: Moving) -> int:
    """The source is read as it is now, and written; how many issues are exposed."""
    moving.here.pull(full=True)
    return moving.here.apply(moving.target).exposed


@pytest.mark.parametrize(
    ("target", "edited"), [("storyboard", False), ("maniphest", False), ("maniphest", True)]
)
def test_what_was_hidden_later_goes_and_the_rest_gets_its_authors_and_dates_in_the_same_run(
    mariadb: Server, marked: MarkedWorld, target: str, edited: bool
) -> None:
    bug = marked.project.bug(comments=3)
    moving = MOVING[target](marked.here, mariadb)
    moving.join(*moving.authors())
    moving.written()
    (home,) = [one["web_link"] for one in moving.bugs()]
    hidden, shown = f"/{bug}/comments/2", f"/{bug}/comments/3"
    if edited:
        edit(marked, hidden)
    marked.project.change_comment(bug, 2, visible=False)
    assert again(moving) == 1
    assert moving.here.verify(target).exposed
    assert not moving.there.talk(home)[0]
    done = moving.backdate()
    assert done.withdrawn == [Key(f"launchpad:comment:{bug}/2")]
    assert done.moved > 2
    assert moving.read_back()["comment"] > 1
    assert again(moving) == 0
    agrees(moving.here.verify(target))
    is_open, texts = moving.there.talk(home)
    assert is_open
    assert not [one for one in texts if names(one, hidden)]
    assert [one for one in texts if names(one, shown)]
    opened = moving.backdate()  # that it was opened is no change of the source's
    assert list(opened.rows.values()) == [1]
    assert moving.backdate().rows == {}
    moving.writes_nothing()


def edit(marked: MarkedWorld, address: str) -> None:
    """Somebody edits a comment at Maniphest."""
    store, url = marked.here.maniphest.store, marked.here.maniphest.url
    (row,) = store.rows(
        "SELECT phid, comment FROM xaction_task WHERE comment LIKE ?", [f"%{address} %"]
    )
    order = {"phid": row["phid"], "by": "admin", "text": row["comment"] + " (edited)"}
    requests.post(f"{url}{CONTROL}comment", json=order, timeout=60).raise_for_status()


def test_a_file_whose_bug_became_private_gets_the_readers_of_its_task(
    mariadb: Server, marked: MarkedWorld
) -> None:
    bug, _ = attach(marked, 1000)
    moving = AtManiphest(marked.here, mariadb)
    moving.join(*moving.authors())
    moving.written()
    store = marked.here.maniphest.store
    before = store.row("SELECT view, secret FROM file WHERE name = 'core.bin'")
    marked.project.turn(bug, "Private")
    assert again(moving) == 1
    done = moving.backdate()
    assert len(done.withdrawn) == 1, done
    assert done.moved > 0
    assert again(moving) == 0
    agrees(moving.here.verify(moving.target))
    after = store.row("SELECT view, secret FROM file WHERE name = 'core.bin'")
    policy = store.value("SELECT phid FROM project WHERE name = 'few'")
    assert before is not None
    assert after is not None
    assert after["view"] == policy != before["view"]
    assert after["secret"] != before["secret"]
    moving.backdate()
    assert moving.backdate().rows == {}
