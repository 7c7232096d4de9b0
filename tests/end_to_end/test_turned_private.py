"""A bug that becomes private without moving any date: whoever reads, and whether it can be read or
not, its copies are closed by the next pull."""

from __future__ import annotations

from typing import Any

import pytest

from tests.end_to_end.test_vanished import Lab, lab
from tracker_migrate.backends.launchpad import listing
from tracker_migrate.backends.launchpad.source import LaunchpadSource
from tracker_migrate.errors import ObjectError, Refused, Retriable

OWNER = "lab-client TOKEN-of-gadget-owner SECRET-of-gadget-owner"

__all__ = ["lab"]


def shut(lab: Lab, bug: int) -> set[bool | None]:
    """Whether a bug is closed at the targets."""
    return {seen.shut if seen else None for seen in lab.seen(bug).values()}


def as_owner(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read what is not public, too."""
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    lab.here.private = True
    lab.here.write_settings()


@pytest.mark.parametrize("error", [Retriable, Refused])
@pytest.mark.parametrize("full", [False, True])
def test_what_is_listed_as_private_and_can_not_be_read_is_closed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, error: type[ObjectError], full: bool
) -> None:
    as_owner(lab, monkeypatch)
    bug, other = lab.project.bug(), lab.project.bug()
    lab.here.pull()
    lab.apply()
    lab.project.turn(bug, "Private Security")
    real = LaunchpadSource.read

    def read(self: LaunchpadSource, issue: Any, known: str = "") -> Any:
        if issue == f"launchpad:bug:{bug}":
            raise error("its messages answer 503")
        return real(self, issue, known)

    with monkeypatch.context() as patch:
        patch.setattr(LaunchpadSource, "read", read)
        assert lab.here.pull(full=full).unread == 1
        lab.apply()
        assert (shut(lab, bug), shut(lab, other)) == ({True}, {False})
        assert lab.here.pull().unread == 1
        lab.apply()
    lab.project.turn(bug, "Public")
    pulled = lab.here.pull()
    assert (pulled.unread, pulled.new) == (0, 1)
    lab.apply()
    assert shut(lab, bug) == {False}


def test_what_is_not_listed_any_more_is_closed_by_the_next_pull(
    lab: Lab,
) -> None:
    """By whoever may not read it: nothing of it moves a date."""
    bug, other = lab.project.bug(), lab.project.bug()
    lab.here.pull()
    lab.apply()
    lab.project.turn(bug, "Private Security")
    lab.project.comment(other)
    pulled = lab.here.pull(brief=True)
    assert (pulled.gone, pulled.found) == (1, {"counted": 1})
    lab.apply()
    assert (shut(lab, bug), shut(lab, other)) == ({True}, {False})
    asked = lab.here.launchpad.requests.total()
    assert lab.here.pull(brief=True).gone == 0
    assert lab.here.launchpad.requests.total() - asked <= 4
    lab.project.turn(bug, "Public")
    pulled = lab.here.pull(brief=True)
    assert (pulled.new, pulled.found) == (1, {"counted": 1})
    lab.apply()
    assert shut(lab, bug) == {False}


def test_a_pull_of_a_few_issues_closes_whatever_became_private(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_owner(lab, monkeypatch)
    bug, hidden = lab.project.bug(), lab.project.bug("Private")
    newest = [lab.project.bug() for _ in range(4)]
    assert lab.here.pull(limit=2).new == 2
    assert shut(lab, hidden) == {None}
    lab.here.pull()
    lab.apply()
    lab.project.turn(bug, "Private Security")
    lab.here.pull(limit=2)
    lab.apply()
    assert (shut(lab, bug), shut(lab, newest[0])) == ({True}, {False})


def test_a_number_that_is_not_told_ends_no_pull(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    bug, other = lab.project.bug(), lab.project.bug()
    lab.here.pull()
    lab.apply()
    lab.project.turn(bug, "Private Security")
    lab.project.comment(other)
    with monkeypatch.context() as patch:
        patch.setattr(listing, "count", untold)
        assert lab.here.pull(brief=True).gone == 0
    assert lab.here.pull(brief=True).found["counted"] == 1


def untold(*_anything: Any) -> int:
    """In place of a number of bugs that Launchpad has no time to count."""
    raise Retriable("the number of bugs is not told")
