"""What a login may do, found out before anything is read: what is private, and who may read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.listing import CLOSED_TYPES, left_out, question
from tracker_migrate.backends.launchpad.places import GROUP
from tracker_migrate.backends.launchpad.sharing import Sharing
from tracker_migrate.errors import LoginNeeded, ObjectError

_PUBLIC_ONLY = (
    "what is private is to be read, and this login is for public things only: Launchpad counts "
    "private bugs for it and shows none; make one that may `Read Anything` or, to be told who else "
    "may read them, `Change Anything`"
)
_CURE = "log in as its owner or driver, with a login that may `Change Anything`"
_A_FEW = 5


def must_read_private(client: Client, specs: Sequence[str]) -> None:
    """Raise LoginNeeded if there are private bugs, and not one is shown; one small search for each
    spec. Where somebody's account may read none either, nothing tells (facts 12)."""
    asked = urlencode(question(private=True, page=_A_FEW, types=CLOSED_TYPES))
    for spec in specs:
        try:
            page = client.page(f"{client.address(spec)}?{asked}").value
        except ObjectError:
            continue  # a spec that can't be searched is for the listing to tell
        if not page["entries"] and left_out(page):
            raise LoginNeeded(_PUBLIC_ONLY)


def readers(sharing: Sharing, kinds: Mapping[str, str]) -> str:
    """Whether Launchpad tells this login who may read what is private, for people; one request for
    each project or distribution. kinds: what each spec is.

    None is made for a group, for which the service answers 500 (seen on a running server).
    """
    pillars = {spec.partition("/")[0] for spec, kind in kinds.items() if kind != GROUP}
    silent = [why for one in sorted(pillars) if (why := sharing.silent(one))]
    said = ["told"] if pillars and not silent else []
    if silent:
        said.append(f"not told: {', '.join(silent)}: {_CURE}")
    if GROUP in kinds.values():
        said.append("the projects of a group are asked about when their issues are read")
    return "; ".join(said)
