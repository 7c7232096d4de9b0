"""A terminal for tests: runs a command on a pseudo-terminal, and knows what is on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

_PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[^\[]|([\r\n])|([^\x1b\r\n]+)")


class Watched(msgspec.Struct, frozen=True):
    """What a command wrote to a terminal. raw: all of it. lines: what is left on the screen.
    frames: the screen after each piece of output."""

    status: int
    raw: str
    lines: list[str]
    frames: list[str]


class Screen:
    """As much of a terminal as bars need: lines, a cursor that goes up, lines that are cleared."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = self._column = 0

    def feed(self, text: str) -> None:
        """Take a piece of output."""
        for code, letter, move, plain in _PIECES.findall(text):
            if plain:
                self._write(plain)
            elif move == "\r":
                self._column = 0
            elif move == "\n":
                self._row += 1
                self._column = 0
                self.lines += [""] * (self._row + 1 - len(self.lines))
            elif letter == "A":
                self._row = max(0, self._row - int(code or 1))
            elif letter == "K":
                self.lines[self._row] = ""

    def _write(self, text: str) -> None:
        line = self.lines[self._row].ljust(self._column)
        self.lines[self._row] = line[: self._column] + text + line[self._column + len(text) :]
        self._column += len(text)


def watched(
    folder: Path,
    *arguments: str,
    columns: int = 100,
    env: dict[str, str] | None = None,
    interrupt: Callable[[str], bool] | None = None,
) -> Watched:
    """Run the command in a workspace on a terminal of so many columns. interrupt: says of all that
    was written so far whether it is time for Ctrl-C."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    around = {name: one for name, one in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tracker_migrate", *arguments],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**around, "TERM": "xterm-256color", **(env or {})},
        start_new_session=True,
    )
    os.close(theirs)
    raw, frames, screen = "", [], Screen()
    end = time.monotonic() + 120
    pressed = False
    while True:
        assert time.monotonic() < end, "it did not end"
        try:
            piece = os.read(ours, 65536).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        raw += piece
        screen.feed(piece)
        frames.append("\n".join(screen.lines))
        if interrupt is not None and not pressed and interrupt(raw):
            pressed = True
            process.send_signal(signal.SIGINT)
    os.close(ours)
    return Watched(process.wait(60), raw, screen.lines, frames)
