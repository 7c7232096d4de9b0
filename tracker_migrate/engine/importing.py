"""What a table that a community has already says about a workspace: people become suggestions,
projects become offers. What somebody decided is never overwritten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC

import msgspec

from tracker_migrate.engine.guessing import Guesses, write
from tracker_migrate.engine.people import Mentions, rows_of
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import MigrateError
from tracker_migrate.interfaces import Candidate
from tracker_migrate.mappings import people as table_
from tracker_migrate.mappings import projects as places
from tracker_migrate.mappings import sheet
from tracker_migrate.mappings.importers import Listed, Someone, Table, the_right_way
from tracker_migrate.mappings.people import day
from tracker_migrate.mappings.suggest import Suggestion
from tracker_migrate.model import name_of


class People(msgspec.Struct, kw_only=True):
    """What became of a table of people at one target. read: how many it has. here: how many of
    them occur at the source. nameless: how many have no name of the source. decided: how many
    have a row already. others: names that are of another date here: somebody else has them by
    now. suggested: rows that were added. programs: of these, those that the table calls
    programs. asked: whether the target told its accounts; unasked: why not."""

    target: str
    read: int = 0
    here: int = 0
    nameless: int = 0
    decided: int = 0
    others: list[str] = []
    suggested: list[Suggestion] = []
    programs: list[str] = []
    asked: bool = False
    unasked: str = ""


class Projects(msgspec.Struct, kw_only=True):
    """What became of a list of projects at one target. read: how many it has; moving: how many it
    says are to move. offered: how many lines were offered. twice: what is meant by several entries,
    and by which. unfit: names that the target can't hold, and what they become ("": nothing; the
    same: it is in the list twice).
    unknown: entries that nothing at the source is called like. unread: projects of the source that
    are to move, and that migration.toml does not read."""

    target: str
    read: int = 0
    moving: int = 0
    offered: int = 0
    twice: dict[str, list[str]] = {}
    unfit: dict[str, str] = {}
    unknown: list[str] = []
    unread: list[str] = []


def people(target: Target, table: Table, *, dry_run: bool = False) -> People:
    """Suggest accounts for the people of a table. A target that can't be asked leaves those whose
    account the table itself names."""
    named = {one.name for one in Mentions.of(target.archive).weights()}
    table, _ = the_right_way(table, named)
    settled = {row["person"] for row in rows_of(target)}
    here = [one for one in table.people if one.person in named]
    made = People(
        target=target.name,
        read=len(table.people),
        here=len(here),
        nameless=sum(not one.person for one in table.people),
        decided=sum(one.person in settled for one in here),
    )
    made.others = sorted(_others(target, here))
    free = [one for one in here if one.person not in {*settled, *made.others}]
    made.suggested = _guessed(target, free, made)
    made.programs = sorted({one.person for one in free if one.program})
    if not dry_run:
        _write(target, made)
    return made


def _others(target: Target, here: Sequence[Someone]) -> Iterator[str]:
    """Names that the table has of another date than the archive."""
    known = {one.name: one.created for one in Mentions.of(target.archive).people()}
    for one in here:
        told, created = day(one.created), known.get(one.person)
        if told and created and told != created.astimezone(UTC).date():
            yield one.person


def _guessed(target: Target, free: Sequence[Someone], made: People) -> list[Suggestion]:
    """For those whom the table knows alone: it was asked about nobody else."""
    wanted = {one.person for one in free if not one.program}
    try:
        guesses = Guesses(target)
        guesses.take(one for one in free if not one.program)
    except MigrateError as error:
        made.unasked = str(error).splitlines()[0]
        return [_as_said(one) for one in free if one.account and not one.program]
    made.asked = True
    return [one for one in guesses.found() if one.person in wanted]


def _as_said(one: Someone) -> Suggestion:
    there = Candidate(id=one.account, login=next(iter(one.logins), ""), full_name=one.full_name)
    reason = "the table names this account; the target was not asked for it"
    return Suggestion(person=one.person, candidate=there, score=0.8, reason=reason)


def _write(target: Target, made: People) -> None:
    path = target.workspace.mappings / "people.csv"
    known = Mentions.of(target.archive).people()
    if made.suggested:
        write(path, target.name, made.suggested, known)
    if made.programs:
        held = sheet.read(path, table_.COLUMNS)
        for name in made.programs:
            note = "the table calls it a program: if it is one, write bot under state"
            row = {"person": name, "state": "suggested", "note": note}
            held.add(row, ("person",))
        sheet.save(path, held.text)


# -- projects ----------------------------------------------------------------------------------


def projects(
    target: Target,
    table: Table,
    is_there: Callable[[str], bool] | None = None,
    *,
    everything: bool = False,
    dry_run: bool = False,
) -> Projects:
    """Offer a place for each project that a list says is to move. is_there: asks the source whether
    it has a project of that name; without it, what was read is all that is known. everything: all
    of the list; so it is, too, if it says of none that it is to move."""
    known = _known(target)
    everything = everything or not any(one.moves for one in table.projects)
    moving = [one for one in table.projects if one.moves or everything]
    made = Projects(target=target.name, read=len(table.projects), moving=len(moving))
    found: dict[str, list[Listed]] = {}
    for one in moving:
        source = _source_of(one, known, is_there)
        if source:
            found.setdefault(source, []).append(one)
        else:
            made.unknown.append(one.name)
    made.twice = {name: [one.name for one in held] for name, held in found.items() if held[1:]}
    made.unfit = dict(_unfit(target, moving))
    specs = {one.partition(":")[2] for one in target.workspace.settings.source.specs}
    made.unread = sorted(found.keys() - specs - known.keys())
    path = target.workspace.mappings / "projects.csv"
    text, made.offered = _offers(sheet.read(path, places.COLUMNS), target.name, found)
    if made.offered and not dry_run:
        sheet.save(path, text)
    return made


def _known(target: Target) -> Counter[str]:
    """Projects of the source that were read, or that public issues are about."""
    archive = target.archive
    known = Counter(name_of(one.key) for one in archive.entities("project") if not one.private)
    for issue in archive.issues():
        if not issue.private:
            known.update(name_of(task.project) for task in issue.tasks)
    return known


def _source_of(one: Listed, known: Collection[str], is_there: Callable[[str], bool] | None) -> str:
    """What it is called at the source, "" if nothing there is."""
    for name in one.sources:
        if name in known:
            return name
    if is_there is None:
        return ""
    return next((name for name in one.sources if is_there(name)), "")


def _unfit(target: Target, moving: Sequence[Listed]) -> Iterator[tuple[str, str]]:
    """Names that the target does not take as they are, and those that are there twice."""
    held = getattr(target.planner, "held", None)
    times = Counter(one.name.casefold() for one in moving)
    for one in moving:
        becomes = held(one.name) if held is not None else one.name
        if becomes != one.name:
            yield one.name, becomes or ""
        elif times[one.name.casefold()] > 1:
            yield one.name, one.name


def _offers(table: sheet.Sheet, target: str, found: dict[str, list[Listed]]) -> tuple[str, int]:
    """One offer for a project of the source, for the entry that is called most like it; the others
    stand in its note."""
    told, count = table.told("source", "target"), 0
    for source, several in sorted(found.items()):
        best = min(several, key=lambda one: (one.name.rpartition("/")[2] != source, one.at))
        row = {
            "source": source,
            "target": target,
            "place": best.name,
            "move": "yes",
            "note": "; ".join(_note(best, several)),
        }
        if told.isdisjoint({(source, target), (source, "")}):
            table.offer(row)
            count += 1
    return table.text, count


def _note(best: Listed, several: Sequence[Listed]) -> Iterator[str]:
    yield f"as the list says, {best.at}"
    others = [one.name for one in several if one is not best]
    if others:
        yield f"also {' '.join(others[:3])}{' …' if others[3:] else ''}"
