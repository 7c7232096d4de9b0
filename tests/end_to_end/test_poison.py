"""One impossible object is set aside with its reason, the others arrive, and nothing is out of
order when it is taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from tests.end_to_end.marked_project import MarkedProject
from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.reader import ManiphestReader, StoryBoardReader
from tests.end_to_end.world import TARGETS, conduit_token
from tracker_migrate.cli.run import run
from tracker_migrate.model import Key
from tracker_migrate.testing.loopback import Fault, Reply, Request
from tracker_migrate.workspace import Workspace

BIG = 5_000_000
Issue = int | str


def of_task(project: MarkedProject, field: str, value: Any) -> int:
    """A bug whose task says something in a field."""
    number = project.bug()
    with project.launchpad.lock:
        sql = "UPDATE task SET data=json_set(data, ?, ?) WHERE bug=?"
        project.store.db.execute(sql, (f"$.{field}", value, number))
    return number


def of_bug(project: MarkedProject, **fields: Any) -> int:
    """A bug with these fields."""
    number = project.bug()
    project.change(number, **fields)
    return number


def each_others_duplicates(project: MarkedProject) -> int:
    first = project.bug()
    project.change(first, duplicate_of_link=f"bugs/{project.bug(same_as=first)}")
    return first


def its_own_duplicate(project: MarkedProject) -> int:
    number = project.bug()
    project.change(number, duplicate_of_link=f"bugs/{number}")
    return number


def need_each_other(project: MarkedProject) -> str:
    first = project.blueprint()
    second = project.blueprint(needs=[first])
    with project.launchpad.lock:
        project.store.relate("dependencies", first, second)
    return first


def long_comment(project: MarkedProject) -> int:
    number = project.bug()
    project.change_comment(number, 1, content="A line of a log, and one more.\n" * 10_000)
    return number


class Poison(NamedTuple):
    """make: puts it at the source. reasons: by where it is set aside (`source`, or a target), a
    part of the reason; where nothing stands, it arrives."""

    make: Callable[[MarkedProject], Issue]
    reasons: Mapping[str, str] = {}


_NO_ROW = 'has no row "Banana": add one'
_NO_DATE = "not what Launchpad sends"
POISONS = {
    "a title of 5 MB": Poison(lambda p: of_bug(p, title="Lamp " + "x" * BIG)),
    "a title of a hundred thousand words": Poison(lambda p: of_bug(p, title="word " * (BIG // 50))),
    "no title": Poison(lambda p: of_bug(p, title="")),
    "a description of 1 MB": Poison(lambda p: of_bug(p, description="<b>&amp; @all\n" * 60_000)),
    "a comment of 300 kB": Poison(long_comment),
    "an unknown status": Poison(
        lambda p: of_task(p, "status", "Banana"), dict.fromkeys(TARGETS, _NO_ROW)
    ),
    "an unknown importance": Poison(
        lambda p: of_task(p, "importance", "Banana"), dict.fromkeys(TARGETS, _NO_ROW)
    ),
    "a vanished assignee": Poison(lambda p: p.bug(assignee="~nobody-at-all")),
    "a vanished reporter": Poison(lambda p: of_bug(p, owner_link="~nobody-at-all")),
    "a vanished milestone": Poison(
        lambda p: of_task(p, "milestone_link", "gadget/+milestone/none")
    ),
    "a vanished master": Poison(lambda p: of_bug(p, duplicate_of_link="bugs/999999")),
    "each other's duplicates": Poison(each_others_duplicates),
    "its own duplicate": Poison(its_own_duplicate),
    "no date": Poison(lambda p: of_bug(p, date_created=None)),
    "a date that is none": Poison(
        lambda p: of_bug(p, date_created="0000-13-99"), {"source": _NO_DATE}
    ),
    "blueprints that need each other": Poison(need_each_other),
    "odd tags": Poison(lambda p: p.bug(tags=["x" * 5000, "a b", "ü", "-", "ui,api"])),
}


def key_of(issue: Issue) -> Key:
    return Key(
        f"launchpad:bug:{issue}" if isinstance(issue, int) else f"launchpad:blueprint:{issue}"
    )


def aside(marked: MarkedWorld, target: str) -> list[str]:
    """Why issues are set aside at the target."""
    with Workspace(marked.here.folder) as workspace:
        return [one.reason for one in workspace.ledger(target).in_state("aside")]


def arrived(marked: MarkedWorld, target: str) -> set[Key]:
    """The issues that the target holds whole."""
    with Workspace(marked.here.folder) as workspace:
        return {one.issue for one in workspace.ledger(target).in_state("done")}


def command(marked: MarkedWorld, *words: str) -> int:
    return run([*words[:1], "-C", str(marked.here.folder), *words[1:]])


def status(marked: MarkedWorld, capfd: pytest.CaptureFixture[str]) -> str:
    capfd.readouterr()
    command(marked, "status", "--refused")
    return capfd.readouterr().out


@pytest.mark.parametrize("name", POISONS)
def test_the_rest_goes_on(
    marked: MarkedWorld, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    poison, project = POISONS[name], marked.project
    healthy = {key_of(project.bug())}
    bad = poison.make(project)
    healthy |= {key_of(project.bug(same_as=bad if isinstance(bad, int) else None))}
    marked.here.pull(full=True)
    for target in TARGETS:
        applied = marked.here.apply(target)
        there = arrived(marked, target)
        assert healthy <= there, target
        expected = [reason for at, reason in poison.reasons.items() if at == target]
        reasons = aside(marked, target)
        assert all(map(str.__contains__, reasons, expected)), reasons
        assert applied.aside == len(reasons) == len(expected)
        assert (key_of(bad) in there) == (not poison.reasons.keys() & {"source", target})
        assert marked.here.verify(target).agrees, target
        assert marked.here.apply(target).created == 0
    told = status(marked, capfd)
    for reason in poison.reasons.values():
        lines = [line.strip() for line in told.splitlines() if reason in line]
        assert [
            line for line in lines if line.startswith(("aside ", "unread ")) and str(bad) in line
        ]


@pytest.mark.parametrize("target", TARGETS)
def test_a_row_for_it_brings_it_and_nothing_twice(marked: MarkedWorld, target: str) -> None:
    bad = of_task(marked.project, "status", "Banana")
    marked.here.pull(full=True)
    marked.here.apply(target)
    word = {"storyboard": "todo", "maniphest": "open"}[target]
    table = f'[{target}.status]\n"Banana" = "{word}"\n'
    (marked.here.folder / "mappings" / "states.toml").write_text(table)
    assert marked.here.apply(target).aside == 0
    assert key_of(bad) in arrived(marked, target)
    assert marked.here.verify(target).agrees


def test_what_can_not_be_decoded_arrives_with_a_mark_where_it_was(marked: MarkedWorld) -> None:
    """A lone surrogate and a byte that is no UTF-8, as Launchpad's database may hold them."""
    number, here = marked.project.bug(), marked.here
    healthy = here.launchpad.answer

    def broken(request: Request) -> Reply:
        reply = healthy(request)
        bad = rb"Lamp \ud800 is \xff".replace(rb"\xff", b"\xff")
        body = reply.body.replace(b"Lamp ", bad) if request.target.endswith(f"/{number}") else None
        return reply if body is None else Reply(reply.status, body, reply.headers)

    here.launchpad.answer = broken  # type: ignore[method-assign]
    pulled = here.pull(full=True)
    assert (pulled.new, pulled.unread) == (1, 0)
    for target in TARGETS:
        assert here.apply(target).aside == 0
        assert here.verify(target).agrees
    with Workspace(here.folder) as workspace:
        issue = workspace.archive.issue(key_of(number))
    assert issue is not None
    assert "\N{REPLACEMENT CHARACTER} is \N{REPLACEMENT CHARACTER}" in issue.title


