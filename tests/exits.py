"""Where text leaves the process: searched for in the source, by what is called.

`python -m tests.exits` prints what the checked-in lists lack, and what they have too much.
"""

from __future__ import annotations

import ast
import builtins
import json
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGES = (ROOT / "tracker_migrate", ROOT / "backends", ROOT / "mappings")

#: what a call's name ends with → what kind of exit it is. A name with a dot wants its receiver
_CALLS = {
    "screen": (
        "print", "click.echo", "screen.echo", "screen.document", "click.secho", "click.prompt",
        "click.confirm", "console.print",
        "stdout.write", "stderr.write", "traceback.print_exc", "error.show", "_bar.start",
    ),
    "file": (
        "open", "write_text", "write_bytes", "write", "writelines", "touch", "os.open", "os.write",
        "os.fdopen", "json.dump", "pickle.dump", "shutil.copy", "shutil.copyfile", "shutil.move",
        "copytree", "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory", "mkstemp",
        "mkdtemp", "sqlite3.connect",
    ),
    "request": (
        "plain_session", "Session", "requests.get", "requests.post", "requests.put",
        "requests.request", "session.get", "session.post", "session.put", "session.patch",
        "session.delete", "session.request", "session.send", "client_request", "_resource",
        "Resource", "urlopen", "HTTPConnection", "HTTPSConnection", "httplib2.Http",
        "create_connection", "sendall", "sendto", "socket.socket", "Launchpad.login_with",
    ),
    "process": (
        "Popen", "subprocess.run", "subprocess.call", "check_call", "check_output", "os.system",
        "os.popen", "os.putenv", "os.execv", "os.execvp", "spawn", "environ.update",
        "environ.setdefault", "multiprocessing.Process",
    ),
    "log": (
        "getLogger", "get_logger", "logging.debug", "logging.info", "logging.warning",
        "logging.error", "logging.exception", "warnings.warn", "basicConfig", "faulthandler.enable",
        "syslog.syslog",
    ),
    "database": ("upsert", "exec_driver_sql", "executescript", "executemany", "sa.text",
                 "create_engine"),
    "keyring": ("set_password",),
}  # fmt: skip
#: of SQLAlchemy's tables: these take nothing, other things of these names do
_STATEMENTS = {"insert", "update", "delete"}
_ERRORS = {
    name for name, one in vars(builtins).items()
    if isinstance(one, type) and issubclass(one, BaseException)
}  # fmt: skip
#: makers of what is told: reasons, differences, events
_TOLD = {
    "Verdict", "DifferenceAt", "Closed", "Event", "Item", "Loss", "Audience", "closed_by", "fault",
    "set_unread", "echo", "_line", "_say",
}  # fmt: skip
#: of these every value is told, not only what is put into a text
_WHOLE = {"Verdict", "DifferenceAt", "Closed", "Event", "Item", "set_unread"}
#: everything that is put together in these is taken to be told
_ALL = ("tracker_migrate/engine", "tracker_migrate/workspace", "tracker_migrate/report", "mappings")
#: and in the files of a backend where messages are made
_MESSAGES = {
    "access", "answers", "checking", "checks", "client", "faults", "foresight", "guard", "login",
    "opening", "outside", "outsider", "places", "policycheck", "reader", "search", "sharing",
    "http",
}  # fmt: skip
_LEFT_OUT = ("standin", "testing")


class Exit(NamedTuple):
    """One place. at: file::function. what: the kind; for `said`, the expression put into a text."""

    at: str
    what: str


def sources(*roots: Path) -> Iterator[tuple[Path, Path]]:
    """Every file below the roots, with its root; stand-ins and what tests need left out."""
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root.parent).parts
            linked = any(one.is_symlink() for one in (path, *path.parents))
            if not linked and not set(_LEFT_OUT) & set(parts):
                yield path, root


def exits(*roots: Path) -> set[Exit]:
    """Every exit of some packages."""
    files = [(path, root, ast.parse(path.read_text("utf-8"))) for path, root in sources(*roots)]
    errors = _ERRORS | {name for *_, tree in files for name in _errors_made(tree)}
    found: set[Exit] = set()
    for path, root, tree in files:
        visitor = _Visitor(path.relative_to(root.parent).as_posix(), errors)
        visitor.visit(tree)
        found |= visitor.found
    return found


def _errors_made(tree: ast.Module) -> Iterator[str]:
    """Classes that look like errors: what they are made of is one, or ends as one."""
    known = {"MigrateError", "ObjectError", "Refused", "Retriable", "Doubtful", "Gone", "Taken",
             "UsageError", "Unreachable", "Brake", "Locked", "LoginNeeded", "WrongTracker",
             "WorkspaceError", "NotPublic"}  # fmt: skip
    yield from known
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
            if bases & (known | _ERRORS) or node.name.endswith("Error"):
                known.add(node.name)
                yield node.name


