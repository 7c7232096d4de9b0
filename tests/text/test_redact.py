"""E-mail addresses are hidden as Launchpad hides them from the public."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_migrate.model import Attachment, Change, Key
from tracker_migrate.testing.memory import bug
from tracker_migrate.text.redact import HIDDEN, hide_addresses, hide_in


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail jane@example.org now", f"mail {HIDDEN} now"),
        ("Jane Doe <jane.doe+bugs@mail.example.org>", f"Jane Doe {HIDDEN}"),
        ("jane@example.org.", f"{HIDDEN}."),
        ("a@example.org,b@example.org", f"{HIDDEN},{HIDDEN}"),
        ("rabbit://user:pw@host.example.org:5672/", f"rabbit://user:{HIDDEN}:5672/"),
        ("jané@example.org", "jané@example.org"),
        ("\u2022\xe7\xc3+f\xc0@Tnova.tests.db", "\u2022\xe7\xc3+f\xc0@Tnova.tests.db"),
        (f"{HIDDEN} said", f"{HIDDEN} said"),
        ("@jane and jane@ and @ and nova@kilo", "@jane and jane@ and @ and nova@kilo"),
        ("pkg@1.2.3", "pkg@1.2.3"),
        ("l@@k", "l@@k"),
    ],
)
def test_addresses_are_hidden(text: str, shown: str) -> None:
    assert hide_addresses(text) == shown


@given(st.text("ab@.-<> :/é\n"))
def test_nothing_is_left_to_hide(text: str) -> None:
    once = hide_addresses(text)
    assert hide_addresses(once) == once


@given(st.text("ab.- \n<>"))
def test_a_text_without_at_signs_is_left_alone(text: str) -> None:
    assert hide_addresses(text) == text


def test_no_text_of_an_issue_keeps_an_address() -> None:
    mail = "jane@example.org"
    issue = bug(1, f"write to {mail}", title=f"{mail} bounces", tags=(mail,))
    issue = msgspec.structs.replace(
        issue,
        attachments=(Attachment(key=Key("m:attachment:1/2"), title=mail, home="https://x/2"),),
        history=(Change(when=datetime(2020, 1, 1, tzinfo=UTC), what="title", old=mail, new="b"),),
        extra={"lock_reason": f"see {mail}", "names": ["a", mail]},
    )
    shown = hide_in(issue)
    assert mail not in msgspec.json.encode(shown).decode()
    assert msgspec.json.encode(shown).decode().count(HIDDEN) == 7
    assert hide_in(shown) is shown


def test_keys_and_addresses_of_the_source_stay_as_they_are() -> None:
    issue = bug(1)
    key = Key("launchpad:task:1@bzr.dev")
    task = msgspec.structs.replace(
        issue.tasks[0], key=key, home="https://x/@a.example.org", extra={"of": key}
    )
    issue = msgspec.structs.replace(issue, tasks=(task,))
    assert hide_in(issue) is issue
