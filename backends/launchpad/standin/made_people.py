"""The people of a made-up project: contributors, bots, teams, some gone, some suspended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tracker_migrate.backends.launchpad.standin.absorb import TEST_CONSUMER
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.backends.launchpad.standin.people import make_admin
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.writer import Writer

JOINED = "2011-05-06T07:08:09.101112+00:00"


@dataclass
class Cast:
    """Who takes part; all are paths (`~name`)."""

    owner: str
    reader: str
    admin: str
    drivers: str  # a team
    security: str  # a team
    bots: list[str] = field(default_factory=list)
    core: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)


def make_cast(store: Store, writer: Writer, project: str, people: int) -> Cast:
    """Make everybody."""
    cast = Cast(
        person(store, f"{project}-owner", email=True),
        person(store, f"{project}-reader", email=True),
        person(store, f"{project}-admin", email=True),
        team(store, f"{project}-drivers", "Open Team"),
        team(store, f"{project}-security", "Restricted Team"),
    )
    make_admin(store, cast.admin)
    for path in (cast.owner, cast.reader, cast.admin):
        name = path[1:]
        seed_token(store, path, TEST_CONSUMER, f"TOKEN-of-{name}", f"SECRET-of-{name}")
    cast.bots = [person(store, f"{project}-{kind}-bot") for kind in ("review", "release")]
    for number in range(people):
        cast.people.append(_contributor(store, writer, number))
    cast.core = cast.people[: max(4, people // 20)]
    _join(store, cast)
    writer.names = [path[1:] for path in cast.people[:200]]
    return cast


def person(store: Store, name: str, email: bool = False, **more: Any) -> str:
    """Make somebody; the path."""
    path = f"~{name}"
    shown = name.replace("-", " ").replace(".", " ").title()
    values = {"name": name, "display_name": shown, "date_created": JOINED,
              "preferred_email_address_link": None, **more}  # fmt: skip
    if email:
        address = f"{name}@example.com"
        values["preferred_email_address_link"] = f"{path}/+email/{address}"
        store.put_item("email_address", f"{path}/+email/{address}",
                       {"email": address, "person_link": path}, None, path)  # fmt: skip
    store.put_item("person", path, values)
    return path


def _contributor(store: Store, writer: Writer, number: int) -> str:
    """Every twentieth account is deactivated, every seventieth suspended."""
    name = f"{writer.name()}{number if number > 20 else ''}"
    x = writer.random()
    if x < 0.05:
        gone = f"{name}-deactivatedaccount"
        return person(store, gone, account_status="Deactivated", is_valid=False)
    if x < 0.065:
        return person(store, name, account_status="Suspended", is_valid=False)
    return person(store, name, karma=int(x * 500), hide_email_addresses=x < 0.9)


def team(store: Store, name: str, policy: str, **more: Any) -> str:
    """Make a team without members; the path."""
    shown = name.replace("-", " ").title()
    store.put_item("team", f"~{name}", {
        "name": name, "display_name": shown, "date_created": JOINED, "membership_policy": policy,
        "subscription_policy": policy, "preferred_email_address_link": None, **more,
    })  # fmt: skip
    return f"~{name}"


def _join(store: Store, cast: Cast) -> None:
    for member in [cast.owner, *cast.core[:6]]:
        store.relate("members", cast.drivers, member)
    for member in [cast.owner, *cast.core[:2]]:
        store.relate("members", cast.security, member)
