"""The sink on a stand-in: what it writes, how it settles doubt, what it reads back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from tests.backends.maniphest.closed import closed_project, phid, rows
from tests.backends.maniphest.helpers import (
    STATES,
    WEB,
    Mover,
    Told,
    bug,
    by_kind,
    comment,
    depends_on,
    task,
)
from tracker_migrate.backends.maniphest import lookups
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.sink import ManiphestSink
from tracker_migrate.backends.maniphest.standin import ManiphestStandIn
from tracker_migrate.backends.maniphest.standin.xactions import Xaction, new_group
from tracker_migrate.errors import (
    Doubtful,
    Gone,
    LoginNeeded,
    Refused,
    UsageError,
    WrongTracker,
)
from tracker_migrate.interfaces import (
    Account,
    Audience,
    ClosedStep,
    Ref,
    RemoteRef,
    Sink,
)
from tracker_migrate.model import Issue, Milestone, key
from tracker_migrate.retries import Reads
from tracker_migrate.testing.loopback import Fault, Request

Opener = Callable[..., ManiphestSink]
AsUser = Callable[[str], Conduit]

FULL = bug(
    7,
    tasks=(task(7, "nova", status="Fix Released"), task(7, "nova/kilo"), task(7, "glance")),
    tags=("api",),
    comments=(comment(7, 1, "see @bob, T1 and {F1}"), comment(7, 2, "漢字 😀\n> quoted\n")),
    relations=(depends_on(3),),
)


def comments_of(client: Conduit, task: str) -> list[str]:
    found = client.read("transaction.search", objectIdentifier=task)["data"]
    return [one["comments"][0]["content"]["raw"] for one in found if one["type"] == "comment"][::-1]


def recorder(server: ManiphestStandIn, method: str) -> list[dict[str, Any]]:
    """The parameters of each call of a method from now on."""
    asked: list[dict[str, Any]] = []

    def note(request: Request) -> None:
        if request.path.endswith(method):
            asked.append(json.loads(parse_qs(request.body.decode())["params"][0]))

    server.on_request = note
    return asked


def only(steps: list[ClosedStep], kind: str) -> ClosedStep:
    (one,) = [step for step in steps if step.kind == kind]
    return one


def closed(mover: Mover, issue: Issue, kind: str) -> ClosedStep:
    """A step of an issue, ready to be sent, after those before it were sent."""
    for step in mover.steps(issue):
        ready = mover.close(step, issue)
        if step.kind == kind:
            return ready
        mover.note(ready, mover.sink.send(ready))
    raise AssertionError(f"no {kind}")


# -- a whole issue ------------------------------------------------------------------------------


def test_it_is_a_sink(mover: Mover) -> None:
    assert isinstance(mover.sink, Sink)


def test_a_whole_issue_reads_back_as_it_was_sent(mover: Mover) -> None:
    mover.decisions.moving = {key("launchpad", "bug", 3)}
    mover.decisions.uses = {"api": 10}
    mover.move(bug(3))
    mover.move(FULL)
    refs = mover.own(FULL)
    snapshot = mover.sink.read(refs)
    assert set(snapshot.objects) == set(refs)
    for one, observed in snapshot.objects.items():
        assert observed.fields == {name: mover.places.fields[one][name] for name in observed.fields}
        assert set(observed.fields) == set(mover.places.fields[one])
    assert (snapshot.ours, snapshot.doubled, snapshot.foreign) == ({}, (), 0)


@pytest.mark.parametrize("who", ["importbot", "alice"])
def test_history_recalls_what_reading_gives(mover: Mover, as_user: AsUser, who: str) -> None:
    """By value, whoever changed it: somebody may use the importer's own account."""
    mover.move(FULL)
    assert isinstance(mover.sink, ManiphestSink)
    refs = {FULL.key: mover.own(FULL)[FULL.key]}
    before = mover.sink.recalled(refs, mover.sink.moment(refs))[FULL.key]
    changes = {"title": "Worse", "description": "Changed", "priority": "low"}
    transactions = [{"type": name, "value": value} for name, value in changes.items()]
    as_user(who).write(
        "maniphest.edit", objectIdentifier=refs[FULL.key][1].id, transactions=transactions
    )
    recalled = mover.sink.recalled(refs, mover.sink.moment(refs))[FULL.key]
    read = mover.sink.read(mover.own(FULL)).objects[FULL.key].fields
    assert {**read, **recalled} == read
    assert recalled.items() >= changes.items()
    assert before["title"] != "Worse"


