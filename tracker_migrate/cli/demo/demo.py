"""The six acts of the demo, each told in a line or two, and the summary that it leaves."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tracker_migrate.cli import screen
from tracker_migrate.cli.demo.command import Command
from tracker_migrate.cli.demo.servers import Server
from tracker_migrate.cli.demo.targets import PREPARE, Prepared, edit_by_a_person, text_of
from tracker_migrate.errors import MigrateError, UsageError

PROJECT = "gadget"
_MARK = ".tracker-migrate-demo"
_OWNER = f"lab-client TOKEN-of-{PROJECT}-owner SECRET-of-{PROJECT}-owner"
_PERSONS_TITLE = "A better title, by a person"
_PRIVATE = 0.08  # so many of the bugs and blueprints
_COMMENT = "It still happens with the newest release."
_TYPES = ("Private", "Private Security", "Proprietary", "Embargoed")


class Demo:
    """One demo in a folder of its own. source: a real project, or None for a made-up one."""

    def __init__(
        self,
        folder: Path,
        source: str | None,
        limit: int,
        bugs: int,
        blueprints: int,
        seed: int,
    ) -> None:
        self._folder = folder.resolve()
        self._source = source
        self._limit = limit
        self._made = f"generated:bugs={bugs},blueprints={blueprints},seed={seed},project={PROJECT}"
        self._made += f",private={_PRIVATE}"
        self._servers: dict[str, Server] = {}
        self._summary: dict[str, dict[str, Any]] = {}
        self._wrong: list[str] = []

    def run(self) -> int:
        """All six acts. 0 if everything held, else 1."""
        self._clear()
        with ExitStack() as stack:
            self._start(stack)
            self._make_workspace()
            self._pull()
            self._plan()
            for name in PREPARE:
                self._apply(name)
            self._verify()
            self._again()
            if self._source is None:
                self._sync()
            self._finish()
        return 1 if self._wrong else 0

    # -- before the curtain -----------------------------------------------------------------------

    def _clear(self) -> None:
        if self._folder.exists() and any(self._folder.iterdir()):
            if not (self._folder / _MARK).exists():
                raise UsageError(f"{self._folder} is not empty, and no demo: name another folder")
            shutil.rmtree(self._folder)
        (self._folder / "servers").mkdir(parents=True, mode=0o700)
        (self._folder / _MARK).touch()

    def _start(self, stack: ExitStack) -> None:
        made = ["--load", self._made] if self._source is None else []
        for tracker, arguments in (("launchpad", made), *((name, []) for name in PREPARE)):
            if tracker == "launchpad" and self._source is not None:
                continue
            server = Server(tracker, self._folder / "servers", *arguments)
            self._servers[tracker] = stack.enter_context(server)

    def _make_workspace(self) -> None:
        prepared = {name: prepare(self._servers[name]) for name, prepare in PREPARE.items()}
        workspace = self._folder / "workspace"
        secrets = {}
        for name, target in prepared.items():
            secrets[f"TRACKER_MIGRATE_{name.upper()}_TOKEN"] = target.token
            secrets[f"TRACKER_MIGRATE_{name.upper()}_OUTSIDER_TOKEN"] = target.outsider
        if self._source is None:
            secrets["TRACKER_MIGRATE_LAUNCHPAD"] = _OWNER
        self._command = Command(workspace, secrets)
        arguments = ["init", str(workspace), "--from", self._source or f"launchpad:{PROJECT}"]
        for name, target in prepared.items():
            arguments += ["--to", f"{name}={target.sink}:{target.url}"]
        self._command.run(*arguments)
        (workspace / "migration.toml").write_text(self._settings(prepared), encoding="utf-8")
        tables = {"privacy.toml": _privacy(prepared), "people.csv": _people(prepared)}
        for name, text in tables.items():
            (workspace / "mappings" / name).write_text(text, encoding="utf-8")

    def _settings(self, prepared: dict[str, Prepared]) -> str:
        lines = ["[source]", f'specs = ["{self._source or f"launchpad:{PROJECT}"}"]']
        if self._source is None:
            lines += [f'address = "{self._servers["launchpad"].url}"', "private = true"]
            lines += ["per_second = 0  # it is our own machine"]
        for name, target in prepared.items():
            lines += ["", f"[targets.{name}]", f'sink = "{target.sink}:{target.url}"']
            lines += [f"{option} = {json.dumps(value)}" for option, value in target.options.items()]
        return "\n".join(lines) + "\n"

    # -- the acts ---------------------------------------------------------------------------------

    def _pull(self) -> None:
        began = time.monotonic()
        limit = [] if self._source is None else ["--limit", str(self._limit)]
        pulled = self._command.json("pull", *limit)
        requests = ""
        if self._source is None:
            counts = self._servers["launchpad"].ask("GET", "/__standin__/counts").json()
            total = sum(counts["requests"].values())
            requests = f"   {total / max(1, pulled['issues']):.1f} requests/issue"
        seconds = time.monotonic() - began
        screen.echo(
            f"[1/6] pull    {pulled['issues']} issues  {pulled['people']} people   "
            f"{seconds:.0f} s{requests}"
        )

    def _plan(self) -> None:
        plans = self._command.json_of_each(
            PREPARE, "plan", more=lambda name: ("--html", str(self._folder / f"plan-{name}.html"))
        )
        self._creates = {name: plan["create"] for name, plan in plans.items()}
        for number, (name, plan) in enumerate(plans.items()):
            head = "[2/6] plan" if number == 0 else ""
            fields = {"native": set(), "text": set(), "lost": set()}  # type: ignore[var-annotated]
            for loss in plan["losses"]:
                fields[loss["outcome"]].add((loss["entity"], loss["field"]))
            said = " ".join(f"{len(names)} {outcome}" for outcome, names in fields.items())
            creates, refused = sum(plan["create"].values()), sum(plan["refuse"].values())
            screen.echo(f"{head:13} {name:11} create {creates}  refuse {refused}  fields: {said}")

    def _apply(self, name: str) -> None:
        """Write; killed in the middle, while a reply is on its way; and go on."""
        server, began = self._servers[name], time.monotonic()
        half = self._expected(name) // 2
        held = False

        def now() -> bool:
            nonlocal held
            done = server.writes()
            if not held and done >= half:
                held = True
                method = {"method": "POST"} if name == "storyboard" else {"path": ".edit"}
                server.misbehave(do="hold", seconds=3.0, **method)
                return False
            return held and self._one_is_held(server)

        killed = self._command.killed(now, "apply", "-T", name)
        server.behave()
        if not killed:
            self._wrong.append(f"{name}: it ended before it could be killed")
        result = self._command.json("apply", "-T", name)[name]
        seconds = time.monotonic() - began
        self._summary[name] = {"seconds": round(seconds, 1)}
        rate = server.writes() / seconds
        screen.echo(
            f"[3/6] apply   {name:11} {server.writes()} requests  {rate:.0f}/s  {seconds:.0f} s"
        )
        writes = f"{result['found']} write{'s' * (result['found'] != 1)}"
        screen.echo(f"              killed with SIGKILL, on purpose, and started again: {writes}")
        screen.echo("              in doubt, found at the target, not sent again")

    def _one_is_held(self, server: Server) -> bool:
        """Whether a request has been done whose reply is still held back."""
        counts = server.ask("GET", "/__standin__/counts").json()
        return bool(counts["holding"])

    def _expected(self, name: str) -> int:
        """About how many requests the whole will need: Maniphest takes a task's comments in one."""
        created = self._creates[name]
        together = ("comment", "relations") if name == "maniphest" else ()
        return sum(count for kind, count in created.items() if kind not in together)

    def _verify(self) -> None:
        found = self._command.json_of_each(PREPARE, "verify", fine=(0, 4))
        screen.echo("[4/6] verify  (asked of the targets, not of the ledger;")
        screen.echo("              exposed: private objects that an outsider can read)")
        screen.echo(
            f"{'':6}{'':12}{'objects':>8}{'found':>7}{'refused':>8}{'lost':>5}{'missing':>8}"
            f"{'doubled':>8}{'differs':>8}  exposed"
        )
        for name, one in found.items():
            exposed = f"{len(one['exposed'])} of {one['private']}"
            screen.echo(
                f"{'':6}{name:12}{one['objects']:>8}{one['found']:>7}{one['refused']:>8}"
                f"{one['lost']:>5}{one['missing']:>8}{one['doubled']:>8}"
                f"{len(one['differs']):>8}  {exposed}"
            )
            whole = one["objects"] == one["found"] + one["refused"] + one["lost"]
            if not one["agrees"] or not whole:
                self._wrong.append(f"{name}: the target does not agree with the source")
            self._summary[name] |= {
                word: one[word] for word in ("objects", "found", "refused", "lost", "doubled")
            } | {"verified": bool(one["agrees"] and whole)}
        self._look_from_outside()

    def _look_from_outside(self) -> None:
        """Every private object, lists, feeds, tags and search, with the eyes of an outsider."""
        for name in PREPARE:
            seen = self._command.json("verify", "--outsider", "-T", name, fine=(0, 4))[name]
            readable = len(seen["readable"])
            self._summary[name]["private_readable"] = readable
            screen.echo(
                f"              {name} as an outsider, lists and search too: "
                f"{readable} of {seen['private']} readable"
            )
            if readable:
                self._wrong.append(f"{name}: an outsider can read what is private")

    def _again(self) -> None:
        said = []
        for name in PREPARE:
            before = self._servers[name].writes()
            self._command.json("apply", "-T", name)
            writes = self._servers[name].writes() - before
            self._summary[name]["second_run_writes"] = writes
            said.append(f"{writes} writes to {name}")
            if writes:
                self._wrong.append(f"{name}: a second run wrote {writes} times")
        screen.echo(f"[5/6] again   {', '.join(said)}")

    def _sync(self) -> None:
        """The source goes on living: a comment, a bug that becomes private, and a new title that
        somebody had changed at each target in the meantime."""
        from tracker_migrate.cli.demo.life import Life

        life = Life(self._servers["launchpad"], _OWNER, PROJECT)
        edited, other, secret = life.public_bugs(3)
        numbers = self._numbers(edited)
        for name in PREPARE:
            edit_by_a_person(self._servers[name], numbers[name], _PERSONS_TITLE)
        life.comment(other, _COMMENT)
        life.retitle(edited, "The title was changed at the source, too")
        life.close(secret)
        before = {name: self._servers[name].writes() for name in PREPARE}
        self._command.run("sync", "--once", "-q")
        said, kept = [], True
        for name in PREPARE:
            server = self._servers[name]
            said.append(f"{server.writes() - before[name]} writes to {name}")
            title, _, _ = text_of(server, numbers[name])
            _, _, comments = text_of(server, self._numbers(other)[name])
            kept = kept and title == _PERSONS_TITLE
            arrived = sum(_COMMENT in comment for comment in comments)
            if title != _PERSONS_TITLE or arrived != 1:
                self._wrong.append(
                    f"{name}: edit kept: {title == _PERSONS_TITLE}, comment {arrived} ×"
                )
        screen.echo(
            "[6/6] sync    1 comment added, 1 bug made private, 1 title changed on both sides:"
        )
        screen.echo(f"              {', '.join(said)}; the edit {'kept' if kept else 'LOST'}")
        self._look_from_outside()

    def _numbers(self, bug: int) -> dict[str, str]:
        """What a bug's issue is called at each target."""
        from tracker_migrate.model import key
        from tracker_migrate.workspace import Workspace

        with Workspace(self._folder / "workspace") as workspace:
            places = {
                name: workspace.ledger(name).where(key("launchpad", "bug", bug)) for name in PREPARE
            }
        missing = [name for name, place in places.items() if place is None]
        if missing:
            raise MigrateError(f"bug {bug} is not at {', '.join(missing)}")
        return {name: place.number or place.id for name, place in places.items() if place}

    def _finish(self) -> None:
        from tracker_migrate.cli.demo import pages

        targets = {name: self._servers[name] for name in PREPARE}
        pages.write(self._folder / "bugs.html", self._folder / "workspace", targets)
        evaluated = self._folder / "evaluate.html"
        self._command.json("evaluate", "-o", str(evaluated))
        path = self._folder / "summary.json"
        summary = {"targets": self._summary, "wrong": self._wrong}
        path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        for wrong in self._wrong:
            screen.echo(f"      WRONG   {wrong}", err=True)
        workspace = self._folder / "workspace"
        for head, words in (
            ("look at:", f"{_near(self._folder / 'bugs.html')}  (ten bugs, before and after)"),
            ("", f"{_near(evaluated)}  (what a move would be like, on one page)"),
            ("", f"{_near(self._folder / 'plan-*.html')}  (what was planned, before any write)"),
            ("", f"{_near(path)}  (what was counted)"),
            ("", f"{_near(workspace)}  (a workspace: settings, tables, reports)"),
            ("yours:", "tracker-migrate evaluate launchpad:PROJECT --sample 200"),
            ("", "tracker-migrate init my-move --from launchpad:PROJECT \\"),
            ("", "    --to new=storyboard:https://storyboard.example.org/api"),
            ("", "tracker-migrate pull -C my-move --limit 200"),
            ("", "tracker-migrate plan -C my-move"),
        ):
            screen.echo(f"{head:9}{words}")


def _near(path: Path) -> str:
    """A path as it is shortest from here."""
    return min(str(path), os.path.relpath(path), key=len)


def _privacy(prepared: dict[str, Prepared]) -> str:
    lines = ["[information_type]", *(f'"{one}" = "security"' for one in _TYPES[:2])]
    lines.append("# Proprietary and Embargoed have no row: they are refused")
    for name, target in prepared.items():
        lines += ["", f"[policies.security.{name}]"]
        lines += [f"{word} = {json.dumps(value)}" for word, value in target.policy.items()]
    return "\n".join(lines) + "\n"


def _people(prepared: dict[str, Prepared]) -> str:
    lines = ["person,target,account,state"]
    lines += [f"{PROJECT}-owner,{name},{one.reader},verified" for name, one in prepared.items()]
    return "\n".join(lines) + "\n"
