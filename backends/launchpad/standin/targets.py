"""Targets of tasks: what their paths say, their names, their order among a bug's tasks."""

from __future__ import annotations

from tracker_migrate.backends.launchpad.standin.store import Store

_MARKS = {
    "specification": "/+spec/", "milestone": "/+milestone/",
    "project_group_milestone": "/+milestone/", "email_address": "/+email/",
    "distribution_source_package": "/+source/", "source_package": "/+source/",
}  # fmt: skip


def parent_of(kind: str, path: str) -> str | None:
    """The entry that an entry of this kind belongs to, by its path."""
    mark = _MARKS.get(kind)
    if mark is not None:
        return path.partition(mark)[0]
    if kind in ("project_series", "distro_series", "project_release"):
        return path.rpartition("/")[0]
    return None


def task_sort(store: Store, target: str) -> str:
    """Where a task stands among its bug's: projects first, then Ubuntu, then by name.

    Recorded bug_tasks of bugs 1, 2, 3 and 5: a distribution's series go by version.
    """
    base, _, package = target.partition("/+source/")
    pillar, _, series = base.partition("/")
    if not package and not is_distribution(store, pillar):
        return f"0 {pillar}\t{series}"
    found = store.item(base) if series else None
    version = str(found.get("version", "")) if found else series
    return f"1 {'-' if pillar == 'ubuntu' else pillar}\t{version}\t{series}\t{package}"


def is_distribution(store: Store, pillar: str) -> bool:
    """Whether a pillar is a distribution; one that was never read is known by its packages."""
    entry = store.item(pillar)
    if entry is not None:
        return entry.kind == "distribution"
    sql = "SELECT 1 FROM task WHERE target LIKE ? OR (target=? AND name<>?) LIMIT 1"
    return bool(store.rows(sql, f"{pillar}/%+source/%", pillar, pillar))


def target_names(store: Store, target: str) -> tuple[str, str]:
    """A target's display name and name as its tasks show them."""
    base, _, package = target.partition("/+source/")
    pillar, _, series = base.partition("/")
    entry = store.item(pillar)
    shown = str(entry.get("display_name", pillar)) if entry else pillar
    if entry is not None and entry.kind == "distribution":
        found = store.item(base) if series else None
        if found is not None:
            shown = f"{shown} {found.get('displayname', series)}"
        if package:
            return f"{package} ({shown})", f"{package} ({shown})"
        return shown, shown if series else pillar
    return (f"{shown} {series}", base) if series else (shown, pillar)
