"""The bodies of POST requests: url-encoded forms and multipart forms with files."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from urllib.parse import parse_qsl

from tracker_migrate.testing.loopback import Request


@dataclass(frozen=True)
class Upload:
    """A file of a multipart form."""

    name: str
    type: str
    content: bytes


def read_form(request: Request) -> tuple[list[tuple[str, str]], dict[str, Upload]]:
    """A form's fields in order, and its files by field name."""
    kind = request.headers.get("content-type", "")
    if kind.startswith("multipart/form-data"):
        return _multipart(kind, request.body)
    return parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True), {}


def _multipart(kind: str, body: bytes) -> tuple[list[tuple[str, str]], dict[str, Upload]]:
    message = message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
    fields: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    parts = message.get_payload()
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, Message):
            _take(part, fields, files)
    return fields, files


def _take(part: Message, fields: list[tuple[str, str]], files: dict[str, Upload]) -> None:
    name = part.get_param("name", header="content-disposition")
    filename = part.get_filename()
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    if filename is None:
        fields.append((str(name), content.decode("utf-8", "replace")))
    else:
        files[str(name)] = Upload(filename, part.get_content_type(), content)
