"""What the package promises to those who import it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tracker_migrate as tm

NAMES = [
    "Evaluation",
    "Issue",
    "Key",
    "MigrateError",
    "Only",
    "Workspace",
    "adopt",
    "apply",
    "backdate",
    "compact",
    "compare",
    "evaluate",
    "examine",
    "export_archive",
    "export_tables",
    "final",
    "handover",
    "handover_undo",
    "hide",
    "losses",
    "plan",
    "pull",
    "purge",
    "readers",
    "redirects",
    "rows",
    "show",
    "suppose",
    "sync",
    "undo",
    "verify",
]


def test_the_public_names_are_these() -> None:
    assert tm.__all__ == NAMES
    assert [name for name in NAMES if getattr(tm, name).__doc__] == NAMES
    assert set(NAMES) <= set(dir(tm))
    assert isinstance(tm.__version__, str)


def test_what_is_no_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'pul'"):
        _ = tm.pul


def imported(statement: str) -> set[str]:
    """The modules that are there after a statement in a fresh Python."""
    script = f"import sys; {statement}; print(' '.join(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return set(ran.stdout.split())


def backends(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith("tracker_migrate.backends.")}


def test_importing_the_package_imports_nothing_heavy() -> None:
    modules = imported("import tracker_migrate")
    heavy = {"sqlalchemy", "alembic", "pydantic", "requests", "msgspec", "launchpadlib", "click"}
    assert not modules & heavy
    assert {name for name in modules if name.startswith("tracker_migrate")} == {"tracker_migrate"}


def test_help_waits_for_no_database_and_no_backend() -> None:
    modules = imported("from tracker_migrate.cli import run")
    assert "tracker_migrate.cli.commands" in modules
    assert not modules & {"sqlalchemy", "alembic", "pydantic", "requests", "launchpadlib"}
    assert backends(modules) == set()


def test_no_backend_is_imported_before_it_is_named() -> None:
    modules = imported("import tracker_migrate as tm; [getattr(tm, name) for name in tm.__all__]")
    assert "sqlalchemy" in modules, "the names were not resolved at all"
    assert backends(modules) == set()


def test_a_backends_package_imports_nothing_but_itself() -> None:
    for name in ("launchpad", "maniphest", "storyboard"):
        modules = imported(f"import tracker_migrate.backends.{name}")
        assert backends(modules) == {f"tracker_migrate.backends.{name}"}
        assert not modules & {"requests", "launchpadlib", "phabricator", "storyboardclient"}
