"""What a move would meet at a StoryBoard: names and texts that it can't hold as they are, numbers
that are taken, and what the numbers of everybody else become."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tracker_migrate.abilities import Concern
from tracker_migrate.backends.storyboard import fields, ours, people, search, shape, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.finding import Finder
from tracker_migrate.backends.storyboard.options import limit_of
from tracker_migrate.errors import Gone, ObjectError
from tracker_migrate.interfaces import Decisions
from tracker_migrate.model import Issue, Key
from tracker_migrate.text.few import few

#: of more numbers than these a sample is asked for, drawn evenly: each costs some 30 ms (facts 6)
ASKED = 400
#: bytes that are to be left on the disk of attachments
_LEAST_FREE = 100 << 20


class StoryBoardForesight:
    """For one move to one StoryBoard. Memory: a number for each bug, and the projects' names."""

    def __init__(self, site: Site, decisions: Decisions) -> None:
        self._site = site
        self._finder = Finder(site)
        self._decisions = decisions
        self._new: list[int] = []
        self._issues = 0
        self._there = 0
        self._private = 0
        self._cut = 0
        self._long = 0
        self._bytes = 0
        self._tags: set[str] = set()
        self._names: dict[str, set[str]] = {}
        self._unknown: set[Key] = set()

    def see(self, issue: Issue, there: bool) -> None:
        """Count one issue."""
        self._there += there
        self._issues += not there
        if not there and issue.kind == "bug":
            self._new.append(int(issue.name))
        self._cut += fields.is_cut(issue.title)
        most = limit_of(self._decisions.options)
        texts = (issue.description, *(one.text for one in issue.comments))
        self._long += any(wire.size(text) > most for text in texts)
        if not there:
            self._bytes += sum(one.file.size for one in issue.attachments if one.file is not None)
        self._private += issue.private
        if issue.private:
            return  # what it is named by is nobody else's to know
        self._unknown.update(one for one in self._authors_of(issue) if not self._is_known(one))
        self._tags.update(tag for tag in issue.tags if self._too_long(tag))
        for _, place in shape.moved(issue, self._decisions):
            self._names.setdefault(fields.project_name(place.name), set()).add(place.name)

    def _too_long(self, tag: str) -> bool:
        chosen = self._decisions.tag(tag)
        return chosen is not None and fields.tag_name(chosen) is None

    def _authors_of(self, issue: Issue) -> Iterator[Key]:
        said = (one.author for one in issue.comments if not one.withheld)
        yield from (one for one in (issue.author, *said) if one is not None)

    def _is_known(self, person: Key) -> bool:
        return self._decisions.account(person) is not None or self._decisions.is_bot(person)

    def concerns(self) -> Iterator[Concern]:
        """See `abilities.Foresight.concerns`."""
        if self._site.options.authors == "tokens":
            yield from self._authors()
        yield from self._search()
        yield from self._limits()
        yield from self._room()
        yield from self._projects()
        yield from self._numbers()

    # -- authors ----------------------------------------------------------------------------------

    def _authors(self) -> Iterator[Concern]:
        if self._unknown:
            what = f"{len(self._unknown)} authors of public issues have no account here"
            cure = 'tracker-migrate map create people, with people = "created"'
            yield Concern(level="look", what=f"{what}: texts name them", cure=cure)
        tables = getattr(self._decisions, "tables", None)
        named = tables.people.accounts.values() if tables is not None else ()
        reasons = Counter(people.unspoken(self._site, {one.id for one in named}).values())
        for why, count in sorted(reasons.items()):
            what = f"{count} accounts of people.csv are not written as: each {why}"
            yield Concern(level="look", what=what)

    # -- what is private --------------------------------------------------------------------------

    def _search(self) -> Iterator[Concern]:
        """What an apply tries with a private story is tried here with what is public."""
        if not self._private or self._site.options.leaky_search == "accept":
            return
        found = search.shows_all(self._site)
        if found:
            what = f"{self._private} private issues would be set aside: {search.SHOWS}"
            yield Concern(level="look", what=what, cure=search.CURE)
        elif found is None:
            what = "whether its search shows private stories to everybody can't be told before it"
            yield Concern(level="look", what=f"{what} holds a story", cure=search.CURE)

    # -- limits -----------------------------------------------------------------------------------

    def _limits(self) -> Iterator[Concern]:
        if self._cut:
            what = f"{self._cut} titles are longer than {fields.TITLE_MAX} characters: they are cut"
            yield Concern(level="fine", what=f"{what}, and stand whole in the text")
        if self._long:
            most = limit_of(self._decisions.options)
            what = f"{self._long} issues have a text of more than {most} bytes"
            yield Concern(level="fine", what=f"{what}: it goes on in the next comments")
        if self._tags:
            yield Concern(
                level="look",
                what=f"{len(self._tags)} tags are longer than {fields.TAG_MAX} characters:"
                f" {few(sorted(self._tags))}",
                cure="a row in mappings/tags.csv gives each a shorter name; else they are text",
            )

    def _room(self) -> Iterator[Concern]:
        """The folder of attachments is on this machine."""
        files = self._site.options.files
        if files is None or not Path(files.folder).is_dir():
            return
        free = shutil.disk_usage(files.folder).free
        if free < self._bytes + _LEAST_FREE:
            yield Concern(
                level="look",
                what=f"{self._bytes >> 20} MiB of attachments go to {files.folder}, which has"
                f" {free >> 20} MiB left",
                cure="make room there, or set per_issue and per_run",
            )

    # -- projects ---------------------------------------------------------------------------------

    def _projects(self) -> Iterator[Concern]:
        changed = {one: name for name, held in self._names.items() for one in held if one != name}
        if changed:
            told = few([f"{one} becomes {name}" for one, name in sorted(changed.items())])
            yield Concern(
                level="look",
                what=f"{len(changed)} projects have names that StoryBoard can't hold: {told}",
                cure="say in mappings/projects.csv what each is to be called",
            )
        yield from self._alike()
        yield from self._missing()

    def _alike(self) -> Iterator[Concern]:
        """MariaDB's collation tells no case and no accents apart (facts 5 and 13)."""
        same: dict[str, set[str]] = {}
        for name in self._names:
            same.setdefault(fields.same_tag(name), set()).add(name)
        for names in same.values():
            if len(names) > 1:
                yield Concern(
                    level="look",
                    what=f"StoryBoard takes {', '.join(sorted(names))} for one project",
                    cure="say in mappings/projects.csv what each is to be called",
                )

    def _missing(self) -> Iterator[Concern]:
        """Projects that somebody else has to make."""
        if self._site.options.create_projects and self._site.account.get("is_superuser"):
            return
        missing = [
            name
            for name in sorted(self._names)
            if self._finder.shared("project", {"name": name}) is None
        ]
        if missing:
            yield Concern(
                level="look",
                what=f"{len(missing)} projects are not there, and would not be made:"
                f" {few(missing)}: their issues would be set aside",
                cure="have an administrator make them, or write as a superuser, with"
                " create_projects = true",
            )

    # -- numbers ----------------------------------------------------------------------------------

    def _numbers(self) -> Iterator[Concern]:
        if not self._issues:
            return
        top = self._top()
        keeps = self._site.options.numbers == "keep"
        if keeps:
            yield from self._taken(top)
        last = max(top, self._site.options.above if keeps else 0) + self._issues
        if last > wire.LAST_ID:
            yield Concern(
                level="stop",
                what=f"the newest story is {top}: no {self._issues} numbers are left above it",
                cure="an administrator has to remove the stories with such high numbers",
            )
        elif not self._there:
            yield self._jump(top, last, keeps)

    def _jump(self, top: int, last: int, keeps: bool) -> Concern:
        """Who makes a story afterwards gets a number above all of ours, for good (facts 6)."""
        what = f"the newest story that we see is {top}; after the move the next one that anybody"
        what += f" makes gets a number above {last}"
        if not keeps or not top:
            return Concern(level="fine", what=what)
        cure = 'lower options "above", to just above the highest bug, or numbers = "block"'
        return Concern(level="look", what=f"{what}, for good", cure=cure)

    def _top(self) -> int:
        newest = self._site.api.get(
            "/stories", {"limit": 1, "sort_field": "id", "sort_dir": "desc"}
        )
        return max((int(row["id"]) for row in newest), default=0)

    def _taken(self, top: int) -> Iterator[Concern]:
        """Which bugs' numbers strangers have. A story that we may not see is not found here: its
        number turns out to be taken when it is written."""
        below = sorted(number for number in self._new if number <= top)
        asked = below[:: max(1, -(-len(below) // ASKED))]
        taken = [str(number) for number in asked if self._is_strangers(number)]
        of = f"of the {len(self._new)} bugs' numbers"
        if len(asked) < len(below):
            of = f"of {len(asked)} bugs' numbers that were tried, of {len(self._new)},"
        if not taken:
            yield Concern(level="fine", what=f"{of} none is taken, as far as we see")
            return
        yield Concern(
            level="look",
            what=f"{of} {len(taken)} are taken by other people's stories: {few(taken)}",
            cure='numbers = "block" gives each story another number; with "keep" those issues are'
            " refused",
        )

    def _is_strangers(self, number: int) -> bool:
        try:
            story = self._site.api.get(f"/stories/{number}")
        except (Gone, ObjectError):
            return False
        return not ours.story(self._site, story)
