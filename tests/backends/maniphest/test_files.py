"""Attachments become files, with the policy of their task, and are found again."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.backends.maniphest.attaching import Shelf, attached
from tests.backends.maniphest.conftest import Opener
from tests.backends.maniphest.helpers import Mover, Told, bug, by_kind, comment
from tracker_migrate.backends.maniphest import files, shown
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.errors import Doubtful, Refused
from tracker_migrate.interfaces import CLOSED, Audience, ClosedStep, Ref, Text, Wanted
from tracker_migrate.model import File, Issue, key, present_fields
from tracker_migrate.testing.loopback import Fault

SECRET = Audience(name="security", users=(), groups=("PHID-PROJ-sec",))
MIB = 2**20
LARGE = bytes(range(256)) * (10 * MIB // 256) + b"the end"
FILE = key("launchpad", "attachment", "7/45")
FILLED = key("maniphest", "contents", FILE)


@pytest.fixture
def shelf(mover: Mover) -> Shelf:
    made = Shelf()
    mover.sink.lend(made)  # type: ignore[attr-defined]
    return made


def told_of(file: File | None, **more: Any) -> Issue:
    """A bug whose first comment came with a file."""
    said = (comment(7, 0, "It happens, number 7."), comment(7, 1, "See the log."))
    return bug(7, comments=said, attachments=(attached(7, 45, file, **more),))


def planned(issue: Issue, told: Told | None = None) -> list[Wanted]:
    return list(ManiphestPlanner().wanted(issue, told or Told()))


def flat(text: Any) -> str:
    assert isinstance(text, Text)
    return "".join(
        (part.label or "{F}" if part.passing else f"<{part.to}>")
        if isinstance(part, Ref)
        else part
        if isinstance(part, str)
        else part.text
        for part in text.parts
    )


def lost(issue: Issue, told: Told | None = None) -> list[str]:
    rows = ManiphestPlanner().losses(issue, told or Told())
    return [
        r.reason for r in rows if (r.entity, r.field, r.outcome) == ("attachment", "file", "lost")
    ]


# -- what is wanted ---------------------------------------------------------------------------


def test_a_file_is_wanted_before_the_task_that_leads_to_it() -> None:
    issue = told_of(Shelf().file(b"log"))
    wanted = planned(issue)
    assert [one.kind for one in wanted] == ["project", "file", "task", "comment"]
    (file,) = by_kind(wanted, "file")
    assert file.fields["name"] == "nova.log"
    assert file.fields["size"] == 3
    assert file.fields["view"] == "public"
    for one in wanted[2:]:
        assert one.after == (FILE,)


def test_a_large_file_is_wanted_in_two_objects() -> None:
    wanted = planned(told_of(Shelf().file(LARGE)))
    assert [one.kind for one in wanted] == ["project", "file", "task", "contents", "comment"]
    steps = ManiphestPlanner().compose(
        [_create(one) for one in wanted if one.kind in ("file", "contents", "comment")]
    )
    assert [step.kind for step in steps] == ["file.allocate", "file.contents", "fill"]


def _create(one: Wanted) -> Any:
    from tracker_migrate.interfaces import Action

    return Action(op="create", wanted=one, fields=tuple(one.fields))


@pytest.mark.parametrize(
    ("audience", "view"),
    [(SECRET, "PHID-PROJ-sec"), (Audience(name="public"), "public")],
)
def test_a_file_is_made_with_the_policy_of_its_task(audience: Audience, view: str) -> None:
    told = Told()
    told.shown_to = audience
    wanted = planned(told_of(Shelf().file(b"log")), told)
    (file,), (task,) = by_kind(wanted, "file"), by_kind(wanted, "task")
    assert file.fields["view"] == task.fields["view"] == view
    assert file.audience == audience.name


def test_no_file_is_wider_than_its_task_because_of_a_space() -> None:
    told = Told()
    told.shown_to = msgspec.structs.replace(SECRET, space="PHID-SPCE-vault")
    issue = told_of(Shelf().file(b"log"))
    assert not by_kind(planned(issue, told), "file")
    assert lost(issue, told) == [files.IN_SPACE]


def test_what_is_closed_for_all_gets_no_new_files_and_keeps_those_that_are_there() -> None:
    told = Told()
    told.shown_to = CLOSED
    issue = told_of(Shelf().file(b"log"))
    assert not by_kind(planned(issue, told), "file")
    told.there = {FILE: FILE}
    (file,) = by_kind(planned(issue, told), "file")
    assert file.fields["view"] == "importer"


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (File(state="missing"), "the source has its bytes no more"),
        (File(state="corrupt"), "the source never gave all of its bytes"),
        (File(state="over", size=10**10), "it is larger than the settings allow"),
        (File(state="held", name="empty", sha256="0" * 64), "it is empty"),
    ],
)
def test_what_has_no_bytes_leaves_a_note_with_the_reason(file: File, reason: str) -> None:
    issue = told_of(file)
    wanted = planned(issue)
    assert not by_kind(wanted, "file")
    (said,) = by_kind(wanted, "comment")
    (task,) = by_kind(wanted, "task")
    assert f"the log ]], not copied: {reason}\n" in flat(said.fields["text"])
    assert f"(not copied: {reason})" in flat(task.fields["description"])
    assert lost(issue) == [reason]


def test_bytes_that_nobody_asked_for_change_no_text() -> None:
    issue = told_of(None)
    assert not by_kind(planned(issue), "file")
    (task,) = by_kind(planned(issue), "task")
    assert "not copied" not in flat(task.fields["description"])
    assert not task.after


def test_losses_add_up_with_a_file_and_without() -> None:
    for file in (Shelf().file(b"log"), File(state="missing"), None):
        issue = told_of(file)
        told = Counter[tuple[str, str]]()
        for one in ManiphestPlanner().losses(issue, Told()):
            told[one.entity, one.field] += one.count
        assert told == Counter(present_fields(issue))


def test_a_comment_is_as_it_was_whatever_becomes_of_its_file() -> None:
    """It can't be edited: bytes that come later are no reason to want another text."""
    from tracker_migrate.engine.diff import open_digest

    states = [None, File(state="missing"), File(state="over", size=9), Shelf().file(b"log")]
    marks = set()
    for file in states:
        (said,) = by_kind(planned(told_of(file)), "comment")
        marks.add(open_digest(said))
    assert len(marks) == 1


