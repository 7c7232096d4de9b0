"""Attachments at StoryBoard: into a folder, before the texts that show them, and as closed as their
story; what stays at the source is said, with the reason."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import pytest

from tests.backends.storyboard import servers
from tests.backends.storyboard.acts import ME, SECRET, private, renumbered
from tests.backends.storyboard.example import BUG, WEB, Decided, Run, bug, comment
from tests.files.folder_server import FolderServer
from tracker_migrate.backends.storyboard import open_planner, open_sink
from tracker_migrate.backends.storyboard.sink import StoryBoardSink
from tracker_migrate.errors import Postponed, Refused, UsageError
from tracker_migrate.interfaces import CLOSED, Action, Audience, Ref, TakesFiles, Text, Wanted
from tracker_migrate.model import Attachment, File, Issue, Key, key, present_fields
from tracker_migrate.testing.loopback import StandIn, serving

LOG, PATCH = b"it never gets up\n" * 400, b"--- a\n+++ b\n"
FOLDER = {"folder": "/srv/files", "address": "https://files.example.org/bugs"}
BOTH = {**FOLDER, "private_folder": "/srv/closed", "private_address": "https://closed.example.org"}
HIDDEN = Audience(name="importer")


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Lent:
    """`interfaces.Files`: what the archive has."""

    def __init__(self, *bodies: bytes) -> None:
        self.bodies = {sha256(body): body for body in bodies}

    def open(self, sha256: str) -> BinaryIO:
        if sha256 not in self.bodies:
            raise Refused("the archive has lost the bytes")
        return io.BytesIO(self.bodies[sha256])


def attachment(number: int, body: bytes = LOG, **changes: Any) -> Attachment:
    held: dict[str, Any] = {
        "key": key("launchpad", "attachment", f"1316547/{number}"),
        "title": f"the log [{number}]",
        "home": f"{WEB}/bugs/1316547/+attachment/{number}",
        "comment": 1,
        "file": File(
            state="held",
            name="nova compute.log",
            type="text/plain",
            size=len(body),
            sha256=sha256(body),
        ),
    }
    return Attachment(**(held | changes))


def filed(*attachments: Attachment, **changes: Any) -> Issue:
    return bug(attachments=attachments or (attachment(9),), **changes)


def decided(files: Mapping[str, Any] | None = None, readers: Audience | None = None) -> Decided:
    made = Decided(me=ME)
    made.options = {"files": files} if files is not None else {}
    made.readers = readers or made.readers
    return made


def wanted(issue: Issue, decisions: Decided) -> list[Wanted]:
    return list(open_planner(decisions.options).wanted(issue, decisions))


def kept(issue: Issue, decisions: Decided) -> dict[Key, Wanted]:
    return {one.key: one for one in wanted(issue, decisions) if one.kind == "file"}


def said(text: Any) -> str:
    """A text as it reads where every reference leads to its home."""
    assert isinstance(text, Text)
    return "".join(
        f"[{part.label}]({part.home})"
        if isinstance(part, Ref)
        else str(getattr(part, "text", part))
        for part in text.parts
    )


def texts(issue: Issue, decisions: Decided) -> dict[str, str]:
    """The description, and the first comment."""
    found = {one.kind: one.fields for one in reversed(wanted(issue, decisions))}
    return {
        "story": said(found["story"]["description"]),
        "comment": said(found["comment"]["content"]),
    }


def file_losses(issue: Issue, decisions: Decided) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for loss in open_planner(decisions.options).losses(issue, decisions):
        if (loss.entity, loss.field) == ("attachment", "file"):
            found[loss.outcome, loss.reason] += loss.count
    return found


# -- what is planned -------------------------------------------------------------------------------


def test_a_file_comes_before_the_texts_that_show_it() -> None:
    made = wanted(filed(), decided(FOLDER))
    kinds = [one.kind for one in made]
    assert kinds.index("file") < kinds.index("story") < kinds.index("comment")
    (file,) = (one for one in made if one.kind == "file")
    assert file.fields == {
        "name": "nova compute.log",
        "type": "text/plain",
        "size": len(LOG),
        "sha256": sha256(LOG),
        "where": "public",
    }
    assert (file.issue, file.marker) == (BUG, f"{WEB}/bugs/1316547/+attachment/9")
    behind = {one.kind for one in made if file.key in one.after}
    assert behind == {"story", "comment"}


def test_texts_lead_to_the_file_and_to_the_source() -> None:
    told = texts(filed(), decided(FOLDER))
    for text in told.values():
        assert (
            r"[the log [9]](https://bugs.launchpad.net/bugs/1316547/+attachment/9) (6.8 kB;" in text
        )
        assert "[at Launchpad](https://bugs.launchpad.net/bugs/1316547/+attachment/9)" in text


def test_without_a_folder_texts_are_as_they_were_and_the_bytes_are_lost() -> None:
    bare = attachment(9, file=None)
    assert texts(filed(), decided()) == texts(filed(bare), decided())
    assert kept(filed(), decided()) == {}
    ((outcome, reason),) = file_losses(filed(), decided())
    assert outcome == "lost"
    assert "[targets.NAME.files]" in reason


@pytest.mark.parametrize("state", ["missing", "corrupt", "over", "withheld"])
@pytest.mark.parametrize("files", [FOLDER, None])
def test_a_file_that_is_not_here_leaves_a_note(state: Any, files: Any) -> None:
    issue = filed(attachment(9, file=File(state=state)))
    assert kept(issue, decided(files)) == {}
    for text in texts(issue, decided(files)).values():
        assert "not moved: " in text
        assert "/bugs/1316547/+attachment/9" in text
    ((outcome, reason),) = file_losses(issue, decided(files))
    assert (outcome, bool(reason)) == ("lost", True)


def test_an_empty_file_is_moved_too() -> None:
    issue = filed(attachment(9, b""))
    assert len(kept(issue, decided(FOLDER))) == 1
    assert file_losses(issue, decided(FOLDER)) == {("native", ""): 1}


def test_over_the_issues_share_a_file_stays_where_it_is_and_the_order_decides() -> None:
    files = {**FOLDER, "per_issue": "2 kB"}
    issue = filed(attachment(1, b"x" * 1500), attachment(2, b"y" * 1000), attachment(3, b"z" * 500))
    assert [one.rpartition("/")[2] for one in kept(issue, decided(files))] == ["1", "3"]
    assert "the files here are larger together" in texts(issue, decided(files))["comment"]
    losses = file_losses(issue, decided(files))
    assert losses["native", ""] == 2
    assert losses["lost", "the issue's files are larger together than files.per_issue"] == 1


@pytest.mark.parametrize(("files", "where"), [(BOTH, "private"), (FOLDER, None), (None, None)])
def test_a_private_issues_file_goes_to_the_private_folder_or_stays(files: Any, where: Any) -> None:
    decisions = decided(files, SECRET)
    found = [one.fields["where"] for one in kept(private(filed()), decisions).values()]
    assert found == ([where] if where else [])
    told = texts(private(filed()), decisions)["comment"]
    assert ("for those who get at private files" in told) is (files is BOTH)
    assert ("not moved: it is private" in told) is (files is FOLDER)
    outcomes = {outcome for outcome, _ in file_losses(private(filed()), decisions)}
    assert outcomes == ({"native"} if where else {"lost"})


@pytest.mark.parametrize(("readers", "where"), [(SECRET, "withheld"), (HIDDEN, "closed")])
def test_what_was_public_and_stands_there_has_to_go(readers: Audience, where: str) -> None:
    decisions = decided(FOLDER, readers)
    issue = private(filed())
    assert kept(issue, decisions) == {}
    decisions.there = {attachment(9).key: attachment(9).key}
    (file,) = kept(issue, decisions).values()
    assert (file.fields["where"], file.audience) == (where, readers.name)
    assert open_planner(decisions.options).access("file", readers) == {"where": where}


@pytest.mark.parametrize("gone", [(), (attachment(9, file=File(state="withheld")),)])
def test_what_the_source_hides_or_takes_away_goes(gone: Any) -> None:
    decisions = decided(FOLDER)
    decisions.there = {of: of for of in (BUG, attachment(9).key)}
    (file,) = kept(bug(attachments=gone), decisions).values()
    assert (file.key, file.fields) == (attachment(9).key, {"where": "withheld"})
    assert kept(bug(attachments=gone), decided(FOLDER)) == {}


@pytest.mark.parametrize("files", [{**FOLDER, "per_issue": 1}, FOLDER])
def test_what_stands_there_stays(files: Any) -> None:
    """Though less may be moved by now, or the archive has lost it."""
    decisions = decided(files)
    lost = File(state="missing") if files is FOLDER else attachment(9).file
    issue = filed(attachment(9, file=lost))
    assert kept(issue, decisions) == {}
    decisions.there = {attachment(9).key: attachment(9).key}
    (file,) = kept(issue, decisions).values()
    assert file.fields["where"] == "public"
    assert file_losses(issue, decisions) == {("native", ""): 1}
    assert "[at Launchpad]" in texts(issue, decisions)["comment"]


def test_an_issue_that_is_hidden_for_now_keeps_its_texts() -> None:
    """A comment can't be edited: to show it again must not need that."""

    class Hiding(Decided):
        def audience(self, issue: Issue) -> Audience:
            return CLOSED

    hiding = Hiding(me=ME)
    hiding.options = {"files": FOLDER}
    assert texts(filed(), hiding) == texts(filed(), decided(FOLDER))
    assert {outcome for outcome, _ in file_losses(filed(), hiding)} == {"lost"}


