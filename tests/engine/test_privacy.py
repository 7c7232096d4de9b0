"""Who may read follows the source: closing before everything else, opening after it, and what
can't be taken back is told until it is settled. At a target in memory, in both of its modes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.world import World, action, bug_key, settings, step
from tracker_migrate.engine.adopt import Adopt
from tracker_migrate.engine.apply import Apply
from tracker_migrate.engine.closing import hide_one
from tracker_migrate.engine.filters import Only
from tracker_migrate.engine.verify import outsiders
from tracker_migrate.errors import Brake, NotPublic, Refused, Unreachable, UsageError
from tracker_migrate.interfaces import Event
from tracker_migrate.model import Access, Issue, Key, key
from tracker_migrate.testing.memory import Fault, MemoryServer, MemorySource, bug
from tracker_migrate.testing.memory_planner import MemoryPlanner
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.policies import ACCESS, CHOICES, Choice, Policies

JDOE, ANNA, TEAM = (key("memory", "person", name) for name in ("jdoe", "anna", "vmt"))
POLICY = """[information_type]
"Private" = "few"
[policies.few.there]
users = "readers"
"""


def shut(number: int, *comments: str, **fields: Any) -> Issue:
    """A bug that jdoe alone may read."""
    given: dict[str, Any] = {"private": True, "information_type": "Private"}
    given["access"] = Access(people=(JDOE,))
    return bug(number, *comments, **given | fields)


def hidden(issue: Issue, index: int) -> Issue:
    """The same, with a comment hidden at the source."""
    comments = tuple(
        msgspec.structs.replace(one, withheld="hidden", text="") if one.index == index else one
        for one in issue.comments
    )
    return msgspec.structs.replace(issue, comments=comments)


def edited(issue: Issue, index: int) -> Issue:
    """The same, with a comment that was edited at the source."""
    when = datetime(2017, 3, 4, tzinfo=UTC)
    comments = tuple(
        msgspec.structs.replace(one, edited=when) if one.index == index else one
        for one in issue.comments
    )
    return msgspec.structs.replace(issue, comments=comments)


def tables(world: World, privacy: str = POLICY, people: str = "jdoe,there,7,verified") -> None:
    """Write the tables that decide on readers."""
    folder = world.workspace.mappings
    (folder / "privacy.toml").write_text(privacy)
    (folder / "people.csv").write_text(f"person,target,account,state\n{people}\n")


@pytest.fixture
def here(world: World) -> World:
    tables(world)
    return world


def audiences(world: World, *numbers: int) -> list[str]:
    return [world.card(number).fields["audience"] for number in numbers]


# -- whom a policy lets in ------------------------------------------------------------------------


def test_a_private_issue_is_written_for_its_own_readers(here: World) -> None:
    here.keep(shut(1, "a"))
    here.apply()
    assert here.card(1).fields["readers"] == ["7"]
    assert audiences(here, 1) == ["few"]
    assert here.verify().agrees


@pytest.mark.parametrize(
    ("access", "because"),
    [
        (None, "pull --full"),
        (Access(people=(JDOE,), unreadable="the sharing of rocket can't be read"), "sharing of"),
        (Access(people=(ANNA, JDOE)), "1 of its readers have no account"),
        (Access(people=(JDOE,), opaque=(TEAM,)), "1 of its readers have no account"),
    ],
)
def test_what_can_not_be_shown_to_be_right_is_refused(
    here: World, access: Access | None, because: str
) -> None:
    here.keep(shut(1, "a", access=access), bug(2))
    assert here.apply().refused == 1
    verdict = here.ledger.verdict(bug_key(1))
    assert verdict is not None
    assert because in verdict.reason
    assert "anna" not in verdict.reason, "a reason gets into reports: it names nobody"
    assert here.cards(1) == []


def test_readers_without_an_account_can_be_decided_to_go_without(here: World) -> None:
    tables(here, POLICY + 'without = ["anna", "vmt"]\n')
    here.keep(shut(1, access=Access(people=(ANNA, JDOE), opaque=(TEAM,))))
    here.apply()
    assert here.card(1).fields["readers"] == ["7"]
    readers = here.target().decisions.readers(shut(1, access=Access(people=(ANNA, JDOE))))
    assert (readers.undecided, readers.less) == ((), (ANNA,))


def test_a_policy_that_lets_in_too_many_is_refused_once_the_target_was_asked(here: World) -> None:
    tables(here, POLICY.replace('users = "readers"', 'groups = ["vmt"]'))
    here.server.groups["vmt"] = frozenset({"7", "9"})
    here.keep(shut(1))
    assert here.apply().refused == 1
    here.server.groups["vmt"] = frozenset({"7"})
    assert here.apply().refused == 0
    assert audiences(here, 1) == ["few"]


def test_who_may_read_there_by_decision_alone_is_named_under_also(here: World) -> None:
    tables(here, POLICY.replace('users = "readers"', "users = [7, 9]\nalso = [9]"))
    here.keep(shut(1))
    assert here.apply().refused == 0
    assert here.card(1).fields["readers"] == ["7", "9"]


def test_a_group_of_which_the_target_tells_nothing_needs_a_word_of_a_person(here: World) -> None:
    tables(here, POLICY.replace('users = "readers"', 'groups = ["PHID-PLCY-1"]'))
    here.keep(shut(1))
    assert here.apply().refused == 1
    more = 'groups = ["PHID-PLCY-1"]\nlets_in = [7]'
    tables(here, POLICY.replace('users = "readers"', more))
    assert here.apply().refused == 0


def test_a_team_that_is_a_group_of_the_target_is_let_in_as_one(here: World) -> None:
    tables(here, people="jdoe,there,7,verified\nvmt,there,sec,group")
    here.server.groups["sec"] = frozenset({"7", "12"})
    here.keep(shut(1, access=Access(people=(JDOE,), opaque=(TEAM,))))
    assert here.apply().refused == 0
    assert here.card(1).fields["readers"] == ["7"]


# -- changes --------------------------------------------------------------------------------------


def sent(world: World) -> list[tuple[str, str]]:
    """What was sent since the last call: issue and kind of step."""
    found = [(one.key, one.detail) for one in world.heard if one.name in ("sent", "found")]
    world.heard.clear()
    return found


def test_all_closings_come_before_anything_else(here: World) -> None:
    here.keep(bug(1), bug(2, "a"), bug(3, "a"), bug(4))
    here.apply()
    sent(here)
    here.keep(bug(1, "new"), shut(2, "a", "more"), shut(3, "a", "more"), bug(5))
    applied = here.apply()
    order = sent(here)
    assert {order[0], order[1]} == {(bug_key(2), "card.update"), (bug_key(3), "card.update")}
    assert len(order) > 4
    assert applied.closed == 2
    assert audiences(here, 2, 3) == ["few", "few"]
    assert here.verify().agrees


def test_no_filter_no_limit_and_no_plan_holds_a_closing_back(here: World) -> None:
    here.keep(bug(1), bug(2))
    here.apply()
    here.keep(shut(1), bug(2, "new"))
    sent(here)
    Apply(here.target(), here.heard.append, frozenset()).run(Only("bug:77"), 1)
    assert sent(here) == [(bug_key(1), "card.update")]
    assert audiences(here, 1) == ["few"]


def test_what_has_no_policy_is_closed_for_all_but_the_importer(here: World) -> None:
    here.keep(bug(1, "a"), bug(2))
    here.apply()
    here.keep(shut(1, "a", "secret", information_type="Embargoed"))
    applied = here.apply()
    assert (applied.closed, applied.refused) == (1, 1)
    assert audiences(here, 1, 2) == ["importer", "public"]
    assert here.notes(1) == ["a"], "nothing more is written into it"
    seen = here.verify()
    assert seen.exposed == []
    assert seen.closed == 1
    assert here.apply().steps == 0, "and it is closed once"


def test_what_is_gone_at_the_source_is_closed(here: World) -> None:
    here.keep(bug(1), bug(2))
    here.apply()
    here.workspace.archive.set_gone(bug_key(1))
    assert here.verify().exposed == [bug_key(1)]
    here.apply()
    assert audiences(here, 1, 2) == ["importer", "public"]
    assert here.verify().exposed == []


def test_what_was_gone_and_comes_back_as_it_was_is_open_again(here: World) -> None:
    here.keep(bug(1, "a"))
    here.apply()
    here.workspace.archive.set_gone(bug_key(1))
    here.apply()
    assert audiences(here, 1) == ["importer"]
    here.keep(bug(1, "a"))
    here.apply()
    assert audiences(here, 1) == ["public"]
    assert here.apply().steps == 0


def test_a_reader_less_is_a_closing_too(here: World) -> None:
    tables(here, people="jdoe,there,7,verified\nanna,there,8,verified")
    here.keep(shut(1, access=Access(people=(ANNA, JDOE))), bug(2))
    here.apply()
    sent(here)
    here.keep(shut(1), bug(2, "new"))
    here.apply()
    assert sent(here)[0] == (bug_key(1), "card.update")
    assert here.card(1).fields["readers"] == ["7"]


def test_opening_is_the_last_of_a_run_and_after_one_more_look(here: World) -> None:
    asked: list[Key] = []

    def look(issue: Key) -> bool:
        asked.append(issue)
        return True

    here.is_public = look
    here.keep(shut(1, "a"), bug(2), shut(3))
    here.apply()
    sent(here)
    here.keep(bug(1, "a", "b", title="New"), bug(2, "new"), bug(4))
    here.apply()
    order = sent(here)
    assert order[-1] == (bug_key(1), "card.update")
    assert {issue for issue, _ in order[-3:]} == {bug_key(1)}
    assert asked == [bug_key(1)]
    assert audiences(here, 1, 3) == ["public", "few"]
    assert here.notes(1) == ["a", "b"]
    assert here.apply().steps == 0
    assert here.verify().agrees


def _down(_issue: Key) -> bool:
    raise Unreachable("the source does not answer")


@pytest.mark.parametrize("look", [None, lambda _key: False])
def test_what_is_not_seen_to_be_public_stays_closed(
    here: World, look: Callable[[Key], bool] | None
) -> None:
    here.keep(shut(1, "a"), bug(2))
    here.apply()
    here.is_public = look
    here.keep(bug(1, "a", "b", title="New"))
    applied = here.apply()
    assert (applied.aside, applied.steps) == (1, 0)
    assert audiences(here, 1) == ["few"]
    here.is_public = lambda _key: True
    here.apply()
    assert audiences(here, 1) == ["public"]
    assert here.state(1) == "done"


def test_what_was_edited_while_nobody_could_read_it_is_not_opened_as_it_was(
    workspace: Workspace,
) -> None:
    """Its words were never everybody's. It opens when they are gone there, or accepted."""
    here = World(workspace, MemoryServer(), "theirs")
    tables(here, POLICY)
    here.keep(shut(1, "a", "secret"), shut(2, "b"))
    here.apply()
    here.keep(edited(bug(1, "a", "b"), 2), bug(2, "b"))
    assert here.apply(retry=True).aside == 1
    assert audiences(here, 1, 2) == ["few", "public"]
    verdict = here.ledger.verdict(bug_key(1))
    assert verdict is not None
    assert "1 of its comments" in verdict.reason
    assert "secret" not in verdict.reason
    (note,) = (one for one in here.server.all("note") if "secret" in str(one))
    here.server.remove("note", note.number)
    assert here.apply(retry=True).aside == 0
    assert audiences(here, 1) == ["public"]
    assert here.notes(1) == ["a"]


