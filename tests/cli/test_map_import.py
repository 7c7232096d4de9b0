"""`map import`: what a community's table says becomes suggestions; nobody's decision changes, and
no address is written anywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cli.conftest import Cli, Servers
from tests.cli.test_map import HEAD, named, table
from tests.engine.test_importers import PROJECTS
from tracker_migrate.backends.storyboard.standin.personas import Persona

ADDRESS = "secret.jane@acme.example"


def files_hold(folder: Path, text: str) -> list[str]:
    """The files of a workspace that hold a text."""
    return [
        str(path)
        for path in folder.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    ]


@pytest.fixture
def three(workspace: Path, standins: Servers) -> list[Any]:
    """Three people of the source, two of whom have accounts that only an address tells of."""
    found = named(workspace)[:3]
    users = [{"username": "zzz1", "realname": "Q X", "email": ADDRESS}]
    url = f"{standins.maniphest.url}/__standin__/users"
    requests.post(url, json=users, timeout=10).raise_for_status()
    standins.storyboard.add_user(Persona(full_name="Q Y", email=ADDRESS.upper()))
    return found


def data_of(people: list[Any], addresses: list[list[str]]) -> dict[str, Any]:
    users = [
        {"launchpad_id": one.name, "user_name": one.display_name, "emails": held, "companies": []}
        for one, held in zip(people, addresses, strict=True)
    ]
    return {"users": [*users, {"launchpad_id": "not-here", "user_name": "N", "emails": ["n@x.y"]}]}


def test_an_address_that_both_have_is_evidence_and_written_nowhere(
    cli: Cli, workspace: Path, three: list[Any], tmp_path: Path
) -> None:
    path = tmp_path / "default_data.json"
    held = [[ADDRESS, "a@x.example"], ["b@x.example"], ["c@x.example"]]
    path.write_text(json.dumps(data_of(three, held)))
    ended = cli("map", "import", path, "-C", workspace, private=(ADDRESS, ADDRESS.upper()))
    assert ended.status == 0
    assert "4 people, of whom 3 occur here" in ended.out
    rows = table(workspace)
    for target in ("new", "old"):
        (row,) = [
            line for line in rows.splitlines() if line.startswith(f"{three[0].name},{target}")
        ]
        assert ",suggested," in row
        assert "0.99 the same e-mail address" in row
        if three[0].created is not None:
            assert three[0].created.date().isoformat() in row
    assert files_hold(workspace, ADDRESS) == files_hold(workspace, ADDRESS.upper()) == []
    told = cli("map", "import", path, "-C", workspace, "--json", private=(ADDRESS,))
    assert json.loads(told.out)["new"]["decided"] == 1


def test_nobodys_decision_changes(
    cli: Cli, workspace: Path, three: list[Any], tmp_path: Path
) -> None:
    name = three[0].name
    text = f"# by hand\n{HEAD}{name},new,7,,verified,,mine\n{name},old,,,placeholder,,\n"
    people = workspace / "mappings" / "people.csv"
    people.write_text(text)
    path = tmp_path / "who.csv"
    path.write_text(f"launchpad,email\n{three[0].name},{ADDRESS}\n")
    assert cli("map", "import", path).status == 0
    assert people.read_text() == text


def test_without_the_target_what_the_table_names_itself_is_taken(
    cli: Cli, workspace: Path, three: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACKER_MIGRATE_OLD_TOKEN")
    path = tmp_path / "who.csv"
    path.write_text(f"lp,phid\n{three[0].name},PHID-USER-abc\n{three[1].name},\n")
    ended = cli("map", "import", path, "-T", "old")
    assert "was not asked who has an account" in ended.out
    assert f"{three[0].name},old,PHID-USER-abc,,suggested," in table(workspace)
    assert f"{three[1].name},old" not in table(workspace)


def test_somebody_who_had_the_name_before_is_somebody_else(
    cli: Cli, workspace: Path, three: list[Any], tmp_path: Path
) -> None:
    one = next(one for one in three if one.created is not None)
    path = tmp_path / "who.csv"
    path.write_text(f"launchpad,email,created\n{one.name},{ADDRESS},1999-01-01\n")
    ended = cli("map", "import", path, private=(ADDRESS,))
    assert f"somebody else: {one.name}" in ended.out
    assert table(workspace) == ""
    path.write_text(f"launchpad,email,created\n{one.name},{ADDRESS},{one.created:%Y-%m-%d}\n")
    cli("map", "import", path, private=(ADDRESS,))
    assert f"{one.name},new," in table(workspace)


@pytest.mark.parametrize("turned", [False, True])
def test_pairs_of_names_count_fully_if_the_full_names_agree(
    cli: Cli, workspace: Path, standins: Servers, three: list[Any], tmp_path: Path, turned: bool
) -> None:
    first, second, _ = three
    users = [
        {"username": "octoone", "realname": first.display_name},
        {"username": "octotwo", "realname": "Somebody Else Indeed"},
    ]
    url = f"{standins.maniphest.url}/__standin__/users"
    requests.post(url, json=users, timeout=10).raise_for_status()
    pairs = {first.name: "octoone", second.name: "OctoTwo", "not-here": "octothree"}
    path = tmp_path / "github.json"
    path.write_text(json.dumps({v: k for k, v in pairs.items()} if turned else pairs))
    told = json.loads(cli("map", "import", path, "-T", "old", "--json").out)["old"]
    scores = {one["person"]: (one["login"], one["score"]) for one in told["suggested"]}
    assert scores[first.name][0] == "octoone"
    assert scores[first.name][1] > 0.9
    assert scores[second.name] == ("octotwo", 0.75)


def test_programs_are_suggested_to_be_looked_at(
    cli: Cli, workspace: Path, three: list[Any], tmp_path: Path
) -> None:
    data = data_of(three, [["a@x.example"], ["b@x.example"], ["c@x.example"]])
    data["users"][1]["companies"] = [{"company_name": "*robots", "end_date": None}]
    path = tmp_path / "default_data.json"
    path.write_text(json.dumps(data))
    assert f"said to be programs: {three[1].name}" in cli("map", "import", path).out
    assert f"{three[1].name},,,,suggested," in table(workspace)
    checked = json.loads(cli("map", "check", "--json").out)
    assert checked["new"]["bots"] == 0, "nothing is taken from a suggestion"


def test_a_dry_run_imports_nothing(
    cli: Cli, workspace: Path, three: list[Any], tmp_path: Path
) -> None:
    path = tmp_path / "who.csv"
    path.write_text(f"launchpad,email\n{three[0].name},{ADDRESS}\n")
    assert "would be added" in cli("map", "import", path, "-n").out
    assert table(workspace) == ""


def test_a_list_of_projects_is_offered_and_checked(
    cli: Cli, workspace: Path, tmp_path: Path
) -> None:
    path = tmp_path / "projects.yaml"
    entries = "- project: x y/gadget\n  use-storyboard: true\n- project: team/gadget\n"
    path.write_text(f"{PROJECTS}{entries}  use-storyboard: true\n")
    ended = cli("map", "import", path, "-T", "new", "--json")
    assert ended.status == 4
    told = json.loads(ended.out)["new"]
    assert told["moving"] == 6
    assert told["twice"] == {"gadget": ["other/pad-ui", "x y/gadget", "team/gadget"]}
    assert "x y/gadget" in told["unfit"]
    assert told["unknown"] == ["space/rocket", "space/rocket-specs", "space/never-heard-of"]
    text = (workspace / "mappings" / "projects.csv").read_text()
    (line,) = [one for one in text.splitlines() if one.startswith("#? gadget,new,")]
    assert line.startswith("#? gadget,new,team/gadget,,yes,") or "x y/gadget" in line
    again = json.loads(cli("map", "import", path, "-T", "new", "--json").out)["new"]
    assert again["offered"] == 0
    assert (workspace / "mappings" / "projects.csv").read_text() == text


def test_the_source_can_be_asked_for_what_was_not_read(
    cli: Cli, workspace: Path, standins: Servers, tmp_path: Path
) -> None:
    path = tmp_path / "p.csv"
    path.write_text("project\nspace/gadget\nspace/none-such\n")
    told = json.loads(cli("map", "import", path, "-T", "new", "--ask-source", "--json").out)["new"]
    assert told["unknown"] == ["space/none-such"]
    assert told["unread"] == []
