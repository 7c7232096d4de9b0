"""The tables: every mistake at once with its place, and defaults for every word there is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tracker_migrate.errors import UsageError
from tracker_migrate.interfaces import Account, Audience, Place
from tracker_migrate.mappings.decisions import Tables, TargetDecisions
from tracker_migrate.mappings.table import Mistakes
from tracker_migrate.model import Access, Issue, Key, Milestone, Person, Project, key
from tracker_migrate.testing.memory import bug

#: every word of Launchpad's, as its API spells it
WORK_ITEMS = "TODO, DONE, POSTPONED, INPROGRESS, BLOCKED"
STATUSES = """New, Incomplete, Incomplete (with response), Incomplete (without response), Opinion,
 Invalid, Won't Fix, Expired, Confirmed, Triaged, In Progress, Deferred, Fix Committed,
 Fix Released, Does Not Exist, Unknown"""
IMPORTANCES = "Unknown, Critical, High, Medium, Low, Wishlist, Undecided"
PRIORITIES = "Not, Undefined, Low, Medium, High, Essential"
IMPLEMENTATIONS = """Unknown, Not started, Deferred, Needs Infrastructure, Blocked, Started,
 Slow progress, Good progress, Beta Available, Needs Code Review, Deployment, Implemented,
 Informational"""
DEFINITIONS = "Approved, Pending Approval, Review, Drafting, Discussion, New, Superseded, Obsolete"
SHARED = Path(__file__).parents[2].parent / "shared" / "tables.md"


class Nothing:
    """An archive that knows nobody; tags as given."""

    def __init__(self, **tags: int) -> None:
        self.tags = tags
        self.issues: dict[Key, Issue] = {}
        self.version = ""

    def person(self, key: Key) -> Person | None:
        return None

    def people(self, keys: Sequence[Key]) -> Iterator[Person]:
        return (known for key in keys if (known := self.person(key)) is not None)

    def milestone(self, key: Key) -> Milestone | None:
        return None

    def project(self, key: Key) -> Project | None:
        return Project(key=key, kind="project", name="rocket", title="Rocket", home="")

    def issue(self, key: Key) -> Issue | None:
        return self.issues.get(key)

    def public_tags(self) -> Mapping[str, int]:
        return self.tags

    def entities_version(self) -> str:
        return self.version


@pytest.fixture
def decide(tmp_path: Path) -> Callable[..., TargetDecisions]:
    """Decisions of the target `new`, from files given by their text."""

    def from_files(
        tracker: str = "storyboard",
        known: Nothing | None = None,
        redact: Callable[[str], str] = str,
        options: Mapping[str, Any] | None = None,
        **files: str,
    ) -> TargetDecisions:
        for name, text in files.items():
            base, _, kind = name.rpartition("_")
            (tmp_path / f"{base}.{kind}").write_text(text, encoding="utf-8")
        mistakes = Mistakes()
        tables = Tables(tmp_path, "new", tracker, mistakes, ["new", "old"])
        mistakes.stop_if_any()
        return TargetDecisions(
            tables,
            known or Nothing(),
            options or {},
            lambda text, _home, _key: (text,),
            lambda _key: True,
            redact,
        )

    return from_files


Decide = Callable[..., TargetDecisions]


def words(text: str) -> list[str]:
    return re.split(r",\s+", text)


# -- the defaults ---------------------------------------------------------------------------------


@pytest.mark.parametrize("tracker", ["storyboard", "maniphest"])
@pytest.mark.parametrize(
    ("table", "source"),
    [
        ("status", STATUSES),
        ("importance", IMPORTANCES),
        ("importance", PRIORITIES),
        ("blueprint", IMPLEMENTATIONS),
        ("definition", DEFINITIONS),
    ],
)
def test_every_word_of_the_source_becomes_something(
    decide: Decide, tracker: str, table: str, source: str
) -> None:
    decisions = decide(tracker)
    for word in words(source):
        becomes = decisions.state(table, word)
        assert becomes or table == "definition", word


@pytest.mark.skipif(not SHARED.is_file(), reason="the tables (../shared) are not beside us")
@pytest.mark.parametrize(("column", "tracker"), [(1, "storyboard"), (2, "maniphest")])
def test_the_defaults_are_those_that_were_decided(
    decide: Decide, column: int, tracker: str
) -> None:
    decisions, seen, table = decide(tracker), 0, ""
    for line in SHARED.read_text(encoding="utf-8").splitlines():
        table = {"## S": "status", "## I": "importance"}.get(line[:4], table)
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or cells[0] in ("Launchpad", "---") or "any, when" in cells[0]:
            continue
        plain = cells[0].replace(
            "Incomplete (both)", "Incomplete (with response), Incomplete (without response)"
        )
        for word in words(plain):
            assert decisions.state(table, word) == cells[column].removesuffix(" task"), word
            seen += 1
    assert seen >= 20


def test_the_shipped_tables_name_no_word_that_the_source_does_not_have() -> None:
    text = resources.files("tracker_migrate.mappings.defaults").joinpath("states.toml").read_text()
    known = {
        "status": {*words(STATUSES), "Duplicate"},
        "importance": {*words(IMPORTANCES), *words(PRIORITIES)},
        "blueprint": set(words(IMPLEMENTATIONS)),
        "definition": set(words(DEFINITIONS)),
        "work_item": set(words(WORK_ITEMS)),
    }
    for tables in tomllib.loads(text).values():
        for table, rows in tables.items():
            assert set(rows) <= known[table]


def test_a_word_without_a_row_names_the_row_to_add(decide: Decide) -> None:
    with pytest.raises(UsageError, match=r'\[storyboard.status\] has no row "Confrmed"; did you'):
        decide().state("status", "Confrmed")


# -- a workspace's own rows -----------------------------------------------------------------------


def test_own_rows_lie_over_the_shipped_ones(decide: Decide) -> None:
    decisions = decide(states_toml='[storyboard.status]\n"New" = "review"\n"Odd" = "todo"\n')
    assert decisions.state("status", "New") == "review"
    assert decisions.state("status", "Odd") == "todo"
    assert decisions.state("status", "Triaged") == "todo"


def test_own_rows_of_another_tracker_are_not_ours(decide: Decide) -> None:
    decisions = decide(states_toml='[maniphest.status]\n"New" = "later"\n')
    assert decisions.state("status", "New") == "todo"


def test_only_a_verified_account_is_used(decide: Decide) -> None:
    people = """person,target,account,name,state
