"""What commands print: short tables for people, or one JSON document for programs.

Private issues are named by number only; nothing here shows a text of an issue.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tracker_migrate.cli import counted, doubled, screen
from tracker_migrate.cli import planned as planned_

_MANY = 20


def document(value: Any) -> None:
    """A result as one JSON document."""
    screen.document(value)


def facts(found: Any, as_json: bool) -> None:
    """Facts of a server: who we are there, what it is."""
    if as_json:
        document(dict(found))
        return
    for name, value in found.items():
        screen.echo(f"{name:12} {value}")


_UNFOLLOWED = (
    "issues are in no project that source.specs names any more: they stay at the targets as they "
    "stand, and are closed if they are not to be seen any more"
)


def pulled(result: Any, archive: Any, as_json: bool) -> None:
    """What a pull read."""
    if as_json:
        document(_pulleddocument(result, archive))
        return
    said = " · ".join(f"{n} {name}" for name, n in _pulled_counts(result).items() if n)
    screen.echo(f"pull  {said or 'nothing new'} · {archive.count()} issues in the archive")
    for line in result.outdated:
        screen.echo(f"  {line}")
    if result.unfollowed:
        screen.echo(f"  {result.unfollowed} {_UNFOLLOWED}")
    for one in archive.unread()[:_MANY]:
        screen.echo(f"  not read: {one.key}: {one.reason}")


def _pulled_counts(result: Any) -> dict[str, int]:
    names = ("new", "changed", "same", "gone", "unread", "people")
    return {name: getattr(result, name) for name in names}


def _pulleddocument(result: Any, archive: Any) -> dict[str, Any]:
    unread = [{"key": one.key, "reason": one.reason} for one in archive.unread()]
    counts = {"issues": archive.count(), "viewer": archive.viewer, "why": unread}
    counts |= {"unfollowed": result.unfollowed, "outdated": result.outdated}
    return {**_pulled_counts(result), **counts}


def planned(results: dict[str, Any], as_json: bool) -> None:
    """Plans, a target each."""
    planned_.show(results, as_json)


def whole_run(
    read: Any, plans: dict[str, Any], written: dict[str, Any], seen: dict[str, Any], archive: Any
) -> None:
    """All four parts of a run as one JSON document."""
    document(
        {
            "pull": _pulleddocument(read, archive),
            "plan": {name: planned_.document(one) for name, one in plans.items()},
            "apply": {name: plain(one) for name, one in written.items()},
            "verify": {name: verified_document(one) for name, one in seen.items()},
        }
    )


def round_ended(outcome: Any, as_json: bool) -> None:
    """A round of `sync`: a line, or a JSON document in one line."""
    if as_json:
        screen.document(plain(outcome), indent=None)
    else:
        screen.echo(outcome.line())


def plain(value: Any) -> Any:
    """A struct as JSON values."""
    import msgspec

    return msgspec.to_builtins(value)


def applied(results: dict[str, Any], as_json: bool) -> None:
    """What was written, a target each."""
    if as_json:
        document({name: plain(one) for name, one in results.items()})
        return
    for name, one in results.items():
        parts = [f"created {one.created}", f"updated {one.updated}", f"{one.steps} requests"]
        for word in _WORTH_SAYING:
            if getattr(one, word):
                parts.append(f"{getattr(one, word)} {_WORDS.get(word, word)}")
        if one.doubles:
            parts.append(f"{len(one.doubles)} doubled by something between")
        screen.echo(f"apply {name}: {' · '.join(parts)}")
        for line in doubled.lines(doubled.document(one.doubles)):
            screen.echo(line)


_WORTH_SAYING = (
    "found", "joined", "kept", "overruled", "raced", "stuck", "gone", "unwanted", "misnamed",
    "closed", "turned_back", "refused", "aside", "exposed"
)  # fmt: skip
_WORDS = {
    "closed": "closed before anything else",
    "exposed": "EXPOSED: something of them can't be taken back (tracker-migrate status --refused)",
    "found": "in doubt and found there",
    "joined": "joined from an earlier migration",
    "kept": "edits of people kept",
    "overruled": "edits of people written over, as the settings say, and still to be read",
    "raced": "edits that fell between our look and our change (docs/conflicts.md)",
    "stuck": "stuck: the target can't take the change",
    "gone": "removed at the target and not made again",
    "unwanted": "wanted no more, and left there (tracker-migrate verify names them)",
    "misnamed": "shown as another's than people.csv says (tracker-migrate backdate moves them)",
    "turned_back": "turned back by a change that came late, and written again",
    "aside": "set aside (tracker-migrate status --refused)",
}


def verified(results: dict[str, Any], as_json: bool) -> None:
    """What a verification saw, a target each."""
    if as_json:
        document({name: verified_document(one) for name, one in results.items()})
        return
    screen.echo(
        f"{'verify':14}{'planned':>8}{'found':>8}{'refused':>8}{'lost':>6}{'missing':>8}"
        f"{'doubled':>8}{'differs':>8}  exposed"
    )
    for name, one in results.items():
        account = one.account
        screen.echo(
            f"  {name:12}{account.objects:>8}{account.found:>8}{account.refused:>8}"
            f"{account.lost:>6}{account.missing:>8}{len(one.doubled):>8}{len(one.differs):>8}"
            f"  {len(one.exposed)} of {one.private}"
        )
        _reasons(one)
        for line in counted.lines(one.counted):
            screen.echo(line)
    screen.echo("  exposed: of the objects that not everybody may read, those that an outsider can")


def outsiders(results: dict[str, Any], as_json: bool) -> None:
    """What outsiders can read of what they must not, a target each."""
    if as_json:
        document(
            {
                name: {"private": one.private, "readable": list(one.exposed)}
                for name, one in results.items()
            }
        )
        return
    for name, one in results.items():
        for key in one.exposed:
            screen.echo(f"  EXPOSED {key}")
        screen.echo(f"verify {name} as an outsider: {len(one.exposed)} of {one.private} readable")


def _reasons(one: Any) -> None:
    for (outcome, kind, reason), count in one.account.reasons.most_common(_MANY):
        screen.echo(f"    {outcome} {count} {kind}: {reason}")
    for diff in one.differs[:_MANY]:
        screen.echo(f"    differs {diff.key} {diff.field}: {diff.what}")
    for key in one.exposed[:_MANY]:
        screen.echo(
            f"    EXPOSED {key}: an outsider can read it, or something of it can't be taken back"
        )
    if one.closed:
        screen.echo(f"    {one.closed} issues are closed for everybody but the importer")
    if one.settled:
        screen.echo(
            f"    {one.settled} doubled objects are known: tracker-migrate status names them"
        )
    for key in (*one.doubled[:_MANY], *one.unplanned[:_MANY]):
        screen.echo(f"    doubled or not known to the ledger: {key}")
    for key in one.unwanted[:_MANY]:
        screen.echo(f"    wanted no more, and still there: {key}")
    if one.misnamed:
        screen.echo(f"    {one.misnamed} objects are {_WORDS['misnamed']}")
    if one.pending:
        screen.echo(f"    {one.pending} issues are not written yet: tracker-migrate apply")


def verified_document(one: Any) -> dict[str, Any]:
    """A verification as JSON values."""
    account = one.account
    return {
        "agrees": one.agrees,
        "objects": account.objects,
        "found": account.found,
        "refused": account.refused,
        "lost": account.lost,
        "missing": account.missing,
        "doubled": len(one.doubled),
        "doubled_known": one.settled,
        "unplanned": len(one.unplanned),
        "unwanted": len(one.unwanted),
        "misnamed": one.misnamed,
        "planned": one.planned,
        "planned_found": one.found,
        "fields_compared": one.fields,
        "foreign": one.foreign,
        "pending": one.pending,
        "private": one.private,
        "exposed": list(one.exposed),
        "closed": one.closed,
        "differs": [{"key": at.key, "field": at.field, "what": at.what} for at in one.differs],
        "counts": plain(one.counted.rows),
        "counts_differ": one.counted.differ,
        "reasons": [
            {"outcome": outcome, "kind": kind, "reason": reason, "count": count}
            for (outcome, kind, reason), count in account.reasons.most_common()
        ],
    }


def keep_verified(folder: Path, one: Any) -> None:
    """Keep the result of a verification beside the workspace's other reports."""
    text = screen.encoded(_without_names(verified_document(one)))
    (folder / "verify.json").write_text(text + "\n", encoding="utf-8")


def _without_names(found: dict[str, Any]) -> dict[str, Any]:
    """The same for a file that others may be shown: a task's key names the series that a weakness
    is in."""
    exposed = sorted({key.partition("@")[0] for key in found["exposed"]})
    differs = [{**one, "key": one["key"].partition("@")[0]} for one in found["differs"]]
    return {**found, "exposed": exposed, "differs": differs}


def standing(found: dict[str, Any], as_json: bool) -> None:
    """Where a workspace stands."""
    if as_json:
        document(found)
        return
    from tracker_migrate.cli.standing import lines

    for line in lines(found):
        screen.echo(line)
