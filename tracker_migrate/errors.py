"""What can go wrong, sorted by what has to be done about it.

    MigrateError                     exit  the engine's reaction
    ├── UsageError                   2     stop: settings, tables, arguments (all mistakes at once)
    │   └── ClosingOnly              2     nothing is written, but what has to be closed there is
    ├── LoginNeeded                  7     stop: no token, a wrong one, one that ran out
    ├── WrongTracker                 2     stop: that address is not the tracker it should be
    ├── Unreachable                  6     stop after patience; run again later
    │   └── NotFound                 6     it answers, and what was asked for by name is not there
    ├── Locked                       5     stop: another run holds the workspace
    ├── Brake                        8     stop: a person has to decide
    ├── WorkspaceError               1     stop: newer schema, damaged, open to others, disk full
    └── ObjectError                        this object alone; the others go on
        ├── Refused                  3     set aside with its reason: it can't be, or may not be
        │   └── Postponed            3     set aside for this run: the next one takes it up at once
        ├── Retriable                -     surely nothing was written: send again, later
        │   └── NotSent              -     not sent: the server is down, or wants to rest
        ├── Doubtful                 -     may have been written: settle by looking
        ├── Taken                    -     the number belongs to somebody else: choose another
        └── Gone                     4     what we wrote, or read, is not there any more
            └── NotPublic            4     it is there, and is not for everybody any more

A message names the cause and the cure, in one line, and holds no private text: what a server said
is first reduced to a class that we know.
"""

from __future__ import annotations

from collections.abc import Sequence

#: a variable: set it to see where a bug is. A trace may hold private text, so none is shown unasked
TRACE = "TRACKER_MIGRATE_TRACE"


class MigrateError(Exception):
    """Anything that this package raises on purpose. `exit_status` is what the command ends with."""

    exit_status = 1


class UsageError(MigrateError):
    """Settings, tables or arguments are wrong; the message lists all mistakes with their paths."""

    exit_status = 2


class ClosingOnly(UsageError):
    """What is wrong keeps a run from writing, and must not keep it from closing what is there."""


class LoginNeeded(MigrateError):
    """There is no credential, or the server does not take it."""

    exit_status = 7


class WrongTracker(UsageError):
    """The address answers, but is not the tracker that it was said to be."""


class Unreachable(MigrateError):
    """The server can't be reached, or is down; nothing is known to be lost."""

    exit_status = 6


class NotFound(Unreachable):
    """The server answers, and what was asked for by its name is not there, or not there any more:
    it may be called otherwise by now."""


class Locked(MigrateError):
    """Another process works on this workspace."""

    exit_status = 5


class Brake(MigrateError):
    """Something is so unlikely to be meant that a person has to decide."""

    exit_status = 8


class WorkspaceError(MigrateError):
    """The workspace can't be used as it is."""


class ObjectError(MigrateError):
    """Concerns one object; the run goes on with the others. `exit_status` is that of a run
    which leaves such an object behind.

    down: the whole server was down, or asked for patience: it says nothing about the object, which
    must not be set aside because of it.
    """

    exit_status = 3
    down = False


class Refused(ObjectError):
    """The object can't be written, or must not be; the message says why."""


class Postponed(Refused):
    """A run has done as much of this sort as it may: the next one goes on, however often."""


class Retriable(ObjectError):
    """Surely nothing was written (a refused connection, a rolled-back deadlock, 429).

    `after`: seconds to wait first, where the server named them.
    """

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class NotSent(Retriable):
    """The request was not sent: the server is down, or wants to be left alone.

    `after`: seconds until it is worth another try; None: our patience is at an end.
    """

    down = True


class Doubtful(ObjectError):
    """The reply was lost, late or unreadable: the write may have happened."""


class Taken(ObjectError):
    """The number that was chosen belongs to an object of somebody else."""


class Gone(ObjectError):
    """An object that we wrote is not there any more, or not to be seen."""

    exit_status = 4


class NotPublic(Gone):
    """It is there, and not everybody may read it any more; this reader reads public things only."""


def together(errors: Sequence[MigrateError]) -> MigrateError:
    """The first of several, which says what has to be done, in the words of all, a line each."""
    first = errors[0]
    first.args = ("\n".join(dict.fromkeys(map(str, errors))),)
    return first
