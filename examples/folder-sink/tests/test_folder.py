"""The folder keeps the laws: under faults, twice, taken back; and its pages can be read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from migrate_folder import open_planner, open_sink
from migrate_folder.site import Site

from tracker_migrate.documents import Document, DocumentSink, place
from tracker_migrate.errors import Doubtful, Retriable, Unreachable, UsageError
from tracker_migrate.interfaces import Audience, ClosedStep, RemoteRef
from tracker_migrate.model import Key, key
from tracker_migrate.testing import NotShown, SinkConformance, SinkUnderTest

#: what a disk can do to a write: is it done, and what is said
FAULTS = {
    "lose": (True, Doubtful),
    "mangle": (True, Doubtful),
    "drop": (False, Doubtful),
    "busy": (False, Retriable),
    "down": (False, Unreachable),
}


class Shaky(Site):
    """A folder on a disk that fails when it is told to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.struck: list[str] = []
        self.written = 0

    def put(self, document: Document) -> None:
        done, error = FAULTS.get(self.struck.pop() if self.struck else "", (True, None))
        self.written += 1
        if done:
            super().put(document)
        if error is not None:
            raise error("the disk failed")


class FolderUnderTest(SinkUnderTest):
    """A folder of its own; what is private there is kept in it, and has no page."""

    speaks_http = False
    states = {}  # noqa: RUF012  no word becomes another one
    policy = Audience(name="few", users=("7",))
    late = 0.0

    def __init__(self, folder: Path) -> None:
        self.store = Shaky(folder)

    def open(self, *, token: str | None = None, address: str | None = None) -> DocumentSink:
        if token is not None:
            raise NotShown("a folder asks for no token")
        planner = open_planner({})
        planner.public_only = False
        return DocumentSink(self.store, planner, "importer")

    def strike(self, word: str) -> None:
        if word not in FAULTS:
            raise NotShown("a disk does not do that")
        self.store.struck.append(word)

    def calm(self) -> None:
        self.store.struck.clear()

    def writes(self) -> int:
        return self.store.written

    def standing(self, step: ClosedStep) -> int:
        markers = [one.marker for one in self.store.of(step.issue)]
        return max(markers.count(action.marker) for action in step.actions)

    def stranger(self, step: ClosedStep) -> None:
        for one in step.actions:
            theirs = {"kind": one.kind, "marker": one.marker, "fields": one.fields}
            self._keep(Document(key=one.key, issue=step.issue, author="somebody", **theirs))

    def edit(self, kind: str, at: RemoteRef) -> str:
        there = self._at(at)
        self._keep(msgspec.structs.replace(there, fields={**there.fields, "text": "Mine"}))
        return "text"

    def remove(self, kind: str, at: RemoteRef) -> None:
        self.store.drop(self._at(at))

    def expose(self, kind: str, at: RemoteRef) -> None:
        there = self._at(at)
        self._keep(msgspec.structs.replace(there, fields={**there.fields, "open": True}))

    def open_to_all(self, kind: str, at: RemoteRef) -> bool:
        self.store.close()
        page = self.store.site / self.store.page(self._at(at).issue)
        there = page.exists()
        return there and (kind == "issue" or place(Key(at.id)) in page.read_text())

    def _keep(self, document: Document) -> None:
        Site.put(self.store, document)

    def _at(self, at: RemoteRef) -> Document:
        issue = Key(at.id.rpartition("/")[0].replace(":comment:", ":bug:") or at.id)
        there = self.store.get(issue, Key(at.id))
        assert there is not None
        return there


class TestFolder(SinkConformance):
    """The whole suite."""

    @pytest.fixture
    def target(self, tmp_path: Path) -> FolderUnderTest:
        return FolderUnderTest(tmp_path / "folder")


# -- the pages ------------------------------------------------------------------------------------


def issue(
    number: int, title: str = "A lamp", text: str = "It is dark", **fields: object
) -> Document:
    of = key("launchpad", "bug", number)
    told = {"title": title, "text": text, "about": "bug", "tags": [], "places": ["lamp"]}
    told |= {"states": ["New"], "done": False, "created": None, "open": True, "readers": []}
    return Document(
        key=of, kind="issue", issue=of, marker=str(number), author="importer", fields=told | fields
    )


def found(site: Site, word: str) -> list[Path]:
    """The files that everybody may read, and that hold a word."""
    files = [one for one in site.site.rglob("*") if one.is_file()]
    return [one for one in files if word in one.read_text()]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path / "folder")
    made.check()
    return made


def test_what_people_wrote_does_nothing_on_a_page(site: Site) -> None:
    evil = '<script>alert(1)</script> <img src=x onerror="alert(1)"> [x](javascript:alert(1))'
    site.put(issue(1, title=evil, text=f"{evil}\n\n![x](https://tracker.example/x.png)"))
    site.close()
    for name in ("bug-1.html", "index.html"):
        page = (site.site / name).read_text()
        assert "<script>alert" not in page
        assert "<img" not in page
        assert 'href="javascript' not in page


def test_the_lists_are_in_order_and_go_on(site: Site) -> None:
    for number in (10, 9, 600):
        site.put(issue(number))
    for number in range(1000, 1500):
        site.put(issue(number))
    site.close()
    first = (site.site / "index.html").read_text()
    assert first.index("bug-9.html") < first.index("bug-10.html") < first.index("bug-600.html")
    assert "bug-1499.html" in (site.site / "list-1.html").read_text()


def test_a_page_that_must_not_be_read_any_more_goes_at_once(site: Site) -> None:
    site.put(issue(1, text="secretword"))
    site.close()
    assert "secretword" in (site.site / "search" / "se.js").read_text()
    site.put(issue(1, text="secretword", open=False))
    assert not (site.site / "bug-1.html").exists()
    site.close()
    assert not [
        one for one in site.site.rglob("*") if one.is_file() and "secretword" in one.read_text()
    ]


def test_what_a_killed_run_left_is_written_by_the_next(site: Site, tmp_path: Path) -> None:
    site.put(issue(1))
    again = Site(tmp_path / "folder")
    again.check()
    again.close()
    assert (site.site / "bug-1.html").exists()
    assert "bug-1.html" in (site.site / "index.html").read_text()


def test_the_search_finds_a_word(site: Site) -> None:
    site.put(issue(1, text="Die Gl\u00fchlampe flackert"))
    site.put(issue(2, text="Nothing"))
    site.close()
    shelf = (site.site / "search" / "gl.js").read_text()
    assert '"gl\\u00fchlampe": [0]' in shelf


def test_a_folder_is_named_by_its_whole_path() -> None:
    with pytest.raises(UsageError, match="write its whole path"):
        open_sink("somewhere", {}, None)


def test_an_option_that_is_none_is_told() -> None:
    with pytest.raises(UsageError, match="wbe: a folder has no such option"):
        open_planner({"wbe": "https://x.example"})
