"""Objects by their name: T1, F1, @alice, #tag, a number, a PHID; phid.lookup and phid.query."""

from __future__ import annotations

import re
from typing import Any

from tracker_migrate.backends.maniphest.standin import params
from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.config import is_closed
from tracker_migrate.backends.maniphest.standin.errors import ConduitError
from tracker_migrate.backends.maniphest.standin.files import File
from tracker_migrate.backends.maniphest.standin.people import User
from tracker_migrate.backends.maniphest.standin.projects import Project
from tracker_migrate.backends.maniphest.standin.spaces import Space
from tracker_migrate.backends.maniphest.standin.store import kind_of
from tracker_migrate.backends.maniphest.standin.tasks import Task

Thing = Task | Project | File | User | Space
_MONOGRAM = re.compile(r"([TFS])([1-9][0-9]*)\Z")
_DIGITS = re.compile(r"[0-9]+\Z")
_PHP_TYPES = {float: "float", bool: "bool", list: "array", dict: "array"}


def find_task(call: Call, identifier: Any) -> Task:
    """The task that an edit names; ConduitError if there is none, or if the caller can't see it.

    A number tells hidden from absent, `T1` does not (private-task-life, exchange 28).
    """
    number = _number(identifier)
    if number is not None:
        if number < 0:
            raise ConduitError("Task IDs must be integer numbers.")
        task = call.site.tasks.by_id(number)
    elif kind_of(identifier) != "????":
        task = call.site.tasks.by_phid(identifier)
    else:
        named = by_name(call, identifier)
        if not isinstance(named, Task):
            raise _no_monogram(identifier)
        return named
    if task is None:
        raise _missing(identifier, number)
    call.site.policies.require(call.user, task, "view")
    return task


def find_project(call: Call, identifier: Any) -> Project:
    """The project that an edit names; ConduitError as for tasks."""
    number = _number(identifier)
    if number is not None:
        project = call.site.projects.by_id(number)
    elif kind_of(identifier) != "????":
        project = call.site.projects.by_phid(identifier)
    else:
        named = by_name(call, identifier)
        if not isinstance(named, Project):
            raise _no_monogram(identifier)
        return named
    if project is None:
        raise _missing(identifier, number)
    call.site.policies.require(call.user, project, "view")
    return project


def _number(identifier: Any) -> int | None:
    if type(identifier) is int:
        return identifier
    if not isinstance(identifier, str):
        kind = _PHP_TYPES.get(type(identifier), "array")
        raise ConduitError(
            f"Call to phutil_nonempty_string() expected null or a string, got: {kind}."
        )
    return int(identifier) if _DIGITS.match(identifier) else None


def _missing(identifier: Any, number: int | None) -> ConduitError:
    kind = "PHID" if number is None else "ID"
    return ConduitError(f'No object exists with {kind} "{identifier}".')


def _no_monogram(identifier: str) -> ConduitError:
    return ConduitError(f'Monogram "{identifier}" does not identify a valid object.')


# -- anything by its name -------------------------------------------------------------------


def by_name(call: Call, name: str) -> Thing | None:
    """What the caller can see under this name."""
    if name.startswith("PHID-"):
        return by_phid(call, name)
    found = _MONOGRAM.match(name)
    if found:
        number = int(found[2])
        site = call.site
        if found[1] == "S":
            return _entered(call, site.spaces.by_id(number))
        thing = site.tasks.by_id(number) if found[1] == "T" else site.files.by_id(number)
        return seen(call, thing)
    if name.startswith("@"):
        return next(iter(call.site.people.by_names([name[1:]])), None)
    if name.startswith("#"):
        phid = call.site.projects.by_slug(name)
        return seen(call, call.site.projects.by_phid(phid)) if phid else None
    return None


def by_phid(call: Call, phid: str) -> Thing | None:
    """What the caller can see under this PHID."""
    site = call.site
    match kind_of(phid):
        case "TASK":
            return seen(call, site.tasks.by_phid(phid))
        case "PROJ":
            return seen(call, site.projects.by_phid(phid))
        case "FILE":
            return seen(call, site.files.by_phid(phid))
        case "USER":
            return site.people.by_phid(phid)
        case "SPCE":
            return _entered(call, site.spaces.by_phid(phid))
    return None


