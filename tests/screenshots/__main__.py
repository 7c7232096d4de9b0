"""`make screenshots`: every page that a command writes, opened in a browser without a network.

Makes up a project, moves it, makes a small demo, and has a headless Chromium take a picture of each
page: light and dark, on a desk and on a telephone. Ends with a list of the pages and their sizes.
Fails if a page is not drawn, asks for anything, or has 2 MB or more. Without a Chromium it says so,
and looks at the sizes alone. `--docs` (make screenshots DOCS=1) takes those pictures anew that the
documents show.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.screenshots import made
from tests.screenshots.browser import BROWSERS, browser, picture, wrong

DOCS = Path(__file__).parents[2] / "docs" / "pictures"
#: pictures in docs/pictures are no larger, in bytes
LARGEST = 150_000
#: width, height, and whether it is dark
SIZES = {
    "wide": (1200, 2400, False),
    "dark": (1200, 2400, True),
    "narrow": (390, 2400, False),
}
#: the pictures of the documents: of which page, what they are called, and how much of it they show
SHOWN = {
    "evaluate": ("evaluate", 1000),
    "plan-new": ("plan", 1000),
    "verify": ("verify", 900),
    "status": ("status", 900),
}
#: a picture of nothing but the background is a few kilobytes
_LEAST = 12_000


def pages(folder: Path) -> list[Path]:
    """All pages: those of a demo, and those of a move."""
    demo = folder / "demo"
    command = [sys.executable, "-m", "tracker_migrate", "demo", str(demo), "--bugs", "40"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(folder / "move", ignore_errors=True)
    return [*sorted(demo.glob("*.html")), *made.pages(folder)]


def drawn(chromium: str, page: Path, folder: Path) -> list[str]:
    """Take all pictures of a page; what is wrong with them."""
    mistakes = []
    for name, (width, height, dark) in SIZES.items():
        out = folder / f"{page.parent.name}-{page.stem}-{name}.png"
        picture(chromium, page, out, width=width, height=height, dark=dark)
        if out.stat().st_size < _LEAST:
            mistakes.append(f"{out} shows nothing")
    return mistakes


def documents(chromium: str, pages: list[Path]) -> list[str]:
    """Take the pictures that the documents show."""
    mistakes = []
    DOCS.mkdir(parents=True, exist_ok=True)
    for page in pages:
        if page.parent.name == "pages" and page.stem in SHOWN:
            name, height = SHOWN[page.stem]
            out = DOCS / f"{name}.png"
            picture(chromium, page, out, width=1100, height=height)
            if out.stat().st_size > LARGEST:
                mistakes.append(f"{out} has {out.stat().st_size} bytes")
    return mistakes


def main(folder: Path, docs: bool) -> int:
    """Pictures go to FOLDER/pictures."""
    found = pages(folder)
    mistakes = [what for page in found for what in wrong(page)]
    chromium, pictures = browser(), folder / "pictures"
    pictures.mkdir(exist_ok=True)
    if chromium is None:
        sys.stdout.write(f"no pictures: none of {', '.join(BROWSERS)} is installed\n")
    for page in found if chromium else ():
        assert chromium is not None
        mistakes += drawn(chromium, page, pictures)
    if docs and chromium:
        mistakes += documents(chromium, found)
    for page in found:
        sys.stdout.write(f"{page.stat().st_size:>9}  {page}\n")
    for what in mistakes:
        sys.stderr.write(f"WRONG  {what}\n")
    return 1 if mistakes or not found else 0


if __name__ == "__main__":
    asked = [one for one in sys.argv[1:] if one != "--docs"]
    place = Path(asked[0] if asked else "build/screenshots")
    place.mkdir(parents=True, exist_ok=True)
    raise SystemExit(main(place, "--docs" in sys.argv))
