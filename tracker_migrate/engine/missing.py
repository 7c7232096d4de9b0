"""Issues that a source does not name any more: made private, moved, deleted; what only another
viewer has read; and what is listed as private and can't be read.

Each is looked at. What the source says is not public any more is gone at once; if too many are
simply not to be seen, a person has to say whether that is right.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

from tracker_migrate.engine.believing import Believing
from tracker_migrate.engine.intake import Intake
from tracker_migrate.engine.uncounted import Uncounted
from tracker_migrate.errors import Gone, NotPublic, ObjectError
from tracker_migrate.interfaces import Listed, Source
from tracker_migrate.model import Key, kind_of
from tracker_migrate.workspace.archive import Archive


class Missing:
    """Looks after what one pull misses. believed: raises Brake if so many new issues are too many.

    closed: what is not public, once that was asked for. count: see `engine.uncounted`.
    """

    def __init__(
        self,
        source: Source,
        archive: Archive,
        intake: Intake,
        count: Uncounted,
        believing: Believing,
        believed: Callable[[int], None],
        connections: int,
    ) -> None:
        self._source, self._archive = source, archive
        self._intake = intake
        self._believing, self._believed = believing, believed
        self._connections = connections
        self.count = count
        self.closed: set[Key] | None = None

    def after_listing(self, listed: set[Key], *, every: bool) -> None:
        """What a listing did not name: retargeted, closed, deleted. every: it was a whole one,
        which should have named every issue of the archive; none need name what others have read.
        Raises Brake."""
        known = [key for key in self._archive.issue_keys() if key not in listed] if every else []
        missing = dict.fromkeys([*known, *self._left_by_others(listed)])
        self._look_at(missing)

    def _left_by_others(self, listed: set[Key]) -> list[Key]:
        """What stands at a target because another viewer has read it, and is not listed for this
        one. What was gone by then is so without another look: the sweep goes on looking."""
        archive = self._archive
        if archive.others.settled(archive.viewer):
            return []
        left = [one for one in archive.others.left(archive.viewer) if one.key not in listed]
        for one in left:
            if one.gone and not one.mine:
                archive.set_gone(one.key)
        return [one.key for one in left if one.mine or not one.gone]

    def uncounted(self, listed: set[Key], *, whole: bool, brief: bool) -> None:
        """Bugs that vanished or appeared since the last pull; and, where the listing named all of
        them, blueprints. Raises Brake."""
        looked = {*listed, *self._intake.failed}
        due = self.count.is_due(brief=brief)
        vanished, appeared = self.count.look() if due else ([], [])
        fresh = [Listed(key=key) for key in appeared if key not in looked]
        self._believed(len(fresh))
        self._intake.all(self._intake.because("counted", iter(fresh)))
        missing = [key for key in vanished if key not in looked]
        self._intake.how |= dict.fromkeys(missing, "counted")
        # one that could not be read may be the one that is missing, by its new name
        if whole and not any(kind_of(key) == "blueprint" for key in self._intake.failed):
            known = (key for key in self._archive.issue_keys() if kind_of(key) == "blueprint")
            missing += [key for key in known if key not in listed]
        self._look_at(missing)

    def shut(self) -> None:
        """What the source lists as not public, and can't be read, is not to be seen any more: the
        archive says of it still that everybody may read it."""
        if not self._intake.failed:
            return
        closed = set(self._source.closed()) if self.closed is None else self.closed
        for key in sorted(self._intake.failed & closed):
            issue = self._archive.issue(key)
            if not (self._was_private(key) if issue is None else issue.private):
                self._archive.set_gone(key, unread=True)

    def give_up_lost(self) -> None:
        """What was swept, and is not to be seen any more."""
        self._gone(self._intake.lost, len(self._intake.swept))

    def settle_away(self, of: int) -> None:
        """What was moved to where nothing is read. Raises Brake."""
        self._believing.must(len(self._intake.away.fresh()), of)
        for key in self._intake.away.found():
            self._intake.note(self._intake.away.settle(key), key)

    def _look_at(self, missing: Collection[Key]) -> None:
        with ThreadPoolExecutor(self._connections, thread_name_prefix="missing") as pool:
            lost = [key for key in pool.map(self._look_for, missing) if key is not None]
        self._gone(lost, max(self._archive.count(), len(missing)))

    def _look_for(self, key: Key) -> Key | None:
        """Read an issue that was not listed; the key of one that is not to be seen."""
        try:
            if kind_of(key) == "blueprint" and not self._intake.away.is_left(key):
                raise Gone("blueprints are listed whole")
            reading = self._intake.whole(key, "")
        except Gone as error:
            if self._intake.beyond.takes(key):
                return None
            if not isinstance(error, NotPublic):
                return key
            self._archive.set_gone(key)
            self._intake.note("gone", key)
        except ObjectError as error:
            self._intake.could_not(key, error)
        else:
            self._intake.keep(key, reading)
        return None

    def _gone(self, lost: list[Key], of: int) -> None:
        """Take it that these, of so many that were looked for, are gone. Raises Brake if they are
        too many to be believed."""
        self._believing.must(len(lost), of)
        for key in lost:
            self._archive.set_gone(key)
            self._intake.note("gone", key)

    def _was_private(self, key: Key) -> bool:
        """Whether an issue was not public when another viewer read it."""
        return self._archive.others.private(key, self._archive.viewer)
