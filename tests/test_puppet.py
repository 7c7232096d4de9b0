"""The Puppet module of docs/puppet: what Puppet and its linter say of it, where they are installed,
and that it speaks of this version."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tracker_migrate import __version__

MODULES = Path(__file__).parents[1] / "docs" / "puppet"
MODULE = MODULES / "tracker_migrate"
EXAMPLE = MODULE / "examples" / "nova.pp"
_PUPPET = pytest.mark.skipif(shutil.which("puppet") is None, reason="Puppet is not installed here")
_LINT = pytest.mark.skipif(shutil.which("puppet-lint") is None, reason="there is no puppet-lint")


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """A command, and what it said."""
    return subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False, timeout=300
    )


def test_it_speaks_of_this_version() -> None:
    metadata = json.loads((MODULE / "metadata.json").read_text(encoding="utf-8"))
    assert metadata["version"] == __version__
    assert f"version => '{__version__}'" in EXAMPLE.read_text(encoding="utf-8")


def test_every_parameter_is_described() -> None:
    for path in (MODULE / "manifests").glob("*.pp"):
        text = path.read_text(encoding="utf-8")
        head, _, body = re.split(r"^(class|define) ", text, maxsplit=1, flags=re.MULTILINE)
        taken = re.findall(r"^  [A-Z].*? \$(\w+)", body.partition(") {")[0], re.MULTILINE)
        assert taken
        assert re.findall(r"^# @param (\w+)", head, re.MULTILINE) == taken


@_LINT
def test_the_linter_has_nothing_to_say() -> None:
    ran = run("puppet-lint", "--fail-on-warnings", MODULE)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr


@_PUPPET
def test_puppet_would_apply_it_without_a_word_of_a_login(tmp_path: Path) -> None:
    """Nothing is done (`--noop`), and all that would be is told."""
    settings = tmp_path / "settings"
    (settings / "mappings").mkdir(parents=True)
    (settings / "migration.toml").write_text('[source]\nspecs = ["launchpad:nova"]\n')
    (settings / "mappings" / "people.csv").touch()
    (tmp_path / "token").write_text("open-sesame")
    manifest = EXAMPLE.read_text(encoding="utf-8").replace("/srv/nova-move-settings", str(settings))
    site = tmp_path / "site.pp"
    site.write_text(manifest.replace("/root/new-token", str(tmp_path / "token")))
    of = [f"--{name}dir={tmp_path / name}" for name in ("conf", "var")]
    ran = run("puppet", "apply", "--noop", "--color=false", *of, "--modulepath", MODULES, site)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    assert "open-sesame" not in said
    errors = [line for line in said.splitlines() if "Error" in line and "Facter" not in line]
    assert errors == []
    for what in ("File[/var/lib/nova-move/mappings/people.csv]", "Exec[nova-move: unit]"):
        assert f"{what}/" in said
    assert "Service[nova-move]/ensure: current_value 'stopped', should be 'running' (noop)" in said
    assert not Path("/var/lib/nova-move").exists()