def test_a_status_that_a_merge_has_set_is_not_recalled_as_it_was_before(
    mover: Mover, server: ManiphestStandIn, as_user: AsUser
) -> None:
    """Closing as a duplicate, on the web pages, leaves no row about the status."""
    mover.move(FULL)
    assert isinstance(mover.sink, ManiphestSink)
    refs = {FULL.key: mover.own(FULL)[FULL.key]}
    change: dict[str, Any] = {"objectIdentifier": refs[FULL.key][1].id}
    change["transactions"] = [{"type": "status", "value": "resolved"}]
    as_user("importbot").write("maniphest.edit", **change)
    assert "status" in mover.sink.recalled(refs, mover.sink.moment(refs))[FULL.key]
    merge(server, refs[FULL.key][1].id)
    recalled = mover.sink.recalled(refs, mover.sink.moment(refs))[FULL.key]
    read = mover.sink.read(mover.own(FULL)).objects[FULL.key].fields
    assert read["status"] == "duplicate"
    assert {**read, **recalled} == read


def merge(server: ManiphestStandIn, task: str) -> None:
    """Alice closes a task as a duplicate of another: no method of Conduit can."""
    with server.lock, server.store.atomic():
        site = server.site
        found, (alice,) = site.tasks.by_phid(task), site.people.by_names(["alice"])
        assert found is not None
        found.status = "duplicate"
        site.tasks.save(found)
        site.logs["TASK"].write([Xaction("mergedinto")], task, alice.phid, new_group())


def test_what_is_not_among_the_last_transactions_is_not_recalled(
    mover: Mover, as_user: AsUser
) -> None:
    mover.move(FULL)
    assert isinstance(mover.sink, ManiphestSink)
    (kind, at) = mover.own(FULL)[FULL.key]
    alice = as_user("alice")
    for number in range(50):
        said = [{"type": "comment", "value": f"another {number}"}]
        alice.write("maniphest.edit", objectIdentifier=at.id, transactions=said)
    refs = {FULL.key: (kind, at)}
    assert mover.sink.recalled(refs, mover.sink.moment(refs)) == {FULL.key: {}}


def test_a_second_run_writes_nothing(mover: Mover, server: ManiphestStandIn) -> None:
    mover.move(FULL)
    before = server.writes
    assert mover.move(FULL) == []
    mover.sink.read(mover.own(FULL))
    assert server.writes == before


def test_one_create_for_each_task_and_one_fill(mover: Mover, server: ManiphestStandIn) -> None:
    asked = recorder(server, "maniphest.edit")
    mover.move(FULL)
    assert len(asked) == 5  # the task, three subtasks, the fill
    assert sum("objectIdentifier" in one for one in asked) == 1


def test_the_importer_is_not_subscribed_and_owns_nothing(mover: Mover, as_user: AsUser) -> None:
    mover.move(FULL)
    for row in rows(as_user("admin")):
        assert row["fields"]["ownerPHID"] is None
        assert row["attachments"]["subscribers"]["subscriberPHIDs"] == []


def test_a_person_who_imports_is_not_subscribed_by_commenting(
    opened: Opener, as_user: AsUser
) -> None:
    mover = Mover(opened("alice"), Told())
    mover.move(bug(7, comments=(comment(7, 1, "text"),)))
    (row,) = rows(as_user("admin"))
    assert row["attachments"]["subscribers"]["subscriberPHIDs"] == []


