"""The page of `verify`: each difference with both texts, and nothing that is private."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import OWNER, Cli, Servers, texts
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.engine import differing
from tracker_migrate.engine.verify import DifferenceAt, Verified
from tracker_migrate.model import Issue, Key
from tracker_migrate.report.sides import Line, sides
from tracker_migrate.workspace import Workspace

POLICY = """[information_type]
"Private" = "few"
"Private Security" = "few"
"Proprietary" = "few"
[policies.few.new]
users = ["1"]
without = "all"
"""


@pytest.fixture
def people(standins: Servers) -> Iterator[Api]:
    """StoryBoard as the account that everything is written by: who reads what is private, too."""
    api = Api(f"{standins.storyboard.url}/v1", "token-of-super")
    yield api
    api.close()


def stories(workspace: Path, *, private: bool) -> list[tuple[Issue, str]]:
    """Issues that stand at StoryBoard, each with its number there."""
    with Workspace(workspace) as held:
        found = [
            (issue, held.ledger("new").where(issue.key))
            for issue in held.archive.issues()
            if issue.private == private and issue.kind == "bug"
        ]
        return [(issue, at.id) for issue, at in found if at is not None]


def page(workspace: Path) -> str:
    return (workspace / "reports" / "new" / "verify.html").read_text(encoding="utf-8")


def test_a_difference_is_shown_with_both_texts(cli: Cli, workspace: Path, people: Api) -> None:
    assert cli("apply", "-T", "new").status == 0
    issue, number = stories(workspace, private=False)[0]
    edit = "<script>alert('mine')</script> & more\nand a second line"
    people.write("PUT", f"/stories/{number}", {"title": "What a person made of it"})
    people.write("PUT", f"/stories/{number}", {"description": edit})
    told = cli("verify", "-T", "new")
    assert told.status == 4
    assert f"look at: {workspace / 'reports' / 'new' / 'verify.html'}" in told.out
    text = page(workspace)
    assert "<script" not in text
    assert "&lt;script&gt;alert(&#39;mine&#39;)&lt;/script&gt; &amp; more" in text
    assert issue.title.split()[0] in text
    assert "What a person made of it" in text
    assert f'href="{issue.home}"' in text
    assert "what we wrote" in text
    assert "what stands there" in text


def test_a_page_of_what_agrees_says_so(cli: Cli, workspace: Path, tmp_path: Path) -> None:
    assert cli("apply", "-T", "new").status == 0
    out = tmp_path / "seen.html"
    assert cli("verify", "-T", "new", "--html", out).status == 0
    assert "Source and target agree" in out.read_text(encoding="utf-8")
    assert "What differs" not in out.read_text(encoding="utf-8")
    assert not (workspace / "reports" / "new" / "verify.html").exists()
    assert (workspace / "reports" / "new" / "verify.json").exists()


def test_what_has_changed_at_the_source_since_is_said(
    cli: Cli, workspace: Path, people: Api
) -> None:
    assert cli("apply", "-T", "new").status == 0
    rows = "source,target,place,branch,move,note\ngadget,,other,,yes,\n"
    _, number = stories(workspace, private=False)[0]
    task = people.get(f"/stories/{number}/tasks")[0]
    people.write("PUT", f"/tasks/{task['id']}", {"status": "invalid", "title": "another one"})
    (workspace / "mappings" / "projects.csv").write_text(rows)
    assert cli("verify", "-T", "new").status == 4
    assert "another one" in page(workspace)


def test_of_what_is_private_the_number_alone_is_told(
    cli: Cli, workspace: Path, standins: Servers, people: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MIGRATE_LAUNCHPAD", OWNER)
    settings = standins.settings(source="private = true")
    head = "[targets.new]"
    (workspace / "migration.toml").write_text(
        settings.replace(head, f'{head}\nleaky_search = "accept"')
    )
    (workspace / "mappings" / "privacy.toml").write_text(POLICY)
    assert cli("pull", "--full").status == 0
    cli("apply", "-T", "new")
    issue, number = stories(workspace, private=True)[0]
    secret = "what nobody else may read of it"
    people.write("PUT", f"/stories/{number}", {"description": secret})
    assert cli("verify", "-T", "new").status == 4
    text = page(workspace)
    assert f"bug {issue.name}" in text
    assert "By number alone" in text
    for private in (secret, *texts(workspace)):
        assert private not in text


def test_of_what_somebody_closed_at_the_target_no_text_is_told(
    cli: Cli, workspace: Path, people: Api
) -> None:
    assert cli("apply", "-T", "new").status == 0
    issue, number = stories(workspace, private=False)[0]
    secret = "told after the doors were closed"
    me = people.get("/users/self")["id"]
    people.write("PUT", f"/stories/{number}", {"private": True, "users": [{"id": me}]})
    people.write("PUT", f"/stories/{number}", {"description": secret})
    assert cli("verify", "-T", "new").status == 4
    assert f"bug {issue.name}" in page(workspace)
    assert secret not in page(workspace)


def test_the_page_is_forgotten_with_what_is_private(cli: Cli, workspace: Path, people: Api) -> None:
    """What was public when it was made may not be so any more."""
    assert cli("apply", "-T", "new").status == 0
    _, number = stories(workspace, private=False)[0]
    people.write("PUT", f"/stories/{number}", {"description": "a text that is on the page"})
    assert cli("verify", "-T", "new").status == 4
    assert "a text that is on the page" in page(workspace)
    assert cli("purge", "--private", "-n").status == 0
    assert "a text that is on the page" in page(workspace)
    assert cli("purge", "--private", "-y").status == 0
    assert not (workspace / "reports" / "new" / "verify.html").exists()
    assert (workspace / "reports" / "new" / "verify.json").exists()


def test_texts_are_kept_of_the_first_differences_alone(
    cli: Cli, workspace: Path, people: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(differing, "MANY", 1)
    assert cli("apply", "-T", "new").status == 0
    for place, (_, number) in enumerate(stories(workspace, private=False)[:3]):
        people.write("PUT", f"/stories/{number}", {"description": f"edited place {place}"})
    assert cli("verify", "-T", "new").status == 4
    text = page(workspace)
    assert sum(f"edited place {place}" in text for place in range(3)) == 1
    assert "By number alone" in text


def test_a_place_for_the_page_that_is_not_there_is_told_first(cli: Cli, workspace: Path) -> None:
    told = cli("verify", "-T", "new", "--html", workspace / "nowhere" / "x.html")
    assert told.status == 2
    assert "there is no folder" in told.err
    assert cli("verify", "--html", workspace / "x.html").status == 2  # two targets, one page


def test_a_page_of_very_many_differences_stays_small() -> None:
    from datetime import UTC, datetime

    from tracker_migrate.report import pages, verification

    long = "\n".join(f"line {n} of a long text, as there are many" for n in range(400))
    seen = Verified(
        texts=[
            differing.Both(
                key=Key(f"launchpad:bug:{n}"), field="text", ours=long, theirs=long[::-1]
            )
            for n in range(200)
        ],
        differs=[DifferenceAt(Key(f"launchpad:bug:{n}"), "text", "") for n in range(200)],
    )
    made = verification.page("new", "https://s.example.org", seen, datetime(2026, 1, 2, tzinfo=UTC))
    assert len(made.encode()) <= pages.LARGEST
    assert "have no room on this page" in made


def test_sides_show_what_differs_and_fold_what_is_alike() -> None:
    same = [f"line {n}" for n in range(20)]
    found = sides("\n".join([*same, "old", "end"]), "\n".join([*same, "new", "more", "end"]))
    assert found[0] == Line(folded=17)
    assert Line(left="old", right="new", differs=True) in found
    assert Line(left=None, right="more", differs=True) in found
    assert found[-1] == Line(left="end", right="end")
