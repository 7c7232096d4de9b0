"""Leaks at a target, each made by taking one guard away (or more, where one stands behind another).

seen: what the spy's finding has to say, so that no other leak is taken for this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.end_to_end import scenes
from tests.end_to_end.plants_at_source import (
    addresses,
    hidden_comments,
    name_of_a_blueprint,
    name_of_a_branch,
    returns,
    title_of_a_duplicate,
)
from tracker_migrate.backends.maniphest import access as maniphest_access
from tracker_migrate.backends.maniphest import compose
from tracker_migrate.backends.maniphest import fields as maniphest_fields
from tracker_migrate.backends.maniphest.client import Conduit
from tracker_migrate.backends.maniphest.guard import Guard as ManiphestGuard
from tracker_migrate.backends.maniphest.planner import ManiphestPlanner
from tracker_migrate.backends.storyboard import access as storyboard_access
from tracker_migrate.backends.storyboard import planner
from tracker_migrate.backends.storyboard.client import Api
from tracker_migrate.backends.storyboard.guard import Guard as StoryBoardGuard
from tracker_migrate.backends.storyboard.search import Search
from tracker_migrate.backends.storyboard.sink import StoryBoardSink
from tracker_migrate.engine import foreseen as engine_foreseen
from tracker_migrate.engine.closing import Closing
from tracker_migrate.engine.opening import Opening
from tracker_migrate.engine.target import Target
from tracker_migrate.interfaces import Action, Wanted
from tracker_migrate.mappings.decisions import TargetDecisions
from tracker_migrate.mappings.readers import Doors
from tracker_migrate.workspace.archive import Archive

Patch = pytest.MonkeyPatch


class Plant(NamedTuple):
    """put: takes the guard away. scene: what happens then, at one target."""

    name: str
    target: str
    put: Callable[[Patch], None]
    scene: scenes.Scene = scenes.first_copy
    seen: str = "."


def gone(owner: Any, name: str, value: Any = None) -> Callable[[Patch], None]:
    """A guard that always says the same."""
    return lambda patch: patch.setattr(owner, name, returns(value))


# -- at StoryBoard --------------------------------------------------------------------------------


def story_public_first(patch: Patch) -> None:
    """A private story is made for all, and closed by the next request."""
    real = Api.write

    def write(self: Api, method: str, path: str, body: Any = None, **more: Any) -> Any:
        if (method, path) != ("POST", "/stories") or not body["private"]:
            return real(self, method, path, body, **more)
        made = real(self, method, path, {**body, "private": False}, **more)
        return real(self, "PUT", f"{path}/{made['id']}", {"private": True, "users": body["users"]})

    patch.setattr(Api, "write", write)


def one_reader_more(patch: Patch) -> None:
    real = storyboard_access.story

    def story(audience: Any) -> dict[str, Any]:
        return {**(held := real(audience)), "users": sorted({*held["users"], "2"}, key=int)}

    patch.setattr(storyboard_access, "story", story)


def open_story_is_filled(patch: Patch) -> None:
    """Nothing is closed first, nor looked at, and within an issue what closes comes last."""
    patch.setattr(Closing, "run", returns(None))
    patch.setattr(StoryBoardGuard, "check", returns(None))
    patch.setattr(planner, "_turn", _closing_last)


def _closing_last(action: Action) -> tuple[int, int]:
    closes = action.op == "update" and "private" in action.fields
    return (9 if closes else 0), planner.KINDS[action.wanted.kind].phase


def search_by_title(patch: Patch) -> None:
    """The outsider's search is asked by the words of the title."""
    real = StoryBoardSink.send

    def send(self: StoryBoardSink, step: Any) -> Any:
        sent = real(self, step)
        for action in step.actions:
            if action.kind == "story":
                self._site.nobody.get("/stories/search", {"q": action.fields["title"]})
        return sent

    patch.setattr(StoryBoardSink, "send", send)


# -- at Maniphest ---------------------------------------------------------------------------------


def task_public_first(patch: Patch) -> None:
    """A closed task is made for all accounts, and closed by the next request."""
    real = Conduit.write

    def write(self: Conduit, method: str, **params: Any) -> Any:
        said = params.get("transactions") or []
        view = [one for one in said if one["type"] == "view" and one["value"] != "users"]
        if "objectIdentifier" in params or not view:
            return real(self, method, **params)
        opened = [{**one, "value": "users"} if one in view else one for one in said]
        made = real(self, method, **{**params, "transactions": opened})
        real(self, method, transactions=view, objectIdentifier=made["object"]["phid"])
        return made

    patch.setattr(Conduit, "write", write)


