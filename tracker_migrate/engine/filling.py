"""Filling the tables with every name that occurs, as offers: lines that begin with `#?`, with how
often the name occurs, and the best guess. None of them is used before somebody takes the `#?` away.

It can be done again whenever more was read: what a table tells of already is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from tracker_migrate import registry
from tracker_migrate.engine.occurring import Occurring
from tracker_migrate.engine.people import Weight
from tracker_migrate.mappings import offers, people, projects, sheet, states, tags
from tracker_migrate.mappings.decisions import Tables
from tracker_migrate.mappings.table import Mistakes
from tracker_migrate.model import Key, Person, key
from tracker_migrate.workspace import Workspace

#: what a program's name has among its words
_PROGRAM = frozenset(
    ("bot", "robot", "ci", "jenkins", "hudson", "gerrit", "zuul", "janitor", "daemon", "infra")
)
#: a tag that is so much like another one, and so much rarer, may be a slip of that
_ALIKE, _RARER = 88, 5


class Filled(msgspec.Struct, kw_only=True):
    """How many lines were offered, by the table's file."""

    offered: dict[str, int] = {}


class Filling:
    """Fills the tables of a workspace. places: by target, the names of its projects, where it was
    asked for them."""

    def __init__(
        self, workspace: Workspace, places: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._workspace = workspace
        self._archive = workspace.archive
        self._targets = list(workspace.settings.targets)
        self._places = places or {}
        self._source = workspace.archive.tracker
        self._found = Occurring.in_(workspace.archive)

    def run(self, *, dry_run: bool = False) -> Filled:
        """Write the offers, or only count them. Raises UsageError if a table can't be read as it
        stands: nothing is added to what nobody understands."""
        filled, folder = Filled(), self._workspace.mappings
        folder.mkdir(parents=True, exist_ok=True)
        self._check(folder)
        for name, offered in (
            ("people.csv", self._people(folder / "people.csv")),
            ("tags.csv", self._tags(folder / "tags.csv")),
            ("projects.csv", self._projects(folder / "projects.csv")),
            ("states.toml", self._states(folder / "states.toml")),
            ("privacy.toml", self._privacy(folder / "privacy.toml")),
        ):
            text, filled.offered[name] = offered
            if filled.offered[name] and not dry_run:
                sheet.save(folder / name, text)
        return filled

    def _check(self, folder: Path) -> None:
        mistakes = Mistakes()
        named = self._workspace.settings.targets
        for name, one in named.items():
            tracker = registry.split(one["sink"], "target")[0]
            Tables(folder, name, tracker, mistakes, list(named))
        if not named:
            Tables(folder, "", self._source, mistakes)
        mistakes.found = list(dict.fromkeys(mistakes.found))
        mistakes.stop_if_any()

    # -- people -----------------------------------------------------------------------------------

    def _people(self, path: Path) -> tuple[str, int]:
        table, count = sheet.read(path, people.COLUMNS), 0
        told = table.told("person", "target")
        somewhere = {name for name, _ in told}
        known = {one.name: one for one in self._found.people.people()}
        for weight in self._found.people.weights():
            for row in self._person(weight, known.get(weight.name), weight.name in somewhere):
                if told.isdisjoint({(weight.name, row["target"]), (weight.name, "")}):
                    table.offer(row)
                    count += 1
        return table.text, count

    def _person(self, weight: Weight, known: Person | None, told: bool) -> Iterator[dict[str, str]]:
        """told: whether somebody said already, somewhere, that it is a person or not."""
        row = {"person": weight.name, "note": _often(weight)}
        if known is not None:
            row["name"] = known.display_name
            row["created"] = known.created.date().isoformat() if known.created else ""
        if not told and _may_be_a_program(weight.name, known):
            yield {**row, "target": "", "state": "bot", "note": f"{row['note']}: a program?"}
            return
        state = "group" if known is not None and known.is_team else "placeholder"
        for target in self._targets or [""]:
            yield {**row, "target": target, "state": state}

    # -- tags -------------------------------------------------------------------------------------

    def _tags(self, path: Path) -> tuple[str, int]:
        table, count = sheet.read(path, tags.COLUMNS), 0
        told = table.told("tag")
        uses = sorted(self._found.tags.items(), key=lambda pair: (-pair[1], pair[0]))
        for tag, issues in uses:
            if (tag,) not in told:
                like = self._like(tag, issues)
                note = _issues(issues) + (f": like {like}" if like else "")
                table.offer({"tag": tag, "target": "", "becomes": like or tag, "note": note})
                count += 1
        return table.text, count

    def _like(self, tag: str, issues: int) -> str:
        """A tag that this one may be a slip of, or ""."""
        from rapidfuzz import fuzz, process

        common = [one for one, uses in self._found.tags.items() if uses >= _RARER * issues]
        found = process.extractOne(tag, common, scorer=fuzz.ratio, score_cutoff=_ALIKE)
        same_number = found and re.findall(r"\d+", found[0]) == re.findall(r"\d+", tag)
        return str(found[0]) if found and same_number else ""

    # -- projects ---------------------------------------------------------------------------------

    def _projects(self, path: Path) -> tuple[str, int]:
        table, count = sheet.read(path, projects.COLUMNS), 0
        told = table.told("source", "target")
        somewhere = {source for source, _ in told}
        for source, tasks in sorted(self._found.places.items(), key=lambda p: (-p[1], p[0])):
            for row in self._place(source, tasks):
                here = {(source, row["target"]), (source, "")}
                if told.isdisjoint(here) and (row["target"] or source not in somewhere):
                    table.offer(row)
                    count += 1
        return table.text, count

    def _place(self, source: str, tasks: int) -> Iterator[dict[str, str]]:
        of = self._key(source)
        known = self._archive.project(key(self._source, "project", source.partition("/")[0]))
        if known is not None and known.private:
            return
        usual = projects.default(of)
        row = {"source": source, "branch": usual.branch or "", "move": "yes"}
        asked = [name for name in self._targets if name in self._places]
        for target in asked or [""]:
            there = best_place(usual.name, self._places.get(target, ()))
            note = f"{tasks} task{'s' * (tasks != 1)}" + (": it is there" if there else "")
            yield {**row, "target": target, "place": there or usual.name, "note": note}

    def _key(self, source: str) -> Key:
        series = "/" in source and "/+source/" not in source
        return key(self._source, "series" if series else "project", source)

    # -- words, and who reads ---------------------------------------------------------------------

    def _states(self, path: Path) -> tuple[str, int]:
        sections: dict[str, list[tuple[str, str, str]]] = {}
        named = self._workspace.settings.targets.values()
        for tracker in dict.fromkeys(registry.split(one["sink"], "target")[0] for one in named):
            known = states.load(path, tracker, Mistakes()).rows
            for (table, word), count in sorted(self._found.words.items(), key=_by_table):
                becomes = known.get(table, {}).get(word)
                remark = f"{count}" if becomes is not None else f"{count}: no row says what it is"
                section = sections.setdefault(f"{tracker}.{table}", [])
                section.append((word, becomes or "", remark))
        return offers.words(_text(path), sections)

    def _privacy(self, path: Path) -> tuple[str, int]:
        """A remark for each type of issues that occurs and is not public: somebody has to say who
        reads them."""
        text, lines = _text(path), []
        for kind, count in sorted(self._found.types.items()):
            if f'"{kind}" here: ' not in text:
                said = "name a policy for them above, or leave them"
                lines.append(f'# of "{kind}" here: {_issues(count)}; {said}\n')
        ended = text if text.endswith("\n") or not text else f"{text}\n"
        return ended + "".join(lines), len(lines)


def best_place(name: str, there: Sequence[str]) -> str:
    """Which project of the target one of this name is: the same name, whatever its case, or the
    only one of that name in a folder (`openstack/nova` for `nova`). "" if none is."""
    wanted = name.casefold()
    same = [one for one in there if one.casefold() == wanted]
    within = [one for one in there if one.casefold().rpartition("/")[2] == wanted]
    for found in (same, within):
        if len(found) == 1:
            return found[0]
    return ""


def _by_table(pair: tuple[tuple[str, str], int]) -> tuple[str, int, str]:
    (table, word), count = pair
    return (table, -count, word)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _issues(count: int) -> str:
    return f"{count} issue{'s' * (count != 1)}"


def _often(weight: Weight) -> str:
    said = f", {weight.comments} comment{'s' * (weight.comments != 1)}" if weight.comments else ""
    return f"{_issues(weight.issues)}{said}"


def _may_be_a_program(name: str, known: Person | None) -> bool:
    shown = known.display_name if known is not None and not known.is_team else ""
    words = set(re.split(r"[^a-z0-9]+", f"{name} {shown}".casefold()))
    return bool(words & _PROGRAM)
