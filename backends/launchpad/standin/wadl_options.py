"""The enumerations of the web service: which words a field or an argument may hold."""

from __future__ import annotations

STATUSES = (
    "New", "Incomplete", "Opinion", "Invalid", "Won't Fix", "Expired", "Confirmed", "Triaged",
    "In Progress", "Deferred", "Fix Committed", "Fix Released", "Does Not Exist", "Unknown",
)  # fmt: skip
IMPORTANCES = ("Unknown", "Undecided", "Critical", "High", "Medium", "Low", "Wishlist")
INFORMATION_TYPES = (
    "Public", "Public Security", "Private Security", "Private", "Proprietary", "Embargoed",
)  # fmt: skip
