"""maniphest.edit and project.edit: which transactions there are, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tracker_migrate.backends.maniphest.standin import params
from tracker_migrate.backends.maniphest.standin.call import Call
from tracker_migrate.backends.maniphest.standin.config import CustomField
from tracker_migrate.backends.maniphest.standin.edges import Edge
from tracker_migrate.backends.maniphest.standin.errors import ConduitError, unreadable
from tracker_migrate.backends.maniphest.standin.names import find_project, find_task
from tracker_migrate.backends.maniphest.standin.projecteditor import ProjectEditor
from tracker_migrate.backends.maniphest.standin.projects import Project
from tracker_migrate.backends.maniphest.standin.taskeditor import TaskEditor
from tracker_migrate.backends.maniphest.standin.tasks import Task
from tracker_migrate.backends.maniphest.standin.xactions import Xaction

Reader = Callable[[Call, Any], Xaction]
Readers = dict[str, Reader]


def edit_task(call: Call) -> dict[str, Any]:
    """maniphest.edit."""
    raw = _raw(call)
    identifier = _identifier(call)
    task = find_task(call, identifier) if identifier else _new_task(call)
    xactions = _read(call, raw, _task_readers(call), new=not task.id)
    saved = TaskEditor(call.site, call.user, task).apply(xactions)
    if call.site.index:
        call.site.tasks.reindex(task)
    return _result(task.id, task.phid, saved)


def _new_task(call: Call) -> Task:
    task = call.site.tasks.blank(call.user.phid)
    task.space = call.site.home_space(call.user)
    return task


def edit_project(call: Call) -> dict[str, Any]:
    """project.edit."""
    raw = _raw(call)
    identifier = _identifier(call)
    found = find_project(call, identifier) if identifier else None
    project = found or call.site.projects.blank(call.user.phid)
    xactions = _read(call, raw, _project_readers(call, project), new=not project.id)
    saved = ProjectEditor(call.site, call.user, project).apply(xactions)
    return _result(project.id, project.phid, saved)


def _identifier(call: Call) -> Any:
    """What is to be edited; what PHP takes for false makes a new object (bad-input, 74 and 76)."""
    given = call.get("objectIdentifier")
    return None if given == "0" else given or None


def _result(number: int, phid: str, saved: list[Xaction]) -> dict[str, Any]:
    return {
        "object": {"id": number, "phid": phid},
        "transactions": [{"phid": xaction.phid} for xaction in saved],
    }


# -- the shape of the call ------------------------------------------------------------------


def _raw(call: Call) -> list[tuple[str, dict[str, Any]]]:
    given = call.params.get("transactions")
    if isinstance(given, list):
        given = {str(index): item for index, item in enumerate(given)}
    if not isinstance(given, dict):
        raise ConduitError('Parameter "transactions" is not a list of transactions.')
    for key, item in given.items():
        _check_shape(key, item)
    return list(given.items())


def _check_shape(key: str, item: Any) -> None:
    head = (
        'Parameter "transactions" must contain a list of transaction descriptions, but item with '
        f'key "{key}" is '
    )
    if not isinstance(item, (dict, list)):
        raise ConduitError(f"{head}not a dictionary.")
    for name in ("type", "value"):
        if isinstance(item, list) or name not in item:
            raise ConduitError(
                f'{head}missing a "{name}" field. Each transaction must have a {name} field.'
            )


def _read(
    call: Call, raw: list[tuple[str, dict[str, Any]]], readers: Readers, new: bool
) -> list[Xaction]:
    for key, item in raw:
        if not isinstance(item["type"], str) or item["type"] not in readers:
            raise ConduitError(
                f'Transaction with key "{key}" has invalid type "{item["type"]}". This type is '
                f"not recognized. Valid types are: {', '.join(readers)}."
            )
    xactions = [Xaction("create")] if new else []
    for _, item in raw:
        xactions.append(_read_one(call, item, readers[item["type"]]))
    return [xaction for xaction in xactions if xaction.type != "mfa"]


def _read_one(call: Call, item: dict[str, Any], reader: Reader) -> Xaction:
    try:
        return reader(call, item["value"])
    except ConduitError as error:
        raise ConduitError(
            f'Exception when processing transaction of type "{item["type"]}": {error.info}'
        ) from None


# -- readers of single values ---------------------------------------------------------------


def _text(kind: str) -> Reader:
    return lambda _, value: Xaction(kind, params.string("value", value))


def _comment(_: Call, value: Any) -> Xaction:
    return Xaction("comment", comment=params.string("value", value))


def _points(_: Call, value: Any) -> Xaction:
    return Xaction("points", params.points("value", value))


def _phid(kind: str) -> Reader:
    def read(_: Call, value: Any) -> Xaction:
        if not isinstance(value, str):
            raise unreadable("value", "Expected PHID, got something else.")
        return Xaction(kind, value)

    return read


def _owner(_: Call, value: Any) -> Xaction:
    if value is not None and not isinstance(value, str):
        raise unreadable("value", "Expected PHID, got something else.")
    return Xaction("owner", value)


def _columns(_: Call, value: Any) -> Xaction:
    return Xaction("column", params.array("value", value))


def _slugs(_: Call, value: Any) -> Xaction:
    return Xaction("slugs", params.strings("value", value))


def _mfa(call: Call, value: Any) -> Xaction:
    return Xaction("mfa", params.boolean("value", value, call.strict))


def _parent(_: Call, value: Any) -> Xaction:
    return Xaction("edge", {"+": [params.string("value", value)]}, edge=Edge.PARENT)


# -- readers of lists -----------------------------------------------------------------------

_SIGNS = {"add": "+", "remove": "-", "set": "="}


def _as_given(_: Call, names: list[str]) -> list[str]:
    return names


def _as_users(call: Call, names: list[str]) -> list[str]:
    return call.site.people.resolve(names)


def _as_projects(call: Call, names: list[str]) -> list[str]:
    # a bare hashtag will do, one with # will not (bad-input, exchanges 25 and 27)
    return [
        name if name.startswith(("PHID-", "#")) else call.site.projects.by_slug(name) or name
        for name in names
    ]


def _list_readers(
    name: str, resolve: Callable[[Call, list[str]], list[str]], edge: Edge | None
) -> Readers:
    def reader(sign: str) -> Reader:
        def read(call: Call, value: Any) -> Xaction:
            phids = list(dict.fromkeys(resolve(call, params.strings("value", value))))
            if edge is None:
                return Xaction(name, {sign: phids})
            return Xaction("edge", {sign: phids}, edge=edge)

        return read

    return {f"{name}.{word}": reader(sign) for word, sign in _SIGNS.items()}


# -- readers of custom fields ---------------------------------------------------------------


def _custom(entry: CustomField) -> Reader:
    def read(call: Call, value: Any) -> Xaction:
        return Xaction(
            "customfield", _custom_value(call, entry, value), field=f"std:maniphest:{entry.key}"
        )

    return read


def _custom_value(call: Call, entry: CustomField, value: Any) -> Any:
    match entry.type:
        case "int":
            return params.integer("value", value, call.strict)
        case "date":
            return None if value is None else params.epoch("value", value, call.strict)
        case "bool":
            return params.boolean("value", value, call.strict)
        case "users":
            return call.site.people.resolve(params.strings("value", value))
    return params.string("value", value)


def _description(_: Call, value: Any) -> Xaction:
    text = params.string("value", value)
    return Xaction("customfield", text, field="std:project:internal:description")


# -- the tables, in the order in which errors list the types --------------------------------

_BEFORE_POINTS: Readers = {
    "parent": _parent,
    "column": _columns,
    "space": _phid("space"),
    "title": _text("title"),
    "owner": _owner,
    "status": _text("status"),
    "priority": _text("priority"),
}
_AFTER_POINTS: Readers = {
    "description": _text("description"),
    **_list_readers("parents", _as_given, Edge.PARENT),
    **_list_readers("subtasks", _as_given, Edge.SUBTASK),
    **_list_readers("commits", _as_given, Edge.COMMIT),
    "view": _text("view"),
    "edit": _text("edit"),
    **_list_readers("projects", _as_projects, Edge.PROJECT),
    **_list_readers("subscribers", _as_users, None),
}
_LAST: Readers = {"subtype": _text("subtype"), "comment": _comment, "mfa": _mfa}


def _task_readers(call: Call) -> Readers:
    config = call.site.config
    points: Readers = {"points": _points} if config.points else {}
    fields = {f"custom.{entry.key}": _custom(entry) for entry in config.fields if entry.edit}
    return {**_BEFORE_POINTS, **points, **_AFTER_POINTS, **fields, **_LAST}


def _project_readers(call: Call, project: Project) -> Readers:
    readers: Readers = {"parent": _phid("parent"), "milestone": _phid("milestone")}
    looks: Readers = {"icon": _text("icon"), "color": _text("color")}
    policies: Readers = {name: _text(name) for name in ("view", "edit", "join")}
    tail: Readers = {"subtype": _text("subtype"), "mfa": _mfa}
    names: Readers = {"name": _text("name"), "description": _description}
    if project.milestone is not None:
        return {**readers, **names, "slugs": _slugs, **tail}
    members = _list_readers("members", _as_users, Edge.MEMBER)
    if project.id and call.site.policies.subprojects(project.phid):
        members = {}
    return {
        **readers,
        "space": _phid("space"),
        **names,
        **looks,
        "slugs": _slugs,
        **members,
        **policies,
        **tail,
    }
