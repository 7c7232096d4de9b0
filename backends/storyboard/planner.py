"""What a Launchpad issue becomes at StoryBoard: a story, its tasks, tags and comments. Pure.

A story has neither assignee nor milestone; its tasks have. Where the author of an object is the
importing account, the source's author stands in the line of origin of its text.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from tracker_migrate.abilities import Note
from tracker_migrate.backends.storyboard import (
    access,
    attached,
    fields,
    losses,
    notes,
    origins,
    outlook,
    rules,
    shape,
    texts,
    wire,
    work_items,
)
from tracker_migrate.backends.storyboard.options import Files
from tracker_migrate.interfaces import (
    Action,
    Audience,
    Decisions,
    Kind,
    Loss,
    Place,
    Pointer,
    Rule,
    Seal,
    Step,
    Text,
    Value,
    Wanted,
)
from tracker_migrate.model import Comment, Issue, Key, Task, is_away, is_part, key, name_of
from tracker_migrate.text.continued import part_home, part_key

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Kind(name="project", phase=0, editable=False),
            Kind(name="branch", phase=0, editable=False),
            Kind(name="milestone", phase=0, editable=False),
            Kind(name="tag", phase=0, editable=False),
            Kind(name="file", private="own", placed=True),
            Kind(name="story", chosen=True, private="own"),
            Kind(name="task", chosen=True),
            Kind(name="tagging", within=True),
            Kind(name="comment", phase=2, chosen=True, editable=False),
        )
    }
)

STEPS: tuple[str, ...] = (
    "project.create",
    "branch.create",
    "milestone.create",
    "tag.create",
    "file.create",
    "file.update",
    "story.create",
    "story.update",
    "task.create",
    "task.update",
    "tagging.create",
    "tagging.update",
    "comment.create",
    "comment.update",
)

MASTER = "master"  # the branch that StoryBoard makes with every project


class StoryBoardPlanner:
    """Says what an issue becomes at StoryBoard; implements `interfaces.Planner`. files: where
    attachments go."""

    tracker = "storyboard"
    version = 1
    kinds = KINDS
    issue_kind = "story"
    steps = STEPS
    costs = outlook.COSTS
    blockers = outlook.BLOCKERS
    mail = outlook.MAIL
    fields = notes.FIELDS

    def __init__(self, files: Files | None = None) -> None:
        self._files = files

    def held(self, name: str) -> str | None:
        """See `abilities.NamesPlaces`."""
        return fields.project_name(name)

    def refusal(self, issue: Issue, decisions: Decisions) -> str | None:
        """Why this issue can't be written, or None."""
        refused = access.refusal(decisions.audience(issue))
        if refused:
            return refused
        stands = is_away(issue) and issue.key in decisions.standing(issue.key)
        if not stands and not any(True for _ in shape.moved(issue, decisions)):
            return "none of its tasks is to be moved: StoryBoard has no story without a project"
        return None

    def wanted(self, issue: Issue, decisions: Decisions) -> Iterator[Wanted]:
        """Shared objects first, then files, the story, its tasks, its tags, its comments."""
        audience = decisions.audience(issue)
        tags = sorted(set(shape.tags(issue, decisions).values()))
        yield from _shared(issue, decisions, tags)
        kept = attached.written(issue, decisions)
        for of, (home, made) in kept.items():
            yield _file(issue, of, home, made, audience.name)
        for one in self._told(issue, decisions, audience.name, tags):
            by = shape.by(one.author, issue, decisions)
            yield _behind(msgspec.structs.replace(one, by=by), kept)

    def _told(
        self, issue: Issue, decisions: Decisions, audience: str, tags: list[str]
    ) -> Iterator[Wanted]:
        described, *more = texts.description(issue, decisions)
        yield _story(issue, described, decisions)
        for task, place in work_items.written(issue, decisions):
            yield _task(issue, task, place, decisions, audience)
        yield _tagging(issue, tags, audience)
        yield from _parts(issue, issue, more, audience)
        for group in losses.groups(issue, decisions):
            content, *more = texts.contents(issue, group.comments, decisions)
            made = _comment(issue, group.comments[0], content, audience)
            author = made.author if len(group.comments) == 1 else None  # of several nobody is it
            yield msgspec.structs.replace(made, key=group.key, holds=group.holds, author=author)
            yield from _parts(issue, group.comments[0], more, audience)

    def losses(self, issue: Issue, decisions: Decisions) -> Iterator[Loss]:
        """What becomes of every field that the issue fills."""
        return losses.losses(issue, decisions)

    def touched(self, issue: Issue, decisions: Decisions) -> Collection[str]:
        """The names of the complaints (`blockers`) that an issue has to do with."""
        return tuple(outlook.touched(issue, decisions))

    def rules(self, entity: str, field: str) -> tuple[Rule, ...]:
        """See `interfaces.HasRules`."""
        return rules.rules(entity, field)

    def access(self, kind: str, audience: Audience) -> dict[str, Value]:
        """The fields of a story or file that say who may read it; all else follows its story."""
        if kind == "file":
            return {"where": attached.place(audience, self._files)}
        return access.story(audience) if kind == "story" else {}

    def doubled(self, kind: str, beside: str, decisions: Decisions) -> dict[str, Value]:
        """Nothing that has a number of ours can be made twice."""
        return {}

    def retired(self, of: Key, kind: str, issue: Issue, decisions: Decisions) -> dict[str, Value]:
        """A task is invalid that the source has no more; no milestone hangs on such a one."""
        if kind != "task" or is_part(issue, of):
            return {}
        return {"status": shape.gone(decisions), "milestone_id": None}

    def note(self, note: Note, issue: Issue, decisions: Decisions) -> Wanted:
        """See `abilities.KeepsBoth`."""
        return notes.note(note, issue, decisions)

    def edition(
        self, issue: Issue, comment: Comment, when: datetime, decisions: Decisions
    ) -> Iterator[Wanted]:
        """See `abilities.TellsEditions`."""
        audience, kept = decisions.audience(issue).name, attached.written(issue, decisions)
        for number, text in texts.said_again(issue, comment, when, decisions):
            made = _comment(issue, comment, text, audience)
            made = msgspec.structs.replace(
                made,
                key=part_key(comment.key, number),
                marker=part_home(comment.home, number),
                fields={**made.fields, "created_at": wire.moment(when)},
                created=when,
                by=shape.by(comment.author, issue, decisions),
            )
            yield _behind(made, kept)

    def compose(self, actions: Sequence[Action]) -> Iterator[Step]:
        """One request an action: what closes a story goes first, what opens one goes last."""
        for action in sorted(actions, key=_turn):
            kind = action.wanted.kind
            yield Step(kind=f"{kind}.{action.op}", actions=(action,), phase=self.kinds[kind].phase)


