"""What an administrator of the server decides: statuses, priorities, custom fields, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

STATUSES: Mapping[str, str] = {
    "open": "Open",
    "resolved": "Resolved",
    "wontfix": "Wontfix",
    "invalid": "Invalid",
    "duplicate": "Duplicate",
    "spite": "Spite",
}
SPECIAL_STATUSES = {"open": "default", "resolved": "closed", "duplicate": "duplicate"}
#: closing with one of these makes nobody the owner (114-autoclaim-invalid-no-owner)
UNCLAIMED = frozenset({"invalid", "duplicate"})


@dataclass(frozen=True)
class Priority:
    """A priority: its number, its keywords (the first is the one errors name), its looks."""

    value: int
    name: str
    keywords: tuple[str, ...]
    short: str
    color: str


PRIORITIES = (
    Priority(100, "Unbreak Now!", ("unbreak",), "Unbreak!", "pink"),
    Priority(90, "Needs Triage", ("triage",), "Triage", "violet"),
    Priority(80, "High", ("high",), "High", "red"),
    Priority(50, "Normal", ("normal",), "Normal", "orange"),
    Priority(25, "Low", ("low",), "Low", "yellow"),
    Priority(0, "Wishlist", ("wish", "wishlist"), "Wish", "sky"),
)
PRIORITY_BY_VALUE = {priority.value: priority for priority in PRIORITIES}
PRIORITY_BY_KEYWORD = {word: priority for priority in PRIORITIES for word in priority.keywords}

#: key to name and picture of a project's icon
ICONS: Mapping[str, tuple[str, str]] = {
    "project": ("Project", "fa-briefcase"),
    "tag": ("Tag", "fa-tags"),
    "policy": ("Policy", "fa-lock"),
    "group": ("Group", "fa-users"),
    "folder": ("Folder", "fa-folder"),
    "timeline": ("Timeline", "fa-calendar"),
    "goal": ("Goal", "fa-flag-checkered"),
    "release": ("Release", "fa-truck"),
    "bugs": ("Bugs", "fa-bug"),
    "cleanup": ("Cleanup", "fa-trash-o"),
    "umbrella": ("Umbrella", "fa-umbrella"),
    "communication": ("Communication", "fa-envelope"),
    "organization": ("Organization", "fa-building"),
    "infrastructure": ("Infrastructure", "fa-cloud"),
    "account": ("Account", "fa-credit-card"),
    "experimental": ("Experimental", "fa-flask"),
    "milestone": ("Milestone", "fa-map-marker"),
}
COLORS = {
    name.lower(): name
    for name in (
        *("Red", "Orange", "Yellow", "Green", "Blue", "Indigo", "Violet"),
        *("Pink", "Grey", "Checkered", "Disabled"),
    )
}

#: kinds of custom field whose values are kept in the index of strings, and of numbers
STRING_INDEXED = frozenset({"text", "link", "select", "users"})
NUMBER_INDEXED = frozenset({"int", "date", "bool"})
#: kinds that Conduit offers as a constraint; `text` is not one (083-marker-search-customfield)
CONSTRAINED = frozenset({"link", "select", "users", "int", "bool"})


@dataclass(frozen=True)
class CustomField:
    """One entry of the server's `maniphest.custom-field-definitions`."""

    key: str
    type: str
    name: str = ""
    search: bool = False
    edit: bool = True


DEFAULT_FIELDS = (
    CustomField("migrate.source-id", "text", "Source ID", search=True),
    CustomField("migrate.source-ro", "text", "Source ID noedit", search=True, edit=False),
    CustomField("migrate.heat", "int", "Heat", search=True),
    CustomField("migrate.reported", "date", "Originally reported", search=True),
    CustomField("migrate.importance", "select", "LP importance", search=True),
    CustomField("migrate.url", "link", "LP URL", search=True),
    CustomField("migrate.notes", "remarkup", "Notes", search=True),
    CustomField("migrate.nosearch", "text", "Not searchable"),
    CustomField("migrate.fulltext", "text", "Fulltext"),
    CustomField("migrate.reporters", "users", "Reporters", search=True),
)


@dataclass(frozen=True)
class Persona:
    """An account to seed; an empty `phid` or `token` is made up."""

    username: str
    realname: str = ""
    email: str = ""
    bot: bool = False
    admin: bool = False
    phid: str = ""
    token: str = ""


PERSONAS = (
    Persona("admin", admin=True),
    Persona("alice"),
    Persona("bob"),
    Persona("carol"),
    Persona("importbot", bot=True),
    Persona("adminbot", bot=True, admin=True),
)


@dataclass(frozen=True)
class Config:
    """The server's settings, and who has an account at its start."""

    personas: tuple[Persona, ...] = PERSONAS
    fields: tuple[CustomField, ...] = DEFAULT_FIELDS
    subtypes: tuple[str, ...] = ("default",)
    points: bool = True
    storage_limit: int = 8 * 1024 * 1024
    chunk: int = 4 * 1024 * 1024
    body_limit: int = 0  # bytes of a request that the web server before it takes; 0: any
    #: nginx as Phorge documents it, PHP without an error_log: 502 for whatever is hidden
    swallows: bool = False
    host: str = ""  # base address in links; empty takes the one that is listened on
    by_key: Mapping[str, CustomField] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Build the table of fields by their key."""
        object.__setattr__(self, "by_key", {entry.key: entry for entry in self.fields})


def is_closed(status: str) -> bool:
    """Whether a status closes a task; an unknown one does (027-accepted-bad-status)."""
    return status != "open"


def is_claiming(status: str) -> bool:
    """Whether closing with this status makes the actor the owner of an unowned task."""
    return is_closed(status) and status not in UNCLAIMED
