"""Bugs at the Launchpad stand-in: every text of each has a word of its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.end_to_end.marks import Marks
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.librarian import keep_file
from tracker_migrate.backends.launchpad.standin.oauth import seed_token
from tracker_migrate.backends.launchpad.standin.privacy import grant, share
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.targets import target_names, task_sort

PROJECT = "gadget"
OWNER = "lab-client TOKEN-of-gadget-owner SECRET-of-gadget-owner"
#: reads all Private Security bugs, and those that he was let in to
HALF = "half-reader"
PUBLIC_TYPES = ("Public", "Public Security")
_START = datetime(2015, 1, 2, 3, 4, 5, tzinfo=UTC)


class MarkedBugs:
    """Fills a stand-in, and changes what it holds."""

    def __init__(self, launchpad: LaunchpadStandIn, seed: int = 0) -> None:
        self.launchpad, self.store = launchpad, launchpad.store
        self.marks = Marks(seed)
        made = generate(launchpad, bugs=0, blueprints=0, seed=7)
        self.cast, self.scene = made.cast, made.scene
        self._numbers = itertools.count(501)
        self._moment = _START
        self.bugs: list[int] = []
        self.blueprints: list[str] = []
        with launchpad.lock, self.store.transaction():
            self.half = self._person(HALF)
            share(self.store, PROJECT, self.half, ["Private Security"])
            self.secret_team = self._secret_team()
            self.secret_project = self._secret_project()

    # -- who and where --------------------------------------------------------------------------

    def _person(self, name: str) -> str:
        path = f"~{name}"
        values = {"name": name, "display_name": name.title(), "date_created": self._now()}
        self.store.put_item("person", path, values)
        seed_token(self.store, path, "lab-client", f"TOKEN-of-{name}", f"SECRET-of-{name}")
        return path

    def bot(self, name: str) -> str:
        """A program with an account; its path."""
        return self._person(name)

    def _secret_team(self) -> str:
        name, shown = (
            self.marks.new(f"team's {part}", rule="source") for part in ("name", "title")
        )
        values = {"name": name, "display_name": shown.title(), "private": True}
        values |= {"visibility": "Private", "date_created": self._now()}
        self.store.put_item("team", f"~{name}", values)
        self.store.relate("members", f"~{name}", self.cast.owner)
        return f"~{name}"

    def _secret_project(self) -> str:
        name = self.marks.new("project's name", rule="source")
        known = self.store.item("gadget-lib")
        assert known is not None
        title = self.marks.new("project's title", rule="source")
        hidden = {"private": True, "information_type": "Proprietary", "summary": title}
        shown = {"name": name, "display_name": title, "title": title}
        self.store.put_item("project", name, {**known.data, **hidden, **shown})
        share(self.store, name, self.cast.owner, ["Private", "Private Security", "Proprietary"])
        return name

    def _now(self) -> str:
        self._moment += timedelta(minutes=7, microseconds=11)
        return self._moment.isoformat()

    # -- a bug ----------------------------------------------------------------------------------

    def bug(
        self,
        info: str = "Public",
        *,
        comments: int = 1,
        hidden: int = 0,
        deleted: int = 0,
        files: int = 0,
        tags: Sequence[str] = (),
        targets: Sequence[str] = (PROJECT,),
        readers: Sequence[str] = (),
        assignee: str | None = None,
        same_as: int | None = None,
        address: bool = False,
    ) -> int:
        """File a bug. hidden, deleted: so many comments more. same_as: the bug that it is a
        duplicate of. address: with an e-mail address in each of its texts."""
        number = next(self._numbers)
        with self.launchpad.lock, self.store.transaction():
            self._file(number, info, tags, targets, assignee, same_as, address)
            for _ in range(comments):
                self.comment(number, address=address)
            for _ in range(hidden):
                self.comment(number, visible=False)
            for _ in range(deleted):
                self.comment(number, date_deleted=self._now())
            for _ in range(files):
                self.attach(number, address)
            for person in readers:
                self.let_in(number, person)
        self.bugs.append(number)
        return number

    def _file(
        self,
        number: int,
        info: str,
        tags: Sequence[str],
        targets: Sequence[str],
        assignee: str | None,
        same_as: int | None,
        address: bool,
    ) -> None:
        filer = self.cast.owner
        text = f"It goes wrong, {self._said('description', number, address)}."
        bug = {
            "title": f"Lamp {self._said('title', number, address)} is dark",
            "description": text, "owner_link": filer, "information_type": info,
            "tags": sorted([*tags, *self._tag(number, info)]), "date_created": self._now(),
            "duplicate_of_link": f"bugs/{same_as}" if same_as else None,
        }  # fmt: skip
        self.store.put_bug(number, bug)
        self.store.set_home(number, targets[0])
        for target in targets:
            self._task(number, target, assignee)
        self._say(number, filer, text, subject=bug["title"])
        self.note(number, "summary", self.marks.new("old title", number), str(bug["title"]))
        grant(self.store, number, filer)
        if same_as:
            sql = "UPDATE bug SET duplicates=duplicates+1, data=json_set(data, "
            sql += "'$.number_of_duplicates', duplicates+1) WHERE id=?"
            self.store.db.execute(sql, (same_as,))
        self._touched(number)

    def _tag(self, number: int, info: str) -> list[str]:
        """Each private bug has a tag of its own."""
        return [] if info in PUBLIC_TYPES else [self.marks.new("tag", number)]

    def _said(self, what: str, issue: int | str, address: bool = False) -> str:
        word = self.marks.new(what, issue)
        if not address:
            return word
        return f"{word} {self.marks.new(f'address in {what}', issue, 'address')}@example.org"

    def _task(self, number: int, target: str, assignee: str | None) -> None:
        shown = target_names(self.store, target)
        task = {
            "status": "Fix Released" if number % 2 else "Confirmed", "importance": "High",
            "owner_link": self.cast.owner, "date_created": self._now(),
            "date_confirmed": self._now(),
            "bug_target_display_name": shown[0], "bug_target_name": shown[1],
            "assignee_link": assignee,
            "milestone_link": self.scene.milestones[number % 3] if target == PROJECT else None,
        }  # fmt: skip
        self.store.put_task(number, target, task, task_sort(self.store, target))

    def comment(self, number: int, *, address: bool = False, who: str = "", **more: Any) -> int:
        """Say something on a bug, with a word of its own; its index."""
        stays = "hidden" if more.get("visible") is False else ""
        stays = "deleted" if "date_deleted" in more else stays
        if stays:
            text, subject = (
                self.marks.new(f"{stays} {part}", number, "source") for part in ("text", "subject")
            )
        else:
            text, subject = self._said("comment", number, address), f"Re: bug {number}"
        said = f"Here it happens as well: {text}."
        index = self._say(number, who or self.cast.people[0], said, subject=subject, **more)
        self._touched(number)
        return index

    def _say(self, number: int, who: str, text: str, **more: Any) -> int:
        index = self.store.next_message(number)
        values = {"content": text, "owner_link": who, "date_created": self._now(), **more}
        self.store.put_message(number, index, values)
        return index

    def note(self, number: int, what: str, old: str | None, new: str | None) -> None:
        """A row of a bug's history."""
        row = {"datechanged": self._now(), "whatchanged": what, "oldvalue": old, "newvalue": new}
        self.store.add_activity(number, {**row, "message": None, "person_link": self.cast.owner})

    def attach(self, number: int, address: bool = False) -> int:
        """A comment with a file; the file's number in the librarian."""
        file = self.store.sequence("attachment")
        path = f"bugs/{number}/+attachment/{file}"
        index = self.comment(number)
        title = self._said("file title", number, address)
        name, content = (self.marks.new(f"file {part}", number) for part in ("name", "content"))
        link = f"{self.store.default_target(number)}/+bug/{number}/comments/{index}"
        self.store.put_item("bug_attachment", path, {"title": title, "message_link": link}, number)
        kept = keep_file(self.store, f"{name}.txt", "text/plain", content.encode())
        self.store.set_meta(f"file:{path}", str(kept))
        return kept

    def _touched(self, number: int) -> None:
        self.change(number, message_count=self.store.next_message(number))

    def info(self, issue: int | str) -> str:
        """The information type of a bug or blueprint."""
        held = self.store.bug(issue) if isinstance(issue, int) else self.store.item(issue)
        return str(held.get("information_type", "Public")) if held else ""

    def change(self, number: int, **fields: Any) -> None:
        """Change fields of a bug; its date moves."""
        with self.launchpad.lock:
            bug = self.store.bug(number)
            assert bug is not None
            now = self._now()
            self.store.put_bug(number, {**bug.data, "date_last_updated": now, **fields})

    def let_in(self, number: int, person: str) -> None:
        """Subscribe somebody to a bug, and let him read it."""
        path = f"bugs/{number}/+subscription/{person[1:]}"
        values = {"date_created": self._now(), "subscribed_by_link": self.cast.owner}
        with self.launchpad.lock:
            self.store.put_item("bug_subscription", path, values, number)
            grant(self.store, number, person)
            self._touched(number)
