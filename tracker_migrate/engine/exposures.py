"""What a target holds and can't take back: a comment that was hidden or deleted at its source after
it was copied; a file that was copied when more people could read it, whose policy can't follow. Its
whole issue is closed, and told, until that is gone or a person accepts it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import msgspec

from tracker_migrate.digest import digests
from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Gone, ObjectError, UsageError
from tracker_migrate.interfaces import IMPORTER, Kind, Observed, Planner, Wanted
from tracker_migrate.model import Issue, Key, kind_of
from tracker_migrate.text.continued import whole_key
from tracker_migrate.workspace.ledger import Held

ACCEPTED = "looked at, and accepted in privacy.toml"
_COMMENTS = (
    "EXPOSED: {many} of its comments: {why} after it was copied; have it removed at the target, or "
    "accept it in privacy.toml"
)
_FILES = (
    "EXPOSED: {many} of its files: {why}, and the target can't close a file; have it removed there,"
    " or given the policy of its task, or accept it in privacy.toml"
)


def exposures(target: Target, issues: Sequence[Issue]) -> dict[Key, str]:
    """Which of these issues hold such a thing there, and why, in words that tell nothing."""
    accepted = target.decisions.tables.privacy.accepted
    asked = [issue for issue in issues if issue.key not in accepted]
    return _files(target, asked) | _comments(target, asked)


def _comments(target: Target, issues: Sequence[Issue]) -> dict[Key, str]:
    wanted = {issue.key: withdrawn(issue) for issue in issues}
    keys = [key for gone in wanted.values() for key in gone]
    held = target.ledger.held(keys) if keys else {}
    found = {}
    for issue, gone in wanted.items():
        if held.keys().isdisjoint(gone):
            continue
        standing = {whole_key(one) for one in _standing(target.ledger.of_issue(issue), gone)}
        reasons = [why for key, why in gone.items() if key in standing]
        if reasons:
            found[issue] = _COMMENTS.format(many=len(reasons), why=reasons[0])
    return found


def _files(target: Target, issues: Sequence[Issue]) -> dict[Key, str]:
    """Issues with files that are open to more than may read them by now."""
    kinds = fixed_kinds(target.planner)
    held = target.ledger.of_kinds(kinds, [issue.key for issue in issues]) if kinds else {}
    found = {}
    for issue in (one for one in issues if one.key in held):
        open_ = _open_files(target, issue, held[issue.key])
        if open_:
            many = len({held[issue.key][of].at.id for of in open_})
            found[issue.key] = _FILES.format(many=many, why=next(iter(open_.values())))
    return found


def _open_files(target: Target, issue: Issue, held: Mapping[Key, Held]) -> dict[Key, str]:
    """Objects whose readers can't be changed, and that are open to others than should read them."""
    audience = target.decisions.audience(issue).name
    there = {one.key: one.file for one in issue.attachments}
    found = {}
    for of, one in held.items():
        if one.state == "gone" or one.audience == IMPORTER or kind_of(of) != "attachment":
            continue
        if not _is_fixed(target.planner.kinds[one.kind]):
            continue
        file = there.get(of)
        if of not in there:
            found[of] = "removed at the source after they were copied"
        elif file is not None and file.state == "withheld":
            found[of] = "hidden at the source after they were copied"
        elif audience not in ("public", one.audience):
            found[of] = "copied when others could read the issue"
    return found


def fixed_kinds(planner: Planner) -> list[str]:
    """The kinds of files whose readers a target can't change."""
    return [name for name, kind in planner.kinds.items() if _is_fixed(kind)]


def _is_fixed(kind: Kind) -> bool:
    return kind.private == "never" and kind.phase != 0


def withdrawn(issue: Issue) -> dict[Key, str]:
    """The comments whose text is at the source no more, or not for everybody."""
    return {
        comment.key: "hidden at the source" if comment.withheld else "deleted at the source"
        for comment in issue.comments
        if comment.withheld or comment.deleted
    }


def _standing(held: Mapping[Key, Held], of_these: Container[Key]) -> list[Key]:
    """What stands there of these comments: they themselves, and the parts of a long one."""
    return [of for of, one in held.items() if whole_key(of) in of_these and one.state != "gone"]


def withdrawable(target: Target, issue: Issue, held: Mapping[Key, Held]) -> list[Key]:
    """What of an issue's objects stands there, and can't be taken back by the sink: nothing, if
    that is accepted."""
    if issue.key in target.decisions.tables.privacy.accepted:
        return []
    return [*_standing(held, withdrawn(issue)), *_open_files(target, issue, held)]


def settle(target: Target, issues: Iterable[Key]) -> None:
    """Look whether what was exposed is gone at the target by now, or closed, and note it."""
    for key in issues:
        issue = target.archive.issue(key)
        held = target.ledger.of_issue(key)
        if issue is None:
            continue
        files = _open_files(target, issue, held)
        exposed = [*_standing(held, withdrawn(issue)), *files]
        if not exposed:
            continue
        try:
            seen = target.sink.read({of: (one.kind, one.at) for of, one in held.items()}).objects
        except Gone:
            seen = {}
        gone = [one for one in exposed if one not in seen]
        target.ledger.set_gone(gone)
        if seen:
            _note_closed(target, issue, [held[of] for of in files if of in seen], seen)
            _write_again(target, held, [of for of in gone if of not in files])


def _note_closed(
    target: Target, issue: Issue, files: Sequence[Held], seen: Mapping[Key, Observed]
) -> None:
    """A file that somebody closed there is as open as it should be, and known so from now on."""
    wanted = _wanted(target, issue) if files else {}
    rows = []
    for file in files:
        now, want = seen[file.key].fields, wanted.get(file.key)
        if want is not None and all(now[n] == want.fields[n] for n in now if n in want.fields):
            marks = {n: (mark, mark) for n, mark in digests(want.fields).items()}
            row = msgspec.structs.replace(file, fields=marks, audience=want.audience)
            rows.append(row)
    if rows:
        target.workspace.adoption(target.name).keep(rows, frozenset()).result()


def _wanted(target: Target, issue: Issue) -> dict[Key, Wanted]:
    """What is wanted of an issue; nothing, if it may not be written, or can't be."""
    if target.planner.refusal(issue, target.decisions) is not None:
        return {}
    try:
        return {one.key: one for one in target.planner.wanted(issue, target.decisions)}
    except (ObjectError, UsageError):
        return {}  # the run tells of that when it comes to the issue


def _write_again(target: Target, held: Mapping[Key, Held], gone: Sequence[Key]) -> None:
    """What stood in the same object as something that had to go went with it, though nobody wanted
    that: it is written anew."""
    removed = {held[one].within or one for one in gone}
    others = [
        of
        for of, one in held.items()
        if (one.within or of) in removed and of not in gone and one.state != "gone"
    ]
    target.ledger.forget(others)
    for of in others:
        target.places.forget(of)
    if others:
        target.ledger.flush()
