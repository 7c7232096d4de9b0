"""What bugs live in, and who deals with them: projects, series, milestones, people."""

from __future__ import annotations

import re
from typing import Literal

from tracker_migrate.backends.launchpad.wire import (
    TRACKER,
    Entry,
    below,
    date,
    extra,
    given,
    milestone_key,
    named,
    person_key,
    text,
)
from tracker_migrate.model import Key, Milestone, Person, Project, Series, key

_PROJECTS: dict[str, Literal["project", "group", "distribution", "package"]] = {
    "project": "project",
    "project_group": "group",
    "distribution": "distribution",
    "distribution_source_package": "package",
    "source_package": "package",
}
_State = Literal["active", "deactivated", "suspended", "missing"]
_STATES: dict[str, _State] = {
    "Active": "active",
    "Deactivated": "deactivated",
    "Closed": "deactivated",
    "Deceased": "deactivated",
    "Suspended": "suspended",
}


def type_of(row: Entry) -> str:
    """What an object says that it is: `project`, `project_series`, `team` …"""
    kind = str(row.get("resource_type_link", "")).rpartition("#")[2]
    return kind if re.fullmatch("[a-z_]{1,40}", kind) else "thing"


def is_project(kind: str) -> bool:
    """Whether objects of a type become a `Project`."""
    return kind in _PROJECTS


def _linked(row: Entry, field: str) -> Key | None:
    link = given(row.get(field))
    return Key(named(link)) if link else None


def project(row: Entry) -> Project:
    """A project, project group, distribution or source package."""
    kind = type_of(row)
    return Project(
        key=key(TRACKER, "project", below(row["self_link"])),
        kind=_PROJECTS[kind],
        name=row["name"],
        title=text(row["displayname"] if kind == "source_package" else row["title"]),
        home=row["web_link"],
        summary=text(row.get("summary")),
        description=text(row.get("description")),
        group=_linked(row, "project_group_link"),
        focus=_linked(row, "development_focus_link") or _linked(row, "current_series_link"),
        private=row.get("private") is True,
        official_tags=tuple(given(row["official_bug_tags"]) or ()),
        extra=extra(kind, row),
    )


def series(row: Entry) -> Series:
    """A series of a project or of a distribution."""
    kind = type_of(row)
    owner = row["project_link"] if kind == "project_series" else row["distribution_link"]
    return Series(
        key=key(TRACKER, "series", below(row["self_link"])),
        project=key(TRACKER, "project", below(owner)),
        name=row["name"],
        title=text(row["title"]),
        home=row["web_link"],
        summary=text(row["summary"]),
        status=text(row["status"]),
        active=row["active"],
        created=date(row["date_created"]),
        extra=extra(kind, row),
    )


def milestone(row: Entry) -> Milestone:
    """A milestone of a project or of a distribution."""
    made = milestone_key(row["self_link"])
    if made is None:
        raise ValueError("a milestone without an address")
    return Milestone(
        key=made,
        project=key(TRACKER, "project", below(row["target_link"])),
        name=row["name"],
        title=text(row["title"]),
        home=row["web_link"],
        series=_linked(row, "series_target_link"),
        summary=text(row["summary"]),
        code_name=text(row["code_name"]),
        targeted=given(row["date_targeted"]),
        active=row["is_active"],
        extra=extra("milestone", row),
    )


def person(row: Entry) -> Person:
    """A person or a team, as far as this reader may know them."""
    made = person_key(row["self_link"])
    if made is None:
        raise ValueError("a person without an address")
    state: _State = _STATES.get(text(row.get("account_status")), "active")
    if state == "suspended":
        return nobody(row["name"], row["web_link"], "suspended")
    return Person(
        key=made,
        name=row["name"],
        display_name=text(row["display_name"]) or row["name"],
        home=row["web_link"],
        is_team=row["is_team"],
        created=date(row["date_created"]),
        state=state,
        private=row["private"] is True,
        extra=extra("team" if row["is_team"] else "person", row),
    )


def nobody(
    name: str, home: str, state: Literal["suspended", "missing"], *, private: bool = False
) -> Person:
    """Somebody of whom there is only the name."""
    return Person(
        key=key(TRACKER, "person", name),
        name=name,
        display_name=name,
        home=home,
        state=state,
        private=private,
    )