amy,new,17,Amy,verified
bob,new,18,Bob,suggested
cyd,old,19,Cyd,verified
"""
    decisions = decide(people_csv=people)
    account = decisions.account(key("memory", "person", "amy"))
    assert account == Account(id="17", name="Amy")
    assert decisions.account(key("memory", "person", "bob")) is None
    assert decisions.account(key("memory", "person", "cyd")) is None
    assert decisions.account(None) is None


def test_a_tags_row_for_this_target_outdoes_one_for_all(decide: Decide) -> None:
    tags = "tag,target,becomes\nui,,interface\nui,new,ux\nold,,\napi,old,rest\n"
    decisions = decide(tags_csv=tags, known=Nothing(ui=12))
    assert [decisions.tag(name) for name in ("ui", "old", "api")] == ["ux", None, "api"]
    assert (decisions.tag_uses("ui"), decisions.tag_uses("old")) == (12, 0)


def test_places_come_from_their_row_their_projects_row_or_their_own_name(decide: Decide) -> None:
    projects = """source,target,place,branch,move
nova,,compute,,yes
nova/kilo,,compute,stable/kilo,yes
glance,,,,no
ubuntu/+source/nova,new,nova-deb,,
"""
    place = decide(projects_csv=projects).place
    assert place(key("memory", "project", "nova")) == Place(name="compute")
    kilo = Place(name="compute", branch="stable/kilo")
    assert place(key("memory", "series", "nova/kilo")) == kilo
    mitaka = Place(name="compute", branch="mitaka")
    assert place(key("memory", "series", "nova/mitaka")) == mitaka
    assert not place(key("memory", "series", "glance/kilo")).move
    assert place(key("memory", "project", "heat")) == Place(name="heat")
    assert place(key("memory", "project", "ubuntu/+source/nova")).name == "nova-deb"
    vim = Place(name="vim", branch="hoary")
    assert place(key("memory", "project", "ubuntu/hoary/+source/vim")) == vim


def test_what_is_not_public_is_refused_unless_a_policy_says_who_may_read(decide: Decide) -> None:
    def audience(decisions: TargetDecisions, kind: str) -> Audience:
        return decisions.audience(bug(1, private=True, information_type=kind, access=Access()))

    assert audience(decide(), "Private").refused
    privacy = """[information_type]
