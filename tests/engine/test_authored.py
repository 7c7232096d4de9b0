"""Who an object is by at the target decides which form of its texts counts."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.engine.test_diff import KINDS, Known
from tests.engine.test_diff import held as held_as_written
from tracker_migrate.engine.authored import as_it_stands, carrying, shortened
from tracker_migrate.engine.close import Closer
from tracker_migrate.engine.diff import diff, open_digest, open_digests
from tracker_migrate.errors import WorkspaceError
from tracker_migrate.interfaces import Action, Head, Seal, Step, Text, Wanted
from tracker_migrate.model import Key
from tracker_migrate.text import commonmark, origin, remarkup
from tracker_migrate.text.blocks import Paragraph
from tracker_migrate.text.continued import Long, part_home, part_label, written_parts
from tracker_migrate.text.cutting import Markup
from tracker_migrate.workspace.ledger import Held
from tracker_migrate.workspace.seals import Seals

BUG = Key("launchpad:bug:7")
HOME = "https://bugs.launchpad.net/bugs/7"
WHEN = datetime(2014, 5, 6, 7, 8, 9, tzinfo=UTC)
MARKUPS = {
    "commonmark": (commonmark, origin.commonmark_line),
    "remarkup": (remarkup, origin.remarkup_line),
}


def texts(markup: str, limit: int = 1_000_000, words: int = 3) -> list[Text]:
    module, line = MARKUPS[markup]

    def head(label: str, home: str) -> Head:
        told = origin.Origin(label, home, "Jane, Doe", "https://launchpad.net/~jane", WHEN)
        return origin.head(told, line)

    long = Long(
        head=head("LP #7", HOME),
        part_head=lambda number: head(part_label("LP #7", number), part_home(HOME, number)),
        blocks=[Paragraph((("word " * words,),))],
    )
    writes = Markup(write=module.write, link=module.link, weigh=len)
    return written_parts(long, writes, limit)


def flat(text: Text) -> str:
    return "".join(
        one if isinstance(one, str) else one.text if not isinstance(one, Seal) else "0a1b2c3d4e5f"
        for one in text.parts
        if not hasattr(one, "home")
    )


def story(text: Text, by: str = "") -> Wanted:
    return Wanted(key=BUG, kind="card", issue=BUG, fields={"text": text, "title": "t"}, by=by)


def held(one: Wanted, by: str = "") -> Held:
    fields = {name: (mark, "sent") for name, mark in open_digests(one).items()}
    return msgspec.structs.replace(held_as_written(one), by=by, fields=fields)


@pytest.mark.parametrize("markup", MARKUPS)
def test_short_form_names_the_permalink_and_its_seal_alone(markup: str) -> None:
    (text,) = texts(markup)
    told, short = flat(text), flat(shortened(text))
    assert "Jane" in told
    assert "Jane" not in short
    assert told.split("\n", 1)[1] == short.split("\n", 1)[1]
    found = origin.parse(short)
    assert found == origin.Origin("LP #7", HOME, signature="0a1b2c3d4e5f")


@pytest.mark.parametrize("markup", MARKUPS)
def test_every_part_of_a_long_text_has_both_forms(markup: str) -> None:
    parts = texts(markup, limit=10_000, words=6_000)
    assert len(parts) > 2
    for number, text in enumerate(parts[1:], 2):
        found = origin.parse(flat(shortened(text)))
        assert found is not None
        assert found.signature == "0a1b2c3d4e5f"
        assert found.label == f"LP #7, part {number} of {len(parts)}"
        assert [one.of for one in shortened(text).parts if isinstance(one, Seal)] == [
            part_home(HOME, number)
        ]
        assert flat(text).split("\n", 1)[1] == flat(shortened(text)).split("\n", 1)[1]


def test_what_has_no_line_of_origin_has_one_form() -> None:
    text = Text(parts=("just words",))
    assert shortened(text) == text
    assert carrying(story(text), "42") == story(text)


def test_new_object_is_written_in_the_form_of_whom_it_is_written_as() -> None:
    (text,) = texts("commonmark")
    (told,) = diff([story(text)], {}, KINDS, Known()).actions
    (carried,) = diff([story(text, by="42")], {}, KINDS, Known()).actions
    assert told.wanted.fields["text"] == text
    assert carried.wanted.fields["text"] == shortened(text)


def test_late_claim_is_no_change_of_a_text() -> None:
    (text,) = texts("commonmark")
    as_importer = held(story(text))
    as_author = held(carrying(story(text), "42"), by="42")
    for there in (as_importer, as_author):
        for by in ("", "42", "43"):
            found = diff([story(text, by=by)], {BUG: there}, KINDS, Known())
            assert (found.actions, found.unchanged) == ((), 1)


def test_changed_text_is_written_in_the_form_that_stands_there() -> None:
    (before,), (after,) = texts("commonmark"), texts("commonmark", words=4)
    there = held(carrying(story(before), "42"), by="42")
    (action,) = diff([story(after)], {BUG: there}, KINDS, Known()).actions
    assert action.fields == ("text",)
    assert action.wanted == as_it_stands(story(after), there)
    assert action.wanted.fields["text"] == shortened(after)


def test_who_and_when_are_no_reason_to_write() -> None:
    (text,) = texts("commonmark")
    marks = {
        open_digest(one)
        for one in (
            story(text),
            story(text, by="42"),
            Wanted(
                key=BUG,
                kind="card",
                issue=BUG,
                fields={"text": text, "title": "t"},
                author=Key("launchpad:person:jane"),
                created=WHEN,
                changed=WHEN,
                closed=WHEN,
            ),
        )
    }
    assert len(marks) == 1


def test_seal_is_put_in_when_the_step_is_closed() -> None:
    (text,) = texts("commonmark")
    wanted = carrying(story(text, by="42"), "42")
    closer = Closer(Known(), lambda ref, _at: ref.label, lambda _key: False, lambda of: of[-6:])
    for op, by in (("create", "42"), ("update", "")):
        action = Action(op=op, wanted=wanted, fields=("text",))  # type: ignore[arg-type]
        (closed,) = closer.step(Step(kind="x", actions=(action,)), BUG, {}).actions
        assert "`bugs/7`" in closed.fields["text"]
        assert closed.by == by


# -- the key --------------------------------------------------------------------------------------


def seals(folder: Path, name: str = "new", address: str = "https://a") -> Seals:
    (folder / "state").mkdir(mode=0o700, exist_ok=True)
    return Seals(folder, name, address)


def test_seal_stays_the_same_and_fits_one_permalink_of_one_target(tmp_path: Path) -> None:
    first = seals(tmp_path).of(HOME)
    assert seals(tmp_path).of(HOME) == first
    assert len(first) == 12
    assert seals(tmp_path).of(f"{HOME}#part-2") != first
    assert seals(tmp_path, address="https://b").of(HOME) != first
    assert seals(tmp_path, name="old").of(HOME) != first


def test_key_is_its_owners_alone_and_comes_from_where_secrets_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = seals(tmp_path).of(HOME)
    kept = tmp_path / "state" / "credentials" / "new-seal"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [one.name for one in kept.parent.iterdir()] == ["new-seal"]
    monkeypatch.setenv("TRACKER_MIGRATE_NEW_SEAL", "another key, as long as a key has to be")
    assert seals(tmp_path).of(HOME) != first


def test_damaged_key_is_told(tmp_path: Path) -> None:
    seals(tmp_path).of(HOME)
    (tmp_path / "state" / "credentials" / "new-seal").write_text("short")
    with pytest.raises(WorkspaceError, match=r"cut short: put .*new-seal back from a copy"):
        seals(tmp_path).of(HOME)
