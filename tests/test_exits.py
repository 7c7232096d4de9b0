"""Every place where text leaves the process has a row with its guard; every value that is put into
a message is of a harmless class. A new one fails here until somebody has looked at it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.exits import PACKAGES, ROOT, Exit, chained, exits, looked_at, table

#: what a value in a message may be. All else could be somebody's text, name or secret
HARMLESS = {
    "number": "a count, a number of an issue, seconds, bytes, a status, a date",
    "key": "the key of a thing at the source, or a path that is one",
    "host": "a server's name, or its address, which holds no login (see checked.web_address)",
    "field": "the name of a field, kind, table, class, system error",
    "word": "words that stand in the source of this program",
    "setting": "what somebody has written into migration.toml, or on the command line",
    "table": "what somebody has written into mappings/, or a word of states, types, priorities",
    "path": "a file, a variable, an entry of the keyring",
    "place": "a project, branch, milestone or tag that is, or is about to be, public at a target",
    "account": "an account's number or PHID at a target",
    "address": "part of an address that is asked for: a number, or a name, told to its own server",
    "nested": "a message or reason that is made elsewhere, and looked at there",
    "reader": "who may read a private issue: told by `readers`, on the screen, to who asks for it",
    "demo": "what the demo has made up or counted",
    "unsaid": "part of a statement, a body or a file's name: no message",
}


def _listed(head: str, rows: list[Exit]) -> str:
    return "\n".join([f"{head}:", *(f"{row.at} {row.what}" for row in rows)])


@pytest.fixture(scope="module")
def found() -> set[Exit]:
    return exits(*PACKAGES)


def test_every_exit_has_its_row(found: set[Exit]) -> None:
    new = sorted(found - looked_at())
    assert not new, _listed(
        "look at these, and give each a row in tests/exits.toml or said.toml", new
    )


def test_every_row_has_its_exit(found: set[Exit]) -> None:
    gone = sorted(looked_at() - found)
    assert not gone, _listed("these are there no more: take their rows away", gone)


def test_every_value_in_a_message_is_of_a_harmless_class() -> None:
    used = {word for values in table("said.toml").values() for word in values.values()}
    assert used == HARMLESS.keys()


@pytest.mark.parametrize("name", table("exits.toml"))
def test_every_guard_and_its_test_are_there(name: str) -> None:
    row = table("exits.toml")[name]
    assert row["exits"]
    for at in (row["guard"], row["test"]):
        path, _, what = at.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        last = what.rpartition(".")[2]
        assert re.search(rf"^ *(def|class) {last}\b", text, re.MULTILINE), at


def test_the_docs_tell_of_every_kind_of_exit() -> None:
    text = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)
    assert rows == list(table("exits.toml"))


def test_no_error_takes_another_along() -> None:
    assert chained(*PACKAGES) == []


def test_an_error_that_takes_another_along_is_found(tmp_path: Path) -> None:
    package = tmp_path / "planted"
    package.mkdir()
    for name, end in (("with", ""), ("from", " from error"), ("alone", " from None")):
        code = f"try:\n    ask()\nexcept KeyError as error:\n    raise ValueError('no'){end}\n"
        (package / f"{name}.py").write_text(code)
    assert [one.partition(":")[0] for one in chained(package)] == [
        "planted/from.py",
        "planted/with.py",
    ]


# -- the search itself ----------------------------------------------------------------------------

_PLANTED = {
    "print(issue.title)": "screen",
    "click.echo(issue.title)": "screen",
    "self._console.print(issue.title)": "screen",
    "sys.stderr.write(issue.title)": "screen",
    "traceback.print_exc()": "screen",
    "path.write_text(issue.title)": "file",
    "path.open('w').write(issue.title)": "file",
    "open(path, 'a')": "file",
    "os.open(path, flags)": "file",
    "tempfile.NamedTemporaryFile()": "file",
    "requests.post(address, data=issue.title)": "request",
    "self._session().put(address)": "request",
    "urllib.request.urlopen(address + issue.title)": "request",
    "socket.create_connection(where)": "request",
    "subprocess.run(['mail', issue.title])": "process",
    "os.environ['TITLE'] = issue.title": "process",
    "os.environ.update(TITLE=issue.title)": "process",
    "logging.getLogger(__name__).debug(issue.title)": "log",
    "warnings.warn(issue.title)": "log",
    "connection.execute(table.insert(), rows)": "database",
    "upsert(connection, table, rows)": "database",
    "connection.exec_driver_sql('NOTIFY x')": "database",
    "raise Refused(f'no {issue.title}')": "said issue.title",
    "raise Refused('no ' + issue.title + '!')": "said issue.title",
    "raise Refused('no %s' % issue.title)": "said issue.title",
    "raise Refused('no {}'.format(issue.title))": "said 'no {}'.format(issue.title)",
    "listen(Event(name='x', detail=issue.title))": "said issue.title",
    "raise Refused(issue.title)": "said issue.title",
    "raise ValueError(answer.text)": "said answer.text",
    "return Retriable(f'{host}: {answer.text}')": "said answer.text",
    "mistakes.add(place, f'{issue.title}')": "said issue.title",
    "listen(Event(name='x', detail=f'{issue.title}'))": "said issue.title",
    "yield Item(issue=k, key=k, op='x', reason=f'{issue.title}')": "said issue.title",
}


@pytest.mark.parametrize("code", _PLANTED)
def test_a_new_exit_is_found(code: str, tmp_path: Path) -> None:
    package = tmp_path / "planted"
    package.mkdir()
    (package / "leak.py").write_text(f"def tell(issue):\n    {code}\n")
    seen = exits(package)
    assert Exit("planted/leak.py::tell", _PLANTED[code]) in seen
    assert not seen & looked_at()


def test_what_only_reads_is_none(tmp_path: Path) -> None:
    package = tmp_path / "quiet"
    package.mkdir()
    lines = ("open(path)", "path.open('rb')", "path.read_text()", "held.update(other)",
             "rows.insert(0, row)", "names.get(key)", "sorted(issue.tags)")  # fmt: skip
    (package / "quiet.py").write_text("def look(issue):\n    " + "\n    ".join(lines) + "\n")
    assert not exits(package)
