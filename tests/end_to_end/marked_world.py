"""The marked project, a workspace that reads it, and two targets with a spy at each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.leaks import Spy
from tests.end_to_end.marked_bugs import HALF, OWNER, PROJECT
from tests.end_to_end.marked_project import MarkedProject
from tests.end_to_end.marks import found_in
from tests.end_to_end.reader import ManiphestReader
from tests.end_to_end.spy_maniphest import ManiphestSpy
from tests.end_to_end.spy_storyboard import StoryBoardSpy
from tests.end_to_end.world import TARGETS, World, conduit_token, world
from tracker_migrate.backends.launchpad.standin.oauth import Login
from tracker_migrate.backends.launchpad.standin.privacy import may_read_bug, may_read_spec

#: who looks at each target, by token: nobody at all, somebody, and who may read some private issues
OUTSIDERS: Mapping[str, Mapping[str, str | None]] = {
    "storyboard": {"nobody": None, "somebody": "token-of-normal", HALF: "token-of-other"},
    "maniphest": {
        "nobody": None,
        "somebody": conduit_token("carol"),
        HALF: conduit_token("bob"),
    },
}
_POLICIES = """
[information_type]
"Private" = "few"
"Private Security" = "security"
"Proprietary" = "few"

[policies.few.storyboard]
users = "readers"
without = "all"
[policies.few.maniphest]
groups = ["{few}"]
without = "all"
[policies.security.storyboard]
users = "readers"
without = "all"
[policies.security.maniphest]
groups = ["{security}"]
without = "all"
"""


class MarkedWorld:
    """here: the servers and the workspace. project: what is at the source. spies: by target."""

    def __init__(self, here: World, project: MarkedProject) -> None:
        self.here, self.project, self.marks = here, project, project.marks
        self.spies: dict[str, Spy] = {
            "storyboard": StoryBoardSpy(
                here.storyboard, self.marks, OUTSIDERS["storyboard"], self.forbidden
            ),
            "maniphest": ManiphestSpy(
                here.maniphest, self.marks, OUTSIDERS["maniphest"], self.forbidden
            ),
        }
        #: what each could read before a change that is not written yet
        self.before: dict[str, frozenset[str]] = {}
        self._pending = False
        #: words of comments that were hidden later; bugs that somebody hid by hand
        self.withdrawn: set[str] = set()
        self.hidden: set[int | str] = set()
        #: words that a person at a target has shown to all
        self.opened: frozenset[str] = frozenset()

    # -- who may read what ------------------------------------------------------------------------

    def readable(self, outsider: str) -> frozenset[str]:
        """The words that the source would show to somebody, now."""
        known: dict[int | str, bool] = {}
        words = set()
        for mark in self.marks:
            if mark.issue not in known:
                known[mark.issue] = self.reads(outsider, mark.issue)
            if mark.rule == "issue" and known[mark.issue]:
                words.add(mark.word)
        return frozenset(words) - self.withdrawn

    def withdraw(self, text: str, *, withdrawn: bool) -> None:
        """The words of a text are not shown at the source any more, or are again."""
        words = found_in(text)
        self.withdrawn = self.withdrawn | words if withdrawn else self.withdrawn - words

    def reads(self, outsider: str, issue: int | str) -> bool:
        """Whether the source shows somebody an issue, and nobody closed it at the targets."""
        if issue in self.hidden:
            return False
        launchpad = self.here.launchpad
        person = self.project.half if outsider == HALF else None
        with launchpad.lock:
            view = launchpad.view(Login(person, "READ_PRIVATE")) if person else launchpad.view()
            if isinstance(issue, int):
                bug = launchpad.store.bug(issue)
                return bug is not None and may_read_bug(launchpad.store, view, bug)
            spec = launchpad.store.item(issue)
            return spec is not None and may_read_spec(launchpad.store, view, spec)

    def forbidden(self, outsider: str) -> frozenset[str]:
        """The words that somebody at a target must not read, now."""
        still = self.before.get(outsider, frozenset()) if self._pending else frozenset()
        return self.marks.of() - self.readable(outsider) - still - self.opened

    @contextmanager
    def as_before(self) -> Iterator[None]:
        """What could be read before the last change may still be."""
        self._pending = True
        try:
            yield
        finally:
            self._pending = False

    @property
    def secret(self) -> frozenset[str]:
        """The words that not everybody may read."""
        return self.forbidden("nobody")

    # -- the job ----------------------------------------------------------------------------------

    def write_tables(self, **policies: str) -> None:
        """Who is who, and which policy is for which type."""
        store, maniphest = "storyboard", self.here.maniphest.site.people
        bob = maniphest.by_names(["bob"])[0].phid
        rows = ["person,target,account,name,state,created,note"]
        rows += [f"{HALF},{store},3,Other,verified,,", f"{HALF},maniphest,{bob},bob,verified,,"]
        folder = self.here.folder / "mappings"
        (folder / "people.csv").write_text("\n".join(rows) + "\n")
        (folder / "privacy.toml").write_text(_POLICIES.format(**policies))

    def spread(self) -> None:
        """Pull, and write to both targets."""
        self.here.pull()
        for target in TARGETS:
            self.here.apply(target)


def closed_group(here: World, name: str, *members: str) -> str:
    """A project at Maniphest that nobody but its members sees; its PHID."""
    reader = ManiphestReader(here.maniphest.url, conduit_token("importbot"))
    people = [one.phid for one in here.maniphest.site.people.by_names(members)]
    me = reader.call("user.whoami")["phid"]
    said = {"name": name, "members.add": people, "join": me, "edit": me}
    made: dict[str, Any] = reader.call(
        "project.edit", transactions=[{"type": what, "value": one} for what, one in said.items()]
    )
    return str(made["object"]["phid"])


@contextmanager
def marked_world(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int = 0
) -> Iterator[MarkedWorld]:
    """The three servers, the marked project still without bugs, and the policies."""
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    with world(folder, monkeypatch, PROJECT) as here:
        made = MarkedWorld(here, MarkedProject(here.launchpad, seed))
        here.private = True
        here.write_settings()
        made.write_tables(
            few=closed_group(here, "few", "importbot"),
            security=closed_group(here, "security", "importbot", "bob"),
        )
        yield made


def file_bugs(project: MarkedProject) -> None:
    """25 bugs and 4 blueprints, a third of them private, with hidden comments, files, people,
    duplicates, dependencies."""
    half, other = project.half, project.cast.people[1]
    first = project.bug(comments=2, hidden=1, files=1, tags=["ui"], address=True)
    project.bug("Private", same_as=first, comments=2, hidden=1, files=1, readers=[half])
    secret = project.bug("Private", comments=2, assignee=half, tags=["ui"], address=True)
    project.bug(same_as=secret, comments=1, deleted=1)
    for bug in (first, secret):
        project.link_branches(bug)
    project.bug("Private Security", targets=("gadget", "gadget/1.x"), comments=2, files=1)
    project.bug("Private Security", hidden=1, assignee=half, readers=[project.secret_team])
    project.bug("Private", targets=("gadget", "gadget-lib", "gadget/2.x"), readers=[other])
    project.bug("Private", targets=("gadget", project.secret_project))
    linked = project.bug("Proprietary", comments=1, files=1)
    project.bug("Embargoed", comments=1, address=True)
    project.bug(assignee=project.secret_team, readers=[project.secret_team], comments=1)
    project.bug(targets=("gadget", "gadget/1.x"), hidden=2, files=1)
    for info, readers in (("Proprietary", [half]), ("Embargoed", [])):
        plan = project.blueprint(info, bugs=[first, linked], readers=readers)
        project.blueprint(needs=[plan], bugs=[first, linked])
    for number in range(13):
        project.bug("Public Security" if number == 7 else "Public", hidden=number % 3 == 0)
