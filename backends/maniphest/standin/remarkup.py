"""What live text refers to: @names, task numbers, embedded files; which forms are neutral."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: block forms whose content is not looked at (mentions-and-neutral-forms)
_LITERAL = re.compile(r"%%%.*?(?:%%%|\Z)", re.DOTALL)
_FENCE = re.compile(r"^[ ]*```.*?(?:```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?:\A|(?<=\n\n))(?:[ ]{2,}[^\n]*(?:\n|\Z)|[ \t]*\n)+")
_LISTED = re.compile(r"[ ]*(?:[-*#]|\d+[.)])[ ]")
_MONOSPACE = re.compile(r"(?<!\w)`[^`\n]+`|`[^`\n]+`(?!\w)")
_LINK = re.compile(r"\[\[.*?\]\]", re.DOTALL)
_URL = re.compile(r"https?://[^\s<>]+")
_MENTION = re.compile(r"(?<![\w@])@([a-zA-Z0-9._-]*[a-zA-Z0-9_-])")
_TASK = re.compile(r"(?<![#@-])\bT([1-9][0-9]*)(?:#[-\w]+)?(?!\w)")
_FILE = re.compile(r"\{F([1-9][0-9]*)(?:[,\s][^}]*)?\}")
_OWN_TASK = re.compile(r"/T([1-9][0-9]*)(?:[#?].*)?\Z")


@dataclass(frozen=True)
class References:
    """What one text names, in its order: user names in lower case, numbers of tasks and files."""

    users: tuple[str, ...] = ()
    tasks: tuple[int, ...] = ()
    files: tuple[int, ...] = ()


NOTHING = References()


def references(text: str, host: str) -> References:
    """What the text refers to; `host` is this server's base address: links to it count too."""
    if not any(sign in text for sign in ("@", "T", "{F")):
        return NOTHING
    plain = _neutralised(text)
    own = [found[1] for url in _URL.findall(plain) if (found := _own_task(url, host))]
    plain = _URL.sub(" ", plain)
    tasks = [*_TASK.findall(plain), *own]
    return References(
        tuple(dict.fromkeys(name.lower() for name in _MENTION.findall(plain))),
        tuple(dict.fromkeys(map(int, tasks))),
        tuple(dict.fromkeys(map(int, _FILE.findall(plain)))),
    )


def _own_task(url: str, host: str) -> re.Match[str] | None:
    url = url.rstrip(".,;:!?)")
    return _OWN_TASK.fullmatch(url, len(host)) if host and url.startswith(host) else None


def _neutralised(text: str) -> str:
    text = text.replace("\r\n", "\n")
    for form in (_FENCE, _LITERAL):
        text = form.sub("\n\n", text)
    text = _INDENTED.sub(_unless_listed, text)
    for form in (_MONOSPACE, _LINK):
        text = form.sub(" ", text)
    return text


def _unless_listed(found: re.Match[str]) -> str:
    """An indented block is code, unless it begins as a list."""
    return found[0] if _LISTED.match(found[0].lstrip("\n")) else "\n"
