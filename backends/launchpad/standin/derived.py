"""Values that are worked out, not stored: they follow from the path or from other values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.fields import REDACTED
from tracker_migrate.backends.launchpad.standin.view import View

PUBLIC_TYPES = ("Public", "Public Security")
SECURITY_TYPES = ("Public Security", "Private Security")
CLOSED = ("Fix Released", "Opinion", "Invalid", "Won't Fix", "Expired", "Does Not Exist")

Derive = Callable[[Entry, View], Any]


def _bug_link(entry: Entry, view: View) -> Any:
    return f"{view.api}bugs/{entry.bug}"


def _target_link(entry: Entry, view: View) -> Any:
    return view.api + entry.path.rpartition("/+")[0]


def _task_title(entry: Entry, view: View) -> Any:
    name = entry.get("bug_target_display_name")
    return view.text(f'Bug #{entry.bug} in {name}: "{entry.title}"')


def _tags(entry: Entry, view: View) -> Any:
    return sorted(entry.get("tags", ()))


def _other_affected(entry: Entry, view: View) -> Any:
    """How many are affected besides the one who asks."""
    count = int(entry.get("users_affected_count_with_dupes", 1))
    affected = entry.get("affected", [entry.get("owner_link")])
    return max(count - (view.person in affected), 0)


def _last(entry: Entry, view: View) -> Any:
    return int(entry.path.rpartition("/")[2])


def _is_complete(entry: Entry, view: View) -> Any:
    return entry.get("status", "New") in CLOSED


def _subscriber(entry: Entry, view: View) -> Any:
    return f"{view.api}~{entry.path.rpartition('/')[2]}"


def _branch_link(entry: Entry, view: View) -> Any:
    return view.api + entry.path.rpartition("/+bug/")[0]


def _display_date(entry: Entry, view: View) -> Any:
    """A date for people to read; Launchpad has it in the reader's time zone, here it is UTC."""
    return str(entry.get("date_created"))[:19].replace("T", " ") + " UTC"


def _id(entry: Entry, view: View) -> Any:
    """The number of a person: admins alone see it."""
    return entry.get("id") if view.admin else REDACTED


def _history(entry: Entry, view: View) -> Any:
    """A note of admins; of a team its members see it too."""
    if view.admin or (entry.kind == "team" and entry.path in view.circle):
        return entry.get("account_status_history")
    return REDACTED


def _email(entry: Entry, view: View) -> Any:
    """An address is shown to anybody who is logged in, unless its owner hides it."""
    address = entry.get("preferred_email_address_link", REDACTED)
    if address is None or view.admin or view.person == entry.path:
        return view.link(address)
    if view.anonymous or entry.get("hide_email_addresses", entry.kind == "person"):
        return REDACTED
    return view.link(address)


def _spec_complete(entry: Entry) -> bool:
    definition = entry.get("definition_status", "New")
    implementation = entry.get("implementation_status", "Unknown")
    if definition in ("Obsolete", "Superseded") or implementation == "Implemented":
        return True
    return bool(implementation == "Informational" and definition == "Approved")


def _spec_started(entry: Entry) -> bool:
    idle = ("Unknown", "Not started", "Deferred", "Informational")
    if entry.get("implementation_status", "Unknown") not in idle:
        return True
    approved = entry.get("definition_status") == "Approved"
    return bool(approved and entry.get("implementation_status") == "Informational")


def lifecycle(entry: Entry) -> str:
    """A blueprint's lifecycle_status, from its definition and its implementation."""
    if _spec_complete(entry):
        return "Complete"
    return "Started" if _spec_started(entry) else "Not started"


def _driver_only(name: str, default: Any) -> Derive:
    """A field of a project that its reviewers (here: admins) see."""

    def value(entry: Entry, view: View) -> Any:
        return entry.get(name, default) if view.admin else REDACTED

    return value


_PERSON: dict[str, Derive] = {
    "id": _id,
    "account_status_history": _history,
    "preferred_email_address_link": _email,
}

#: by kind and field
DERIVED_VALUES: dict[str, dict[str, Derive]] = {
    "bug": {
        "id": lambda entry, view: entry.bug,
        "private": lambda entry, view: entry.get("information_type", "Public") not in PUBLIC_TYPES,
        "security_related": lambda entry, view: entry.get("information_type") in SECURITY_TYPES,
        "tags": _tags,
        "other_users_affected_count_with_dupes": _other_affected,
    },
    "bug_task": {
        "bug_link": _bug_link,
        "target_link": _target_link,
        "title": _task_title,
        "is_complete": _is_complete,
    },
    "bug_activity": {"bug_link": _bug_link},
    "bug_attachment": {"bug_link": _bug_link},
    "bug_subscription": {"bug_link": _bug_link, "person_link": _subscriber},
    "bug_watch": {"bug_link": _bug_link},
    "bug_nomination": {"bug_link": _bug_link},
    "bug_branch": {"bug_link": _bug_link, "branch_link": _branch_link},
    "message_revision": {
        "date_created_display": _display_date,
    },
    "specification": {
        "target_link": _target_link,
        "is_complete": lambda entry, view: _spec_complete(entry),
        "is_started": lambda entry, view: _spec_started(entry),
        "lifecycle_status": lambda entry, view: lifecycle(entry),
    },
    "person": _PERSON,
    "team": _PERSON,
    "project": {
        "reviewer_whiteboard": _driver_only("reviewer_whiteboard", None),
        "is_permitted": _driver_only("is_permitted", True),
        "project_reviewed": _driver_only("project_reviewed", False),
        "license_approved": _driver_only("license_approved", False),
    },
}


#: what somebody who only knows of a private team sees of it; the rest is redacted
_TEAM_SHOWN = frozenset({
    "private", "is_valid", "is_team", "account_status", "visibility", "name", "is_probationary",
    "display_name", "self_link", "web_link", "resource_type_link", "logo_link",
})  # fmt: skip


def limit_team(values: dict[str, Any], entry: Entry, view: View) -> None:
    """Redact a private team for those who are not in it (wire/lab-private, the owner's view)."""
    if view.admin or entry.path in view.circle:
        return
    for name in values:
        if name not in _TEAM_SHOWN and not name.endswith("_collection_link"):
            values[name] = REDACTED
