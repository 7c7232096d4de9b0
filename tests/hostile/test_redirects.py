"""Wherever a server sends us: no request goes there, and so no login does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.cli.conftest import OWNER
from tests.hostile.badness import ELSEWHERE, redirect, whole
from tests.hostile.servers import Stranger, byte_by_byte
from tracker_migrate import hosts
from tracker_migrate.backends.launchpad.client import Client
from tracker_migrate.backends.launchpad.login import Dance
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.errors import MigrateError
from tracker_migrate.http import Reader, plain_session
from tracker_migrate.testing.loopback import Request, serving

STATUSES = (301, 302, 303, 307, 308)
_LOGIN = dict(zip(("consumer", "token", "secret"), OWNER.split(), strict=True))

Ask = Callable[[str], Any]


def _launchpad(url: str) -> Any:
    client = Client(url, credentials=_LOGIN, per_second=0, patience=0, pause=0, timeout=5)
    return client.entry("bugs/1")


def _collection(url: str) -> Any:
    client = Client(url, credentials=_LOGIN, per_second=0, patience=0, pause=0, timeout=5)
    return list(client.collection("bugs/1/messages"))


def _story(url: str) -> Any:
    return Api(url, "token-of-super", timeout=5, attempts=2, backoff=0).get("/stories/1")


def _new_story(url: str) -> Any:
    api = Api(url, "token-of-super", timeout=5, attempts=2, backoff=0)
    return api.write("POST", "/stories", {"title": "a bug"})


def _tasks(url: str) -> Any:
    return Conduit(url, "api-token", timeout=5, attempts=2, backoff=0).read("maniphest.search")


def _new_task(url: str) -> Any:
    return Conduit(url, "api-token", timeout=5).write("maniphest.edit", transactions=[])


def _login(url: str) -> Any:
    return Dance(url, 5).begin(("READ_PUBLIC",))


def _reader(url: str) -> Any:
    return Reader(url, timeout=5, attempts=2, backoff=0, patience=0).get(f"{url}/T1")


#: everything of ours that asks a server
ASKS: dict[str, Ask] = {
    "launchpad": _launchpad,
    "launchpad-list": _collection,
    "launchpad-login": _login,
    "storyboard": _story,
    "storyboard-write": _new_story,
    "maniphest": _tasks,
    "maniphest-write": _new_task,
    "pages": _reader,
}


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    other = Stranger()
    with serving(other):
        yield other


@pytest.mark.parametrize("where", ELSEWHERE)
@pytest.mark.parametrize("name", ASKS)
def test_no_redirect_is_followed(stranger: Stranger, name: str, where: str) -> None:
    to = ELSEWHERE[where].replace("HERE", stranger.url)
    asked: list[Request] = []
    status = STATUSES[len(name + where) % len(STATUSES)]

    def wire(request: Request) -> Any:
        asked.append(request)
        return redirect(status, to)

    with byte_by_byte(Stranger(), wire) as url:
        hosts.forget()
        if name == "pages":
            assert ASKS[name](url).status_code == status  # handed on, and not followed
        else:
            with pytest.raises(MigrateError) as caught:
                ASKS[name](url)
            assert "zap" not in str(caught.value)
            assert "metadata" not in str(caught.value).replace("meta-data", "metadata")
    assert stranger.came == []
    assert len(asked) <= 6


LINKS = ("next_collection_link", "total_size_link", "self_link", "resource_type_link")


@pytest.mark.parametrize(
    "to", ["HERE/devel/bugs/1/messages?ws.start=1", "HERE/x", "//HERE/devel/y"]
)
def test_a_link_to_another_host_is_asked_for_at_our_own_or_not_at_all(
    stranger: Stranger, to: str
) -> None:
    link = to.replace("//HERE", stranger.url.removeprefix("http:")).replace("HERE", stranger.url)
    asked: list[Request] = []

    def wire(request: Request) -> Any:
        asked.append(request)
        links = ",".join(f'"{one}": "{link}"' for one in LINKS)
        body = f'{{"start": 0, "total_size": 9, "entries": [{{{links}}}], {links}}}'
        return whole(body.encode())

    with byte_by_byte(Stranger(), wire) as url, pytest.raises(MigrateError):
        _collection(url)
    assert stranger.came == []
    assert all(one.path.startswith("/devel/") for one in asked)


def test_no_cookie_is_kept(stranger: Stranger) -> None:
    asked: list[Request] = []

    def wire(request: Request) -> Any:
        asked.append(request)
        return whole(b"{}", "Set-Cookie: zap=1; Path=/")

    with byte_by_byte(Stranger(), wire) as url:
        session = plain_session()
        for _ in range(2):
            assert session.get(url).status_code == 200
        assert not session.cookies
    assert ["cookie" in one.headers for one in asked] == [False, False]


def test_a_session_that_asks_for_redirects_does_not_follow_them_either(stranger: Stranger) -> None:
    with byte_by_byte(Stranger(), lambda _: redirect(307, stranger.url)) as url:
        answer = plain_session().post(url, data={"token": "api-token"}, allow_redirects=True)
    assert answer.status_code == 307
    assert stranger.came == []


def test_the_second_server_would_have_noticed(stranger: Stranger) -> None:
    with byte_by_byte(Stranger(), lambda _: redirect(307, stranger.url)) as url:
        requests.post(url, data={"token": "api-token"}, timeout=5)
    assert [b"api-token" in one.body for one in stranger.came] == [True]
