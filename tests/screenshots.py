"""`make screenshots`: every page that a command writes, opened in a browser without a network.

Makes a small demo, has a headless Chromium take a picture of each page, wide and narrow, and ends
with a list of the pages and their sizes. Fails if a page is not drawn, asks for anything, or has
2 MB or more. Without a Chromium it says so, and looks at the sizes alone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MOST = 2_000_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"wide": "1200,2400", "narrow": "420,2400"}
#: a picture of nothing but the background is a few kilobytes
_LEAST = 15_000
_ASKS = re.compile(r"<(?:script|link|img|iframe|object|embed)\b|@import|url\(", re.IGNORECASE)


def pages(folder: Path) -> list[Path]:
    """The pages of a demo, made anew."""
    command = [sys.executable, "-m", "tracker_migrate", "demo", str(folder), "--bugs", "60"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return sorted(folder.glob("*.html"))


def browser() -> str | None:
    """A Chromium, if there is one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def picture(chromium: str, page: Path, out: Path, size: str) -> None:
    """Take a picture of a page, with no way out to any network."""
    flags = ["--headless", "--disable-gpu", "--hide-scrollbars", f"--window-size={size}"]
    flags += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--screenshot={out}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to run as root with it
    done = subprocess.run(
        [chromium, *flags, page.resolve().as_uri()], capture_output=True, timeout=120, check=False
    )
    if done.returncode or not out.is_file():
        raise SystemExit(f"{page}: not drawn: {done.stderr.decode(errors='replace')[-500:]}")


def wrong(page: Path) -> Iterator[str]:
    """What must not be said of a page."""
    if page.stat().st_size >= MOST:
        yield f"{page} has {page.stat().st_size} bytes"
    if found := _ASKS.search(page.read_text(encoding="utf-8")):
        yield f"{page} asks for something: {found[0]}"


def main(folder: Path) -> int:
    """Pictures go to FOLDER/pictures."""
    made = pages(folder / "demo")
    mistakes = [what for page in made for what in wrong(page)]
    chromium, pictures = browser(), folder / "pictures"
    pictures.mkdir(exist_ok=True)
    for page in made if chromium else ():
        assert chromium is not None
        for name, size in SIZES.items():
            out = pictures / f"{page.stem}-{name}.png"
            picture(chromium, page, out, size)
            if out.stat().st_size < _LEAST:
                mistakes.append(f"{out} shows nothing")
    if chromium is None:
        sys.stdout.write(f"no pictures: none of {', '.join(BROWSERS)} is installed\n")
    for page in made:
        sys.stdout.write(f"{page.stat().st_size:>9}  {page}\n")
    for what in mistakes:
        sys.stderr.write(f"WRONG  {what}\n")
    return 1 if mistakes or not made else 0


if __name__ == "__main__":
    place = Path(sys.argv[1] if len(sys.argv) > 1 else "build/screenshots")
    place.mkdir(parents=True, exist_ok=True)
    raise SystemExit(main(place))
