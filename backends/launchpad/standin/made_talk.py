"""What happens on a made-up bug: messages, history, attachments, subscriptions, watches."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tracker_migrate.backends.launchpad.standin.librarian import keep_file
from tracker_migrate.backends.launchpad.standin.made_files import made_file
from tracker_migrate.backends.launchpad.standin.made_people import Cast
from tracker_migrate.backends.launchpad.standin.made_project import Scene
from tracker_migrate.backends.launchpad.standin.store import Store
from tracker_migrate.backends.launchpad.standin.writer import COMMENTS, Writer


class Talk:
    """The life of one bug from its filing on; `moment` moves forward."""

    def __init__(
        self, store: Store, writer: Writer, cast: Cast, scene: Scene, number: int,
        bug: dict[str, Any], moment: datetime,
    ) -> None:  # fmt: skip
        self.store, self.writer, self.cast, self.scene = store, writer, cast, scene
        self.number, self.bug, self.moment, self.count = number, bug, moment, 0
        self.last_message = self.latest = moment.isoformat()
        self.subscribers: list[str] = []
        self.rows: list[dict[str, Any]] = []
        self.speakers = [bug["owner_link"], *(writer.pick(cast.people) for _ in range(2))]

    # -- history ---------------------------------------------------------------------------------

    def note(
        self, what: str, old: str | None, new: str | None, message: str | None = None,
        person: str | None = None,
    ) -> None:  # fmt: skip
        """A row of the bug's history, now."""
        self.rows.append({
            "datechanged": self.moment.isoformat(), "whatchanged": what, "oldvalue": old,
            "newvalue": new, "message": message, "person_link": person or self.speakers[0],
        })  # fmt: skip

    def task(self, target: str, task: dict[str, Any]) -> None:
        """A task, and what the history says of it."""
        who = task.get("assignee_link") or self.writer.pick(self.cast.core)
        shown = task["bug_target_name"]
        if target != self.scene.project:
            self._at(task["date_created"], "bug task added", None, shown, who)
        for name, default in (("importance", "Undecided"), ("status", "New")):
            if task[name] != default:
                self._at(task.get("date_left_new") or task["date_created"], f"{shown}: {name}",
                         default, task[name], who)  # fmt: skip
        if "assignee_link" in task:
            name = task["assignee_link"][1:]
            self._at(task["date_assigned"], f"{shown}: assignee", None, f"{name} ({name})", who)
        if "milestone_link" in task:
            milestone = task["milestone_link"].rpartition("/")[2]
            self._at(task["date_created"], f"{shown}: milestone", None, milestone, who)

    def _at(self, date: str, what: str, old: str | None, new: str | None, who: str) -> None:
        self.rows.append({"datechanged": date, "whatchanged": what, "oldvalue": old,
                          "newvalue": new, "message": None, "person_link": who})  # fmt: skip

    # -- the story -------------------------------------------------------------------------------

    def tell(self, task: dict[str, Any]) -> None:
        """Everything after the filing."""
        self.note("bug", None, None, "added bug")
        self._first_message()
        self._subscriptions()
        for _ in range(self.writer.among(COMMENTS)):
            self._comment(task)
        x = self.writer.random()
        if x < 0.1:
            self._attach(x)
        if 0.09 < x < 0.11:
            self._watch()
        if 0.11 < x < 0.116:
            self._cve()
        if 0.12 < x < 0.13:
            self._nominate()
        if 0.13 < x < 0.3:
            self._affect()
        for row in self.rows:
            self.store.add_activity(self.number, row)

    def updated(self) -> str:
        """The date of the last thing that happened."""
        return max(self.latest, *(str(row["datechanged"]) for row in self.rows))

    def _first_message(self) -> None:
        """Message 0 is the description as filed; 14 % of descriptions were edited later."""
        text = self.bug["description"]
        x = self.writer.random()
        if x < 0.132:
            filed = text[: len(text) // 2] + "\n\n" + self.writer.sentence()
            self.moment += timedelta(minutes=7)
            self.note("description", filed, text)
            text = filed
        elif x < 0.138:
            text = f"{text}\n\n"
        self._say(self.bug["owner_link"], text, self.bug["title"])

    def _say(self, who: str, text: str, subject: str, **more: Any) -> int:
        index = self.count
        when = self.bug["date_created"] if index == 0 else self.moment.isoformat()
        values = {"content": text, "owner_link": who, "subject": subject, "date_created": when}
        self.store.put_message(self.number, index, {**values, **more})
        self.count += 1
        if index:
            self.last_message, self.latest = when, max(self.latest, when)
        return index

    def _comment(self, task: dict[str, Any]) -> None:
        writer, x = self.writer, self.writer.random()
        if x > 0.02:  # else the same date as the message before, to the microsecond
            self.moment += timedelta(hours=0.1 + 60 * writer.random() ** 4)
        if writer.random() < 0.02:
            self.moment = self.moment.replace(microsecond=0)
        if writer.random() < 0.001:  # real bugs have messages out of the order of their dates
            self.moment -= timedelta(days=1)
        subject = f"Re: {self.bug['title']}"
        if x > 0.59 and task["status"] not in ("New", "Confirmed", "Incomplete"):
            bot = writer.pick(self.cast.bots)
            self._say(bot, writer.bot(self.count, self.number, self.scene.project), subject)
            return
        who = writer.pick(self.speakers) if x < 0.4 else writer.pick(self.cast.core)
        self._human(who, writer.comment(), subject, writer.random())

    def _human(self, who: str, text: str, subject: str, x: float) -> None:
        later = (self.moment + timedelta(minutes=9)).isoformat()
        if x < 0.006:
            self._say(who, "Cheap lamps at http://spam.example.com/", subject, visible=False)
        elif x < 0.011:
            self._say(who, "", subject, date_deleted=later, date_last_edited=later)
        elif x < 0.025:
            index = self._say(who, f"{text}\n\n(edited)", subject, date_last_edited=later)
            self._revision(index, text)
        else:
            self._say(who, text, subject)

    def _revision(self, index: int, text: str) -> None:
        anchor = f"bugs/{self.number}/comments/{index}"
        values = {"revision": 1, "content": text, "date_created": self.moment.isoformat()}
        self.store.put_item(
            "message_revision", f"{anchor}/revisions/1", values, self.number, anchor
        )

    # -- things beside the messages ----------------------------------------------------------------

    def _subscriptions(self) -> None:
        people = [self.bug["owner_link"]]
        if self.writer.random() < 0.3:
            people.append(self.writer.pick(self.cast.core))
        if self.bug["information_type"].endswith("Security"):
            people.append(self.cast.security)
        for person in dict.fromkeys(people):
            self._subscribe(person)

    def _subscribe(self, person: str) -> None:
        self.subscribers.append(person)
        level = "Lifecycle" if self.writer.random() < 0.05 else "Discussion"
        values = {"date_created": self.bug["date_created"], "bug_notification_level": level,
                  "subscribed_by_link": self.bug["owner_link"]}  # fmt: skip
        path = f"bugs/{self.number}/+subscription/{person[1:]}"
        self.store.put_item("bug_subscription", path, values, self.number)
        if person != self.bug["owner_link"]:
            self.note("bug", None, None, f"added subscriber {person[1:]}")

    def _attach(self, x: float) -> None:
        """A log, a patch (a fifth), an address (a few)."""
        self.moment += timedelta(minutes=3)
        number = self.store.sequence("attachment")
        path = f"bugs/{self.number}/+attachment/{number}"
        index = self._say(self.speakers[0], self.writer.sentence(), self.bug["title"])
        message = f"{self.scene.project}/+bug/{self.number}/comments/{index}"
        values: dict[str, Any] = {"title": f"log-{number}.txt", "message_link": message}
        if x < 0.004:
            values.update(title="screenshot", url="http://files.example.com/lamp.png")
        elif x < 0.02:
            values.update(title=f"fix-{number}.diff", type="Patch")
            self.bug["latest_patch_uploaded"] = self.moment.isoformat()
        if "url" not in values:
            self._keep(path, values["title"], number)
        self.store.put_item("bug_attachment", path, values, self.number)
        self.note("attachment added", None, f"{values['title']} bugs/{number}")

    def _keep(self, path: str, title: str, number: int) -> None:
        text = self.writer.diff() if title.endswith(".diff") else self.writer.log(20).encode()
        name, kind, content = made_file(number, title, text)
        file = keep_file(self.store, name, kind, content, created=self.moment.isoformat())
        self.store.set_meta(f"file:{path}", str(file))

    def _watch(self) -> None:
        number = self.store.sequence("watch")
        path = f"bugs/{self.number}/+watch/{number}"
        remote = str(4000 + number)
        self.store.put_item("bug_watch", path, {
            "bug_tracker_link": self.scene.tracker, "remote_bug": remote,
            "title": f"Example Tracker #{remote}", "url": f"http://tracker.example.com/{remote}",
            "date_created": self.moment.isoformat(), "owner_link": self.speakers[0],
        }, self.number)  # fmt: skip
        self.note("bug watch added", None, f"http://tracker.example.com/{remote}")

    def _cve(self) -> None:
        sequence = f"2030-{1000 + self.number % 9000}"
        path = f"bugs/cve/{sequence}"
        self.store.put_item("cve", path, {
            "sequence": sequence, "status": "Entry", "description": self.writer.sentence(),
            "display_name": f"CVE-{sequence}", "title": f"CVE-{sequence} (Entry)",
            "url": f"https://cve.example.org/{sequence}", "date_created": self.moment.isoformat(),
        })  # fmt: skip
        self.store.relate("cves", f"bugs/{self.number}", path)
        self.note("cve linked", None, sequence)

    def _nominate(self) -> None:
        number = self.store.sequence("nomination")
        series = self.writer.pick(self.scene.series)
        self.store.put_item("bug_nomination", f"bugs/{self.number}/nominations/{number}", {
            "target_link": series, "productseries_link": series,
            "date_created": self.moment.isoformat(), "owner_link": self.speakers[0],
        }, self.number)  # fmt: skip
        self.note("nominated for series", None, series)

    def _affect(self) -> None:
        people = sorted({self.bug["owner_link"], self.writer.pick(self.cast.people)})
        for person in people:
            self.store.relate("users_affected", f"bugs/{self.number}", person)
        self.bug.update(users_affected_count=len(people), affected=people,
                        users_affected_count_with_dupes=len(people),
                        heat=2 + 4 * len(people))  # fmt: skip
