"""What `backdate` does to the rows of Phorge's databases."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.backdate.board import dies_at
from tests.backdate.phorge import (
    ADA,
    BEN,
    CLOSED,
    COMMENT,
    CYD,
    IMPORTER,
    LATER,
    NOW,
    THEN,
    Phorge,
    carried,
    php,
    stamps,
    task_of,
    told,
    xcmt,
)
from tests.mariadb import Server
from tracker_migrate.abilities import Stamp
from tracker_migrate.backends.maniphest.backdate import ManiphestBackdater, backdater
from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import RemoteRef
from tracker_migrate.model import Key

TASK, XACTION = "maniphest_task", "maniphest_transaction"


@pytest.fixture
def phorge(mariadb: Server) -> Phorge:
    phorge = Phorge(mariadb)
    phorge.imported()
    return phorge


def whose(phorge: Phorge, phid: str, table: str = XACTION) -> tuple[str, int]:
    row = phorge.row(table, phid)
    return row["authorPHID"], row["dateCreated"]


def test_authors_and_dates_are_the_sources(phorge: Phorge) -> None:
    done = phorge.backdate(stamps(closer=CYD))
    task = phorge.row(TASK, task_of("one"))
    assert (task["authorPHID"], task["dateCreated"]) == (ADA, THEN.timestamp())
    assert task["dateModified"] == LATER.timestamp()
    assert (task["closedEpoch"], task["closerPHID"]) == (CLOSED.timestamp(), CYD)
    assert task["description"] == carried("one")
    for name in ("create", "text"):
        assert whose(phorge, f"one-{name}") == (ADA, THEN.timestamp())
    assert whose(phorge, "one-end") == (CYD, CLOSED.timestamp())
    assert phorge.row(XACTION, "one-text")["newValue"] == php(carried("one"))
    for number in (0, 1):
        row = phorge.row(XACTION, f"one-c{number}")
        said = phorge.row(COMMENT, xcmt(f"one-c{number}"))
        for one in (row, said):
            assert one["authorPHID"] == one["editPolicy"] == BEN
            assert one["dateCreated"] == one["dateModified"] == LATER.timestamp()
        assert said["content"] == carried(f"one {number}")
    assert {one.key for one in done.stamped} == {one.key for one in stamps()}
    assert not done.left


def test_what_a_page_has_kept_of_a_text_goes_with_it(phorge: Phorge) -> None:
    phorge.backdate(stamps())
    assert not phorge.rows("cache_markupcache", "cache")


def test_the_rows_that_tell_our_tasks_from_a_forgery_stay_ours(phorge: Phorge) -> None:
    phorge.backdate(stamps())
    for name in ("title", "field"):
        assert whose(phorge, f"one-{name}") == (IMPORTER, THEN.timestamp())


def test_who_closed_it_is_the_importer_again_where_nobody_is_known(phorge: Phorge) -> None:
    phorge.backdate(stamps(closer=CYD))
    phorge.backdate(stamps(was=ADA, were=BEN))
    task = phorge.row(TASK, task_of("one"))
    assert (task["closedEpoch"], task["closerPHID"]) == (CLOSED.timestamp(), IMPORTER)
    assert whose(phorge, "one-end") == (IMPORTER, CLOSED.timestamp())


def test_a_task_that_a_person_has_closed_since_was_closed_by_them(phorge: Phorge) -> None:
    phorge.xaction(task_of("one"), "opened", "status", ADA, newValue="open")
    phorge.xaction(task_of("one"), "closed", "status", ADA, newValue="resolved")
    with phorge.engine.begin() as database:
        table = phorge.table(TASK)
        database.execute(table.update().values(closerPHID=ADA.encode(), closedEpoch=NOW + 9))
    for work in (phorge.backdate, phorge.by_hand):
        work(stamps(closer=CYD))
        task = phorge.row(TASK, task_of("one"))
        assert (task["closedEpoch"], task["closerPHID"]) == (NOW + 9, ADA)
        for name in ("opened", "closed"):
            assert whose(phorge, name) == (ADA, NOW)


def test_a_second_look_changes_no_row(phorge: Phorge) -> None:
    phorge.backdate(stamps())
    before = phorge.all()
    again = phorge.backdate(stamps())
    known = phorge.backdate(stamps(was=ADA, were=BEN))
    assert again.rows == known.rows == {}
    assert phorge.all() == before
    assert {one.key for one in again.stamped} == {one.key for one in stamps()}


@pytest.mark.parametrize("hidden", [False, True])
def test_a_dry_run_counts_and_changes_nothing(phorge: Phorge, hidden: bool) -> None:
    before = phorge.all()
    would = phorge.backdate(stamps(hidden=hidden), write=False)
    assert phorge.all() == before
    assert would == phorge.backdate(stamps(hidden=hidden))


def test_the_last_change_is_the_sources_unless_a_person_did_something_since(
    phorge: Phorge,
) -> None:
    phorge.backdate(stamps())
    phorge.comment(task_of("one"), "hers", "I have it, too", ADA)
    with phorge.engine.begin() as database:
        database.execute(phorge.table(TASK).update().values(dateModified=NOW + 1))
    assert phorge.backdate(stamps(was=ADA, were=BEN)).rows == {
        f"{phorge.prefix}maniphest.{TASK}": 1
    }
    assert phorge.row(TASK, task_of("one"))["dateModified"] == NOW


def test_what_a_person_did_herself_stays_hers_though_the_task_is_hers_too(phorge: Phorge) -> None:
    phorge.backdate(stamps())
    task = task_of("one")
    phorge.xaction(task, "p", "priority", ADA, oldValue=50, newValue=80)
    phorge.xaction(task, "d", "description", ADA, oldValue=told("one"), newValue="x")
    phorge.xaction(task, "s", "core:subscribers", ADA, oldValue=[], newValue=[IMPORTER])
    phorge.comment(task, "hers", told("one 0"), ADA)
    before = [phorge.row(XACTION, one) for one in ("p", "d", "s", "hers")]
    moved = stamps(by=CYD, was=ADA, others=CYD, were=BEN)
    phorge.backdate(moved)
    phorge.by_hand(moved)
    assert [phorge.row(XACTION, one) for one in ("p", "d", "s", "hers")] == before


def test_what_the_importer_did_later_it_did_then(phorge: Phorge) -> None:
    phorge.xaction(task_of("one"), "raised", "priority", oldValue=50, newValue=80)
    phorge.xaction(task_of("one"), "later", "status", oldValue="open", newValue="resolved")
    phorge.backdate(stamps(closer=CYD))
    phorge.by_hand(stamps(was=ADA, were=BEN, closer=CYD))
    for name in ("raised", "later"):
        assert whose(phorge, name) == (IMPORTER, NOW)
    task = phorge.row(TASK, task_of("one"))
    assert (task["closedEpoch"], task["closerPHID"]) == (CLOSED.timestamp(), CYD)
    assert whose(phorge, "one-end") == (ADA, THEN.timestamp())


def test_a_late_claim_moves_all_and_back_any_number_of_times(phorge: Phorge) -> None:
    seen = []
    who = [(ADA, BEN), ("", ""), (CYD, CYD), ("", "")]
    was = were = ""
    for by, others in who:
        phorge.backdate(stamps(by=by, was=was, others=others, were=were))
        seen.append((phorge.row(TASK, task_of("one")), phorge.rows(COMMENT), phorge.rows(XACTION)))
        was, were = by, others
    assert seen[0][0]["authorPHID"] == ADA
    assert seen[2][0]["authorPHID"] == CYD
    assert seen[1] == seen[3]
    assert seen[1][0]["authorPHID"] == IMPORTER
    assert seen[1][0]["description"] == told("one")
    assert [one["content"] for one in seen[1][1]] == [told("one 0"), told("one 1")]
    assert "https://home/one" in seen[2][0]["description"]


def test_an_edited_text_is_left_and_told_and_its_author_is_set(phorge: Phorge) -> None:
    with phorge.engine.begin() as database:
        database.execute(phorge.table(TASK).update().values(description="by a person"))
    for work in (phorge.by_hand, phorge.backdate):
        done = work(stamps())
        task = phorge.row(TASK, task_of("one"))
        assert (task["description"], task["authorPHID"]) == ("by a person", ADA)
    assert done is not None
    (said,) = [one for one in done.stamped if one.key == "launchpad:bug:one"]
    assert (said.edited, said.fields) == (("description",), {})


def test_of_a_comment_that_somebody_has_edited_the_newer_version_is_theirs(phorge: Phorge) -> None:
    phorge.edited("one-c0", "better so", CYD)
    theirs = phorge.row(COMMENT, xcmt("one-c0", 2))
    for work in (phorge.by_hand, phorge.backdate):
        done = work(stamps())
        assert phorge.row(COMMENT, xcmt("one-c0", 2)) == theirs
        assert phorge.row(COMMENT, xcmt("one-c0"))["content"] == told("one 0")
        row = phorge.row(XACTION, "one-c0")
        assert (row["authorPHID"], row["dateCreated"]) == (BEN, LATER.timestamp())
        assert (row["editPolicy"], row["dateModified"]) == (CYD, NOW + 5)
    assert done is not None
    (said,) = [one for one in done.stamped if one.key == "launchpad:comment:one/0"]
    assert (said.edited, said.fields) == (("text",), {})


def test_no_row_of_a_strangers_is_touched(phorge: Phorge) -> None:
    with phorge.engine.begin() as database:
        for name in (TASK, XACTION, COMMENT):
            database.execute(phorge.table(name).update().values(authorPHID=CYD.encode()))
    before = phorge.all()
    for hidden in (False, True):
        done = phorge.backdate(stamps(hidden=hidden))
        phorge.by_hand(stamps(hidden=hidden))
        assert phorge.all() == before
        assert (done.rows, done.stamped) == ({}, ())
        assert done.left.keys() == {one.key for one in stamps()}


def test_other_tasks_stay_as_they_are(phorge: Phorge) -> None:
    def of_two() -> list[Any]:
        names = ("two-create", "two-text", "two-c0", "two-follow", "two-away")
        rows: list[Any] = [phorge.row(XACTION, one) for one in names]
        rows += [phorge.row(TASK, task_of("two")), phorge.row(COMMENT, xcmt("two-c0"))]
        rows += [one for one in phorge.rows("edge") if one["src"] == task_of("two")]
        return rows + [one for one in phorge.rows("edge", "user") if one["dst"] == task_of("two")]

    phorge.imported("two")
    before = of_two()
    phorge.backdate(stamps())
    phorge.by_hand(stamps())
    assert of_two() == before


def test_what_is_not_there_and_an_account_that_is_none_are_told(phorge: Phorge) -> None:
    absent = msgspec.structs.replace(stamps()[1], at=RemoteRef(id="PHID-XACT-TASK-none"))
    nobody = msgspec.structs.replace(stamps()[0], by="99'")
    done = phorge.backdate([nobody, absent])
    assert done.left[absent.key] == "is not in the database"
    assert "account" in done.left[nobody.key]
    assert not done.rows


def test_nobody_hears_that_the_importer_follows_what_it_wrote(phorge: Phorge) -> None:
    phorge.backdate(stamps())
    edges = [(one["type"], one["dst"]) for one in phorge.rows("edge")]
    assert edges == [(21, CYD), (41, "PHID-PROJ-nova")]
    assert [one["src"] for one in phorge.rows("edge", "user")] == [CYD]
    assert phorge.row(XACTION, "one-follow")["newValue"] == php([CYD])
    assert "one-away" not in {one["phid"] for one in phorge.rows(XACTION)}


# -- what is taken back ---------------------------------------------------------------------------


def test_a_withdrawn_comment_is_gone_as_its_page_removes_it(phorge: Phorge) -> None:
    done = phorge.backdate(stamps(hidden=True))
    row = phorge.row(XACTION, "one-c0")
    versions = [one for one in phorge.rows(COMMENT) if one["transactionPHID"] == "one-c0"]
    assert [(one["commentVersion"], one["isDeleted"]) for one in versions] == [(1, 0), (2, 2)]
    assert (row["commentVersion"], row["commentPHID"]) == (2, versions[-1]["phid"])
    assert versions[-1]["authorPHID"] == row["editPolicy"] == IMPORTER
    gone = {one.key for one in done.stamped if one.gone}
    assert gone == {one.key for one in stamps()[1:]}


def test_its_words_are_nowhere_any_more(phorge: Phorge) -> None:
    phorge.edited("one-c1", told("one 1") + " by a person", CYD)
    phorge.backdate(stamps(hidden=True))
    held = str(phorge.all())
    assert "one 0" not in held
    assert "one 1" not in held
    fields = [one["fieldKey"] for one in phorge.rows("maniphest_task_ffield")]
    assert fields == ["titl"]
    assert [one["actorPHID"] for one in phorge.rows("metamta_mail", "metamta")] == [CYD]


def test_a_comment_that_is_removed_already_is_not_removed_again(phorge: Phorge) -> None:
    phorge.backdate(stamps(hidden=True))
    phorge.index(1, "one", ("full", "cmnt"))
    before = phorge.all()
    assert phorge.backdate(stamps(hidden=True)).rows == {}
    phorge.by_hand(stamps(hidden=True))
    assert phorge.all() == before


def stamp_of(phid: str, **fields: str) -> Stamp:
    key = Key("launchpad:attachment:one/1")
    where = RemoteRef(id=phid)
    issue = Key("launchpad:bug:one")
    return Stamp(key=key, kind="file", issue=issue, at=where, withdraw=True, fields=fields)


def files(phorge: Phorge) -> dict[str, str]:
    phid = phorge.file("a")
    smaller = phorge.file("b", author=None)
    names = {"originalPHID": phid, "transform": "thumb", "transformedPHID": smaller}
    phorge.add("file_transformedfile", "file", **names)
    shown = {"objectPHID": task_of("one"), "filePHID": phid, "attachmentMode": "attach"}
    phorge.add("file_attachment", "file", **shown, attacherPHID=IMPORTER)
    return {"whole": phid, "smaller": smaller}


@pytest.mark.parametrize("fields", [{}, {"view": "importer"}, {"view": "PHID-PROJ-sec"}])
def test_a_withdrawn_file_has_its_readers_and_another_address(
    phorge: Phorge, fields: dict[str, str]
) -> None:
    made = files(phorge)
    before = {one["phid"]: one for one in phorge.rows("file", "file")}
    done = phorge.backdate([stamp_of(made["whole"], **fields)])
    for phid in made.values():
        row = phorge.row("file", phid, "file")
        assert row["viewPolicy"] == fields.get("view", IMPORTER).replace("importer", IMPORTER)
        assert row["secretKey"] != before[phid]["secretKey"]
        assert row["authorPHID"] == before[phid]["authorPHID"]
    assert [one["attachmentMode"] for one in phorge.rows("file_attachment", "file")] == [
        "reference"
    ]
    assert [one.gone for one in done.stamped] == [True]
    after = phorge.all()
    assert phorge.backdate([stamp_of(made["whole"], **fields)]).rows == {}
    assert phorge.all() == after


def test_a_file_that_a_person_has_attached_is_told(phorge: Phorge) -> None:
    phid = phorge.file("a")
    shown = {"objectPHID": "PHID-TASK-other", "filePHID": phid, "attachmentMode": "attach"}
    phorge.add("file_attachment", "file", **shown, attacherPHID=CYD)
    done = phorge.backdate([stamp_of(phid)])
    (why,) = done.left.values()
    assert "attached" in why
    assert phorge.row("file", phid, "file")["viewPolicy"] == IMPORTER
    assert [one["attachmentMode"] for one in phorge.rows("file_attachment", "file")] == ["attach"]


def test_a_strangers_file_is_not_touched(phorge: Phorge) -> None:
    phid = phorge.file("a", author=CYD)
    before = phorge.all()
    assert phorge.backdate([stamp_of(phid)]).left
    phorge.by_hand([stamp_of(phid)])
    assert phorge.all() == before


# -- however it is done ---------------------------------------------------------------------------


def test_what_an_administrator_runs_is_the_same(mariadb: Server) -> None:
    ends = []
    for by_hand in (False, True):
        phorge = Phorge(mariadb)
        for name in ("one", "two", "three"):
            phorge.imported(name, followed=name != "three")
        made = files(phorge)
        phorge.xaction(task_of("two"), "p", "priority", CYD, oldValue=50, newValue=80)
        phorge.comment(task_of("two"), "theirs", "a person's", CYD)
        two = [*stamps(), *stamps("two", closer=CYD)]
        hidden = [*stamps(was=ADA, were=BEN), *stamps("three", hidden=True)]
        moved = stamps(by=CYD, was=ADA, others=ADA, were=BEN)
        closed = [stamp_of(made["whole"], view="PHID-PROJ-sec")]
        for batch in (two, two, hidden, hidden, moved, closed, stamps(by="", was=CYD, were=ADA)):
            (phorge.by_hand if by_hand else phorge.backdate)(batch)
        ends.append(phorge.all())
    for end in ends:
        del end["cache.cache_markupcache"]  # the administrator runs bin/cache purge afterwards
    assert ends[0] == ends[1]


@pytest.mark.parametrize("hidden", [False, True])
def test_killed_at_any_statement_and_asked_again_it_ends_the_same(
    mariadb: Server, hidden: bool
) -> None:
    whole = Phorge(mariadb)
    whole.imported()
    with dies_at(whole.engine, 0) as seen:
        whole.backdate(stamps(hidden=hidden))
    assert seen[0] > 8
    phorge = Phorge(mariadb)
    phorge.imported()
    for statement in range(1, seen[0] + 1):
        before = phorge.all()
        with dies_at(phorge.engine, statement), pytest.raises(ConnectionError):
            phorge.backdate(stamps(hidden=hidden))
        assert phorge.all() == before
    phorge.backdate(stamps(hidden=hidden))
    assert phorge.all() == whole.all()


@pytest.mark.parametrize(
    ("change", "told_of"),
    [
        ("{0}ADD COLUMN kind INT", "{0}.kind: is not known (int)"),
        ("{0}DROP COLUMN editPolicy", "{0}.editPolicy: is not there"),
        ("{0}MODIFY oldValue MEDIUMTEXT NOT NULL", "{0}.oldValue: is mediumtext not null, exp"),
        ("{0}MODIFY dateCreated INT NOT NULL", "{0}.dateCreated: is int not null, expected int "),
        ("DROP TABLE", "{0}: is not there"),
    ],
)
def test_a_schema_that_is_not_known_is_told(phorge: Phorge, change: str, told_of: str) -> None:
    table = f"{phorge.prefix}maniphest.{XACTION}"
    sql = change.format(f"ALTER TABLE {table} ") if "{0}" in change else f"{change} {table}"
    with phorge.engine.begin() as database:
        assert list(phorge.backdater.check(database)) == []
        database.exec_driver_sql(sql)
        (line,) = phorge.backdater.check(database)
    assert line.startswith(told_of.format(table))


def test_databases_of_another_name_are_told(phorge: Phorge) -> None:
    with phorge.engine.begin() as database:
        lines = ManiphestBackdater(IMPORTER, "nobodys_").check(database)
    assert "nobodys_maniphest.maniphest_task: is not there" in lines


def test_the_statements_of_an_administrator_ask_no_database() -> None:
    lines = list(ManiphestBackdater(IMPORTER).statements([*stamps(), *stamps(hidden=True)]))
    assert lines
    assert all("phabricator_maniphest." in line for line in lines if "user.edge" not in line)
    assert all(";" not in line for line in lines)


@pytest.mark.parametrize("options", [{"namespace": "a`b"}, {"namespace": 5}, {"nonsense": "x"}])
def test_every_wrong_setting_is_named(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="database\\."):
        backdater(IMPORTER, options)
