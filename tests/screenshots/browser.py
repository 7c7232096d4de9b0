"""A headless Chromium without a way out to any network: takes pictures of pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
#: no page is larger, in bytes
MOST = 2_000_000
#: what asks for something when a page is opened
_ASKS = re.compile(r"<(?:script|link|img|iframe|object|embed)\b|@import|url\(", re.IGNORECASE)
#: Chromium draws no window narrower than 500: a page on a telephone is drawn in a frame
_FRAME = """<!DOCTYPE html><meta charset="utf-8"><style>body {{ margin: 0 }}
iframe {{ border: 0; width: {width}px; height: {height}px }}</style>
<iframe src="{page}"></iframe>"""


def browser() -> str | None:
    """A Chromium, if there is one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def picture(
    chromium: str, page: Path, out: Path, *, width: int, height: int, dark: bool = False
) -> None:
    """Take a picture of the top of a page. Raises SystemExit if there is none afterwards."""
    flags = ["--headless", "--disable-gpu", "--hide-scrollbars", f"--screenshot={out}"]
    flags += [f"--window-size={width},{height}", "--host-resolver-rules=MAP * ~NOTFOUND"]
    flags += [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium refuses to run as root with it
    shown = page.resolve().as_uri()
    if width < 500:
        frame = out.with_suffix(".frame.html")
        frame.write_text(_FRAME.format(page=shown, width=width, height=height), encoding="utf-8")
        shown = frame.resolve().as_uri()
    done = subprocess.run([chromium, *flags, shown], capture_output=True, timeout=180, check=False)
    if done.returncode or not out.is_file():
        raise SystemExit(f"{page}: not drawn: {done.stderr.decode(errors='replace')[-500:]}")


def wrong(page: Path) -> Iterator[str]:
    """What must not be said of a page."""
    if page.stat().st_size >= MOST:
        yield f"{page} has {page.stat().st_size} bytes"
    if found := _ASKS.search(page.read_text(encoding="utf-8")):
        yield f"{page} asks for something: {found[0]}"