@pytest.mark.parametrize("files", [None, FOLDER, {**FOLDER, "per_issue": 0}, BOTH])
@pytest.mark.parametrize("closed", [False, True])
def test_losses_add_up(files: Any, closed: bool) -> None:
    states: Any = ("missing", "corrupt", "over", "withheld")
    gone = [attachment(10 + n, file=File(state=one)) for n, one in enumerate(states)]
    issue = filed(attachment(1), *gone, attachment(2, file=None, url="https://example.org"))
    issue = private(issue) if closed else issue
    decisions = decided(files, SECRET)
    told: Counter[tuple[str, str]] = Counter()
    for loss in open_planner(decisions.options).losses(issue, decisions):
        told[loss.entity, loss.field] += loss.count
        assert loss.outcome != "lost" or loss.reason
    assert told == Counter(present_fields(issue))


def test_what_closes_a_file_goes_first_and_what_opens_one_last() -> None:
    planner = open_planner({"files": FOLDER})
    made = wanted(filed(comments=(comment(1),)), decided(FOLDER))
    story, file = (next(one for one in made if one.kind == kind) for kind in ("story", "file"))
    words = Action(op="update", wanted=story, fields=("description",))
    for where, kinds in (("withheld", ["file", "story"]), ("public", ["story", "file"])):
        moved = msgspec.structs.replace(file, fields={**file.fields, "where": where})
        actions = [words, Action(op="update", wanted=moved, fields=("where",))]
        assert [step.kind.partition(".")[0] for step in planner.compose(actions)] == kinds


