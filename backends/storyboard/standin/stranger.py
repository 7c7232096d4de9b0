"""A stranger at the tracker, who gets in first: with a number that we named, or a tag of ours."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from tracker_migrate.backends.storyboard.standin import comments, stories, tags, tasks
from tracker_migrate.backends.storyboard.standin.call import Call, Settings
from tracker_migrate.backends.storyboard.standin.errors import Refused, taken
from tracker_migrate.backends.storyboard.standin.store import Store
from tracker_migrate.testing.loopback import Request

Handler = Callable[[Call], Any]

WORDS = "A stranger was here first"
KEPT = ("id", "story_id", "project_id")  # what the stranger's request has in common with ours
HANDLERS: dict[str, Handler] = {
    "stories": stories.post,
    "tasks": tasks.post,
    "comments": comments.post,
}


def _words(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    words = {"content": WORDS} if kind == "comments" else {"title": WORDS}
    return {**{name: given[name] for name in KEPT if name in given}, **words}


class Stranger:
    """The persona `other` where it is there, else the newest user that is no superuser."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def take_number(self, request: Request, now: datetime) -> None:
        """Make an object of the same kind with the number that the request names."""
        parts = [part for part in request.path.split("/") if part]
        if request.method != "POST" or parts[-1] not in HANDLERS:
            return
        call = self._speaking(request, now)
        call.numbers = [int(part) for part in parts if part.isdecimal()]
        call.body = _words(parts[-1], request.json())
        if parts[-1] == "tasks" and call.numbers:
            call.body["story_id"] = call.numbers[0]
        try:
            self._do(HANDLERS[parts[-1]], call)
        except Refused:
            self._elsewhere(parts[-1], call)

    def _speaking(self, request: Request, now: datetime) -> Call:
        order = "ORDER BY email <> 'other@example.org', id DESC LIMIT 1"
        user = self.store.value(f"SELECT id FROM user WHERE is_superuser = 0 {order}")
        return Call(self.store, request, now, Settings(), user=user)

    def _do(self, handler: Handler, call: Call) -> Any:
        with self.store.transaction():
            return handler(call)

    def _elsewhere(self, kind: str, call: Call) -> None:
        """A task's number can be taken on any story, if this one is not for strangers."""
        if kind != "tasks":
            return  # somebody was there even before
        story = self._do(stories.post, replace(call, body={"title": WORDS}))
        body = {**call.body, "story_id": story["id"]}
        with suppress(Refused):
            self._do(tasks.post, replace(call, body=body))

    def take_tags(self, request: Request, now: datetime) -> Refused | None:
        """Make the tags that a PUT names, after it has looked: its own insert is then refused.

        The number that the refused insert took is spent (tag-rules, the races).
        """
        names = tags.wanted(request.json())
        if request.method == "POST":
            names = [request.json()["tag_name"]]
        call = self._speaking(request, now)
        for name in names:
            if tags.known(call, name) is None:
                with self.store.transaction():
                    tags.create(call, name)
        self.store.take("tag")
        return taken("StoryTag", names[0]) if names else None