def test_what_everybody_could_read_once_is_open_again_though_it_was_edited(
    workspace: Workspace,
) -> None:
    """It was copied, or opened, while the issue was public: before the edit, or after another."""
    here = World(workspace, MemoryServer(), "theirs")
    tables(here, POLICY)
    here.keep(bug(1, "a", "b"), shut(2, "a", "b"))
    here.apply()
    here.keep(bug(2, "a", "b"))
    here.apply()
    assert audiences(here, 1, 2) == ["public", "public"]
    here.keep(shut(1, "a", "b"), shut(2, "a", "b"))
    here.apply()
    assert audiences(here, 1, 2) == ["few", "few"]
    here.keep(edited(bug(1, "a", "c"), 2), edited(bug(2, "a", "c"), 2))
    assert here.apply(retry=True).aside == 0
    assert audiences(here, 1, 2) == ["public", "public"]


def test_who_could_read_a_comment_is_not_known_when_the_ledger_is_lost_and_it_was_edited(
    workspace: Workspace, tmp_path: Path
) -> None:
    here = World(workspace, MemoryServer(), "theirs")
    tables(here, POLICY)
    here.keep(shut(1, "a", "secret"), shut(2, "b"))
    here.apply()
    folder = tmp_path / "new"
    settings(folder)
    with Workspace(folder) as fresh:
        new = World(fresh, here.server, "theirs")
        tables(new, POLICY)
        new.keep(edited(bug(1, "a", "b"), 2), bug(2, "b"))
        Adopt(new.target()).run()
        assert new.apply(retry=True).aside == 1
        assert audiences(new, 1, 2) == ["few", "public"]


