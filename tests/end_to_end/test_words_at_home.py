"""No private word stands in the workspace but in its state, nor is it printed, logged or told."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.end_to_end.marked_world import MarkedWorld, file_bugs, marked_world
from tests.end_to_end.marks import found_in
from tests.end_to_end.spy_workspace import ARCHIVE, words_in_files, words_in_state
from tests.end_to_end.world import TARGETS
from tracker_migrate.cli.run import run
from tracker_migrate.interfaces import Event
from tracker_migrate.workspace import Workspace


class Ears:
    """All that is said while commands run: printed, logged, kept in files outside the state."""

    def __init__(
        self,
        marked: MarkedWorld,
        home: Path,
        capfd: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        self.marked, self.home, self._capfd, self._caplog = marked, home, capfd, caplog
        caplog.set_level(logging.DEBUG)

    def run(self, *command: str) -> int:
        """Run a command; no word that is not public may be heard of it."""
        self._capfd.readouterr()
        self._caplog.clear()
        status = run([*command, "-C", str(self.marked.here.folder)])
        printed = self._capfd.readouterr()
        self.said = printed.out + printed.err
        said = [printed.out, printed.err, self._caplog.text]
        heard = frozenset().union(*map(found_in, said), words_in_files(*self.places))
        self.is_public(heard, " ".join(command))
        return status

    @property
    def places(self) -> tuple[Path, ...]:
        """Where something could be left: the workspace, the home, the temporary files."""
        return self.marked.here.folder, self.home

    def is_public(self, words: frozenset[str], where: str) -> None:
        """Fails if one of these words may not be read by everybody."""
        told = [self.marked.marks[word] for word in words & self.marked.secret]
        assert not told, f"{where}: {told[:5]}"


@pytest.fixture
def ears(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Ears]:
    home = tmp_path / "home"
    (home / "tmp").mkdir(parents=True)
    for name, path in (("HOME", home), ("TMPDIR", home / "tmp"), ("XDG_CACHE_HOME", home / ".c")):
        monkeypatch.setenv(name, str(path))
    with marked_world(tmp_path / "ws", monkeypatch) as made:
        file_bugs(made.project)
        yield Ears(made, home, capfd, caplog)


def test_no_command_says_or_keeps_a_private_word(ears: Ears) -> None:
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
    assert not kept & marked.marks.of("hidden text", "hidden subject", "deleted text")
    beside = frozenset().union(*(words for table, words in held.items() if table not in ARCHIVE))
    assert not beside & marked.marks.ruled("address")


def test_no_error_says_a_private_word(ears: Ears) -> None:
    """Servers repeat texts in their errors; what is refused is refused without them."""
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
    marked = ears.marked
    marked.spread()
    shutil.copytree(marked.here.folder, ears.home / "copy", ignore=shutil.ignore_patterns("state"))
    ears.is_public(words_in_files(ears.home), "the copy")