"Private Security" = "security"
"Proprietary" = "stay"
"Private" = "elsewhere"
[policies.security.new]
users = [17, "23"]
groups = [4]
[policies.elsewhere.old]
users = [1]
"""
    decisions = decide(privacy_toml=privacy)
    assert audience(decisions, "Private Security") == Audience(
        name="security", users=("17", "23"), groups=("4",)
    )
    assert "stays at the source" in audience(decisions, "Proprietary").refused
    assert audience(decisions, "Private").refused, "that policy is another target's"
    assert audience(decisions, "Embargoed").refused
    assert decisions.audience(bug(1)) == Audience(name="public")


def test_hidden_addresses_are_hidden_before_a_text_becomes_blocks(decide: Decide) -> None:
    decisions = decide(redact=lambda text: text.replace("a@b.example", "(hidden)"))
    assert decisions.blocks(bug(1), "mail a@b.example") == ("mail (hidden)",)


def test_every_decision_is_part_of_what_unchanged_means(decide: Decide) -> None:
    seen = [decide().source_writer]
    renamed = Nothing()
    renamed.version = "later"
    for given in (
        {"options": {"numbers": "keep"}},
        {"known": Nothing(ui=10)},
        {"known": renamed},
        {"redact": lambda text: text.replace("@", "(at)")},
        {"states_toml": '[storyboard.status]\n"New" = "review"\n'},
        {"people_csv": "person,target,account,state\namy,new,17,verified\n"},
        {"tags_csv": "tag,becomes\nui,interface\n"},
        {"projects_csv": "source,place\nnova,compute\n"},
        {"privacy_toml": '[information_type]\n"Private" = "stay"\n'},
    ):
        seen.append(decide(**given).source_writer)
    assert len(set(seen)) == len(seen)


# -- mistakes -------------------------------------------------------------------------------------


def test_all_mistakes_of_all_files_are_said_at_once_with_their_places(decide: Decide) -> None:
    with pytest.raises(UsageError) as caught:
        decide(
            states_toml='[storyboard.statuz]\n"New" = "x"\n[storyboard.status]\n"New" = 3\n',
            people_csv="person,target,account,state\namy,new,17,verifed\nbob,new,b@c.example,bot\n"
            "# a comment\n\ncyd,newer,1,verified\n",
            tags_csv="tag,becomes\nui,a,b\n,x\nui,c\nui,d\n",
            projects_csv="source,move\nnova,maybe\n",
            privacy_toml='[information_type]\n"Private" = "securty"\n[policies.security.new]\n',
        )
    said = str(caught.value).splitlines()
    for place, what in (
        ("states.toml: [storyboard.statuz]", 'did you mean "status"'),
        ("states.toml: [storyboard.status]", '"New"'),
        ("people.csv:2", 'did you mean "verified"'),
        ("people.csv:3", "e-mail address"),
        ("people.csv:6", 'no target "newer"; did you mean "new"'),
        ("tags.csv:2", "3 cells under 2 headings"),
        ("tags.csv:3", "nothing under tag"),
        ("tags.csv:5", "a row already, line 4"),
        ("projects.csv:2", "write yes or no"),
        ("privacy.toml", 'no policy "securty"; did you mean "security"'),
        ("privacy.toml", "[policies.security.new] needs users"),
    ):
        assert any(line.startswith(f"{place}: ") and what in line for line in said), place
    assert len(said) == 11


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"tags_csv": "tga,becomes\nui,x\n"}, 'column "tga".*did you mean "tag".*\n.*lacks'),
        ({"tags_csv": 'tag,becomes\n"ui,x\n'}, "tags.csv:2: .*quote"),
        ({"states_toml": "[storyboard\n"}, "states.toml: is not valid TOML"),
        ({"states_toml": "[storybord.status]\n"}, 'did you mean "storyboard"'),
        ({"privacy_toml": "[policy.x]\n"}, r"unknown section \[policy\]"),
    ],
)
def test_a_mistake_is_named(decide: Decide, files: dict[str, str], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        decide(**files)


def test_a_table_that_is_not_utf_8_is_said_not_guessed(decide: Decide, tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_bytes("tag,becomes\nm\xfcll,x\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"tags.csv: is not UTF-8"):
        decide()


def test_a_table_from_a_spreadsheet_is_read(decide: Decide, tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_bytes('\ufefftag,becomes\r\n"a, b",x\r\n'.encode())
    assert decide().tag("a, b") == "x"


def test_a_private_team_is_named_nowhere(decide: Decide) -> None:
    team = key("launchpad", "person", "embargo-crew")

    class Archive(Nothing):
        def person(self, key: Key) -> Person | None:
            name, title, home = "embargo-crew", "Embargo Crew", "https://x.example/~e"
            return Person(
                key=key, name=name, display_name=title, home=home, is_team=True, private=True
            )

    told = decide(known=Archive()).person(team)
    assert told is not None
    shown = f"{told.name} {told.display_name} {told.home}".lower()
    assert "embargo" not in shown
    assert "crew" not in shown
