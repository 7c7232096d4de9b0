"""What a redirect of an attachment may say, and what is made of a file's name."""

from __future__ import annotations

import json

import pytest

from tests.backends.launchpad.standin_recordings import RECORDINGS, needs_recordings
from tracker_migrate.backends.launchpad.librarian import place, plain_name
from tracker_migrate.errors import Gone, Refused

ROOT = "https://api.launchpad.net/devel"
LAB = "http://api.launchpad.test:8085/devel"


def test_launchpads_own_files_are_at_launchpads_own_librarian() -> None:
    found = place("https://launchpadlibrarian.net/93/log%20one.txt", ROOT)
    assert (found.name, found.closed) == ("log one.txt", False)
    assert found.server == "https://launchpadlibrarian.net"
    closed = place("https://i93.restricted.launchpadlibrarian.net/93/log.txt?token=aB3", ROOT)
    assert (closed.name, closed.closed) == ("log.txt", True)
    assert closed.server == "https://launchpadlibrarian.net"
    assert "aB3" in closed.url
    assert "aB3" not in closed.path + closed.server + closed.name


@needs_recordings
@pytest.mark.parametrize(
    ("recording", "closed"), [("attachment-data-0", False), ("private-attachment-data", True)]
)
def test_what_was_recorded_is_understood(recording: str, closed: bool) -> None:
    said = json.loads((RECORDINGS / "exchanges" / f"{recording}.json").read_text())
    found = place(said["response"]["headers"]["Location"], LAB)
    assert (found.name, found.closed) == ("log.txt", closed)
    assert found.server.endswith("://127.0.0.1:58000")


@pytest.mark.parametrize(
    "location",
    [
        "http://launchpadlibrarian.net/93/log.txt",  # https stays https
        "https://files.example.com/93/log.txt",
        "https://launchpadlibrarian.net.example.com/93/log.txt",
        "https://evil-launchpadlibrarian.net/93/log.txt",
        "https://launchpadlibrarian.net@files.example.com/93/log.txt",
        "https://user:secret@launchpadlibrarian.net/93/log.txt",
        "https://127.0.0.1/93/log.txt",
        "https://launchpadlibrarian.net:0/93/log.txt",
        "https://launchpadlibrarian.net:99999/93/log.txt",
        "https://launchpadlibrarian.net/93/log.txt#zap",
        "https://launchpadlibrarian.net/93/log.txt?token=a&b=c",
        "https://launchpadlibrarian.net/93/log.txt?url=http://127.0.0.1",
        "https://launchpadlibrarian.net/93/a b",
        "https://launchpadlibrarian.net/93/a\r\nX-Zap: 1",
        "file:///93/passwd",
        "ftp://launchpadlibrarian.net/93/log.txt",
        "//launchpadlibrarian.net/93/log.txt",
        "/93/log.txt",
        "javascript:1",
        "",
        "None",
        "https://launchpadlibrarian.net/93/" + "a" * 5000,
    ],
)
def test_elsewhere_is_not_gone(location: str) -> None:
    with pytest.raises(Refused) as caught:
        place(location, ROOT)
    assert "launchpadlibrarian" not in str(caught.value)


@pytest.mark.parametrize(
    "path", ["", "/", "/93/", "/93", "/latest/meta-data/", "/93/94/95/x", "/93/a/b", "/devel/x"]
)
def test_what_names_no_file_is_no_file(path: str) -> None:
    with pytest.raises(Gone):
        place(f"https://launchpadlibrarian.net{path}", ROOT)


def test_another_launchpad_may_have_its_files_anywhere() -> None:
    assert place("https://files.example.com/1/x", LAB).server == "https://files.example.com"
    with pytest.raises(Refused):
        place("http://files.example.com/1/x", LAB.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("log.txt", "log.txt"),
        ("журнал é 再起動.txt", "журнал é 再起動.txt"),
        (".bashrc", ".bashrc"),
        ("100%.txt", "100%.txt"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..\\..\\boot.ini", ".._.._boot.ini"),
        ("a\x00b\x1b[31mc\x7f.txt", "ab[31mc.txt"),
        ("a\r\nX-Zap: 1", "aX-Zap: 1"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\ufeff\u200bname", "name"),
        ("\ud800x", "x"),
        ("tab\there", "tab here"),
        ("  blank  ", "blank"),
        ("", "attachment"),
        (".", "attachment"),
        ("..", "attachment"),
        (". .", "attachment"),
        ("\x01\x02", "attachment"),
    ],
)
def test_a_name_is_a_name_alone(name: str, safe: str) -> None:
    assert plain_name(name) == safe


def test_a_long_name_keeps_its_ending() -> None:
    for name in ("a" * 900 + ".tar.gz", "é" * 300 + ".txt", "再" * 200, "." + "x" * 900):
        safe = plain_name(name)
        assert 200 < len(safe.encode()) <= 255
        assert safe[-3:] == name[-3:]
