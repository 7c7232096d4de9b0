"""`init`: a new workspace, with its settings and tables commented."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from tracker_migrate import registry
from tracker_migrate.errors import UsageError
from tracker_migrate.text.printable import printable
from tracker_migrate.text.redact import hide_addresses
from tracker_migrate.workspace import secrets, settings

_IGNORE = "/state/\n/plans/\n/reports/\n"

_PEOPLE = """\
# Who is who. state: verified (used), group (a team that is this team or project of the target's),
# suggested (not used until you say verified), placeholder, bot (a program: see `bots` in
# docs/settings.md; it needs neither target nor account: some-bot,,,,bot,,).
# account: a StoryBoard user's number, or a Maniphest user's PHID. No e-mail address belongs here.
person,target,account,name,state,created,note
"""
_TAGS = """\
# What tags become. An empty "becomes" leaves the tag in the text alone; a tag without a row keeps
# its name. An empty target means every target.
tag,target,becomes,note
"""
_PROJECTS = """\
# Where projects, series (nova/kilo) and packages (ubuntu/+source/nova) go. Without a row a project
# keeps its name, and a series becomes a branch. move: yes, or no to name it in the text alone.
source,target,place,branch,move,note
"""
_STATES = """\
# Rows that differ from the shipped ones, e.g.
# [storyboard.status]
# "Incomplete" = "invalid"
"""
_PRIVACY = """\
# What becomes of issues that not everybody may read: "refuse", "stay" (at the source, on purpose),
# or the name of a policy below. A type without a row is refused.
[information_type]
"Private" = "refuse"
"Private Security" = "refuse"
"Proprietary" = "refuse"
"Embargoed" = "refuse"

# A policy says who is let in at each target. Nobody is let in who may not read the issue at the
# source; what can't be shown to be so is refused. See: tracker-migrate readers
# [policies.security.NAME-OF-TARGET]
# users = "readers"                   # StoryBoard: each issue's own readers, by people.csv; or ids
# groups = [4]                        # StoryBoard: teams. Maniphest: ["PHID-PROJ-…"], its members
# also = [23]                         # accounts that may read there, though not at the source
# without = ["jdoe"]                  # readers without an account who go without; or "all"
# space = "PHID-SPCE-…"               # Maniphest: a Space that it has to be in, besides
# lets_in = ["PHID-USER-…"]           # Maniphest: whom a custom policy or a Space lets in

# What can't be taken back at a target (a comment that was hidden after it was copied) closes the
# issue there, until it is gone, or until you have looked at it and say so here:
# [exposed]
# "launchpad:bug:1234567" = "accept"
"""


class Made(msgspec.Struct, frozen=True):
    """A new workspace. tokens: by target, where its token is read from."""

    folder: str
    tokens: dict[str, str]
    next: str


def make(
    folder: Path,
    sources: Sequence[str],
    targets: Sequence[str],
    address: str | None,
    private: bool,
    chosen: Mapping[str, Mapping[str, str]] | None = None,
    seen: Mapping[str, str] | None = None,
) -> Made:
    """Make a workspace. chosen: by target, settings that somebody chose. seen: what the source says
    of each spec. Raises UsageError, before anything is written, if there is one already or an
    argument is wrong."""
    named, text = _possible(folder, sources, targets, address, private, chosen or {}, seen or {})
    tables, credentials = folder / "mappings", folder / "state" / "credentials"
    tables.mkdir(parents=True, exist_ok=True)
    for private_folder in (credentials.parent, credentials):
        private_folder.mkdir(mode=0o700, exist_ok=True)
    for path, content in _files(folder, tables, text).items():
        if not path.exists():
            path.write_text(content, encoding="utf-8")
    return Made(
        folder=str(folder),
        tokens={name: secrets.secret_places(folder, f"{name}-token") for name in named},
        next=f"tracker-migrate pull -C {shlex.quote(str(folder))}",
    )


def check(
    folder: Path, sources: Sequence[str], targets: Sequence[str], address: str | None, private: bool
) -> None:
    """Raise UsageError if `make` would: no server is asked."""
    _possible(folder, sources, targets, address, private, {}, {})


def _possible(
    folder: Path,
    sources: Sequence[str],
    targets: Sequence[str],
    address: str | None,
    private: bool,
    chosen: Mapping[str, Mapping[str, str]],
    seen: Mapping[str, str],
) -> tuple[dict[str, str], str]:
    """The targets by name, and the text of the settings. Raises UsageError if it can't be."""
    if (folder / settings.FILE).exists():
        raise UsageError(f"{folder} is a workspace already: look at its {settings.FILE}")
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder, which need not exist")
    named: dict[str, str] = {}
    for name, sink in map(_target, targets):
        if name in named:
            raise UsageError(f"--to: there are two targets called {name}: name them differently")
        named[name] = sink
    text = "".join(_settings(sources, list(named.items()), address, private, seen))
    text = _with_choices(text, chosen)
    _check(text, sources, address)
    return named, text


