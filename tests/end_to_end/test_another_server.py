"""What a ledger knows is of one server: another one under its name, or its server under another
name, is refused before anything is asked; one that has moved is believed when it is looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.end_to_end.test_authors import make_accounts
from tests.end_to_end.test_recorded_projects import reader_of
from tests.end_to_end.world import TARGETS, World, world
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.storyboard.standin import StoryBoardStandIn
from tracker_migrate.cli.run import run
from tracker_migrate.engine import jobs
from tracker_migrate.engine.adopt import Adopted
from tracker_migrate.errors import UsageError
from tracker_migrate.testing.loopback import StandIn, serving
from tracker_migrate.workspace import Workspace, schema
from tracker_migrate.workspace.homes import Home

both = pytest.mark.parametrize("target", TARGETS)
STANDINS: dict[str, type[StandIn]] = {
    "storyboard": StoryBoardStandIn,
    "maniphest": ManiphestStandIn,
}
#: a story of somebody else's that has a number which one of ours has elsewhere
_STORY = (
    "INSERT INTO story (id, title, description, creator_id) VALUES (?, ?, 'This one is theirs.', 2)"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A small project that was read, and is written nowhere yet."""
    with world(tmp_path / "ws", monkeypatch, "gadget") as made:
        generate(made.launchpad, bugs=5, blueprints=0, seed=3)
        made.pull()
        yield made


@contextmanager
def another(here: World, target: str) -> Iterator[StandIn]:
    """The settings name another server of that tracker, by the name that the first one has."""
    other = STANDINS[target]()
    with serving(other):
        setting(here, f"{target}:{getattr(here, target).url}", f"{target}:{other.url}")
        yield other


def setting(here: World, old: str, new: str) -> None:
    """Write something else in the settings."""
    path = here.folder / "migration.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def move(here: World, target: str, more: str = "") -> str:
    """Its server is called otherwise from now on; its address before. more: a further setting."""
    old = str(getattr(here, target).url)
    new = old.replace("127.0.0.1", "localhost")
    setting(here, f'{old}"', f'{new}"\n{more}' if more else f'{new}"')
    return old


