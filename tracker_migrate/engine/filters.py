"""`--only`: which issues a command is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from tracker_migrate.errors import UsageError
from tracker_migrate.mappings import states
from tracker_migrate.mappings.table import did_you_mean
from tracker_migrate.model import Issue, Key, kind_of, name_of

_FORMS = (
    "bug:1,2 · blueprint:NAME · tag:x · status:open|closed|New… · private · public · since:DATE"
)
_WORDS = ("bug", "blueprint", "tag", "status", "since", "private", "public")


class Only:
    """A filter. Several parts, separated by `|`, must all hold; `bug:1,2` names alternatives."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tests: list[Callable[[Issue], bool]] = []
        self._bugs: set[str] | None = None
        for part in text.split("|"):
            self._add(part.strip())

    def may_take(self, key: Key) -> bool:
        """Whether an issue of that key could pass; asked before it is read."""
        return self._bugs is None or (kind_of(key) == "bug" and name_of(key) in self._bugs)

    def takes(self, issue: Issue) -> bool:
        """Whether an issue passes."""
        return all(test(issue) for test in self._tests)

    def _add(self, part: str) -> None:
        word, _, value = part.partition(":")
        match word:
            case "bug":
                self._bugs = {number.strip() for number in value.split(",")}
                if not all(number.isdigit() for number in self._bugs):
                    raise UsageError(f'--only "{part}": bug numbers, as in bug:1234,5678')
                self._tests.append(lambda issue: self.may_take(issue.key))
            case "blueprint":
                self._tests.append(
                    lambda issue: (
                        issue.kind == "blueprint"
                        and (not value or issue.name.endswith(f"/+spec/{value}"))
                    )
                )
            case "tag" if value:
                self._tests.append(lambda issue: value in issue.tags)
            case "status" if value:
                self._tests.append(_status(part, value))
            case "private" | "public" if not value:
                self._tests.append(lambda issue: issue.private == (word == "private"))
            case "since":
                self._tests.append(_since(part, value))
            case _:
                hint = "" if word in _WORDS else did_you_mean(word, _WORDS)
                raise UsageError(f'--only "{part}" is not understood{hint} (forms: {_FORMS})')


def _status(part: str, value: str) -> Callable[[Issue], bool]:
    words = ("open", "closed", *states.words("status"))
    # another source may have words of its own; one that is nearly a known one is misspelt
    if value not in words and (hint := did_you_mean(value, words, cutoff=0.8)):
        raise UsageError(f'--only "{part}": there is no such status{hint}')
    if value in ("open", "closed"):
        return lambda issue: all(task.complete for task in issue.tasks) == (value == "closed")
    return lambda issue: any(task.status == value for task in issue.tasks)


def _since(part: str, value: str) -> Callable[[Issue], bool]:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise UsageError(f'--only "{part}": a date as in since:2017-01-31') from None
    when = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return lambda issue: issue.updated is not None and issue.updated > when
