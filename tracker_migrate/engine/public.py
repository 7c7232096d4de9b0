"""What everybody may read of an issue that everybody may read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tracker_migrate.model import Issue, Key, Person
from tracker_migrate.workspace.archive import Archive, mentioned


def as_public(issue: Issue, archive: Archive) -> Issue:
    """A public issue, less what of it not everybody may read: comments that are hidden, with their
    files, and where it leads to what is not public."""
    hidden = {one.index for one in issue.comments if one.withheld}
    if hidden:
        comments = tuple(one for one in issue.comments if one.index not in hidden)
        files = tuple(one for one in issue.attachments if one.comment not in hidden)
        issue = msgspec.structs.replace(issue, comments=comments, attachments=files)
    if not issue.relations:
        return issue
    keys = [one.to for one in issue.relations if one.to is not None]
    closed = archive.present(keys) - archive.public(keys)
    left = tuple(one for one in issue.relations if one.to is None or one.to not in closed)
    return msgspec.structs.replace(issue, relations=left)


def issues(archive: Archive, *, private: bool) -> Iterator[Issue]:
    """Every issue as everybody may read it; private: all of them, whole."""
    for issue in archive.issues():
        if private:
            yield issue
        elif not issue.private:
            yield as_public(issue, archive)


def people(archive: Archive, *, private: bool) -> Iterator[Person]:
    """Those whom such an issue names, and no private team; private: everybody."""
    named: set[Key] = set()
    for issue in issues(archive, private=False) if not private else ():
        named |= mentioned(issue)
    for one in archive.entities("person"):
        if private or (one.key in named and not one.private):
            yield one
