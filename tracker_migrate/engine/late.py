"""What comes late: a create that was given up may make its object after all, with what was wanted
then. That object is ours; what it holds is found out by comparing it with all that we ever sent for
it, so that what is old in it is written again, and what a person has edited is not.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from tracker_migrate.digest import digests
from tracker_migrate.interfaces import CLOSED, ClosedAction, ClosedStep, Receipt, RemoteRef, Sink
from tracker_migrate.model import Key
from tracker_migrate.workspace.ledger import Ledger, places
from tracker_migrate.workspace.sent import Sent, sent


class Late:
    """The creates of one target that were given up, and what has become of them. since: the
    time.monotonic() at which a request was given up last without having been waited for."""

    def __init__(self, sink: Sink, ledger: Ledger) -> None:
        self._sink, self._ledger = sink, ledger
        self._kinds = sink.planner.kinds
        self._guard = threading.Lock()
        self._known: dict[Key, list[Sent]] | None = None
        self._looked: set[Key] = set()
        self.since = time.monotonic()

    def give_up(self, intent: int, step: ClosedStep, *, waited: bool) -> None:
        """Note that nobody knows whether a step was carried out, and that it is not waited for now.
        waited: the settle time has passed, so that it will not be carried out any more. What may
        still come is looked for at the end of the run, see `coming`. Else one that creates nothing,
        or what was given up before, leaves nothing."""
        creates = [self._sent(step, one) for one in step.actions if self._is_own(one)]
        with self._guard:
            known = self._all()
            fresh = [one for one in creates if one not in known.get(one.key, ())]
            if not fresh and (waited or self._is_shared(step)):
                self._ledger.void([intent])
                return
            self._ledger.given_up.keep(intent, fresh, waited=waited)
            self.since = time.monotonic()
            for one in fresh:
                known.setdefault(one.key, []).append(one)

    def renew(self) -> None:
        """Others may have given up something meanwhile."""
        with self._guard:
            self._known, self.since = None, time.monotonic()

    def may_be_first(self, step: ClosedStep) -> bool:
        """Whether what stands under a number that a step has chosen may be an earlier request's,
        with something else in it. Told until it was looked at."""
        numbered = [one for one in step.actions if one.number is not None]
        return any(self._others(step, one) for one in numbered if one.key not in self._looked)

    def looked(self, step: ClosedStep) -> None:
        """What stands there for a step is looked at now, and need not be once more."""
        self._looked |= {one.key for one in step.actions}

    def stands(self, step: ClosedStep, receipt: Receipt) -> dict[Key, Sent]:
        """What was sent of the objects that a step has found, where some of that may be of an
        earlier request. Raises ObjectError, Unreachable."""
        found = {one.key: one for one in step.actions if self._others(step, one)}
        seen = self._seen(step, {of: (one.kind, receipt.refs[of]) for of, one in found.items()})
        made: dict[Key, Sent] = {}
        for of, action in found.items():
            own = sent(action, receipt.stored.get(of, {}))
            made[of] = self._as_it_is(own, self._others(step, action), seen.get(of, {}))
        return made

    def issues(self) -> list[Key]:
        """The issues whose own object a create was given up of: it may come after all, if the
        server takes longer than it should."""
        kind = self._sink.planner.issue_kind
        with self._guard:
            return [of for of, sent in self._all().items() if sent[-1].kind == kind]

    def parts(self) -> list[Sent]:
        """Of the other objects of issues whose create was given up, those that say themselves who
        may read them, and name what they are: these may come after all, too."""
        with self._guard:
            return [sent[-1] for sent in self._all().values() if self._stands_alone(sent[-1])]

    def take_back(self, of: Key, at: RemoteRef) -> bool:
        """Know an object that a create of ours has made after it was given up; whether there was
        one. Raises ObjectError, Unreachable."""
        with self._guard:
            known = list(self._all().get(of, ()))
        if not known:
            return False
        refs = {of: (known[-1].kind, at)}
        observed = self._sink.read(refs).objects.get(of)
        seen = digests(observed.fields) if observed is not None else {}
        self._ledger.take_back(Key(known[-1].issue) or of, _likest(known[::-1], seen), at)
        return True

    # -- inside -----------------------------------------------------------------------------------

    def _is_own(self, action: ClosedAction) -> bool:
        """Whether it creates an object of an issue. What many issues share is found by its name,
        and is left as it is."""
        return action.op == "create" and self._kinds[action.kind].phase != 0

    def _stands_alone(self, one: Sent) -> bool:
        kind = self._kinds[one.kind]
        own = kind.private == "own" and not kind.placed and not kind.chosen
        return own and bool(one.marker and one.issue) and one.key != one.issue

    def _is_shared(self, step: ClosedStep) -> bool:
        return all(self._kinds[one.kind].phase == 0 for one in step.actions)

    def _all(self) -> dict[Key, list[Sent]]:
        if self._known is None:
            self._known = defaultdict(list)
            for one in self._ledger.given_up.all():
                self._known[one.key].append(one)
        return self._known

    def _sent(self, step: ClosedStep, action: ClosedAction) -> Sent:
        own = sent(action, self._sink.stored(step).get(action.key, {}))
        return msgspec.structs.replace(own, issue=step.issue)

    def _others(self, step: ClosedStep, action: ClosedAction) -> list[Sent]:
        """What was sent otherwise for the same object, the newest first."""
        if not self._is_own(action):
            return []
        with self._guard:
            known = self._all().get(action.key, ())
        same = [one for one in known if one.number == action.number]
        own = self._sent(step, action).fields if same else {}
        return [one for one in reversed(same) if one.fields != own]

    def _seen(
        self, step: ClosedStep, found: Mapping[Key, tuple[str, RemoteRef]]
    ) -> dict[Key, dict[str, str]]:
        """The digests of what these hold."""
        if not found:
            return {}
        self._ledger.flush()
        refs = {**places(self._ledger.of_issue(step.issue), self._kinds), **found}
        return {of: digests(one.fields) for of, one in self._sink.read(refs).objects.items()}

    def _as_it_is(self, own: Sent, others: Sequence[Sent], seen: Mapping[str, str]) -> Sent:
        """Of each field, what was sent last of what it may hold: as it is wanted now, if it is so;
        else what the request sent that has most probably made it."""
        base = _likest([own, *others], seen)
        if base is own:
            return own
        now = {name for name, (_open, mark) in own.fields.items() if seen.get(name) == mark}
        access = self._sink.planner.access(own.kind, CLOSED).keys() & own.fields.keys()
        return Sent(
            key=own.key,
            kind=own.kind,
            number=own.number,
            digest="",
            fields=base.fields | {name: own.fields[name] for name in now},
            open=tuple(dict.fromkeys((*base.open, *own.open))),
            audience=own.audience if access and access <= now else base.audience,
            holds=base.holds,
            by=base.by,
        )


def _likest(candidates: Sequence[Sent], seen: Mapping[str, str]) -> Sent:
    """The one that has sent most of what is seen; of equals, the first."""
    return max(
        candidates,
        key=lambda one: sum(seen.get(name) == mark for name, (_open, mark) in one.fields.items()),
    )
