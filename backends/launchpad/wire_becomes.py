"""What each field that Launchpad's devel API exports becomes in the model, read field by field.

With `wire_fields.NOT_MODELLED` and `wire_lists` this names every field of every type that is read:
a test holds them against the recorded WADL, and changes each field to see what it changes here.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Launchpad's type → what it is in the model; its fields stand there, unless they say otherwise
ENTITY: Mapping[str, str] = {
    "bug": "bug",
    "bug_task": "task",
    "message": "comment",
    "bug_attachment": "attachment",
    "bug_activity": "change",
    "bug_subscription": "subscription",
    "bug_watch": "relation",
    "bug_branch": "relation",
    "specification_branch": "relation",
    "bug_nomination": "relation",
    "cve": "relation",
    "specification": "blueprint",
    "person": "person",
    "team": "person",
    "project": "project",
    "project_group": "project",
    "distribution": "project",
    "distribution_source_package": "project",
    "source_package": "project",
    "project_series": "series",
    "distro_series": "series",
    "milestone": "milestone",
}

_PERSON = {
    "name": "name",
    "display_name": "display_name",
    "web_link": "home",
    "is_team": "is_team",
    "date_created": "created",
    "private": "private",
    "account_status": "state extra.account_status",
}
_PROJECT = {"name": "name", "web_link": "home", "title": "title"}
_TOLD = {"summary": "summary", "description": "description"}
_TAGS = {"official_bug_tags": "official_tags"}
_SERIES = {
    "name": "name",
    "web_link": "home",
    "title": "title",
    "summary": "summary",
    "status": "status",
    "active": "active",
    "date_created": "created",
}
#: the dates of a task that the model has no field of their own for
STATUS_DATES = (
    "date_assigned",
    "date_confirmed",
    "date_deferred",
    "date_fix_committed",
    "date_fix_released",
    "date_in_progress",
    "date_incomplete",
    "date_left_closed",
    "date_left_new",
    "date_triaged",
)
_RELATION = "relation.kind relation.to relation.label relation.url"

#: type → field → fields of the model
BECOMES: Mapping[str, Mapping[str, str]] = {
    "bug": {
        "id": "key name",
        "web_link": "home",
        "title": "title",
        "description": "description",
        "owner_link": "author",
        "date_created": "created",
        "date_last_updated": "updated",
        "private": "private",
        "information_type": "information_type private",
        "tags": "tags",
        "duplicate_of_link": _RELATION,
    },
    "bug_task": {
        "web_link": "home",
        "title": "title",
        "target_link": "key target project series",
        "bug_target_name": "target_name",
        "status": "status",
        "importance": "importance",
        "assignee_link": "assignee",
        "milestone_link": "milestone",
        "owner_link": "author",
        "date_created": "created",
        "date_closed": "closed",
        "is_complete": "complete",
        "status_explanation": "status_explanation",
        "importance_explanation": "importance_explanation",
        "bug_watch_link": "watch",
        **{name: f"dates.{name}" for name in STATUS_DATES},
    },
    "message": {
        "web_link": "home",
        "content": "text",
        "subject": "subject",
        "owner_link": "author",
        "date_created": "created",
        "date_last_edited": "edited",
        "date_deleted": "deleted",
        "visible": "withheld",
    },
    "bug_attachment": {
        "web_link": "home",
        "title": "title",
        "type": "patch",
        "url": "url data",
        "data_link": "data file",
        "message_link": "comment",
    },
    "bug_activity": {
        "datechanged": "when",
        "whatchanged": "what",
        "oldvalue": "old",
        "newvalue": "new",
        "message": "message",
        "person_link": "author",
    },
    "bug_subscription": {
        "person_link": "person",
        "bug_notification_level": "level",
        "date_created": "created",
        "subscribed_by_link": "by",
    },
    "bug_watch": {"title": "label", "url": "url"},
    "bug_branch": {"web_link": "label url"},
    "specification_branch": {"web_link": "label url", "branch_link": "label url"},
    "bug_nomination": {"target_link": "label url"},
    "cve": {"display_name": "label", "url": "url"},
    "specification": {
        "web_link": "home task.home work_item.home",
        "title": "title",
        "summary": "description",
        "owner_link": "author",
        "date_created": "created",
        "information_type": "information_type private",
        "target_link": "task.key task.target task.target_name task.project task.series "
        "work_item.milestone",
        "implementation_status": "task.status",
        "priority": "task.importance",
        "assignee_link": "task.assignee",
        "milestone_link": "task.milestone",
        "is_complete": "task.complete",
        "date_completed": "task.closed",
        "date_started": "task.dates.date_started",
        "workitems_text": "work_item.key work_item.title work_item.home work_item.status "
        "work_item.complete work_item.assignee work_item.milestone extra.workitems_text",
    },
    "person": _PERSON,
    "team": _PERSON,
    "project": {
        **_PROJECT,
        **_TOLD,
        **_TAGS,
        "project_group_link": "group",
        "development_focus_link": "focus",
        "private": "private",
    },
    "project_group": {**_PROJECT, **_TOLD, **_TAGS},
    "distribution": {
        **_PROJECT,
        **_TOLD,
        **_TAGS,
        "current_series_link": "focus",
        "private": "private",
    },
    "distribution_source_package": {**_PROJECT, **_TAGS},
    "source_package": {"name": "name", "web_link": "home", "displayname": "title", **_TAGS},
    "project_series": {**_SERIES, "project_link": "project"},
    "distro_series": {**_SERIES, "distribution_link": "project"},
    "milestone": {
        "name": "name",
        "web_link": "home",
        "title": "title",
        "summary": "summary",
        "code_name": "code_name",
        "date_targeted": "targeted",
        "is_active": "active",
        "target_link": "project",
        "series_target_link": "series",
    },
}

_OF_PERSONS = (
    "account_status description hide_email_addresses homepage_content id is_probationary "
    "is_ubuntu_coc_signer is_valid karma mailing_list_auto_subscribe_policy team_owner_link "
    "time_zone visibility"
)
_OF_BUG_PLACES = "bug_reported_acknowledgement bug_reporting_guidelines content_templates"
_OF_PILLARS = (
    f"active date_created display_name driver_link owner_link registrant_link {_OF_BUG_PLACES} "
    "translationgroup_link translationpermission translations_usage"
)
_OF_OWNERS = (
    "branch_sharing_policy bug_sharing_policy bug_supervisor_link commercial_subscription_link "
    "commercial_subscription_is_due information_type official_answers official_blueprints "
    "official_bugs official_codehosting specification_sharing_policy vcs"
)
_OF_SERIES = f"driver_link {_OF_BUG_PLACES} official_bug_tags owner_link translations_usage"

#: type → fields that the model keeps in `extra`, under the same names
KEPT: Mapping[str, frozenset[str]] = {
    entity: frozenset(fields.split())
    for entity, fields in {
        "bug": "date_last_message date_made_private heat latest_patch_uploaded lock_reason "
        "lock_status message_count name number_of_duplicates "
        "other_users_affected_count_with_dupes security_related users_affected_count "
        "users_affected_count_with_dupes users_unaffected_count who_made_private_link",
        "bug_task": "bug_target_display_name",
        "message": "parent_link",
        "bug_attachment": "",
        "bug_activity": "",
        "bug_subscription": "",
        "bug_watch": "bug_tracker_link date_created date_last_changed date_last_checked "
        "date_next_checked last_error_type owner_link remote_bug remote_importance remote_status",
        "bug_branch": "",
        "specification_branch": "registrant_link",
        "bug_nomination": "date_created date_decided decider_link owner_link status",
        "cve": "cvss date_created date_made_public date_modified description discovered_by "
        "sequence status title",
        "specification": "approver_link completer_link definition_status direction_approved "
        "drafter_link has_accepted_goal is_started lifecycle_status specification_url "
        "starter_link whiteboard",
        "person": _OF_PERSONS,
        "team": f"{_OF_PERSONS} default_membership_period default_renewal_period "
        "membership_policy renewal_policy subscription_policy team_description",
        "project": f"{_OF_PILLARS} {_OF_OWNERS} bug_tracker_link download_url freshmeat_project "
        "homepage_url is_permitted license_approved license_info licenses programming_language "
        "project_reviewed qualifies_for_free_hosting remote_product reviewer_whiteboard "
        "screenshots_url sourceforge_project translation_focus_link wiki_url",
        "project_group": f"{_OF_PILLARS} bug_tracker_link freshmeat_project homepage_content "
        "homepage_url reviewed sourceforge_project wiki_url",
        "distribution": f"{_OF_PILLARS} {_OF_OWNERS} code_admin_link default_traversal_policy "
        "development_series_alias homepage_content members_link mirror_admin_link "
        "oci_project_admin_link official_packages redirect_default_traversal "
        "redirect_release_uploads security_admin_link supports_mirrors supports_ppas",
        "distribution_source_package": f"{_OF_BUG_PLACES} display_name upstream_product_link",
        "source_package": f"{_OF_BUG_PLACES} latest_published_component_name productseries_link",
        "project_series": f"{_OF_SERIES} branch_link display_name release_finder_url_pattern "
        "translations_autoimport_mode",
        "distro_series": f"{_OF_SERIES} advertise_by_hash backports_not_automatic changeslist "
        "component_names datereleased description displayname fullseriesname "
        "include_long_descriptions index_compressors language_pack_full_export_requested "
        "previous_series_link proposed_not_automatic publish_by_hash publish_i18n_index "
        "registrant_link strict_supported_component_dependencies suite_names supported version",
        "milestone": "official_bug_tags release_link",
    }.items()
}
