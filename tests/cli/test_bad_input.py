"""Bad arguments, settings, tables and plan files: told in full, before anything is done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Servers
from tracker_migrate.mappings.table import holds_address

COMMANDS = ("pull", "plan", "apply", "verify", "run", "status", "sync")


# -- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pul",), "Did you mean 'pull'?"),
        (("plan", "--jsn"), "Did you mean '--json'?"),
        (("plan", "--limit", "0"), "x>=1"),
        (("plan", "--limit", "many"), "--limit"),
        (("init",), "FOLDER"),
        (("init", "x"), "--from"),
        (("plan", "-T", "olt"), 'no target "olt"; did you mean "old"? (known: new, old)'),
        (("plan", "--only", "bgu:1"), 'did you mean "bug"?'),
        (("plan", "--only", "bug:one"), "bug:1234,5678"),
        (("plan", "--only", "since:yesterday"), "since:2017-01-31"),
        (("plan", "--only", "status:opn"), 'did you mean "open"?'),
        (("plan", "--only", "tag:"), "forms:"),
        (("plan", "--only", ""), "forms:"),
        (("plan", "-o", "x.plan"), "-T"),
        (("plan", "-T", "old", "-o", "nowhere/x.plan"), "no folder nowhere"),
        (("apply", "x.plan"), "-T"),
        (("apply", "-T", "old", "x.plan"), "x.plan can't be read"),
    ],
)
def test_a_wrong_argument_is_one_line_and_status_2(
    cli: Cli, workspace: Path, arguments: tuple[str, ...], said: str
) -> None:
    ended = cli(*arguments)
    assert ended.status == 2
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_is_no_workspace_says_how_to_make_one(
    cli: Cli, workspace: Path, tmp_path: Path, command: str
) -> None:
    for folder in (tmp_path, tmp_path / "missing", workspace / "migration.toml"):
        ended = cli(command, "-C", folder)
        assert ended.status == 2
        assert "tracker-migrate init" in ended.err


@pytest.mark.parametrize("command", ["plan", "apply", "verify", "run", "sync"])
def test_without_a_target_it_says_how_to_add_one(
    cli: Cli, workspace: Path, standins: Servers, command: str
) -> None:
    (workspace / "migration.toml").write_text(standins.settings(targets=False))
    ended = cli(command)
    assert ended.status == 2
    assert "[targets.new]" in ended.err


# -- init -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "lanchpad:nova"), 'did you mean "launchpad"?'),
        (("--from", "nova"), "launchpad:nova"),
        (("--from", "launchpad:~joe/branch"), "names no project"),
        (("--from", "launchpad:nova", "--from", "bugzilla:x"), "known: archive, launchpad"),
        (("--from", "launchpad:a", "--address", "launchpad.net"), "https://"),
        (("--from", "launchpad:a", "--to", "storyboard:http://x"), "NAME=SINK:URL"),
        (("--from", "launchpad:a", "--to", "x=storyboard:host"), "must be a web address"),
        (("--from", "launchpad:a", "--to", "x=storybord:http://h"), 'did you mean "storyboard"?'),
        (("--from", "launchpad:a", "--to", "x=bugzilla:http://h"), "known: maniphest, storyboard"),
        (("--from", "launchpad:a", "--to", "X=storyboard:http://h"), "lower-case"),
        (("--from", "launchpad:a", "--to", "a b=storyboard:http://h"), "lower-case"),
        (("--from", "launchpad:a", "--to", "x=storyboard:http://u:hunter2@h"), "no secret"),
        (("--from", "launchpad:a", *("--to", "x=storyboard:http://h") * 2), "two targets called x"),
    ],
)
def test_an_init_that_fails_leaves_nothing_behind(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    ended = cli("init", tmp_path / "move", *arguments)
    assert ended.status == 2
    assert said in ended.err
    assert not (tmp_path / "move").exists()


def test_init_does_not_touch_a_workspace_that_is_there(cli: Cli, workspace: Path) -> None:
    before = (workspace / "migration.toml").read_text()
    ended = cli("init", workspace, "--from", "launchpad:other")
    assert ended.status == 2
    assert "is a workspace already" in ended.err
    assert (workspace / "migration.toml").read_text() == before


def test_init_over_a_file_is_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = cli("init", tmp_path / "file", "--from", "launchpad:nova")
    assert ended.status == 2
    assert "is a file" in ended.err


# -- settings -------------------------------------------------------------------------------------

_WRONG = """
[source]
specs = ["gadget", "launchpad:gadget"]
adress = "x"
per_second = "many"
timeout = inf
token = "hunter2"
[targets.New]
sink = "x"
[targets.nothing]
sinc = "storyboard:http://127.0.0.1:1/api"
[targets.board]
sink = "storyboard:http://127.0.0.1:1/api"
numbers = "kep"
setle_seconds = 3
api_token = "hunter2"
moved_from = "ftp://x"
[targets.old]
sink = "maniphest:http://127.0.0.1:1"
connections = 0
moved_from = 3
[targets.other]
sink = "bugzilla:http://127.0.0.1:1"
[databse]
url = "x"
"""


def test_all_mistakes_of_the_settings_are_told_at_once(cli: Cli, workspace: Path) -> None:
    (workspace / "migration.toml").write_text(_WRONG)
    ended = cli("status")
    assert ended.status == 2
    expected = (
        'source.specs.0: "gadget" names no tracker: write it as launchpad:gadget',
        'source.adress: there is no such setting; did you mean "address"?',
        "source.per_second: must be a number",
        "source.timeout: must be a number",
        "source.token: no secret belongs here",
        "targets.New: a target's name is lower-case",
        "targets.nothing: needs sink",
        'targets.board.numbers: must be "block" or "keep"',
        'targets.board.setle_seconds: there is no such setting; did you mean "settle_seconds"?',
        "targets.board.api_token: no secret belongs here",
        "targets.board.moved_from: must be the address that the server had, without its tracker",
        "targets.old.connections: must be 1 or more",
        "targets.old.moved_from: must be the address that the server had, without its tracker",
        'targets.other.sink: "bugzilla" is none of the sinks (known: maniphest, storyboard)',
        'databse: there is no such setting; did you mean "database"?',
    )
    for one in expected:
        assert f"error: migration.toml: {one}" in ended.err
    assert len(ended.err.splitlines()) == len(expected) + 1  # and the sink of New, which is "x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("specs = [", "is not valid TOML"),
        ("", "source: is missing"),
        ("source = 3\ntargets = 4", "source: must be a table"),
        ("[source]\nspecs = []", "specs: must name at least one"),
        ('[source]\nspecs = "launchpad:gadget"', "specs: must be a list"),
        ('[source]\nspecs = ["launchpad:x"]\naddress = "ftp://x"', "must be a web address"),
        ('[source]\nspecs = ["launchpad:x"]\naddress = "http://[x"', "must be a web address"),
        ('[source]\nspecs = ["launchpad:x"]\naddress = "http://h:99999"', "must be a web address"),
        ('[source]\nspecs = ["launchpad:x"]\naddress = "http://u:hunter2@h"', "no secret"),
        ('[source]\nspecs = ["launchpad:x"]\n[database]\nurl = "x"', "postgresql+psycopg://"),
        (
            '[source]\nspecs = ["launchpad:x"]\n[database]\nurl = "postgresql://u:hunter2@h/x"',
            "TRACKER_MIGRATE_DATABASE",
        ),
    ],
)
def test_settings_that_are_none(cli: Cli, workspace: Path, text: str, said: str) -> None:
    (workspace / "migration.toml").write_text(text)
    ended = cli("plan")
    assert ended.status == 2
    assert said in ended.err


def test_settings_that_are_not_utf8(cli: Cli, workspace: Path) -> None:
    (workspace / "migration.toml").write_bytes(b'[source]\nspecs = ["\xff"]')
    ended = cli("plan")
    assert ended.status == 2
    assert "is not UTF-8" in ended.err


# -- tables ---------------------------------------------------------------------------------------

_PEOPLE = "person,target,account,name,state,created,note\n"


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        ("people.csv", "person,accont\n", 'did you mean "account"?'),
        ("people.csv", "target\n", "lacks the column person, state"),
        ("people.csv", "person,person,state\n", "has the column person twice"),
        ("people.csv", _PEOPLE + "joe,old,P,,verifed,,", ':2: no such state "verifed"'),
        ("people.csv", _PEOPLE + "joe,old,P,,verified,,\njoe,old,Q,,verified,,", ":3: joe has two"),
        ("people.csv", _PEOPLE + "joe,old,joe@example.org,,verified,,", ":2: holds an e-mail"),
        ("people.csv", _PEOPLE + "joe,old,P,,verified,,is joe@example.org", ":2: holds an e-mail"),
        ("people.csv", _PEOPLE + "joe,old,,,verified,,", ":2: joe is verified, but has no account"),
        ("people.csv", _PEOPLE + "joe,odl,P,,verified,,", 'no target "odl"; did you mean "old"?'),
        ("people.csv", _PEOPLE + 'joe,old,"P,,verified,,', "is a quote"),
        ("people.csv", _PEOPLE + "a,b,c,d,e,f,g,h", "8 cells under 7 headings"),
        ("tags.csv", "tag,becomes\napi,x\napi,y", ":3: api has a row already, line 2"),
        ("projects.csv", "source,move\nnova,maybe", '"maybe" under move: write yes or no'),
        ("states.toml", "[maniphest.statu]", 'did you mean "status"?'),
        ("states.toml", "[maniphst.status]", 'did you mean "maniphest"?'),
        ("states.toml", '[maniphest.status]\n"In progress" = "open"', 'did you mean "In Progress"'),
        ("states.toml", '[maniphest.status]\n"New" = 3', "must become a word in quotes"),
        ("states.toml", "\ufeff[maniphest.statu]", 'did you mean "status"?'),
        ("states.toml", '[status]\n"New" = "open"', "of which tracker: [maniphest.status]"),
        ("states.toml", "maniphest = 3", "must be a table"),
        ("states.toml", "[", "is not valid TOML"),
        ("privacy.toml", "[policy]", 'did you mean "policies"?'),
        ("privacy.toml", '[information_type]\n"Private" = "secret"', 'no policy "secret"'),
        ("privacy.toml", '[information_type]\n"Private" = ["a"]', "must be one word in quotes"),
        ("privacy.toml", "information_type = 3", "must be a section"),
        ("privacy.toml", "[policies.a.old]\nusers = 3", "users must be a list"),
        ("privacy.toml", "[policies.a.old]\nuser = [3]", "needs users = […] or groups = […]"),
        ("privacy.toml", "[policies.a.odl]\nusers = [3]", 'no target "odl"; did you mean "old"?'),
        ("privacy.toml", "[policies]\na = 3", "needs a section for each target"),
    ],
)
def test_a_mistake_in_a_table_is_told_with_its_place(
    cli: Cli, workspace: Path, table: str, text: str, said: str
) -> None:
    (workspace / "mappings" / table).write_text(text, encoding="utf-8")
    ended = cli("plan", "-T", "old")
    assert ended.status == 2
    assert said in ended.err
    assert f"error: {table}" in ended.err
    assert "joe@example.org" not in ended.err


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("mappings/tags.csv", "tag,becomes,note\napi,x,\nui,y,ask joe@example.org\n", 3),
        ("mappings/projects.csv", "# by Joe <joe@example.org>\nsource,move\n", 1),
        ("mappings/states.toml", '[maniphest.status]\n# joe@example.org\n"New" = "open"\n', 2),
        ("mappings/privacy.toml", '[information_type]\n"Private" = "joe@example.org"\n', 2),
        ("mappings/people.csv", _PEOPLE + "# joe@example.org\njoe@example.org,,,,bot,,", 3),
    ],
)
def test_no_table_holds_an_e_mail_address_not_even_in_a_comment(
    cli: Cli, workspace: Path, file: str, text: str, line: int
) -> None:
    (workspace / file).write_text(text)
    ended = cli("plan", "-T", "old")
    assert ended.status == 2
    assert f"error: {Path(file).name}:{line}: holds an e-mail address: take it out" in ended.err
    assert "joe@example.org" not in ended.err


def test_no_settings_hold_an_e_mail_address_and_the_other_mistakes_are_told_with_it(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    told = standins.settings() + "# ask joe@example.org\n[targets.third]\nsinc = 'x'\n"
    (workspace / "migration.toml").write_text(told)
    ended = cli("status")
    assert ended.status == 2
    line = told.split("# ask")[0].count("\n") + 1
    assert f"error: migration.toml:{line}: holds an e-mail address" in ended.err
    assert "targets.third: needs sink" in ended.err
    assert "joe@example.org" not in ended.err


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://me:hunter2@db/move",
        "postgresql+psycopg://db/move?user=me&password=hunter2",
        "postgresql://me@db/move?sslpassword=hunter2",
    ],
)
def test_a_password_in_the_databases_address_is_refused(
    cli: Cli, workspace: Path, standins: Servers, address: str
) -> None:
    told = standins.settings() + f'[database]\nurl = "{address}"\n'
    (workspace / "migration.toml").write_text(told)
    ended = cli("status")
    assert ended.status == 2
    assert "database.url: holds a password: put the whole address into" in ended.err


@pytest.mark.parametrize(
    ("before", "after"),
    [("storyboard:http://", "storyboard:http://me:hunter2@"), ('"http://', '"http://me:hunter2@')],
)
def test_a_login_in_an_address_is_refused(
    cli: Cli, workspace: Path, standins: Servers, before: str, after: str
) -> None:
    (workspace / "migration.toml").write_text(standins.settings().replace(before, after))
    ended = cli("status")
    assert ended.status == 2
    assert "must hold no user, password or query" in ended.err


def test_a_targets_name_is_not_taken_for_an_outsiders(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    told = standins.settings().replace("[targets.old]", "[targets.new-outsider]")
    (workspace / "migration.toml").write_text(told)
    ended = cli("status")
    assert ended.status == 2
    assert "targets.new-outsider: its token would be taken for an outsider's" in ended.err


@pytest.mark.parametrize(
    "line",
    [
        'url = "postgresql+psycopg://mover@db.example.org/move"',
        "# git@git.example.org:move.git",
        "# git@git.example.org",
        "# mover@db.example.org:/srv",
        "# nova@stable/kilo, @jane",
    ],
)
def test_who_logs_in_at_a_database_or_a_repository_is_no_e_mail_address(line: str) -> None:
    assert not holds_address(line)
    assert holds_address(f"{line} joe@example.org")


def test_mistakes_of_all_tables_are_told_at_once(cli: Cli, workspace: Path) -> None:
    for table in ("people.csv", "tags.csv", "projects.csv"):
        (workspace / "mappings" / table).write_text("nonsense\n")
    for table in ("states.toml", "privacy.toml"):
        (workspace / "mappings" / table).write_bytes(b"\xff")
    ended = cli("plan", "-T", "old")
    assert ended.status == 2
    for table in ("people.csv", "tags.csv", "projects.csv", "states.toml", "privacy.toml"):
        assert f"error: {table}" in ended.err


@pytest.mark.parametrize("command", ["apply", "verify"])
def test_a_word_that_the_target_lacks_is_told_with_what_it_has(
    cli: Cli, workspace: Path, standins: Servers, command: str
) -> None:
    rows = '[maniphest.status]\n"New" = "opne"\n[maniphest.importance]\n"High" = "hgh"\n'
    (workspace / "mappings" / "states.toml").write_text(rows)
    ended = cli(command, "-T", "old")
    assert ended.status == 2
    assert "states.toml: [maniphest.status] 'New'" in ended.err
    assert "'opne'; it has" in ended.err
    assert "wontfix" in ended.err
    assert "states.toml: [maniphest.importance] 'High'" in ended.err
    assert not standins.maniphest.store.value("SELECT count(*) FROM task")


def test_a_word_that_storyboard_lacks_is_told_with_what_it_has(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    rows = '[storyboard.status]\n"New" = "opne"\n[storyboard.importance]\n"High" = "hgh"\n'
    (workspace / "mappings" / "states.toml").write_text(rows)
    before = standins.storyboard.writes
    ended = cli("apply", "-T", "new")
    assert ended.status == 2
    assert "states.toml: [storyboard.status]" in ended.err
    assert "todo" in ended.err
    assert standins.storyboard.writes == before


# -- plan files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"hello\n", b"[]\n", b'{"plan": 1}\n', b"\xff\x00"])
def test_a_file_that_is_no_plan(cli: Cli, workspace: Path, content: bytes) -> None:
    (workspace / "x.plan").write_bytes(content)
    ended = cli("apply", "-T", "old", "x.plan")
    assert ended.status == 2
    assert "is no plan that apply can keep to: make one with" in ended.err


def test_a_plan_of_another_version(cli: Cli, workspace: Path) -> None:
    (workspace / "x.plan").write_text('{"plan": 99, "target": "old"}\n')
    ended = cli("apply", "-T", "old", "x.plan")
    assert ended.status == 2
    assert "make the plan again" in ended.err


def test_a_plan_for_another_target(cli: Cli, workspace: Path) -> None:
    assert cli("plan", "-T", "new", "-o", "new.plan", "-q").status == 0
    ended = cli("apply", "-T", "old", "new.plan")
    assert ended.status == 2
    assert "is a plan for the target new, not old" in ended.err


def test_a_plan_that_is_out_of_date_is_a_brake(
    cli: Cli, workspace: Path, standins: Servers
) -> None:
    assert cli("plan", "-T", "old", "-o", "old.plan", "-q").status == 0
    states = '[maniphest.status]\n"Fix Released" = "wontfix"\n'
    (workspace / "mappings" / "states.toml").write_text(states)
    ended = cli("apply", "-T", "old", "old.plan")
    assert ended.status == 8
    assert "have changed since old.plan was made: make a new plan" in ended.err
    assert "make a new plan" in ended.err


# -- everything that is wrong is said as JSON's programs expect: on stderr -----------------------


def test_with_json_an_error_leaves_stdout_empty(cli: Cli, workspace: Path) -> None:
    ended = cli("plan", "--json", "-T", "olt")
    assert ended.status == 2
    assert ended.out == ""
    assert json.loads(cli("plan", "--json", "-T", "old").out)
