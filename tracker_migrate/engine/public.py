"""What everybody may read of an issue that everybody may read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tracker_migrate.engine.rekeying import rekeyed
from tracker_migrate.engine.unnamed import Nameable, without
from tracker_migrate.model import Comment, Issue, Key, Person, kind_of, name_of, parts
from tracker_migrate.workspace.archive import Archive, mentioned

#: what an issue leads to, and that is none
_PLACES = frozenset({"project", "series", "milestone"})
_PAGE = 100


class Public:
    """The public issues of an archive, less what of them not everybody may read."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._nameable = Nameable(archive)
        self._names = archive.names()

    def __iter__(self) -> Iterator[Issue]:
        for issue in self._archive.issues():
            if not issue.private:
                yield self.shown(issue)

    def shown(self, issue: Issue) -> Issue:
        """A public issue, less what was withdrawn of it, the people whom not everybody may know,
        and where it leads to what is not public; by no name that was never everybody's."""
        issue = _without_withdrawn(issue)
        issue = without(issue, self._nameable.unknown(mentioned(issue)))
        issue = self._without_private(issue) if issue.relations else issue
        return (
            rekeyed(issue, parts(issue.key)[0], self._names.told) if self._names.secrets else issue
        )

    def _without_private(self, issue: Issue) -> Issue:
        led = (one.to for one in issue.relations if one.to is not None)
        keys = [one for one in led if kind_of(one) not in _PLACES]
        closed: set[Key] = set()
        for start in range(0, len(keys), _PAGE):
            closed |= self._closed(keys[start : start + _PAGE])
        left = tuple(one for one in issue.relations if one.to not in closed)
        return msgspec.structs.replace(issue, relations=left)

    def _closed(self, keys: Sequence[Key]) -> set[Key]:
        """Those of these issues of which not everybody may know. A number alone says nothing: where
        nothing was ever met under it, it may stand, as it does in what is written to a target."""
        closed = set(keys) - self._archive.public(keys)
        numbers = [one for one in closed if name_of(one).isdigit()]
        return closed - (set(numbers) - self._archive.met(numbers))


def _without_withdrawn(issue: Issue) -> Issue:
    """An issue without comments that are hidden, and their files; of one that was deleted not even
    its subject is left."""
    hidden = {one.index for one in issue.comments if one.withheld}
    if not hidden and not any(one.deleted for one in issue.comments):
        return issue
    comments = tuple(_shown(one) for one in issue.comments if one.index not in hidden)
    files = tuple(one for one in issue.attachments if one.comment not in hidden)
    return msgspec.structs.replace(issue, comments=comments, attachments=files)


def _shown(one: Comment) -> Comment:
    return msgspec.structs.replace(one, text="", subject="") if one.deleted else one


def issues(archive: Archive, *, private: bool) -> Iterator[Issue]:
    """Every issue as everybody may read it; private: all of them, whole."""
    return archive.issues() if private else iter(Public(archive))


def people(archive: Archive, *, private: bool) -> Iterator[Person]:
    """Those whom such an issue names; private: everybody."""
    named: set[Key] = set()
    for issue in issues(archive, private=False) if not private else ():
        named |= mentioned(issue)
    for one in archive.entities("person"):
        if private or one.key in named:
            yield one