def subtask_without_a_policy(patch: Patch) -> None:
    real = ManiphestPlanner._subtask

    def subtask(self: ManiphestPlanner, *given: Any) -> Wanted:
        made = real(self, *given)
        return msgspec.structs.replace(made, fields={**made.fields, "view": "users"})

    patch.setattr(ManiphestPlanner, "_subtask", subtask)


def policy_of_all(patch: Patch) -> None:
    real = maniphest_access.access

    def access(audience: Any, options: Any) -> dict[str, Any]:
        return {**real(audience, options), "view": "users"}

    patch.setattr(maniphest_access, "access", access)


def owner_who_may_not_read(patch: Patch) -> None:
    def owner(assignee: Any, _audience: Any, decisions: Any) -> str | None:
        account = decisions.account(assignee)
        return account.id if account else None

    patch.setattr(maniphest_fields, "owner", owner)


def open_task_is_filled(patch: Patch) -> None:
    """Nothing is closed first, nor looked at, and within an issue what closes comes last."""
    patch.setattr(Closing, "run", returns(None))
    patch.setattr(ManiphestGuard, "check", returns(None))
    real = compose._sorted_by_audience

    def closing_last(actions: Any) -> Any:
        closing, rest, opening = real(actions)
        return [], rest, [*closing, *opening]

    patch.setattr(compose, "_sorted_by_audience", closing_last)


# -- at both --------------------------------------------------------------------------------------


def secret_teams(patch: Patch) -> None:
    patch.setattr(TargetDecisions, "_nameable", lambda _self, person: person)


def never_closed(patch: Patch) -> None:
    patch.setattr(Archive, "gone_keys", lambda _self: iter(()))


def any_group(patch: Patch) -> None:
    patch.setattr(Doors, "_wrong", returns(""))


def both(name: str, put: Callable[[Patch], None], **more: Any) -> Iterator[Plant]:
    """The same plant at both targets."""
    for target in scenes.BOTH:
        yield Plant(f"{name}-{target}", target, put, **more)


PLANTS: tuple[Plant, ...] = (
    Plant("public-first-storyboard", "storyboard", story_public_first, seen="title"),
    Plant("one-reader-more", "storyboard", one_reader_more, seen="somebody"),
    Plant(
        "comment-before-closing-storyboard",
        "storyboard",
        open_story_is_filled,
        scenes.turned_private,
        "what='comment'",
    ),
    Plant(
        "comment-on-an-opened-story",
        "storyboard",
        gone(StoryBoardGuard, "check"),
        scenes.opened_by_somebody,
        "what='comment'",
    ),
    Plant("tag-of-a-private-bug", "storyboard", gone(TargetDecisions, "tag_uses", 1), seen="tag"),
    Plant("search-by-title", "storyboard", search_by_title, seen="the address of a request"),
    Plant("leaky-search", "storyboard", gone(Search, "check"), scenes.leaky_search, "search"),
    Plant("public-first-maniphest", "maniphest", task_public_first, seen="title"),
    Plant("subtask-without-a-policy", "maniphest", subtask_without_a_policy, seen="title"),
    Plant("policy-of-all", "maniphest", policy_of_all, seen="somebody"),
    Plant("owner-who-may-not-read", "maniphest", owner_who_may_not_read, seen="half-reader"),
    Plant(
        "comment-before-closing-maniphest",
        "maniphest",
        open_task_is_filled,
        scenes.turned_private,
        "what='comment'",
    ),
    Plant(
        "comment-on-an-opened-task",
        "maniphest",
        gone(ManiphestGuard, "check"),
        scenes.opened_by_somebody,
        "what='comment'",
    ),
    Plant("a-wider-group", "maniphest", any_group, scenes.group_grew, "alice"),
    *both("title-of-a-private-duplicate", title_of_a_duplicate, seen="title"),
    *both("name-of-a-private-blueprint", name_of_a_blueprint, seen="blueprint's name"),
    *both("name-of-a-private-branch", name_of_a_branch, seen="branch's name"),
    *both("hidden-comment", hidden_comments, seen="hidden text"),
    *both("address", addresses, seen="address in"),
    *both("private-team", secret_teams, seen="team's"),
    *both("private-project", gone(TargetDecisions, "_named_by_itself"), seen="project's name"),
    *both("opened-unasked", gone(Opening, "_reason", ""), scene=scenes.turned_back),
    *both("never-closed", gone(Closing, "run"), scene=scenes.gone),
    *both("gone-is-forgotten", never_closed, scene=scenes.gone),
    *both(
        "exposed-and-left",
        lambda patch: patch.setattr(engine_foreseen, "exposures", returns({})),
        scene=scenes.comment_hidden,
        seen="comment",
    ),
    *both("hidden-by-hand-and-written", gone(Target, "closed"), scene=scenes.hidden_by_hand),
)