def _turn(action: Action) -> tuple[int, int]:
    phase = KINDS[action.wanted.kind].phase
    if action.op == "update" and "where" in action.fields:
        return (9, phase) if action.wanted.fields["where"] == attached.PUBLIC else (-1, phase)
    if action.op == "update" and not set(access.FIELDS).isdisjoint(action.fields):
        return (-1, phase) if action.wanted.fields.get("private") else (9, phase)
    return 0, phase


def _file(issue: Issue, of: Key, home: str, made: dict[str, Any], audience: str) -> Wanted:
    return Wanted(
        key=of,
        kind="file",
        issue=issue.key,
        fields=made,
        audience=audience,
        marker=home,
    )


def _behind(wanted: Wanted, files: Container[Key]) -> Wanted:
    """Written after the files that its texts show, for their addresses are known only then."""
    texts_ = [one for one in wanted.fields.values() if isinstance(one, Text)]
    shown = [ref.to for text in texts_ for ref in text.refs if ref.to in files]
    if not shown:
        return wanted
    return msgspec.structs.replace(wanted, after=(*wanted.after, *dict.fromkeys(shown)))


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _comment(issue: Issue, comment: Issue | Comment, content: Text, audience: str) -> Wanted:
    return Wanted(
        key=comment.key,
        kind="comment",
        issue=issue.key,
        fields=_present(
            story_id=Pointer(to=issue.key),
            content=content,
            created_at=wire.moment(comment.created),
        ),
        audience=audience,
        marker=comment.home,
        author=comment.author,
        created=comment.created,
    )


def _parts(
    issue: Issue, of: Issue | Comment, texts: Sequence[Text], audience: str
) -> Iterator[Wanted]:
    """What of a text was too long for it: comments of their own, dated as the whole."""
    for number, text in enumerate(texts, 2):
        made = _comment(issue, of, text, audience)
        yield msgspec.structs.replace(
            made, key=part_key(of.key, number), marker=part_home(of.home, number)
        )


