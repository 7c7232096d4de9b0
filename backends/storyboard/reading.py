"""Reading back what stands at StoryBoard: one issue whole, and what earlier runs have made."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from tracker_migrate.backends.storyboard import fields, origins, ours, wire
from tracker_migrate.backends.storyboard.account import Site
from tracker_migrate.backends.storyboard.finding import Finder, tags_of
from tracker_migrate.bounded import PARTS
from tracker_migrate.interfaces import Mine, Observed, RemoteRef, Snapshot, Wanted
from tracker_migrate.model import Key, kind_of, name_of

#: how many issues are asked for one by one before all tasks are scanned
_SINGLES = 10

Refs = Mapping[Key, tuple[str, RemoteRef]]


class Reader:
    """Reads issues back."""

    def __init__(self, site: Site, finder: Finder) -> None:
        self._site = site
        self._api = site.api
        self._finder = finder

    def read(self, refs: Refs) -> Snapshot:
        """What is there of one issue. Raises Gone if its story is not to be seen."""
        held = [(key, at) for key, (kind, at) in refs.items() if kind == "story"]
        if not held:
            return Snapshot(objects={})
        issue, at = held[0]
        row = self._api.get(f"/stories/{at.id}")
        view = _View(self._site, refs, issue, str(row["id"]))
        view.story(row)
        view.tasks(self._api.rows("/tasks", {"story_id": at.id}, most=PARTS))
        comments = list(self._api.rows(f"/stories/{at.id}/comments", most=PARTS))
        authors: Mapping[int, int] = {}
        if any(view.asks_who(one) for one in comments):
            authors = self._finder.comment_authors(int(at.id))
        view.comments(comments, authors)
        return view.snapshot()


class _View:
    """What is seen of one issue, while it is read."""

    def __init__(self, site: Site, refs: Refs, issue: Key, story: str) -> None:
        self._site = site
        self._issue = issue
        self._story = story
        self._known: dict[tuple[str, str], list[Key]] = defaultdict(list)
        for key, (kind, at) in refs.items():
            self._known[kind, at.id].append(key)
        self._objects: dict[Key, Observed] = {}
        self._ours: dict[Key, RemoteRef] = {}
        self._within: dict[Key, Key] = {}
        self._times: Counter[Key] = Counter()
        self._foreign = 0

    def asks_who(self, comment: Mapping[str, Any]) -> bool:
        """Whether it is to be asked who wrote a comment: one that the ledger does not name, or that
        is sealed. What is the importer's need not be asked about."""
        is_known = ("comment", str(comment["id"])) in self._known
        return not is_known or ours.is_sealed(self._site, comment.get("content"))

    def _by(self, account: Any) -> str:
        """Who is shown as an author; "" for the importer."""
        return "" if account is None or self._site.is_ours(account) else str(account)

    def story(self, row: Mapping[str, Any]) -> None:
        """The story itself, and its tags."""
        ref, by = self._site.story_ref(self._story), self._by(row.get("creator_id"))
        values = wire.story_fields(row, self._site.me)
        self._objects[self._issue] = Observed(at=ref, fields=values, by=by)
        for (kind, _number), keys in self._known.items():
            if kind == "tagging":
                tags = {"story_id": self._story, "tags": tags_of(row)}
                self._objects |= dict.fromkeys(keys, Observed(at=ref, fields=tags))

    def tasks(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Its tasks; the link says which task of the source one is."""
        for row in rows:
            ref = self._site.task_ref(row["id"], self._story)
            mine, by = ours.task(self._site, row), self._by(row.get("creator_id"))
            named = origins.task_key(origins.unsealed(row.get("link"))[0], self._issue)
            keys = [named] if named is not None else []
            seen = Observed(at=ref, fields=wire.task_fields(row), by=by)
            self._add("task", seen, keys, mine)

    def comments(self, rows: Iterable[Mapping[str, Any]], authors: Mapping[int, int]) -> None:
        """Its comments; their events say who wrote them."""
        for row in rows:
            ref = self._site.comment_ref(row["id"], self._story)
            author = authors.get(row["id"])
            mine = ours.comment(self._site, author, row.get("content"))
            keys = origins.keys_of(row.get("content"), self._issue)
            values = wire.comment_fields(row, self._story)
            seen = Observed(at=ref, fields=values, by=self._by(author))
            self._add("comment", seen, keys, mine)

    def _add(self, kind: str, seen: Observed, named: list[Key], mine: bool) -> None:
        keys = self._known.get((kind, seen.at.id))
        if keys is not None:
            self._objects |= dict.fromkeys(keys, seen)
            self._times.update(keys)
        elif not mine:
            self._foreign += 1
        else:
            self._named(named, seen.at)

    def _named(self, named: list[Key], at: RemoteRef) -> None:
        """Something of ours that nobody told us of: it names itself, and what stands in it."""
        self._times.update(named)
        for key in named:
            if key not in self._ours and key != named[0]:
                self._within[key] = named[0]
            self._ours.setdefault(key, at)

    def snapshot(self) -> Snapshot:
        """All that was seen."""
        doubled = tuple(sorted(key for key, times in self._times.items() if times > 1))
        ours = {key: at for key, at in self._ours.items() if key not in self._objects}
        within = {key: into for key, into in self._within.items() if key in ours}
        return Snapshot(
            objects=self._objects,
            ours=ours,
            doubled=doubled,
            foreign=self._foreign,
            within=within,
        )


class Earlier:
    """Finds what an account of ours has made before, for a lost ledger.

    Stories of kept numbers are asked for by number. Others are found by the links of their tasks,
    which one scan of all tasks with the source's host tells; a filter costs up to 0.2 s at size
    (facts 6), so that only the first few issues, those of a small change, are asked for one by one.
    """

    def __init__(self, site: Site, finder: Finder) -> None:
        self._site = site
        self._api = site.api
        self._finder = finder
        self._guard = threading.Lock()
        self._scanned: dict[str, dict[str, list[int]]] = {}
        self._singles = 0

    def lookup(self, wanted: Sequence[Wanted], numbers: Mapping[Key, int]) -> dict[Key, RemoteRef]:
        """Where those of these objects are that are ours. numbers: the stories' kept numbers."""
        by_issue: dict[Key, list[Wanted]] = defaultdict(list)
        for one in wanted:
            by_issue[one.issue].append(one)
        stories = self._stories(by_issue, numbers)
        found: dict[Key, RemoteRef] = {}
        for issue, objects in by_issue.items():
            if (story := stories.get(issue)) is not None:
                found |= self._parts(story, objects)
        return found

    def _stories(
        self, by_issue: Mapping[Key, Sequence[Wanted]], numbers: Mapping[Key, int]
    ) -> dict[Key, Mapping[str, Any] | None]:
        """The story of each issue. Those with kept numbers take a request each, side by side."""
        stories = [
            one for some in by_issue.values() for one in reversed(some) if one.kind == "story"
        ]
        markers = {one.issue: one.marker for one in stories}
        kept = [issue for issue in markers if issue in numbers]
        with ThreadPoolExecutor(self._site.options.connections, "look") as pool:
            rows = pool.map(lambda one: self._story(one, markers[one], numbers[one]), kept)
            found = dict(zip(kept, rows, strict=True))
        rest = [issue for issue in markers if issue not in numbers]
        self._singles += _SINGLES if len(rest) > _SINGLES else 0  # one scan tells of them all
        return found | {issue: self._story(issue, markers[issue], None) for issue in rest}

    def made(self) -> Iterator[Mine]:
        """All tasks of ours with a link: what stands twice has numbers of its own (a block's), and
        is known by naming the same task of the source."""
        for row in self._api.rows("/tasks", {"link": "://"}):
            if ours.task(self._site, row):
                at = self._site.task_ref(row["id"], row["story_id"])
                yield Mine(
                    kinds=("task",), at=at, made=True, marker=origins.unsealed(row["link"])[0]
                )

    def _story(self, issue: Key, marker: str, number: int | None) -> Mapping[str, Any] | None:
        candidates = [number] if number is not None else self._linked(issue, marker)
        for story in candidates:
            row = self._finder.row(f"/stories/{story}")
            if row is None or not ours.story(self._site, row):
                continue
            if origins.is_of(row.get("description"), issue, marker):
                return row  # type: ignore[no-any-return]
        return None

    def _parts(self, story: Mapping[str, Any], wanted: Sequence[Wanted]) -> dict[Key, RemoteRef]:
        kinds = {one.kind for one in wanted}
        tasks = dict(self._tasks(story["id"])) if "task" in kinds else {}
        comments = dict(self._comments(story["id"])) if "comment" in kinds else {}
        here = self._site.story_ref(story["id"])
        tags = {fields.same_tag(tag) for tag in tags_of(story)}
        found: dict[Key, RemoteRef] = {}
        for one in wanted:
            at = None
            match one.kind:
                case "story":
                    at = here
                case "task":
                    at = tasks.get(one.marker)
                case "comment":
                    at = comments.get(one.key)
                case "tagging" if {fields.same_tag(t) for t in one.fields["tags"]} <= tags:
                    at = here
            if at is not None:
                found[one.key] = at
        return found

    def _tasks(self, story: int) -> Iterator[tuple[str, RemoteRef]]:
        for row in self._api.rows("/tasks", {"story_id": story}):
            if ours.task(self._site, row) and row.get("link"):
                yield origins.unsealed(row["link"])[0], self._site.task_ref(row["id"], story)

    def _comments(self, story: int) -> Iterator[tuple[Key, RemoteRef]]:
        authors = self._finder.comment_authors(story)
        for row in self._api.rows(f"/stories/{story}/comments"):
            if ours.comment(self._site, authors.get(row["id"]), row.get("content")):
                at = self._site.comment_ref(row["id"], story)
                yield from ((named, at) for named in origins.keys_of(row.get("content")))

    def _linked(self, issue: Key, marker: str) -> list[int]:
        """The stories of ours whose tasks name this issue. A task's link is no proof (any user may
        edit it): what the story itself says decides.

        Bugs are asked for by number. A blueprint's name is a text of people's, and addresses are
        logged: its link is looked for among those of all of its project's.
        """
        is_bug = kind_of(issue) == "bug"
        name = name_of(issue) if is_bug else marker
        where = _site(urlsplit(marker).netloc) if is_bug else f"{marker.rpartition('/')[0]}/"
        with self._guard:
            if is_bug and where not in self._scanned and self._singles < _SINGLES:
                self._singles += 1
                return sorted(set(self._index(f"/{name}").get(name, ())))
            if where not in self._scanned:
                self._scanned[where] = self._index(where)
            return sorted(set(self._scanned[where].get(name, ())))

    def _index(self, part: str) -> dict[str, list[int]]:
        """Our tasks whose link has this part: the last part of each link, and the whole of it → the
        stories of its tasks."""
        index: dict[str, list[int]] = defaultdict(list)
        for row in self._api.rows("/tasks", {"link": part}):
            link = origins.unsealed(row.get("link"))[0]
            if ours.task(self._site, row):
                for name in {link, link.rstrip("/").rpartition("/")[2]}:
                    index[name].append(int(row["story_id"]))
        return dict(index)


def _site(host: str) -> str:
    """What the source's hosts have in common: bugs and blueprints have a host each."""
    name, _, rest = host.partition(".")
    return rest if name in ("bugs", "blueprints", "answers") and "." in rest else host
