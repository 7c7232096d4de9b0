"""Recorded replies turned into stored entries, whoever they were recorded for.

Replies of several viewers are merged: a logged-in viewer's text wins over an anonymous one's, a
value wins over `redacted`. What a reply only counts (hidden CVEs) becomes a placeholder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tracker_migrate.backends.launchpad.standin.fields import REDACTED, stored_fields
from tracker_migrate.backends.launchpad.standin.librarian import keep_file
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.backends.launchpad.standin.people import make_admin
from tracker_migrate.backends.launchpad.standin.privacy import TYPE_NAMES, grant, grant_spec, share
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.targets import parent_of, task_sort

#: collections whose content is kept as a relation from the entry they hang below
_RELATIONS = (
    "users_affected", "users_unaffected", "users_affected_with_dupes", "cves", "linked_branches",
    "dependencies", "members", "admins", "deactivated_members", "expired_members",
    "invited_members", "proposed_members", "members_details", "memberships_details", "sub_teams",
    "watches", "drivers",
)  # fmt: skip
_RANKS = {"anonymous": 0, "admin": 2}
#: who the recorded viewers are; others are named after their person
_PERSONS = {
    "owner": "lab-owner", "subscriber": "lab-subscriber", "unrelated": "lab-unrelated",
    "grantee": "lab-grantee", "artifact-grantee": "lab-some", "team-member": "lab-member",
    "admin": "name16",
}  # fmt: skip
TEST_CONSUMER = "lab-client"


def absorb(standin: LaunchpadStandIn, records: Iterable[dict[str, Any]]) -> None:
    """Store everything that these replies tell."""
    with standin.lock, standin.store.transaction():
        absorber = _Absorber(standin.store)
        for record in records:
            absorber.take(record)
        absorber.finish()


class _Absorber:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.ranks: dict[str, int] = {}
        self.activity: dict[int, dict[str, dict[int, dict[str, Any]]]] = {}
        self.viewers: set[str] = set()
        self.titles: dict[int, str] = {}
        self.shared = False

    # -- one reply -----------------------------------------------------------------------------

    def take(self, record: dict[str, Any]) -> None:
        viewer = str(record.get("viewer", "anonymous"))
        self.viewers.add(viewer)
        path = unquote(urlsplit(record["url"]).path).removeprefix("/devel/")
        if "+services/sharing" in path:
            self._sharing(record)
        elif record.get("location") and path.endswith("/data"):
            self._location(path.removesuffix("/data"), record["location"])
        elif record["status"] == 200 and ("content" in record or "/devel/" not in record["url"]):
            self._file(path, record)
        elif record["status"] == 200:
            self._body(path, viewer, record["body"])

    def _body(self, path: str, viewer: str, text: str) -> None:
        body = json.loads(text)
        if not isinstance(body, dict):
            return
        rank = _RANKS.get(viewer, 1)
        if "entries" not in body:
            self._entry(body, rank)
            return
        if path.endswith("/activity"):
            self._activity(path, viewer, body)
            return
        for entry in body["entries"]:
            self._entry(entry, rank)
        self._collection(path, body)

    # -- entries -------------------------------------------------------------------------------

    def _entry(self, entry: dict[str, Any], rank: int) -> None:
        kind = str(entry.get("resource_type_link", "")).partition("#")[2]
        path = local(entry.get("self_link", ""))
        if kind not in _KINDS or self.ranks.get(path, -1) > rank:
            return
        self.ranks[path] = rank
        if kind == "bug_task":
            number, title = int(path.rpartition("/")[2]), str(entry.get("title"))
            self.titles[number] = title.partition(': "')[2].removesuffix('"')
        values = stored_values(kind, entry)
        _put(self.store, kind, path, values)

    def _activity(self, path: str, viewer: str, body: dict[str, Any]) -> None:
        rows = self.activity.setdefault(int(path.split("/")[1]), {}).setdefault(viewer, {})
        for index, entry in enumerate(body["entries"], body["start"]):
            rows[index] = stored_values("bug_activity", entry)

    def _collection(self, path: str, body: dict[str, Any]) -> None:
        source, _, name = path.rpartition("/")
        targets = [local(entry["self_link"]) for entry in body["entries"]]
        if name == "bugs" and "/+spec/" in source:
            for target in targets:
                self.store.relate("specs", target, source)
        elif name in ("all_specifications", "valid_specifications"):
            for target in targets if "/" in source else ():
                self.store.relate("goal", source, target)
            self._group_of(source, [target.partition("/+spec/")[0] for target in targets])
        elif self._is_group(path):
            self._group_of(path, [target.partition("/+bug/")[0] for target in targets])
        elif name == "super_teams":
            for target in targets:
                self.store.relate("members", target, source)
        elif name in _RELATIONS:
            self._relate(source, name, targets, int(body.get("total_size", 0)))

    def _is_group(self, path: str) -> bool:
        found = self.store.item(path)
        return found is not None and found.kind == "project_group"

    def _group_of(self, group: str, projects: list[str]) -> None:
        """A group's projects may be known only by what its collections list (projects/mozilla)."""
        if self._is_group(group):
            for project in projects:
                self.store.relate("projects", group, project)

    def _relate(self, source: str, name: str, targets: list[str], total: int) -> None:
        for target in targets:
            self.store.relate(name, source, target)
        if name == "users_affected":
            self._affected(int(source.split("/")[1]), targets)
        if name == "cves" and not targets:
            known = len(self.store.related("cves", source))
            for number in range(known, total):
                self._hidden_cve(source, number)

    def _affected(self, number: int, people: list[str]) -> None:
        bug = self.store.bug(number)
        if bug is not None:
            self.store.put_bug(number, {**bug.data, "affected": people})

    def _hidden_cve(self, bug: str, number: int) -> None:
        """One that is only counted for an anonymous reader: to a login it says what any does."""
        sequence = f"1999-{number}"
        path = f"bugs/cve/{sequence}"
        self.store.put_item("cve", path, {
            "sequence": sequence, "description": "What it says was not recorded",
            "display_name": f"CVE-{sequence}", "title": f"CVE-{sequence} (Candidate)",
            "url": f"https://cve.example.org/{sequence}",
        })  # fmt: skip
        self.store.relate("cves", bug, path)

    # -- files, sharing --------------------------------------------------------------------------

    def _location(self, path: str, location: str) -> None:
        number, name = urlsplit(location).path.strip("/").split("/")
        self.store.set_meta(f"file:{path}", number)
        if not self.store.rows("SELECT 1 FROM file WHERE id=?", int(number)):
            keep_file(self.store, unquote(name), "text/plain", b"", int(number))

    def _file(self, path: str, record: dict[str, Any]) -> None:
        if "content" in record:
            attachment = path.removesuffix("/data")
            number = keep_file(self.store, "data", "text/plain", record["content"])
            self.store.set_meta(f"file:{attachment}", str(number))
            return
        parts = path.strip("/").split("/")
        kind = str(record.get("type") or "text/plain")
        said = record.get("last_modified")
        when = parsedate_to_datetime(said).isoformat() if said else None
        content = record["body"].encode()
        keep_file(self.store, parts[1], kind, content, int(parts[0]), created=when)

    def _sharing(self, record: dict[str, Any]) -> None:
        if record["status"] != 200:
            return
        query = parse_qs(urlsplit(record["url"]).query)
        operation = query.get("ws.op", [""])[0]
        if operation == "getPillarGranteeData":
            self._grantees(local(query["pillar"][0]), json.loads(record["body"]))
        elif operation == "getSharedBugs":
            self.shared = True
            for task in json.loads(record["body"])["entries"]:
                number = int(local(task["bug_link"]).split("/")[1])
                grant(self.store, number, local(query["person"][0]))
        elif operation == "getSharedSpecifications":
            for spec in json.loads(record["body"])["entries"]:
                grant_spec(self.store, local(spec["self_link"]), local(query["person"][0]))

    def _grantees(self, pillar: str, grantees: list[dict[str, Any]] | None) -> None:
        for one in grantees or ():
            types = [TYPE_NAMES[t] for t, level in one["permissions"].items() if level == "ALL"]
            share(self.store, pillar, local(one["self_link"]), types)

    # -- at the end ------------------------------------------------------------------------------

    def finish(self) -> None:
        for bug, by_viewer in self.activity.items():
            best = max(by_viewer, key=lambda viewer: _RANKS.get(viewer, 1))
            self.store.db.execute("DELETE FROM activity WHERE bug=?", (bug,))
            for _, row in sorted(by_viewer[best].items()):
                self.store.add_activity(bug, row)
        _stub_bugs(self.store, self.titles)
        if not self.shared:
            _grant_subscribers(self.store)
        if self.viewers - {"anonymous"}:
            seed_tokens(self.store, self.viewers)
        _sort_tasks(self.store)
        _set_sequences(self.store)