def test_a_source_that_is_down_stops_the_run_and_sets_nothing_aside(here: World) -> None:
    here.keep(shut(1, "a"), bug(2))
    here.apply()
    here.is_public = _down
    here.keep(bug(1, "a", "b", title="New"), bug(3))
    with pytest.raises(Unreachable):
        here.apply()
    assert audiences(here, 1, 3) == ["few", "public"]
    here.is_public = lambda _key: True
    assert here.apply().aside == 0
    assert audiences(here, 1) == ["public"]


def test_a_closing_that_fails_is_exposed_and_the_others_are_closed(here: World) -> None:
    here.keep(bug(1), bug(2))
    here.apply()
    here.keep(shut(1), shut(2))
    here.server.faults = [Fault(do="refuse", request="card.update")]
    applied = here.apply()
    assert (applied.closed, applied.exposed) == (1, 1)
    assert sorted(audiences(here, 1, 2)) == ["few", "public"]
    assert len(here.verify().exposed) == 1
    assert here.apply().exposed == 0
    assert audiences(here, 1, 2) == ["few", "few"]
    assert here.verify().agrees


def test_a_lost_reply_to_a_closing_is_settled_before_anything_else(here: World) -> None:
    here.keep(bug(1), bug(2))
    here.apply()
    here.keep(shut(1), bug(2, "new"))
    sent(here)
    here.server.faults = [Fault(do="lose", request="card.update"), Fault(do="drop", skip=1)]
    here.apply()
    assert sent(here)[0][0] == bug_key(1)
    assert audiences(here, 1) == ["few"]
    assert here.verify().agrees


