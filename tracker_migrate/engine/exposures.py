"""What a target holds and can't take back: a comment that was hidden or deleted at its source after
it was copied. Its whole issue is closed, and told, until the text is gone or a person accepts it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from tracker_migrate.engine.target import Target
from tracker_migrate.errors import Gone
from tracker_migrate.model import Issue, Key
from tracker_migrate.text.continued import whole_key
from tracker_migrate.workspace.ledger import Held

ACCEPTED = "looked at, and accepted in privacy.toml"


def exposures(target: Target, issues: Sequence[Issue]) -> dict[Key, str]:
    """Which of these issues hold such a text at the target, and why, in words that tell nothing."""
    wanted = {issue.key: _withdrawn(issue) for issue in issues}
    accepted = target.decisions.tables.privacy.accepted
    keys = [key for issue, keys in wanted.items() if issue not in accepted for key in keys]
    held = target.ledger.held(keys) if keys else {}
    found = {}
    for issue, withdrawn in wanted.items():
        if held.keys().isdisjoint(withdrawn):
            continue
        standing = {whole_key(one) for one in _standing(target.ledger.of_issue(issue), withdrawn)}
        reasons = [why for key, why in withdrawn.items() if key in standing]
        if reasons and issue not in accepted:
            found[issue] = (
                f"EXPOSED: {len(reasons)} of its comments: {reasons[0]} after it was copied; have "
                "it removed at the target, or accept it in privacy.toml"
            )
    return found


def _withdrawn(issue: Issue) -> dict[Key, str]:
    """The comments whose text is at the source no more, or not for everybody."""
    return {
        comment.key: "hidden at the source" if comment.withheld else "deleted at the source"
        for comment in issue.comments
        if comment.withheld or comment.deleted
    }


def _standing(held: Mapping[Key, Held], withdrawn: Container[Key]) -> list[Key]:
    """What stands there of these comments: they themselves, and the parts of a long one."""
    return [of for of, one in held.items() if whole_key(of) in withdrawn and one.state != "gone"]


def settle(target: Target, issues: Iterable[Key]) -> None:
    """Look whether what was exposed is gone at the target by now, and note it."""
    for key in issues:
        issue = target.archive.issue(key)
        held = target.ledger.of_issue(key)
        withdrawn = _standing(held, _withdrawn(issue)) if issue else []
        if not withdrawn:
            continue
        try:
            seen = target.sink.read({of: (one.kind, one.at) for of, one in held.items()}).objects
        except Gone:
            seen = {}
        gone = [one for one in withdrawn if one not in seen]
        target.ledger.set_gone(gone)
        if seen:
            _write_again(target, held, gone)


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
