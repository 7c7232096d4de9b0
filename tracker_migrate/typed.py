"""Types that several threads decode, made ready by one.

msgspec works out what a type is made of when it first decodes one. Threads that do so in the same
moment end the process with a fault of memory (seen with 0.22.0, in one run of four). So a module
that defines such types says so, when it is imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


def ready(*kinds: Any) -> None:
    """Have it worked out now what these types are made of."""
    for kind in kinds:
        msgspec.json.Decoder(kind)


def ready_all(module: Mapping[str, Any]) -> None:
    """The same for all types that a module defines. module: its `globals()`."""
    name = module["__name__"]
    for kind in list(module.values()):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == name:
            ready(kind)