def rename(here: World, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Call a target `prod`, wherever its name stands."""
    setting(here, f"[targets.{target}]", "[targets.prod]")
    for name in ("TOKEN", "OUTSIDER_TOKEN"):
        token = os.environ[f"TRACKER_MIGRATE_{target.upper()}_{name}"]
        monkeypatch.setenv(f"TRACKER_MIGRATE_PROD_{name}", token)
    for table in (here.folder / "mappings").iterdir():
        table.write_text(table.read_text().replace(f",{target},", ",prod,"))


def retitle(here: World, title: str) -> None:
    """Give a bug another title at the source, and read it."""
    store = here.launchpad.store
    with here.launchpad.lock, store.transaction():
        bug = store.bugs("id = (SELECT min(id) FROM bug)")[0]
        assert bug.bug is not None
        store.put_bug(bug.bug, {**bug.data, "title": title})
    here.pull(full=True)


def titles(here: World, target: str) -> list[str]:
    """Of all that stands there."""
    found = reader_of(here, target).by_permalink().values()
    return sorted(one["title"] for there in found for one in there)


def links(here: World, target: str) -> list[str]:
    """The addresses that people are told of."""
    with Workspace(here.folder) as workspace, jobs.moved(workspace, target) as found:
        return [one.new for one in found]


def adopt(here: World, target: str) -> Adopted:
    with Workspace(here.folder) as workspace, workspace.coordinating():
        return jobs.adopt(workspace, target)


# -- another server --------------------------------------------------------------------------------


@both
def test_another_server_under_the_same_name_is_asked_nothing(here: World, target: str) -> None:
    here.apply(target)
    with another(here, target) as other:
        for job in (here.apply, here.verify, lambda name: adopt(here, name)):
            with pytest.raises(UsageError, match=r"stands at .*: give another server a name of"):
                job(target)
        assert not other.requests
        setting(here, f"[targets.{target}]", "[targets.production]")
        name = f"TRACKER_MIGRATE_{target.upper()}_TOKEN"
        os.environ["TRACKER_MIGRATE_PRODUCTION_TOKEN"] = os.environ[name]
        try:
            assert here.apply("production").created, "the cure"
        finally:
            del os.environ["TRACKER_MIGRATE_PRODUCTION_TOKEN"]


@both
def test_every_command_that_goes_by_the_ledger_says_so(
    here: World, target: str, capfd: pytest.CaptureFixture[str]
) -> None:
    here.apply(target)
    with another(here, target) as other:
        for command in ("plan", "apply", "verify", "undo -y", "readers", "purge --private -y"):
            given = [*command.split(), "-C", str(here.folder)]
            told = [] if command.startswith("purge") else ["-T", target]
            assert run([*given, *told]) == 2, command
            assert "moved_from = " in capfd.readouterr().err, command
        assert not other.requests


def test_a_server_that_nothing_was_written_to_may_be_another(here: World) -> None:
    assert run(["doctor", "-C", str(here.folder)]) in (0, 4)
    with another(here, "storyboard") as other:
        assert here.apply("storyboard").created
        assert other.writes


@both
def test_other_spellings_are_the_same_server(here: World, target: str) -> None:
    here.apply(target)
    before, url = here.writes(target), getattr(here, target).url
    further = {"storyboard": "/v1/", "maniphest": "/api/"}[target]
    setting(here, f'{url}"', f'{url.replace("http", "HTTP")}{further}"')
    assert here.apply(target).steps == 0
    assert here.writes(target) == before


# -- another name ----------------------------------------------------------------------------------


@both
def test_another_name_for_the_same_server_is_refused(
    here: World, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.apply(target)
    before = here.writes(target)
    rename(here, target, monkeypatch)
    for job in (here.apply, here.verify, lambda name: adopt(here, name)):
        with pytest.raises(UsageError, match=f"call it {target} again, here, in mappings/"):
            job("prod")
    assert here.writes(target) == before
    setting(here, "[targets.prod]", f"[targets.{target}]")
    assert here.apply(target).steps == 0


def test_what_is_written_under_its_authors_names_is_not_written_again(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its seals are those of the first name: the second one would know nothing as ours."""
    here.options["storyboard"] |= {"authors": "tokens", "people": "created"}
    here.write_settings()
    make_accounts(here)
    here.apply("storyboard")
    before = titles(here, "storyboard")
    rename(here, "storyboard", monkeypatch)
    with pytest.raises(UsageError, match="call it storyboard again"):
        here.apply("prod")
    assert titles(here, "storyboard") == before


def test_two_names_for_one_server_are_one_too_many(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.apply("storyboard")
    monkeypatch.setenv("TRACKER_MIGRATE_PROD_TOKEN", "token-of-super")
    with (here.folder / "migration.toml").open("a") as settings:
        settings.write(f'[targets.prod]\nsink = "storyboard:{here.storyboard.url}/v1"\n')
    with pytest.raises(UsageError, match=r"target storyboard's, .*: leave prod out"):
        here.apply("prod")
    assert here.apply("storyboard").steps == 0


def test_what_was_taken_back_may_be_written_under_another_name(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.apply("storyboard")
    with Workspace(here.folder) as workspace, workspace.coordinating():
        jobs.undo(workspace, "storyboard")
    rename(here, "storyboard", monkeypatch)
    assert here.apply("prod").created


# -- the same server, elsewhere --------------------------------------------------------------------


@both
def test_a_server_that_has_moved_is_gone_on_with(here: World, target: str) -> None:
    here.apply(target)
    old = move(here, target)
    with pytest.raises(UsageError, match=f'moved_from = "{old}"'):
        here.apply(target)
    setting(here, "localhost", "127.0.0.1")
    move(here, target, f'moved_from = "{old}"')
    with pytest.raises(UsageError, match=f"nobody has looked yet .*: .* verify -T {target}"):
        links(here, target)
    before = here.writes(target)
    assert here.apply(target).steps == 0
    assert here.writes(target) == before
    retitle(here, "Quite another title of a bug")
    again = here.apply(target)
    assert (bool(again.updated), again.created) == (True, 0)
    assert "Quite another title of a bug" in titles(here, target)
    assert here.verify(target).agrees
    assert links(here, target)
    assert all(one.startswith("http://localhost:") for one in links(here, target))


@both
def test_a_server_that_is_not_the_same_is_not_believed(here: World, target: str) -> None:
    here.apply(target)
    old = str(getattr(here, target).url)
    with another(here, target) as other:
        setting(here, f'{other.url}"', f'{other.url}"\nmoved_from = "{old}"')
        with pytest.raises(UsageError, match="it is another server; give it a name of its own"):
            here.apply(target)
        assert not other.writes
        setting(here, f'{other.url}"\nmoved_from = "{old}"', f'{old}"')
    assert here.apply(target).steps == 0, "nothing was forgotten"


def test_strangers_with_the_same_numbers_are_no_proof(here: World) -> None:
    here.options["storyboard"] |= {"numbers": "keep"}
    here.write_settings()
    here.apply("storyboard")
    old = str(here.storyboard.url)
    with another(here, "storyboard") as other:
        setting(here, f'{other.url}"', f'{other.url}"\nmoved_from = "{old}"')
        assert isinstance(other, StoryBoardStandIn)
        ids = [row[0] for row in here.storyboard.store.all("SELECT id FROM story")]
        with other.lock, other.store.transaction():
            for number in ids:
                other.store.run(_STORY, (number, f"A stranger's {number}"))
        with pytest.raises(UsageError, match="it is another server"):
            here.apply("storyboard")
        assert not other.writes


def test_what_is_sealed_is_known_as_ours_after_a_move(here: World) -> None:
    """Seals name the first address: a change of what others are shown as the authors of arrives."""
    here.options["storyboard"] |= {"authors": "tokens", "people": "created"}
    here.write_settings()
    make_accounts(here)
    here.apply("storyboard")
    move(here, "storyboard", f'moved_from = "{here.storyboard.url}"')
    assert here.apply("storyboard").steps == 0
    retitle(here, "Quite another title of a bug")
    again = here.apply("storyboard")
    assert (bool(again.updated), again.created, again.aside) == (True, 0, 0)
    assert here.verify("storyboard").agrees
    (here.folder / "state" / "workspace.db").unlink()
    here.pull()
    found = adopt(here, "storyboard")
    assert found.objects
    assert (found.absent, found.differs) == (0, [])
    before = here.writes("storyboard")
    assert here.apply("storyboard").steps == 0
    assert here.writes("storyboard") == before


# -- a workspace of an older version ---------------------------------------------------------------


def forgotten(here: World) -> None:
    """The workspace is one that kept no address."""
    with Workspace(here.folder) as workspace, workspace.engine.begin() as connection:
        connection.execute(schema.home.delete())


def homes(here: World) -> dict[str, Home]:
    with Workspace(here.folder) as workspace:
        return workspace.homes.all()


def test_an_older_workspace_learns_it_at_its_next_run(here: World) -> None:
    here.apply("storyboard")
    forgotten(here)
    assert here.apply("storyboard").steps == 0
    url = here.storyboard.url
    assert homes(here)["storyboard"] == Home(tracker="storyboard", address=url, sealed=url)
    with another(here, "storyboard"), pytest.raises(UsageError, match="stands at"):
        here.apply("storyboard")


def test_an_older_workspace_may_have_moved(here: World) -> None:
    here.apply("storyboard")
    forgotten(here)
    old = move(here, "storyboard", f'moved_from = "{here.storyboard.url}"')
    assert here.apply("storyboard").steps == 0
    assert homes(here)["storyboard"].sealed == old
    forgotten(here)
    setting(here, "localhost", "127.0.0.1")
    with another(here, "storyboard") as other:
        with pytest.raises(UsageError, match="it is another server"):
            here.apply("storyboard")
        assert not other.writes


def test_planning_keeps_no_address(here: World) -> None:
    """No server is asked: it may be one that is only thought of."""
    assert run(["plan", "-C", str(here.folder), "-T", "storyboard"]) in (0, 3, 4)
    with Workspace(here.folder) as workspace, workspace.engine.connect() as connection:
        assert connection.execute(sa.select(schema.home)).all() == []