def seed_tokens(store: Store, viewers: set[str]) -> None:
    """Tokens for recorded viewers: TOKEN-of-NAME with SECRET-of-NAME; name16 is an admin."""
    for viewer in sorted(viewers - {"anonymous"}):
        name = _PERSONS.get(viewer, viewer)
        seed_token(store, f"~{name}", TEST_CONSUMER, f"TOKEN-of-{name}", f"SECRET-of-{name}")
    make_admin(store, "~name16")


def person_of(viewer: str) -> str | None:
    """The name of the person that a recorded viewer is; None for anonymous."""
    return None if viewer == "anonymous" else _PERSONS.get(viewer, viewer)


def local(address: str) -> str:
    """A recorded address as a path below `/devel/`."""
    return unquote(address.partition("/devel/")[2])


def stored_values(kind: str, entry: dict[str, Any]) -> dict[str, Any]:
    """What of a recorded entry is stored: links as paths, nothing redacted, nothing derived."""
    values: dict[str, Any] = {}
    for name in stored_fields(kind):
        value = entry.get(name)
        if value == REDACTED:
            continue
        if name.endswith("_link") and isinstance(value, str) and "/devel/" in value:
            value = local(value)
        values[name] = value
    return values


def _put(store: Store, kind: str, path: str, values: dict[str, Any]) -> None:
    parts = path.split("/")
    match kind:
        case "bug":
            store.put_bug(int(parts[1]), values)
        case "bug_task":
            target, _, number = path.rpartition("/+bug/")
            store.put_task(int(number), target, values, task_sort(store, target))
        case "message":
            store.put_message(int(parts[-3]), int(parts[-1]), values)
            store.set_home(int(parts[-3]), "/".join(parts[: parts.index("+bug")]))
        case "message_revision":
            anchor = f"bugs/{parts[-5]}/comments/{parts[-3]}"
            store.put_item(kind, f"{anchor}/revisions/{parts[-1]}", values, int(parts[-5]), anchor)
        case _:
            known = store.item(path)
            bug = int(parts[1]) if parts[0] == "bugs" and parts[1].isdigit() else None
            if kind == "bug_branch":
                bug = int(parts[-1])
            merged = {**(known.data if known else {}), **values}
            store.put_item(kind, path, merged, bug, parent_of(kind, path))