# -- the settings ----------------------------------------------------------------------------------


def test_all_mistakes_in_the_table_are_told_at_once() -> None:
    files = {"folder": "here", "address": "ftp://x", "per_issue": "much", "colour": "red"}
    with pytest.raises(UsageError) as caught:
        open_planner({"files": files, "timeout": -1})
    told = str(caught.value)
    for path in ("folder", "address", "per_issue", "colour"):
        assert f"options.files.{path}: " in told
    assert "options.timeout" in told


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"private_folder": "/srv/closed"}, "need one another"),
        ({"private_address": "https://closed.example.org"}, "need one another"),
        ({**BOTH, "private_folder": "/srv/files"}, "must be apart"),
        ({**BOTH, "private_folder": "/srv/files/closed"}, "must be apart"),
        ({**BOTH, "private_folder": "/srv"}, "must be apart"),
        ({**BOTH, "private_address": FOLDER["address"]}, "must differ"),
    ],
)
def test_folders_are_apart_and_have_an_address_each(changes: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_planner({"files": {**FOLDER, **changes}})


def test_bytes_may_be_written_as_people_do() -> None:
    for many in (3_000_000, "3 MB", "3000kB"):
        open_planner({"files": {**FOLDER, "per_issue": many, "per_run": many}})


# -- what is sent ----------------------------------------------------------------------------------


class Place:
    """Two folders, a web server at each, and a sink that writes into them."""

    def __init__(self, server: StandIn, public: FolderServer, closed: FolderServer) -> None:
        self.public, self.closed = public, closed
        self.server = server
        self.files: dict[str, Any] = {
            "folder": str(public.folder),
            "address": public.url,
            "private_folder": str(closed.folder),
            "private_address": closed.url,
        }
        self.lent = Lent(LOG, PATCH)

    def run(self, **changes: Any) -> Run:
        """A run of its own, as a process that starts now has it."""
        self.files |= changes
        files = {name: value for name, value in self.files.items() if value is not None}
        sink = open_sink(self.server.url, {**servers.OPTIONS, "files": files}, servers.SUPER)
        assert isinstance(sink, TakesFiles)
        sink.lend(self.lent)
        made = Run(sink, decided(files))
        sink.check(made.decisions)
        return made

    def there(self, folder: FolderServer) -> list[bytes]:
        found = folder.folder.glob("??/*/*")
        return sorted(one.read_bytes() for one in found if one.is_file())


@pytest.fixture
def place(tmp_path: Path, server: StandIn) -> Iterator[Place]:
    for name in ("public", "closed"):
        (tmp_path / name).mkdir()
    public, closed = (
        FolderServer(tmp_path / "public"),
        FolderServer(tmp_path / "closed", login=True),
    )
    with serving(public), serving(closed):
        yield Place(server, public, closed)


def sent(run: Run, issue: Issue) -> Issue:
    run.write(issue)
    return issue


def file_of(run: Run) -> Key:
    return next(of for of, (kind, _) in run.refs.items() if kind == "file")


def set_where(run: Run, where: str, audience: str = "security") -> Any:
    """The step that only says who may read, as the engine closes and opens."""
    of = file_of(run)
    fields = {"where": where}
    one = Wanted(key=of, kind="file", issue=BUG, fields=fields, audience=audience)
    step = run.update(one, "where")
    assert run.sink.resend_safe(step)
    run.send(step)
    return step


def test_a_file_is_in_the_folder_and_texts_show_its_address(place: Place) -> None:
    run = place.run()
    sent(run, renumbered(filed()))
    of = file_of(run)
    at = run.refs[of][1]
    assert place.there(place.public) == [LOG]
    assert at.url.startswith(f"{place.public.url}/")
    assert at.url.endswith("/nova_compute.log")
    seen = run.sink.read(run.issue_refs())
    assert seen.objects[of].fields == {"where": "public", "size": len(LOG), "sha256": sha256(LOG)}
    shown = [
        one.fields.get("content") or one.fields.get("description") for one in seen.objects.values()
    ]
    assert sum(f"({at.url})" in (text or "") for text in shown) == 2


def test_what_was_sent_is_found_and_a_second_send_writes_nothing(place: Place) -> None:
    run = place.run()
    step = next(one for one in run.steps(renumbered(filed())) if one.kind == "file.create")
    assert run.sink.find(step, {}) is None
    receipt = run.sink.send(step)
    fresh = place.run()
    assert fresh.sink.find(step, {}) == receipt
    place.lent.bodies.clear()
    assert fresh.sink.resend_safe(step)


def test_bytes_that_the_archive_has_lost_are_refused(place: Place) -> None:
    place.lent.bodies.clear()
    run = place.run()
    with pytest.raises(Refused, match="lost the bytes"):
        sent(run, renumbered(filed()))
    assert place.there(place.public) == []


def test_what_somebody_took_away_or_changed_is_seen(place: Place) -> None:
    run = place.run()
    sent(run, renumbered(filed()))
    of = file_of(run)
    (path,) = place.public.folder.glob("??/*/*")
    path.write_bytes(b"somebody's")
    assert run.sink.read(run.issue_refs()).objects[of].fields["sha256"] == sha256(b"somebody's")
    path.unlink()
    assert of not in run.sink.read(run.issue_refs()).objects


def test_a_private_file_is_in_the_private_folder_alone(place: Place) -> None:
    run = place.run()
    run.decisions.readers = SECRET
    sent(run, private(renumbered(filed())))
    assert (place.there(place.public), place.there(place.closed)) == ([], [LOG])
    found = run.sink.readable_by_outsider(run.issue_refs(), thorough=True)
    assert file_of(run) not in found
    assert servers.REAL or found == [], "but for the search of a real server"


@pytest.mark.parametrize("where", ["private", "withheld", "closed"])
def test_what_becomes_private_is_out_of_the_public_folder_at_once(place: Place, where: str) -> None:
    run = place.run()
    sent(run, renumbered(filed()))
    before = run.refs[file_of(run)][1]
    step = set_where(run, where)
    assert place.there(place.public) == []
    assert place.there(place.closed) == ([LOG] if where == "private" else [])
    found = run.sink.find(step, {})
    assert found is not None
    assert found.refs == {file_of(run): run.refs[file_of(run)][1]}
    seen = run.sink.read(run.issue_refs()).objects[file_of(run)]
    assert seen.fields["where"] == where
    assert run.sink.readable_by_outsider({file_of(run): ("file", before)}) == []


@pytest.mark.parametrize("where", ["private", "withheld", "closed"])
def test_what_becomes_public_again_has_its_old_address(place: Place, where: str) -> None:
    run = place.run()
    sent(run, renumbered(filed()))
    before = run.refs[file_of(run)][1]
    set_where(run, where)
    set_where(run, "public", "public")
    assert run.refs[file_of(run)][1] == before
    assert (place.there(place.public), place.there(place.closed)) == ([LOG], [])


def test_to_move_it_the_archive_is_not_needed(place: Place) -> None:
    run = place.run()
    sent(run, renumbered(filed()))
    place.lent.bodies.clear()
    set_where(run, "private")
    set_where(run, "public", "public")
    assert place.there(place.public) == [LOG]


def test_a_closing_that_was_cut_off_is_gone_on_with(place: Place) -> None:
    """The file is out of the public folder, and not yet in the other one."""
    run = place.run()
    sent(run, renumbered(filed()))
    of, (_, at) = file_of(run), run.refs[file_of(run)]
    one = Wanted(key=of, kind="file", issue=BUG, fields={"where": "private"}, audience="security")
    step = run.update(one, "where")
    (path,) = place.public.folder.glob("??/*/*")
    path.unlink()
    assert run.sink.find(step, {}) is None
    run.send(step)
    assert place.there(place.closed) == [LOG]
    assert at != run.refs[of][1]


@pytest.mark.parametrize("leak", ["folder", "login", "copy"])
def test_what_an_outsider_gets_is_exposed(place: Place, leak: str) -> None:
    run = place.run()
    sent(run, renumbered(filed()))
    public = run.refs[file_of(run)][1]
    path = next(place.public.folder.glob("??/*/*")).relative_to(place.public.folder)
    set_where(run, "private")
    if leak == "login":
        place.closed.manners.login = False
    elif leak == "folder":
        (place.public.folder / path).parent.mkdir(exist_ok=True)
        (place.public.folder / path).write_bytes(LOG)
    else:  # somewhere before the folder, such as in a cache
        place.public.kept[public.url.removeprefix(f"{place.public.url}/")] = LOG
    refs = {file_of(run): run.refs[file_of(run)]}
    assert run.sink.readable_by_outsider(refs) == [file_of(run)]


def test_on_a_closed_network_a_login_is_not_asked_for(place: Place) -> None:
    place.closed.manners.login = False
    with pytest.raises(UsageError, match="without a login"):
        place.run()
    run = place.run(private_guard="network")
    run.decisions.readers = SECRET
    sent(run, private(renumbered(filed())))
    assert run.sink.readable_by_outsider(run.issue_refs()) == []


def test_a_run_moves_so_many_bytes_and_the_next_one_goes_on(place: Place) -> None:
    issue = renumbered(filed(attachment(1), attachment(2, PATCH)))
    run = place.run(per_run=len(LOG))
    with pytest.raises(Postponed, match="the next one goes on"):
        run.write(issue)
    assert place.there(place.public) == [LOG]
    again = place.run()
    again.write(issue)
    assert len(place.there(place.public)) == 2, "what is there already does not count"


def test_a_file_that_is_larger_than_a_runs_share_goes_alone(place: Place) -> None:
    run = place.run(per_run=1)
    sent(run, renumbered(filed()))
    assert place.there(place.public) == [LOG]


def test_all_files_are_told_and_no_name_of_one(place: Place) -> None:
    run = place.run()
    sent(run, renumbered(filed()))
    (mine,) = (one for one in run.sink.made() if one.kinds == ("file",))
    assert mine.at.id == run.refs[file_of(run)][1].id
    assert "compute" not in mine.at.number + mine.at.url


# -- the check -------------------------------------------------------------------------------------


def test_the_check_tells_where_files_go(place: Place) -> None:
    run = place.run()
    facts = run.sink.check(run.decisions)
    assert facts["files"] == place.public.url
    assert facts["private files"] == f"{place.closed.url} (answers 401 without a login)"


def test_the_trackers_own_host_is_refused(place: Place) -> None:
    with pytest.raises(UsageError, match="on the tracker's own host"):
        place.run(address=f"{place.server.url}/files")


def test_all_mistakes_of_both_folders_are_told_at_once(place: Place) -> None:
    place.public.manners.headers = {}
    place.closed.manners.login = False
    with pytest.raises(UsageError) as caught:
        place.run()
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith("options.files: ") for line in lines)


def test_two_names_of_one_folder_are_refused(place: Place, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(place.public.folder)
    with pytest.raises(UsageError, match="lead to one place"):
        place.run(private_folder=str(tmp_path / "link"))


def test_a_folder_of_another_target_is_refused(place: Place) -> None:
    place.run()
    with servers.storyboard() as other:
        place.server = other
        with pytest.raises(UsageError, match="each target needs a folder of its own"):
            place.run()


def test_without_the_table_the_sink_writes_no_file(server: StandIn) -> None:
    sink = open_sink(server.url, servers.OPTIONS, servers.SUPER)
    assert isinstance(sink, StoryBoardSink)
    assert "files" not in sink.check(Decided(me=ME))
    run = Run(sink, Decided(me=ME))
    sent(run, renumbered(filed()))
    assert "file" not in {kind for kind, _ in run.refs.values()}
