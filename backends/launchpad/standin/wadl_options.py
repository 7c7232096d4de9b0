"""The enumerations and types of the web service: which words a field or an argument may hold."""

from __future__ import annotations

STATUSES = (
    "New", "Incomplete", "Opinion", "Invalid", "Won't Fix", "Expired", "Confirmed", "Triaged",
    "In Progress", "Deferred", "Fix Committed", "Fix Released", "Does Not Exist", "Unknown",
)  # fmt: skip
IMPORTANCES = ("Unknown", "Undecided", "Critical", "High", "Medium", "Low", "Wishlist")
INFORMATION_TYPES = (
    "Public", "Public Security", "Private Security", "Private", "Proprietary", "Embargoed",
)  # fmt: skip
_SHARING = (
    "Public", "Public, can be proprietary", "Proprietary, can be public", "Proprietary",
    "Embargoed, can be proprietary", "Forbidden",
)  # fmt: skip
_TEAM_POLICIES = ("Open Team", "Delegated Team", "Moderated Team", "Restricted Team")
_SERIES = (
    "Experimental", "Active Development", "Pre-release Freeze", "Current Stable Release",
    "Supported", "Obsolete", "Future",
)  # fmt: skip

#: the words of a field of any kind
_OPTIONS: dict[str, tuple[str, ...]] = {
    "account_status": ("Placeholder", "Unactivated", "Active", "Deactivated", "Suspended", "Closed",
                       "Deceased"),
    "branch_sharing_policy": _SHARING,
    "bug_notification_level": ("Lifecycle", "Details", "Discussion"),
    "bug_sharing_policy": (*_SHARING[:4], "Forbidden", "Embargoed, can be proprietary"),
    "bug_tracker_type": (
        "Bugzilla", "Debbugs", "Roundup", "Trac", "SourceForge or SourceForge derivative",
        "Mantis", "Request Tracker (RT)", "Email Address", "Savane", "PHP Project Bugtracker",
        "Google Code", "GitHub Issues", "GitLab Issues"),
    "default_traversal_policy": ("Series", "Source package", "OCI project"),
    "definition_status": ("Approved", "Pending Approval", "Review", "Drafting", "Discussion",
                          "New", "Superseded", "Obsolete"),
    "implementation_status": (
        "Unknown", "Not started", "Deferred", "Needs Infrastructure", "Blocked", "Started",
        "Slow progress", "Good progress", "Beta Available", "Needs Code Review", "Deployment",
        "Implemented", "Informational"),
    "importance": IMPORTANCES,
    "information_type": INFORMATION_TYPES,
    "last_error_type": (
        "Unknown", "Bug Not Found", "Connection Error", "Invalid Bug ID", "Timeout",
        "Unparsable Bug", "Unparsable Bug Tracker Version", "Unsupported Bugtracker",
        "Private Remote Bug", "Synchronisation succeeded", "Unable to import comments",
        "Unable to push comments", "Unable to set link remote bug to Launchpad"),
    "lifecycle_status": ("Not started", "Started", "Complete"),
    "lock_status": ("Unlocked", "Comment-only"),
    "mailing_list_auto_subscribe_policy": (
        "Never subscribe to mailing lists", "Ask me when I join a team",
        "Always subscribe me to mailing lists"),
    "membership_policy": _TEAM_POLICIES,
    "priority": ("Not", "Undefined", "Low", "Medium", "High", "Essential"),
    "renewal_policy": ("invite them to apply for renewal",
                       "invite them to renew their own membership"),
    "specification_sharing_policy": _SHARING,
    "subscription_policy": _TEAM_POLICIES,
    "translationpermission": ("Open", "Structured", "Restricted", "Closed"),
    "translations_autoimport_mode": ("None", "Import template files",
                                     "Import template and translation files"),
    "translations_usage": ("Unknown", "Launchpad", "External", "Not Applicable"),
    "type": ("Patch", "Unspecified"),
    "vcs": ("Bazaar", "Git"),
    "visibility": ("Public", "Private"),
}  # fmt: skip
_STATUS: dict[str, tuple[str, ...]] = {
    "bug_task": STATUSES,
    "bug_nomination": ("Nominated", "Approved", "Declined"),
    "cve": ("Candidate", "Entry", "Deprecated"),
    "project_series": _SERIES,
    "distro_series": _SERIES,
    "vulnerability": ("Needs triage", "Active", "Ignored", "Retired"),
}
_DATES = ("latest_patch_uploaded", "datechanged", "datereleased")
_BINARY = ("brand_link", "data_link", "icon_link", "logo_link", "mugshot_link")


def options_of(kind: str, name: str) -> tuple[str, ...]:
    """The words that a field may hold; none for a free text."""
    if name == "status":
        return _STATUS.get(kind, ())
    return _OPTIONS.get(name, ())


def type_of(name: str) -> str | None:
    """The type that the WADL names for a field; None for texts, numbers and links."""
    if name == "date_targeted":
        return "xsd:date"
    if name in _BINARY:
        return "binary"
    dated = name.startswith("date_") and name not in ("date_expires", "date_joined")
    if name in _DATES or (dated and not name.endswith("_display")):
        return "xsd:dateTime"
    return None
