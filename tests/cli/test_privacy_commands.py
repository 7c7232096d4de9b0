"""`readers`, `hide`, `verify --outsider`: what they print, end with, and never say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.cli.conftest import OWNER, Cli
from tests.end_to_end.world import World, world
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.workspace import Workspace

POLICY = """[information_type]
"Private" = "few"
"Private Security" = "few"
"Proprietary" = "few"
"Embargoed" = "few"
[policies.few.storyboard]
users = "readers"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    with world(tmp_path / "ws", monkeypatch, "gadget") as made:
        generate(made.launchpad, bugs=16, blueprints=3, seed=5, private=0.4)
        made.private = True
        made.write_settings()
        (made.folder / "mappings" / "people.csv").write_text(
            "person,target,account,state\ngadget-owner,storyboard,3,verified\n"
        )
        made.pull()
        monkeypatch.chdir(made.folder)
        yield made


def privacy(here: World, text: str) -> None:
    (here.folder / "mappings" / "privacy.toml").write_text(text)


def secrets(here: World) -> tuple[str, ...]:
    with Workspace(here.folder) as workspace:
        found = [issue for issue in workspace.archive.issues() if issue.private]
        return tuple(text for one in found for text in (one.title, one.description) if text)


def test_readers_without_an_account_are_named_and_have_to_be_decided_on(
    here: World, cli: Cli
) -> None:
    privacy(here, POLICY)
    told = cli("readers", "-T", "storyboard", private=secrets(here))
    assert told.status == 3
    assert "no account" in told.out
    assert "a row in people.csv" in told.out
    found = json.loads(cli("readers", "-T", "storyboard", "--json").out)["storyboard"]
    assert found["asked"]
    assert found["private"] > found["writable"]
    assert {one["why"] for one in found["readers"]} == {"no account"}
    privacy(here, POLICY + 'without = "all"\n')
    told = cli("readers", "-T", "storyboard", "--issues")
    assert told.status == 0
    assert "goes without" in told.out
    assert "not for " in told.out


