"""Which fields of Launchpad's devel API the model has, and which it leaves out, with the reason.

Whatever is in neither table is kept in `extra`. A test walks the recorded WADL: it changes each
field of each type, and fails unless the model shows the change or `NOT_MODELLED` names the field.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    "message.revisions_collection_link": "earlier texts: a request for each, for logged-in readers",
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
    "bug_nomination": "a request for each bug; an approved one is a task, and the history tells",
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

#: entity → fields that have a place in the model
MODELLED: Mapping[str, frozenset[str]] = {
    entity: frozenset(fields.split())
    for entity, fields in {
        "bug": "id web_link title description owner_link date_created date_last_updated private "
        "information_type tags duplicate_of_link",
        "bug_task": "web_link title target_link bug_target_name status importance assignee_link "
        "milestone_link owner_link date_created date_closed is_complete status_explanation "
        "importance_explanation bug_watch_link date_assigned date_confirmed date_deferred "
        "date_fix_committed date_fix_released date_in_progress date_incomplete date_left_closed "
        "date_left_new date_triaged",
        "message": "web_link content subject owner_link date_created date_last_edited "
        "date_deleted visible",
        "bug_attachment": "web_link title type url data_link message_link",
        "bug_activity": "datechanged whatchanged oldvalue newvalue message person_link",
        "bug_subscription": "person_link bug_notification_level date_created subscribed_by_link",
        "bug_watch": "title url",
        "bug_branch": "web_link",
        "specification_branch": "web_link branch_link",
        "cve": "display_name url",
        "specification": "web_link title summary owner_link date_created information_type "
        "target_link implementation_status priority assignee_link milestone_link is_complete "
        "date_completed date_started workitems_text",
        "person": "name display_name web_link is_team date_created private",
        "team": "name display_name web_link is_team date_created private",
        "project": "name web_link title summary description project_group_link "
        "development_focus_link private official_bug_tags",
        "project_group": "name web_link title summary description official_bug_tags",
        "distribution": "name web_link title summary description current_series_link private "
        "official_bug_tags",
        "distribution_source_package": "name web_link title official_bug_tags",
        "source_package": "name web_link displayname official_bug_tags",
        "project_series": "name web_link title summary status active date_created project_link",
        "distro_series": "name web_link title summary status active date_created distribution_link",
        "milestone": "name web_link title summary code_name date_targeted is_active target_link "
        "series_target_link",
    }.items()
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
