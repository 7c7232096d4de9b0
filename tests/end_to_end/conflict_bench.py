"""Both sides change every field of a planner's, at once, each in a bug of its own: a person over
HTTP, and the source as its planner tells it. For stand-ins and for real servers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import pytest
import requests

from tests.end_to_end.world import World
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.storyboard.planner import StoryBoardPlanner
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import Pointer, Text, Wanted
from tracker_migrate.model import Key
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.policies import WORDS, Choice

PLANNERS: dict[str, Any] = {"storyboard": StoryBoardPlanner, "maniphest": ManiphestPlanner}
THEIRS, OURS = "Somebody said", "The source said"
#: what people write into a field, and what the source then says; a callable makes one that the
#: server has to know first. `None` for the second: there are two values, and no third
Make = Callable[["There"], Any]
VALUES: dict[str, dict[str, tuple[Any, Any]]] = {
    "storyboard": {
        "title": (THEIRS, OURS),
        "description": (THEIRS, OURS),
        "is_bug": (False, None),
        "created_at": ("2001-02-03T04:05:06+00:00", "2002-02-03T04:05:06+00:00"),
        "status": ("review", "inprogress"),
        "priority": ("medium", "low"),
        "link": ("https://example.com/theirs", "https://example.com/ours"),
        "project_id": (lambda at: at.project("theirs"), lambda at: at.project("ours")),
        "branch_id": (lambda at: at.branch("theirs"), lambda at: at.branch("ours")),
        "milestone_id": (lambda at: at.milestone("theirs"), lambda at: at.milestone("ours")),
        "assignee_id": ("2", "3"),
    },
    "maniphest": {
        "title": (THEIRS, OURS),
        "description": (THEIRS, OURS),
        "status": ("wontfix", "invalid"),
        "priority": ("low", "normal"),
        "owner": (lambda at: at.person("alice"), lambda at: at.person("carol")),
    },
}


class There:
    """One target as people there use it."""

    def __init__(
        self, name: str, url: str, tokens: Mapping[str, str], project: str, tag: str = ""
    ) -> None:
        self.name, self.url, self._tokens = name, url, tokens
        self._project, self._tag = project, tag
        self._made: dict[str, str] = {}

    def storyboard(
        self, method: str, path: str, body: Any, who: str = "normal", *, answers: bool = True
    ) -> Any:
        """A request by somebody. answers: with JSON."""
        headers = {"Authorization": f"Bearer {self._tokens[who]}"}
        url = f"{self.url}/v1{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json() if answers else None

    def conduit(self, method: str, params: Mapping[str, Any], who: str = "alice") -> Any:
        """A call by somebody."""
        held = {**params, "__conduit__": {"token": self._tokens[who]}}
        body = {"params": json.dumps(held), "output": "json", "__conduit__": "1"}
        answer = requests.post(f"{self.url}/api/{method}", data=body, timeout=60).json()
        assert answer["error_code"] is None, answer["error_info"]
        return answer["result"]

    def edit(self, kind: str, at: str, field: str, value: Any) -> None:
        """Somebody writes over a field of ours."""
        if self.name == "maniphest":
            change = [{"type": field, "value": value}]
            self.conduit("maniphest.edit", {"objectIdentifier": at, "transactions": change})
            return
        body = {field: int(value) if field.endswith("_id") else value}
        if field == "milestone_id":
            body["status"] = "merged"
        if field in ("branch_id", "milestone_id"):
            body["branch_id"] = int(self.branch("theirs"))
        many = {"story": "stories", "task": "tasks"}[kind]
        self.storyboard("PUT", f"/{many}/{at}", body)

    def said(self, at: str) -> str:
        """All comments of an issue, one under another."""
        if self.name == "storyboard":
            rows = self.storyboard("GET", f"/stories/{at}/comments", None)
            return "\n".join(row["content"] for row in rows)
        rows = self.conduit("transaction.search", {"objectIdentifier": at})["data"]
        texts = [one["content"]["raw"] for row in rows for one in row["comments"][:1]]
        return "\n".join(texts)

    def remembered(self, kind: str, story: str, at: str) -> str:
        """What the history of an object tells."""
        if self.name == "storyboard":
            return json.dumps(self.storyboard("GET", f"/stories/{story}/events", None))
        return json.dumps(self.conduit("transaction.search", {"objectIdentifier": at})["data"])

    def _once(self, name: str, make: Callable[[], Any]) -> str:
        if name not in self._made:
            self._made[name] = str(make()["id"])
        return self._made[name]

    def project(self, name: str) -> str:
        """A project that is none of ours."""
        body = {"name": f"other{self._tag}-{name}"}
        return self._once(name, lambda: self.storyboard("POST", "/projects", body, "super"))

    def branch(self, name: str) -> str:
        """A branch of our project."""
        rows = self.storyboard("GET", "/projects", None)
        ours = next(row["id"] for row in rows if row["name"] == self._project)
        body = {"name": f"branch{self._tag}-{name}", "project_id": ours, "restricted": True}
        return self._once(f"b {name}", lambda: self.storyboard("POST", "/branches", body, "super"))

    def milestone(self, name: str) -> str:
        """A milestone of the branch that people take."""
        body = {"name": f"milestone{self._tag}-{name}", "branch_id": int(self.branch("theirs"))}
        return self._once(
            f"m {name}", lambda: self.storyboard("POST", "/milestones", body, "super")
        )

    def group(self, name: str) -> str:
        """A project at Maniphest, by its PHID."""
        change = [{"type": "name", "value": f"group{self._tag} {name}"}]
        if name not in self._made:
            made = self.conduit("project.edit", {"transactions": change})
            self._made[name] = str(made["object"]["phid"])
        return self._made[name]

    def person(self, name: str) -> str:
        """Somebody's PHID."""
        found = self.conduit("user.search", {"constraints": {"usernames": [name]}})
        return str(found["data"][0]["phid"])


