"""A stranger at the tracker, who gets in first: with a number that we named, or a tag of ours."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tracker_migrate.backends.storyboard.standin import comments, stories, tags, tasks
from tracker_migrate.backends.storyboard.standin.call import Call, Settings
from tracker_migrate.backends.storyboard.standin.errors import Refused, taken
from tracker_migrate.backends.storyboard.standin.store import Store
from tracker_migrate.testing.loopback import Request

WORDS = "A stranger was here first"


class Stranger:
    """The user of the highest number that is no superuser, as good as anybody."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def take_number(self, request: Request, now: datetime) -> None:
        """Make an object of the same kind with the number that the request names."""
        handler, call = self._call(request, now)
        if handler is None or call is None:
            return
        try:
            with self.store.transaction():
                handler(call)
        except Refused:  # somebody was there even before
            return

    def _call(self, request: Request, now: datetime) -> tuple[Any, Call | None]:
        parts = [part for part in request.path.split("/") if part]
        handlers: dict[str, Any] = {
            "stories": stories.post,
            "tasks": tasks.post,
            "comments": comments.post,
        }
        handler = handlers.get(parts[-1])
        if handler is None or request.method != "POST":
            return None, None
        given = request.json()
        words = {"content": WORDS} if parts[-1] == "comments" else {"title": WORDS}
        kept = ("id", "story_id", "project_id")
        call = self._speaking(request, now)
        call.body = {**{name: given[name] for name in kept if name in given}, **words}
        call.numbers = [int(part) for part in parts if part.isdecimal()]
        if parts[-1] == "tasks" and call.numbers:
            call.body["story_id"] = call.numbers[0]
        return handler, call

    def _speaking(self, request: Request, now: datetime) -> Call:
        sql = "SELECT max(id) FROM user WHERE is_superuser = 0"
        return Call(self.store, request, now, Settings(), user=self.store.value(sql))

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
