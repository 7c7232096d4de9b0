"""Tables that communities have: each is read as what it is, or refused with a word of advice."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_migrate.errors import UsageError
from tracker_migrate.mappings.importers import Table, read, the_right_way

#: the shape of stackalytics' default_data.json, with made-up people
DEFAULT_DATA: dict[str, Any] = {
    "users": [
        {
            "launchpad_id": "jdoe",
            "gerrit_id": "jane",
            "companies": [
                {"company_name": "Acme", "end_date": "2015-May-01"},
                {"company_name": "*independent", "end_date": None},
            ],
            "user_name": "Jane Doe",
            "emails": ["jane@acme.example", "jane@home.example"],
        },
        {
            "launchpad_id": "builder",
            "companies": [{"company_name": "*robots", "end_date": None}],
            "user_name": "Build Robot",
            "emails": ["builder@ci.example"],
        },
        {
            "github_id": "maxs",
            "companies": [{"company_name": "Acme", "end_date": None}],
            "user_name": "Max Smith",
            "emails": ["max@acme.example"],
        },
    ],
    "companies": [{"company_name": "*independent", "domains": [""]}],
    "repos": [],
    "releases": [{"release_name": "prehistory", "end_date": "2011-Apr-22"}],
    "project_types": [],
}

#: the shape of OpenStack's gerrit/projects.yaml
PROJECTS = """\
- project: space/rocket
  description: Goes up
  use-storyboard: true
  groups:
    - launchers
- project: space/rocket-specs
  description: What is to go up
  acl-config: /home/gerrit2/acls/space/rocket.config
  use-storyboard: true
  groups:
    - rocket
- project: space/pad
  description: Stays where it is
  options:
    - translate
- project: other/pad-ui
  launchpad: gadget
  use-storyboard: true
- project: space/never-heard-of
  use-storyboard: true
- project: old/thing
  description: RETIRED
  use-storyboard: false
"""


def file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_default_data_names_people_their_names_elsewhere_and_programs(tmp_path: Path) -> None:
    table = read(file(tmp_path, "default_data.json", json.dumps(DEFAULT_DATA)))
    jane, robot, maxs = table.people
    assert (jane.person, jane.logins, jane.full_name) == ("jdoe", ("jane", "jdoe"), "Jane Doe")
    assert jane.addresses == {"jane@acme.example", "jane@home.example"}
    assert (robot.program, jane.program) == (True, False)
    assert (maxs.person, maxs.logins) == ("", ("maxs",))


def test_what_is_no_user_in_default_data_is_left_out(tmp_path: Path) -> None:
    odd = {"users": [None, 3, {"emails": "x", "companies": 5, "launchpad_id": 7, "user_name": []}]}
    (one,) = read(file(tmp_path, "x.json", json.dumps(odd))).people
    assert (one.person, one.addresses, one.full_name, one.program) == ("", frozenset(), "", False)


def test_pairs_of_names_are_turned_if_the_sources_stand_on_the_right(tmp_path: Path) -> None:
    pairs = {"jdoe": "jane", "max": "maxs", " ": "x", "y": ""}
    table = read(file(tmp_path, "map.json", json.dumps(pairs)))
    assert [(one.person, one.logins) for one in table.people] == [
        ("jdoe", ("jane",)),
        ("max", ("maxs",)),
    ]
    assert the_right_way(table, {"jdoe", "max"}) == (table, False)
    turned, was_turned = the_right_way(table, {"jane"})
    assert was_turned
    assert (turned.people[0].person, turned.people[0].logins) == ("jane", ("jdoe",))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_of_a_csv_file_are_guessed(tmp_path: Path, mark: str) -> None:
    head = mark.join(["Full Name", "Launchpad ID", "E-Mail", "GitHub", "hat size"])
    row = mark.join(['"Doe, Jane"', "jdoe", "jane@acme.example", "jane", "57"])
    table = read(file(tmp_path, "who.csv", f"\ufeff# ours\n{head}\n{row}\n"))
    (one,) = table.people
    assert (one.person, one.full_name, one.logins) == ("jdoe", "Doe, Jane", ("jane",))
    assert one.addresses == {"jane@acme.example"}


def test_columns_of_a_csv_file_can_be_named(tmp_path: Path) -> None:
    path = file(tmp_path, "who.csv", "a,b,c\njdoe,17,2009-03-02\n")
    columns = {"person": "a", "account": "b", "created": "c"}
    (one,) = read(path, columns).people
    assert (one.person, one.account, one.created) == ("jdoe", "17", "2009-03-02")


def test_projects_yaml_says_what_is_to_move_and_what_it_may_be_called(tmp_path: Path) -> None:
    table = read(file(tmp_path, "projects.yaml", PROJECTS))
    assert [(one.name, one.moves) for one in table.projects] == [
        ("space/rocket", True),
        ("space/rocket-specs", True),
        ("space/pad", None),
        ("other/pad-ui", True),
        ("space/never-heard-of", True),
        ("old/thing", False),
    ]
    assert table.projects[0].sources == ("rocket", "launchers")
    assert table.projects[3].sources == ("gadget", "pad-ui")


def test_a_csv_of_projects_has_no_column_of_people(tmp_path: Path) -> None:
    table = read(file(tmp_path, "p.csv", "project,place\nspace/rocket,team/rocket\npad,\n"))
    assert [(one.name, one.sources) for one in table.projects] == [
        ("team/rocket", ("rocket",)),
        ("pad", ("pad",)),
    ]


@pytest.mark.parametrize(
    ("name", "content", "columns", "said"),
    [
        ("x.json", "{", {}, "no JSON"),
        ("x.json", b"\xff", {}, "no JSON"),
        ("x.json", "[1]", {}, "stackalytics"),
        ("x.json", '{"a": 1}', {}, "launchpad name"),
        ("x.yaml", "a: [", {}, "no YAML"),
        ("x.yaml", "a: b", {}, "list of projects"),
        ("x.yaml", "- description: x", {}, 'entry 1 has no "project"'),
        ("x.yml", "- !!python/object:os.system {}", {}, "no YAML"),
        ("x.csv", "a,b\n1,2\n", {}, "--column person="),
        ("x.csv", "", {}, "--column person="),
        ("x.csv", "a,b\n1,2\n", {"person": "aa"}, 'no column "aa"'),
        ("x.csv", "a,b\n1,2\n", {"persn": "a"}, "what a column can hold"),
        ("x.csv", b"\xff\xfe", {}, "UTF-8"),
        ("x.csv", 'a\n"b', {}, "quote"),
    ],
)
def test_what_is_none_of_these_is_refused_with_a_word(
    tmp_path: Path, name: str, content: str | bytes, columns: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        read(file(tmp_path, name, content), columns)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        read(tmp_path / "none.csv")


@given(data=st.binary(max_size=200), ending=st.sampled_from(["json", "yaml", "csv"]))
def test_whatever_is_in_a_file_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, ending: str
) -> None:
    path = tmp_path_factory.mktemp("any") / f"x.{ending}"
    path.write_bytes(data)
    with suppress(UsageError):
        assert isinstance(read(path), Table)
