"""Branches of projects and milestones of branches: alike, but for the words."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from tracker_migrate.backends.storyboard.standin.body import Body, Dates
from tracker_migrate.backends.storyboard.standin.call import Call
from tracker_migrate.backends.storyboard.standin.collation import fold
from tracker_migrate.backends.storyboard.standin.errors import Fault, missing, taken
from tracker_migrate.backends.storyboard.standin.paging import Query, fetch
from tracker_migrate.backends.storyboard.standin.store import Row

GROUPED = "project_id IN (SELECT project_id FROM project_group_member WHERE group_id = ?)"
DATES = ("created_at", "updated_at")


@dataclass(frozen=True)
class Sort:
    """What tells the two apart: the table, what it hangs on, and its other flags."""

    kind: str
    model: str
    parent: str  # its project or its branch; it need not exist (facts 13)
    flags: tuple[str, ...] = ()

    def entry(self, row: Row) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "name": row["name"],
            self.parent: row[self.parent],
            "expired": bool(row["expired"]),
            "expiration_date": row["expiration_date"],
            **{flag: bool(row[flag]) for flag in self.flags},
            **{name: row[name] for name in ("id", "created_at", "updated_at")},
        }

    def row(self, call: Call, number: int) -> Row:
        """By its number; 404."""
        row = call.store.get(self.kind, number)
        if row is None:
            raise missing(self.model, number)
        return row

    def taken(self, name: str | None, parent: int | None) -> Fault:
        """The refusal of a name that its parent has already: it names both."""
        return taken(self.model, f"{name}-{parent}")

    # -- what is asked --------------------------------------------------------------------

    def list_all(self, call: Call) -> list[dict[str, Any]]:
        """GET of the list."""
        columns = ("id", "name", self.parent, "expired", "expiration_date", *self.flags, *DATES)
        query = Query(self.kind, columns).alike(call, "name").equal(call, self.parent)
        if call.args.get("project_group_id") is not None:
            query.only(GROUPED, call.args["project_group_id"])
        return [self.entry(row) for row in fetch(call, query)]

    def get(self, call: Call) -> dict[str, Any]:
        """GET of one."""
        return self.entry(self.row(call, call.numbers[0]))

    def post(self, call: Call) -> dict[str, Any]:
        """POST: a refused duplicate costs a number all the same (facts 13)."""
        body = Body(self.kind, call.body)
        if body.flag("expired"):
            raise Fault(400, f"Can't create expired {self.kind}.")
        name, parent = body.text("name"), body.number(self.parent)
        when = Dates(self.kind, body, DATES)
        values = {"name": name, "folded": fold(name), self.parent: parent}
        values |= {flag: body.flag(flag) for flag in self.flags}
        when.check(values)
        number = call.store.free(self.kind, {**values, "id": body.number("id")})
        stored = {**values, "created_at": call.stamp, **when.kept(), "id": number}
        call.store.insert(self.kind, stored, self.taken(name, parent))
        shown = {"created_at": call.moment, **when.shown()}
        return {**self.entry(self.row(call, number)), **shown}

    def put(self, call: Call) -> dict[str, Any]:
        """PUT: `expired` brings the date with it; the date alone cannot be chosen."""
        row, body = self.row(call, call.numbers[0]), Body(self.kind, call.body)
        if body.given.get("expiration_date") is not None:
            raise Fault(400, "Can't change expiration date.")
        values = {"updated_at": call.stamp, **self._changed(call, body)}
        try:
            call.store.update(self.kind, row["id"], values)
        except sqlite3.IntegrityError:
            parent = values.get(self.parent, row[self.parent])
            raise self.taken(values.get("name", row["name"]), parent) from None
        return self.entry(self.row(call, row["id"]))

    def _changed(self, call: Call, body: Body) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if (name := body.text("name")) is not None:
            values |= {"name": name, "folded": fold(name)}
        if (parent := body.number(self.parent)) is not None:
            values[self.parent] = parent
        for flag in self.flags:
            if body.given.get(flag) is not None:
                values[flag] = body.flag(flag)
        if body.given.get("expired") is not None:
            expired = body.flag("expired")
            values |= {"expired": expired, "expiration_date": call.stamp if expired else None}
        return values


BRANCHES = Sort("branch", "Branch", "project_id", ("autocreated", "restricted"))
MILESTONES = Sort("milestone", "Milestone", "branch_id")
