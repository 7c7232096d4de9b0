"""searchTasks on every kind of target, and its filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tracker_migrate.backends.launchpad.standin import LaunchpadStandIn, generate
from tracker_migrate.testing.loopback import serving

EVERY = (
    "status=New&status=Incomplete&status=Opinion&status=Invalid&status=Won%27t+Fix&status=Expired"
    "&status=Confirmed&status=Triaged&status=In+Progress&status=Deferred&status=Fix+Committed"
    "&status=Fix+Released&omit_duplicates=false&ws.size=300"
)


class Search:
    """Searches a made-up project that is in a group, a distribution and has series."""

    def __init__(self, standin: LaunchpadStandIn, url: str) -> None:
        self.standin, self.url = standin, url

    def tasks(self, target: str, more: str = "") -> list[dict[str, Any]]:
        """All tasks that a search gives."""
        url: str | None = f"{self.url}/devel/{target}?ws.op=searchTasks&{EVERY}{more}"
        found: list[dict[str, Any]] = []
        while url:
            reply = requests.get(url, timeout=10)
            assert reply.status_code == 200, reply.text
            found += reply.json()["entries"]
            url = reply.json().get("next_collection_link")
        return found

    def targets(self, target: str) -> set[str]:
        """What the tasks of a search are about."""
        return {task["target_link"].partition("/devel/")[2] for task in self.tasks(target)}

    def status(self, target: str, query: str) -> tuple[int, str]:
        """How a search is answered."""
        reply = requests.get(f"{self.url}/devel/{target}?ws.op=searchTasks&{query}", timeout=10)
        return reply.status_code, reply.text


@pytest.fixture(scope="module")
def search() -> Iterator[Search]:
    standin = LaunchpadStandIn()
    generate(standin, bugs=400, blueprints=5, seed=9, group="gizmos", distribution="distry")
    with serving(standin) as url:
        yield Search(standin, url)


def test_a_project_has_its_own_tasks_and_not_those_of_its_series(search: Search) -> None:
    assert search.targets("gadget") == {"gadget"}


def test_a_series_has_its_own_tasks(search: Search) -> None:
    assert search.targets("gadget/2.x") == {"gadget/2.x"}


def test_a_group_has_the_tasks_of_all_its_projects(search: Search) -> None:
    assert search.targets("gizmos") == {"gadget", "gadget-client", "gadget-docs", "gadget-lib"}


def test_a_source_package_and_its_distribution_have_the_same_tasks(search: Search) -> None:
    assert search.targets("distry/+source/gadget") == {"distry/+source/gadget"}
    assert search.targets("distry") == {"distry/+source/gadget"}


def test_a_milestone_has_what_is_aimed_at_it(search: Search) -> None:
    milestone = "gadget/+milestone/1.0"
    tasks = search.tasks(milestone)
    assert tasks
    assert {task["milestone_link"].partition("/devel/")[2] for task in tasks} == {milestone}


def test_a_person_has_what_concerns_them(search: Search) -> None:
    person = search.standin.store.scalar(
        "SELECT assignee FROM task t JOIN bug b ON b.id=t.bug WHERE b.info='Public' AND "
        "assignee IS NOT NULL GROUP BY 1 "
        "ORDER BY count(*) DESC"
    )
    mine = [task for task in search.tasks(person) if str(task["assignee_link"]).endswith(person)]
    assert len(mine) > 3


def test_tags_with_without_any_and_all(search: Search) -> None:
    whole = len(search.tasks("gadget"))
    tagged = search.tasks("gadget", "&tags=*")
    assert len(tagged) + len(search.tasks("gadget", "&tags=-*")) == whole
    with_api, without = search.tasks("gadget", "&tags=api"), search.tasks("gadget", "&tags=-api")
    assert len(with_api) + len(without) == whole
    both = search.tasks("gadget", "&tags=api&tags=ui&tags_combinator=All")
    assert len(both) < len(with_api) < len(tagged)


def test_cves_are_found_by_has_cve(search: Search) -> None:
    linked = search.standin.store.related
    for task in search.tasks("gadget", "&has_cve=true"):
        assert linked("cves", task["bug_link"].partition("/devel/")[2])


def test_a_list_can_be_repeated_or_json_but_not_separated_by_commas(search: Search) -> None:
    repeated = search.tasks("gadget", "&importance=High&importance=Low")
    as_json = search.tasks("gadget", '&importance=["High","Low"]')
    assert [t["self_link"] for t in repeated] == [t["self_link"] for t in as_json] != []
    assert search.status("gadget", "importance=High,Low")[0] == 400


@pytest.mark.parametrize(
    "query", ["status=Unknown", "order_by=colour", "modified_since=yesterday", "ws.size=301"]
)
def test_nonsense_is_refused(search: Search, query: str) -> None:
    assert search.status("gadget", query)[0] == 400


@pytest.mark.parametrize("order", ["id", "-id", "-importance", "title", "heat", "tag", "-status"])
def test_orders_give_every_row_once(search: Search, order: str) -> None:
    tasks = search.tasks("gadget", f"&order_by={order}")
    assert len({task["self_link"] for task in tasks}) == len(tasks) == len(search.tasks("gadget"))
