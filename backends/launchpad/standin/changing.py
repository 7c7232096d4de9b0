"""One change of a bug: what it writes, whether it moves date_last_updated, what history says.

Facts (sections 3 and 12): most edits through the API move the date; adding or deleting a task,
privacy, hiding, editing and deleting comments, removing attachments, unlinking, subscriptions,
locks, nominations and other bugs' duplicate marks do not.
"""

from __future__ import annotations

from typing import Any

from tracker_migrate.backends.launchpad.standin.context import Context
from tracker_migrate.backends.launchpad.standin.derived import PUBLIC_TYPES, SECURITY_TYPES
from tracker_migrate.backends.launchpad.standin.entry import Entry
from tracker_migrate.backends.launchpad.standin.errors import TEXT, not_found
from tracker_migrate.testing.loopback import Reply


class BugChange:
    """A bug in hand: change `data`, then `save`."""

    def __init__(self, ctx: Context, bug: Entry) -> None:
        self.ctx, self.store = ctx, ctx.store
        self.number = bug.bug or 0
        self.data = bug.data
        self.now = ctx.now()

    @classmethod
    def of(cls, ctx: Context, number: int | None) -> BugChange:
        """The bug of this number; 404 if there is none."""
        bug = ctx.store.bug(number or 0)
        if bug is None:
            raise not_found(Entry("bugs", "bugs"), str(number))
        return cls(ctx, bug)

    @property
    def path(self) -> str:
        """The bug's path."""
        return f"bugs/{self.number}"

    def bump(self) -> None:
        """Move date_last_updated."""
        self.data["date_last_updated"] = self.now

    def note(self, what: str, old: Any = None, new: Any = None, message: Any = None) -> None:
        """Add a row of history."""
        self.store.add_activity(self.number, {
            "datechanged": self.now, "person_link": self.ctx.view.person, "whatchanged": what,
            "oldvalue": old, "newvalue": new, "message": message,
        })  # fmt: skip

    def save(self) -> None:
        """Write the bug; its heat follows from what is there now."""
        self.data["heat"] = self._heat()
        self.store.put_bug(self.number, self.data)

    def entry(self) -> Entry:
        """The bug as an entry."""
        return Entry("bug", self.path, self.data, self.number)

    def _heat(self) -> int:
        """4 for each one affected, 2 for each subscriber, 6 for each duplicate, 150 if private,
        250 if about security; recorded changes 26 to 36."""
        info = self.data.get("information_type", "Public")
        subscribers = self.store.scalar(
            "SELECT count(DISTINCT substr(path, instr(path, '+subscription/'))) FROM item WHERE "
            "kind='bug_subscription' AND (bug=? OR bug IN (SELECT id FROM bug WHERE "
            "duplicate_of=?))", self.number, self.number,
        )  # fmt: skip
        duplicates = int(self.data.get("number_of_duplicates", 0))
        affected = int(self.data.get("users_affected_count_with_dupes", 1))
        private = 150 if info not in PUBLIC_TYPES else 0
        security = 250 if info in SECURITY_TYPES else 0
        return 4 * affected + 2 * int(subscribers) + 6 * duplicates + private + security

    # -- pieces that several operations share ------------------------------------------------------

    def say(self, content: str, subject: str) -> int:
        """Add a message; its index."""
        index = self.store.next_message(self.number)
        self.store.put_message(self.number, index, {
            "content": content, "subject": subject, "date_created": self.now,
            "owner_link": self.ctx.view.person,
        })  # fmt: skip
        self.data["message_count"] = int(self.data.get("message_count", 1)) + 1
        self.data["date_last_message"] = self.now
        return index

    def message_path(self, index: int) -> str:
        """Where a message is."""
        return f"{self.store.default_target(self.number)}/+bug/{self.number}/comments/{index}"

    def subscribe(self, person: str, level: str = "Discussion") -> str:
        """Subscribe somebody; the subscription's path."""
        path = f"{self.path}/+subscription/{person[1:]}"
        known = self.store.item(path)
        fresh = {"date_created": self.now, "subscribed_by_link": self.ctx.view.person}
        values = dict(known.data) if known else fresh
        values["bug_notification_level"] = level
        self.store.put_item("bug_subscription", path, values, self.number)
        return path


def created(ctx: Context, path: str) -> Reply:
    """What a factory answers: 201, where the new thing is, and an empty body."""
    return Reply(201, b"", {"Location": str(ctx.link(path)), "Content-Type": TEXT})


def shown_person(ctx: Context, path: str | None) -> str | None:
    """A person as history names them."""
    person = ctx.store.item(path) if path else None
    return None if person is None else f"{person.get('display_name')} ({str(path)[1:]})"
