"""`map`: guesses are offered and never used unasked; what the tables miss is said by weight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cli.conftest import Cli, Servers
from tracker_migrate.backends.storyboard.standin.personas import Persona
from tracker_migrate.engine.guessing import write
from tracker_migrate.interfaces import Candidate
from tracker_migrate.mappings.suggest import Suggestion
from tracker_migrate.workspace import Workspace

HEAD = "person,target,account,name,state,created,note\n"


def named(workspace: Path) -> list[Any]:
    """The people of the archive, those first whom most issues name."""
    from tracker_migrate.engine.people import Mentions

    with Workspace(workspace) as held:
        found = Mentions.of(held.archive)
        known = {one.name: one for one in found.people() if not one.is_team}
        return [known[one.name] for one in found.weights() if one.name in known]


def table(workspace: Path) -> str:
    path = workspace / "mappings" / "people.csv"
    return path.read_text("utf-8") if path.exists() else ""


@pytest.fixture
def twins(workspace: Path, standins: Servers) -> list[Any]:
    """Two people of the source with accounts at both targets, under their own names."""
    two = named(workspace)[:2]
    users = [{"username": one.name.replace(".", ""), "realname": one.display_name} for one in two]
    url = f"{standins.maniphest.url}/__standin__/users"
    requests.post(url, json=users, timeout=10).raise_for_status()
    for place, one in enumerate(two):
        mail = f"u{place}@lab.example"
        standins.storyboard.add_user(Persona(full_name=one.display_name, email=mail))
    return two


def test_a_suggestion_is_a_row_that_nothing_is_taken_from(
    cli: Cli, workspace: Path, twins: list[Any]
) -> None:
    before = cli("plan", "-C", workspace, "--json").out
    ended = cli("map", "suggest", "people", "-C", workspace)
    assert ended.status == 0
    assert "2 suggestions added to" in ended.out
    text = table(workspace)
    assert text.startswith(HEAD)
    assert all(f"{one.name},old," in text for one in twins)
    assert text.count(",suggested,") >= 4
    assert cli("plan", "-C", workspace, "--json").out == before
    checked = json.loads(cli("map", "check", "-C", workspace, "--json").out)
    assert checked["old"]["suggested"] == 2
    assert checked["old"]["mapped"] == 0


def test_what_was_offered_once_is_not_offered_again(
    cli: Cli, workspace: Path, twins: list[Any]
) -> None:
    cli("map", "suggest", "people", "-C", workspace)
    text = table(workspace)
    assert "0 suggestions" in cli("map", "suggest", "people", "-C", workspace, "-T", "old").out
    assert table(workspace) == text


def test_a_dry_run_writes_nothing(cli: Cli, workspace: Path, twins: list[Any]) -> None:
    ended = cli("map", "suggest", "people", "-C", workspace, "-n")
    assert "would be added" in ended.out
    assert table(workspace) == ""


def test_once_it_is_verified_the_account_is_used(
    cli: Cli, workspace: Path, twins: list[Any]
) -> None:
    cli("map", "suggest", "people", "-C", workspace)
    path = workspace / "mappings" / "people.csv"
    path.write_text(table(workspace).replace(",suggested,", ",verified,"), "utf-8")
    checked = json.loads(cli("map", "check", "-C", workspace, "--json").out)
    for found in checked.values():
        assert found["mapped"] >= 2
        assert 0 < found["covered"] < found["mentions"]


def test_what_people_wrote_into_a_table_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    said = "# ours, since 2019\nstate,person,target,account\n\nverified,jdoe,new,4\n# the end"
    path.write_text(said, "utf-8")
    one = Suggestion(
        person="max",
        candidate=Candidate(id="7", login="max", full_name='Max "M" Smith'),
        score=0.99,
        reason="because",
    )
    write(path, "new", [one], [])
    assert path.read_text("utf-8") == f"{said}\nsuggested,max,new,7\n"


def test_what_the_tables_miss_is_told_by_weight(cli: Cli, workspace: Path) -> None:
    first, second, *_ = named(workspace)
    rows = f"{first.name},new,4,,verified,,\n{second.name},new,4,,verified,,\nnobody,,,,bot,,\n"
    (workspace / "mappings" / "people.csv").write_text(HEAD + rows, "utf-8")
    (workspace / "mappings" / "tags.csv").write_text("tag,target,becomes\nno-such,,x\n", "utf-8")
    ended = cli("map", "check", "-C", workspace, "-T", "new", "--json")
    assert ended.status == 4
    found = json.loads(ended.out)["new"]
    assert found["dead"] == ["people.csv: nobody", "tags.csv: no-such"]
    assert found["shared"] == {"4": sorted([first.name, second.name])}
    weights = [one["issues"] for one in found["unmapped"]]
    assert weights == sorted(weights, reverse=True)
    assert {first.name, second.name}.isdisjoint(one["name"] for one in found["unmapped"])
    assert "several people: 4" in cli("map", "check", "-C", workspace, "-T", "new").out


def test_accounts_that_are_gone_are_told_if_the_target_is_asked(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    first, second, third, *_ = named(workspace)
    made = "jdoe-0f8fad5b-d9cb-469f-a165-70867728950e@example.com"
    people = (("Ann", "a@x.example", True), ("Jd", made, False), ("Ex", "e@x.example", False))
    for name, mail, opens in people:
        persona = Persona(full_name=name, email=mail, enable_login=opens)
        standins.storyboard.add_user(persona)
    api = f"{standins.storyboard.url}/v1/users"
    ids = {one["full_name"]: one["id"] for one in requests.get(api, timeout=10).json()}
    rows = [f"{first.name},new,{ids['Ann']},,verified,,"]
    rows += [f"{second.name},new,{ids['Jd']},,verified,,"]
    path = workspace / "mappings" / "people.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", "utf-8")
    ended = cli("map", "check", "-T", "new", "--ask", "--json")
    assert (ended.status, json.loads(ended.out)["new"]["gone"]) == (0, {})
    rows += [f"{third.name},new,{ids['Ex']},,verified,,"]
    path.write_text(HEAD + "\n".join(rows) + "\n", "utf-8")
    found = json.loads(cli("map", "check", "-T", "new", "--ask", "--json").out)["new"]
    assert found["gone"] == {str(ids["Ex"]): [third.name]}
    assert found["asked"]
    ended = cli("map", "check", "-T", "new", "--ask")
    assert ended.status == 4
    assert "no such account any more, or it is closed" in ended.out
    assert cli("map", "check", "-T", "new").status == 0, "nobody was asked"


def test_dead_rows_of_projects_and_words_are_told(cli: Cli, workspace: Path) -> None:
    folder = workspace / "mappings"
    (folder / "projects.csv").write_text("source,place\nnone-such,x\ngadget,gadget\n", "utf-8")
    words = '[storyboard.status]\n"Never Said" = "todo"\n[maniphest.status]\n"Nor This" = "open"\n'
    (folder / "states.toml").write_text(words, "utf-8")
    found = json.loads(cli("map", "check", "-T", "new", "--json").out)["new"]
    assert found["dead"] == ["projects.csv: none-such", "states.toml: storyboard.status Never Said"]


def test_the_source_says_whose_an_account_is(cli: Cli, workspace: Path, standins: Servers) -> None:
    """An account whose names say nothing, and whose OpenID identifier Launchpad knows."""
    one = named(workspace)[0]
    store = standins.launchpad.store
    store.relate("openid", f"~{one.name}", "xyzzy")
    identity = "https://login.ubuntu.com/+id/xyzzy"
    standins.storyboard.add_user(Persona(full_name="Q Z", email="q@x.example", openid=identity))
    without = json.loads(cli("map", "suggest", "people", "-n", "-T", "new", "--json").out)
    assert without["new"] == []
    asked = cli("map", "suggest", "people", "-T", "new", "--ask-source", "--json")
    store.unrelate("openid", f"~{one.name}", "xyzzy")
    (guess,) = json.loads(asked.out)["new"]
    assert (guess["person"], guess["score"]) == (one.name, 0.99)
    assert "xyzzy" not in asked.out + table(workspace)
    assert "x.example" not in asked.out + table(workspace)


def test_the_source_says_who_has_a_name_now(
    cli: Cli, workspace: Path, standins: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody gave up a name after it was read, and somebody else took it."""
    one = next(one for one in named(workspace) if one.created is not None)
    path = workspace / "mappings" / "people.csv"
    day = one.created.date().isoformat()
    path.write_text(f"{HEAD}{one.name},new,4,,verified,{day},\n", "utf-8")
    store = standins.launchpad.store
    before = store.item(f"~{one.name}")
    assert before is not None
    taken = {**before.data, "date_created": "2020-02-02T02:02:02+00:00"}
    store.put_item("person", f"~{one.name}", taken)
    try:
        assert cli("map", "check", "-T", "new").status == 0, "nobody was asked"
        ended = cli("map", "check", "-T", "new", "--ask-source")
    finally:
        store.put_item("person", f"~{one.name}", before.data)
    assert ended.status == 4
    assert f"suspended: {one.name} is of {day} in people.csv, and of 2020-02-02" in ended.out
    told = json.loads(cli("map", "check", "-T", "new", "--json").out)["new"]
    assert told["mapped"] == 0
    assert told["suspended"][0]["known"] == "2020-02-02"


def test_a_word_without_a_row_is_told(cli: Cli, workspace: Path) -> None:
    import msgspec

    from tracker_migrate.interfaces import Reading

    with Workspace(workspace) as held:
        issue = next(one for one in held.archive.issues() if one.kind == "bug" and not one.private)
        strange = tuple(msgspec.structs.replace(one, status="Strange") for one in issue.tasks)
        changed = msgspec.structs.replace(issue, tasks=strange)
        held.archive.put(Reading(issue=changed, replies=(), stamp="x")).result()
    found = json.loads(cli("map", "check", "-T", "new", "--json").out)["new"]
    assert found["wordless"] == {"status: Strange": len(strange)}
    assert "a word without a row" in cli("map", "check", "-T", "new").out
