"""Made-up projects of any size, shaped like real ones, the same for the same seed.

The shares come from a count over a real project's dump; every sentence is invented. Rows stream
into SQLite, so memory stays flat.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from tracker_migrate.backends.launchpad.standin.made_bugs import BugMaker
from tracker_migrate.backends.launchpad.standin.made_people import Cast, make_cast
from tracker_migrate.backends.launchpad.standin.made_project import Scene, make_scene
from tracker_migrate.backends.launchpad.standin.made_sharing import make_sharing
from tracker_migrate.backends.launchpad.standin.made_specs import make_blueprints
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.writer import Writer

_BATCH = 1000
#: bugs that were changed at once, and have one date, where dates are tied
_TIED = 33


@dataclass(frozen=True)
class Made:
    """What was made: the project's path, the numbers of its first and last bug, its people."""

    project: str
    first: int
    last: int
    cast: Cast
    scene: Scene


def generate(
    standin: LaunchpadStandIn,
    bugs: int = 700,
    blueprints: int = 60,
    seed: int = 1,
    project: str = "gadget",
    private: float | None = None,
    group: str | None = None,
    distribution: str | None = None,
    first_bug: int = 1_000_001,
    tied: int = 0,
) -> Made:
    """Fill a stand-in with a made-up project.

    `private` is the share of bugs that not everybody may read; where it is given, so many of the
    blueprints are private, too, and they are shared in every way that there is (made_sharing).
    `group` puts the project into a project group of that name; `distribution` gives some bugs a
    task on a source package there. Of the last bugs, `tied` share the date of their last change,
    33 each, as after an edit of many at once (recording lab-bulk).
    Tokens: consumer `lab-client`, `TOKEN-of-NAME` / `SECRET-of-NAME` for `PROJECT-owner` (reads
    everything of the project), `PROJECT-reader` (nothing private) and the admin `PROJECT-admin`.
    """
    writer = Writer(random.Random(seed))
    with standin.lock:
        with standin.store.transaction():
            cast = make_cast(standin.store, writer, project, people=max(25, min(bugs // 3, 5000)))
            scene = make_scene(standin.store, writer, cast, project, group, distribution)
        maker = BugMaker(standin.store, writer, cast, scene, _usual(private), bugs)
        first = max(standin.store.next_bug(), first_bug)
        number = first
        for start in range(0, bugs, _BATCH):
            with standin.store.transaction():
                for _ in range(start, min(start + _BATCH, bugs)):
                    number = maker.make(number) + 1
        with standin.store.transaction():
            make_blueprints(standin.store, writer, cast, scene, blueprints, maker.recent)
            if private:
                make_sharing(standin.store, cast, scene, seed, private)
            _tie(standin.store, tied)
    return Made(project, first, number - 1, cast, scene)


def _tie(store: Store, count: int) -> None:
    rows = store.rows("SELECT id, updated FROM bug ORDER BY id DESC LIMIT ?", count)
    for at, (bug, _) in enumerate(rows):
        date = rows[at - at % _TIED][1]
        store.db.execute(
            "UPDATE bug SET updated=?1, data=json_set(data, '$.date_last_updated', ?1) WHERE id=?2",
            (date, bug),
        )


def _usual(private: float | None) -> float:
    return 0.06 if private is None else private


def generate_from_spec(standin: LaunchpadStandIn, spec: str) -> Made:
    """Generate as `bugs=700,blueprints=60,seed=1,project=gadget,group=...` says."""
    given = dict(part.partition("=")[::2] for part in spec.split(",") if part)
    return generate(
        standin,
        bugs=int(given.get("bugs", "700")),
        blueprints=int(given.get("blueprints", "60")),
        seed=int(given.get("seed", "1")),
        project=given.get("project", "gadget"),
        private=float(given["private"]) if "private" in given else None,
        group=given.get("group"),
        distribution=given.get("distribution"),
        tied=int(given.get("tied", "0")),
    )
