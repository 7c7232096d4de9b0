"""How a web server shows a folder: what would let an attachment act, or be found, is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.files.folder_server import DOWNLOAD, FolderServer
from tests.files.test_store import put
from tracker_migrate.filestore import Store
from tracker_migrate.served import given_out, same_place, tried
from tracker_migrate.testing.loopback import serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FolderServer]:
    standin = FolderServer(tmp_path)
    with serving(standin):
        yield standin


@pytest.fixture
def store(server: FolderServer) -> Store:
    made = Store(server.folder, server.url, "https://storyboard.example.org/v1")
    made.prepare()
    return made


def test_a_server_that_does_well_is_fine(store: Store) -> None:
    found = tried(store)
    assert (found.fact, found.mistakes) == (store.address, ())
    assert list(store.places()) == [], "what was put there for the look is gone"


@pytest.mark.parametrize(
    ("manners", "said"),
    [
        ({"headers": {}}, "say Content-Disposition: attachment"),
        ({"headers": {"Content-Disposition": "inline"}}, "say Content-Disposition: attachment"),
        ({"lists": True}, "lists its folders"),
        ({"hidden": True}, "shows .tracker-migrate/store.json"),
        ({"runs": True}, "ends in .php not as it is"),
        ({"login": True}, "it answers 401 for a file that was put there"),
        ({"status": 302}, "it answers 302 for a file that was put there"),
    ],
)
def test_what_a_server_does_wrong_is_told(
    store: Store, server: FolderServer, manners: dict[str, object], said: str
) -> None:
    for name, value in manners.items():
        setattr(server.manners, name, value)
    (mistake,) = tried(store).mistakes
    assert said in mistake
    assert list(store.places()) == []


def test_a_type_that_may_be_guessed_is_a_warning(store: Store, server: FolderServer) -> None:
    server.manners.headers = {"Content-Disposition": DOWNLOAD["Content-Disposition"]}
    found = tried(store)
    assert found.mistakes == ()
    assert "nosniff" in found.fact


def test_another_folder_under_the_address_is_told(store: Store, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = Store(elsewhere, store.address, "https://storyboard.example.org/v1")
    other.prepare()
    (mistake,) = tried(other).mistakes
    assert "does not show what is in" in mistake


def test_where_nobody_answers_nothing_is_said_against_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    store = Store(tmp_path, f"http://127.0.0.1:{port}", "x")
    store.prepare()
    for login in (False, True):
        found = tried(store, login=login)
        assert found.mistakes == ()
        assert "does not answer from here (it takes no connection): not tried" in found.fact


def test_a_server_that_is_down_is_not_tried(store: Store, server: FolderServer) -> None:
    server.manners.status = 503
    assert tried(store).fact.endswith("answers 503: not tried")


# -- what is private -------------------------------------------------------------------------------


def test_what_is_private_has_to_ask_for_a_login(store: Store, server: FolderServer) -> None:
    (mistake,) = tried(store, login=True).mistakes
    assert "without a login" in mistake
    server.manners.login = True
    found = tried(store, login=True)
    assert (found.mistakes, found.fact) == ((), f"{store.address} (answers 401 without a login)")


def test_what_is_given_out_is_seen(store: Store, server: FolderServer) -> None:
    place = put(store)
    assert given_out(store, place)
    server.manners.login = True
    assert not given_out(store, place)


def test_a_server_that_has_one_answer_for_all_gives_nothing_out(store: Store) -> None:
    class Same(FolderServer):
        def answer(self, request):  # type: ignore[no-untyped-def]
            from tracker_migrate.testing.loopback import Reply

            return Reply(200, b"<html>our shop</html>")

    place = put(store)
    with serving(Same(store.folder)) as url:
        assert not given_out(Store(store.folder, url, "x"), place)


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("https://sb.example.org/files", True),
        ("http://SB.example.org/files", True),
        ("https://sb.example.org:443/files", True),
        ("https://sb.example.org:8443/files", False),
        ("https://files.example.org", False),
        ("https://files.sb.example.org", False),
    ],
)
def test_the_trackers_own_origin_is_known(address: str, same: bool) -> None:
    assert same_place(address, "https://sb.example.org/api/v1") is same
