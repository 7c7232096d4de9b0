"""Refusals as the real service words them: plain text, never JSON."""

from __future__ import annotations

from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.testing.loopback import Reply

TEXT = "text/plain;charset=utf-8"

#: how Launchpad prints the object in which a name was not found; the address varies there
_OBJECTS = {
    "root": "<lp.systemhomes.WebServiceApplication object at 0x7f5e5769a460>",
    "bugs": "<lp.systemhomes.MaloneApplication object at 0x7f5e56d43700>",
    "request": "<lp.services.webapp.servers.WebServiceClientRequest instance URL={url}>",
    "project": "<Product object>",
    "project_series": "<ProductSeries object>",
    "project_group": "<ProjectGroup object>",
    "distribution": "<Distribution object>",
    "distro_series": "<DistroSeries object>",
    "bug": "<Bug object>",
    "specification": "<Specification object>",
    "milestone": "<Milestone object>",
    "bytes": "<lp.services.webservice.bytestorage.LibraryBackedByteStorage object at 0x7f11>",
}

#: a model's class, where a refusal names it
CLASSES = {
    "bug": "Bug", "bug_task": "BugTask", "project": "Product", "project_series": "ProductSeries",
    "specification": "Specification", "milestone": "Milestone", "person": "Person",
    "team": "Person", "message": "Message", "distribution": "Distribution",
    "bug_attachment": "BugAttachment", "bug_nomination": "BugNomination",
    "project_group": "ProjectGroup",
}  # fmt: skip


class Refusal(Exception):
    """The request is answered with this status and text."""

    def __init__(self, status: int, text: str = "", **headers: str) -> None:
        super().__init__(f"{status} {text}")
        self.status = status
        self.text = text
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def reply(self) -> Reply:
        """What goes over the wire."""
        headers = {"Content-Type": TEXT, **self.headers}
        return Reply(self.status, self.text.encode("utf-8", "surrogatepass"), headers)


def printed(place: Entry) -> str:
    """An object as a 404 prints it."""
    if place.kind in ("person", "team"):
        return f"<Person {place.path[1:]} ({place.get('display_name', '')})>"
    if place.kind == "bug_task":
        return f"<BugTask for bug {place.bug} on <Product object>>"
    return _OBJECTS.get(place.kind, f"<{CLASSES.get(place.kind, place.kind)} object>")


def not_found(place: Entry, name: str) -> Refusal:
    """No such name below this object; the same words whether it is missing or private."""
    return Refusal(404, f"Object: {printed(place)}, name: {name!r}")


def no_version(url: str) -> Refusal:
    """An API version that does not exist, or none."""
    return Refusal(404, f"Object: {_OBJECTS['request'].format(url=url)}, name: ''")


def unauthorized(entry: Entry, name: str, permission: str) -> Refusal:
    """A write that this caller may not do: 401 also for people who are logged in."""
    return Refusal(
        401, f"(<{CLASSES.get(entry.kind, entry.kind)} object>, {name!r}, {permission!r})"
    )