# -- what can't be taken back ---------------------------------------------------------------------


def test_a_comment_hidden_after_it_was_copied_closes_its_issue(here: World) -> None:
    copied = bug(1, "a", "secret")
    here.keep(copied, bug(2))
    here.apply()
    here.keep(hidden(copied, 2))
    applied = here.apply()
    assert (applied.exposed, applied.closed) == (1, 1)
    assert audiences(here, 1, 2) == ["importer", "public"]
    assert here.state(1) == "exposed"
    assert here.verify().exposed == [bug_key(1)], "it is told until it is settled"
    assert here.apply().steps == 0
    verdict = here.ledger.verdict(bug_key(1))
    assert verdict is not None
    assert "secret" not in verdict.reason


def test_it_is_open_again_when_the_comment_is_gone_at_the_target(here: World) -> None:
    copied = bug(1, "a", "secret")
    here.keep(copied)
    here.apply()
    here.keep(hidden(copied, 2))
    here.apply()
    (note,) = (one for one in here.server.all("note") if "secret" in str(one))
    here.server.remove("note", note.number)
    here.apply()
    assert audiences(here, 1) == ["public"]
    assert here.notes(1) == ["a"]
    assert here.verify().agrees
    assert here.apply().steps == 0


def test_what_is_gone_there_before_a_run_finds_it_hidden_keeps_nothing_closed(here: World) -> None:
    """Somebody was quicker than the run; it stood closed for another reason, or not at all."""
    copied = bug(1, "a", "secret")
    here.keep(copied, bug(2, "b"))
    here.apply()
    here.workspace.archive.set_gone(bug_key(1))
    here.apply()
    assert audiences(here, 1) == ["importer"]
    for note in [one for one in here.server.all("note") if str(one.fields["text"])[-1] in "tb"]:
        here.server.remove("note", note.number)
    here.keep(hidden(copied, 2), hidden(bug(2, "b"), 1))
    assert here.apply().exposed == 0
    assert audiences(here, 1, 2) == ["public", "public"]
    assert here.verify().agrees