def _grant_subscribers(store: Store) -> None:
    rows = store.rows(
        "SELECT i.bug, i.path FROM item i JOIN bug b ON b.id=i.bug WHERE i.kind="
        "'bug_subscription' AND b.info NOT IN ('Public', 'Public Security')"
    )
    for bug, path in rows:
        grant(store, bug, f"~{path.rpartition('/')[2]}")


def _stub_bugs(store: Store, titles: dict[int, str]) -> None:
    """Bugs of which only tasks or history were recorded."""
    for (number,) in store.rows(
        "SELECT bug FROM task UNION SELECT bug FROM activity EXCEPT SELECT id FROM bug"
    ):
        sql = "SELECT json_extract(data, '$.date_created'), owner FROM task WHERE bug=?"
        created, owner = next(iter(store.rows(sql, number)), ("", None))
        values = {"date_created": created, "date_last_updated": created, "owner_link": owner}
        store.put_bug(number, {**values, "title": titles.get(number, f"Bug {number}")})


def _set_sequences(store: Store) -> None:
    """New attachments, watches, nominations and files get numbers above the recorded ones."""
    for kind, name in (("bug_attachment", "attachment"), ("bug_watch", "watch"),
                       ("bug_nomination", "nomination")):  # fmt: skip
        numbers = [int(e.path.rpartition("/")[2]) for e in store.items("kind=?", kind)]
        if numbers:
            store.sequence(name, max(numbers))
    store.sequence("file", int(store.scalar("SELECT coalesce(max(id), 0) FROM file")) + 1)


def _sort_tasks(store: Store) -> None:
    """Series may have been seen after their tasks, and a task's place hangs on their versions."""
    for bug, target in store.rows("SELECT bug, target FROM task WHERE target LIKE '%/%'"):
        sql = "UPDATE task SET sort=? WHERE bug=? AND target=?"
        store.db.execute(sql, (task_sort(store, target), bug, target))


_KINDS = frozenset({
    "bug", "bug_task", "message", "message_revision", "bug_attachment", "bug_subscription",
    "bug_watch", "bug_nomination", "bug_branch", "bug_tracker", "cve", "specification",
    "specification_branch", "milestone", "project_group_milestone", "project", "project_series",
    "project_group", "project_release", "distribution", "distro_series",
    "distribution_source_package", "source_package", "person", "team", "team_membership",
    "email_address", "branch",
})  # fmt: skip