def test_nobody_is_mentioned_by_imported_text(mover: Mover, as_user: AsUser) -> None:
    mover.decisions.moving = {key("launchpad", "bug", 3)}
    mover.move(bug(3))
    mover.move(FULL)
    admin = as_user("admin")
    phids = [row["phid"] for row in rows(admin)]
    found = admin.read("edge.search", sourcePHIDs=phids, types=["mention", "mentioned-in"])
    assert found["data"] == []


def test_a_milestone_alone_survives_with_its_project_as_parent(
    mover: Mover, as_user: AsUser
) -> None:
    aimed = key("launchpad", "milestone", "nova/+milestone/1.0")
    mover.decisions.milestones[aimed] = Milestone(
        key=aimed, project=key("launchpad", "project", "nova"), name="1.0", title="1.0", home=WEB
    )
    steps = mover.move(bug(7, tasks=(task(7, "nova", milestone=aimed),)))
    assert [step.kind for step in steps][:2] == ["project.create", "milestone.create"]
    (row,) = rows(as_user("admin"))
    (held,) = row["attachments"]["projects"]["projectPHIDs"]
    found = as_user("admin").read("project.search", constraints={"phids": [held]})["data"]
    assert found[0]["fields"]["parent"]["name"] == "nova"
    assert found[0]["fields"]["name"] == "1.0"


# -- doubt --------------------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["lose", "crash_after_commit"])
@pytest.mark.parametrize("kind", ["task.create", "subtask.create", "fill"])
def test_lost_reply_is_settled_by_looking(
    mover: Mover, server: ManiphestStandIn, as_user: AsUser, do: str, kind: str
) -> None:
    step = closed(mover, FULL, kind)
    mark = mover.sink.mark(step)
    server.faults.append(Fault(do, path="maniphest.edit"))
    with pytest.raises(Doubtful):
        mover.sink.send(step)
    before = server.writes
    receipt = mover.sink.find(step, mark)
    assert receipt is not None
    assert server.writes == before
    assert set(receipt.refs) == {action.key for action in step.actions}
    mover.note(step, receipt)
    if kind == "fill":
        assert len(comments_of(as_user("admin"), receipt.refs[FULL.comments[0].key].number)) == 2
    else:
        (row,) = [one for one in rows(as_user("admin")) if receipt.refs[step.actions[0].key].id
                  == one["phid"]]  # fmt: skip
        assert row["fields"]["custom.migrate.url"] == step.actions[0].marker


def test_a_task_without_its_row_in_the_index_is_found_by_walking(
    mover: Mover, server: ManiphestStandIn
) -> None:
    step = closed(mover, bug(), "task.create")
    mark = mover.sink.mark(step)
    server.faults.append(Fault("late_index", path="maniphest.edit"))
    sent = mover.sink.send(step)
    found = mover.sink.find(step, mark)
    assert found is not None
    assert found.refs == sent.refs


