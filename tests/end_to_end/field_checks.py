"""Looks at a target for every field of a recorded project, row by row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.end_to_end import shipped
from tests.end_to_end.looking import Look, RowLook
from tests.end_to_end.reader import missing_words
from tests.end_to_end.recorded import Recorded, Row, holds, moment, page_of, path_of, target_of
from tests.end_to_end.sections import Sections, addresses, same, shown, within
from tests.end_to_end.standing import Thing, Work

#: a value of so many characters has a block of its own
LONG = 200
STATUS_DATES = (
    "date_assigned", "date_confirmed", "date_deferred", "date_fix_committed", "date_fix_released",
    "date_in_progress", "date_incomplete", "date_left_closed", "date_left_new", "date_triaged",
)  # fmt: skip
_REPLY = re.compile(r"^(re|fwd?): ", re.IGNORECASE)


class Checks:
    """Compares one recorded project with what stands at a target.

    accounts: who has an account there, by the name at Launchpad.
    """

    def __init__(
        self, recorded: Recorded, target: str, there: Mapping[str, Thing], accounts: dict[str, str]
    ) -> None:
        self.look = Look()
        self._recorded = recorded
        self._target = target
        self._there = there
        self._accounts = accounts

    def all(self) -> Look:
        """Every bug and blueprint of the project."""
        for bug in self._recorded.bugs():
            self._bug(bug)
        for spec in self._recorded.blueprints():
            self._blueprint(spec)
        return self.look

    # -- what both have ----------------------------------------------------------------------------

    def _thing(self, row: Row, where: str) -> Thing | None:
        found = self._there.get(page_of(row["web_link"]))
        if found is None:
            self.look.failures.append(f"{where}: is not there")
        return found

    def _person(self, link: str | None, text: str) -> bool:
        """Whether somebody is named, as people know him."""
        return link is None or within(self._recorded.person(link)[0], text)

    def _name(self, link: str) -> str:
        return self._recorded.person(link)[0]

    def _origin(self, look: RowLook, row: Row, thing: Thing, label: str) -> None:
        first = thing.sections.first
        look.field("web_link", page_of(row["web_link"]) in first and within(label, first))
        look.field("owner_link", self._person(row["owner_link"], first))
        created = moment(row["date_created"])
        held = thing.created in (None, created)
        look.field("date_created", within(created, first) and held, created)
        look.field("title", thing.title == row["title"])

    def _lines(self, look: RowLook, row: Row, sections: Sections, names: Sequence[str]) -> None:
        """Fields that are a line of their own: `**Heat**: 14`."""
        for name in names:
            label = _label(name)
            value = row.get(name)
            line = sections.line(label)
            if line and not holds(value):
                self.look.failures.append(f"{label} is said, and Launchpad does not say it")
            if name.endswith("_link") and value:
                look.field(name, self._person(value, line))
            elif value is True:
                look.field(name, same("yes", line))
            elif name.startswith(("date_", "latest_")) and value:
                look.field(name, same(moment(value), line), moment(value))
            else:
                look.field(name, same(str(value), line))

    # -- bugs --------------------------------------------------------------------------------------

    def _bug(self, bug: Row) -> None:
        path, where = path_of(bug["self_link"]), f"bug {bug['id']}"
        thing = self._thing(bug, where)
        if thing is None:
            return
        tasks = self._recorded.rows(f"{path}/bug_tasks")
        look = self.look.at("bug", bug, where)
        look.field("id", within(f"LP #{bug['id']}", thing.sections.first))
        self._origin(look, bug, thing, f"LP #{bug['id']}")
        look.field("description", same(bug["description"], _body(thing)))
        look.field("private", not thing.public)
        if self._target == "storyboard" and thing.kind != "bug":
            self.look.failures.append(f"{where}: is no bug there")
        lines = thing.sections.line("Tags")
        tags = thing.tags if self._target == "storyboard" else lines.split(", ")
        look.field("tags", sorted(tags) == sorted(bug["tags"]), bug["tags"])
        look.field("name", same(str(bug["name"]), thing.sections.line("Name")))
        look.field("duplicate_of_link", self._duplicate_of(bug, thing))
        look.told(["security_related"])  # follows from the information type
        line = thing.sections.line("Updated")
        look.field("date_last_updated", same(moment(bug["date_last_updated"]), line))
        self._lines(look, bug, thing.sections, (
            "information_type", "heat", "latest_patch_uploaded", "date_last_message",
            "number_of_duplicates", "message_count", "users_affected_count",
            "users_unaffected_count", "users_affected_count_with_dupes",
            "other_users_affected_count_with_dupes", "lock_status", "lock_reason",
            "date_made_private", "who_made_private_link",
        ))  # fmt: skip
        look.end()
        self._tasks(bug, tasks, thing, where)
        self._messages(bug, path, thing, where)
        self._related(path, thing, where)
        self._attachments(path, thing, where)
        self._subscriptions(path, thing, where)
        self._history(path, thing, where)

    def _duplicate_of(self, bug: Row, thing: Thing) -> bool:
        """The master is named; and where it is at the target, the link leads there."""
        if bug["duplicate_of_link"] is None:
            return True
        number = path_of(bug["duplicate_of_link"]).removeprefix("bugs/")
        return self._leads(f"duplicate of: LP #{number}", f"/bugs/{number}", thing)

    def _leads(self, words: str, page: str, thing: Thing) -> bool:
        """Whether the list of what is related has these words, and a link to where that is."""
        found = [one for one in thing.sections.items("Related") if within(words, one)]
        there = self._there.get(page)
        if len(found) != 1:
            return False
        leads = addresses(found[0])[:1]
        return leads == [there.address] if there is not None else leads[0].endswith(page)

    # -- tasks -------------------------------------------------------------------------------------

    def _tasks(self, bug: Row, tasks: list[Row], thing: Thing, where: str) -> None:
        rows = thing.sections.table("Affects")
        if len(rows) != len(tasks):
            self.look.failures.append(f"{where}: {len(rows)} rows for {len(tasks)} tasks")
        for task in tasks:
            found = [row for row in rows if same(task["bug_target_name"], row["Affects"])]
            self._task(bug, task, found[0] if found else {}, thing, f"{where} {target_of(task)}")
        if self._target == "maniphest":
            self._joint(bug, tasks, thing, where)

    def _task(self, bug: Row, task: Row, cells: Row, thing: Thing, where: str) -> None:
        look = self.look.at("bug_task", task, where)
        work = self._work(task, thing)
        if work is None:
            self.look.failures.append(f"{where}: no task for it")
            return
        name = task["bug_target_name"]
        rest = thing.sections.line(name)
        look.field("bug_target_name", same(name, cells.get("Affects", "")))
        shows = task["bug_target_display_name"]
        look.field("bug_target_display_name", shows.lower() == name.lower() or within(shows, rest))
        status = shipped.STATUS[self._target][task["status"]]
        if self._target == "maniphest" and bug["duplicate_of_link"]:
            status = "duplicate"
        native = work.status == status
        look.field("status", native and same(task["status"], cells["Status"]), status)
        priority = shipped.IMPORTANCE[self._target][task["importance"]]
        native = work.priority == priority
        look.field("importance", native and same(task["importance"], cells["Importance"]), priority)
        look.field("assignee_link", self._assigned(task, work, cells))
        look.field("milestone_link", self._aimed(task, work, cells))
        path = path_of(task["target_link"])
        look.field("target_link", self._placed(path, work), sorted(work.places))
        look.field("web_link", self._task_page(task, thing, rest))
        look.field("owner_link", task["owner_link"] == bug["owner_link"]
                   or self._person(task["owner_link"], rest))  # fmt: skip
        self._task_dates(bug, task, work, rest, look)
        for text in ("status_explanation", "importance_explanation"):
            look.field(text, not missing_words(str(task.get(text)), thing.text))
        if task["bug_watch_link"]:
            watch = self._recorded_watch(task)
            look.field("bug_watch_link", bool(watch) and watch in addresses(rest), watch)
        look.told(["is_complete"])  # complete: follows from the status
        usual = f'Bug #{bug["id"]} in {shows}: "{bug["title"]}"'
        look.field("title", task["title"] == usual or within(task["title"], rest))
        look.end()

    def _task_dates(self, bug: Row, task: Row, work: Work, rest: str, look: RowLook) -> None:
        for name in STATUS_DATES:
            if task[name]:
                told = f"{_label(name).lower()} {moment(task[name])}"
                look.field(name, within(told, rest), told)
        created = moment(task["date_created"])
        at_once = task["date_created"] == bug["date_created"]
        held = work.created == created or at_once or within(f"created {created}", rest)
        look.field("date_created", held, created)
        if task["date_closed"]:
            look.field("date_closed", within(f"closed {moment(task['date_closed'])}", rest))

    def _recorded_watch(self, task: Row) -> str:
        watch = path_of(task["bug_watch_link"])
        rows = self._recorded.rows(f"{watch.rpartition('/+watch/')[0]}/bug_watches")
        found = [str(row["url"]) for row in rows if path_of(row["self_link"]) == watch]
        return found[0] if found else ""

    def _work(self, task: Row, thing: Thing) -> Work | None:
        """The target's task; at Maniphest a single one is the issue's own."""
        return thing.parts.get(page_of(task["web_link"])) or (None if thing.parts else thing.own)

    def _task_page(self, task: Row, thing: Thing, rest: str) -> bool:
        page = page_of(task["web_link"])
        return page in thing.parts or any(one.endswith(page) for one in addresses(rest))

    def _assigned(self, task: Row, work: Work, cells: Row) -> bool:
        if task["assignee_link"] is None:
            return work.owner is None
        shows, name = self._recorded.person(task["assignee_link"])
        named = within(shows, cells["Assignee"]) and within(name, cells["Assignee"])
        return named and work.owner == self._accounts.get(name)

    def _aimed(self, task: Row, work: Work, cells: Row) -> bool:
        """A milestone is named beside the state; and it is an object where the target takes one:
        an active one, and at StoryBoard of a task that is merged."""
        link = task["milestone_link"]
        if link is None:
            return True
        path = path_of(link)
        name = path.rpartition("/")[2]
        native = self._target == "maniphest" or work.status == "merged"
        there = f"{shipped.place(target_of(task))[0]}@{name}" in work.places
        return same(name, cells["Milestone"]) and there == (native and self._is_active(path))

    def _is_active(self, milestone: str) -> bool:
        """Whether it is one of a project that is read, and work for it goes on."""
        rows = self._recorded.rows(f"{milestone.partition('/')[0]}/all_milestones")
        return any(row["is_active"] for row in rows if path_of(row["self_link"]) == milestone)

    def _placed(self, path: str, work: Work) -> bool:
        project, series = shipped.place(path)
        if self._target == "storyboard":
            return f"{project}@{series or 'master'}" in work.places
        if series is not None:
            return f"{project}@{series}" in work.places
        return any(one.partition("@")[0] == project for one in work.places)

    def _joint(self, bug: Row, tasks: list[Row], thing: Thing, where: str) -> None:
        """The task that stands for all of them: open while one is, and as urgent as any."""
        assert thing.own is not None
        states = [shipped.STATUS["maniphest"][task["status"]] for task in tasks]
        state = "open" if "open" in states else states[0]
        urgent = [shipped.IMPORTANCE["maniphest"][task["importance"]] for task in tasks]
        highest = next(one for one in shipped.HIGHEST if one in urgent)
        wanted: tuple[str, object] = (
            "duplicate" if bug["duplicate_of_link"] else state,
            highest,
        )
        if (thing.own.status, thing.own.priority) != wanted:
            self.look.failures.append(f"{where}: all tasks together are not {wanted}")

    # -- messages ----------------------------------------------------------------------------------

    def _messages(self, bug: Row, path: str, thing: Thing, where: str) -> None:
        files = self._recorded.rows(f"{path}/attachments")
        carries = {row["message_link"] for row in files}
        at = -1
        for row in self._recorded.rows(f"{path}/messages"):
            look = self.look.at("message", row, f"{where} {row['self_link'].rpartition('/')[2]}")
            if not row["visible"] or row["date_deleted"]:
                self._unsaid(row, thing, where)
                continue
            if same(row["content"], bug["description"]):
                continue  # stands in the issue itself
            if not row["content"].strip() and row["self_link"] not in carries:
                continue  # says nothing
            page = page_of(row["web_link"])
            found = [n for n, text in enumerate(thing.comments) if _names(text, page)]
            look.field("web_link", len(found) == 1 and found[0] > at, page)
            at = found[0] if found else at
            text = thing.comments[at] if found else ""
            self._message(bug, row, text, look)

    def _message(self, bug: Row, row: Row, text: str, look: RowLook) -> None:
        first, _, rest = text.partition("\n")
        look.field("content", within(row["content"], rest))
        look.field("owner_link", self._person(row["owner_link"], first))
        look.field("date_created", within(moment(row["date_created"]), first))
        if row["date_last_edited"]:
            edited = f"Edited: {moment(row['date_last_edited'])}"
            look.field("date_last_edited", within(edited, rest), edited)
        titles = self._titles(bug)
        subject = _REPLY.sub("", row["subject"] or "")
        look.field("subject", subject in titles or within(f"Subject: {row['subject']}", rest))
        look.told(["visible"])
        look.end()

    def _titles(self, bug: Row) -> set[str]:
        """Those that the bug has and had: a subject that repeats one says nothing."""
        path = path_of(bug["self_link"])
        rows = self._recorded.rows(f"{path}/activity")
        renamed = [row for row in rows if row["whatchanged"] == "summary"]
        first = [row["subject"] for row in self._recorded.rows(f"{path}/messages")[:1]]
        old = {str(row[name]) for row in renamed for name in ("oldvalue", "newvalue")}
        return {bug["title"], *old, *first}

    def _unsaid(self, row: Row, thing: Thing, where: str) -> None:
        """What the source hides or has deleted stands nowhere."""
        whole = "\n".join([thing.text, *thing.comments])
        if page_of(row["web_link"]) in "".join(addresses(whole)):
            self.look.failures.append(f"{where}: a hidden or deleted comment is there")
        if row["content"] and within(row["content"], whole):
            self.look.failures.append(f"{where}: the text of a hidden comment is there")

    # -- what hangs on a bug -----------------------------------------------------------------------

    def _related(self, path: str, thing: Thing, where: str) -> None:
        for row in self._recorded.rows(f"{path}/duplicates"):
            look = self.look.at("duplicate", row, where)
            page = page_of(row["web_link"])
            look.field("web_link", self._leads(f"duplicate: LP #{row['id']}", page, thing))
        for row in self._recorded.rows(f"{path}/bug_watches"):
            self._watch(row, thing, where)
        for row in self._recorded.rows(f"{path}/linked_branches"):
            self._branch("bug_branch", row, thing, where)
        for row in self._recorded.rows(f"{path} getNominations"):
            self._nomination(row, thing, where)
        self._cves(path, thing, where)

    def _watch(self, row: Row, thing: Thing, where: str) -> None:
        look = self.look.at("bug_watch", row, where)
        items = [one for one in thing.sections.items("Related") if row["url"] in addresses(one)]
        item = " ".join(items)
        look.field("url", len(items) == 1)
        look.field("title", within(f"watch: {row['title']}", item))
        look.field("remote_bug", within(f"remote bug {row['remote_bug']}", item))
        look.field("bug_tracker_link", path_of(row["bug_tracker_link"]) in item)
        look.field("owner_link", self._person(row["owner_link"], item))
        for name in ("remote_status", "remote_importance", "last_error_type"):
            look.field(name, within(f"{_label(name)} {row[name]}".lower(), item.lower()))
        for name in ("date_created", "date_last_changed", "date_last_checked", "date_next_checked"):
            if row[name]:
                look.field(name, within(f"{_label(name).lower()} {moment(row[name])}", item))
        look.end()

    def _nomination(self, row: Row, thing: Thing, where: str) -> None:
        look = self.look.at("bug_nomination", row, where)
        path = path_of(row["target_link"])
        label = f"nomination: {path}, "
        items = [one for one in thing.sections.items("Related") if shown(one).startswith(label)]
        item = " ".join(items)
        look.field("target_link", len(items) == 1 and addresses(item)[0].endswith(f"/{path}"))
        look.field("status", within(f"status {row['status']}", item))
        look.field("owner_link", within(f"owner {self._name(row['owner_link'])}", item))
        if row["decider_link"]:
            decider = self._name(row["decider_link"])
            look.field("decider_link", within(f"decider {decider}", item))
        for name in ("date_created", "date_decided"):
            if row[name]:
                look.field(name, within(f"{_label(name).lower()} {moment(row[name])}", item))
        look.end()

    def _cves(self, path: str, thing: Thing, where: str) -> None:
        """Who is not logged in is told how many there are, and by the history which."""
        linked: list[str] = []
        for row in self._recorded.rows(f"{path}/activity"):
            if row["whatchanged"] == "cve linked":
                linked.append(row["newvalue"])
            elif row["whatchanged"] == "cve unlinked":
                linked.remove(row["oldvalue"])
        untold = "one that Launchpad names to those who are logged in"
        count = self._recorded.number(f"{path}/cves")
        wanted = [f"cve: CVE-{one}" for one in linked] or [f"cve: {untold}"] * count
        assert len(wanted) == count
        found = [one for one in thing.sections.items("Related") if one.startswith("cve: ")]
        if not (len(found) == len(wanted) and all(map(within, wanted, found))):
            self.look.failures.append(f"{where}: {len(wanted)} CVEs: {found}")
        self.look.found["cve"] += len(wanted)

    def _branch(self, kind: str, row: Row, thing: Thing, where: str) -> None:
        look = self.look.at(kind, row, where)
        page = re.sub(r"/\+(bug|spec)/.*$", "", page_of(row["web_link"]))
        if kind == "specification_branch":
            page = "/" + path_of(row["branch_link"])
        label = f"branch: lp:{page[1:]}"
        items = [one for one in thing.sections.items("Related") if within(label, one)]
        look.field("web_link", len(items) == 1 and addresses(items[0])[0].endswith(page), page)
        look.field("registrant_link", self._person(row.get("registrant_link"), " ".join(items)))
        look.end()

    def _attachments(self, path: str, thing: Thing, where: str) -> None:
        items = thing.sections.items("Attachments")
        for row in self._recorded.rows(f"{path}/attachments"):
            look = self.look.at("bug_attachment", row, where)
            page = page_of(row["web_link"])
            found = [one for one in items if any(_is(page, to) for to in addresses(one))]
            item = " ".join(found)
            index = row["message_link"].rpartition("/")[2]
            look.field("web_link", len(found) == 1, page)
            look.field("title", within(row["title"], item))
            patch = row["type"] == "Patch"
            look.field("type", within("patch yes" if patch else "patch no", item))
            look.field("message_link", within(f"comment {index}", item))
            look.field("url", row["url"] in addresses(item) if row["url"] else True)
            look.told(["data_link"])  # its bytes have tests of their own
            look.end()

    def _subscriptions(self, path: str, thing: Thing, where: str) -> None:
        items = thing.sections.items("Subscribers")
        rows = self._recorded.rows(f"{path}/subscriptions")
        if len(items) != len(rows):
            self.look.failures.append(f"{where}: {len(items)} of {len(rows)} subscribers")
        for row, item in zip(rows, items, strict=False):
            look = self.look.at("bug_subscription", row, where)
            shows, name = self._recorded.person(row["person_link"])
            look.field("person_link", within(f"person {shows}", item) and within(name, item))
            level = row["bug_notification_level"]
            look.field("bug_notification_level", within(f"level {level}", item))
            look.field("date_created", within(f"created {moment(row['date_created'])}", item))
            by = self._recorded.person(row["subscribed_by_link"])[0]
            look.field("subscribed_by_link", within(f"by {by}", item))
            look.end()

    def _history(self, path: str, thing: Thing, where: str) -> None:
        table = thing.sections.table("What")
        rows = self._recorded.rows(f"{path}/activity")
        if len(table) != len(rows):
            self.look.failures.append(f"{where}: {len(table)} of {len(rows)} rows of history")
        for row, cells in zip(rows, table, strict=False):
            look = self.look.at("bug_activity", row, where)
            look.field("datechanged", same(moment(row["datechanged"]), cells["When"]))
            look.field("person_link", self._person(row["person_link"], cells["Who"]))
            look.field("whatchanged", same(row["whatchanged"], cells["What"]))
            for name, column in (("oldvalue", "From"), ("newvalue", "To"), ("message", "Message")):
                if holds(row[name]):
                    text = row[name]
                    long = len(text) > LONG or "\n" in text.strip()
                    look.field(name, self._block(row, name, thing) if long
                               else same(text, cells.get(column, "")))  # fmt: skip
            look.end()

    def _block(self, row: Row, name: str, thing: Thing) -> bool:
        """An earlier text of the description, in a block of its own."""
        which = {"oldvalue": "old", "newvalue": "new", "message": "message"}[name]
        when = moment(row["datechanged"]).removesuffix(" UTC")
        below = thing.sections.under.get(f"{when} {row['whatchanged']}, {which}", "")
        return not missing_words(row[name], below)

    # -- blueprints --------------------------------------------------------------------------------

    def _blueprint(self, spec: Row) -> None:
        path = path_of(spec["self_link"])
        thing = self._thing(spec, path)
        if thing is None:
            return
        look = self.look.at("specification", spec, path)
        self._origin(look, spec, thing, f"LP blueprint {path}")
        look.field("name", within(f"+spec/{spec['name']}", thing.sections.first))
        look.field("summary", same(spec["summary"], _body(thing)))
        if self._target == "storyboard" and thing.kind != "feature":
            self.look.failures.append(f"{path}: is a bug there")
        self._lines(look, spec, thing.sections, (
            "information_type", "definition_status", "drafter_link", "approver_link",
            "starter_link", "completer_link", "is_started", "lifecycle_status",
            "has_accepted_goal", "direction_approved",
        ))  # fmt: skip
        url = spec["specification_url"]
        look.field("specification_url", url in addresses(thing.sections.line("Specification url")))
        look.field("whiteboard", not missing_words(str(spec["whiteboard"]), thing.text))
        look.field("workitems_text", not self._work_left(spec, thing))
        self._delivery(spec, thing, look)
        look.end()
        self._linked(path, thing)

    def _work_left(self, spec: Row, thing: Thing) -> list[str]:
        """Work items that stand neither in the text nor as a task."""
        lines = str(spec["workitems_text"]).splitlines()
        items = [line.rpartition(":")[0] for line in lines if not line.startswith("Work items")]
        titles = [work.title for work in thing.parts.values()]
        whole = "\n".join([thing.everything(), *titles])
        bare = [re.sub(r"^\[\S+\]", "", one).strip() for one in items]
        return [one for one in bare if one and not within(one, whole)]

    def _delivery(self, spec: Row, thing: Thing, look: RowLook) -> None:
        cells = (thing.sections.table("Affects") or [{}])[0]
        page = page_of(spec["web_link"])
        work = thing.parts.get(page) or thing.own
        assert work is not None
        definition, delivery = spec["definition_status"], spec["implementation_status"]
        status = shipped.of_blueprint(self._target, definition, delivery, spec["is_complete"])
        told = same(delivery, cells["Status"])
        look.field("implementation_status", told and work.status == status, status)
        priority = shipped.IMPORTANCE[self._target][spec["priority"]]
        told = same(spec["priority"], cells["Importance"])
        look.field("priority", told and work.priority == priority)
        look.field("assignee_link", self._assigned(spec, work, cells))
        path = path_of(spec["target_link"])
        look.field("milestone_link", self._aimed(_as_task(spec, path), work, cells))
        look.field("target_link", self._placed(path, work) and same(path, cells["Affects"]))
        rest = thing.sections.line(path)
        if spec["date_started"]:
            look.field("date_started", within(f"date started {moment(spec['date_started'])}", rest))
        if spec["date_completed"]:
            told_as = f"closed {moment(spec['date_completed'])}"
            look.field("date_completed", within(told_as, rest))
        look.told(["is_complete"])  # follows from the date

    def _linked(self, path: str, thing: Thing) -> None:
        for row in self._recorded.rows(f"{path}/dependencies"):
            look = self.look.at("dependency", row, path)
            page = page_of(row["web_link"])
            label = f"depends on: LP blueprint {path_of(row['self_link'])}"
            look.field("web_link", self._leads(label, page, thing))
            self._back(f"needed by: LP blueprint {path}", page, thing, path)
            if self._target == "maniphest" and page in self._there and page not in thing.needs:
                self.look.failures.append(f"{path}: is no parent of {page}")
        for row in self._recorded.rows(f"{path}/bugs"):
            look = self.look.at("spec_bug", row, path)
            page = page_of(row["web_link"])
            look.field("web_link", self._leads(f"bug: LP #{row['id']}", page, thing))
            self._back(f"blueprint: LP blueprint {path}", page, thing, path)
        for row in self._recorded.rows(f"{path}/linked_branches"):
            self._branch("specification_branch", row, thing, path)

    def _back(self, words: str, page: str, thing: Thing, where: str) -> None:
        """What a blueprint names says so, too, if it is there, with a link to the blueprint."""
        other = self._there.get(page)
        if other is None:
            return
        items = [one for one in other.sections.items("Related") if within(words, one)]
        if [addresses(one) for one in items] != [[thing.address]]:
            self.look.failures.append(f"{where}: {page} does not say {words!r}")
        self.look.found["back"] += 1


def _as_task(spec: Row, path: str) -> Row:
    return {**spec, "self_link": f"/devel/{path}"}


def _body(thing: Thing) -> str:
    return shown(thing.sections.body)


def _label(field: str) -> str:
    """A field as a line is called: `date_last_message` → `Date last message`."""
    words = field.removesuffix("_link").replace("_", " ")
    return words[:1].upper() + words[1:]


def _names(text: str, page: str) -> bool:
    first = text.split("\n", 1)[0]
    return any(_is(page, to) for to in addresses(first))


def _is(page: str, address: Any) -> bool:
    return page_of(str(address)) == page
