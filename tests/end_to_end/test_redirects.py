"""`export redirects`: every old address leads to the issue that it was of, and none to a private
one's."""

from __future__ import annotations

import configparser
import csv
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.marked_world import MarkedWorld
from tests.end_to_end.reader import ManiphestReader, StoryBoardReader
from tests.end_to_end.world import TARGETS, World, conduit_token
from tracker_migrate.cli.run import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def moved(marked: MarkedWorld) -> MarkedWorld:
    """Bugs, one in two places; a private one; blueprints, one of them proprietary; all moved."""
    project = marked.project
    for _ in range(3):
        project.bug()
    project.bug(targets=("gadget", "gadget/1.x"))
    project.bug("Private", readers=[project.half])
    project.blueprint()
    project.blueprint("Proprietary")
    marked.here.pull(full=True)
    for target in TARGETS:
        marked.here.apply(target)
    return marked


def export(here: World, target: str, form: str, *more: str) -> str:
    out = here.folder / f"moved{'-'.join(more[:1])}.{form}"  # what is private asks for its own
    given = ["-C", str(here.folder), "-T", target, "-f", form, "-o", str(out)]
    assert run(["export", "redirects", *given, *more]) == 0
    return out.read_text()


def homes(here: World, target: str) -> dict[str, str]:
    """Permalink → the end of the new address, asked of the target."""
    if target == "storyboard":
        found = StoryBoardReader(here.storyboard.url).by_permalink()
        return {home: f"/story/{one['number']}" for home, (one,) in found.items()}
    call = ManiphestReader(here.maniphest.url, conduit_token("importbot")).call
    tasks = call("maniphest.search", limit=100)["data"]
    links = {
        f"/T{task['id']}": re.search(
            r"\[\[ ?(\S+) \| LP (?:#\d+|blueprint \S+) ?\]\]", task["fields"]["description"]["raw"]
        )
        for task in tasks
    }
    return {link[1]: end for end, link in links.items() if link is not None}


@pytest.mark.parametrize("target", TARGETS)
def test_every_old_address_leads_to_its_issue(moved: MarkedWorld, target: str) -> None:
    there = homes(moved.here, target)
    rows = list(csv.DictReader(export(moved.here, target, "csv").splitlines()))
    assert {row["issue"] for row in rows} == {
        *(f"launchpad:bug:{number}" for number in moved.project.bugs[:4]),
        f"launchpad:blueprint:{moved.project.blueprints[0]}",
    }
    own = [row for row in rows if row["old"] in there]
    assert len({row["issue"] for row in own}) == 5
    for row in own:
        assert row["new"].endswith(there[row["old"]])
    several = [row["old"] for row in rows if row["issue"].endswith(str(moved.project.bugs[3]))]
    assert {urlsplit(old).path for old in several} >= {
        f"/gadget/+bug/{moved.project.bugs[3]}",
        f"/gadget/1.x/+bug/{moved.project.bugs[3]}",
    }


def test_no_private_name_is_in_any_form_unless_it_is_asked_for(moved: MarkedWorld) -> None:
    secret = moved.project.blueprints[1]
    for form in ("csv", "json", "nginx", "apache"):
        told = export(moved.here, "storyboard", form)
        assert secret not in told
        # a server's port may hold the same digits
        assert not re.search(rf"\b{moved.project.bugs[4]}\b", told)
    assert secret in export(moved.here, "storyboard", "csv", "--private")


@pytest.mark.parametrize("target", TARGETS)
def test_the_maps_say_what_the_table_says(moved: MarkedWorld, target: str) -> None:
    rows = list(csv.DictReader(export(moved.here, target, "csv").splitlines()))
    wanted = {(urlsplit(row["old"]).path, row["new"]) for row in rows}
    wanted |= {
        (f"/bugs/{row['issue'].rsplit(':', 1)[1]}", row["new"])
        for row in rows
        if ":bug:" in row["issue"]
    }
    nginx = re.findall(r'^"([^"]+)" "([^"]+)";$', export(moved.here, target, "nginx"), re.MULTILINE)
    apache = [line.split(" ") for line in export(moved.here, target, "apache").splitlines()]
    assert set(nginx) == wanted
    assert {(one[0], one[1]) for one in apache if one[0] != "#"} == wanted
    listed = json.loads(export(moved.here, target, "json"))
    assert {(old, one["new"]) for one in listed for old in one["old"]} == {
        (row["old"], row["new"]) for row in rows
    }


def test_gerrit_is_told_a_rule_where_numbers_were_kept(marked: MarkedWorld, capfd: Capture) -> None:
    here = marked.here
    here.options["storyboard"] = {"numbers": "keep"}
    here.write_settings()
    number = marked.project.bug()
    here.pull(full=True)
    here.apply("storyboard")
    rule = configparser.ConfigParser(strict=False)
    rule.read_string(export(here, "storyboard", "gerrit"))
    (section,) = rule.sections()
    match, link = (rule[section][name].strip('"') for name in ("match", "link"))
    found = re.search(match.replace("\\\\", "\\"), f"Closes-Bug: #{number}")
    assert found is not None
    assert link.replace("$2", found[2]).endswith(f"/story/{number}")


def test_gerrit_is_told_of_a_host_with_a_map_where_they_were_not(
    moved: MarkedWorld, capfd: Capture
) -> None:
    given = ["-C", str(moved.here.folder), "-T", "maniphest", "-f", "gerrit"]
    assert run(["export", "redirects", *given]) == 2
    assert "give --base" in capfd.readouterr().err
    told = export(moved.here, "maniphest", "gerrit", "--base", "https://old.example.org/")
    assert 'link = "https://old.example.org/bugs/$2"' in told


def test_what_is_not_written_is_not_named(marked: MarkedWorld, capfd: Capture) -> None:
    marked.project.bug()
    marked.here.pull(full=True)
    given = ["-C", str(marked.here.folder), "-T", "storyboard"]
    assert run(["export", "redirects", *given]) == 0
    assert capfd.readouterr().out.splitlines() == ["issue,old,new"]
    assert run(["export", "redirects", *given, "-f", "json"]) == 0
    assert json.loads(capfd.readouterr().out) == []


def test_several_targets_have_to_be_told_apart(moved: MarkedWorld, capfd: Capture) -> None:
    assert run(["export", "redirects", "-C", str(moved.here.folder)]) == 2
    assert "name one target: -T storyboard or -T maniphest" in capfd.readouterr().err


def test_a_file_that_can_not_be_written_leaves_nothing(
    moved: MarkedWorld, tmp_path: Path, capfd: Capture
) -> None:
    out = tmp_path / "no such folder" / "x"
    given = ["-C", str(moved.here.folder), "-T", "storyboard", "-o", str(out)]
    assert run(["export", "redirects", *given]) == 1
    assert "can't write" in capfd.readouterr().err
