"""Which fields of Launchpad's devel API the model has, and which it leaves out, with the reason.

Whatever is in neither table is kept in `extra`. A test walks the recorded WADL: it changes each
field of each type, and fails unless the model shows the change or `NOT_MODELLED` names the field.
"""

from __future__ import annotations

from collections.abc import Mapping

from tracker_migrate.backends.launchpad.wire_becomes import BECOMES, KEPT

_PICTURE = "a picture of a page, not of an issue"
_DERIVED = "the same as in the issue that holds it"
_ADMIN = "for Launchpad's own administrators"
_PACKAGES = "about building and publishing packages"

#: why the model has no trace of a field: by entity.field, by field of any entity, by the field's
#: ending, or by entity alone (none of its fields)
NOT_MODELLED: Mapping[str, str] = {
    "self_link": "is the key",
    "resource_type_link": "is the kind",
    "http_etag": "is the stamp, or changes with the fields that it stands for",
    "*_collection_link": "where a collection is had: follows from the key",
    "logo_link": _PICTURE,
    "icon_link": _PICTURE,
    "brand_link": _PICTURE,
    "mugshot_link": _PICTURE,
    "bug_task.bug_link": _DERIVED,
    "message.bug_attachments_collection_link": "an attachment names its comment",
    "bug_attachment.bug_link": _DERIVED,
    "bug_activity.bug_link": _DERIVED,
    "bug_activity.web_link": "the same for every row",
    "bug_subscription.bug_link": _DERIVED,
    "bug_branch.bug_link": _DERIVED,
    "bug_branch.branch_link": "is in the address of the bug's link to it, web_link",
    "specification_branch.specification_link": _DERIVED,
    "specification.name": "is in the key",
    "bug_watch.bug_link": _DERIVED,
    "bug_watch.web_link": "of the watch's own page; what is watched is in url",
    "cve.web_link": "of Launchpad's copy; the CVE's own address is in url",
    "bug_nomination.bug_link": _DERIVED,
    "bug_nomination.productseries_link": "the same as target_link",
    "bug_nomination.distroseries_link": "the same as target_link",
    "person.account_status_history": _ADMIN,
    "person.preferred_email_address_link": "an address that Launchpad shows to few",
    "person.archive_link": "of a person's packages",
    "team.account_status_history": _ADMIN,
    "team.preferred_email_address_link": "an address that Launchpad shows to few",
    "team.archive_link": "of a team's packages",
    "distribution.main_archive_link": _PACKAGES,
    "distribution.domain_name": "of Launchpad's own page",
    "distro_series.main_archive_link": _PACKAGES,
    "distro_series.nominatedarchindep_link": _PACKAGES,
    "source_package.distroseries_link": "is in the key",
    "source_package.distribution_link": "is in the key",
    "distribution_source_package.distribution_link": "is in the key",
}

#: entity → fields that have a place in the model, and are not repeated in `extra`
MODELLED: Mapping[str, frozenset[str]] = {
    entity: frozenset(name for name in fields if name not in KEPT[entity])
    for entity, fields in BECOMES.items()
}


#: names that a message may tell: those that stand here, and not what a server calls a field
FIELDS = frozenset(
    {
        "self_link", "http_etag", "message_count", "number_of_duplicates", "entries", "start",
        "bug_link", "branch_link", "resource_type_link", "permissions", "sprite_css", "is_valid",
    }.union(*MODELLED.values())
)  # fmt: skip


def reason(entity: str, field: str) -> str | None:
    """Why the model has no trace of a field; None if it has."""
    ending = "*_collection_link" if field.endswith("_collection_link") else ""
    for name in (f"{entity}.{field}", field, ending, entity):
        if name in NOT_MODELLED:
            return NOT_MODELLED[name]
    return None


def passed_over(entity: str) -> frozenset[str]:
    """The fields of an entity that `extra` must not repeat, but for the collection links."""
    own = {name.removeprefix(f"{entity}.") for name in NOT_MODELLED}
    return MODELLED[entity] | {name for name in own if "." not in name and "*" not in name}
