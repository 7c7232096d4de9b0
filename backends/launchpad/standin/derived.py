"""Values that are worked out, not stored: they follow from the path or from other values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .entry import Entry
from .fields import REDACTED
from .view import View

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


def _last(entry: Entry, view: View) -> Any:
    return int(entry.path.rpartition("/")[2])


def _is_complete(entry: Entry, view: View) -> Any:
    return entry.get("status", "New") in CLOSED


def _subscriber(entry: Entry, view: View) -> Any:
    return f"{view.api}~{entry.path.rpartition('/')[2]}"


def _branch_link(entry: Entry, view: View) -> Any:
    return view.api + entry.path.rpartition("/+bug/")[0]


def _shown(name: str, default: Any = None) -> Derive:
    """A field that only the person itself and admins see."""

    def value(entry: Entry, view: View) -> Any:
        if view.admin or view.person == entry.path:
            return (
                view.link(entry.get(name, default)) if name.endswith("_link") else entry.get(name)
            )
        return REDACTED

    return value


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
    return approved and entry.get("implementation_status") == "Informational"


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
    "id": _shown("id"),
    "account_status_history": _shown("account_status_history"),
    "preferred_email_address_link": _email,
}

#: by kind and field
DERIVED_VALUES: dict[str, dict[str, Derive]] = {
    "bug": {
        "id": lambda entry, view: entry.bug,
        "private": lambda entry, view: entry.get("information_type", "Public") not in PUBLIC_TYPES,
        "security_related": lambda entry, view: entry.get("information_type") in SECURITY_TYPES,
        "tags": _tags,
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
        "date_created_display": lambda entry, view: str(entry.get("date_created"))[:10],
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
