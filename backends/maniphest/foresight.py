"""What a move would meet at a Maniphest: names of projects that it can't hold, or takes for one,
titles that are cut, and requests that are larger than its web server takes."""

from __future__ import annotations

from collections.abc import Iterator

from tracker_migrate.abilities import Concern
from tracker_migrate.backends.maniphest import fields, projects
from tracker_migrate.backends.maniphest.lookups import Finder
from tracker_migrate.backends.maniphest.options import Options
from tracker_migrate.backends.maniphest.server import Server
from tracker_migrate.interfaces import Decisions
from tracker_migrate.model import Issue
from tracker_migrate.text.few import few

#: bytes of the largest piece of a file: a larger one goes in pieces, in base64 (facts 7)
_PIECE = 4 << 20
#: what stands around the texts of a request
_AROUND = 20_000


class ManiphestForesight:
    """For one move to one server. Memory: the projects' names."""

    def __init__(
        self, server: Server, finder: Finder, options: Options, decisions: Decisions
    ) -> None:
        self._server = server
        self._finder = finder
        self._options = options
        self._decisions = decisions
        self._cut = 0
        self._longest = 0
        self._file = 0
        self._names: set[str] = set()
        self._slugs: dict[str, set[str]] = {}

    def see(self, issue: Issue, there: bool) -> None:
        """Count one issue."""
        self._cut += fields.title(issue.title)[1]
        if not there:
            texts = (issue.description, *(one.text for one in issue.comments))
            together = sum(len(text.encode("utf-8", "replace")) for text in texts)
            self._longest = max(self._longest, together)
            held = (one.file.size for one in issue.attachments if one.file is not None)
            self._file = max(self._file, *held, 0)
        if issue.private:
            return  # what it is named by is nobody else's to know
        for task in projects.moving(issue, self._decisions):
            name = self._decisions.place(task.target).name
            self._names.add(name)
            self._slugs.setdefault(projects.slug(name), set()).add(name)

    def concerns(self) -> Iterator[Concern]:
        """See `abilities.Foresight.concerns`."""
        if self._cut:
            what = f"{self._cut} titles are longer than {fields.MAX_TITLE} characters: they are cut"
            yield Concern(level="fine", what=f"{what}, and stand whole in the text")
        yield from self._impossible()
        yield from self._alike()
        yield from self._missing()
        yield from self._requests()

    def _impossible(self) -> Iterator[Concern]:
        wrong = sorted(name for name in self._names if not projects.possible(name))
        if wrong:
            yield Concern(
                level="look",
                what=f"{len(wrong)} projects have names that Maniphest can't hold, and are named in"
                f" the text alone: {few(wrong)}",
                cure="say in mappings/projects.csv what each is to be called",
            )

    def _alike(self) -> Iterator[Concern]:
        for slug, names in sorted(self._slugs.items()):
            if len(names) > 1:
                yield Concern(
                    level="look",
                    what=f"{', '.join(sorted(names))} have the same hashtag, #{slug}, and become"
                    " one project",
                    cure="say in mappings/projects.csv what each is to be called",
                )

    def _missing(self) -> Iterator[Concern]:
        """Projects that somebody else has to make."""
        if self._options.create_projects:
            return
        missing = [name for name in sorted(self._names) if self._finder.project(name) is None]
        if missing:
            yield Concern(
                level="look",
                what=f"{len(missing)} projects are not there, and would not be made:"
                f" {few(missing)}: their issues would be set aside",
                cure="have them made, or set create_projects = true",
            )

    def _requests(self) -> Iterator[Concern]:
        """Web servers take 1 MB where nobody has said otherwise (facts 0): the largest that will be
        sent is tried with an edit that can't be carried out."""
        texts = min(self._longest, self._options.text_limit) + _AROUND
        piece = min(self._file, _PIECE) * 4 // 3 + _AROUND if self._file else 0
        for bytes_, of, cure in (
            (texts, "texts", "lower text_limit, or raise what it takes"),
            (piece, "attachments", "raise what it takes, or leave attachments at the source"),
        ):
            if bytes_ > 2 * _AROUND and not self._server.client.takes(bytes_):
                yield Concern(
                    level="look",
                    what=f"the web server refuses a request of {bytes_ >> 10} KiB, which {of} need",
                    cure=f"{cure}: client_max_body_size of nginx, LimitRequestBody of Apache",
                )
