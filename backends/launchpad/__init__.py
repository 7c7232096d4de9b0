"""Launchpad: a source of bugs and blueprints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker_migrate.interfaces import Exported, Source
    from tracker_migrate.model import Key
    from tracker_migrate.text.blocks import Block

#: the version of `interfaces` that this is written for
INTERFACE = 1


def open_source(
    specs: Sequence[str],
    options: Mapping[str, Any],
    credentials: Mapping[str, str] | None = None,
) -> Source:
    """Launchpad as a source; asks the server nothing yet.

    specs: `nova`, `nova/kilo`, `openstack` (a group), `ubuntu/+source/firefox`, any number of them.
    options: address (of the API, without version), connections, per_second, timeout and patience
    (seconds), private (read what is not public, too), page (rows of a search's page), also (read of
    each bug though nothing says that it has any: `watches`, `nominations`, `merge_proposals`; and,
    with a login, `earlier_comments`), state_dir.
    credentials: consumer, token and secret, or None for anonymous reading.
    Raises UsageError with all that is wrong.
    """
    from tracker_migrate.backends.launchpad.opening import opened

    return opened(specs, options, credentials)


def blocks(text: str, home: str, issue: Key) -> tuple[Block, ...]:
    """A text of an issue as blocks. home: the issue's web address, which tells where Launchpad's
    people read (`https://bugs.launchpad.net/bugs/1` → `https://launchpad.net`)."""
    from tracker_migrate.backends.launchpad import text as text_

    return text_.blocks(text, text_.web_root(home), issue)


def exported_fields() -> Iterator[Exported]:
    """Every field that Launchpad's API exports of what is read, and what it is in the model."""
    from tracker_migrate.backends.launchpad.exported import exported

    return exported()