@pytest.mark.parametrize("target", TARGETS)
def test_order_is_kept_when_one_of_its_comments_is_refused(
    marked: MarkedWorld, target: str, capfd: pytest.CaptureFixture[str]
) -> None:
    number = marked.project.bug(comments=4)
    other = marked.project.bug(comments=1)
    words = said_on(marked, number)
    marked.here.pull(full=True)
    refuse(marked, target, words[2])
    assert command(marked, "apply", "-T", target) == 3
    assert key_of(other) in arrived(marked, target)
    there = shown_of(marked, target, number, words)
    assert there == words[: len(there)]  # none that comes later stands there
    assert f"aside launchpad:bug:{number}" in status(marked, capfd)
    assert command(marked, "apply", "-T", target, "--retry") == 0
    assert shown_of(marked, target, number, words) == words
    assert marked.here.verify(target).agrees


def said_on(marked: MarkedWorld, number: int) -> list[str]:
    """The words of a bug's comments, in order."""
    messages = [marked.project.store.message(number, index) for index in range(1, 5)]
    return [str(one.get("content")).split()[-1].rstrip(".") for one in messages if one is not None]


def refuse(marked: MarkedWorld, target: str, word: str) -> None:
    """The target refuses what holds a word, once."""
    told: dict[str, Any]
    if target == "storyboard":
        told = {"text": json.dumps({"faultstring": "Data too long for column"}), "status": 400}
    else:
        refusal = {
            "result": None,
            "error_code": "ERR-CONDUIT-CORE",
            "error_info": 'Exception when processing transaction of type "comment": no.',
        }
        told = {"text": json.dumps(refusal), "status": 200}
    standin: Any = getattr(marked.here, target)
    headers = {"Content-Type": "application/json"}
    standin.faults.append(Fault("status", method="POST", body=word, headers=headers, **told))


def shown_of(marked: MarkedWorld, target: str, number: int, words: list[str]) -> list[str]:
    """Those words of a bug that stand at the target, in the order in which they stand there."""
    with Workspace(marked.here.folder) as workspace:
        at = workspace.ledger(target).where(key_of(number))
    assert at is not None
    texts = texts_of(marked, target, at.id)
    return [word for text in texts for word in words if word in text]


def texts_of(marked: MarkedWorld, target: str, at: str) -> list[str]:
    if target == "storyboard":
        reader = StoryBoardReader(marked.here.storyboard.url)
        return [one["content"] for one in reader.get(f"/stories/{at}/comments")]
    call = ManiphestReader(marked.here.maniphest.url, conduit_token("importbot")).call
    rows = call("transaction.search", objectIdentifier=at)["data"]
    return [one["comments"][0]["content"]["raw"] for one in reversed(rows) if one["comments"]]
