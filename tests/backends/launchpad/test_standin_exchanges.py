"""The single recorded exchanges: each in the state that it needs, or left out with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.backends.launchpad.standin_recordings import (
    HOST,
    PROJECTS,
    RECORDINGS,
    WEB,
    Asked,
    exchanges,
    needs_recordings,
)
from tests.backends.launchpad.standin_replay import Asker, loaded
from tests.backends.launchpad.standin_worlds import CREATED, cve_and_tracker, give_tokens
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.absorb import absorb, stored_values
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.backends.launchpad.standin.renaming import rename
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.testing.loopback import serving

pytestmark = needs_recordings

_OLD_VERSION = "the product speaks `devel` alone; older versions are answered like it"
_NEVER = "never asked by the product"
_XHTML = "the product asks for JSON alone"
_FAULT = "a failing server: the loopback's `status` fault plays it, see test_standin_traps"
_WHOLE = "lists all of the real server's sample data, of which this has what was recorded"
_WRITES = "a write in a state that was not recorded; its kind is among the changes and set-ups"
_WADL = "the WADL is the stand-in's own; see test_standin_fields"
_ETAG = "Launchpad's own hash; test_standin_traps asks with ours"
_TOKEN = "a personal access token, which the product does not use"
_EARLY = "a total of an early state, of which only a page of 300 rows was recorded"
#: ALL exchanges that are not asked again, and why
LEFT_OUT: dict[str, str] = {
    "bug-version-1.0": _OLD_VERSION, "bug-version-beta": _OLD_VERSION,
    "hidden-comment-in-1.0": _OLD_VERSION, "messages-version-1.0": _OLD_VERSION,
    "messages-version-beta": _OLD_VERSION, "paging-version-1.0": _OLD_VERSION,
    "paging-version-beta": _OLD_VERSION, "project-version-1.0": _OLD_VERSION,
    "project-version-beta": _OLD_VERSION, "spec-version-1.0": _OLD_VERSION,
    "spec-version-beta": _OLD_VERSION, "accept-application-xhtml-xml": _XHTML, "ws-accept": _XHTML,
    "accept-application-vnd-sun-wadl-xml": _WADL, "etag-304": _ETAG, "err-token-bad": _TOKEN,
    "branch": _NEVER, "bugs-getBugData": _NEVER, "get-bugs-ws-op-getBugData-bug-id-1": _NEVER,
    "get-bugs": _NEVER, "get-bugs-cve-ws-op-advancedSearch": _NEVER,
    "get-questions-ws-op-searchQuestions": _NEVER, "project-get_timeline": _NEVER,
    "get-pillars-ws-op-search-text-fire-limit-5": _NEVER,
    "get-firefox-bug-5-ws-op-findSimilarBugs": _NEVER,
    "err-503-db-down": _FAULT, "err-503-timeout": _FAULT, "err-503-timeout-search": _FAULT,
    "get-distros": _WHOLE, "get-projectgroups": _WHOLE, "get-projects": _WHOLE,
    "get-projects-ws-op-latest": _WHOLE, "get--name12-super-teams": _WHOLE,
    "get-people-ws-op-findPerson-text-carlos": _WHOLE,
    "get-people-ws-op-findTeam-text-ubuntu": _WHOLE,
    "ws.show-total_size": _EARLY,
}  # fmt: skip


def suspended(store: Store) -> None:
    """An admin had suspended somebody."""
    person = store.item("~cprov")
    assert person is not None
    store.put_item("person", "~cprov", {**person.data, "account_status": "Suspended",
                                        "is_valid": False})  # fmt: skip


def private(store: Store) -> None:
    """Bug 16 was private for a while, and 14 always is."""
    for number in (14, 16):
        bug = store.bug(number)
        data = bug.data if bug else {"title": "Private", "date_created": "2005-01-01",
                                     "date_last_updated": "2005-01-01"}  # fmt: skip
        store.put_bug(number, {**data, "information_type": "Private", "owner_link": "~name12"})
    store.db.execute("INSERT OR IGNORE INTO access VALUES(16, '~name12')")
    for name, key, permission in (("name16", "name16-readpriv", "READ_PRIVATE"),
                                  ("name12", "name12-readpub", "READ_PUBLIC")):  # fmt: skip
        seed_token(
            store, f"~{name}", "lab-client", f"TOKEN-of-{key}", f"SECRET-of-{key}", permission
        )


def known_address(store: Store) -> None:
    """Name12's address is known to the server."""
    path = "~name12/+email/test@canonical.com"
    values = {"email": "test@canonical.com", "person_link": "~name12"}
    store.put_item("email_address", path, values, None, "~name12")


def edited_twice(store: Store) -> None:
    """Comment 1 of bug 16 has two earlier texts, which anonymous callers only see counted."""
    for number in (1, 2):
        anchor = "bugs/16/comments/1"
        store.put_item("message_revision", f"{anchor}/revisions/{number}", {}, 16, anchor)