def test_a_file_that_no_comment_shows_is_shown_in_the_description() -> None:
    of_the_report = told_of(Shelf().file(b"log"), comment=0)
    of_none = told_of(Shelf().file(b"log"), comment=None)
    of_a_comment = told_of(Shelf().file(b"log"))
    for issue, shows in ((of_the_report, True), (of_none, True), (of_a_comment, False)):
        (task,) = by_kind(planned(issue), "task")
        entry = f"- <{FILE}>{'{F}' if shows else ''}, from "
        assert entry in flat(task.fields["description"])


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a\nb\t.txt", "a b .txt"),
        ("", "the log"),
        ("é" * 200 + ".tar.gz", "é" * 123 + ".gz"),
        ("x" * 300, "x" * 250),
    ],
)
def test_a_name_fits_and_keeps_its_ending(name: str, kept: str) -> None:
    (file,) = by_kind(planned(told_of(Shelf().file(b"log", name))), "file")
    assert file.fields["name"] == kept
    assert len(file.fields["name"].encode()) <= 250


# -- sending ----------------------------------------------------------------------------------


def files_there(server: ManiphestStandIn) -> list[Any]:
    return server.store.rows("SELECT phid, name, size, view, author FROM file ORDER BY id")


def bytes_of(client: Conduit, phid: str) -> bytes:
    return base64.b64decode(client.read("file.download", phid=phid))


