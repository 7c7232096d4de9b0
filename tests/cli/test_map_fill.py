"""`map fill`: every name that occurs is offered once, with how often; nobody's words change."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import requests

from tests.cli.conftest import Cli, Servers
from tests.cli.test_map import HEAD, named
from tracker_migrate.workspace import Workspace

TABLES = ("people.csv", "tags.csv", "projects.csv", "states.toml", "privacy.toml")


def tables(workspace: Path) -> dict[str, str]:
    folder = workspace / "mappings"
    return {name: (folder / name).read_text() for name in TABLES if (folder / name).exists()}


def test_every_name_that_occurs_is_offered_once(cli: Cli, workspace: Path) -> None:
    before = cli("plan", "--json").out
    assert cli("map", "fill").status == 0
    held = tables(workspace)
    with Workspace(workspace) as opened:
        tags, people = opened.archive.public_tags(), named(workspace)
        issues = [one for one in opened.archive.issues() if not one.private]
    for tag, uses in tags.items():
        assert re.search(rf"^#\? {re.escape(tag)},,[^,]+,{uses} issue", held["tags.csv"], re.M)
    for one in people:
        lines = [li for li in held["people.csv"].splitlines() if li.startswith(f"#? {one.name},")]
        assert len(lines) in (1, 2), one.name
        assert all(one.created is None or f",{one.created:%Y-%m-%d}," in line for line in lines)
    for status in {task.status for one in issues if one.kind == "bug" for task in one.tasks}:
        assert held["states.toml"].count(f'#? "{status}" = ') >= 2
    assert "#? gadget,,gadget,,yes," in held["projects.csv"]
    assert cli("plan", "--json").out == before, "nothing is taken from an offer"


def test_a_second_time_nothing_changes(cli: Cli, workspace: Path) -> None:
    cli("map", "fill")
    held = tables(workspace)
    told = json.loads(cli("map", "fill", "--json").out)
    assert set(told["offered"].values()) == {0}
    assert tables(workspace) == held


def test_what_somebody_wrote_stays_and_is_not_offered(cli: Cli, workspace: Path) -> None:
    first, second, *_ = named(workspace)
    theirs = f"# ours\n{HEAD}{first.name},new,4,,verified,,\n#? {second.name},new,,she left,,,\n"
    folder = workspace / "mappings"
    (folder / "people.csv").write_text(theirs)
    states = (
        '# mine\n[storyboard.status]\n"New" = "invalid"   # so we do it\n\n[maniphest.status]\n'
    )
    (folder / "states.toml").write_text(states)
    cli("map", "fill")
    held = tables(workspace)
    assert held["people.csv"].startswith(theirs)
    rest = held["people.csv"].removeprefix(theirs)
    assert f"#? {first.name},new," not in rest
    assert f"#? {second.name},new," not in rest
    assert f"#? {first.name},old," in rest
    lines = held["states.toml"].splitlines()
    assert [line for line in lines if not line.startswith("#?")] == states.splitlines()
    own = held["states.toml"].partition("[maniphest.status]")[0]
    assert '#? "New"' not in own
    assert held["states.toml"].count("[storyboard.status]") == 1


def test_offers_become_rows_when_their_mark_is_taken_away(cli: Cli, workspace: Path) -> None:
    cli("map", "fill")
    folder = workspace / "mappings"
    for name in TABLES:
        path = folder / name
        if path.exists():
            path.write_text(re.sub(r"^#\? ", "", path.read_text(), flags=re.MULTILINE))
    rows = (folder / "people.csv").read_text()
    (folder / "people.csv").write_text(re.sub(r"(?m)^.*,group,.*\n", "", rows))
    assert cli("plan").status == 0
    told: dict[str, Any] = json.loads(cli("map", "check", "--json").out)
    assert told["new"]["dead"] == []
    assert told["new"]["placeholders"] > 0
    assert told["new"]["unmapped"] == []


def test_a_suggestion_takes_the_place_of_the_offer(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    cli("map", "fill")
    one = next(one for one in named(workspace) if "bot" not in one.name)
    users = [{"username": one.name.replace(".", ""), "realname": one.display_name}]
    url = f"{standins.maniphest.url}/__standin__/users"
    requests.post(url, json=users, timeout=10).raise_for_status()
    before = tables(workspace)["people.csv"].splitlines()
    place = next(n for n, line in enumerate(before) if line.startswith(f"#? {one.name},old,"))
    assert cli("map", "suggest", "people", "-T", "old").status == 0
    after = tables(workspace)["people.csv"].splitlines()
    assert after[place].startswith(f"{one.name},old,PHID-USER-")
    assert after[:place] + after[place + 1 :] == before[:place] + before[place + 1 :]


def test_the_targets_projects_are_the_best_guess(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    api = f"{standins.storyboard.url}/v1/projects"
    headers = {"Authorization": "Bearer token-of-super"}
    made = requests.post(api, json={"name": "space/gadget"}, headers=headers, timeout=10)
    made.raise_for_status()
    assert cli("map", "fill", "--ask").status == 0
    text = tables(workspace)["projects.csv"]
    assert re.search(r"^#\? gadget,new,space/gadget,,yes,\d+ tasks?: it is there", text, re.M)
    assert re.search(r"^#\? gadget,old,gadget,,yes,\d+ tasks?$", text, re.M)


def test_nothing_is_added_to_a_table_that_nobody_understands(cli: Cli, workspace: Path) -> None:
    broken = "jdoe,new,4,,verified,,\n"
    path = workspace / "mappings" / "people.csv"
    path.write_text(broken)
    ended = cli("map", "fill")
    assert ended.status == 2
    assert "people.csv" in ended.err
    assert len(ended.err.splitlines()) == len(set(ended.err.splitlines()))
    assert tables(workspace) == {"people.csv": broken}


def test_without_a_target_the_names_are_offered_all_the_same(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    (workspace / "migration.toml").write_text(standins.settings(targets=False))
    assert cli("map", "fill").status == 0
    held = tables(workspace)
    assert f"#? {named(workspace)[0].name},," in held["people.csv"]
    assert "#?" not in held.get("states.toml", ""), "no tracker, no words of its own"


def test_a_dry_run_offers_nothing(cli: Cli, workspace: Path) -> None:
    assert "would be offered" in cli("map", "fill", "-n").out
    assert tables(workspace) == {}


def test_no_word_of_a_private_issue_is_offered(cli: Cli, workspace: Path) -> None:
    """A workspace whose issues are all private has nothing to offer but what kind they are of."""
    import msgspec

    from tracker_migrate.engine.filling import Filling
    from tracker_migrate.interfaces import Reading

    with Workspace(workspace) as opened:
        for issue in list(opened.archive.issues()):
            shut = msgspec.structs.replace(
                issue, private=True, information_type="Private", tags=("secret-tag",)
            )
            opened.archive.put(Reading(issue=shut, replies=(), stamp="x")).result()
        filled = Filling(opened).run()
    told = {name: count for name, count in filled.offered.items() if count}
    assert told == {"privacy.toml": 1}
    assert '"Private" here: ' in tables(workspace)["privacy.toml"]
    assert "secret-tag" not in "".join(tables(workspace).values())
