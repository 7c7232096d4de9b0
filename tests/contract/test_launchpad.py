"""The Launchpad source keeps the laws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tracker_migrate.backends.launchpad import open_source
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.generate import generate
from tracker_migrate.backends.launchpad.standin.librarian import keep_file
from tracker_migrate.interfaces import Source
from tracker_migrate.model import Key, key, name_of
from tracker_migrate.testing.conformance import NotShown, SourceConformance, SourceUnderTest
from tracker_migrate.testing.loopback import serving, struck

_OWNER = {"consumer": "lab-client", "token": "TOKEN-of-gadget-owner",
          "secret": "SECRET-of-gadget-owner"}  # fmt: skip
_HIDDEN = "words-of-a-hidden-comment"
#: files by name
FILES = {
    "журнал é.txt": b"0123456789\xff" * 200_000,
    "empty": b"",
    "..\\boot.ini": b"[boot]",
    "build.txt.gz": b"\x1f\x8b as it was sent",
}
_SIZE = 64 * 2**20


class LaunchpadUnderTest(SourceUnderTest):
    """A made-up project, read by its owner, who may read what is private, or by nobody."""

    project = "gadget"

    def __init__(self, standin: LaunchpadStandIn, folder: str, *, owner: bool) -> None:
        self.standin = standin
        self._owner = owner
        self._folder = folder
        self._made = generate(standin, bugs=24, blueprints=4, seed=2, private=0.2)

    def open(self, *, address: str | None = None) -> Source:
        return self._open("gadget", address or self.standin.url)

    def _open(self, spec: str, address: str) -> Source:
        options = {"address": address, "per_second": 0, "timeout": 5, "private": self._owner}
        options |= {"patience": 1.0, "state_dir": self._folder}
        return open_source([spec], options, _OWNER if self._owner else None)

    def keys(self) -> list[Key]:
        store = self.standin.store
        with self.standin.lock:
            bugs = [(row, info) for row, info in store.rows("SELECT id, info FROM bug ORDER BY id")]
            specs = store.items("kind = 'specification'")
        found = [key("launchpad", "bug", number) for number, info in bugs if self._shown(info)]
        named = [one for one in specs if self._shown(one.get("information_type") or "Public")]
        return found + [key("launchpad", "blueprint", one.path) for one in named]

    def _shown(self, information_type: str) -> bool:
        return self._owner or information_type in ("Public", "Public Security")

    def strike(self, word: str) -> None:
        if word == "expired" and not self._owner:
            raise NotShown("nobody's login runs out")
        text = "Expired token (TOKEN)." if word == "expired" else ""
        with self.standin.lock:
            self.standin.faults.append(struck(word, text=text))

    def calm(self) -> None:
        with self.standin.lock:
            self.standin.faults.clear()
            self.standin.librarian.faults.clear()

    def files(self) -> dict[Key, bytes]:
        paths = self._attached(FILES)
        return dict(zip(paths, FILES.values(), strict=True))

    def missing_file(self) -> Key:
        (of,) = self._attached(["gone.txt"])
        with self.standin.lock:
            self.standin.store.db.execute("DELETE FROM file WHERE name='gone.txt'")
        return of

    def long_file(self) -> tuple[Key, int]:
        (of,) = self._attached(["long.bin"])
        with self.standin.lock:
            self.standin.store.db.execute("UPDATE file SET size=? WHERE name='long.bin'", (_SIZE,))
        return of, _SIZE

    def cut_file(self) -> None:
        with self.standin.librarian.lock:
            self.standin.librarian.faults.append(struck("truncate"))

    def _attached(self, names: Iterable[str]) -> list[Key]:
        """Attach files of these names to a bug, a private one if it can be read."""
        store, found = self.standin.store, []
        number = name_of(self.private() if self._owner else self.keys()[0])
        with self.standin.lock:
            for name in names:
                one = store.sequence("attachment")
                path = f"bugs/{number}/+attachment/{one}"
                message = f"gadget/+bug/{number}/comments/0"
                values = {"title": "a file", "message_link": message}
                store.put_item("bug_attachment", path, values, int(number))
                file = keep_file(store, name, "text/plain", FILES.get(name, b"a line of it\n"))
                store.set_meta(f"file:{path}", str(file))
                found.append(key("launchpad", "attachment", f"{number}/{one}"))
        return found

    def absent(self) -> Key:
        return key("launchpad", "bug", 99)

    def missing_person(self) -> Key:
        return key("launchpad", "person", "nobody-of-that-name")

    def wrong_spec(self) -> Source:
        return self._open("no-such-project", self.standin.url)

    def private(self) -> Key:
        if not self._owner:
            raise NotShown("nobody reads what is private")
        with self.standin.lock:
            (number,) = self.standin.store.rows("SELECT id FROM bug WHERE info = 'Private'")[0]
        return key("launchpad", "bug", number)

    def change(self, of: Key) -> None:
        with self.standin.lock:
            bug = self.standin.store.bug(int(name_of(of)))
            assert bug is not None
            now = datetime.now(UTC).isoformat()
            changed = {**bug.data, "title": "Another title", "date_last_updated": now}
            self.standin.store.put_bug(int(name_of(of)), changed)

    def withheld(self) -> tuple[Key, str]:
        of = self.keys()[0]
        number, store = int(name_of(of)), self.standin.store
        with self.standin.lock:
            first = store.message(number, 0)
            assert first is not None
            said = {**first.data, "content": _HIDDEN, "visible": False}
            store.put_message(number, store.next_message(number), said)
        return of, _HIDDEN


@pytest.fixture
def standin() -> Iterator[LaunchpadStandIn]:
    made = LaunchpadStandIn()
    with serving(made):
        yield made


class TestAnonymous(SourceConformance):
    @pytest.fixture
    def origin(self, standin: LaunchpadStandIn, tmp_path: Any) -> LaunchpadUnderTest:
        return LaunchpadUnderTest(standin, str(tmp_path), owner=False)


class TestOwner(SourceConformance):
    @pytest.fixture
    def origin(self, standin: LaunchpadStandIn, tmp_path: Any) -> LaunchpadUnderTest:
        return LaunchpadUnderTest(standin, str(tmp_path), owner=True)