def early(store: Store) -> None:
    """Lab-bulk before its bugs were changed: the 300 rows of one recorded page, and one more."""
    for table in ("bug", "task"):
        store.db.execute(f"DELETE FROM {table}")
    page = next(one for one in exchanges() if one.name == "paging-size-300")
    for task in page.body["entries"]:
        number = int(task["bug_link"].rpartition("/")[2])
        title = task["title"].partition(': "')[2].removesuffix('"')
        store.put_bug(number, {"title": title, "date_created": task["date_created"]})
        store.put_task(number, "lab-bulk", stored_values("bug_task", task), "")
    store.put_bug(10**9, {"title": "last", "date_created": CREATED})
    store.put_task(10**9, "lab-bulk", {"date_created": CREATED}, "")


#: the state that an exchange needs besides what the project recordings hold
STATES: dict[str, Callable[[Store], None]] = {
    **{
        f"paging-{name}": early
        for name in (
            "p1",
            "p2",
            "p3",
            "prev",
            "size--1",
            "size-0",
            "size-1",
            "size-300",
            "size-75",
            "size-abc",
        )
    },
    "err-suspended-person": suspended,
    "private-bug-anon": private,
    "private-bug-nopriv": private,
    "private-task-anon": private,
    "private-readpub-token": private,
    "err-private-nopriv": private,
    "err-404-private-anon": private,
    "err-401-readonly-token": private,
    "message-revisions-1": edited_twice,
    "private-attachment-data": private,
    "private-readpriv-token": private,
    "people-getByEmail": known_address,
    "people-getByEmail-anon": known_address,
    "person-emails-anon": known_address,
    "person-renamed-old-url": lambda store: rename(store, "~carlos", "~carlos2"),
    "project-renamed-old-url": lambda store: rename(store, "tomcat", "tomcat-renamed"),
}


def wanted() -> list[Asked]:
    if not RECORDINGS.is_dir():
        return []
    return [one for one in exchanges() if reason(one) is None]


def reason(asked: Asked) -> str | None:
    """Why an exchange is not asked again."""
    if asked.method not in ("GET", "HEAD", "OPTIONS") and not asked.name.startswith("err-"):
        return _WRITES
    return LEFT_OUT.get(asked.name)


@pytest.fixture(scope="module")
def world() -> Iterator[Asker]:
    """All recorded projects in one stand-in."""
    with loaded(*(f"projects/{name}" for name in PROJECTS), "wire/lab-bulk") as asker:
        give_tokens(asker.standin.store, "name12", "no-priv", "name16", "carlos")
        cve_and_tracker(asker.standin.store)
        yield asker


@contextmanager
def own_state(world: Asker, asked: Asked) -> Iterator[Asker]:
    """The world as it was when this reply was recorded: what it tells replaces what is there."""
    standin = LaunchpadStandIn(web=WEB)
    world.standin.store.db.backup(standin.store.db)
    if asked.name in STATES:
        STATES[asked.name](standin.store)
    forget(standin.store, asked.url.partition("/devel/")[2])
    absorb(standin, [{
        "url": asked.url, "status": asked.status, "body": json.dumps(asked.body),
        "viewer": "anonymous" if asked.viewer == "anon" else "admin",
        "location": asked.location,
    }])  # fmt: skip
    with serving(standin) as url:
        yield Asker(url, standin)


def forget(store: Store, path: str) -> None:
    """Remove what a collection holds, so that nothing of a later time is left in it."""
    parts = path.partition("?")[0].split("/")
    if "searchTasks" in path or parts[-1] in ("bug_tasks", "related_tasks"):
        store.db.executescript("DELETE FROM bug; DELETE FROM task")
    elif parts[0] == "bugs" and parts[-1] == "messages":
        store.db.execute("DELETE FROM message WHERE bug=?", (parts[1],))
    elif parts[0] == "bugs" and len(parts) == 3:
        store.db.execute("DELETE FROM relation WHERE source=?", (f"bugs/{parts[1]}",))


def ask(asker: Asker, asked: Asked) -> list[str]:
    """How the answer to an exchange differs."""
    kept = ("Authorization", "Accept", "Content-Type")
    headers = {name: value for name, value in asked.headers.items() if name in kept}
    body = asked.sent
    data = body.replace(HOST, asker.url).encode() if isinstance(body, str) else None
    reply = requests.request(
        asked.method, asker.address(asked.url), headers=headers, data=data,
        allow_redirects=False, timeout=10,
    )  # fmt: skip
    return asker.compare(asked, reply)


@pytest.mark.parametrize("asked", wanted(), ids=lambda asked: asked.name)
def test_exchange(world: Asker, asked: Asked) -> None:
    state = STATES.get(asked.name)
    if state is early or (state is not None and asked.status not in (200, 303)):
        world.standin.store.db.execute("BEGIN")
        state(world.standin.store)
        found = ask(world, asked)
        world.standin.store.db.execute("ROLLBACK")
        assert found == []
        return
    found = ask(world, asked)
    if found and asked.status in (200, 303):  # recorded at another time
        with own_state(world, asked) as asker:
            found = ask(asker, asked)
    assert found == []


def test_not_too_many_are_left_out() -> None:
    reads = [one for one in exchanges() if one.method == "GET"]
    assert len([one for one in reads if reason(one) is None]) >= 150
