"""No private word stands in the workspace but in its state, nor is it printed, logged or told."""

from __future__ import annotations

import contextlib
import json
import shutil

import msgspec
from prometheus_client import generate_latest

from tests.end_to_end.marked_world import file_bugs
from tests.end_to_end.marks import found_in
from tests.end_to_end.spy_workspace import ARCHIVE, Ears, words_in_files, words_in_state
from tests.end_to_end.world import TARGETS
from tracker_migrate.engine.daemon import rounds
from tracker_migrate.engine.watch import Watch
from tracker_migrate.interfaces import Event
from tracker_migrate.report.metrics import registry
from tracker_migrate.workspace import Workspace


def test_no_command_says_or_keeps_a_private_word(ears: Ears) -> None:
    file_bugs(ears.marked.project)
    marked, pages = ears.marked, ears.marked.here.folder
    assert ears.run("pull", "-v") == 0
    commands = [
        ("plan", "-v", "--out", str(pages / "plan.json"), "-T", "maniphest"),
        ("plan", "--json"),
        ("plan", "-v", "--only", "private"),
        ("readers", "-v", "--issues"),
        ("readers", "--json", "--issues"),
        ("apply", "-v", "-T", "storyboard"),
        ("apply", "-v", "--json", "-T", "maniphest"),
        ("status", "--refused", "-v"),
        ("status", "--refused", "--json"),
        ("verify", "-v"),
        ("verify", "--json", "--outsider"),
        ("hide", "-v", "502"),
        ("pull", "-v", "--full", "--json"),
        ("sync", "-v", "--once"),
        ("status", "--json"),
    ]
    for command in commands:
        assert ears.run(*command) in (0, 3), (command, ears.said)
    assert (pages / "plan.json").is_file()
    held = words_in_state(marked.here.folder)
    kept = frozenset().union(*held.values())
    assert kept >= marked.marks.of("title"), "the archive has them all: the spy can read it"
    ears.stays_at_the_source()
    beside = frozenset().union(*(words for table, words in held.items() if table not in ARCHIVE))
    assert not beside & marked.marks.ruled("address")


def test_no_private_word_is_in_the_log_of_sync_nor_in_its_figures(ears: Ears) -> None:
    file_bugs(ears.marked.project)
    log = ears.home / "sync.log"
    assert ears.run("sync", "-v", "--once", "--log", str(log)) in (0, 3)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert {"began", "read", "sent", "judged", "issue", "round", "ended"} <= {
        one["event"] for one in lines
    }
    assert ears.run("sync", "-v", "--once", "--log", "-") in (0, 3)
    assert all(json.loads(line)["at"] for line in ears.said.splitlines())
    with Workspace(ears.marked.here.folder) as workspace:
        watch = Watch(workspace, TARGETS)
        with contextlib.suppress(StopIteration):
            next(rounds(workspace, TARGETS, once=True, watch=watch))
        said = generate_latest(registry(watch))
    ears.is_public(found_in(said), "figures")
    assert b'tracker_migrate_target_issues{state="done",target="storyboard"}' in said
    assert ears.run("status", "--html", str(ears.home / "status.html")) in (0, 3)


def test_no_error_says_a_private_word(ears: Ears) -> None:
    """Servers repeat texts in their errors; what is refused is refused without them."""
    file_bugs(ears.marked.project)
    marked = ears.marked
    assert ears.run("pull") == 0
    for target in TARGETS:
        standin = getattr(marked.here, target)
        path = "/v1/stories" if target == "storyboard" else "maniphest.edit"

        def echo(request: object) -> None:
            from tracker_migrate.testing.loopback import Fault, Request

            assert isinstance(request, Request)
            if standin.is_write(request) and path in request.path and not standin.faults:  # noqa: B023
                text = request.body.decode("utf-8", "replace")
                fault = Fault(do="status", path=path, status=400, text=text)  # noqa: B023
                standin.faults.append(fault)  # noqa: B023

        standin.on_request = echo
        assert ears.run("apply", "-v", "-T", target) != 0
        assert ears.run("status", "--refused") in (0, 3)
        standin.on_request = None
        standin.faults.clear()


def test_no_event_and_no_verdict_tells_a_private_word(ears: Ears) -> None:
    file_bugs(ears.marked.project)
    marked, heard = ears.marked, list[Event]()
    marked.here.pull(listen=heard.append)
    for target in TARGETS:
        marked.here.apply(target, heard.append)
    with Workspace(marked.here.folder) as workspace:
        verdicts = [
            one.reason
            for target in TARGETS
            for one in workspace.ledger(target).in_state("refused", "aside", "exposed", "done")
        ]
    said = found_in(msgspec.json.encode(heard) + msgspec.json.encode(verdicts))
    ears.is_public(said, "events and verdicts")
    assert len(heard) > 100
    assert any(verdicts)


def test_a_copy_of_the_workspace_without_its_state_can_be_given_away(ears: Ears) -> None:
    file_bugs(ears.marked.project)
    marked = ears.marked
    marked.spread()
    shutil.copytree(marked.here.folder, ears.home / "copy", ignore=shutil.ignore_patterns("state"))
    ears.is_public(words_in_files(ears.home), "the copy")


def test_no_private_word_is_in_what_is_exported(ears: Ears) -> None:
    file_bugs(ears.marked.project)
    ears.marked.here.pull()
    for number, what in enumerate((("tables",), ("archive", "--files"), ("tables", "--private"))):
        out = ears.home.parent / f"out {number}"
        ears.run("export", *what, str(out))
        words = words_in_files(out)
        assert words & ears.marked.marks.of("title")
        if "--private" not in what:
            ears.is_public(words, " ".join(what))
    assert words & ears.marked.marks.of("team's name"), "it is known: the spy can read it"
