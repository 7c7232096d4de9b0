"""E-mail addresses are hidden as Launchpad hides them from the public."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker_migrate.text.redact import HIDDEN, hide_addresses


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
