"""What is at an address: whether it is a Launchpad, what a spec names, what lies around it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import urlencode

from tracker_migrate.backends.launchpad import wire_places
from tracker_migrate.backends.launchpad.answers import NO_LOGIN, Got
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.reading import understood
from tracker_migrate.backends.launchpad.wire import (
    Entry,
    below,
    encode,
    is_private,
    sound,
    text,
)
from tracker_migrate.errors import (
    Gone,
    LoginNeeded,
    ObjectError,
    Refused,
    Unreachable,
    UsageError,
    WrongTracker,
)
from tracker_migrate.interfaces import Entity, Reply
from tracker_migrate.model import Milestone, Project, Series
from tracker_migrate.replies import decode

_SPEC = re.compile(r"[a-z0-9][a-z0-9+.\-]*(/(\+source/)?[a-zA-Z0-9][a-zA-Z0-9+.\-]*){0,2}")
_NAME = re.compile(r"[a-z0-9][a-z0-9+.\-]{0,199}")
#: what can be named
FORMS = "PROJECT, PROJECT/SERIES, GROUP or DISTRIBUTION/+source/PACKAGE"
#: what `check_specs` calls a group
GROUP = "project group"
_SERIES = ("project_series", "distro_series")
_NO_PLACE = ("milestone", "project_release", "person", "team")
_PACKAGES = ("distribution_source_package", "source_package")
Kind = Literal["project", "series", "milestone"]


def viewer(client: Client) -> str:
    """The name of the account that the login belongs to. Raises LoginNeeded, Unreachable, and
    WrongTracker if what answers says nothing of any login."""
    answer = client.answer("people/+me")
    where = answer.headers.get("Location", "")
    name = where.rpartition("/~")[2]
    if answer.status_code == 303 and "/~" in where and _NAME.fullmatch(name):
        return name
    _must_be_well(client, answer.status_code)
    raise _no_launchpad(client)


def check_root(client: Client) -> Mapping[str, str]:
    """What the service root says of itself. Raises WrongTracker, Unreachable, LoginNeeded."""
    try:
        answer = client.answer("")
    except Unreachable as error:
        raise Unreachable(f"{client.root}: {error}; check the address and the network") from None
    try:
        kind = str(decode(answer.content)[0]["resource_type_link"])
    except (ValueError, TypeError, KeyError, AttributeError):
        kind = ""
    _must_be_well(client, answer.status_code)
    if answer.status_code != 200 or not kind.endswith("#service-root"):
        raise _no_launchpad(client)
    return {"version": answer.headers.get("X-Launchpad-Revision", "unknown")}


def _must_be_well(client: Client, status: int) -> None:
    """Only a 401 speaks of a login; a server that is away, or asked for patience, says nothing."""
    if status == 401:
        raise LoginNeeded(NO_LOGIN)
    if status >= 500 or status == 429:
        raise Unreachable(f"{client.root} answers {status}; try again later")


def _no_launchpad(client: Client) -> WrongTracker:
    return WrongTracker(
        f"{client.root} is no Launchpad web service: the address of Launchpad's is "
        "https://api.launchpad.net"
    )


# -- specs --------------------------------------------------------------------------------------


def wrong_spec(spec: str) -> str | None:
    """Why a spec can't name anything, or None."""
    if not spec:
        return "launchpad: names nothing; write launchpad:PROJECT"
    if spec.startswith(("~", "bugs/")) or not _SPEC.fullmatch(spec):
        return f"launchpad:{spec}: names no project; write {FORMS}"
    return None


def check_specs(client: Client, specs: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """What each spec is: its kind in words, and its title. Raises UsageError that names all that
    are nothing."""
    facts, mistakes = {}, []
    for spec in specs:
        try:
            row = client.entry(spec).value
        except Gone:
            mistakes.append(f"launchpad:{spec}: {_nothing(client, spec)}")
            continue
        kind = wire_places.type_of(row)
        if not wire_places.is_project(kind) and kind not in _SERIES:
            what = f"a {kind.replace('_', ' ')}, where" if kind in _NO_PLACE else "something where"
            mistakes.append(f"launchpad:{spec}: is {what} no bugs can be; write {FORMS}")
        elif is_private(row) and not client.private:
            mistakes.append(f"launchpad:{spec}: is not public; say `private` to read it")
        else:
            facts[spec] = (kind.replace("_", " "), text(row["title"]))
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return facts


def _nothing(client: Client, spec: str) -> str:
    """What to say of a spec that names nothing, with names that are like it if some are found."""
    name = spec.partition("/")[0]
    said = "no such project, or not to be seen by this reader"
    asked = urlencode({"ws.op": "search", "text": name, "limit": "20"})
    try:
        rows = client.entry(f"pillars?{asked}").value["entries"]
    except (ObjectError, KeyError):
        rows = ()
    names = (row.get("name") for row in rows)
    found = [name for name in names if isinstance(name, str) and _NAME.fullmatch(name)]
    near = difflib.get_close_matches(name, found, 3, 0.5) or found[:3]
    if near:
        return f"{said}; did you mean {', '.join(near)}?"
    return f"{said}; look for its name in the address of its page"


# -- surroundings -------------------------------------------------------------------------------


def around(client: Client, spec: str) -> Iterator[Entity]:
    """The projects, series and milestones of a spec. Raises Gone, Refused, Unreachable."""
    got = client.entry(spec)
    row = got.value
    kind = wire_places.type_of(row)
    if is_private(row) and not client.private:
        raise Refused(f"launchpad:{spec}: is not public: only with `private` is it read")
    if kind in _SERIES:
        owner = row["project_link" if kind == "project_series" else "distribution_link"]
        yield from around(client, below(owner))
        return
    yield Entity(value=_made("project", row), reply=got.reply)
    if kind == "project_group":
        for member in _rows(client.collection(f"{spec}/projects")):
            yield _entity(client, "project", member)
            yield from _lines(client, below(member["self_link"]))
    elif kind in _PACKAGES:
        yield from around(client, below(row["distribution_link"]))
    else:
        yield from _lines(client, spec)


def project(client: Client, path: str) -> Entity:
    """A project, distribution or package. Raises Gone, Refused, Unreachable."""
    got = client.entry(path)
    if not wire_places.is_project(wire_places.type_of(got.value)):
        raise Refused("that is no project")
    return Entity(value=_made("project", got.value), reply=got.reply)


def _lines(client: Client, path: str) -> Iterator[Entity]:
    for row in _rows(client.collection(f"{path}/series")):
        yield _entity(client, "series", row)
    for row in _rows(client.collection(f"{path}/all_milestones")):
        yield _entity(client, "milestone", row)


def _rows(pages: Iterator[Got]) -> Iterator[Entry]:
    for got in pages:
        yield from got.entries


def _entity(client: Client, kind: Kind, row: Entry) -> Entity:
    url = client.address(row["self_link"])
    return Entity(value=_made(kind, row), reply=Reply(url=url, status=200, body=encode(row)))


_MAKERS = {
    "project": wire_places.project,
    "series": wire_places.series,
    "milestone": wire_places.milestone,
}


def _made(kind: Kind, row: Entry) -> Project | Series | Milestone:
    made: Project | Series | Milestone = understood(f"a {kind}", lambda: sound(_MAKERS[kind](row)))
    return made
