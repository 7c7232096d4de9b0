"""People and teams: who is in which team, and the people that a stand-in needs from the start."""

from __future__ import annotations

from tracker_migrate.backends.launchpad.standin.store import Store

#: a person of this team may do everything
ADMINS = "~admins"


def circle_of(store: Store, person: str) -> frozenset[str]:
    """A person and all teams it is in, directly or through other teams."""
    seen = {person}
    waiting = [person]
    while waiting:
        for team in store.sources("members", waiting.pop()):
            if team not in seen:
                seen.add(team)
                waiting.append(team)
    return frozenset(seen)


def ensure_person(store: Store, name: str, created: str, display_name: str | None = None) -> str:
    """A person's path; the person is made if it is unknown."""
    path = f"~{name}"
    if store.scalar("SELECT 1 FROM item WHERE path=?", path) is None:
        shown = display_name or name
        values = {"name": name, "display_name": shown, "date_created": created}
        store.put_item("person", path, values)
    return path


def make_admin(store: Store, person: str) -> None:
    """Make somebody an admin."""
    store.relate("members", ADMINS, person)