class _Visitor(ast.NodeVisitor):
    def __init__(self, file: str, errors: set[str]) -> None:
        self.found: set[Exit] = set()
        self._file, self._errors, self._inside = file, errors, [""]
        self._all = file.startswith(_ALL) or Path(file).stem in _MESSAGES
        self._telling = 0

    def _note(self, what: str) -> None:
        self.found.add(Exit(f"{self._file}::{'.'.join(self._inside[1:]) or '<module>'}", what))

    def _within(self, node: ast.ClassDef | ast.FunctionDef) -> None:
        self._inside.append(node.name)
        self.generic_visit(node)
        self._inside.pop()

    visit_ClassDef = visit_FunctionDef = _within  # noqa: N815

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        for kind in _kinds(name, node):
            self._note(kind)
        last = name.rpartition(".")[2]
        told = last in self._errors | _TOLD or name.endswith("mistakes.add")
        self._telling += told
        if last in self._errors | _WHOLE:
            for value in (*node.args, *(one.value for one in node.keywords)):
                self._say(value)
        self.generic_visit(node)
        self._telling -= told

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        if self._all or self._telling:
            self._say(node.value)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Store) and ast.unparse(node.value).endswith("environ"):
            self._note("process")
        self.generic_visit(node)

    def _say(self, value: ast.expr) -> None:
        if isinstance(value, ast.BinOp):
            self._say(value.left)
            self._say(value.right)
        elif not isinstance(value, ast.Constant | ast.JoinedStr):
            self._note(f"said {ast.unparse(value)}")


def _kinds(name: str, node: ast.Call) -> Iterator[str]:
    parts = [one.strip("_") for one in name.replace("()", "").split(".")]
    for kind, calls in _CALLS.items():
        if any(_is(parts, call) for call in calls) and not _only_reads(parts, node):
            yield kind
    if parts[-1] in _STATEMENTS and not node.args and not node.keywords and len(parts) > 1:
        yield "database"


def _is(parts: list[str], call: str) -> bool:
    wanted = [one.strip("_") for one in call.split(".")]
    return parts[-len(wanted) :] == wanted


def _only_reads(parts: list[str], node: ast.Call) -> bool:
    """`open(path)`, `path.open("rb")`."""
    if parts[-1] != "open":
        return False
    modes = [one.value for one in (*node.args, *(k.value for k in node.keywords if k.arg == "mode"))
             if isinstance(one, ast.Constant) and isinstance(one.value, str)]  # fmt: skip
    return (len(parts) < 2 and not modes) or any(set(m) <= set("rbt") for m in modes)


def chained(*roots: Path) -> list[str]:
    """Where an error is raised while another is handled, and takes that along: a traceback would
    show both, and the other's text is not ours."""
    return [
        f"{path.relative_to(root.parent).as_posix()}: {ast.unparse(node)}"
        for path, root in sources(*roots)
        for handler in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(handler, ast.ExceptHandler)
        for node in ast.walk(handler)
        if isinstance(node, ast.Raise) and not _alone(node, handler)
    ]


def _alone(node: ast.Raise, handler: ast.ExceptHandler) -> bool:
    if node.exc is None or (isinstance(node.exc, ast.Name) and node.exc.id == handler.name):
        return True  # the same error again
    return isinstance(node.cause, ast.Constant) and node.cause.value is None


# -- the checked-in lists -------------------------------------------------------------------------


def table(name: str) -> dict[str, Any]:
    """One of the lists beside this file."""
    return tomllib.loads((ROOT / "tests" / name).read_text(encoding="utf-8"))


def looked_at() -> set[Exit]:
    """The exits that the lists name."""
    rows = {row for guard in table("exits.toml").values() for row in guard["exits"]}
    places = {Exit(*row.rsplit(" ", 1)) for row in rows}
    said = {Exit(at, f"said {one}") for at, all_ in table("said.toml").items() for one in all_}
    return places | said


def main() -> None:
    """Print the differences: rows for said.toml with a class to fill in, rows for exits.toml."""
    found, known = exits(*PACKAGES), looked_at()
    for head, rows in (("to add, once looked at", found - known), ("to take away", known - found)):
        sys.stdout.write(f"# {head}\n")
        for at, what in sorted(rows):
            kind, _, value = what.partition(" ")
            row = f'[{json.dumps(at)}]\n{json.dumps(value)} = "?"' if value else f"{at} {kind}"
            sys.stdout.write(f"{row}\n")


if __name__ == "__main__":
    main()
