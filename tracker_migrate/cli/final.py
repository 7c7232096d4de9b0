"""`sync --final`: the last difference before people are sent to a target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tracker_migrate.cli import output, screen
from tracker_migrate.cli.display import Display
from tracker_migrate.errors import UsageError

GO, SOME_LEFT, DIFFERENT = 0, 3, 4
_MANY = 12


def final(
    workspace: Any, names: Sequence[str], level: int, *, quick: bool, dry_run: bool, as_json: bool
) -> int:
    """Take it, and say GO or NO-GO. The workspace is open; nobody else may be at work in it."""
    from tracker_migrate.engine import cutover

    if dry_run:
        raise UsageError("--final writes: tracker-migrate plan says what would be written")
    with workspace.coordinating(), Display(level) as display:
        found = cutover.final(workspace, names, display, quick=quick)
    for name, one in found.targets.items():
        output.keep_verified(workspace.reports(name), one.verified)
    if as_json:
        output.document(_document(found))
    else:
        for line in _lines(found):
            screen.echo(line)
    return DIFFERENT if found.differs else GO if found.go else SOME_LEFT


def _document(found: Any) -> dict[str, Any]:
    targets = {
        name: {
            "applied": output.plain(one.applied),
            "verified": output.verified_document(one.verified),
            "differs": one.differs,
            "stops": one.stops,
            "stays": one.stays,
        }
        for name, one in found.targets.items()
    }
    return {
        "go": found.go,
        "differs": found.differs,
        "whole": found.whole,
        "unseen": found.unseen,
        "pulled": output.plain(found.pulled),
        "targets": targets,
        "next": _next(found),
    }


def _lines(found: Any) -> Iterator[str]:
    read = found.pulled
    how = "every issue read anew" if found.whole else "what changed was read"
    yield f"final: {how}: {read.new} new, {read.changed} changed, {read.gone} gone"
    if found.unseen:
        yield f"  {found.unseen}"
    for name, one in found.targets.items():
        seen = one.verified.account
        yield (
            f"{name}: {one.applied.created} created, {one.applied.updated} updated, "
            f"{one.applied.kept} edits of people kept · read back: {seen.found} of {seen.objects} "
            f"objects, {len(one.verified.differs)} differ"
        )
        if one.stays:
            yield f"  {one.stays} issues stay at the source, as projects.csv says"
        yield from (f"  stops it: {line}" for line in one.stops[:_MANY])
        if len(one.stops) > _MANY:
            yield f"  … and {len(one.stops) - _MANY} more reasons: --json names all"
    yield f"{'GO' if found.go else 'NO-GO'}: {_next(found)}"


def _next(found: Any) -> str:
    """What to do now."""
    if found.go:
        return "tracker-migrate handover -n says whom it would mail, tracker-migrate handover does"
    return (
        "mend what stops it and run this again; what is to stay behind, name in "
        "mappings/projects.csv or leave: handover says nothing of what is not at the target"
    )
