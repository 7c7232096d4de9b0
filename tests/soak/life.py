"""The source goes on living: its people change bugs and blueprints over Launchpad's own API.

What they do is kept in a small model (`tests.state_machine.truth`), word by word, that the oracle
judges by. They ask the stand-in itself, so that the daemon's faults do not strike them.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from tests.end_to_end.marked_bugs import PROJECT
from tests.state_machine.truth import EMBARGOED, PRIVATE, PUBLIC, Bug, Said, Truth
from tracker_migrate.backends.launchpad.standin.derived import CLOSED
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.server import LaunchpadStandIn
from tracker_migrate.testing.loopback import Request

OWNER = f"lab-client TOKEN-of-{PROJECT}-owner SECRET-of-{PROJECT}-owner"
#: by Launchpad's information type
_INFO = {
    "Public": PUBLIC, "Public Security": PUBLIC, "Private": PRIVATE, "Private Security": PRIVATE,
    "Proprietary": EMBARGOED, "Embargoed": EMBARGOED,
}  # fmt: skip
_STATUSES = ("Incomplete", "Invalid", "Won't Fix", "Confirmed", "In Progress", "Fix Released",
             "Triaged", "Fix Committed", "Opinion")  # fmt: skip
_IMPORTANCES = ("Undecided", "Wishlist", "Low", "Medium", "High", "Critical")
TAGS = ("ui", "api", "docs", "low-hanging-fruit", "testing", "in-stable-2.x")

_T = TypeVar("_T")


class Refused(Exception):
    """The stand-in does not do this."""


class Life:
    """Makes the project, then one change after the other. skipped: what could not be done where it
    was drawn, because there is no such thing (a comment to edit, a task to remove)."""

    def __init__(self, launchpad: LaunchpadStandIn, draw: random.Random, bugs: int) -> None:
        self.launchpad, self.store, self._draw = launchpad, launchpad.store, draw
        self.truth = Truth(keeps_filed=True)
        made = generate(launchpad, bugs=bugs, blueprints=bugs // 12, seed=draw.randrange(10**6))
        self._scene, self._core = made.scene, made.cast.core
        with launchpad.lock, self.store.transaction():
            for row in self.store.rows("SELECT id FROM bug ORDER BY id"):
                self._adopt(row[0])
        #: tasks that were taken away, or moved, by bug; bugs that are another project's by now;
        #: those that have or had a file; that one was taken away from; whose comment was edited
        self.removed: Counter[int] = Counter()
        self.moved: set[int] = set()
        files = self.store.items("kind='bug_attachment'")
        self.attached = {one.bug for one in files if one.bug is not None}
        self.detached: set[int] = set()
        self.edited: set[int] = set()
        rows = self.store.items("kind='specification'")
        self._blueprints = [one.path for one in rows]
        self.tags_known = {*TAGS, *(tag for bug in self.truth.bugs.values() for tag in bug.tags)}

    # -- the project as it is in the beginning ---------------------------------------------------

    def _adopt(self, number: int) -> None:
        """Give every text of a made-up bug a word of its own."""
        word, held = self.truth.word, self.store.bug(number)
        assert held is not None
        bug = Bug(number, [word()], [word()], info=_INFO[held.get("information_type", "Public")])
        bug.tags = set(held.get("tags") or ())
        messages = self.store.messages(number)
        same = messages[0].get("content", "").strip() == str(held.get("description", "")).strip()
        text = f"{bug.text} {held.get('description')}"
        title = f"{bug.title} {str(held.get('title')).strip()}"[:200]
        self.store.put_bug(number, {**held.data, "title": title, "description": text})
        if not same:
            bug.texts.insert(0, word())
        filed = text if same else f"{bug.texts[0]} {messages[0].get('content')}"
        self.store.put_message(number, 0, {**messages[0].data, "content": filed})
        for index, message in enumerate(messages[1:], 1):
            said = Said(index, [word()])
            said.hidden = not message.get("visible", True) or bool(message.get("date_deleted"))
            said.ever_hidden = said.hidden
            deleted = bool(message.get("date_deleted"))
            content = "" if deleted else f"{said.text} {message.get('content', '')}".strip()
            self.store.put_message(number, index, {**message.data, "content": content})
            bug.comments.append(said)
        duplicate = held.get("duplicate_of_link")
        if duplicate:
            bug.same_as, bug.ever_same = int(duplicate.rpartition("/")[2]), True
        self.truth.bugs[number] = bug
        self._after(bug)

    # -- asking ----------------------------------------------------------------------------------

    def ask(
        self, method: str, path: str, form: Mapping[str, Any] | None = None, *,
        body: Any = None, who: str = "admin",
    ) -> Any:  # fmt: skip
        """What Launchpad answers somebody. Raises Refused."""
        name = f"{PROJECT}-{who}"
        login = (
            f'OAuth realm="", oauth_consumer_key="lab-client", oauth_token="TOKEN-of-{name}", '
            f'oauth_signature_method="PLAINTEXT", oauth_signature="%26SECRET-of-{name}"'
        )
        kind = "application/json" if form is None else "application/x-www-form-urlencoded"
        data = json.dumps(body) if form is None else urlencode(form, doseq=True)
        headers = {"authorization": login, "content-type": kind}
        request = Request(method, f"/devel/{path}", f"/devel/{path}", (), headers, data.encode())
        reply = self.launchpad.answer(request)
        if reply.status >= 400:
            raise Refused(f"{method} {path}: {reply.status} {reply.body[:200]!r}")
        return reply

    def _post(self, path: str, operation: str, **form: Any) -> Any:
        return self.ask("POST", path, {"ws.op": operation, **form})

    def _patch(self, path: str, **fields: Any) -> None:
        self.ask("PATCH", path, body=fields)

    def _link(self, path: str) -> str:
        return f"{self.launchpad.url}/devel/{path}"

    # -- drawing ---------------------------------------------------------------------------------

    def a_bug(self, *, public: bool = False) -> Bug:
        """One of those that are there; the newer, the likelier, as it is at a real project."""
        bugs = [bug for bug in self.truth.bugs.values() if bug.there and (bug.public or not public)]
        half = bugs[-len(bugs) // 3 :] if self._draw.random() < 0.5 else bugs
        return self._draw.choice(half)

    def _one(self, things: Sequence[_T]) -> _T:
        if not things:
            raise Refused("there is none")
        return self._draw.choice(things)

    def _a_comment(self, bug: Bug, *, hidden: bool = False) -> Said:
        shown = [said for said in bug.comments if said.hidden is hidden]
        if hidden:
            shown = [said for said in shown if self._is_there(bug, said)]
        return self._one(shown)

    def _is_there(self, bug: Bug, said: Said) -> bool:
        message = self.store.message(bug.number, said.index)
        return message is not None and not message.get("date_deleted")

    def _a_task(self, bug: Bug) -> str:
        """The path of one of its tasks."""
        return self._one([one.path for one in self.store.tasks(bug.number)])

    def _sentence(self, word: str) -> str:
        """A text with a word of its own; some are long, as some real ones are."""
        lines = [f"So it is: {word}."]
        lines += ["The relay was read twice, and the lamp is dark."] * self._draw.choice(
            [0, 0, 0, 1, 2, 3, 8, 30]
        )
        return "\n".join(lines)

    def _after(self, bug: Bug) -> None:
        """What follows from a change, in the model."""
        tasks = self.store.tasks(bug.number)
        bug.tasks = len(tasks)
        bug.done = self.done(bug.number, CLOSED)
        self.truth.heard_of(bug)

    def done(self, number: int, closed: Collection[str]) -> bool:
        """Whether all tasks of a bug are in one of these states."""
        tasks = self.store.tasks(number)
        return bool(tasks) and all(one.get("status", "New") in closed for one in tasks)

    # -- what they do ----------------------------------------------------------------------------

    def comment(self) -> None:
        """Somebody says something; a fifth of them twice."""
        bug = self.a_bug()
        for _ in range(self._draw.choice([1, 1, 1, 1, 2])):
            word = self.truth.word()
            said = {"content": self._sentence(word), "subject": "Re: it"}
            self._post(f"bugs/{bug.number}", "newMessage", **said)
            bug.comments.append(Said(self.store.next_message(bug.number) - 1, [word]))
            self._after(bug)

    def status(self) -> None:
        """The status of a task becomes another; closed bugs are opened again, too."""
        bug = self.a_bug()
        self._patch(self._a_task(bug), status=self._draw.choice(_STATUSES))
        self._after(bug)

    def importance(self) -> None:
        """The importance of a task becomes another."""
        self._patch(self._a_task(self.a_bug()), importance=self._draw.choice(_IMPORTANCES))

    def assignee(self) -> None:
        """Somebody takes a task, or lets go of it."""
        who = self._draw.choice([None, *self._core])
        link = None if who is None else self._link(who)
        self._patch(self._a_task(self.a_bug()), assignee_link=link)

    def milestone(self) -> None:
        """A task of the project is planned for a milestone, or for none."""
        bug = self.a_bug()
        if bug.number in self.moved:
            raise Refused("milestones are the project's")
        path = f"{PROJECT}/+bug/{bug.number}"
        where = self._draw.choice([None, *self._scene.milestones])
        self._patch(path, milestone_link=None if where is None else self._link(where))

    def tags(self) -> None:
        """A tag is put on a bug, or taken away."""
        bug = self.a_bug()
        tags = bug.tags ^ {self._draw.choice(TAGS)}
        self._patch(f"bugs/{bug.number}", tags=sorted(tags))
        bug.tags = tags
        self._after(bug)

    def title(self) -> None:
        """A bug is called otherwise."""
        bug, word = self.a_bug(), self.truth.word()
        self._patch(f"bugs/{bug.number}", title=f"Lamp {word} is dark")
        bug.titles.append(word)
        self._after(bug)

    def description(self) -> None:
        """A bug's text is written anew; as it was filed it stays as the first message."""
        bug, word = self.a_bug(), self.truth.word()
        self._patch(f"bugs/{bug.number}", description=self._sentence(word))
        bug.texts.append(word)
        self._after(bug)

    def new_bug(self) -> None:
        """A bug is filed, now and then a private one."""
        title, text = self.truth.word(), self.truth.word()
        info = self._draw.choice(["Public"] * 17 + ["Private", "Private Security", "Proprietary"])
        form = {
            "target": self._link(PROJECT), "title": f"Lamp {title} is dark",
            "description": self._sentence(text), "information_type": info,
        }  # fmt: skip
        reply = self._post("bugs", "createBug", **form)
        number = int(str(reply.headers["Location"]).rpartition("/")[2])
        bug = Bug(number, [title], [text], info=_INFO[info])
        self.truth.bugs[number] = bug
        self._after(bug)

    def edit_comment(self) -> None:
        """A comment is edited: no date moves."""
        bug = self.a_bug()
        said, word = self._a_comment(bug), self.truth.word()
        form = {"new_content": self._sentence(word)}
        self._post(self._message(bug, said), "editContent", **form)
        said.texts.append(word)
        self.edited.add(bug.number)
        self._after(bug)

    def _message(self, bug: Bug, said: Said) -> str:
        return f"{self.store.default_target(bug.number)}/+bug/{bug.number}/comments/{said.index}"

    def hide_comment(self) -> None:
        """A comment is hidden: no date moves."""
        bug = self.a_bug()
        self._show(bug, self._a_comment(bug), visible=False)

    def show_comment(self) -> None:
        """A comment that was hidden is shown again."""
        bugs = [
            bug for bug in self.truth.bugs.values()
            if bug.there and any(one.hidden and self._is_there(bug, one) for one in bug.comments)
        ]  # fmt: skip
        bug = self._one(bugs)
        self._show(bug, self._a_comment(bug, hidden=True), visible=True)

    def _show(self, bug: Bug, said: Said, *, visible: bool) -> None:
        form = {"comment_number": said.index, "visible": str(visible).lower()}
        self._post(f"bugs/{bug.number}", "setCommentVisibility", **form)
        said.hidden, said.ever_hidden, bug.troubled = not visible, True, True
        self._after(bug)

    def delete_comment(self) -> None:
        """A comment is deleted for good."""
        bug = self.a_bug()
        said = self._a_comment(bug)
        self._post(self._message(bug, said), "deleteContent")
        said.hidden = said.ever_hidden = bug.troubled = True
        self._after(bug)

    def add_task(self) -> None:
        """A bug turns out to be another project's, too, or that of a series."""
        bug = self.a_bug(public=True)
        has = {one.path.rpartition("/+bug/")[0] for one in self.store.tasks(bug.number)}
        where = self._one([*{*self._scene.others, *self._scene.series[2:]} - has])
        self._post(f"bugs/{bug.number}", "addTask", target=self._link(where))
        self._after(bug)

    def remove_task(self) -> None:
        """A task that is not the project's own is removed: no date moves."""
        bugs = [bug for bug in self.truth.bugs.values() if bug.there and bug.tasks > 1]
        bug = self._one(bugs)
        paths = [one.path for one in self.store.tasks(bug.number)]
        self.ask("DELETE", self._one([one for one in paths if not one.startswith(f"{PROJECT}/+b")]))
        self.removed[bug.number] += 1
        self._after(bug)

    def attach(self) -> None:
        """A file, with a comment."""
        bug, word = self.a_bug(), self.truth.word()
        form = {
            "data": f"log of {word}", "filename": f"log-{word}.txt", "description": "a log",
            "content_type": "text/plain", "comment": self._sentence(word),
        }  # fmt: skip
        self._post(f"bugs/{bug.number}", "addAttachment", **form)
        self.attached.add(bug.number)
        bug.comments.append(Said(self.store.next_message(bug.number) - 1, [word]))
        self._after(bug)

    def detach(self) -> None:
        """A file is taken away: no date moves."""
        rows = self.store.items("kind='bug_attachment'")
        one = self._one([one for one in rows if one.bug in self.truth.bugs])
        self._post(one.path, "removeFromBug")
        assert one.bug is not None
        self.detached.add(one.bug)

    def private(
        self, types: Sequence[str] = ("Private", "Private Security", "Proprietary")
    ) -> None:
        """A bug is closed to the public: Launchpad does not list it as changed then."""
        self._turn(self.a_bug(public=True), types)

    def public(self) -> None:
        """A bug is opened to the public."""
        bugs = [bug for bug in self.truth.bugs.values() if bug.there and not bug.public]
        self._turn(self._one(bugs), ["Public", "Public Security"])

    def _turn(self, bug: Bug, types: Sequence[str]) -> None:
        info = self._draw.choice(types)
        form = {"information_type": info}
        self._post(f"bugs/{bug.number}", "transitionToInformationType", **form)
        bug.info = _INFO[info]
        self._after(bug)

    def duplicate(self) -> None:
        """A bug turns out to be the same as another one, or not to be."""
        bug, other = self.a_bug(), self.a_bug()
        if bug is other or other.same_as:
            raise Refused("there is none")
        first = None if bug.same_as else other
        link = None if first is None else self._link(f"bugs/{first.number}")
        self._patch(f"bugs/{bug.number}", duplicate_of_link=link)
        bug.same_as, bug.ever_same = first.number if first else None, True
        self._after(bug)

    def vanish(self) -> None:
        """A bug moves to a project that is not read: it is listed no more."""
        bugs = [bug for bug in self.truth.bugs.values() if bug.public and bug.tasks == 1]
        bug = self._one([bug for bug in bugs if bug.number not in self.moved])
        self._patch(f"{PROJECT}/+bug/{bug.number}", target_link=self._link(f"{PROJECT}-docs"))
        self.moved.add(bug.number)
        self.removed[bug.number] += 1
        self._after(bug)

    def blueprint(self) -> None:
        """Somebody works on a blueprint: only its etag tells."""
        path = self._one(self._blueprints)
        word = self.truth.word()
        fields = self._draw.choice([
            {"whiteboard": self._sentence(word)},
            {"workitems_text": f"Work items:\nLet it shine, {word}: DONE"},
            {"priority": self._draw.choice(["Low", "Medium", "High", "Essential"])},
            {"implementation_status": self._draw.choice(["Started", "Implemented", "Blocked"])},
        ])  # fmt: skip
        self._patch(path, **fields)
        held = self.store.item(path)
        if held is not None and _INFO[held.get("information_type", "Public")] == PUBLIC:
            self.truth.told.add(word)
