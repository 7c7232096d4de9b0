"""Private stays private: in the creating request, in the workspace, in what is printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests

from tests.end_to_end.marked_world import closed_group
from tests.end_to_end.reader import ManiphestReader, StoryBoardReader
from tests.end_to_end.test_recorded_projects import agrees
from tests.end_to_end.world import TARGETS, World, conduit_token, world
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.interfaces import Event
from tracker_migrate.testing.loopback import Request
from tracker_migrate.workspace import Workspace

OWNER = "lab-client TOKEN-of-gadget-owner SECRET-of-gadget-owner"


def with_policies(here: World) -> None:
    """Private bugs may go: to user 3 at StoryBoard, to a project's members at Maniphest. None of
    the source's readers has an account at a target, and somebody has decided so."""
    phid = closed_group(here, "security", "importbot")
    text = ["[information_type]"]
    text += [f'"{kind}" = "security"' for kind in ("Private", "Private Security")]
    text += ["[policies.security.storyboard]", "users = [3]", "also = [3]", 'without = "all"']
    text += ["[policies.security.maniphest]", f'groups = ["{phid}"]', 'without = "all"']
    (here.folder / "mappings" / "privacy.toml").write_text("\n".join(text) + "\n")
    here.private = True
    here.write_settings()


def texts_of(here: World, private: bool) -> dict[str, list[str]]:
    """Titles, descriptions and comments of the archive's private (or public) issues, by key."""
    found: dict[str, list[str]] = {}
    with Workspace(here.folder) as workspace:
        for issue in workspace.archive.issues():
            if issue.private == private:
                texts = [issue.title, issue.description, *(c.text for c in issue.comments)]
                found[issue.key] = [text for text in texts if len(text) > 30]
    return found


@pytest.fixture
def private_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=60, blueprints=3, seed=9, private=0.3)
        with_policies(here)
        yield here


def test_no_outsider_reads_a_private_bug(private_world: World) -> None:
    here = private_world
    here.pull()
    secret = texts_of(here, private=True)
    public = json.dumps(texts_of(here, private=False), ensure_ascii=False)
    assert len(secret) >= 10
    for target in TARGETS:
        here.apply(target)
        result = here.verify(target)
        agrees(result)
        assert result.private >= 5
        assert not result.exposed
    outsiders = [
        StoryBoardReader(here.storyboard.url, "token-of-normal").by_permalink(),
        _anonymous_storyboard(here),
        ManiphestReader(here.maniphest.url, conduit_token("carol")).by_permalink(),
    ]
    for seen in outsiders:
        assert seen
        everything = json.dumps(seen, ensure_ascii=False)
        for key, texts in secret.items():
            for text in texts:
                line = json.dumps(max(text.splitlines(), key=len).strip(), ensure_ascii=False)[1:-1]
                if line not in public:  # what bots say, they say everywhere
                    assert line not in everything, key


def _anonymous_storyboard(here: World) -> dict[str, Any]:
    stories = requests.get(f"{here.storyboard.url}/v1/stories", timeout=60).json()
    return {str(story["id"]): story for story in stories}


def test_every_create_of_a_private_issue_says_who_may_read(private_world: World) -> None:
    """Never public first and restricted later."""
    here = private_world
    here.pull()
    secret = texts_of(here, private=True)
    titles = {texts[0] for texts in secret.values() if texts}
    seen: list[str] = []

    def look(request: Request) -> None:
        body = request.body.decode()
        if request.path == "/v1/stories" and request.method == "POST":
            story = json.loads(body)
            if story["title"] in titles:
                assert story["private"] is True, "public in its creating request"
                assert {one["id"] for one in story["users"]} == {1, 3}
                seen.append(story["title"])
        if request.path == "/api/maniphest.edit":
            params = json.loads(parse_qs(body)["params"][0])
            told = {one["type"]: one["value"] for one in params["transactions"]}
            if told.get("title") in titles and "objectIdentifier" not in params:
                assert told["view"].startswith("PHID-PROJ-")
                seen.append(told["title"])

    here.storyboard.on_request = here.maniphest.on_request = look
    for target in TARGETS:
        here.apply(target)
    assert len(seen) >= 10


def test_without_a_row_a_private_issue_is_refused(private_world: World) -> None:
    here = private_world
    (here.folder / "mappings" / "privacy.toml").unlink()
    here.pull()
    private = len(texts_of(here, private=True))
    for target in TARGETS:
        applied = here.apply(target)
        assert applied.refused == private
        result = here.verify(target)
        agrees(result)
        assert result.private == 0


def test_without_the_setting_nothing_private_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=40, blueprints=2, seed=9, private=0.3)
        here.pull()
        assert not texts_of(here, private=True)


def test_the_state_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with world(tmp_path / "ws", monkeypatch, "gadget") as here:
        generate(here.launchpad, bugs=10, blueprints=1, seed=4)
        here.pull()
        assert (here.folder / "state").stat().st_mode & 0o777 == 0o700


def made_private(here: World) -> int:
    """The last of some public bugs, made private by its owner; the first gets a comment."""
    statuses = {"ws.op": "searchTasks", "order_by": "id", "information_type": "Public"}
    rows = requests.get(f"{here.launchpad.url}/devel/gadget", params=statuses, timeout=60).json()
    number = int(rows["entries"][-1]["bug_link"].rsplit("/", 1)[1])
    consumer, token, secret = OWNER.split()
    login = (
        f'OAuth realm="", oauth_consumer_key="{consumer}", oauth_token="{token}", '
        f'oauth_signature_method="PLAINTEXT", oauth_signature="%26{secret}"'
    )
    form = {"ws.op": "transitionToInformationType", "information_type": "Private"}
    address = f"{here.launchpad.url}/devel/bugs/{number}"
    answer = requests.post(address, data=form, headers={"Authorization": login}, timeout=60)
    assert answer.status_code < 300, answer.text
    form = {"ws.op": "newMessage", "subject": "", "content": "It happens here, too."}
    first = rows["entries"][0]["bug_link"]
    answer = requests.post(first, data=form, headers={"Authorization": login}, timeout=60)
    assert answer.status_code < 300, answer.text
    return number


def test_a_bug_that_becomes_private_is_closed_before_anything_else(private_world: World) -> None:
    here = private_world
    here.pull()
    for target in TARGETS:
        here.apply(target)
    private = {target: here.verify(target).private for target in TARGETS}
    number = made_private(here)
    here.pull(full=True)
    for target in TARGETS:
        sent: list[tuple[str, str]] = []

        def hear(event: Event, sent: list[tuple[str, str]] = sent) -> None:
            if event.name == "sent":
                sent.append((event.key, event.detail))

        here.apply(target, hear)
        result = here.verify(target)
        agrees(result)
        assert result.private > private[target]
        assert not result.exposed
        assert sent[0][0] == f"launchpad:bug:{number}"
        assert sent[0][1] in ("story.update", "task.update")
        assert len({key for key, _ in sent}) >= 2  # the other bug's comment came after it


def test_a_bug_that_may_not_stay_is_closed_for_all_but_the_importer(private_world: World) -> None:
    """No row allows it any more: what was written while it was public is closed, and stays so."""
    here = private_world
    (here.folder / "mappings" / "privacy.toml").unlink()
    here.pull()
    for target in TARGETS:
        here.apply(target)
    made_private(here)
    here.pull(full=True)
    for target in TARGETS:
        assert here.apply(target).closed == 1
        result = here.verify(target)
        agrees(result)
        assert result.closed == 1
        assert not result.exposed
        assert here.apply(target).steps == 0
