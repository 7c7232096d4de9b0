"""What each list that an object of Launchpad's links to (`*_collection_link`) is to us: read, as
rows of a type of its own; told by another field; or left, with the reason."""

from __future__ import annotations

from collections.abc import Mapping

#: the type whose rows are read. One that begins with `=` is a field of the model that tells it
READ: Mapping[str, Mapping[str, str]] = {
    "bug": {
        "activity": "bug_activity",
        "attachments": "bug_attachment",
        "bug_tasks": "bug_task",
        "bug_watches": "bug_watch",
        "cves": "cve",
        "duplicates": "=relation.kind relation.to relation.label relation.url",
        "linked_branches": "bug_branch",
        "linked_merge_proposals": "=relation.kind relation.label relation.url relation.extra",
        "messages": "message",
        "subscriptions": "bug_subscription",
    },
    "bug_task": {"related_tasks": "bug_task"},
    "message": {
        "bug_attachments": "=attachment.comment",
        "revisions": "=change.when change.what change.old change.author",
    },
    "bug_watch": {"bug_tasks": "=task.watch"},
    "specification": {
        "bugs": "=relation.kind relation.to relation.label relation.url",
        "dependencies": "=relation.kind relation.to relation.label relation.url",
        "linked_branches": "specification_branch",
    },
    "team": {"participants": "=bug.access blueprint.access"},
    "project": {
        "active_milestones": "milestone",
        "all_milestones": "milestone",
        "all_specifications": "specification",
        "series": "project_series",
        "valid_specifications": "specification",
    },
    "project_group": {
        "active_milestones": "milestone",
        "all_milestones": "milestone",
        "all_specifications": "specification",
        "projects": "project",
        "valid_specifications": "specification",
    },
    "distribution": {
        "active_milestones": "milestone",
        "all_milestones": "milestone",
        "all_specifications": "specification",
        "series": "distro_series",
        "valid_specifications": "specification",
    },
    "project_series": {
        "active_milestones": "milestone",
        "all_milestones": "milestone",
        "all_specifications": "specification",
        "valid_specifications": "specification",
    },
    "distro_series": {
        "active_milestones": "milestone",
        "all_milestones": "milestone",
        "all_specifications": "specification",
        "valid_specifications": "specification",
    },
}

_COUNTED = "how many they are is said; who they are was told to Launchpad, and to no other tracker"
_PROFILE = "about somebody's account, and not about any issue"
_MEMBERS = "members of a team that can read an issue are asked for as its participants"
_OWN_BLUEPRINTS = "the same blueprints are read from their projects"
_PACKAGES = "about building and publishing packages"
_HOOKS = "what a server of Launchpad's calls up: it would not call another tracker's"
_PERSON = {
    **dict.fromkeys(
        ("admins", "deactivated_members", "expired_members", "invited_members", "members",
         "members_details", "proposed_members"),
        _MEMBERS,
    ),
    **dict.fromkeys(("all_specifications", "valid_specifications"), _OWN_BLUEPRINTS),
    **dict.fromkeys(("ppas", "recipes"), _PACKAGES),
    **dict.fromkeys(
        ("confirmed_email_addresses", "gpg_keys", "irc_nicknames", "jabber_ids", "languages",
         "memberships_details", "open_membership_invitations", "social_accounts", "sshkeys",
         "sub_teams", "super_teams", "wiki_names"),
        _PROFILE,
    ),
}  # fmt: skip

#: why nobody reads it
LEFT: Mapping[str, Mapping[str, str]] = {
    "bug": {
        "users_affected": _COUNTED,
        "users_affected_with_dupes": _COUNTED,
        "users_unaffected": _COUNTED,
        "vulnerabilities": "a distribution's security team keeps them, and few may read them",
    },
    "cve": {"bugs": "each bug names its CVEs itself"},
    "person": {**_PERSON, "participants": "a person has none"},
    "team": _PERSON,
    "project": {"recipes": _PACKAGES, "releases": _PACKAGES, "webhooks": _HOOKS},
    "distribution": {
        "archive_mirrors": _PACKAGES,
        "archives": _PACKAGES,
        "cdimage_mirrors": _PACKAGES,
        "derivatives": _PACKAGES,
        "vulnerabilities": "a distribution's security team keeps them, and few may read them",
        "webhooks": _HOOKS,
    },
    "distribution_source_package": {"webhooks": _HOOKS},
    "project_series": {
        "drivers": "who decides what goes into a series: no issue's matter",
        "releases": _PACKAGES,
    },
    "distro_series": {
        "architectures": _PACKAGES,
        "drivers": "who decides what goes into a series: no issue's matter",
    },
}