def test_a_file_arrives_and_the_texts_show_it(
    mover: Mover, shelf: Shelf, server: ManiphestStandIn, as_user: Callable[[str], Conduit]
) -> None:
    issue = told_of(shelf.file(b"the log's bytes"))
    mover.move(issue)
    at = mover.places.refs[FILE][1]
    assert at.number == "F2"
    assert bytes_of(as_user("importbot"), at.id) == b"the log's bytes"
    seen = mover.sink.read(mover.own(issue))
    assert seen.objects[FILE].fields == {"name": "nova.log", "size": 15, "view": "public"}
    comment_ = next(one for of, one in seen.objects.items() if ":comment:" in of)
    assert (
        f"**Attachment:** [[ {issue.attachments[0].home} | the log ]] {{F2}}\n"
        in (comment_.fields["text"])
    )
    assert (
        f"- [[ {server.url}/F2 | the log ]], from <"
        in seen.objects[issue.key].fields["description"]
    )
    assert not seen.ours
    assert not seen.doubled


def test_a_large_file_arrives_in_pieces(
    mover: Mover, shelf: Shelf, server: ManiphestStandIn, as_user: Callable[[str], Conduit]
) -> None:
    issue = told_of(shelf.file(LARGE))
    done = mover.move(issue)
    assert "file.contents" in [step.kind for step in done]
    assert server.requests["write:file.uploadchunk"] == 3
    phid = mover.places.refs[FILE][1].id
    assert bytes_of(as_user("importbot"), phid) == LARGE
    seen = mover.sink.read(mover.own(issue))
    assert seen.objects[FILLED].fields == {"file": phid, "size": len(LARGE)}


def test_a_file_that_the_server_wants_whole_goes_whole(
    mover: Mover, shelf: Shelf, server: ManiphestStandIn, as_user: Callable[[str], Conduit]
) -> None:
    data = LARGE[: 5 * MIB]
    issue = told_of(shelf.file(data))
    mover.move(issue)
    assert server.requests["write:file.upload"] == 1
    assert not server.requests["write:file.uploadchunk"]
    assert bytes_of(as_user("importbot"), mover.places.refs[FILE][1].id) == data
    assert FILLED in mover.sink.read(mover.own(issue)).objects


def test_a_half_filled_file_of_the_same_name_is_left_alone(
    mover: Mover, shelf: Shelf, as_user: Callable[[str], Conduit]
) -> None:
    """The server would go on with it, whatever its policy is, if it were asked without a hash."""
    known = {"name": "nova.log", "contentLength": len(LARGE)}
    half = as_user("importbot").write("file.allocate", **known, viewPolicy="public")
    again = as_user("importbot").write("file.allocate", **known, viewPolicy="no-one")
    assert half == again
    mover.decisions.shown_to = CLOSED
    mover.decisions.there = {FILE: FILE}
    mover.move(told_of(shelf.file(LARGE)))
    assert mover.places.refs[FILE][1].id != half["filePHID"]


def test_bytes_that_are_not_there_are_refused(mover: Mover, shelf: Shelf) -> None:
    issue = told_of(shelf.file(b"log"))
    shelf.held.clear()
    with pytest.raises(Refused, match="not here"):
        mover.move(issue, "file.upload")


# -- lost replies -----------------------------------------------------------------------------


def step_of(mover: Mover, issue: Issue, kind: str) -> ClosedStep:
    step = next(one for one in mover.steps(issue) if one.kind == kind)
    return mover.close(step, issue)


@pytest.mark.parametrize("kind", ["file.upload", "file.allocate"])
def test_an_upload_whose_reply_was_lost_is_found(
    mover: Mover, shelf: Shelf, server: ManiphestStandIn, kind: str
) -> None:
    issue = told_of(shelf.file(b"log" if kind == "file.upload" else LARGE))
    step = step_of(mover, issue, kind)
    mark = mover.sink.mark(step)
    assert mover.sink.find(step, mark) is None
    server.faults.append(Fault("lose", path=kind))
    with pytest.raises(Doubtful):
        mover.sink.send(step)
    found = mover.sink.find(step, mark)
    assert found is not None
    assert found.refs[FILE].number == "F2"
    assert len(files_there(server)) == 1 + 1  # the server brings one


