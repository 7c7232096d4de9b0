"""What is not public: what an issue may hold of another one that not everybody may read."""

from __future__ import annotations

import json

import pytest

from tests.backends.launchpad.closed import (
    bug,
    issue,
    read,
    source,
    spec,
    summary,
)
from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn
from tracker_migrate.backends.launchpad.standin.privacy import grant_spec, share
from tracker_migrate.errors import Retriable
from tracker_migrate.model import Issue
from tracker_migrate.testing.loopback import Fault

# -- what a public issue holds of a private one ---------------------------------------------------


def private_words(standin: LaunchpadStandIn) -> list[str]:
    """Titles and descriptions of everything that is not public."""
    where = "info NOT IN ('Public', 'Public Security')"
    bugs = [one.data for one in standin.store.bugs(where)]
    specs = [one.data for one in standin.store.items("kind='specification'")]
    hushed = [one for one in specs if one.get("information_type") == "Proprietary"]
    texts = [one.get(name) for one in [*bugs, *hushed] for name in ("title", "description", "name")]
    return [str(text) for text in texts if text]


def test_a_public_bug_holds_no_word_of_a_private_one(planned: LaunchpadStandIn) -> None:
    made, words = source(planned), private_words(planned)
    assert len(words) > 30
    for role in ("public", "pubsec", "pub-dup-of-priv", "pub-two", "flip"):
        got = read(made, bug(summary()["bugs"][role]))
        assert not got.issue.private
        held = [repr(got.issue), *(reply.body.decode() for reply in got.replies)]
        assert [word for word in words for text in held if word in text] == []


def test_a_public_duplicate_names_its_private_master_by_number_alone(
    closed: LaunchpadStandIn,
) -> None:
    got = issue(source(closed), bug(727))
    (relation,) = [one for one in got.relations if one.kind == "duplicate_of"]
    assert (relation.label, relation.to, relation.extra) == ("LP #721", bug(721), {})
    assert relation.url.endswith("/bugs/721")


def test_a_public_bug_counts_its_private_duplicate_and_does_not_name_it(
    closed: LaunchpadStandIn,
) -> None:
    got = read(source(closed), bug(719))
    assert got.issue.extra["number_of_duplicates"] == 1
    assert [one for one in got.issue.relations if one.kind == "duplicate"] == []
    duplicates = next(one for one in got.replies if one.url.endswith("/duplicates"))
    assert json.loads(duplicates.body)["entries"] == []
    assert duplicates.withheld == 1


def test_a_private_bug_names_its_duplicates_by_number(closed: LaunchpadStandIn) -> None:
    got = issue(source(closed), bug(721))
    named = [one for one in got.relations if one.kind == "duplicate"]
    assert [(one.label, one.to) for one in named] == [("LP #727", bug(727))]


def test_a_public_blueprint_names_only_what_is_public(planned: LaunchpadStandIn) -> None:
    got = read(source(planned), spec("open-plan"))
    assert [one.to for one in got.issue.relations] == [spec("open-base"), bug(719)]
    held = [repr(got.issue), *(reply.body.decode() for reply in got.replies)]
    assert [word for word in private_words(planned) for text in held if word in text] == []


def test_a_private_blueprint_names_what_all_its_readers_know(planned: LaunchpadStandIn) -> None:
    got = issue(source(planned), spec("hush-plan"))
    assert got.private
    assert {one.to for one in got.relations} == {
        spec("open-base"),
        spec("hush-base"),
        bug(719),
        bug(721),
    }


@pytest.mark.parametrize("how", ["a share of the one alone", "another type", "who can't be asked"])
def test_a_private_blueprint_does_not_name_what_one_of_its_readers_may_not_know(
    planned: LaunchpadStandIn, how: str
) -> None:
    viewer = "lab-owner"
    if how == "a share of the one alone":
        grant_spec(planned.store, "lab-private/+spec/hush-plan", "~lab-some")
    elif how == "another type":
        path = "lab-private/+spec/hush-base"
        base = planned.store.item(path)
        assert base is not None
        planned.store.put_item(
            "specification", path, {**base.data, "information_type": "Embargoed"}
        )
        share(planned.store, "lab-private", "~lab-owner", ["Embargoed"])
    else:
        viewer = "lab-grantee"
    got = issue(source(planned, viewer=viewer), spec("hush-plan"))
    (unnamed,) = [one for one in got.relations if one.to is None]
    assert (unnamed.kind, unnamed.label) == ("depends_on", "a blueprint that is not public")
    assert "hush-base" not in repr(got)


# -- branches: whoever is logged in sees more of them than the public does -------------------------


def link_branches(standin: LaunchpadStandIn, owner: str, kind: str, suffix: str) -> list[str]:
    """An open and a hidden branch linked to a bug or blueprint; the addresses of the links."""
    links = []
    for name, info in (("open-work", "Public"), ("hush-work", "Proprietary")):
        branch = f"~lab-owner/lab-private/{name}"
        standin.store.put_item("branch", branch, {"name": name, "information_type": info})
        link = {"branch_link": branch} if kind == "specification_branch" else {}
        standin.store.put_item(kind, f"{branch}{suffix}", link)
        standin.store.relate("linked_branches", owner, f"{branch}{suffix}")
        links.append(f"lp:{branch}")
    return links


def branches(found: Issue) -> list[str]:
    return [one.label for one in found.relations if one.kind == "branch"]


@pytest.mark.parametrize("private", [False, True])
def test_a_public_bug_names_the_branches_that_the_public_sees(
    closed: LaunchpadStandIn, private: bool
) -> None:
    links = link_branches(closed, "bugs/719", "bug_branch", "/+bug/719")
    got = read(source(closed, private=private), bug(719))
    assert branches(got.issue) == links[:1]
    assert not [one for one in got.replies if b"hush-work" in one.body]


HUSHED = "a branch that is not public"


def test_a_private_bug_says_that_there_are_branches_of_which_its_readers_may_not_know(
    closed: LaunchpadStandIn,
) -> None:
    links = link_branches(closed, "bugs/721", "bug_branch", "/+bug/721")
    found = issue(source(closed), bug(721))
    assert branches(found) == [links[0], HUSHED]
    assert "hush-work" not in repr(found)
    assert found.relations[-1].url == found.home


def test_a_blueprint_names_the_branches_that_the_public_sees(
    planned: LaunchpadStandIn,
) -> None:
    for plan in ("open-plan", "hush-plan"):
        path = f"lab-private/+spec/{plan}"
        links = link_branches(planned, path, "specification_branch", f"/+spec/{plan}")
        more = [] if plan.startswith("open") else [HUSHED]
        assert branches(issue(source(planned), spec(plan))) == [links[0], *more]


def test_a_bug_that_closes_while_its_branches_are_read_is_for_a_later_try(
    closed: LaunchpadStandIn,
) -> None:
    link_branches(closed, "bugs/719", "bug_branch", "/+bug/719")
    closed.faults.append(Fault("status", path="linked_branches", status=404, times=9))
    with pytest.raises(Retriable, match="visibility"):
        source(closed).read(bug(719))
