"""The archive's tables as files: JSON Lines, or Parquet by duckdb; and a schema beside them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tracker_migrate import __version__
from tracker_migrate.engine import tables
from tracker_migrate.engine.following import read_as
from tracker_migrate.engine.tables import Column, Row
from tracker_migrate.errors import UsageError, WorkspaceError
from tracker_migrate.workspace import Workspace
from tracker_migrate.workspace.outfolder import OutFolder

Form = Literal["jsonl", "parquet"]

#: what duckdb calls the types of the columns
_SQL: Mapping[str, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "texts": "VARCHAR[]",
}
SCHEMA_FILE = "schema.json"


def write(
    workspace: Workspace,
    folder: Path,
    form: Form = "jsonl",
    *,
    private: bool = False,
    pseudonyms: bool = False,
    texts: bool = True,
) -> dict[str, int]:
    """Write every table into a folder, a file each; returns how many rows each has. The others: see
    `engine.tables.rows`.

    The schema is written last: where there is one, all is there. private: all is its owner's alone,
    too. Raises UsageError if the folder is not empty, or duckdb is needed and not installed;
    WorkspaceError if it can't be written, or is to be private and others may look into it.
    """
    if form == "parquet":
        _duckdb()
    how = {"private": private, "pseudonyms": pseudonyms, "texts": texts}
    counts: dict[str, int] = {}
    try:
        out = OutFolder(folder, private=private)
        for name, columns in tables.TABLES.items():
            file = folder / f"{name}.jsonl"
            counts[name] = _lines(out, file, tables.rows(workspace, name, **how))
            if form == "parquet":
                out.adopt(_as_parquet(file, columns))
        about = json.dumps(schema(workspace, counts, form, how), indent=2, ensure_ascii=False)
        with out.open(folder / SCHEMA_FILE) as last:
            last.write(f"{about}\n".encode())
    except OSError as error:
        raise WorkspaceError(f"can't write into {folder}: {error.strerror}") from None
    return counts


def schema(
    workspace: Workspace, counts: Mapping[str, int], form: Form, how: Mapping[str, bool]
) -> dict[str, Any]:
    """What the files are: of when, of which archive, read as whom, with which columns."""
    return {
        "schema": tables.SCHEMA,
        "made_by": f"tracker-migrate {__version__}",
        "as_of": _as_of(workspace),
        "archive": tables.digest(workspace),
        "source": list(workspace.settings.source.specs),
        "viewer": workspace.archive.viewer,
        **how,
        "tables": {
            name: {
                "file": f"{name}.{form}",
                "rows": counts[name],
                "columns": [
                    {"name": one.name, "type": one.type, "what": one.what} for one in columns
                ],
            }
            for name, columns in tables.TABLES.items()
        },
    }


def _as_of(workspace: Workspace) -> str | None:
    """Up to when the source was read, by the source's clock; None if it never was to its end."""
    read = workspace.archive.cursor(read_as(workspace.settings.source.specs, workspace.archive))
    return None if read is None else _value(read)


def _lines(out: OutFolder, file: Path, rows: Iterator[Row]) -> int:
    count = 0
    with out.open(file) as held:
        for row in rows:
            held.write(f"{json.dumps(row, ensure_ascii=False, default=_value)}\n".encode())
            count += 1
    return count


def _value(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(type(value).__name__)
    return value.astimezone(UTC).isoformat(timespec="microseconds")


def _as_parquet(file: Path, columns: tuple[Column, ...]) -> Path:
    """Turn lines into a Parquet file beside them, and take them away."""
    types = ", ".join(f"'{one.name}': '{_SQL[one.type]}'" for one in columns)
    made = file.with_suffix(".parquet")
    with _duckdb().connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        source = f"read_json(?, format = 'newline_delimited', columns = {{{types}}})"
        wanted = f"COPY (SELECT * FROM {source}) TO '{_quoted(made)}' (FORMAT parquet)"
        database.execute(wanted, [str(file)])
    file.unlink()
    return made


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _duckdb() -> Any:
    try:
        import duckdb
    except ImportError:
        raise UsageError(
            'duckdb writes Parquet: pip install "tracker-migrate[analysis]", or take --format jsonl'
        ) from None
    return duckdb
