"""Three recorded projects, 16 of their 21 bugs private, as eight people could read them: at each
target nobody reads more than the real Launchpad let them read, and who reads less is listed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from tests.backends.launchpad.closed import ACCOUNTS, PROJECTS
from tests.end_to_end.marked_world import closed_group
from tests.end_to_end.reader import ManiphestReader
from tests.end_to_end.world import (
    RECORDINGS,
    TARGETS,
    World,
    needs_shared,
    world,
)
from tracker_migrate.backends.launchpad.standin.load import load_spec
from tracker_migrate.engine import cutover, outstanding
from tracker_migrate.engine.target import Target
from tracker_migrate.model import name_of
from tracker_migrate.workspace import Workspace

pytestmark = needs_shared

TEAM = "lab-secret-team"
TYPES = {
    "Private": "userdata",
    "Private Security": "security",
    "Proprietary": "business",
    "Embargoed": "embargo",
}
#: who is in each policy's project at Maniphest: those with whom everything of a type is shared
MEMBERS = {
    "userdata": ["owner", "grantee"],
    "security": ["owner"],
    "business": ["owner", "grantee"],
    "embargo": ["owner"],
}


class Seen(NamedTuple):
    """The numbers of the bugs that each viewer may read."""

    source: Mapping[str, frozenset[str]]
    target: Mapping[str, frozenset[str]]
    listed: Mapping[str, frozenset[str]]  # of each account: bugs that it is said to lose
    refused: frozenset[str]


class Lab:
    """The world, with an account for each viewer at both targets."""

    def __init__(self, here: World) -> None:
        self.here = here
        self.tokens: dict[str, dict[str, str | None]] = {
            target: {"anonymous": None} for target in TARGETS
        }
        self.ids: dict[str, dict[str, str]] = {target: {} for target in TARGETS}
        for viewer, account in ACCOUNTS.items():
            self._at_storyboard(viewer, account)
            self._at_maniphest(viewer, account)

    def _at_storyboard(self, viewer: str, account: str) -> None:
        """Made by the server's own API, with a token that a superuser mints."""
        base = f"{self.here.storyboard.url}/v1/users"
        headers = {"Authorization": "Bearer token-of-super", "Content-Type": "application/json"}
        openid = f"https://login.example.org/+id/{account}"
        body = {"full_name": account, "email": f"{account}@example.org", "openid": openid}
        made = requests.post(base, data=json.dumps(body), headers=headers, timeout=60).json()
        given = json.dumps({"user_id": made["id"], "expires_in": 3600})
        address = f"{base}/{made['id']}/tokens"
        token = requests.post(address, data=given, headers=headers, timeout=60).json()
        self.ids["storyboard"][viewer] = str(made["id"])
        self.tokens["storyboard"][viewer] = str(token["access_token"])

    def _at_maniphest(self, viewer: str, account: str) -> None:
        made = requests.post(
            f"{self.here.maniphest.url}/__standin__/users",
            data=json.dumps([{"username": account}]),
            timeout=60,
        ).json()[0]
        self.ids["maniphest"][viewer] = made["phid"]
        self.tokens["maniphest"][viewer] = made["token"]

    def write_tables(self) -> None:
        """Policies that let in the readers; of some nobody thought, and some go without."""
        rows = ["person,target,account,name,state,created,note"]
        for target in TARGETS:
            for viewer, account in ACCOUNTS.items():
                rows.append(f"{account},{target},{self.ids[target][viewer]},{account},verified,,")
        text = ["[information_type]", *(f'"{kind}" = "{name}"' for kind, name in TYPES.items())]
        for name, members in MEMBERS.items():
            accounts = [ACCOUNTS[one] for one in members]
            phid = closed_group(self.here, name, "importbot", *accounts)
            without = f'without = ["lab-writer", "{TEAM}"]'
            text += [f"[policies.{name}.storyboard]", 'users = "readers"', without]
            text += [f"[policies.{name}.maniphest]", f'groups = ["{phid}"]', without]
        folder = self.here.folder / "mappings"
        (folder / "people.csv").write_text("\n".join(rows) + "\n")
        (folder / "privacy.toml").write_text("\n".join(text) + "\n")
        self.here.private = True
        self.here.write_settings()

    # -- reading ----------------------------------------------------------------------------------

    def seen(self, target: str) -> Seen:
        """Who reads what, at the source and at a target, and what is said of it."""
        listed, refused = self._said(target)
        tokens = self.tokens[target]
        read = _stories if target == "storyboard" else _tasks
        return Seen(
            source=_recorded(),
            target={who: read(self.here, token) for who, token in tokens.items()},
            listed=listed,
            refused=refused,
        )

    def _said(self, target: str) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
        lost: dict[str, set[str]] = {}
        with Workspace(self.here.folder) as workspace:
            bound = Target(workspace, target)
            bound.learn()
            refused = {name_of(v.issue) for v in bound.ledger.in_state("refused") if v.reason}
            for issue in workspace.archive.issues():
                if issue.private:
                    for reader in bound.decisions.readers(issue).less:
                        lost.setdefault(name_of(reader), set()).add(issue.name)
            bound.close()
        return {who: frozenset(bugs) for who, bugs in lost.items()}, frozenset(refused)


