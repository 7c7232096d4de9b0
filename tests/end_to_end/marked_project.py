"""A small project at the Launchpad stand-in: every text in it has a word of its own.

A third of its bugs is private, in every way that Launchpad knows; some comments are hidden, some
deleted; some texts hold e-mail addresses; a team, a project and some branches are private.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.end_to_end.marked_bugs import PROJECT, MarkedBugs
from tests.end_to_end.marks import Rule
from tracker_migrate.backends.launchpad.standin.privacy import grant_spec, revoke


class MarkedProject(MarkedBugs):
    """Adds blueprints and branches, and changes what is there."""

    def link_branches(self, number: int) -> None:
        """Link a branch that everybody knows to a bug, and one that hardly anybody knows."""
        rules: dict[str, Rule] = {"Public": "issue", "Proprietary": "source"}
        for info, rule in rules.items():
            name = self.marks.new("branch's name", number, rule)
            branch = f"{self.cast.owner}/{PROJECT}/{name}"
            with self.launchpad.lock:
                self.store.put_item("branch", branch, {"name": name, "information_type": info})
                self.store.put_item("bug_branch", f"{branch}/+bug/{number}", {})
                self.store.relate("linked_branches", f"bugs/{number}", f"{branch}/+bug/{number}")
        self.note(number, "branch linked", None, "a branch")

    # -- a blueprint ----------------------------------------------------------------------------

    def blueprint(
        self,
        info: str = "Public",
        *,
        needs: Sequence[str] = (),
        bugs: Sequence[int] = (),
        readers: Sequence[str] = (),
    ) -> str:
        """Draw up a blueprint; its path. Its name is a word of its own, too."""
        name = self.marks.new("blueprint's name")
        path = f"{PROJECT}/+spec/{name}"
        self.marks.belongs(name, path)
        said = {
            field: f"It shall shine, {self.marks.new(f'blueprint {field}', path)}."
            for field in ("title", "summary", "whiteboard")
        }
        word = self.marks.new("blueprint work item", path)
        said["workitems_text"] = f"Work items:\nLet it shine, {word}: TODO"
        values = {
            **said, "name": name, "information_type": info, "owner_link": self.cast.owner,
            "definition_status": "Approved", "implementation_status": "Started",
            "priority": "High", "date_created": self._now(),
        }  # fmt: skip
        with self.launchpad.lock, self.store.transaction():
            self.store.put_item("specification", path, values, None, PROJECT)
            for other in needs:
                self.store.relate("dependencies", path, other)
            for bug in bugs:
                self.store.relate("specs", f"bugs/{bug}", path)
            for reader in readers:
                grant_spec(self.store, path, reader)
        self.blueprints.append(path)
        return path

    # -- later ------------------------------------------------------------------------------------

    def change_comment(self, number: int, index: int, **fields: Any) -> None:
        """Change fields of a comment; as at Launchpad, no date moves."""
        with self.launchpad.lock:
            message = self.store.message(number, index)
            assert message is not None
            self.store.put_message(number, index, {**message.data, **fields})

    def turn(self, issue: int | str, info: str) -> None:
        """Give a bug or a blueprint another information type."""
        if isinstance(issue, int):
            self.note(issue, "information type", self.info(issue), info)
            self.change(issue, information_type=info)
            return
        with self.launchpad.lock:
            held = self.store.item(issue)
            assert held is not None
            values = {**held.data, "information_type": info}
            self.store.put_item("specification", issue, values, None, PROJECT)

    def shut_out(self, number: int, person: str) -> None:
        """Take somebody's subscription and his right to read away."""
        with self.launchpad.lock:
            self.store.drop_item(f"bugs/{number}/+subscription/{person[1:]}")
            revoke(self.store, number, person)
            self._touched(number)

    def drop(self, number: int) -> None:
        """Remove a bug for good."""
        with self.launchpad.lock:
            for table in ("bug", "task", "message", "activity"):
                name = "id" if table == "bug" else "bug"
                self.store.db.execute(f"DELETE FROM {table} WHERE {name}=?", (number,))
