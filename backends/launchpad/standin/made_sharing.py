"""Who may read what is private in a made-up project: every way that Launchpad knows.

With all of a type: a person, a team, a team with a team in it, a private team. With single bugs or
blueprints: who filed them, subscribers, a team, and somebody who is not even subscribed. It has a
source of chance of its own, so that nothing public depends on it.
"""

from __future__ import annotations

import random

from tracker_migrate.backends.launchpad.standin.absorb import TEST_CONSUMER
from tracker_migrate.backends.launchpad.standin.made_people import Cast, person, team
from tracker_migrate.backends.launchpad.standin.made_project import Scene
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.backends.launchpad.standin.privacy import grant, grant_spec, share
from tracker_migrate.backends.launchpad.standin.store import Store

_BLUEPRINTS = ("Proprietary", "Embargoed")


def make_sharing(store: Store, cast: Cast, scene: Scene, seed: int, private: float) -> None:
    """Share a project's private bugs, make some of its blueprints private, and share those.

    Tokens for `PROJECT-guest` (single bugs and blueprints alone) and `PROJECT-insider` (in a
    private team: embargoed ones).
    """
    chance = random.Random(f"{seed} sharing")
    name = scene.project
    guest, insider = (_account(store, f"{name}-{who}") for who in ("guest", "insider"))
    triage, vault = _teams(store, cast, name, insider)
    share(store, name, vault, ["Embargoed"])
    if scene.package:
        distribution = scene.package.partition("/")[0]
        share(store, distribution, cast.owner, ["Private", "Private Security"])
    specs = _make_blueprints_private(store, chance, name, private)
    for number in _private_bugs(store, name):
        for grantee, often in ((guest, 0.3), (triage, 0.2), (vault, 0.1)):
            if chance.random() < often:
                grant(store, number, grantee)
    for path in specs:
        for grantee in (guest, triage, chance.choice(cast.core)):
            if chance.random() < 0.5:
                grant_spec(store, path, grantee)


def _account(store: Store, name: str) -> str:
    path = person(store, name, email=True)
    seed_token(store, path, TEST_CONSUMER, f"TOKEN-of-{name}", f"SECRET-of-{name}")
    return path


def _teams(store: Store, cast: Cast, project: str, insider: str) -> tuple[str, str]:
    """A team that is in the drivers' team, and a private one."""
    triage = team(store, f"{project}-triage", "Moderated Team")
    for member in cast.people[-3:]:
        store.relate("members", triage, member)
    store.relate("members", cast.drivers, triage)
    vault = team(store, f"{project}-vault", "Restricted Team", private=True, visibility="Private")
    for member in (insider, cast.core[0]):
        store.relate("members", vault, member)
    return triage, vault


def _private_bugs(store: Store, project: str) -> list[int]:
    rows = store.rows(
        "SELECT b.id FROM bug b JOIN task t ON t.bug=b.id WHERE t.target=? AND b.info NOT IN "
        "('Public', 'Public Security') ORDER BY b.id",
        project,
    )
    return [number for (number,) in rows]


def _make_blueprints_private(
    store: Store, chance: random.Random, project: str, private: float
) -> list[str]:
    """Of three blueprints one is private at least, of six one of each kind."""
    specs = store.items("parent=? AND kind='specification' ORDER BY id", project)
    made = []
    for index, spec in enumerate(specs):
        kind = _BLUEPRINTS[index // 3 % 2]
        if chance.random() < private or (index in (2, 5)):
            values = {**spec.data, "information_type": kind}
            store.put_item("specification", spec.path, values, None, project)
            made.append(spec.path)
    return made