def _check(text: str, sources: Sequence[str], address: str | None) -> None:
    """Have the settings read as they will be, and the source look at what it should read."""
    held = tomllib.loads(text)
    settings.checked(held, backends=True)
    options = {"address": address} if address else {}
    registry.open_source(sources, options, None).close()


def _files(folder: Path, tables: Path, text: str) -> dict[Path, str]:
    return {
        folder / settings.FILE: text,
        folder / ".gitignore": _IGNORE,
        tables / "people.csv": _PEOPLE,
        tables / "tags.csv": _TAGS,
        tables / "projects.csv": _PROJECTS,
        tables / "states.toml": _STATES,
        tables / "privacy.toml": _PRIVACY,
    }


def _target(argument: str) -> tuple[str, str]:
    name, equals, sink = argument.partition("=")
    if not equals or not sink.partition(":")[2]:
        raise UsageError(f"--to {argument}: write NAME=SINK:URL, as new=storyboard:https://…")
    return name, sink


def _settings(
    sources: Sequence[str],
    targets: Sequence[tuple[str, str]],
    address: str | None,
    private: bool,
    seen: Mapping[str, str],
) -> Iterator[str]:
    yield "# What is read, and where it is written. No secret belongs in this file.\n\n[source]\n"
    yield from (f"# {_quoted(spec)} is: {_plain(said)}\n" for spec, said in seen.items())
    yield f"specs = [{', '.join(_quoted(spec) for spec in sources)}]\n"
    if address:
        yield f"address = {_quoted(address)}\n"
    yield f"private = {str(private).lower()}          # read issues that are not public, too\n"
    yield "# connections = 8         # at once\n# per_second = 20.0       # requests, at most\n"
    yield "# attachments = true      # read their bytes, too\n"
    for name, sink in targets:
        yield f"\n[targets.{_key(name)}]\nsink = {_quoted(sink)}\n"
        yield "# connections = 4         # steps under way at once\n"
        yield "# settle_seconds = 60     # the longest that the server may take for a request\n"
        if sink.startswith("storyboard:"):
            yield '# numbers = "block"       # or "keep": a story gets its bug\'s number\n'
            yield '# authors = "importer"    # or "tokens": their authors: docs/authors.md\n'
            yield '# people = "found"        # or "created": accounts for authors without one\n'
            yield f"# [targets.{_key(name)}.files]  # for attachments: docs/attachments.md\n"
            yield '# folder = "/srv/files"   # which a web server of yours gives out\n'
            yield '# address = "https://files.example.org"  # under this address\n'
        if sink.startswith("maniphest:"):
            yield '# order = "ordered"       # or "parallel": numbers in any order\n'
            yield '# task_mode = "subtasks"  # or "one": all tasks of a bug in one\n'
            yield '# work_items = "subtasks"  # or "checklist": in the blueprint\'s text\n'
        if sink.startswith(("storyboard:", "maniphest:")):
            yield f"# [targets.{_key(name)}.database]  # for backdate: docs/backdate.md\n"
            yield '# url = "mysql+pymysql://USER@HOST/NAME"  # no password here\n'


def _with_choices(text: str, chosen: Mapping[str, Mapping[str, str]]) -> str:
    """The settings, with what somebody chose in place of what is offered."""
    head, *sections = text.split("\n[targets.")
    return "\n[targets.".join([head, *(_chosen(one, chosen) for one in sections)])


def _chosen(section: str, chosen: Mapping[str, Mapping[str, str]]) -> str:
    for setting, value in chosen.get(section.partition("]")[0], {}).items():
        before, offered, rest = section.partition(f"\n# {setting} = ")
        if offered:
            remark = rest.partition('"')[2].partition('"')[2]
            section = f"{before}\n{setting} = {_quoted(value)}{remark}"
    return section


def _plain(text: str) -> str:
    """What a server says, as a comment: one line, without addresses."""
    return hide_addresses(printable(" ".join(text.split())))


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("-", "_").isidentifier() else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
