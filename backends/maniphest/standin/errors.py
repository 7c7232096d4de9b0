"""How a Conduit call is refused: a code and a text, in a reply of status 200."""

from __future__ import annotations

from collections.abc import Sequence


class ConduitError(Exception):
    """A refusal: `code` and `info` go into the reply; `native` marks a fault of PHP itself.

    A fault of PHP is answered without the header of capabilities (files, exchange 46).
    """

    def __init__(self, info: str, code: str = "ERR-CONDUIT-CORE", native: bool = False) -> None:
        super().__init__(info)
        self.code = code
        self.info = info
        self.native = native


def call_error(info: str) -> ConduitError:
    """The call itself is wrong: unknown method or parameter."""
    return ConduitError(info, "ERR-CONDUIT-CALL")


def validation(errors: Sequence[str]) -> ConduitError:
    """All that is wrong with the values of an edit, in one text."""
    return ConduitError("\n".join(["Validation errors:", *(f"  - {text}" for text in errors)]))


def php_fault(info: str) -> ConduitError:
    """PHP stumbled where the server's authors expected nothing."""
    return ConduitError(info, "Error", native=True)


def unreadable(name: str, problem: str) -> ConduitError:
    """A parameter, or a part of one, has the wrong type."""
    return ConduitError(f'Error while reading "{name}": {problem}')


NO_SESSION = ConduitError("Session key is not present.", "ERR-INVALID-SESSION")
INVALID_CONSTRAINT = ConduitError(
    'Parameter "constraints" includes an invalid key.', "ERR-INVALID-CONSTRAINT"
)
CONSTRAINTS_FORMAT = ConduitError(
    'Parameter "constraints" must be a map of constraints.', "ERR-INVALID-CONSTRAINTS-FORMAT"
)
INVALID_ATTACHMENT = ConduitError(
    'Parameter "attachments" includes an invalid key.', "ERR-INVALID-ATTACHMENT"
)
BAD_QUERY_KEY = ConduitError('Invalid query for parameter "queryKey".', "ERR-BAD-QUERYKEY")
NON_UTF8 = ConduitError(
    "Attempting to construct a query using a non-utf8 string when utf8 is expected. "
    "Use the `%B` conversion to escape binary strings data."
)
#: the work is done, the answer says otherwise (121-crash-between-commit-and-index)
GONE_AWAY = ConduitError(
    "#2006: MySQL server has gone away\n\n"
    'This error may occur if your configured MySQL "wait_timeout" or "max_allowed_packet" '
    "values are too small. This may also indicate that something used the MySQL "
    '"KILL <process>" command to kill the connection running the query.'
)
