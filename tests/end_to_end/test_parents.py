"""A migrated bug's task at Maniphest is closed when people have closed all its subtasks: once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.reader import ManiphestReader
from tests.end_to_end.test_feed import Daemon, now, task
from tests.end_to_end.test_undo import undo
from tests.end_to_end.world import RECORDINGS, conduit_token, needs_shared, world
from tracker_migrate.backends.launchpad.standin import load_project
from tracker_migrate.engine.parents import ClosingParents
from tracker_migrate.model import Key, name_of
from tracker_migrate.workspace.ledger import Held

pytestmark = needs_shared
OTHER = {"off": "open", "wontfix": "wontfix"}


@pytest.fixture
def setting() -> str:
    """`close_parents`, if it is not what it is by default."""
    return ""


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str) -> Iterator[Daemon]:
    """One that has moved lab-alpha to Maniphest alone."""
    with world(tmp_path / "ws", monkeypatch, "lab-alpha") as here, ExitStack() as stack:
        load_project(here.launchpad, RECORDINGS / "launchpad" / "projects" / "lab-alpha")
        if setting:
            here.options["maniphest"] = {"close_parents": setting}
            here.write_settings()
        made = Daemon(here, stack, targets=("maniphest",))
        made.round()
        made.round()
        yield made
        made.stop()


def family(daemon: Daemon) -> tuple[Held, list[Held]]:
    """A bug's open task, and its subtasks, of which not one is closed."""
    ledger = daemon.workspace.ledger("maniphest")
    for issue in ledger.issues():
        held = ledger.of_issue(issue)
        below = [one for one in held.values() if one.kind == "subtask"]
        if len(below) > 1 and all(status(daemon, one) == "open" for one in below):
            return held[Key(issue)], below
    raise AssertionError("no bug has open subtasks")


def status(daemon: Daemon, one: Held) -> str:
    return str(now(daemon.here, one.at.id)["status"]["value"])


def close(daemon: Daemon, *ones: Held, word: str = "resolved") -> None:
    for one in ones:
        task(daemon.here, one.at.id, status=word)


def writes_nothing_more(daemon: Daemon) -> None:
    before = daemon.here.writes("maniphest")
    daemon.round()
    daemon.round()
    assert daemon.here.writes("maniphest") == before


def test_it_is_closed_with_the_last_of_its_subtasks_and_once(daemon: Daemon) -> None:
    parent, below = family(daemon)
    for one in below[:-1]:
        close(daemon, one)
        daemon.round()
        assert status(daemon, parent) == "open"
    close(daemon, below[-1])
    assert daemon.round().fed["maniphest"].closed == 1
    assert status(daemon, parent) == "resolved"
    assert now(daemon.here, parent.at.id)["ownerPHID"] is None, "it became nobody's"
    edits = {key for key, _field in daemon.edits("maniphest")}
    assert edits == {one.key for one in below}, "what we sent is nobody's edit"
    writes_nothing_more(daemon)


def test_a_later_run_does_not_open_it_again(daemon: Daemon) -> None:
    """Not even one that goes over it anew: what was sent counts as what the source wants."""
    parent, below = family(daemon)
    close(daemon, *below)
    daemon.round()
    daemon.workspace.ledger("maniphest").unfinish(parent.issue)
    before = daemon.here.writes("maniphest")
    daemon.stop()
    daemon.here.apply("maniphest")
    daemon.start()
    assert daemon.here.writes("maniphest") == before
    assert status(daemon, parent) == "resolved"


def test_who_opens_it_again_has_decided(daemon: Daemon) -> None:
    parent, below = family(daemon)
    close(daemon, *below)
    daemon.round()
    task(daemon.here, parent.at.id, status="open")
    daemon.round()
    close(daemon, below[0], word="invalid")
    daemon.round()
    assert status(daemon, parent) == "open"
    assert (parent.key, "status") in daemon.edits("maniphest")
    writes_nothing_more(daemon)


def test_who_set_it_before_has_decided(daemon: Daemon) -> None:
    parent, below = family(daemon)
    close(daemon, parent, word="spite")
    daemon.round()
    close(daemon, *below)
    daemon.round()
    assert status(daemon, parent) == "spite"


def test_an_open_subtask_of_somebodys_keeps_it_open(daemon: Daemon) -> None:
    parent, below = family(daemon)
    alice = ManiphestReader(daemon.here.maniphest.url, conduit_token("alice"))
    said = [
        {"type": "title", "value": "One more thing"},
        {"type": "parents.add", "value": [parent.at.id]},
    ]
    made = alice.call("maniphest.edit", transactions=said)["object"]["phid"]
    close(daemon, *below)
    daemon.round()
    assert status(daemon, parent) == "open"
    task(daemon.here, made, status="resolved")
    task(daemon.here, below[0].at.id, status="invalid")
    daemon.round()
    assert status(daemon, parent) == "resolved"


@pytest.mark.parametrize(("setting", "becomes"), sorted(OTHER.items()))
def test_the_settings_say_what_becomes_of_it(daemon: Daemon, becomes: str) -> None:
    parent, below = family(daemon)
    close(daemon, *below)
    daemon.round()
    assert status(daemon, parent) == becomes


def test_of_subtasks_that_are_all_invalid_it_is_invalid(daemon: Daemon) -> None:
    parent, below = family(daemon)
    close(daemon, *below, word="invalid")
    daemon.round()
    assert status(daemon, parent) == "invalid"


def test_who_dies_after_the_request_does_not_close_it_twice(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, below = family(daemon)
    close(daemon, *below)

    def dies(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(ClosingParents, "_closed", dies)
        with pytest.raises(KeyboardInterrupt):
            daemon.round()
    daemon.stop()
    daemon.start()
    writes = daemon.here.writes("maniphest")
    daemon.round()
    assert status(daemon, parent) == "resolved"
    assert daemon.here.writes("maniphest") == writes
    task(daemon.here, parent.at.id, status="open")
    daemon.round()
    close(daemon, below[0], word="invalid")
    daemon.round()
    assert status(daemon, parent) == "open"


def test_a_task_that_is_made_anew_after_an_undo_is_closed_once_too(daemon: Daemon) -> None:
    """That it was closed is known of the one before it, and of no other."""
    parent, _below = family(daemon)
    daemon.workspace.fed("maniphest").add([parent.issue], "closed")
    daemon.stop()
    undone = undo(daemon.here, "maniphest", f"bug:{name_of(parent.issue)}")
    assert (undone.issues, undone.spared) == (1, {})
    daemon.here.apply("maniphest")
    daemon.start()
    daemon.round()
    held = daemon.workspace.ledger("maniphest").of_issue(parent.issue)
    anew = held[parent.issue]
    assert (anew.at.id != parent.at.id, status(daemon, anew)) == (True, "open")
    close(daemon, *(one for one in held.values() if one.kind == "subtask"))
    assert daemon.round().fed["maniphest"].closed == 1
    assert status(daemon, anew) == "resolved"
    writes_nothing_more(daemon)
