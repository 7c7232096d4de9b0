"""The single exchanges: pieces of one long session, each with the requests that it leaves out.

A text is a recorded exchange, replayed and compared. `do` is a request in between that was not
kept, `Next` sets a counter to where the session had it, `Trouble` lets the next request fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.backends.storyboard.standin_compare import Window
from tests.backends.storyboard.standin_recordings import Exchange, singles
from tests.backends.storyboard.standin_replay import Outcome, Player
from tracker_migrate.testing.loopback import Fault

START = datetime(2026, 11, 22, 13, 34, 40, tzinfo=UTC)
END = datetime(2026, 11, 22, 14, 2, tzinfo=UTC)

_SQL = "its state was made by SQL on the server's own tables, which the stand-in does not have"
LEFT_OUT = {
    "sql-backdated-events": _SQL,
    "sql-backdated-story": _SQL,
    "sql-events-sorted-by-created_at": _SQL,
    "story-invalid-utf8": "the recording lost the bad bytes; limits/26 has them and is replayed",
}


@dataclass(frozen=True)
class Next:
    """The number that the next object of a kind will get."""

    kind: str
    number: int


@dataclass(frozen=True)
class Trouble:
    """A fault for the next request."""

    do: str


Step = str | Exchange | Next | Trouble


def do(who: str, call: str, body: Any = None, at: str = "") -> Exchange:
    """A request of the session that was not recorded; `at` is minutes and seconds after 13:00."""
    method, _, path = call.partition(" ")
    minutes, _, seconds = at.partition(":")
    sent = None
    if at:
        day = START.replace(minute=0, second=0)
        sent = day + timedelta(minutes=int(minutes), seconds=float(seconds) + 0.3)
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    return Exchange("", who, method, f"/v1{path}", headers, body, 200, None, {}, sent)


def story(number: int | None, title: str, at: str = "", **more: Any) -> Exchange:
    """A story of the persona `normal`."""
    named = {} if number is None else {"id": number}
    return do("normal", "POST /stories", {**named, "title": title, **more}, at)


def task(title: str, at: str = "38:45", **more: Any) -> Exchange:
    """A task of the story that the tasks were tried on."""
    where = {"project_id": 1, "story_id": 1234585}
    return do("normal", "POST /tasks", {"title": title, **where, **more}, at)


def put_tags(*names: str) -> Exchange:
    """Tags for the story that the tags were tried on."""
    return do("normal", "PUT /tags/1234587", list(names))


PROJECT = do("super", "POST /projects", {"name": "proj-a"}, "37:30")
FIRST = story(1, "only title edit", "38:00", description="desc with unicode é中 🚀")
FIRST_DATE = do("normal", "PUT /stories/1", {"created_at": "2009-01-02T03:04:05+00:00"}, "38:00")
SECOND = story(2, "Basic story", "38:00", description="desc")
PERSON = do(
    "super",
    "POST /users",
    {"full_name": "LP Person", "email": "lp-person@example.org", "id": 4},
)
MARKED = "Imported from https://bugs.launchpad.net/bugs/{0} (lpmig-{0})"
TEAM = do("super", "POST /teams", {"name": "security-team"}, "41:42")

SESSIONS: dict[str, list[Step]] = {
    "projects": [
        "project-create",
        "project-duplicate-name",
        do("super", "POST /projects", {"name": "openstack/nova"}, "37:30"),
        "project-list-limit",
        "project-get-by-name-with-slash",
        "project-get-by-name",
        "project-create-explicit-id-created_at",
        "project-put",
        "project-group-create",
        "project-group-add-project",
        "project-group-delete-not-empty",
        "branch-list-default-master",
        "branch-create",
        "branch-duplicate",
        "milestone-create",
    ],
    "stories": [
        "story-create",
        "story-get",
        "story-create-retry-makes-duplicate",
        "story-create-backdated",
        "story-get-backdated",
        "story-events-backdated",
        "story-put-created_at-updated_at",
        "story-put-by-other-normal-user",
        "story-put-400-creator",
        "story-create-explicit-id",
        "story-explicit-id-duplicate",
        "story-get-explicit-id",
        story(None, "The next story"),
        "story-title-5",
        "story-title-255",
        "story-title-emoji",
        "story-title-255emoji",
        "story-title-ws",
        "story-title-nul",
        "story-title-ctrl",
        "story-title-nl",
        "story-400-unknown-field",
        Next("story", 1234588),
        "story-type-1",
        "story-type-2",
        "story-delete-403",
        "story-delete",
        "story-delete-again",
    ],
    "tasks": [
        PROJECT,
        Next("branch", 4),
        do("super", "POST /branches", {"name": "stable/x", "project_id": 1}),
        do("super", "POST /milestones", {"name": "1.0.0", "branch_id": 4}),
        Next("event", 27),
        story(1234585, "Task story", "38:44"),
        "task-create",
        "task-create-nested-full",
        "task-400-no-title",
        "task-400-no-project",
        "task-404-project",
        "task-404-story",
        "task-no-story",
        task("t" * 255, "38:44"),
        task("status todo", "38:44", status="todo"),
        task("status inprogress", "38:44", status="inprogress"),
        task("status invalid", status="invalid"),
        task("status review", status="review"),
        task("status merged", status="merged"),
        task("status None", status=None),
        "task-400-bad-status",
        task("prio low", priority="low"),
        task("prio medium", priority="medium"),
        task("prio high", priority="high"),
        task("prio None", priority=None),
        "task-bad-priority",
        "task-assignee-missing",
        "task-400-creator",
        "task-400-milestone-not-merged",
        "task-400-milestone-other-branch",
        "task-branch-milestone",
        "task-create-explicit-id",
        "task-explicit-id-duplicate",
        task("long link", link="L" * 300),
        "task-put-status-assignee-priority",
        "task-put-by-other-user",
        "task-put-created_at",
        do("normal", "PUT /tasks/1", {"assignee_id": None}, "38:45.9"),
        "task-put-bad-status",
        "story-events-tasks",
        "story-with-tasks",
        "task-list-by-link",
        "task-list-limit",
        "task-list-marker",
        FIRST,
        do("normal", "POST /tasks", {"title": "to go", "project_id": 1, "story_id": 1}),
        "task-delete-by-other",
        Trouble("deadlock"),
        "task-create-deadlock-500",
    ],
    "comments": [
        PROJECT,
        FIRST,
        do("normal", "POST /tasks", {"title": "four", "id": 4, "project_id": 1, "story_id": 1}),
        Next("event", 52),
        story(1234586, "Comment story", "39:20"),
        "comment-401",
        "comment-create",
        do("normal", "POST /stories/1234586/comments", {"content": "dup"}),
        "comment-create-retry-makes-duplicate",
        "comment-create-backdated",
        "comment-create-with-author-ignored",
        "comment-create-explicit-id",
        "comment-explicit-id-duplicate",
        "comment-reply",
        "comment-reply-bad-parent",
        "comment-empty",
        "comment-no-content",
        "comment-get-backdated",
        *[do("normal", "POST /stories/1234586/comments", {"content": "more"})] * 5,
        "comment-on-missing-story",
        "comment-bad-json",
        "comment-list-limit",
        "comment-list-marker",
        "comment-list-offset-rejected",
        "comment-put",
        "comment-put-403-other",
        "comment-put-403-super",
        "comment-put-missing",
        "comment-put-created_at",
        "comment-history",
        "comment-put-is_active",
        "story-events-filter-limit",
        "events-global",
        "event-put-405",
        "comment-delete-403",
        "comment-delete-super",
    ],
    "tags": [
        Next("event", 68),
        story(1234587, "Tag story", "40:09"),
        "tags-put",
        "tags-put-duplicate",
        "tags-put-nested-wrong",
        Next("tag", 11),
        *(put_tags(name) for name in ("tage", "tags", "taqq")),
        "tags-get-nested",
        *(put_tags(name) for name in ("has space", "a,b", "a/b")),
        "tags-put-upper",
        "tags-put-empty",
        put_tags("x" * 50),
        "tags-put-51",
        "tags-put-emoji",
        *(put_tags(name) for name in ("lp:12345", "#x?y&z", "été", "n\0l", "trail ", "a")),
        *(put_tags(name) for name in ("q'\"q", "lp-12*")),
        "story-get-tags",
        "story-events-tags-added",
        Next("tag", 28),
        "tags-post",
        do("normal", "POST /tags", {"tag_name": "standalone2"}),
        "tags-list-by-name",
        "tags-post-duplicate",
        "tags-delete",
        "tags-put-404",
        story(1234592, "Partial story"),
        do("super", "PUT /tags/1234592", ["p1"]),
        "tags-put-partial",
    ],
    "people": [
        "user-create",
        "user-duplicate-email",
        "user-duplicate-openid-allowed",
        "user-create-explicit-id",
        "users-by-email-anonymous",
        "users-by-openid",
        "users-by-full_name-substring",
        "users-search",
        do("super", "POST /users", {"full_name": "One more", "email": "more@example.org"}),
        "users-limit",
        "token-create-for-other-user-by-super",
        do(
            "super",
            "POST /users/4/tokens",
            {"user_id": 4, "expires_in": 60, "access_token": "REDACTED"},
        ),
        "token-409-duplicate",
        "token-no-expires_in",
        "token-delete",
        do(
            "super",
            "POST /users/4/tokens",
            {"user_id": 4, "expires_in": 600, "access_token": "token-of-imp"},
        ),
        Next("story", 1234591),
        "story-create-impersonated",
        Next("comment", 909101),
        Next("event", 94),
        "comment-create-impersonated",
    ],
    "finding": [
        FIRST,
        FIRST_DATE,
        SECOND,
        *[story(None, "One of many stories")] * 29,
        story(1234593, "Marker story one", "41:22", description=MARKED.format(1234567)),
        story(1234594, "Marker story ten", "41:22", description=MARKED.format(12345678)),
        do("normal", "PUT /tags/1234593", ["lp-1234567"], "41:23"),
        do("normal", "PUT /tags/1234594", ["lp-12345678"], "41:23"),
        "stories-by-description-substring",
        "stories-by-tag",
        "stories-by-tag-none",
        "stories-by-title",
        "stories-search",
        "stories-limit-marker",
        "stories-limit-offset",
        "stories-marker-missing",
    ],
    "private": [
        "team-create",
        "team-duplicate",
        "team-add-user",
        Next("story", 1234615),
        "private-story-create-default",
        "private-story-get-as-None",
        "private-story-get-as-normal",
        "private-story-get-as-other",
        "private-story-get-as-super",
        "private-story-create-team",
        "private-story-create-users",
        "private-story-put-400-empty",
        "private-story-put-users",
        "private-story-bad-user",
        Next("comment", 909103),
        Next("event", 150),
        "private-story-comment-by-nonmember",
        "private-story-delete-by-nonmember-super",
        "private-stories-list-as-super",
        "private-story-explicit-id",
        do(
            "normal",
            "POST /stories",
            {"id": 3000100, "title": "Gone soon", "private": True, "users": [{"id": 1}]},
        ),
        do("super", "DELETE /stories/3000100"),
        "private-story-recreate-after-delete-400",
        "private-story-explicit-id-creator-not-in-acl",
        "private-story-explicit-id-retry-400",
    ],
    "the rest": [
        FIRST,
        FIRST_DATE,
        "subscription-create",
        "subscription-409-duplicate",
        "subscription-create-for-other-by-super",
        "subscription-400-missing",
        "worklist-create",
        "worklist-add-item",
        "board-create",
        "due-date-create",
        "due-date-put-stories",
    ],
}


def replay_singles(player: Player) -> list[Outcome]:
    """Every single exchange but those left out; what is in no session starts from clean."""
    recorded = {one.name: one for one in singles()}
    player_tokens = {"<token:imp>": "token-of-imp"}
    outcomes: list[Outcome] = []
    for steps in SESSIONS.values():
        player.clean()
        player.tokens.update(player_tokens)
        outcomes.extend(_played(player, steps, recorded))
    done = {one.recorded.name for one in outcomes}
    for name, exchange in recorded.items():
        if name not in done and name not in LEFT_OUT:
            player.clean()
            outcomes.extend(_played(player, [name], {name: exchange}))
    return outcomes


def _played(player: Player, steps: list[Step], recorded: dict[str, Exchange]) -> list[Outcome]:
    window = Window(START, END, player.tokens)
    outcomes = []
    for step in steps:
        match step:
            case str():
                outcomes.append(Outcome(recorded[step], player.send(recorded[step]), window))
            case Next():
                player.standin.store.pass_over(step.kind, step.number - 1)
            case Trouble():
                player.standin.faults.append(Fault(do=step.do))
            case Exchange():
                answer = player.send(step)
                assert answer.status in (200, 204), (step, answer)
    return outcomes
