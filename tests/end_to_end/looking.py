"""What a reader looks for: each field of each row that Launchpad sent, and where it was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from tests.end_to_end.recorded import Row, holds

#: fields that nobody has to look for, with the reason; `*` is any kind of row
NOT_LOOKED_FOR = {
    "*.self_link": "where the API has it",
    "*.resource_type_link": "what kind of row it is",
    "*.http_etag": "changes when the row does",
    "*.bug_link": "the bug that the row belongs to",
    "bug_activity.web_link": "the page of the bug's history",
    "bug_watch.web_link": "the watch's own page; what is watched is looked for",
    "bug_branch.branch_link": "the branch's address stands in its web_link",
    "specification_branch.branch_link": "the branch's address stands in its web_link",
    "specification_branch.specification_link": "the blueprint that the row belongs to",
    "bug_nomination.productseries_link": "the same as target_link",
    "bug_nomination.distroseries_link": "the same as target_link",
}


class Look:
    """Collects what was looked for and what was not found."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.found: Counter[str] = Counter()

    def at(self, kind: str, row: Row, where: str) -> RowLook:
        """Look at one row. where: what a failure calls it."""
        return RowLook(self, kind, row, where)


class RowLook:
    """Looks for the fields of one row; `end` tells of those that nobody looked for."""

    def __init__(self, look: Look, kind: str, row: Row, where: str) -> None:
        self._look, self._kind, self._row, self._where = look, kind, row, where
        self._done: set[str] = set()

    def field(self, name: str, found: bool, expected: object = "") -> None:
        """Whether a field was found where it should be; one that says nothing needs not be."""
        self._done.add(name)
        if not holds(self._row.get(name)):
            return
        if found:
            self._look.found[f"{self._kind}.{name}"] += 1
        else:
            what = expected or self._row[name]
            self._look.failures.append(f"{self._where}: {self._kind}.{name}: {what!r}")

    def told(self, names: Collection[str]) -> None:
        """Fields that another row's check has looked for, or that follow from others."""
        self._done.update(names)

    def end(self) -> None:
        """Every field that says something was looked for, or there is a reason not to."""
        for name, value in self._row.items():
            passed = {f"*.{name}", f"{self._kind}.{name}"} & NOT_LOOKED_FOR.keys()
            if name in self._done or passed or not holds(value):
                continue
            if not name.endswith("_collection_link"):
                self._look.failures.append(f"{self._where}: nobody looks for {self._kind}.{name}")
