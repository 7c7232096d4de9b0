"""Reading tables that communities have already: who is who, and which projects are to move.

- stackalytics' `default_data.json`: an object with `users`, each with `user_name`, `emails`, and
  some of `launchpad_id`, `github_id`, `gerrit_id`, `ldap_id`; who works for `*robots` is a program.
- an object of user names: `{"jdoe": "janedoe"}`, from one tracker's to another's.
- a CSV file with a header, whose columns are guessed or named.
- OpenStack's `gerrit/projects.yaml`: a list of objects with `project`, and some of `groups`,
  `use-storyboard`, `launchpad`; or a CSV file with a column `project`.

What is read is a claim of somebody else's: it becomes suggestions and offers, never a decision.
E-mail addresses are compared, and written nowhere.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tracker_migrate.errors import UsageError
from tracker_migrate.mappings.table import did_you_mean
from tracker_migrate.text.redact import hide_addresses

#: so large is no table of people
_MOST = 64 << 20
_ROBOTS = "*robots"

#: what the columns of a CSV file are called, by what they hold; without blanks, signs and case
_CALLED: Mapping[str, tuple[str, ...]] = {
    "person": ("launchpad", "launchpadid", "launchpadname", "lp", "lpid", "lpname", "person",
               "source", "sourceuser"),
    "account": ("account", "accountid", "phid", "userid", "targetid", "id"),
    "login": ("login", "username", "user", "github", "githubid", "gerrit", "gerritid",
              "phabricator", "phorge", "storyboard", "target", "targetuser"),
    "name": ("name", "fullname", "realname", "displayname"),
    "email": ("email", "emails", "mail", "emailaddress"),
    "created": ("created", "datecreated", "since"),
    "project": ("project", "repo", "repository"),
    "place": ("place", "becomes", "targetproject"),
}  # fmt: skip


class Someone(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in such a table. person: the name at the source. logins: user names elsewhere.
    addresses: e-mail addresses. account: of the target, as `Account.id`. program: whether it is
    said to be one. at: where in the file it stands."""

    at: str
    person: str = ""
    logins: tuple[str, ...] = ()
    full_name: str = ""
    addresses: frozenset[str] = frozenset()
    account: str = ""
    created: str = ""
    program: bool = False


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A project in such a list. name: its full one (`openstack/nova`). sources: what it may be
    called at the source, the likeliest first. moves: whether the list says that it is to move;
    None if it does not say."""

    at: str
    name: str
    sources: tuple[str, ...]
    groups: tuple[str, ...] = ()
    moves: bool | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What a file holds: people or projects. kind: what it was taken for. paired: whether its
    people are pairs of names, of which nothing says which is the source's."""

    kind: str
    people: tuple[Someone, ...] = ()
    projects: tuple[Listed, ...] = ()
    paired: bool = False


def read(path: Path, columns: Mapping[str, str] | None = None) -> Table:
    """The table in a file. columns: of a CSV file, what holds what (`person`, `account`, `login`,
    `name`, `email`, `created`, `project`, `place`). Raises UsageError if it is none of those."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: can't be read: {error.strerror}") from None
    if len(data) > _MOST:
        raise UsageError(f"{path}: has more than {_MOST >> 20} MiB, which no such table has")
    ending = path.suffix.lower()
    if ending == ".json":
        return _json(path, data)
    if ending in (".yaml", ".yml"):
        return Table(kind="list of projects", projects=tuple(_projects(path, data)))
    return _csv(path, data, columns or {})


# -- JSON --------------------------------------------------------------------------------------


def _json(path: Path, data: bytes) -> Table:
    try:
        held = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is no JSON: {_where(error)}") from None
    if isinstance(held, dict) and isinstance(held.get("users"), list):
        people = tuple(_users(held["users"]))
        return Table(kind="stackalytics' default data", people=people)
    if isinstance(held, dict) and held and all(isinstance(one, str) for one in held.values()):
        pairs = enumerate(held.items(), 1)
        people = tuple(
            Someone(at=f"pair {number}", person=here.strip(), logins=(there.strip(),))
            for number, (here, there) in pairs
            if here.strip() and there.strip()
        )
        return Table(kind="pairs of user names", people=people, paired=True)
    raise UsageError(
        f'{path}: is neither an object with "users" (stackalytics) nor one of user names '
        '({"launchpad name": "other name"})'
    )


def _where(error: Exception) -> str:
    """An error of a decoder's without any of the text that it is about."""
    return str(error).partition("(")[0].strip()[:80] if "utf-8" not in str(error) else "not UTF-8"


def _users(rows: Sequence[Any]) -> Iterator[Someone]:
    """Users of `default_data.json`, by its schema; what is none is left out."""
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            continue
        person = _text(row.get("launchpad_id"))
        logins = (_text(row.get(name)) for name in ("gerrit_id", "github_id", "ldap_id"))
        addresses = row.get("emails")
        known = addresses if isinstance(addresses, list) else []
        yield Someone(
            at=f"user {number}",
            person=person,
            logins=tuple(dict.fromkeys(one for one in (*logins, person) if one)),
            full_name=_text(row.get("user_name")),
            addresses=frozenset(filter(None, map(_text, known))),
            program=_is_program(row.get("companies")),
        )