class Row(msgspec.Struct, kw_only=True):
    """A field of an object of a bug of its own."""

    kind: str
    field: str
    bug: int
    key: Key = Key("")
    at: str = ""
    issue: str = ""
    theirs: Any = None
    ours: Any = None


def rows_of(target: str) -> Iterator[tuple[str, str]]:
    """Every field of the planner's but lists, and what says where an object stands."""
    for kind, fields in PLANNERS[target].fields.items():
        for name, one in fields.items():
            if one.holds != "list" and name not in ("story_id", "parent", "task"):
                yield kind, name


def own_pointers(wanted: Wanted) -> set[str]:
    """The fields that say which issue an object belongs to."""
    return {n for n, v in wanted.fields.items() if v == Pointer(to=wanted.issue)}


def resolved(value: Any, at: There) -> Any:
    return value(at) if callable(value) else value


class Bench:
    """All rows of a target at once: each has a bug of its own."""

    def __init__(
        self,
        here: World,
        at: There,
        choice: Choice,
        patch: pytest.MonkeyPatch,
        file_bug: Callable[[], int],
    ) -> None:
        self.here, self.at, self.choice = here, at, choice
        self.target = target = at.name
        self.source: dict[tuple[Key, str], Any] = {}
        real = PLANNERS[target].wanted

        def wanted(planner: Any, *given: Any) -> Iterator[Wanted]:
            for one in real(planner, *given):
                news = {n: v for (key, n), v in self.source.items() if key == one.key}
                fields = {n: self._said(one.fields[n], v) for n, v in news.items()}
                yield msgspec.structs.replace(one, fields={**one.fields, **fields})

        patch.setattr(PLANNERS[target], "wanted", wanted)
        here.options[target]["conflicts"] = {"default": choice}
        here.write_settings()
        self.rows = [Row(kind=k, field=f, bug=file_bug()) for k, f in rows_of(target)]
        here.pull(full=True)
        here.apply(target)
        self._find()

    @staticmethod
    def _said(was: Any, value: Any) -> Any:
        return Text(parts=(*was.parts, "\n\n", value)) if isinstance(was, Text) else value

    def _find(self) -> None:
        with Workspace(self.here.folder) as workspace:
            for row in self.rows:
                issue = Key(f"launchpad:bug:{row.bug}")
                held = workspace.ledger(self.target).of_issue(issue)
                one = next(h for h in held.values() if h.kind == row.kind and row.field in h.fields)
                row.key, row.at, row.issue = one.key, one.at.id, held[issue].at.id
                theirs, ours = VALUES[self.target][row.field]
                row.theirs, row.ours = resolved(theirs, self.at), resolved(ours, self.at)
                row.ours = row.theirs if row.ours is None else row.ours

    def meet(self) -> None:
        """Both sides change each field."""
        for row in self.rows:
            self.at.edit(row.kind, row.at, row.field, row.theirs)
            self.source[row.key, row.field] = row.ours
        self.look_again()

    def look_again(self) -> None:
        """Have every issue compared anew."""
        with Workspace(self.here.folder) as workspace:
            ledger = workspace.ledger(self.target)
            ledger.unfinish(*(Key(f"launchpad:bug:{row.bug}") for row in self.rows))

    def stands(self, row: Row) -> Any:
        """What the field says at the target."""
        with Workspace(self.here.folder) as workspace:
            target = Target(workspace, self.target)
            target.sink.check(target.decisions)
            held = target.ledger.of_issue(Key(f"launchpad:bug:{row.bug}"))
            refs = {key: (one.kind, one.at) for key, one in held.items()}
            value = target.sink.read(refs).objects[row.key].fields[row.field]
            target.close()
            return value

    def in_words(self, row: Row, value: Any) -> str:
        """A value as people read it in a comment."""
        with Workspace(self.here.folder) as workspace:
            target = Target(workspace, self.target)
            target.sink.check(target.decisions)
            field = target.planner.fields[row.kind][row.field]  # type: ignore[attr-defined]
            if field.holds == "id":
                value = target.sink.in_words(row.kind, row.field, value)  # type: ignore[attr-defined]
            target.close()
        return value if isinstance(value, str) else json.dumps(value)