def test_readers_asks_no_server_without_a_token(
    here: World, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    privacy(here, POLICY)
    monkeypatch.delenv("TRACKER_MIGRATE_STORYBOARD_TOKEN")
    told = cli("readers", "-T", "storyboard")
    assert told.status == 3
    assert "was not asked" in told.out
    assert not here.storyboard.requests


def test_an_outsider_reads_none_of_it_and_sees_it_when_somebody_opens_it(
    here: World, cli: Cli
) -> None:
    privacy(here, POLICY + 'without = "all"\n')
    cli("apply", "-T", "storyboard")
    told = cli("verify", "--outsider", "-T", "storyboard", private=secrets(here))
    assert told.status == 0
    assert told.out.splitlines()[-1].startswith("verify storyboard as an outsider: 0 of ")
    assert " 0 of 0 " not in told.out
    answer = requests.put(
        f"{here.storyboard.url}/v1/stories/{_a_private_story(here)}",
        json={"private": False},
        headers={"Authorization": "Bearer token-of-super"},
        timeout=30,
    )
    assert answer.status_code == 200
    told = cli("verify", "--outsider", "-T", "storyboard", private=secrets(here))
    assert told.status == 4
    assert "EXPOSED launchpad:bug:" in told.out
    found = json.loads(cli("verify", "--outsider", "-T", "storyboard", "--json").out)
    assert found["storyboard"]["readable"]


def _a_private_story(here: World) -> str:
    with Workspace(here.folder) as workspace:
        key = workspace.archive.private_keys()[0]
        place = workspace.ledger("storyboard").where(key)
    assert place is not None
    return place.id


def test_hide_closes_now_and_release_leaves_it_to_the_next_apply(here: World, cli: Cli) -> None:
    privacy(here, POLICY + 'without = "all"\n')
    cli("apply", "-T", "storyboard")
    with Workspace(here.folder) as workspace:
        issue = next(i for i in workspace.archive.issues() if not i.private and i.kind == "bug")
        place = workspace.ledger("storyboard").where(issue.key)
    assert place is not None
    seen = f"{here.storyboard.url}/v1/stories/{place.id}"
    assert requests.get(seen, timeout=30).status_code == 200
    assert cli("hide", issue.name, "-T", "storyboard", "-n").status == 0
    assert requests.get(seen, timeout=30).status_code == 200
    told = cli("hide", issue.name, "-T", "storyboard")
    assert "closed for everybody but the importer" in told.out
    assert requests.get(seen, timeout=30).status_code == 404
    assert cli("apply", "-T", "storyboard").status == 3
    assert requests.get(seen, timeout=30).status_code == 404
    assert f"refused {issue.key}: hidden by hand" in cli("status", "--refused").out
    assert "released" in cli("hide", issue.name, "-T", "storyboard", "--release").out
    assert requests.get(seen, timeout=30).status_code == 404
    cli("apply", "-T", "storyboard")
    assert requests.get(seen, timeout=30).status_code == 200


def test_what_is_no_bug_can_not_be_hidden(here: World, cli: Cli) -> None:
    told = cli("hide", "the one about login")
    assert told.status == 2
    assert "no bug's number" in told.err


def test_what_can_not_be_taken_back_is_in_status_until_it_is_settled(here: World, cli: Cli) -> None:
    privacy(here, POLICY + 'without = "all"\n')
    cli("apply", "-T", "storyboard")
    with Workspace(here.folder) as workspace:
        issue = next(
            one
            for one in workspace.archive.issues()
            if not one.private and any(c.index and c.text and not c.withheld for c in one.comments)
        )
        comment = next(c for c in issue.comments if c.index and c.text and not c.withheld)
    consumer, token, secret = OWNER.split()
    login = (
        f'OAuth realm="", oauth_consumer_key="{consumer}", oauth_token="{token}", '
        f'oauth_signature_method="PLAINTEXT", oauth_signature="%26{secret}"'
    )
    hide = {"ws.op": "setCommentVisibility", "comment_number": comment.index, "visible": "false"}
    answer = requests.post(
        f"{here.launchpad.url}/devel/bugs/{issue.name}",
        data=hide,
        headers={"Authorization": login},
        timeout=30,
    )
    assert answer.status_code < 300, answer.text
    cli("pull", "--full")
    told = cli("apply", "-T", "storyboard")
    assert told.status == 3
    assert "1 EXPOSED" in told.out
    assert cli("verify", "-T", "storyboard").status == 4
    told = cli("status", "--refused", "-T", "storyboard")
    assert f"exposed {issue.key}: EXPOSED: 1 of its comments" in told.out
    assert comment.text.split()[0] not in told.out
    assert cli("status", "--check", "-T", "storyboard").status == 3
    accepted = f'[exposed]\n"{issue.key}" = "accept"\n'
    privacy(here, POLICY + 'without = "all"\n' + accepted)
    cli("apply", "-T", "storyboard")
    assert "exposed launchpad" not in cli("status", "--refused", "-T", "storyboard").out


def test_no_name_of_a_private_blueprint_is_told(here: World, cli: Cli) -> None:
    privacy(here, POLICY + 'without = "all"\n')
    with Workspace(here.folder) as workspace:
        specs = [one for one in workspace.archive.issues() if one.kind == "blueprint"]
    secret = tuple(one.name.rpartition("/")[2] for one in specs if one.private)
    public = [one.name for one in specs if not one.private]
    assert secret
    plan = here.folder / "first.plan"
    cli("plan", "-T", "storyboard", "-o", plan, "-v", private=secret)
    assert not any(name in plan.read_text() for name in secret)
    assert any(name in plan.read_text() for name in public)
    cli("apply", "-T", "storyboard", plan, "-v", private=secret)
    cli("verify", "-T", "storyboard", "-v", private=secret)
    privacy(here, "")
    cli("apply", "-T", "storyboard", "-v", private=secret)
    cli("status", "--refused", private=secret)
    report = (here.folder / "reports" / "storyboard" / "verify.json").read_text()
    assert not any(name in report for name in secret)