def _is_program(companies: Any) -> bool:
    rows = companies if isinstance(companies, list) else []
    return any(isinstance(one, dict) and one.get("company_name") == _ROBOTS for one in rows)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


# -- YAML --------------------------------------------------------------------------------------


def _projects(path: Path, data: bytes) -> Iterator[Listed]:
    try:
        rows = msgspec.yaml.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(f"{path}: is no YAML that can be read") from None
    if not isinstance(rows, list) or not all(isinstance(one, dict) for one in rows):
        raise UsageError(f"{path}: is no list of projects (- project: folder/name)")
    for number, row in enumerate(rows, 1):
        name = _text(row.get("project"))
        if not name:
            raise UsageError(f'{path}: entry {number} has no "project"')
        yield _listed(name, f"entry {number}", row)


def _listed(name: str, at: str, row: Mapping[str, Any]) -> Listed:
    """Gerrit's hooks file a change at the Launchpad project that `launchpad` names, else at those
    of `groups`, else at the one that is called as the repository is."""
    groups = row.get("groups")
    named = tuple(filter(None, map(_text, groups if isinstance(groups, list) else [])))
    own = name.rpartition("/")[2]
    likely = (_text(row.get("launchpad")), own, *named)
    moves = row.get("use-storyboard")
    return Listed(
        at=at,
        name=name,
        sources=tuple(dict.fromkeys(filter(None, likely))),
        groups=named,
        moves=moves if isinstance(moves, bool) else None,
    )


# -- CSV ---------------------------------------------------------------------------------------


def _csv(path: Path, data: bytes, columns: Mapping[str, str]) -> Table:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8: save it as UTF-8") from None
    lines = [one for one in text.splitlines() if one.strip() and not one.startswith("#")]
    try:
        first, *rows = list(csv.reader(lines, dialect=_dialect(lines), strict=True)) or [[]]
    except csv.Error:
        raise UsageError(f"{path}: is no table: is a quote not closed?") from None
    header = [one.strip() for one in first]
    places = _places(path, header, columns)
    cells = [{what: _cell(row, at) for what, at in places.items()} for row in rows]
    if "person" not in places and "project" in places:
        projects = tuple(_csv_projects(cells))
        return Table(kind="CSV of projects", projects=projects)
    if "person" not in places:
        raise UsageError(
            f"{path}: none of its columns is known to hold names of the source (it has: "
            f"{_told(header)}): say which with --column person=…"
        )
    return Table(kind="CSV of people", people=tuple(_csv_people(cells)))


def _dialect(lines: Sequence[str]) -> type[csv.Dialect] | csv.Dialect:
    """Commas, unless the header says otherwise."""

    class Found(csv.excel):
        delimiter = max(",;\t", key=lines[0].count) if lines else ","

    return Found()


def _places(path: Path, header: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Which column holds what: the first that is named, or called so."""
    found: dict[str, int] = {}
    for what, name in columns.items():
        if what not in _CALLED:
            known = ", ".join(_CALLED)
            raise UsageError(f"--column {what}=…: what a column can hold is {known}")
        if name not in header:
            hint = did_you_mean(name, header)
            raise UsageError(f'{path}: has no column "{name}"{hint} (it has: {_told(header)})')
        found[what] = header.index(name)
    bare = ["".join(c for c in one.casefold() if c.isalnum()) for one in header]
    for what, names in _CALLED.items():
        for place in (bare.index(one) for one in names if one in bare):
            if what not in found and place not in found.values():
                found[what] = place
    return found


def _told(header: Sequence[str]) -> str:
    """The names of columns; a file without a header has somebody's data there."""
    return hide_addresses(", ".join(header))


def _cell(row: Sequence[str], place: int) -> str:
    return row[place].strip() if place < len(row) else ""


def _csv_people(rows: Sequence[Mapping[str, str]]) -> Iterator[Someone]:
    for number, row in enumerate(rows, 1):
        addresses = row.get("email", "").replace(";", " ").replace(",", " ").split()
        if person := row.get("person", ""):
            yield Someone(
                at=f"row {number}",
                person=person,
                logins=tuple(filter(None, [row.get("login", "")])),
                full_name=row.get("name", ""),
                addresses=frozenset(addresses),
                account=row.get("account", ""),
                created=row.get("created", ""),
            )


def _csv_projects(rows: Sequence[Mapping[str, str]]) -> Iterator[Listed]:
    for number, row in enumerate(rows, 1):
        if name := row.get("project", ""):
            own = name.rpartition("/")[2]
            place = row.get("place", "") or name
            yield Listed(at=f"row {number}", name=place, sources=(own,), moves=True)


# -- which way round ---------------------------------------------------------------------------


def the_right_way(table: Table, known: Collection[str]) -> tuple[Table, bool]:
    """Pairs with the source's name first, and whether they had to be turned round. known: names
    that occur at the source: more of them stand on its side."""
    ours = sum(one.person in known for one in table.people)
    theirs = sum(one.logins[0] in known for one in table.people if one.logins)
    if not table.paired or theirs <= ours:
        return table, False
    turned = tuple(
        msgspec.structs.replace(one, person=one.logins[0], logins=(one.person,))
        for one in table.people
        if one.logins
    )
    return msgspec.structs.replace(table, people=turned), True