def test_without_a_marker_field_the_first_line_tells(
    opened: Opener, server: ManiphestStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = opened()
    monkeypatch.setattr(type(sink._server), "_marker", lambda self: None)
    mover = Mover(sink, Told())
    step = closed(mover, bug(), "task.create")
    mark = sink.mark(step)
    server.faults.append(Fault("lose", path="maniphest.edit"))
    with pytest.raises(Doubtful):
        sink.send(step)
    receipt = sink.find(step, mark)
    assert receipt is not None
    (wanted,) = by_kind(sink.planner.wanted(bug(), mover.decisions), "task")
    assert sink.lookup([wanted]) == receipt.refs


def test_what_was_not_written_is_not_found(mover: Mover, server: ManiphestStandIn) -> None:
    for kind in ("task.create", "subtask.create", "fill"):
        step = closed(mover, FULL, kind)
        mark = mover.sink.mark(step)
        server.faults.append(Fault("reset", path="maniphest.edit"))
        with pytest.raises(Doubtful):
            mover.sink.send(step)
        assert mover.sink.find(step, mark) is None
        mover.note(step, mover.sink.send(step))


def test_an_older_task_of_ours_is_not_this_create(mover: Mover) -> None:
    step = closed(mover, bug(), "task.create")
    mover.sink.send(step)
    later = mover.sink.mark(step)
    assert mover.sink.find(step, later) is None


def test_a_stranger_with_our_marker_is_not_adopted(mover: Mover, server: ManiphestStandIn) -> None:
    step = closed(mover, bug(), "task.create")
    mark = mover.sink.mark(step)
    server.faults += [Fault("stranger", path="maniphest.edit")]
    ours = mover.sink.send(step).refs[bug().key]
    found = mover.sink.find(step, mark)
    assert found is not None
    assert found.refs[bug().key] == ours
    (wanted,) = by_kind(mover.sink.planner.wanted(bug(), mover.decisions), "task")
    assert mover.sink.lookup([wanted]) == {bug().key: ours}


def test_a_stranger_alone_is_nobody(mover: Mover, as_user: AsUser) -> None:
    step = closed(mover, bug(), "task.create")
    mark = mover.sink.mark(step)
    for forged in (bug().home, bug().home.upper(), bug().home + " "):
        sent = [{"type": "title", "value": "x"}, {"type": "custom.migrate.url", "value": forged}]
        as_user("alice").write("maniphest.edit", transactions=sent)
    (wanted,) = by_kind(mover.sink.planner.wanted(bug(), mover.decisions), "task")
    assert mover.sink.find(step, mark) is None
    assert mover.sink.lookup([wanted]) == {}


def test_a_marker_that_only_folds_to_ours_is_another(mover: Mover, as_user: AsUser) -> None:
    """The server ignores case, accents and blanks at the end (facts 8, 14)."""
    sent = [
        {"type": "title", "value": "x"},
        {"type": "custom.migrate.url", "value": bug().home.upper()},
    ]
    as_user("importbot").write("maniphest.edit", transactions=sent)
    (wanted,) = by_kind(mover.sink.planner.wanted(bug(), mover.decisions), "task")
    assert mover.sink.lookup([wanted]) == {}


def test_a_strangers_comment_with_our_line_is_not_ours(
    mover: Mover, server: ManiphestStandIn, as_user: AsUser
) -> None:
    issue = bug(7, comments=(comment(7, 1, "text"),))
    step = closed(mover, issue, "fill")
    text = step.actions[0].fields["text"]
    where = step.actions[0].fields["task"]
    said = [{"type": "comment", "value": text}]
    as_user("alice").write("maniphest.edit", transactions=said, objectIdentifier=where)
    assert mover.sink.find(step, mover.sink.mark(step)) is None
    mover.note(step, mover.sink.send(step))
    assert mover.sink.read(mover.own(issue)).foreign == 1


def test_an_update_in_doubt_is_told_by_what_we_did_since(
    mover: Mover, server: ManiphestStandIn, as_user: AsUser
) -> None:
    mover.move(bug())
    (one,) = by_kind(mover.sink.planner.wanted(bug(title="New words"), mover.decisions), "task")
    (step,) = mover.sink.planner.compose([mover.update(bug(), one, "title")])
    ready = mover.close(step, bug())
    mark = mover.sink.mark(ready)
    assert mover.sink.find(ready, mark) is None
    said = [{"type": "title", "value": "A person's words"}]
    as_user("alice").write("maniphest.edit", transactions=said, objectIdentifier=1)
    assert mover.sink.find(ready, mark) is None
    server.faults.append(Fault("lose", path="maniphest.edit"))
    with pytest.raises(Doubtful):
        mover.sink.send(ready)
    assert mover.sink.find(ready, mark) is not None


def test_nothing_is_safe_to_send_again_but_projects(mover: Mover) -> None:
    mover.move(bug(3))
    safe = {step.kind: mover.sink.resend_safe(step) for step in mover.move(FULL)}
    assert safe == {
        "project.create": True,
        "task.create": False,
        "subtask.create": False,
        "fill": False,
    }


@pytest.mark.parametrize("listed", ["maniphest.search", "transaction.search", "edge.search"])
def test_an_empty_list_is_never_asked_for(
    mover: Mover, server: ManiphestStandIn, listed: str
) -> None:
    """An empty list of markers means all tasks, not none (facts 8)."""
    asked = recorder(server, listed)
    assert mover.sink.lookup([]) == {}
    mover.move(bug(7))
    mover.sink.read(mover.own(bug(7)))
    mover.sink.read({})
    for params in asked:
        for value in {**params, **params.get("constraints", {})}.values():
            assert value != []


def test_look_ups_go_page_by_page(mover: Mover, server: ManiphestStandIn) -> None:
    issues = [bug(number) for number in range(1, 131)]
    for issue in issues:
        mover.move(issue, "project.create", "task.create")
    wanted = [one for issue in issues for one in
              by_kind(mover.sink.planner.wanted(issue, mover.decisions), "task")]  # fmt: skip
    found = mover.sink.lookup(wanted)
    assert found == {issue.key: mover.places.refs[issue.key][1] for issue in issues}


def test_walking_goes_page_by_page(
    mover: Mover, server: ManiphestStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "PAGE", 3)
    step = closed(mover, bug(), "task.create")
    mark = mover.sink.mark(step)
    server.faults.append(Fault("late_index", path="maniphest.edit"))
    sent = mover.sink.send(step)
    for number in range(10, 18):
        mover.move(bug(number))
    found = mover.sink.find(step, mark)
    assert found is not None
    assert found.refs == sent.refs


def test_a_step_that_names_no_owner_says_so_all_the_same(mover: Mover, as_user: AsUser) -> None:
    issue = bug(tasks=(task(7, "nova", status="Fix Released"),))
    step = closed(mover, issue, "task.create")
    (action,) = step.actions
    fields = {name: value for name, value in action.fields.items() if name != "owner"}
    bare = msgspec.structs.replace(action, fields=fields)
    mover.sink.send(msgspec.structs.replace(step, actions=(bare,)))
    assert rows(as_user("admin"))[0]["fields"]["ownerPHID"] is None


# -- projects -----------------------------------------------------------------------------------


def test_a_project_of_the_same_hashtag_is_used(mover: Mover, as_user: AsUser) -> None:
    sent = [{"type": "name", "value": "NOVA!"}]
    made = as_user("alice").write("project.edit", transactions=sent)["object"]["phid"]
    mover.move(bug())
    assert mover.places.refs[key("maniphest", "project", "nova")][1].id == made


def test_a_project_that_we_may_not_see_is_refused(mover: Mover, as_user: AsUser) -> None:
    alice = as_user("alice")
    sent = [
        {"type": "name", "value": "nova"},
        {"type": "view", "value": phid(alice, "alice")},
    ]
    alice.write("project.edit", transactions=sent)
    with pytest.raises(Refused, match="may not see it"):
        mover.move(bug())


def test_no_second_milestone_of_a_name_is_made(mover: Mover, as_user: AsUser) -> None:
    aimed = key("launchpad", "milestone", "nova/+milestone/1.0")
    mover.decisions.milestones[aimed] = Milestone(
        key=aimed, project=key("launchpad", "project", "nova"), name="1.0", title="1.0", home=WEB
    )
    issue = bug(7, tasks=(task(7, "nova", milestone=aimed),))
    step = closed(mover, issue, "milestone.create")
    first, second = mover.sink.send(step), mover.sink.send(step)
    assert first.refs == second.refs
    assert mover.sink.find(step, {}) is not None


def test_projects_are_not_made_where_the_options_forbid_it(opened: Opener) -> None:
    mover = Mover(opened(create_projects=False), Told())
    with pytest.raises(Refused, match="create_projects"):
        mover.move(bug())


def test_a_parents_members_are_not_moved_into_a_series(mover: Mover, as_user: AsUser) -> None:
    alice = as_user("alice")
    sent = [
        {"type": "name", "value": "nova"},
        {"type": "members.add", "value": [phid(alice, "alice")]},
    ]
    alice.write("project.edit", transactions=sent)
    mover.move(bug(7, tasks=(task(7, "nova/kilo"),)))
    found = alice.read("project.search", constraints={"slugs": ["nova_kilo"]})["data"]
    assert found[0]["fields"]["parent"] is None


# -- changes ------------------------------------------------------------------------------------


def send_update(mover: Mover, issue: Issue, *fields: str) -> None:
    (one,) = by_kind(mover.sink.planner.wanted(issue, mover.decisions), "task")
    for step in mover.sink.planner.compose([mover.update(issue, one, *fields)]):
        ready = mover.close(step, issue)
        mover.note(ready, mover.sink.send(ready))


def test_closing_later_does_not_make_the_importer_the_owner(mover: Mover, as_user: AsUser) -> None:
    mover.move(bug())
    send_update(mover, bug(tasks=(task(7, "nova", status="Fix Released"),)), "status")
    (row,) = rows(as_user("admin"))
    assert row["fields"]["status"]["value"] == "resolved"
    assert row["fields"]["ownerPHID"] is None


def test_closing_later_leaves_the_owner_that_a_person_chose(mover: Mover, as_user: AsUser) -> None:
    mover.move(bug())
    bob = phid(as_user("bob"), "bob")
    said = [{"type": "owner", "value": bob}]
    as_user("bob").write("maniphest.edit", transactions=said, objectIdentifier=1)
    send_update(mover, bug(tasks=(task(7, "nova", status="Fix Released"),)), "status")
    assert rows(as_user("admin"))[0]["fields"]["ownerPHID"] == bob


def test_an_unknown_word_is_refused_before_it_closes_a_task(
    mover: Mover, server: ManiphestStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    mover.move(bug())
    monkeypatch.setitem(STATES["status"], "New", "nosuch")
    asked = recorder(server, "maniphest.edit")
    with pytest.raises(Refused, match="nosuch"):
        mover.move(bug(8))
    with pytest.raises(Refused, match="nosuch"):
        send_update(mover, bug(), "status")
    assert asked == []


def test_a_change_of_what_is_not_known_by_its_phid_is_refused(
    mover: Mover, server: ManiphestStandIn
) -> None:
    """An edit of '' or 0 would make a new task (recording 037)."""
    mover.move(bug())
    (one,) = by_kind(mover.sink.planner.wanted(bug(), mover.decisions), "task")
    for wrong in ("", "0", "T1"):
        mover.places.refs[one.key] = ("task", RemoteRef(id=wrong))
        with pytest.raises(Refused, match="PHID"):
            send_update(mover, bug(title="x"), "title")


# -- privacy ------------------------------------------------------------------------------------


@pytest.fixture
def security(as_user: AsUser) -> str:
    """A project that only alice and the importer are in."""
    bot = as_user("importbot")
    members = [phid(bot, "importbot"), phid(bot, "alice")]
    return closed_project(bot, "sec", members)


def test_a_private_create_names_its_policy_in_the_same_call(
    mover: Mover, server: ManiphestStandIn, security: str, as_user: AsUser
) -> None:
    mover.decisions.shown_to = Audience(name="security", groups=(security,))
    asked = recorder(server, "maniphest.edit")
    mover.move(bug(7, private=True, tasks=FULL.tasks, comments=FULL.comments))
    creates = [one["transactions"] for one in asked if "objectIdentifier" not in one]
    assert len(creates) == 4
    for sent in creates:
        assert {"type": "view", "value": security} in sent
        assert {"type": "edit", "value": security} in sent
    assert len(rows(as_user("alice"))) == 4
    assert rows(as_user("bob")) == []


def test_an_importer_outside_of_the_policy_is_told_to_join(mover: Mover, as_user: AsUser) -> None:
    sent = [{"type": "name", "value": "others"}]
    other = as_user("alice").write("project.edit", transactions=sent)["object"]["phid"]
    mover.decisions.shown_to = Audience(name="security", groups=(other,))
    with pytest.raises(Refused, match="member of the project"):
        mover.move(bug(private=True))
    assert rows(as_user("admin")) == []


def test_a_task_that_was_closed_to_us_is_gone(mover: Mover, as_user: AsUser) -> None:
    mover.move(bug())
    said = [{"type": "view", "value": phid(as_user("alice"), "alice")}]
    as_user("alice").write("maniphest.edit", transactions=said, objectIdentifier=1)
    with pytest.raises(Gone):
        mover.sink.read(mover.own(bug()))
    with pytest.raises(Gone):
        send_update(mover, bug(title="x"), "title")


# -- reading ------------------------------------------------------------------------------------


def test_a_persons_edit_is_read(mover: Mover, as_user: AsUser) -> None:
    mover.move(FULL)
    said = [
        {"type": "title", "value": "Mine"},
        {"type": "priority", "value": "wishlist"},
        {"type": "comment", "value": "a person's word"},
    ]
    as_user("alice").write("maniphest.edit", transactions=said, objectIdentifier=1)
    snapshot = mover.sink.read(mover.own(FULL))
    assert snapshot.objects[FULL.key].fields["title"] == "Mine"
    assert snapshot.objects[FULL.key].fields["priority"] == "wish"
    assert snapshot.foreign == 1


def test_what_was_sent_twice_is_doubled(mover: Mover) -> None:
    issue = bug(7, tasks=FULL.tasks, comments=FULL.comments)
    steps = mover.move(issue)
    for kind in ("task.create", "fill"):
        mover.sink.send(only(steps, kind))
    subtask = next(step for step in steps if step.kind == "subtask.create")
    mover.sink.send(subtask)
    doubled = mover.sink.read(mover.own(issue)).doubled
    expected = {issue.key, subtask.actions[0].key, *(one.key for one in issue.comments)}
    assert set(doubled) == expected


def test_what_the_ledger_forgot_is_found_by_its_first_line(mover: Mover) -> None:
    issue = bug(7, tasks=FULL.tasks, comments=FULL.comments)
    mover.move(issue)
    refs = mover.own(issue)
    task_only = {issue.key: refs[issue.key]}
    forgotten = mover.sink.read(task_only).ours
    assert forgotten == {one: at for one, (_, at) in refs.items() if one != issue.key}


def test_a_comment_of_ours_without_the_line_is_not_taken(mover: Mover, as_user: AsUser) -> None:
    mover.move(bug())
    said = [{"type": "comment", "value": "by hand"}]
    as_user("importbot").write("maniphest.edit", transactions=said, objectIdentifier=1)
    snapshot = mover.sink.read(mover.own(bug()))
    assert (snapshot.ours, snapshot.doubled, snapshot.foreign) == ({}, (), 0)


# -- checks and options -------------------------------------------------------------------------


def test_check_says_who_we_are_and_where_markers_go(mover: Mover) -> None:
    facts = mover.sink.check(Told())
    assert facts["account"] == "importbot"
    assert facts["marker"] == "migrate.url"


class Table:
    """As much of the states table as the check reads."""

    def used(self, table: str) -> dict[str, list[str]]:
        """A word that the server has, and one that it has not."""
        words = {"importance": {"high": ["High"], "urgent": ["Critical"]}}
        return words.get(table, {"open": ["New"], "done": ["Fix Released"]})


class Tables:
    """The tables of a target."""

    states = Table()
    privacy: Any = None


def test_check_names_all_words_that_the_server_lacks(mover: Mover) -> None:
    told = Told()
    told.tables = Tables()  # type: ignore[attr-defined]
    with pytest.raises(UsageError) as raised:
        mover.sink.check(told)
    said = str(raised.value)
    assert "'done'" in said
    assert "'urgent'" in said
    assert "'open'" not in said


def test_check_wants_the_importer_in_the_projects_of_the_policies(
    mover: Mover, as_user: AsUser, security: str
) -> None:
    sent = [{"type": "name", "value": "others"}]
    other = as_user("alice").write("project.edit", transactions=sent)["object"]["phid"]

    class Privacy:
        policies: dict[str, Audience] = {  # noqa: RUF012
            "security": Audience(name="security", groups=(security,)),
            "others": Audience(name="others", groups=(other,)),
            "nobody": Audience(name="nobody", users=("PHID-USER-x",)),
        }

    told, tables = Told(), Tables()
    tables.privacy = Privacy()
    tables.states = type("None_", (), {"used": lambda self, table: {}})()
    told.tables = tables  # type: ignore[attr-defined]
    with pytest.raises(UsageError) as raised:
        mover.sink.check(told)
    assert "'others': importbot is no member" in str(raised.value)
    assert "'nobody' names no project" in str(raised.value)
    assert "policy 'security'" not in str(raised.value)


def test_a_marker_field_that_can_not_be_searched_is_refused(opened: Opener) -> None:
    with pytest.raises(UsageError, match="marker_field"):
        opened(marker_field="migrate.source-id").check(Told())
    assert opened(marker_field="migrate.url").check(Told())["marker"] == "migrate.url"


def test_a_wrong_token_is_a_login_that_is_needed(opened: Opener) -> None:
    with pytest.raises(LoginNeeded):
        opened("nobody").check(Told())


def test_another_server_is_the_wrong_tracker(opened: Opener, server: ManiphestStandIn) -> None:
    server.faults.append(Fault("html", times=99))
    sink = opened()
    sink._client._retrying = Reads(6, 0.0)
    with pytest.raises(WrongTracker):
        sink.check(Told())


def test_all_mistakes_of_the_options_are_named(opened: Opener) -> None:
    with pytest.raises(UsageError) as raised:
        opened(order="random", connections=0, colour="red")
    for path in ("options.order", "options.connections", "options.colour"):
        assert path in str(raised.value)


def test_numbers_follow_the_source_on_one_lane(opened: Opener) -> None:
    for order, lanes in (("ordered", ("create",)), ("parallel", ())):
        mover = Mover(opened(order=order), Told())
        create = closed(mover, bug(7, comments=FULL.comments), "task.create")
        assert mover.sink.lanes(create) == lanes
        assert mover.sink.ordered == (order == "ordered")
        fill = closed(mover, bug(7, comments=FULL.comments), "fill")
        assert mover.sink.lanes(fill) == (f"task:{fill.actions[0].fields['task']}",)


def test_maniphest_chooses_its_numbers(mover: Mover) -> None:
    (one,) = by_kind(mover.sink.planner.wanted(bug(), mover.decisions), "task")
    assert mover.sink.number(one) is None
    with pytest.raises(UsageError):
        mover.sink.claim("task", 3)


def test_a_link_leads_to_the_task_or_home(mover: Mover) -> None:
    ref = Ref(to=key("launchpad", "bug", 3), label="LP #3", home=f"{WEB}/bugs/3")
    at = RemoteRef(id="PHID-TASK-x", number="T5", url=f"{mover.sink.address}/T5")
    assert mover.sink.link(ref, at) == f"[[ {mover.sink.address}/T5 | LP #3 ]]"
    assert mover.sink.link(ref, None) == f"[[ {WEB}/bugs/3 | LP #3 ]]"


def test_an_owner_is_given_and_read(mover: Mover, as_user: AsUser) -> None:
    bob = phid(as_user("bob"), "bob")
    jane = key("launchpad", "person", "jdoe")
    mover.decisions.accounts[jane] = Account(id=bob, name="bob")
    issue = bug(7, tasks=(task(7, "nova", assignee=jane, status="Fix Released"),))
    mover.move(issue)
    assert mover.sink.read(mover.own(issue)).objects[issue.key].fields["owner"] == bob


@pytest.fixture(autouse=True)
def _no_leftover_faults(server: ManiphestStandIn) -> Iterator[None]:
    """A fault that struck nobody would make a test pass that proves nothing."""
    yield
    assert [fault for fault in server.faults if 0 < fault.times < 50] == []
