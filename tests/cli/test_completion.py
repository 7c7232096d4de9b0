"""A shell completes commands, options, targets and bugs, without asking any server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Servers

BASH = shutil.which("bash")


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with the program under its name, as an installation has it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    made = folder / "tracker-migrate"
    made.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tracker_migrate "$@"\n')
    made.chmod(0o755)
    return folder


def completed(program: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    assert BASH is not None
    line = " ".join(f"'{word}'" for word in words)
    script = (
        'eval "$(tracker-migrate completion bash)"; '
        f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; "
        '_tracker_migrate_completion tracker-migrate; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        [BASH, "--norc", "-c", script],
        env={**os.environ, "PATH": f"{program}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "Traceback" not in done.stderr
    return done.stdout.split()


needs_bash = pytest.mark.skipif(BASH is None, reason="there is no bash")


@needs_bash
def test_bash_completes_commands_and_options(program: Path) -> None:
    assert completed(program, "tracker-migrate", "sta") == ["status"]
    assert "--refused" in completed(program, "tracker-migrate", "status", "--")


@needs_bash
def test_bash_completes_the_targets_of_the_workspace(program: Path, workspace: Path) -> None:
    words = ("tracker-migrate", "verify", "-C", str(workspace), "-T")
    assert completed(program, *words, "") == ["new", "old"]
    assert completed(program, *words, "o") == ["old"]
    assert completed(program, *words, "x") == []


@needs_bash
def test_bash_completes_the_numbers_of_bugs_and_asks_nobody(
    program: Path, workspace: Path, standins: Servers
) -> None:
    before = standins.launchpad.requests.total()
    found = completed(program, "tracker-migrate", "hide", "-C", str(workspace), "1")
    assert found
    assert all(one.isdigit() and one.startswith("1") for one in found)
    assert standins.launchpad.requests.total() == before


@needs_bash
def test_outside_of_a_workspace_nothing_is_offered_and_nothing_is_made(
    program: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert completed(program, "tracker-migrate", "status", "-C", str(empty), "-T", "") == []
    assert completed(program, "tracker-migrate", "hide", "-C", str(empty), "") == []
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_its_script(cli: Cli, shell: str) -> None:
    told = cli("completion", shell)
    assert told.status == 0
    assert f"_TRACKER_MIGRATE_COMPLETE={shell}_complete" in told.out
    found = shutil.which(shell)
    if found is not None:
        subprocess.run([found, "-n"], input=told.out, text=True, check=True, timeout=60)


def test_another_shell_is_a_mistake(cli: Cli) -> None:
    assert cli("completion", "cmd").status == 2