def test_a_person_can_accept_it(here: World) -> None:
    copied = bug(1, "a", "secret")
    here.keep(copied)
    here.apply()
    here.keep(hidden(copied, 2))
    here.apply()
    tables(here, f'{POLICY}[exposed]\n"{bug_key(1)}" = "accept"\n')
    here.apply()
    assert audiences(here, 1) == ["public"]
    assert here.verify().exposed == []


def test_a_comment_shown_again_opens_its_issue(here: World) -> None:
    copied = bug(1, "a", "b")
    here.keep(copied)
    here.apply()
    here.keep(hidden(copied, 2))
    here.apply()
    here.keep(copied)
    here.apply()
    assert audiences(here, 1) == ["public"]
    assert here.verify().agrees


# -- by hand --------------------------------------------------------------------------------------


def test_what_somebody_hides_is_closed_now_and_stays_so(here: World) -> None:
    here.keep(bug(1, "a"), bug(2))
    here.apply()
    target = here.target()
    target.hidden.add([bug_key(1), bug_key(2)])
    assert hide_one(target, bug_key(1))
    assert audiences(here, 1, 2) == ["importer", "public"]
    here.keep(bug(1, "a", "b"))
    here.apply()
    assert audiences(here, 1, 2) == ["importer", "importer"]
    assert here.notes(1) == ["a"]
    target.hidden.release([bug_key(1)])
    here.apply()
    assert audiences(here, 1, 2) == ["public", "importer"]
    assert here.notes(1) == ["a", "b"]


def test_an_issue_that_was_hidden_before_it_was_written_never_is(here: World) -> None:
    here.target().hidden.add([bug_key(1)])
    here.keep(bug(1), bug(2))
    assert here.apply().refused == 1
    assert here.cards(1) == []


def test_hiding_takes_no_lease_from_whoever_writes(
    here: World, make: Callable[..., Workspace], tmp_path: Path
) -> None:
    here.keep(bug(1))
    here.apply()
    other = Workspace(here.workspace.folder)
    busy = World(other, here.server, here.numbers)
    busy.ledger.intend([step(action(1, "update", title="x"))], [{}], 60.0)
    busy.ledger.void([one.id for one in busy.ledger.open_intents()])
    assert hide_one(here.target(), bug_key(1))
    assert audiences(here, 1) == ["importer"]
    other.close()


# -- verification ---------------------------------------------------------------------------------


def test_verify_sees_what_an_outsider_reads(here: World) -> None:
    here.keep(shut(1, "a"), bug(2))
    here.apply()
    assert outsiders(here.target()).exposed == []
    assert outsiders(here.target()).private == 2
    target = here.target()
    target.hidden.add([bug_key(2)])
    hide_one(target, bug_key(2))
    assert outsiders(here.target()).private == 3, "what was closed by hand is looked at, too"
    here.server.edit("card", here.card(1).number, audience="public")
    assert bug_key(1) in here.verify().exposed
    assert len(outsiders(here.target()).exposed) == 2


def test_verify_looks_at_what_the_archive_has_forgotten(here: World) -> None:
    here.keep(shut(1, "a"), bug(2))
    here.apply()
    here.workspace.archive.set_gone(bug_key(1))
    here.server.edit("card", here.card(1).number, audience="public")
    assert bug_key(1) in here.verify().exposed


def test_no_event_and_no_reason_tells_a_private_word(here: World) -> None:
    here.keep(bug(1, "a"), bug(2, "a"))
    here.apply()
    here.keep(shut(1, "zebra", title="zebra"), shut(2, title="zebra", information_type="Embargoed"))
    here.apply()
    said = [msgspec.json.encode(one).decode() for one in here.heard if isinstance(one, Event)]
    said += [one.reason for one in here.ledger.in_state("refused", "aside", "exposed")]
    assert said
    assert not any("zebra" in one for one in said)


# -- what vanishes at the source ------------------------------------------------------------------


class Narrowed(MemorySource):
    """A source whose `shut` bugs are there, and not public any more."""

    shut: frozenset[Key] = frozenset()

    def read(self, issue: Key, known: str = "") -> Any:
        if issue in self.shut:
            raise NotPublic("not public any more")
        return super().read(issue, known)


