"""Maniphest's stand-in as the target."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from tests.end_to_end.reader import ManiphestReader
from tests.end_to_end.world import conduit_token
from tests.state_machine.oracle import Allowed, Standing
from tests.state_machine.standin_stage import (
    _WORDS,
    StandInStage,
    named_tags,
    note,
    of_home,
    servers,
)
from tracker_migrate.backends.maniphest.client import Conduit

_OPEN = ("public", "users")
_POLICY = """[information_type]
"Private" = "few"
[policies.few.maniphest]
groups = ["{few}"]
without = "all"
"""


@functools.cache
def _policies() -> str:
    """The table, with a closed group that is made once."""
    made = servers()
    reader = ManiphestReader(made.maniphest.url, conduit_token("importbot"))
    me = reader.call("user.whoami")["phid"]
    said = {"name": "few", "members.add": [me], "join": me, "edit": me}
    group = reader.call(
        "project.edit", transactions=[{"type": what, "value": one} for what, one in said.items()]
    )
    return _POLICY.format(few=group["object"]["phid"])


class ManiphestStage(StandInStage):
    """The server chooses numbers; comments can't be edited, and nothing can be removed."""

    target: ClassVar[str] = "maniphest"
    allowed = Allowed(comment_edits=True)
    target_faults: tuple[str, ...] = (
        *_WORDS,
        *("late", "double", "stranger", "crash_after_commit", "late_index", "expired", "down"),
    )  # fmt: skip

    def prepare(self) -> None:
        self.policies = _policies()
        super().prepare()

    def client(self) -> Any:
        return Conduit

    # -- people -----------------------------------------------------------------------------------

    @property
    def _me(self) -> str:
        return str(self.standin.site.people.by_names(["importbot"])[0].phid)

    def _tasks(self, number: int) -> list[Any]:
        sql = "SELECT * FROM task WHERE author=? ORDER BY id"
        rows = self.standin.store.rows(sql, [self._me])
        return [row for row in rows if of_home(row["description"]) == (number, None)]

    def _states(self, number: int) -> Iterator[tuple[str, str]]:
        yield from ((row["phid"], row["status"]) for row in self._tasks(number)[:1])

    def _edit(self, phid: str, who: str = "alice", **values: str) -> bool:
        reader = ManiphestReader(self.standin.url, conduit_token(who))
        changes = [{"type": name, "value": value} for name, value in values.items()]
        faults, self.standin.faults = self.standin.faults, []
        try:
            reader.call("maniphest.edit", objectIdentifier=phid, transactions=changes)
        except AssertionError:
            return False
        finally:
            self.standin.faults = faults
        return True

    def edit(self, number: int, name: str, value: str) -> bool:
        for row in self._tasks(number)[:1]:
            if name == "done":
                return self._edit(row["phid"], status="resolved" if value == "True" else "open")
            if name == "title":
                return self._edit(row["phid"], title=f"It is {value}")
            first = row["description"].splitlines()[0]
            return self._edit(row["phid"], description=f"{first}\n\n{value}")
        return False

    def remark(self, number: int, text: str) -> bool:
        return any(self._edit(row["phid"], comment=text) for row in self._tasks(number)[:1])

    def remove(self, number: int) -> bool:
        return False  # not by Conduit

    def remove_comment(self, number: int, index: int) -> bool:
        return False  # not by Conduit

    def stranger(self) -> None:
        self._make("A stranger's", "")

    def forge(self, number: int) -> None:
        for row in self._tasks(number)[:1]:
            head = row["description"].splitlines()[0]  # he may not know the rest
            self._make(f"forged {number}", f"{head}\n\nforged")

    def _make(self, title: str, text: str) -> None:
        reader = ManiphestReader(self.standin.url, conduit_token("alice"))
        said = {"title": title, "description": text}
        changes = [{"type": name, "value": value} for name, value in said.items()]
        faults, self.standin.faults = self.standin.faults, []
        try:
            made = reader.call("maniphest.edit", transactions=changes)
        finally:
            self.standin.faults = faults
        self._theirs.append((made["object"]["phid"], (title, text)))

    def strangers(self) -> Iterator[str]:
        for phid, said in self._theirs:
            sql = "SELECT title, description FROM task WHERE phid=?"
            row = self.standin.store.row(sql, [phid])
            if row is None or tuple(row) != said:
                yield f"task {phid} of somebody else's"

    def writes(self) -> int:
        """What came of requests: whether a policy would keep us out is asked by an edit, too."""
        tables = ("xaction_task", "xaction_proj")
        return sum(self.standin.store.value(f"SELECT count(*) FROM {table}") for table in tables)

    # -- looking ----------------------------------------------------------------------------------

    def stands(self) -> Mapping[int, list[Standing]]:
        found: dict[int, list[Standing]] = {}
        with self.standin.lock:
            sql = "SELECT * FROM task WHERE author=? ORDER BY id"
            for row in self.standin.store.rows(sql, [self._me]):
                of = of_home(row["description"])
                if of is not None:
                    found.setdefault(of[0], []).append(self._standing(row))
        return found

    def _standing(self, row: Any) -> Standing:
        store = self.standin.store
        said = store.rows(
            "SELECT comment, author FROM xaction_task WHERE object=? AND comment IS NOT NULL "
            "ORDER BY id",
            [row["phid"]],
        )
        projects = store.column(
            "SELECT name FROM edge JOIN project ON phid=dst WHERE src=?", [row["phid"]]
        )
        named = named_tags(row["description"])
        return Standing(
            title=row["title"],
            text=row["description"],
            done=row["status"] not in ("open",),
            tags=named | {"ui", "api", "docs"} & set(projects),
            notes=[note(one[0], one[1] == self._me) for one in said],
            open=row["view"] in _OPEN,
            named=named or {"?"},
            shut=row["view"] in (self._me, "no-one", "obj.maniphest.author"),
        )

    def outside(self) -> str:
        store = self.standin.store
        with self.standin.lock:
            rows = store.rows("SELECT phid, title, description, view FROM task")
            open_ = {row[0]: f"{row[1]} {row[2]}" for row in rows if row[3] in _OPEN}
            said = store.rows("SELECT object, comment FROM xaction_task WHERE comment IS NOT NULL")
        return " ".join([*open_.values(), *(row[1] for row in said if row[0] in open_)])
