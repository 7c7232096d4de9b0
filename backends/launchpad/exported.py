"""Every field of every type that Launchpad's devel API exports and that is read, one row each: the
left half of a table of losses. What a target makes of the model's fields is its own planner's word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tracker_migrate.backends.launchpad.wire_becomes import BECOMES, ENTITY, KEPT
from tracker_migrate.backends.launchpad.wire_fields import NOT_MODELLED
from tracker_migrate.backends.launchpad.wire_lists import LEFT, READ
from tracker_migrate.interfaces import Exported

_LIST = "_collection_link"

#: fields that leave no trace of their own, for others tell the same: by `type.field`, or by the
#: field of any type
FOLLOWS: Mapping[str, str] = {
    "self_link": "key",
    "resource_type_link": "key",
    "bug.resource_type_link": "kind",
    "specification.self_link": "key name task.key",
    "specification.resource_type_link": "kind",
    "specification.name": "key name",
    "bug_task.bug_link": "key",
    "message.self_link": "key index",
    "bug_attachment.bug_link": "key",
    "bug_activity.self_link": "bug.key",
    "bug_activity.web_link": "bug.home",
    "bug_activity.resource_type_link": "what",
    "bug_activity.bug_link": "bug.key",
    "bug_subscription.self_link": "person",
    "bug_subscription.resource_type_link": "person",
    "bug_subscription.bug_link": "bug.key",
    "bug_watch.resource_type_link": "kind",
    "bug_watch.bug_link": "bug.key",
    "bug_branch.self_link": "url",
    "bug_branch.resource_type_link": "kind",
    "bug_branch.branch_link": "url",
    "bug_branch.bug_link": "bug.key",
    "specification_branch.self_link": "url",
    "specification_branch.resource_type_link": "kind",
    "specification_branch.specification_link": "blueprint.key",
    "bug_nomination.resource_type_link": "kind",
    "bug_nomination.bug_link": "bug.key",
    "cve.self_link": "label",
    "cve.resource_type_link": "kind",
    "person.resource_type_link": "is_team",
    "team.resource_type_link": "is_team",
    "project.resource_type_link": "kind",
    "project_group.resource_type_link": "kind",
    "distribution.resource_type_link": "kind",
    "distribution_source_package.resource_type_link": "kind",
    "distribution_source_package.distribution_link": "key",
    "source_package.resource_type_link": "kind",
    "source_package.distribution_link": "key",
    "source_package.distroseries_link": "key",
}
#: why a field is left, where that has to be said otherwise than in `NOT_MODELLED`
LEFT_FIELDS: Mapping[str, str] = {
    "bug_watch.self_link": "the number of a row of Launchpad's; what is watched is in url",
    "bug_nomination.self_link": "the number of a row of Launchpad's; what it is for is in url",
    "http_etag": "changes with the fields that it stands for; the archive keeps it",
}
#: of the model, and no field of the API's: what it comes from
ADDED: Mapping[str, str] = {
    **dict.fromkeys(("bug.access", "blueprint.access"), "who may read it: Launchpad's sharing"),
    **dict.fromkeys(
        ("bug.extra.note", "blueprint.extra.note"), "characters of its texts could not be read"
    ),
    **{
        f"{kind}.extra.{name}_not_told": "Launchpad keeps this list from this reader"
        for kind, names in (
            (
                "bug",
                "attachments subscriptions bug_watches activity duplicates cves nominations",
            ),
            ("blueprint", "dependencies bugs"),
        )
        for name in (*names.split(), "linked_branches", "linked_merge_proposals")
    },
}


_OF_ALL = ("self_link", "resource_type_link", "http_etag")
_PICTURES: Mapping[str, tuple[str, ...]] = {
    "person": ("logo_link", "mugshot_link"),
    "team": ("logo_link", "mugshot_link"),
    "project": ("brand_link", "icon_link", "logo_link"),
    "project_group": ("icon_link", "logo_link", "mugshot_link"),
    "distribution": ("icon_link", "logo_link", "mugshot_link"),
}


def exported() -> Iterator[Exported]:
    """A row for each field, type by type; then what is of the model and no field of the API's."""
    for entity in ENTITY:
        for field in sorted(_named(entity)):
            yield _row(entity, field)
    for becomes, reason in ADDED.items():
        yield Exported(entity="added", field=becomes, becomes=(becomes,), reason=reason)


def _named(entity: str) -> set[str]:
    lists = (f"{name}{_LIST}" for name in (*READ.get(entity, ()), *LEFT.get(entity, ())))
    own = (
        name.partition(".")[2]
        for name in (*FOLLOWS, *NOT_MODELLED)
        if name.startswith(f"{entity}.") and not name.endswith(_LIST)
    )
    pictures = _PICTURES.get(entity, ())
    return {*BECOMES[entity], *KEPT[entity], *lists, *own, *pictures, *_OF_ALL}


def _row(entity: str, field: str) -> Exported:
    if field.endswith(_LIST):
        return _list(entity, field)
    for names in (BECOMES[entity].get(field), _kept(entity, field), _followed(entity, field)):
        if names is not None:
            return Exported(entity=entity, field=field, becomes=_full(entity, names))
    reason = LEFT_FIELDS.get(f"{entity}.{field}") or LEFT_FIELDS.get(field)
    why = reason or NOT_MODELLED.get(f"{entity}.{field}") or NOT_MODELLED[field]
    return Exported(entity=entity, field=field, reason=why)


def _list(entity: str, field: str) -> Exported:
    name = field.removesuffix(_LIST)
    read = READ.get(entity, {}).get(name)
    if read is None:
        return Exported(entity=entity, field=field, reason=LEFT[entity][name])
    if read.startswith("="):
        return Exported(entity=entity, field=field, becomes=tuple(read[1:].split()))
    return Exported(entity=entity, field=field, rows=read)


def _kept(entity: str, field: str) -> str | None:
    return f"extra.{field}" if field in KEPT[entity] else None


def _followed(entity: str, field: str) -> str | None:
    if f"{entity}.{field}" in LEFT_FIELDS:
        return None
    return FOLLOWS.get(f"{entity}.{field}") or FOLLOWS.get(field)


def _full(entity: str, names: str) -> tuple[str, ...]:
    """Fields with their entity: `title` → `bug.title`; `task.status`, of another, as it is."""
    return tuple(
        name
        if name.rpartition(".")[0].partition(".")[0] in _ENTITIES
        else f"{ENTITY[entity]}.{name}"
        for name in names.split()
    )


_ENTITIES = frozenset({*ENTITY.values(), "work_item"})