def _recorded() -> dict[str, frozenset[str]]:
    path = RECORDINGS / "launchpad" / "wire" / "lab-private-summary.json"
    said = json.loads(path.read_text())
    return {
        viewer: frozenset(said["bugs"][role] for role in one["readable"])
        for viewer, one in said["viewers"].items()
    }


def _bugs(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"/\+?bugs?/(\d+)", text.split("\n", 1)[0]))


def _stories(here: World, token: str | None) -> frozenset[str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    rows = requests.get(f"{here.storyboard.url}/v1/stories", headers=headers, timeout=60).json()
    return frozenset().union(*(_bugs(row["description"] or "") for row in rows))


def _tasks(here: World, token: str | None) -> frozenset[str]:
    if token is None:
        return frozenset()  # Conduit answers to accounts alone, and nobody's pages show no task
    rows = ManiphestReader(here.maniphest.url, token).call("maniphest.search", limit=100)["data"]
    return frozenset().union(*(_bugs(row["fields"]["description"]["raw"]) for row in rows))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv(
        "TRACKER_MIGRATE_LAUNCHPAD", "lab-client TOKEN-of-lab-owner SECRET-of-lab-owner"
    )
    with world(tmp_path / "ws", monkeypatch, *PROJECTS) as here:
        load_spec(here.launchpad, f"wire:{RECORDINGS / 'launchpad/wire/lab-private.jsonl.gz'}")
        made = Lab(here)
        made.write_tables()
        here.pull()
        for target in TARGETS:
            here.apply(target)
        yield made


def table(seen: Seen) -> str:
    """How many bugs each viewer may read."""
    lines = ["viewer             source  target  more  less"]
    for viewer, source in seen.source.items():
        target = seen.target[viewer]
        figures = len(source), len(target), len(target - source), len(source - target)
        lines.append(f"{viewer:18} {figures[0]:6} {figures[1]:7} {figures[2]:5} {figures[3]:5}")
    return "\n".join(lines)


@pytest.mark.parametrize("target", TARGETS)
def test_nobody_reads_more_and_who_reads_less_is_listed(target: str, lab: Lab) -> None:
    seen = lab.seen(target)
    shown = f"{target}, {len(seen.refused)} bugs refused\n{table(seen)}"
    private = seen.source["owner"] - seen.source["anonymous"]
    assert len(private) == 16
    for viewer, source in seen.source.items():
        more = seen.target[viewer] - source
        assert not more, f"{viewer} reads {sorted(more)} more\n{shown}"
        if viewer == "anonymous" and target == "maniphest":
            continue  # who has no account reads nothing there
        less = source - seen.target[viewer] - seen.refused
        if viewer == "admin":
            less -= private  # an administrator reads all at Launchpad, and is a reader of nothing
        unsaid = less - seen.listed.get(ACCOUNTS.get(viewer, ""), frozenset())
        if viewer == "team-member":  # of a private team even its owner learns the name alone
            unsaid -= seen.listed.get(TEAM, frozenset())
        assert not unsaid, f"{viewer} loses {sorted(unsaid)} unsaid\n{shown}"
    assert len(seen.target["owner"]) >= 19, shown
    assert lab.here.verify(target).agrees


def test_what_is_refused_for_whom_a_group_lets_in_is_no_go(lab: Lab) -> None:
    """The target alone knows that: the plan, which asks nobody, does not."""
    deadline = datetime.now(UTC) + timedelta(days=2)
    with Workspace(lab.here.folder) as workspace:
        (seen,) = outstanding.overviews(workspace, ["maniphest"], deadline)
        with workspace.coordinating():
            final = cutover.final(workspace, ["maniphest"])
    stop = "1 issues are refused: policy business: lets in"
    assert seen.due is not None
    for go, stops in ((seen.due.go, seen.due.stops), (final.go, final.targets["maniphest"].stops)):
        assert not go
        assert [one for one in stops if one.startswith(stop)] == stops
