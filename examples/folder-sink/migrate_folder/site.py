"""The pages: one for each issue, lists of them, and a search that needs no server."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markdown_it import MarkdownIt
from markupsafe import Markup

from tracker_migrate.documents import Document, FolderDocuments, place
from tracker_migrate.model import name_of

_ROWS = 500  # issues on a list
_WORD = re.compile(r"\w{2,40}")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


class Site(FolderDocuments):
    """Writes the pages of the documents that it keeps."""

    def __init__(self, folder: Path, web: str = "") -> None:
        super().__init__(folder, web)
        self._pages = Environment(loader=PackageLoader("migrate_folder"), autoescape=True)
        self._pages.filters["markdown"] = lambda text: Markup(_MARKDOWN.render(text))
        self._pages.filters |= {"name": name_of, "place": place}

    def write_page(self, documents: Sequence[Document]) -> None:
        """The page of an issue: its text, and its comments in their order."""
        issue = next(one for one in documents if one.kind == "issue")
        comments = [one for one in documents if one.kind == "comment"]
        comments.sort(key=lambda one: one.fields["index"])
        self._page(self.page(issue.key), "issue.html", issue=issue, comments=comments)

    def hide_lists(self) -> None:
        """No title and no word is left; all of it is written again in the end."""
        for name in ("index.html", "list-*.html", "search/*.js"):
            for path in self.site.glob(name):
                path.unlink(missing_ok=True)

    def write_lists(self, issues: Iterator[Sequence[Document]]) -> None:
        """The lists, `_ROWS` issues each, and what the search looks into."""
        (self.site / "search").mkdir(exist_ok=True)
        rows: list[dict[str, Any]] = []
        words: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for documents in issues:
            own = next(one for one in documents if one.kind == "issue")
            texts = " ".join(one.fields["text"] for one in documents)
            for word in set(_WORD.findall(f"{own.fields['title']} {texts}".lower())):
                words[_shelf(word)][word].append(len(rows))
            rows.append({**own.fields, "text": "", "key": own.key, "page": self.page(own.key)})
        self._write_search(words, rows)
        lists = [rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)] or [[]]
        for number, shown in enumerate(lists):
            name = f"list-{number}.html" if number else "index.html"
            self._page(name, "list.html", rows=shown, number=number, lists=len(lists))

    def _write_search(self, words: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        """Words by their beginnings, and the titles: scripts that hand their data to the page, for
        a page that was opened from a disk may read no other file."""
        titles = [[row["page"], name_of(row["key"]), row["title"]] for row in rows]
        held = {f"rows-{n}": titles[n * _ROWS :][:_ROWS] for n in range(len(rows) // _ROWS + 1)}
        held |= words
        for old in (self.site / "search").iterdir():
            if old.stem not in held:
                old.unlink()
        for name, value in held.items():
            told = f"held({json.dumps(name)}, {json.dumps(value)})\n"
            (self.site / "search" / f"{name}.js").write_text(told)
        self._page("search.html", "search.html", rows=_ROWS)

    def _page(self, name: str, template: str, **values: Any) -> None:
        new = self.site / f"{name}.new"
        new.write_text(self._pages.get_template(template).render(**values))
        new.replace(self.site / name)


def _shelf(word: str) -> str:
    """Where a word is kept: by its first two characters, in a name that any disk takes."""
    return "".join(one if one.isascii() else f"{ord(one):x}" for one in word[:2])