def judge(bench: Bench) -> None:
    """All that must be true of every row, after both sides have changed it and we have written."""
    here, target, choice = bench.here, bench.target, bench.choice
    bench.meet()
    applied = here.apply(target)
    conflicts = [row for row in bench.rows if row.ours != row.theirs]
    assert (applied.aside, applied.stuck) == (0, 0)
    assert applied.overruled == (len(conflicts) if choice == "source" else 0)
    assert applied.kept == (0 if choice == "source" else len(conflicts))
    wrong = [line for row in bench.rows for line in _wrong(bench, row)]
    assert wrong == []
    assert here.apply(target).steps == 0
    bench.look_again()
    assert here.apply(target).steps == 0
    with Workspace(here.folder) as workspace:
        met = {(one.key, one.field, one.policy) for one in workspace.ledger(target).met.all()}
    kept = {(row.key, row.field, WORDS[choice]) for row in conflicts}
    assert met == (set() if choice == "source" else kept)


def _wrong(bench: Bench, row: Row) -> Iterator[str]:
    """What is not as the policy says."""
    name, choice = f"{row.kind}.{row.field}", bench.choice
    stands, said = str(bench.stands(row)), bench.at.said(row.issue)
    should = row.ours if choice == "source" else row.theirs
    if str(should) not in stands:
        yield f"{name}: stands {stands!r}, not {should!r}"
    if row.ours == row.theirs:
        return
    ours, theirs = bench.in_words(row, row.ours), bench.in_words(row, row.theirs)
    if choice == "both" and ours not in said:
        yield f"{name}: nobody is told {ours!r}"
    field = PLANNERS[bench.target].fields[row.kind][row.field]
    if choice == "source" and not field.remembered and theirs not in said:
        yield f"{name}: {theirs!r} is lost"
    if choice == "source" and field.remembered:
        history = bench.at.remembered(row.kind, row.issue, row.at)
        if str(row.theirs).lower() not in history.lower():
            yield f"{name}: the history does not tell {row.theirs!r}"
        if theirs in said:
            yield f"{name}: it is said twice"
    if choice == "target" and (ours in said or f"**{row.field}**" in said):
        yield f"{name}: something was said"
