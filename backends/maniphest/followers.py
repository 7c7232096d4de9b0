"""Who follows a task: the source's subscribers that have an account, where the settings want it.

Each is an object of its own, made once and never changed: who leaves a task later is not made to
follow it again. They come last, after all comments, and are sent in a request of their own, so that
nobody is told of the migration itself; of what happens to the task afterwards a follower is.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracker_migrate.interfaces import Audience, Decisions, Pointer, Wanted
from tracker_migrate.model import Issue, Key, key, name_of, parts

#: followers that one request adds
MOST = 250


def wanted(issue: Issue, audience: Audience, decisions: Decisions) -> Iterator[Wanted]:
    """An object for each account, once; of a task that is closed, for those whom its policy names:
    whoever else may see it is not known here."""
    if decisions.options.get("subscribers") != "accounts":
        return
    found: dict[str, Key] = {}
    for one in issue.subscriptions:
        account = decisions.account(one.person)
        if account is not None and (audience.name == "public" or account.id in audience.users):
            found.setdefault(account.id, one.person)
    for phid, person in found.items():
        yield Wanted(
            key=follower_key(issue.key, person),
            kind="follower",
            issue=issue.key,
            fields={"task": Pointer(to=issue.key), "subscriber": phid},
            audience=audience.name,
        )


def follower_key(issue: Key, person: Key) -> Key:
    """The key of somebody's following an issue."""
    return key(parts(issue)[0], "follower", f"{name_of(issue)}/{name_of(person)}")