def _entered(call: Call, space: Space | None) -> Space | None:
    """A Space, if the caller sees it."""
    seen = space is not None and call.site.policies.in_space(call.user, space.phid)
    return space if seen else None


def seen(call: Call, thing: Task | Project | File | None) -> Task | Project | File | None:
    """The object, if the caller may see it."""
    if thing is None or not call.site.policies.can(call.user, thing, "view"):
        return None
    return thing


# -- the two methods ------------------------------------------------------------------------


def lookup(call: Call) -> Any:
    """phid.lookup: what is known under these names; of tasks and files the newest come first."""
    names = call.get("names")
    if not names:
        raise ConduitError("Must pass names.", "ERR-INVALID-PARAMETER")
    found = {
        name: thing
        for name in dict.fromkeys(params.array("names", names))
        if isinstance(name, str) and (thing := by_name(call, name)) is not None
    }
    ordered = sorted(found.items(), key=lambda item: _rank(item[1]))
    return {name: handle(call, thing) for name, thing in ordered} or []


def query(call: Call) -> Any:
    """phid.query: what is known under these PHIDs."""
    phids = params.array("phids", call.get("phids", []))
    found = {phid: by_phid(call, phid) for phid in phids if isinstance(phid, str)}
    told = {phid: handle(call, thing) for phid, thing in found.items() if thing}
    told |= {phid: _event(call, phid) for phid in phids if _happened(call, phid)}
    return told or []


def _happened(call: Call, phid: Any) -> bool:
    """Whether it is a transaction of an object that the caller can see."""
    sql = "SELECT object FROM {} WHERE phid = ?"
    kind = str(phid)[10:14]
    if not str(phid).startswith("PHID-XACT-") or kind not in call.site.logs:
        return False
    of = call.site.store.value(sql.format(call.site.logs[kind].table), [phid])
    return of is not None and by_phid(call, of) is not None


def _event(call: Call, phid: str) -> dict[str, Any]:
    """A transaction is pointed at without a word of it."""
    name = "Unknown Object (Transaction)"
    kinds = {"typeName": "Transaction", "type": "XACT"}
    names = {"name": name, "fullName": name, "status": "open"}
    return {"phid": phid, "uri": call.site.host, **kinds, **names}


def _rank(thing: Thing) -> tuple[int, Any]:
    if isinstance(thing, Task):
        return 0, -thing.id
    if isinstance(thing, File):
        return 1, -thing.id
    if isinstance(thing, Space):
        return 4, -thing.id
    return (2, thing.name.lower()) if isinstance(thing, Project) else (3, 0)


def handle(call: Call, thing: Thing) -> dict[str, Any]:
    """How an object is pointed at."""
    uri, kind, name, full = _named(thing)
    closed = isinstance(thing, Task) and is_closed(thing.status)
    closed = closed or (isinstance(thing, Space) and bool(thing.archived))
    return {
        "phid": thing.phid,
        "uri": call.site.host + uri,
        "typeName": kind,
        "type": kind_of(thing.phid),
        "name": name,
        "fullName": full,
        "status": "closed" if closed else "open",
    }


def _named(thing: Thing) -> tuple[str, str, str, str]:
    match thing:
        case Task():
            return f"/T{thing.id}", "Maniphest Task", f"T{thing.id}", f"T{thing.id}: {thing.title}"
        case File():
            return f"/F{thing.id}", "File", f"F{thing.id}", f"F{thing.id}: {thing.name}"
        case Space():
            return f"/S{thing.id}", "Space", thing.name, f"S{thing.id} {thing.name}"
        case User():
            return f"/p/{thing.username}/", "User", thing.username, thing.fullname
    where = f"/tag/{thing.slug}/" if thing.slug is not None else f"/project/view/{thing.id}/"
    return where, "Project", thing.name, thing.name