def test_a_brake_holds_back_what_vanished_and_not_what_was_closed(here: World) -> None:
    source = Narrowed(*(bug(n) for n in range(1, 41)))
    here.pull(source)
    here.apply()
    source.shut = frozenset({bug_key(1), bug_key(2)})
    source.hidden = {bug_key(n) for n in range(1, 31)}
    for n in range(3, 31):
        source.remove(bug_key(n))
    with pytest.raises(Brake, match="28 of 38 issues"):
        here.pull(source, full=True)
    Apply(here.target(), here.heard.append).close()
    assert audiences(here, 1, 2, 3, 40) == ["importer", "importer", "public", "public"]


def test_only_closing_writes_nothing_else(here: World) -> None:
    here.keep(bug(1), bug(2))
    here.apply()
    here.keep(shut(1), bug(2, "new"), bug(3))
    sent(here)
    Apply(here.target(), here.heard.append).close()
    assert sent(here) == [(bug_key(1), "card.update")]


def test_what_somebody_removed_at_the_target_need_not_be_closed(here: World) -> None:
    here.keep(bug(1, "a"), bug(2))
    here.apply()
    here.server.remove("card", here.card(1).number)
    here.keep(shut(1, "a"), bug(2, "new"))
    applied = here.apply()
    assert (applied.exposed, applied.closed) == (0, 0)
    assert here.cards(1) == []
    assert here.notes(2) == ["new"]
    assert here.verify().exposed == []


# -- people's edits -------------------------------------------------------------------------------


def test_what_closes_goes_over_whatever_anybody_made_of_who_may_read(here: World) -> None:
    """Be the policy what it may: nobody has a say in it but the source and the tables."""
    for policy in CHOICES:
        here.policies = Policies(default=policy)
        here.keep(bug(1))
        here.apply()
        here.server.edit("card", here.card(1).number, audience="everybody and the press")
        here.keep(shut(1))
        here.apply()
        assert audiences(here, 1) == ["few"], policy


@pytest.mark.parametrize("policy", CHOICES)
def test_what_would_open_is_not_sent_where_somebody_has_closed_it(
    here: World, policy: Choice
) -> None:
    here.policies = Policies(default=policy)
    here.keep(shut(1))
    here.apply()
    here.server.edit("card", here.card(1).number, audience="nobody")
    here.keep(bug(1, title="It is public"))
    assert here.apply().kept == 1
    card = here.card(1).fields
    assert (card["audience"], card["title"]) == ("nobody", "It is public")
    assert [(one.field, one.policy) for one in here.ledger.met.all()] == [("audience", ACCESS)]
    assert here.apply().steps == 0


def test_a_note_of_what_was_private_keeps_an_issue_closed_until_it_is_gone(here: World) -> None:
    here.policies = Policies(default="both")
    here.keep(shut(1))
    here.apply()
    here.server.edit("card", here.card(1).number, title="Somebody said")
    here.keep(shut(1, title="A secret"))
    here.apply()
    (note,) = [one for one in here.server.all("note") if "/note/" in one.marker]
    here.keep(bug(1, title="No secret"))
    here.apply()
    assert audiences(here, 1) == ["few"]
    assert here.state(1) == "aside"
    here.server.remove("note", note.number)
    here.apply(retry=True)
    assert audiences(here, 1) == ["public"]


@pytest.mark.parametrize("error", [UsageError, Refused])
@pytest.mark.parametrize("method", ["wanted", "refusal"])
def test_what_can_not_be_made_any_more_is_closed_and_keeps_no_other_open(
    here: World, monkeypatch: pytest.MonkeyPatch, error: type[Exception], method: str
) -> None:
    here.keep(bug(1), bug(2), bug(3))
    here.apply()
    here.keep(shut(1), shut(2), shut(3))
    real = getattr(MemoryPlanner, method)

    def spoilt(self: MemoryPlanner, issue: Issue, decisions: Any) -> Any:
        if issue.key == bug_key(1):
            raise error('states.toml: no row "Parked"')
        return real(self, issue, decisions)

    with monkeypatch.context() as patch, suppress(UsageError):
        patch.setattr(MemoryPlanner, method, spoilt)
        here.apply()
    assert audiences(here, 1, 2, 3) == ["importer", "few", "few"]
    here.apply()
    assert audiences(here, 1, 2, 3) == ["few", "few", "few"], "mended, it has its readers"
