"""The table of fields: what each kind of resource exports in `devel`, in the order of the wire.

Marks behind a name: `@` a link below the resource itself (`bug_tasks_collection_link` is the
resource's own address plus `/bug_tasks`), `=` worked out from other values and never stored.
All other names that end in `_link` are links to another resource, stored as a path below
`/devel/`; the rest are plain values. Every kind also has self_link, resource_type_link, http_etag
and, where `SITES` names one, web_link.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

#: what stands in a field that this caller may not see
REDACTED = "tag:launchpad.net:2008:redacted"

#: on which of Launchpad's web hosts a kind has its page
SITES: dict[str, str] = {
    "bug": "bugs", "bug_task": "bugs", "message": "bugs", "bug_activity": "bugs",
    "bug_attachment": "bugs", "bug_watch": "bugs", "bug_branch": "launchpad",
    "bug_tracker": "bugs", "cve": "bugs", "specification": "blueprints",
    "specification_branch": "blueprints", "milestone": "launchpad",
    "project_group_milestone": "launchpad", "project": "launchpad", "project_series": "launchpad",
    "project_group": "launchpad", "project_release": "launchpad", "distribution": "launchpad",
    "distro_series": "launchpad", "distribution_source_package": "launchpad",
    "source_package": "launchpad", "person": "launchpad", "team": "launchpad",
    "team_membership": "launchpad", "email_address": "api", "branch": "code",
    "vulnerability": "launchpad",
}  # fmt: skip

_TABLE: dict[str, str] = {
    "bug": """
        id= private= information_type name title description owner_link bug_tasks_collection_link@
        duplicate_of_link date_created activity_collection_link@ subscriptions_collection_link@
        date_last_updated who_made_private_link date_made_private heat
        bug_watches_collection_link@ cves_collection_link@ vulnerabilities_collection_link@
        duplicates_collection_link@ attachments_collection_link@ security_related=
        latest_patch_uploaded tags date_last_message number_of_duplicates message_count
        users_affected_count users_unaffected_count users_affected_collection_link@
        users_unaffected_collection_link@ users_affected_count_with_dupes
        other_users_affected_count_with_dupes= users_affected_with_dupes_collection_link@
        messages_collection_link@ lock_status lock_reason linked_branches_collection_link@
        linked_merge_proposals_collection_link@
    """,
    "bug_task": """
        bug_link= milestone_link status status_explanation importance importance_explanation
        assignee_link bug_target_display_name bug_target_name bug_watch_link date_assigned
        date_created date_confirmed date_incomplete date_in_progress date_closed date_left_new
        date_triaged date_fix_committed date_fix_released date_left_closed date_deferred
        owner_link target_link= title= related_tasks_collection_link@ is_complete=
    """,
    "message": """
        content owner_link revisions_collection_link@ date_created date_last_edited date_deleted
        subject parent_link visible bug_attachments_collection_link@
    """,
    "message_revision": """
        revision content date_created date_created_display= date_deleted
    """,
    "bug_activity": """
        bug_link= datechanged person_link whatchanged oldvalue newvalue message
    """,
    "bug_attachment": """
        bug_link= type title data_link@ url message_link
    """,
    "bug_subscription": """
        person_link= bug_link= bug_notification_level date_created subscribed_by_link
    """,
    "bug_watch": """
        bug_link= bug_tracker_link remote_bug remote_status remote_importance date_last_changed
        date_last_checked last_error_type date_created owner_link date_next_checked
        bug_tasks_collection_link@ title url
    """,
    "bug_nomination": """
        bug_link= date_created date_decided distroseries_link productseries_link owner_link
        decider_link target_link status
    """,
    "bug_branch": """
        bug_link= branch_link=
    """,
    "bug_tracker": """
        bug_tracker_type name title summary base_url base_url_aliases registrant_link
        contact_details watches_collection_link@ has_lp_plugin active
    """,
    "cve": """
        sequence status description date_created date_modified bugs_collection_link@ url
        display_name title date_made_public discovered_by cvss
    """,
    "specification": """
        bugs_collection_link@ information_type name title specification_url summary
        definition_status assignee_link drafter_link approver_link priority date_created
        owner_link target_link= milestone_link whiteboard workitems_text direction_approved
        implementation_status starter_link date_started completer_link date_completed
        dependencies_collection_link@ linked_branches_collection_link@ is_complete is_started
        lifecycle_status has_accepted_goal
    """,
    "specification_branch": """
        specification_link branch_link registrant_link
    """,
    "milestone": """
        official_bug_tags name target_link date_targeted is_active title code_name summary
        series_target_link release_link
    """,
    "project_group_milestone": """
        official_bug_tags name target_link date_targeted is_active title code_name summary
        series_target_link release_link
    """,
    "project": """
        translations_usage official_answers official_blueprints official_codehosting official_bugs
        information_type active all_specifications_collection_link@
        valid_specifications_collection_link@ bug_reporting_guidelines content_templates
        bug_reported_acknowledgement official_bug_tags recipes_collection_link@
        webhooks_collection_link@ bug_supervisor_link active_milestones_collection_link@
        all_milestones_collection_link@ translationgroup_link translationpermission
        qualifies_for_free_hosting reviewer_whiteboard is_permitted project_reviewed
        license_approved private display_name icon_link@ logo_link@ name owner_link
        project_group_link title registrant_link driver_link summary description date_created
        homepage_url wiki_url screenshots_url download_url programming_language
        sourceforge_project freshmeat_project brand_link@ branch_sharing_policy bug_sharing_policy
        specification_sharing_policy licenses license_info bug_tracker_link
        series_collection_link@ development_focus_link releases_collection_link@
        translation_focus_link commercial_subscription_link commercial_subscription_is_due
        remote_product vcs
    """,
    "project_series": """
        translations_usage all_specifications_collection_link@
        valid_specifications_collection_link@ bug_reporting_guidelines content_templates
        bug_reported_acknowledgement official_bug_tags active summary drivers_collection_link@
        name project_link status date_created owner_link driver_link title display_name
        releases_collection_link@ active_milestones_collection_link@
        all_milestones_collection_link@ branch_link translations_autoimport_mode
        release_finder_url_pattern
    """,
    "project_group": """
        translations_usage active all_specifications_collection_link@
        valid_specifications_collection_link@ official_bug_tags translationgroup_link
        translationpermission reviewed name active_milestones_collection_link@
        all_milestones_collection_link@ owner_link registrant_link display_name title summary
        description date_created driver_link homepage_url wiki_url sourceforge_project
        freshmeat_project homepage_content icon_link@ logo_link@ mugshot_link@ bug_tracker_link
        projects_collection_link@ bug_reporting_guidelines content_templates
        bug_reported_acknowledgement
    """,
    "project_release": """
        date_released version owner_link release_notes changelog date_created display_name title
        project_link files_collection_link@ milestone_link
    """,
    "distribution": """
        translations_usage official_answers official_blueprints official_codehosting official_bugs
        information_type active branch_sharing_policy bug_sharing_policy
        specification_sharing_policy all_specifications_collection_link@
        valid_specifications_collection_link@ bug_reporting_guidelines content_templates
        bug_reported_acknowledgement official_bug_tags webhooks_collection_link@
        bug_supervisor_link active_milestones_collection_link@ all_milestones_collection_link@
        translationgroup_link translationpermission private name display_name title icon_link@
        logo_link@ owner_link homepage_content mugshot_link@ summary description domain_name
        registrant_link date_created driver_link members_link mirror_admin_link
        archive_mirrors_collection_link@ cdimage_mirrors_collection_link@ oci_project_admin_link
        series_collection_link@ derivatives_collection_link@ current_series_link official_packages
        supports_ppas supports_mirrors main_archive_link archives_collection_link@
        redirect_release_uploads development_series_alias vcs default_traversal_policy
        redirect_default_traversal commercial_subscription_link commercial_subscription_is_due
        security_admin_link vulnerabilities_collection_link@ code_admin_link
    """,
    "distro_series": """
        translations_usage all_specifications_collection_link@
        valid_specifications_collection_link@ bug_reporting_guidelines content_templates
        bug_reported_acknowledgement official_bug_tags active_milestones_collection_link@
        all_milestones_collection_link@ active summary drivers_collection_link@ name displayname
        fullseriesname title description version distribution_link component_names suite_names
        status datereleased previous_series_link registrant_link owner_link date_created
        driver_link changeslist nominatedarchindep_link language_pack_full_export_requested
        backports_not_automatic proposed_not_automatic include_long_descriptions index_compressors
        publish_by_hash advertise_by_hash strict_supported_component_dependencies
        publish_i18n_index main_archive_link supported architectures_collection_link@
    """,
    "distribution_source_package": """
        bug_reporting_guidelines content_templates bug_reported_acknowledgement official_bug_tags
        webhooks_collection_link@ distribution_link name display_name title upstream_product_link
    """,
    "source_package": """
        bug_reporting_guidelines content_templates bug_reported_acknowledgement official_bug_tags
        name displayname distribution_link distroseries_link productseries_link
        latest_published_component_name
    """,
    "person": """
        all_specifications_collection_link@ valid_specifications_collection_link@
        recipes_collection_link@ time_zone private is_valid is_team account_status visibility name
        display_name logo_link@ is_probationary id karma homepage_content description
        mugshot_link@ languages_collection_link@ hide_email_addresses date_created
        sshkeys_collection_link@ is_ubuntu_coc_signer gpg_keys_collection_link@
        wiki_names_collection_link@ irc_nicknames_collection_link@ jabber_ids_collection_link@
        social_accounts_collection_link@ memberships_details_collection_link@
        open_membership_invitations_collection_link@ confirmed_email_addresses_collection_link@
        team_owner_link preferred_email_address_link mailing_list_auto_subscribe_policy
        archive_link ppas_collection_link@ sub_teams_collection_link@ super_teams_collection_link@
        members_collection_link@ admins_collection_link@ participants_collection_link@
        deactivated_members_collection_link@ expired_members_collection_link@
        invited_members_collection_link@ members_details_collection_link@
        proposed_members_collection_link@ account_status_history
    """,
    "team": """
        all_specifications_collection_link@ valid_specifications_collection_link@
        recipes_collection_link@ time_zone private is_valid is_team account_status visibility name
        is_probationary id karma homepage_content description languages_collection_link@
        hide_email_addresses date_created sshkeys_collection_link@ is_ubuntu_coc_signer
        gpg_keys_collection_link@ wiki_names_collection_link@ irc_nicknames_collection_link@
        jabber_ids_collection_link@ social_accounts_collection_link@
        memberships_details_collection_link@ open_membership_invitations_collection_link@
        confirmed_email_addresses_collection_link@ team_owner_link preferred_email_address_link
        mailing_list_auto_subscribe_policy archive_link ppas_collection_link@
        sub_teams_collection_link@ super_teams_collection_link@ members_collection_link@
        admins_collection_link@ participants_collection_link@ deactivated_members_collection_link@
        expired_members_collection_link@ invited_members_collection_link@
        members_details_collection_link@ proposed_members_collection_link@ account_status_history
        team_description membership_policy subscription_policy renewal_policy
        default_membership_period default_renewal_period logo_link@ mugshot_link@ display_name
    """,
    "team_membership": """
        team_link member_link last_changed_by_link date_joined date_expires last_change_comment
        status
    """,
    "email_address": """
        email person_link
    """,
    "branch": """
        recipes_collection_link@ webhooks_collection_link@ date_last_modified explicitly_private
        information_type whiteboard registrant_link owner_link sourcepackage_link project_link
        unique_name display_name last_mirrored last_mirror_attempt last_scanned last_scanned_id
        revision_count linked_bugs_collection_link@ spec_links_collection_link@
        subscriptions_collection_link@ subscribers_collection_link@ date_created
        landing_targets_collection_link@ landing_candidates_collection_link@
        dependent_branches_collection_link@ code_import_link bzr_identity name reviewer_link
        description lifecycle_status url mirror_status_message branch_type branch_format
        repository_format control_format private
    """,
    "vulnerability": """
        id creator_link cve_link date_coordinated_release date_created date_made_public
        date_notice_issued description distribution_link importance importance_explanation
        information_type mitigation notes private status
    """,
}

#: kept beside the fields and never exported: who is affected by a bug, duplicates included
HIDDEN: dict[str, tuple[str, ...]] = {"bug": ("affected",)}

#: what a field holds when nothing else is known of it; None for the fields not named here
_DEFAULTS: dict[str, dict[str, Any]] = {
    "bug": {
        "information_type": "Public", "heat": 6, "tags": [], "number_of_duplicates": 0,
        "message_count": 1, "users_affected_count": 1, "users_unaffected_count": 0,
        "users_affected_count_with_dupes": 1,
        "lock_status": "Unlocked",
    },
    "bug_task": {"status": "New", "importance": "Undecided"},
    "message": {"visible": True, "subject": "", "content": ""},
    "bug_attachment": {"type": "Unspecified"},
    "bug_subscription": {"bug_notification_level": "Discussion"},
    "bug_nomination": {"status": "Nominated"},
    "bug_tracker": {"base_url_aliases": [], "active": True, "bug_tracker_type": "Bugzilla"},
    "cve": {"status": "Candidate", "cvss": {}},
    "specification": {
        "information_type": "Public", "definition_status": "New", "priority": "Undefined",
        "implementation_status": "Unknown", "direction_approved": False, "workitems_text": "",
        "has_accepted_goal": False,
    },
    "milestone": {"official_bug_tags": [], "is_active": True},
    "project_group_milestone": {"official_bug_tags": [], "is_active": True},
    "project": {
        "translations_usage": "Unknown", "official_answers": False, "official_blueprints": False,
        "official_codehosting": False, "official_bugs": False, "information_type": "Public",
        "active": True, "official_bug_tags": [], "translationpermission": "Open",
        "qualifies_for_free_hosting": True, "is_permitted": True, "project_reviewed": False,
        "license_approved": False, "private": False, "branch_sharing_policy": "Public",
        "bug_sharing_policy": "Public", "specification_sharing_policy": "Public",
        "licenses": ["MIT / X / Expat Licence"], "commercial_subscription_is_due": False,
    },
    "project_series": {
        "translations_usage": "Unknown", "official_bug_tags": [], "active": True,
        "status": "Active Development", "translations_autoimport_mode": "None",
    },
    "project_group": {
        "translations_usage": "Unknown", "active": True, "official_bug_tags": [],
        "translationpermission": "Open", "reviewed": False,
    },
    "distribution": {
        "translations_usage": "Unknown", "official_answers": False, "official_blueprints": True,
        "official_codehosting": False, "official_bugs": True, "information_type": "Public",
        "active": True, "branch_sharing_policy": "Public", "bug_sharing_policy": "Public",
        "specification_sharing_policy": "Public", "official_bug_tags": [], "private": False,
        "translationpermission": "Open", "official_packages": True, "supports_ppas": True,
        "supports_mirrors": True, "redirect_release_uploads": False,
        "default_traversal_policy": "Series", "redirect_default_traversal": False,
        "commercial_subscription_is_due": False,
    },
    "distribution_source_package": {"official_bug_tags": []},
    "source_package": {"official_bug_tags": []},
    "distro_series": {
        "translations_usage": "Unknown", "official_bug_tags": [], "active": True,
        "status": "Active Development", "component_names": [], "suite_names": [],
        "index_compressors": [], "supported": False,
    },
    "person": {
        "time_zone": "UTC", "private": False, "is_valid": True, "is_team": False,
        "account_status": "Active", "visibility": "Public", "is_probationary": True, "karma": 0,
        "hide_email_addresses": True, "is_ubuntu_coc_signer": False,
        "mailing_list_auto_subscribe_policy": "Ask me when I join a team",
        "preferred_email_address_link": REDACTED,
    },
    "team": {
        "time_zone": "UTC", "private": False, "is_valid": True, "is_team": True,
        "account_status": "Unactivated", "visibility": "Public", "is_probationary": False,
        "karma": 0, "hide_email_addresses": False, "is_ubuntu_coc_signer": False,
        "mailing_list_auto_subscribe_policy": "Ask me when I join a team",
        "preferred_email_address_link": REDACTED,
        "membership_policy": "Moderated Team", "subscription_policy": "Moderated Team",
        "renewal_policy": "invite them to apply for renewal",
    },
    "team_membership": {"status": "Approved"},
}  # fmt: skip

#: fields that a PATCH may name, by kind
WRITABLE: dict[str, frozenset[str]] = {
    "bug": frozenset({"title", "description", "tags", "duplicate_of_link", "name"}),
    "bug_task": frozenset({
        "status", "importance", "assignee_link", "milestone_link", "target_link",
        "bug_watch_link", "status_explanation", "importance_explanation"}),
    "bug_attachment": frozenset({"title", "type"}),
    "specification": frozenset({
        "name", "title", "summary", "whiteboard", "workitems_text", "priority",
        "definition_status", "implementation_status", "assignee_link", "drafter_link",
        "approver_link", "milestone_link", "specification_url", "direction_approved",
        "target_link"}),
    "milestone": frozenset({"name", "date_targeted", "is_active", "summary", "code_name"}),
    "person": frozenset({"name", "display_name", "description", "hide_email_addresses"}),
    "team": frozenset({"name", "display_name", "description"}),
    "project": frozenset({
        "name", "display_name", "title", "summary", "description", "official_bugs",
        "official_blueprints", "official_answers", "official_bug_tags", "homepage_url",
        "project_group_link", "driver_link", "owner_link", "bug_supervisor_link", "active"}),
    "project_series": frozenset({"name", "summary", "status"}),
}  # fmt: skip

#: how a value comes about
VALUE, LINK, OWN, DERIVED = "value", "link", "own", "derived"


@dataclass(frozen=True)
class Field:
    """One exported field: `how` it comes about, its `default`, the `suffix` of an own link."""

    name: str
    how: str
    default: Any
    suffix: str


@cache
def fields_of(kind: str) -> tuple[Field, ...]:
    """The fields of a kind in the order of the wire, without the four that every kind has."""
    defaults = _DEFAULTS.get(kind, {})
    return tuple(_field(word, defaults) for word in _TABLE[kind].split())


def _field(word: str, defaults: dict[str, Any]) -> Field:
    name = word.rstrip("@=")
    suffix = name.removesuffix("_link").removesuffix("_collection")
    if word.endswith("="):
        how = DERIVED
    elif word.endswith("@"):
        how = OWN
    else:
        how = LINK if name.endswith("_link") else VALUE
    return Field(name, how, defaults.get(name), suffix)


def kinds() -> tuple[str, ...]:
    """All kinds of entries in the table."""
    return tuple(_TABLE)


@cache
def stored_fields(kind: str) -> dict[str, Field]:
    """The fields of a kind that are kept in the store, by name."""
    return {f.name: f for f in fields_of(kind) if f.how in (VALUE, LINK)}


def names_of(kind: str) -> list[str]:
    """All names in an entry of this kind, in the order of the wire."""
    first = ["self_link", "web_link"] if kind in SITES else ["self_link"]
    return [*first, "resource_type_link", *(f.name for f in fields_of(kind)), "http_etag"]


def compact(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """What has to be stored of `values`: the known fields that are not at their default."""
    known = stored_fields(kind)
    data = {
        name: value
        for name, value in values.items()
        if name in known and value != known[name].default
    }
    for name in HIDDEN.get(kind, ()):
        if name in values:
            data[name] = values[name]
    return data