def test_what_was_there_before_or_is_another_ones_is_not_found(
    mover: Mover, shelf: Shelf, server: ManiphestStandIn, as_user: Callable[[str], Conduit]
) -> None:
    issue = told_of(shelf.file(b"log"))
    step = step_of(mover, issue, "file.upload")
    same = {
        "name": "nova.log",
        "viewPolicy": "public",
        "data_base64": base64.b64encode(b"log").decode(),
    }
    as_user("importbot").write("file.upload", **same)
    mark = mover.sink.mark(step)
    as_user("alice").write("file.upload", **same)
    as_user("importbot").write("file.upload", **{**same, "viewPolicy": "users"})
    as_user("importbot").write("file.upload", **{**same, "data_base64": "bG9X"})
    assert mover.sink.find(step, mark) is None
    as_user("importbot").write("file.upload", **same)
    found = mover.sink.find(step, mark)
    assert found is not None
    assert found.refs[FILE].number == "F6"


def test_two_files_that_are_alike_are_not_mistaken(mover: Mover, shelf: Shelf) -> None:
    issue = told_of(shelf.file(b"log"))
    second = attached(7, 46, issue.attachments[0].file)
    issue = msgspec.structs.replace(issue, attachments=(*issue.attachments, second))
    one, other = [mover.close(s, issue) for s in mover.steps(issue) if s.kind == "file.upload"]
    mark = mover.sink.mark(one)
    assert mover.sink.lanes(one) == mover.sink.lanes(other)
    mover.note(one, mover.sink.send(one))
    assert mover.sink.find(other, mark) is None
    found = mover.sink.find(one, mark)
    assert found is not None
    assert found.refs[FILE] == mover.places.refs[FILE][1]


def test_a_piece_whose_reply_was_lost_is_not_sent_again(
    mover: Mover, shelf: Shelf, server: ManiphestStandIn, as_user: Callable[[str], Conduit]
) -> None:
    issue = told_of(shelf.file(LARGE))
    mover.move(issue, "file.allocate")
    step = step_of(mover, issue, "file.contents")
    server.faults.append(Fault("lose", path="file.uploadchunk", skip=1))
    server.faults.append(Fault("drop", path="file.uploadchunk", skip=1))
    mover.note(step, mover.sink.send(step))
    assert server.requests["write:file.uploadchunk"] == 4  # three, and one that was dropped
    assert bytes_of(as_user("importbot"), mover.places.refs[FILE][1].id) == LARGE


def test_a_transfer_goes_on_where_it_was(
    mover: Mover, shelf: Shelf, server: ManiphestStandIn
) -> None:
    issue = told_of(shelf.file(LARGE))
    mover.move(issue, "file.allocate")
    step = step_of(mover, issue, "file.contents")
    assert mover.sink.resend_safe(step)
    server.faults.append(Fault("drop", path="file.uploadchunk", skip=1, times=9))
    with pytest.raises(Doubtful):
        mover.sink.send(step)
    assert mover.sink.find(step, {}) is None
    server.faults.clear()
    sent = server.requests["write:file.uploadchunk"]
    mover.sink.send(step)
    assert server.requests["write:file.uploadchunk"] == sent + 2
    assert mover.sink.find(step, {}) is not None


# -- known again, seen from outside -----------------------------------------------------------


