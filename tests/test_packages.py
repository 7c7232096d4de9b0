"""The tree is what setup.cfg says that it is, and has one name to be imported by."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: folders at the top that are imported as parts of tracker_migrate
MOUNTED = {"backends": "tracker_migrate.backends", "mappings": "tracker_migrate.mappings"}
PYTHON = ("tracker_migrate", "backends", "mappings", "tests", "benchmarks", "examples", "docs")


def declared() -> list[str]:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["options"]["packages"].split()


def packages(top: Path, name: str) -> Iterator[str]:
    """The packages below a folder; links are not followed, they are mounted by their own name."""
    if any(top.glob("*.py")):
        yield name
    for folder in sorted(top.iterdir()):
        if folder.is_dir() and not folder.is_symlink() and folder.name != "__pycache__":
            yield from packages(folder, f"{name}.{folder.name}")


def in_the_tree() -> set[str]:
    found = set(packages(ROOT / "tracker_migrate", "tracker_migrate"))
    for folder, name in MOUNTED.items():
        found |= set(packages(ROOT / folder, name))
    return found


def test_every_package_of_the_tree_is_declared() -> None:
    assert set(declared()) == in_the_tree()
    assert len(declared()) == len(set(declared()))


def test_a_package_has_an_init() -> None:
    for name in declared():
        path = name.replace(".", "/")
        for package, folder in ((p, f) for f, p in MOUNTED.items()):
            if name == package or name.startswith(f"{package}."):
                path = name.replace(package, folder, 1).replace(".", "/")
        assert (ROOT / path / "__init__.py").is_file(), name


@pytest.mark.parametrize("folder", sorted(MOUNTED))
def test_the_links_let_an_uninstalled_checkout_see_the_same(folder: str) -> None:
    link = ROOT / "tracker_migrate" / folder
    assert link.is_symlink()
    assert link.resolve() == ROOT / folder


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, by their absolute names."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_nobody_imports_the_second_copy() -> None:
    files = [path for folder in PYTHON for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 100, "the files were not found"
    for path in files:
        tops = {name.partition(".")[0] for name in imports(path)}
        assert not tops & set(MOUNTED), path


def test_data_that_ships_is_declared() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    held = {name: patterns.split() for name, patterns in config["options.package_data"].items()}
    for package in in_the_tree():
        folder = ROOT / package.replace(".", "/")
        for path in folder.iterdir():
            if path.is_file() and path.suffix not in (".py", ".pyc", ".md"):
                assert any(path.match(one) for one in held.get(package, ())), path


def test_every_module_of_testing_has_its_layer() -> None:
    """The suites stand above the engine, and all else of `testing` below the backends."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    layers = config["importlinter:contract:layers"]["layers"].split()
    modules = (ROOT / "tracker_migrate" / "testing").glob("[a-z]*.py")
    assert {f"tracker_migrate.testing.{one.stem}" for one in modules} <= set(layers)
    assert "tracker_migrate.testing.conformance" in layers
