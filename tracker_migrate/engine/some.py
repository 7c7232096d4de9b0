"""Some of the issues, behind a figure: how many, and the first of them as they may be told."""

from __future__ import annotations

import msgspec

from tracker_migrate.engine.estimates import Estimate
from tracker_migrate.model import Issue

#: so many issues are named behind a figure; the figure itself counts all
NAMED = 200


class Named(msgspec.Struct, frozen=True):
    """An issue as it may be told. home: its address at the source, if everybody may go there."""

    label: str
    home: str = ""


class Some(msgspec.Struct, kw_only=True):
    """Some of the issues. places: in how many places of them something is. named: the first.
    whole: how many they are about, if these were found in a sample."""

    issues: int = 0
    places: int = 0
    named: list[Named] = msgspec.field(default_factory=list)
    whole: Estimate | None = None

    def add(self, issue: Issue, places: int = 1) -> None:
        """Count an issue."""
        self.issues += 1
        self.places += places
        if len(self.named) < NAMED:
            self.named.append(named(issue))


def named(issue: Issue) -> Named:
    """A bug's number tells nothing; the name of a private blueprint would."""
    label = f"#{issue.name}" if issue.kind == "bug" else issue.name
    if not issue.private:
        return Named(label, issue.home)
    return Named(f"{label} (private)" if issue.kind == "bug" else "(a private blueprint)")
