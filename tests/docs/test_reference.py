"""The reference names everything that others build on, and nothing in it goes without a word."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import tracker_migrate as tm

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
_DIRECTIVE = re.compile(r"^\.\. auto(\w+):: (\S+)((?:\n   :.*)*)", re.MULTILINE)


def shown() -> dict[str, str]:
    """What the reference shows: the name, and which kind of thing it is."""
    pages = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))]
    return {name: kind for page in pages for kind, name, _ in _DIRECTIVE.findall(page)}


def named(name: str) -> Any:
    """What a dotted name leads to."""
    module, _, last = name.rpartition(".")
    try:
        return importlib.import_module(name)
    except ImportError:
        return getattr(importlib.import_module(module), last)


def test_every_name_of_the_library_is_in_the_reference() -> None:
    there = {id(named(name)) for name in shown()} | {
        id(value)
        for name, kind in shown().items()
        if kind == "module"
        for value in vars(named(name)).values()
    }
    assert [name for name in tm.__all__ if id(getattr(tm, name)) not in there] == []


def test_what_the_library_gives_back_is_in_the_reference() -> None:
    """Classes of ours that the annotation of a function names."""
    modules = {name for name, kind in shown().items() if kind == "module"}
    classes = {name.rpartition(".")[2] for name, kind in shown().items() if kind == "class"}
    for name in tm.__all__:
        function = getattr(tm, name)
        if not inspect.isfunction(function):
            continue
        told = str(inspect.signature(function).return_annotation)
        home = vars(importlib.import_module(inspect.unwrap(function).__module__))
        for word in set(re.findall(r"[A-Z]\w+", told)):
            of = getattr(home.get(word), "__module__", "")
            if inspect.isclass(home.get(word)) and of.startswith("tracker_migrate"):
                assert of in modules or word in classes, f"{name} gives {word}"


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """The public classes and functions that a module has itself."""
    for name, value in vars(module).items():
        mine = getattr(value, "__module__", None) == module.__name__
        if not name.startswith("_") and mine and (inspect.isclass(value) or callable(value)):
            yield f"{module.__name__}.{name}", value


def members(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class has itself."""
    for own, held in vars(value).items() if inspect.isclass(value) else ():
        plain = held.__func__ if isinstance(held, classmethod | staticmethod) else held
        if not own.startswith("_") and (inspect.isfunction(plain) or isinstance(plain, property)):
            yield f"{name}.{own}", plain


def everything() -> Iterator[tuple[str, Any]]:
    """All that the reference shows, with what belongs to it."""
    for name, kind in shown().items():
        value = named(name)
        yield name, value
        tops = [*public(value)] if kind == "module" else [(name, value)]
        for top, one in tops:
            yield top, one
            yield from members(top, one)


def test_nothing_in_the_reference_goes_without_a_word() -> None:
    found = dict(everything())
    assert len(found) > 200
    mute = {name for name, value in found.items() if not (value.__doc__ or "").strip()}
    assert {name for name in mute if not _said_by_a_comment(name)} == set()


def _said_by_a_comment(name: str) -> bool:
    """Whether a name that can hold no docstring (an alias) has a comment above it."""
    module, _, last = name.rpartition(".")
    try:
        source = inspect.getsource(importlib.import_module(module))
    except ImportError:
        return False
    return re.search(rf"^#: .*\n(?:#.*\n)*{last}\b.* = ", source, re.MULTILINE) is not None
