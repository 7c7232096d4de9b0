"""Pages that are written from the code: settings, losses, what is impossible, the shipped tables.
And docstrings, which are plain text with `names` in them, as reStructuredText."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import impossible
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging

from tracker_migrate.backends.maniphest import options as maniphest
from tracker_migrate.backends.storyboard import options as storyboard
from tracker_migrate.report.losses import markdown as losses_page
from tracker_migrate.report.losses import rows
from tracker_migrate.workspace import settings

logger = logging.getLogger(__name__)
DEFAULTS = Path(__file__).parents[2] / "mappings" / "defaults"
#: of the tables of migration.toml, those that `Settings` does not name, and what checks each
_OF_TARGETS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[targets.NAME], of StoryBoard", storyboard.Options),
    ("[targets.NAME.files], of StoryBoard", storyboard.Files),
    ("[targets.NAME], of Maniphest", maniphest.Options),
    ("[targets.NAME.database]", settings.TargetDatabase),
)
#: what reStructuredText would take for markup
_MARKUP = re.compile(r"([*|\\]|(?<=\w)_(?!\w))")
_CODE = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("builder-inited", _write)
    app.connect("autodoc-process-docstring", _plain)
    return {"parallel_read_safe": True}


# -- docstrings -----------------------------------------------------------------------------------


def _plain(_app: Sphinx, _what: str, _name: str, _of: Any, _options: Any, lines: list[str]) -> None:
    """Make a docstring readable: what is indented is shown as it stands."""
    lines[:] = list(_shown("\n".join(lines)))


def _shown(text: str) -> Iterator[str]:
    for indented, lines in groupby(text.strip().split("\n"), _is_drawn):
        block = "\n".join(lines).strip("\n")
        if indented and block.strip():
            yield from ("", "::", "", *(f"    {line}" for line in block.split("\n")), "")
        else:
            yield from (*_line(block).split("\n"), "")


def _is_drawn(line: str) -> bool:
    """Whether a line stands as it is: it is indented, or has columns."""
    return line[:1] in (" ", "") or "   " in line


def _line(text: str) -> str:
    pieces = _CODE.split(text)
    told = ""
    for index, piece in enumerate(pieces):
        if index % 2:
            told += f"``{' '.join(piece.split())}``"
        else:  # what follows code needs a blank, seen or unseen
            told += "\\ " * bool(told and piece[:1].isalnum()) + _MARKUP.sub(r"\\\1", piece)
    return told


# -- pages ----------------------------------------------------------------------------------------


def _write(app: Sphinx) -> None:
    folder = Path(app.srcdir) / "reference"
    pages = {f"losses-{name}": _losses(name) for name in ("storyboard", "maniphest")}
    pages["every-setting"] = "\n".join(_settings())
    pages["shipped-tables"] = "\n".join(_tables())
    pages["impossible"] = "\n".join(impossible.page("launchpad", ("storyboard", "maniphest")))
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def _losses(sink: str) -> str:
    return "\n".join(losses_page("launchpad", sink, rows("launchpad", sink))) + "\n"


def _settings() -> Iterator[str]:
    yield from ("# Every setting, from the code", "")
    yield "What `migration.toml` may hold. [Settings](../settings.md) says more of each."
    fields = settings.Settings.model_fields.items()
    own = [(f"[{name}]", field.annotation) for name, field in fields]
    tables = [(name, of) for name, of in own if isinstance(of, type) and issubclass(of, BaseModel)]
    for heading, model in (*tables, *_OF_TARGETS):
        yield from ("", f"## `{heading}`", "", *_model(model))


def _model(model: type[BaseModel]) -> Iterator[str]:
    """A table of a model's settings; what each is for is said by the model's docstring."""
    head, said = _said(model)
    yield from (head, "", "| setting | default | |", "|---|---|---|")
    for name, field in model.model_fields.items():
        default = (
            "needed"
            if field.is_required()
            else _value(field.get_default(call_default_factory=True))
        )
        yield f"| `{name}` | {default} | {said.get(name, '').replace('|', '&#124;')} |"


def _value(value: Any) -> str:
    if value is None or value in ((), [], {}) or isinstance(value, BaseModel):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{json.dumps(value) if isinstance(value, str | tuple | list) else value}`"


def _said(model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """The docstring of a model, cut at its fields' names: what comes before them, and of each; or
    the comment above one."""
    text = " ".join((model.__doc__ or "").split())
    names = "|".join(sorted(map(re.escape, model.model_fields), key=len, reverse=True))
    commented = ModuleAnalyzer.for_module(model.__module__).find_attr_docs()
    said = {
        name: " ".join(lines).strip()
        for (of, name), lines in commented.items()
        if of == model.__name__
    }
    first, *rest = re.split(rf"(?:^|(?<=[.;)\u2026] ))((?:{names})(?:, (?:{names}))*): ", text)
    for told, what in zip(rest[::2], rest[1::2], strict=True):
        said |= dict.fromkeys(told.split(", "), what.strip())
    return first.strip(), said


def _tables() -> Iterator[str]:
    yield from ("# The tables that ship", "", "A workspace's own name only what differs.")
    shipped = tomllib.loads((DEFAULTS / "states.toml").read_text(encoding="utf-8"))
    for tracker, held in shipped.items():
        for table, words in held.items():
            yield from ("", f"## {tracker}: {table}", "", "| at the source | there |", "|---|---|")
            yield from (f"| {word} | `{to}` |" for word, to in words.items())
