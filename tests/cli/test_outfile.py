"""`-o FILE`, `--html FILE`: what stands there is not spoilt, and `-` is the standard output."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


def test_a_plan_goes_into_a_pipe_and_through_a_link(cli: Cli, workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    (workspace / "link").symlink_to("kept.plan")
    reader = os.open(workspace / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert cli("plan", "-T", "old", "--limit", "2", "-o", "pipe").status == 0
        piped = os.read(reader, 1 << 16)
    finally:
        os.close(reader)
    assert cli("plan", "-T", "old", "--limit", "2", "-o", "link").status == 0
    assert (workspace / "kept.plan").read_bytes() == piped
    assert json.loads(piped.splitlines()[0])["target"] == "old"
    assert stat.S_ISFIFO((workspace / "pipe").lstat().st_mode)
    assert (workspace / "link").is_symlink()


@pytest.mark.parametrize(
    "command", [("export", "redirects", "-T", "new"), ("export", "unit")], ids=" ".join
)
def test_a_dash_is_the_standard_output(cli: Cli, workspace: Path, command: tuple[str, ...]) -> None:
    plain, dashed = cli(*command), cli(*command, "-o", "-")
    assert plain.status == dashed.status == 0
    assert plain.out == dashed.out != ""
    assert not (workspace / "-").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "-T", "old", "-o", "-"),
        ("plan", "-T", "old", "--html", "-"),
        ("verify", "-T", "old", "--html", "-"),
        ("status", "--html", "-"),
        ("evaluate", "-C", ".", "-o", "-"),
        ("evaluate", "-C", ".", "--rows", "-"),
    ],
    ids=" ".join,
)
def test_where_the_results_go_no_file_goes_too(
    cli: Cli, workspace: Path, command: tuple[str, ...]
) -> None:
    ended = cli(*command)
    assert ended.status == 2
    assert f"{command[-2]} - would be among the results on the standard output" in ended.err
    assert not (workspace / "-").exists()


def test_a_file_that_was_made_ready_keeps_its_mode(cli: Cli, workspace: Path) -> None:
    (workspace / "moved.csv").touch(mode=0o600)
    assert cli("export", "redirects", "-T", "new", "-o", "moved.csv").status == 0
    assert stat.S_IMODE((workspace / "moved.csv").stat().st_mode) == 0o600


def test_what_leads_to_private_issues_is_its_owners_alone(cli: Cli, workspace: Path) -> None:
    asked = ("export", "redirects", "-T", "new", "--private", "-o", "moved.csv")
    assert cli(*asked).status == 0
    assert stat.S_IMODE((workspace / "moved.csv").stat().st_mode) == 0o600
    (workspace / "moved.csv").chmod(0o644)
    ended = cli(*asked)
    assert ended.status == 1
    assert "others may read" in ended.err
    assert "chmod go= " in ended.err