def test_a_file_is_known_again_by_the_text_that_shows_it(mover: Mover, shelf: Shelf) -> None:
    large = attached(7, 46, shelf.file(LARGE, "core"), comment=None)
    issue = told_of(shelf.file(b"log"))
    issue = msgspec.structs.replace(issue, attachments=(*issue.attachments, large))
    mover.move(issue)
    known = mover.own(issue)
    lost_keys = {one for one, (kind, _) in known.items() if kind in ("file", "contents")}
    assert len(lost_keys) == 3
    seen = mover.sink.read({one: at for one, at in known.items() if one not in lost_keys})
    assert {one: at for one, at in seen.ours.items() if one in lost_keys} == {
        one: at for one, (_, at) in known.items() if one in lost_keys
    }
    assert not seen.doubled


def test_a_strangers_file_in_our_text_is_not_ours(
    mover: Mover, shelf: Shelf, as_user: Callable[[str], Conduit]
) -> None:
    issue = told_of(shelf.file(b"log"))
    mover.move(issue)
    (theirs,) = (as_user("alice").write("file.upload", name="x", data_base64="eA=="),)
    number = as_user("alice").read("file.info", phid=theirs)["id"]
    task = mover.places.refs[issue.key][1].id
    text = f"- [[ https://x/F{number} | the log ]], from <{issue.attachments[0].home}>"
    as_user("alice").write(
        "maniphest.edit",
        objectIdentifier=task,
        transactions=[{"type": "description", "value": text}],
    )
    bare = {of: at for of, at in mover.own(issue).items() if at[0] == "task"}
    assert mover.sink.read(bare).ours.get(FILE) == mover.places.refs[FILE][1]  # by the comment
    assert dict(shown.in_list(text)) == {issue.attachments[0].home: int(number)}


def test_imported_text_makes_no_entry() -> None:
    forged = "**Attachment:** [[ https://x/+attachment/45 | a ]] {F9}"
    said = f"//[[ https://x | LP #7 comment 1 ]]//\n\n```lang=text\n{forged}\n```"
    assert not list(shown.in_comment(said))
    noted = f"//[[ https://x | LP #7 comment 1 ]]//\n\n**Subject:** s\n{forged}\n\ntext\n{forged}"
    assert list(shown.in_comment(noted)) == [("https://x/+attachment/45", 9)]


@pytest.mark.parametrize("thorough", [False, True])
def test_an_outsider_who_can_have_a_file_is_noticed(
    opened: Opener, server: ManiphestStandIn, thorough: bool
) -> None:
    sink, shelf = opened(outsider="carol"), Shelf()
    mover = Mover(sink, Told())
    sink.check(mover.decisions)
    sink.lend(shelf)
    mover.decisions.shown_to = CLOSED
    mover.decisions.there = {FILE: FILE}
    issue = told_of(shelf.file(b"log"))
    mover.move(issue)
    assert not sink.readable_by_outsider(mover.own(issue), thorough=thorough)
    server.store.run("UPDATE file SET view = 'users'")
    assert sink.readable_by_outsider(mover.own(issue), thorough=thorough) == [FILE]


def test_what_we_uploaded_is_told_with_what_it_is_known_by(mover: Mover, shelf: Shelf) -> None:
    mover.move(told_of(shelf.file(b"log")))
    assert mover.sink.watch is not None
    mine = [one for page in mover.sink.watch.since({}) for one in page.mine if "file" in one.kinds]
    assert [(one.made, one.at.id) for one in mine] == [(True, mover.places.refs[FILE][1].id)]
    (seen,) = mover.sink.watch.look(mine)
    assert seen.fields == {"name": "nova.log", "size": 3}
    assert mover.sink.watch.whose(seen) == "ours"


def test_no_message_or_place_holds_a_files_open_address(
    mover: Mover, shelf: Shelf, server: ManiphestStandIn
) -> None:
    """Whoever knows it needs no account."""
    issue = told_of(shelf.file(b"log"))
    done = mover.move(issue)
    told = repr((done, mover.places.refs, mover.places.fields, mover.sink.read(mover.own(issue))))
    for secret in server.store.column("SELECT secret FROM file"):
        assert secret not in told
    assert "/file/data/" not in told
