"""What docs/ and the README say is what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from pydantic import BaseModel, ByteSize, TypeAdapter
from pydantic_core import PydanticUndefined

from tracker_migrate import errors
from tracker_migrate.backends.launchpad.opening import Options as LaunchpadOptions
from tracker_migrate.backends.maniphest.options import Options as ManiphestOptions
from tracker_migrate.backends.storyboard.options import Files as StoryBoardFiles
from tracker_migrate.backends.storyboard.options import Options as StoryBoardOptions
from tracker_migrate.cli.commands import cli
from tracker_migrate.workspace.settings import DatabaseSettings, SourceSettings, TargetDatabase

ROOT = Path(__file__).parents[2]
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
_SECTIONS: Mapping[str, type[BaseModel]] = {
    "## `[source]`": SourceSettings,
    "### If the sink is `storyboard:`": StoryBoardOptions,
    "#### `[targets.NAME.files]`": StoryBoardFiles,
    "### If the sink is `maniphest:`": ManiphestOptions,
    "## `[targets.NAME.database]`": TargetDatabase,
    "## `[database]`": DatabaseSettings,
}


def rows(heading: str) -> dict[str, str]:
    """The settings under a heading, each with its default."""
    text = SETTINGS.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", text, re.MULTILINE))


@pytest.mark.parametrize("heading", _SECTIONS)
def test_every_setting_is_documented_with_its_default(heading: str) -> None:
    documented, model = rows(heading), _SECTIONS[heading]
    assert list(documented) == list(model.model_fields)
    for name, field in model.model_fields.items():
        said = documented[name].strip("`")
        if name == "address" and heading == "## `[source]`":
            assert said == LaunchpadOptions.model_fields["address"].default
        elif field.default in (None, PydanticUndefined):
            assert said.startswith("(")
        elif isinstance(field.default, ByteSize):
            assert TypeAdapter(ByteSize).validate_python(said.strip('"')) == field.default
        elif isinstance(field.default, tuple):
            assert said.replace('"', "'") == str(list(field.default))
        elif isinstance(field.default, str):
            assert said == f'"{field.default}"'
        elif isinstance(field.default, bool):
            assert said == str(field.default).lower()
        else:
            assert float(said) == field.default


def test_the_sources_defaults_are_launchpads() -> None:
    for name, field in LaunchpadOptions.model_fields.items():
        if name not in ("address", "state_dir"):
            assert SourceSettings.model_fields[name].default == field.default


def test_every_exit_status_is_documented() -> None:
    text = (ROOT / "docs" / "exit-status.md").read_text(encoding="utf-8")
    documented = {int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    used = {one.exit_status for one in kinds if issubclass(one, errors.MigrateError)}
    assert used | {0, 130} == documented


def readme() -> str:
    """The README."""
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_only_commands_and_options_that_exist() -> None:
    named = re.findall(r"^(?:\$ )?tracker-migrate ([a-z]+)(.*)$", readme(), re.MULTILINE)
    named += re.findall(r"`tracker-migrate ([a-z]+)([^`]*)`", readme())
    assert {name for name, _ in named} == set(cli.commands)
    for name, rest in named:
        known = {word for one in options(cli.commands[name]) for word in one.opts}
        words = re.findall(r"(?<!\S)--?[a-zA-Z][a-z-]*", rest.partition("#")[0])
        assert set(words) <= known | {"--help"}, name


def options(command: click.Command) -> Iterator[click.Parameter]:
    """The options of a command, or of all that a group has."""
    yield from command.params
    for one in command.commands.values() if isinstance(command, click.Group) else ():
        yield from one.params


def test_files_and_tests_that_the_readme_names_exist() -> None:
    for path in re.findall(r"\b((?:tests|docs|examples|benchmarks)/[\w/.-]+\w)", readme()):
        assert (ROOT / path).exists(), path


def test_the_readmes_library_example_is_that_of_the_package() -> None:
    import tracker_migrate

    example = readme().split("```python\n", 1)[1].split("```", 1)[0]
    lines = [line.strip() for line in example.splitlines() if line.strip()]
    documented = [line.strip() for line in (tracker_migrate.__doc__ or "").splitlines()]
    assert lines
    for line in lines:
        assert line in documented
