"""StoryBoard's stand-in as the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import requests

from tests.state_machine.oracle import Allowed, Standing
from tests.state_machine.standin_stage import _WORDS, StandInStage, named_tags, note, of_home
from tests.state_machine.truth import edits
from tracker_migrate.backends.storyboard.client import Api

_SUPER, _NORMAL = "token-of-super", "token-of-normal"
_OURS = 1
_DONE = ("merged", "invalid")


class StoryBoardStage(StandInStage):
    """Numbers are claimed in blocks; comments can't be edited there."""

    target: ClassVar[str] = "storyboard"
    allowed = Allowed(comment_edits=True, tags_in_text=True)
    target_faults: tuple[str, ...] = (
        *_WORDS,
        "late",
        "double",
        "deadlock",
        "deadlock_400",
        "stranger",
        "expired",
        "down",
    )
    policies = """[information_type]
"Private" = "few"
[policies.few.storyboard]
users = "readers"
without = "all"
"""

    def client(self) -> Any:
        return Api

    # -- people -----------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, body: Any = None, token: str = _NORMAL) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        address = f"{self.standin.url}/v1{path}"
        faults, self.standin.faults = self.standin.faults, []
        try:
            answer = requests.request(method, address, json=body, headers=headers, timeout=20)
        finally:
            self.standin.faults = faults
        if not answer.ok:
            return None
        return answer.json() if answer.content else {}

    def _stories(self, number: int) -> list[int]:
        rows = self.standin.store.all("SELECT id, description, creator_id FROM story ORDER BY id")
        return [
            row[0] for row in rows if row[2] == _OURS and of_home(row[1]) == (number, None)
        ]  # fmt: skip

    def _tasks(self, story: int) -> list[tuple[int, str]]:
        """Ours: a reader may make one of his own there."""
        sql = "SELECT id, status FROM task WHERE story_id=? AND creator_id=?"
        return [(row[0], row[1]) for row in self.standin.store.all(sql, (story, _OURS))]

    def _states(self, number: int) -> Iterator[tuple[str, str]]:
        for story in self._stories(number)[:1]:
            yield from ((str(task), status) for task, status in self._tasks(story))

    def edit(self, number: int, name: str, value: str) -> bool:
        for story in self._stories(number)[:1]:
            if name == "done":
                status = "merged" if value == "True" else "inprogress"
                tasks = self._tasks(story)
                done = [self._ask("PUT", f"/tasks/{one[0]}", {"status": status}) for one in tasks]
                return bool(done) and None not in done
            held = self.standin.store.get("story", story)
            text = f"{held['description'].splitlines()[0]}\n\n{value}"
            body = {"description": text} if name == "text" else {"title": f"It is {value}"}
            return self._ask("PUT", f"/stories/{story}", body) is not None
        return False

    def remark(self, number: int, text: str) -> bool:
        return any(
            self._ask("POST", f"/stories/{story}/comments", {"content": text}) is not None
            for story in self._stories(number)[:1]
        )

    def remove(self, number: int) -> bool:
        return any(
            self._ask("DELETE", f"/stories/{story}", token=_SUPER) is not None
            for story in self._stories(number)[:1]
        )

    def remove_comment(self, number: int, index: int) -> bool:
        return False  # nobody can, there

    def stranger(self) -> None:
        self._theirs_now(
            self._ask("POST", "/stories", {"title": "A stranger's", "description": ""})
        )

    def forge(self, number: int) -> None:
        home = f"https://bugs.launchpad.net/gadget/+bug/{number}"
        for story in self._stories(number)[:1]:
            home = self.standin.store.get("story", story)["description"].splitlines()[0]
        body = {"title": f"forged {number}", "description": f"{home}\n\nforged"}
        self._theirs_now(self._ask("POST", "/stories", body))

    def _theirs_now(self, story: Any) -> None:
        if story is not None:
            self._theirs.append((story["id"], (story["title"], story["description"])))

    def strangers(self) -> Iterator[str]:
        for number, said in self._theirs:
            held = self.standin.store.get("story", number)
            if held is None or (held["title"], held["description"]) != said:
                yield f"story {number} of somebody else's"

    # -- looking ----------------------------------------------------------------------------------

    def stands(self) -> Mapping[int, list[Standing]]:
        found: dict[int, list[Standing]] = {}
        with self.standin.lock:
            rows = self.standin.store.all("SELECT * FROM story WHERE creator_id=1 ORDER BY id")
            for row in rows:
                of = of_home(row["description"])
                if of is not None:
                    found.setdefault(of[0], []).append(self._standing(row))
        return found

    def _standing(self, row: Any) -> Standing:
        ask, at = self.standin.store.all, (row["id"],)
        tasks = [row[1] for row in self._tasks(row["id"])]
        tags = ask("SELECT name FROM story_tag JOIN tag ON tag.id=tag_id WHERE story_id=?", at)
        said = ask("SELECT content, author_id FROM comment WHERE story_id=? ORDER BY id", at)
        readers = ask(
            "SELECT user_id FROM story_permission JOIN permission_user USING (permission_id) "
            "WHERE story_id=?",
            at,
        )
        private = bool(row["private"])
        return Standing(
            title=row["title"],
            text=row["description"],
            done=all(one in _DONE for one in tasks) if tasks else None,
            tags={one[0] for one in tags},
            notes=[note(one[0], one[1] == _OURS and not edits(one[0])) for one in said],
            open=not private,
            shut=private and {one[0] for one in readers} <= {_OURS},
            tasks=len(tasks),
            named=named_tags(row["description"]),
        )

    def outside(self) -> str:
        ask = self.standin.store.all
        with self.standin.lock:
            rows = ask("SELECT id, title, description FROM story WHERE private=0")
            open_ = {row[0] for row in rows}
            more = ask("SELECT story_id, content FROM comment")
            more += ask("SELECT story_id, title FROM task")
        return " ".join(
            [f"{row[1]} {row[2]}" for row in rows]
            + [str(row[1]) for row in more if row[0] in open_]
        )
