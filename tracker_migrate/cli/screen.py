"""The one way to the terminal: every line that a command prints goes through here.

What is printed may hold names of a server's, so nothing but plain text gets out (`printable`). A
JSON document is exact: all but ASCII is escaped in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from tracker_migrate.text.printable import LONGEST, printable

#: while a progress bar is on the terminal: prints a line above it
_above: list[Callable[[str], None]] = []


@contextmanager
def above(show: Callable[[str], None]) -> Iterator[None]:
    """While in it, lines to the standard error go through `show`."""
    _above.append(show)
    try:
        yield
    finally:
        _above.remove(show)


def echo(line: str, err: bool = False, whole: bool = False) -> None:
    """Print one line. err: to the standard error. whole: of whatever length, where the text of an
    issue is what is asked for."""
    text = printable(line, len(line) if whole else LONGEST)
    if err and _above:
        _above[-1](text)
    else:
        click.echo(text, err=err)


def document(value: Any, indent: int | None = 2) -> None:
    """Print a JSON document. indent: None for one line."""
    click.echo(encoded(value, indent))


def encoded(value: Any, indent: int | None = 2) -> str:
    """JSON that is ASCII and has no control character but line breaks: DEL is one, too."""
    text = json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=True)
    return text.replace("\x7f", "\\u007f")