def _story(issue: Issue, description: Text, decisions: Decisions) -> Wanted:
    audience = decisions.audience(issue)
    return Wanted(
        key=issue.key,
        kind="story",
        issue=issue.key,
        fields=_present(
            title=fields.title(issue.title, texts.called(issue)),
            description=description,
            is_bug=issue.kind == "bug",
            **access.story(audience),
            created_at=wire.moment(issue.created),
        ),
        audience=audience.name,
        marker=issue.home,
        author=issue.author,
        created=issue.created,
        changed=issue.updated,
    )


def _task(issue: Issue, task: Task, place: Place, decisions: Decisions, audience: str) -> Wanted:
    project = fields.project_name(place.name)
    milestone = shape.milestone(issue, task, decisions)
    made: dict[str, Any] = _present(
        title=_task_title(issue, task),
        status=shape.status(issue, task, decisions),
        priority=shape.priority(task, decisions),
        link=task.home,
        story_id=Pointer(to=issue.key),
        project_id=Pointer(to=project_key(project)),
        created_at=wire.moment(task.created or issue.created),
    )
    branch = _branch(place, milestone)
    if branch is not None:
        made["branch_id"] = Pointer(to=branch_key(project, branch))
    made["milestone_id"] = None
    if milestone is not None and branch is not None:
        made["milestone_id"] = Pointer(to=milestone_key(project, branch, milestone))
    made["assignee_id"] = shape.assignee(task, decisions)
    return Wanted(
        key=task.key,
        kind="task",
        issue=issue.key,
        fields=made,
        audience=audience,
        marker=task.home,
        carried={"link": Text(parts=(task.home, origins.joint(task.home), Seal(of=task.home)))},
        author=task.author or issue.author,
        created=task.created or issue.created,
        changed=issue.updated,
    )


def _task_title(issue: Issue, task: Task) -> str:
    if shape.is_work_item(task):
        return fields.title(task.title, texts.called(issue), fields.TASK_TITLE_MIN)
    return fields.title(issue.title, texts.called(issue))


def _tagging(issue: Issue, tags: list[str], audience: str) -> Wanted:
    return Wanted(
        key=key(issue.key.split(":", 1)[0], "tagging", name_of(issue.key)),
        kind="tagging",
        issue=issue.key,
        fields={"story_id": Pointer(to=issue.key), "tags": tags},
        after=tuple(tag_key(tag) for tag in tags),
        audience=audience,
        marker=issue.home,
    )


def _branch(place: Place, milestone: str | None) -> str | None:
    """A milestone hangs on a branch, which has to be named then, be it the master (facts 1)."""
    if place.branch is not None:
        return fields.branch_name(place.branch)
    return MASTER if milestone is not None else None


def project_key(project: str) -> Key:
    """The key of a project; StoryBoard takes names that differ in case for one."""
    return key("storyboard", "project", project.lower())


def branch_key(project: str, branch: str) -> Key:
    """The key of a project's branch."""
    return key("storyboard", "branch", f"{project.lower()}@{branch}")


def milestone_key(project: str, branch: str, milestone: str) -> Key:
    """The key of a milestone of a branch."""
    return key("storyboard", "milestone", f"{project.lower()}@{branch}@{milestone}")


def tag_key(tag: str) -> Key:
    """The key of a tag."""
    return key("storyboard", "tag", tag)


def _shared(issue: Issue, decisions: Decisions, tags: list[str]) -> Iterator[Wanted]:
    made: dict[Key, Wanted] = {}
    for task, place in work_items.written(issue, decisions):
        project = fields.project_name(place.name)
        milestone = shape.milestone(issue, task, decisions)
        branch = _branch(place, milestone)
        for one in _places(project, branch, milestone):
            made.setdefault(one.key, one)
    yield from made.values()
    for tag in tags:
        yield _common(tag_key(tag), "tag", name=tag)


def _places(project: str, branch: str | None, milestone: str | None) -> Iterator[Wanted]:
    yield _common(project_key(project), "project", name=project)
    if branch is None:
        return
    to = Pointer(to=project_key(project))
    yield _common(branch_key(project, branch), "branch", name=branch, project_id=to)
    if milestone is not None:
        at = Pointer(to=branch_key(project, branch))
        made = milestone_key(project, branch, milestone)
        yield _common(made, "milestone", name=milestone, branch_id=at)


def _common(of: Key, kind: str, **values: Any) -> Wanted:
    return Wanted(key=of, kind=kind, issue=of, fields=values)
