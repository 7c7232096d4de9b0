"""The registry of a made-up project: pillars, series, milestones, sharing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tracker_migrate.backends.launchpad.standin.made_people import JOINED, Cast
from tracker_migrate.backends.launchpad.standin.privacy import share
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.words import TAGS
from tracker_migrate.backends.launchpad.standin.writer import Writer


@dataclass
class Scene:
    """Where the bugs are: paths of the project, its series and milestones, the others."""

    project: str
    series: list[str] = field(default_factory=list)
    milestones: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    package: str | None = None
    tracker: str = "bugs/bugtrackers/example-tracker"


def make_scene(
    store: Store, writer: Writer, cast: Cast, project: str, group: str | None, distro: str | None
) -> Scene:
    """Make the project and what is around it."""
    scene = Scene(project)
    if group:
        _group(store, cast, group)
    _project(store, cast, project, group)
    _share(store, cast, project)
    scene.others = [f"{project}-{kind}" for kind in ("client", "docs", "lib")]
    for other in scene.others:
        _project(store, cast, other, group)
        share(store, other, cast.owner, ["Private", "Private Security"])
    scene.series = [_series(store, cast, project, n) for n in ("trunk", "1.x", "2.x", "3.x")]
    for number in range(12):
        scene.milestones.append(_milestone(store, project, number))
    if distro:
        scene.package = _package(store, cast, distro, project)
    store.put_item("bug_tracker", scene.tracker, {
        "name": "example-tracker", "title": "Example Tracker", "base_url":
        "http://tracker.example.com/", "registrant_link": cast.owner,
    })  # fmt: skip
    return scene


def _project(store: Store, cast: Cast, name: str, group: str | None) -> None:
    shown = name.replace("-", " ").title()
    main = not name.endswith(("-client", "-docs", "-lib"))
    store.put_item("project", name, {
        "name": name, "display_name": shown, "title": shown, "owner_link": cast.owner,
        "registrant_link": cast.owner, "driver_link": cast.drivers, "date_created": JOINED,
        "summary": f"{shown} keeps lamps, valves and timers in step.", "official_bugs": True,
        "official_blueprints": True, "official_bug_tags": sorted(TAGS[:8]),
        "development_focus_link": f"{name}/trunk", "project_group_link": group,
        "bug_sharing_policy": "Public, can be proprietary" if main else "Public",
    })  # fmt: skip
    if not main:
        _series(store, cast, name, "trunk")


def _share(store: Store, cast: Cast, project: str) -> None:
    everything = ["Private", "Private Security", "Proprietary", "Embargoed"]
    share(store, project, cast.owner, everything)
    share(store, project, cast.security, ["Private Security"])
    share(store, project, cast.drivers, ["Private"])


def _series(store: Store, cast: Cast, project: str, name: str) -> str:
    path = f"{project}/{name}"
    status = {"trunk": "Active Development", "1.x": "Obsolete"}.get(name, "Supported")
    store.put_item("project_series", path, {
        "name": name, "display_name": name, "project_link": project, "status": status,
        "title": f"{project.title()} {name} series", "date_created": JOINED,
        "owner_link": cast.owner, "summary": f"The {name} line.", "active": status != "Obsolete",
    }, None, project)  # fmt: skip
    return path


def _milestone(store: Store, project: str, number: int) -> str:
    major, minor = divmod(number, 4)
    name = f"{major + 1}.{minor}"
    series = f"{project}/{major + 1}.x" if minor else f"{project}/trunk"
    path = f"{project}/+milestone/{name}"
    values: dict[str, Any] = {
        "name": name, "target_link": project, "title": f"{project.title()} {name}",
        "date_targeted": f"20{14 + major * 2 + minor // 2}-{1 + minor * 3:02}-15",
        "is_active": number > 8, "series_target_link": series, "summary": f"Release {name}.",
    }  # fmt: skip
    store.put_item("milestone", path, values, None, project)
    return path


def _group(store: Store, cast: Cast, name: str) -> None:
    store.put_item("project_group", name, {
        "name": name, "display_name": name.title(), "title": name.title(),
        "owner_link": cast.owner, "registrant_link": cast.owner, "date_created": JOINED,
        "summary": "Projects that belong together.",
    })  # fmt: skip


def _package(store: Store, cast: Cast, distro: str, package: str) -> str:
    shown = distro.title()
    store.put_item("distribution", distro, {
        "name": distro, "display_name": shown, "title": shown, "owner_link": cast.owner,
        "registrant_link": cast.owner, "date_created": JOINED, "summary": "A distribution.",
        "current_series_link": f"{distro}/amber", "members_link": cast.drivers,
    })  # fmt: skip
    store.put_item("distro_series", f"{distro}/amber", {
        "name": "amber", "displayname": "Amber", "title": "Amber", "version": "10.1",
        "fullseriesname": f"{shown} Amber", "distribution_link": distro, "date_created": JOINED,
        "owner_link": cast.owner, "registrant_link": cast.owner,
    }, None, distro)  # fmt: skip
    path = f"{distro}/+source/{package}"
    store.put_item("distribution_source_package", path, {
        "name": package, "display_name": f"{package} in {shown}", "distribution_link": distro,
        "title": f"{package} package in {shown}", "upstream_product_link": package,
    }, None, distro)  # fmt: skip
    return path
