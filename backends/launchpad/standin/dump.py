"""A bug as a dump tells it: one record with status, texts, messages, and nothing else."""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.launchpad.standin.people import ensure_person
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.statuses import set_assignee, set_status
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.targets import target_names, task_sort

_GONE = "person-unknown"  # who wrote a message whose account is gone


def load_dump(standin: LaunchpadStandIn, record: dict[str, Any], project: str) -> int:
    """Make or replace a bug so that it says what a dump's record says; its number.

    A `{"before": ..., "after": ...}` pair stands for its `after`. What the record does not speak
    of (other tasks, subscriptions, attachments) stays. Differences get rows of history, dated
    like the record's date_last_updated.
    """
    record = record.get("after", record)
    with standin.lock, standin.store.transaction():
        _Loading(standin.store, record, project).run()
    return int(record["id"])


class _Loading:
    def __init__(self, store: Store, record: dict[str, Any], project: str) -> None:
        self.store, self.record, self.project = store, record, project
        self.number = int(record["id"])
        self.created = _date(record["date_created"])
        self.updated = _date(record["date_last_updated"])
        found = store.bug(self.number)
        self.known = found is not None
        self.bug: dict[str, Any] = dict(found.data) if found else {}

    def run(self) -> None:
        _ensure_project(self.store, self.project, self.created)
        self._bug()
        self._task()
        self._messages()
        self.store.put_bug(self.number, self.bug)

    def _bug(self) -> None:
        record, messages = self.record, self.record["messages"]
        owner = self._person(messages[0]["author_link"] if messages else None)
        self.bug.setdefault("owner_link", owner)
        self.bug.setdefault("date_created", self.created)
        if not self.known:
            self.store.put_bug(self.number, self.bug)
            self.store.set_home(self.number, self.project)
            self._note("bug", None, None, "added bug", self.created)
        for name, what in (("title", "summary"), ("description", "description")):
            self._field(name, what, record[name])
        old = sorted(self.bug.get("tags", ()))
        if old != sorted(record["tags"]) and self.known:
            self._note("tags", " ".join(old), " ".join(sorted(record["tags"])))
        self.bug.update(tags=record["tags"], heat=record["heat"], date_last_updated=self.updated)

    def _field(self, name: str, what: str, value: str) -> None:
        if self.known and str(self.bug.get(name)).strip() != value.strip():
            self._note(what, self.bug.get(name), value)
        self.bug[name] = value

    def _task(self) -> None:
        task = self.store.task(self.number, self.project)
        data: dict[str, Any] = dict(task.data) if task else self._new_task()
        for name in ("importance", "status"):
            if data.get(name, _DEFAULTS[name]) != self.record[name]:
                self._note(f"{self.project}: {name}", data.get(name, _DEFAULTS[name]),
                           self.record[name])  # fmt: skip
        data["importance"] = self.record["importance"]
        if data.get("status", "New") != self.record["status"]:
            set_status(data, self.record["status"], self.updated)
        self._assign(data)
        self.store.put_task(self.number, self.project, data, task_sort(self.store, self.project))

    def _new_task(self) -> dict[str, Any]:
        shown, name = target_names(self.store, self.project)
        return {"bug_target_display_name": shown, "bug_target_name": name,
                "date_created": self.created, "owner_link": self.bug["owner_link"]}  # fmt: skip

    def _assign(self, data: dict[str, Any]) -> None:
        link = self.record["assignee_link"]
        person = self._person(link) if link else None
        if person != data.get("assignee_link"):
            self._note(f"{self.project}: assignee", data.get("assignee_link"), person)
            set_assignee(data, person, self.updated)

    def _messages(self) -> None:
        for message in self.record["messages"]:
            self._message(message)
        indexes = [int(message["index"]) for message in self.record["messages"]]
        self.store.db.execute("DELETE FROM message WHERE bug=? AND idx>?",
                              (self.number, max(indexes, default=-1)))  # fmt: skip
        self.bug["message_count"] = len(indexes)
        last = max((_date(m["date_created"]) for m in self.record["messages"]), default=None)
        self.bug["date_last_message"] = last

    def _message(self, message: dict[str, Any]) -> None:
        index, text = int(message["index"]), message["content"]
        old = self.store.message(self.number, index)
        if old is not None and str(old.get("content", "")).strip() == text.strip():
            return
        title = self.bug["title"]
        self.store.put_message(self.number, index, {
            "content": text, "date_created": _date(message["date_created"]),
            "owner_link": self._person(message["author_link"]),
            "subject": f"Re: {title}" if index else title,
        })  # fmt: skip

    def _note(
        self, what: str, old: Any, new: Any, message: str | None = None, date: str | None = None
    ) -> None:
        self.store.add_activity(self.number, {
            "datechanged": date or self.updated, "person_link": self.bug["owner_link"],
            "whatchanged": what, "oldvalue": old, "newvalue": new, "message": message,
        })  # fmt: skip

    def _person(self, link: str | None) -> str:
        name = link.rpartition("~")[2] if link else _GONE
        return ensure_person(self.store, name, self.created)


_DEFAULTS = {"status": "New", "importance": "Undecided"}


def _date(text: str) -> str:
    return text.replace(" ", "T", 1)


def _ensure_project(store: Store, name: str, created: str) -> None:
    if store.item(name) is not None:
        return
    owner = ensure_person(store, f"{name}-owner", created)
    store.put_item("project", name, {
        "name": name, "display_name": name, "title": name, "owner_link": owner,
        "registrant_link": owner, "date_created": created, "official_bugs": True,
        "official_blueprints": True, "development_focus_link": f"{name}/trunk",
    })  # fmt: skip
    store.put_item("project_series", f"{name}/trunk", {
        "name": "trunk", "display_name": "trunk", "project_link": name, "owner_link": owner,
        "title": f"{name} trunk series", "date_created": created,
    }, None, name)  # fmt: skip
