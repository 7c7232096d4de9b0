"""The tables of Phorge's databases that `backdate` reads or changes, column by column.

As a running server has them (07c1a513 of August 2026), each application in a database of its own.
The one list: databases are held against it before anything is written, and the tests make their
tables from it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

#: application → its tables
USED = {
    "maniphest": (
        "maniphest_task",
        "maniphest_transaction",
        "maniphest_transaction_comment",
        "maniphest_task_fdocument",
        "maniphest_task_ffield",
        "edge",
    ),
    "user": ("edge",),
    "cache": ("cache_markupcache",),
    "metamta": ("metamta_mail",),
    "file": ("file", "file_attachment", "file_transformedfile"),
}


@lru_cache(maxsize=8)
def metadata(prefix: str) -> sa.MetaData:
    """All tables. prefix: what the names of the databases begin with, such as `phabricator_`."""
    made = sa.MetaData()
    for app, tables in USED.items():
        for name in tables:
            sa.Table(name, made, *_COLUMNS[name](), schema=prefix + app, mysql_engine="InnoDB")
    return made


def _id() -> sa.Column[Any]:
    return sa.Column("id", mysql.INTEGER(10, unsigned=True), primary_key=True, autoincrement=True)


def _number(name: str, *, null: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, mysql.INTEGER(10, unsigned=True), nullable=null, **more)


def _phid(name: str = "phid", *, null: bool = False, **more: Any) -> sa.Column[Any]:
    return sa.Column(name, mysql.VARBINARY(64), nullable=null, **more)


def _bytes(name: str, length: int, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, mysql.BINARY(length), nullable=null)


def _words(name: str, length: int, *, null: bool = False, **more: Any) -> sa.Column[Any]:
    kind = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return sa.Column(name, kind, nullable=null, **more)


def _text(name: str, *, null: bool = False) -> sa.Column[Any]:
    kind = mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin")
    return sa.Column(name, kind, nullable=null)


def _flag(name: str, default: str | None = None, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, mysql.TINYINT(1), nullable=null, server_default=default)


def _real(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, mysql.DOUBLE, nullable=null)


def _dates() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return _number("dateCreated"), _number("dateModified")


def _policies() -> tuple[sa.Column[Any], sa.Column[Any]]:
    return _phid("viewPolicy"), _phid("editPolicy")


def _task() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _phid(unique=True),
        _phid("authorPHID"),
        _phid("ownerPHID", null=True),
        _words("status", 64),
        _number("priority"),
        _text("title"),
        _text("description"),
        *_dates(),
        _bytes("mailKey", 20),
        _words("ownerOrdering", 64, null=True),
        _words("originalEmailSource", 255, null=True),
        _real("subpriority"),
        *_policies(),
        _phid("spacePHID", null=True),
        _text("properties"),
        _real("points", null=True),
        _phid("bridgedObjectPHID", null=True, unique=True),
        _words("subtype", 64),
        _number("closedEpoch", null=True),
        _phid("closerPHID", null=True),
    )


def _transaction() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _phid(unique=True),
        _phid("authorPHID"),
        _phid("objectPHID", index=True),
        *_policies(),
        _phid("commentPHID", null=True),
        _number("commentVersion"),
        _words("transactionType", 32),
        _text("oldValue"),
        _text("newValue"),
        _text("contentSource"),
        _text("metadata"),
        *_dates(),
    )


def _comment() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _phid(unique=True),
        _phid("transactionPHID", null=True),
        _phid("authorPHID"),
        *_policies(),
        _number("commentVersion"),
        _text("content"),
        _text("contentSource"),
        _flag("isDeleted"),
        *_dates(),
        sa.UniqueConstraint("transactionPHID", "commentVersion"),
    )


def _edge() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _phid("src", primary_key=True),
        _number("type", primary_key=True, autoincrement=False),
        _phid("dst", primary_key=True),
        _number("dateCreated"),
        _number("seq"),
        _number("dataID", null=True),
    )


def _document() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _phid("objectPHID", unique=True),
        _flag("isClosed"),
        _phid("authorPHID", null=True),
        _phid("ownerPHID", null=True),
        _number("epochCreated"),
        _number("epochModified"),
    )


def _field() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _number("documentID"),
        _words("fieldKey", 4),
        _text("rawCorpus"),
        _text("normalCorpus"),
        _text("termCorpus"),
        sa.UniqueConstraint("documentID", "fieldKey"),
    )


def _cached() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _words("cacheKey", 128, unique=True),
        sa.Column("cacheData", mysql.LONGBLOB, nullable=False),
        _text("metadata"),
        *_dates(),
    )


def _mail() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _phid(unique=True),
        _phid("actorPHID", null=True),
        _text("parameters"),
        _words("status", 32),
        _text("message", null=True),
        _phid("relatedPHID", null=True, index=True),
        *_dates(),
    )


def _file() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _phid(unique=True),
        _words("name", 255, null=True),
        _words("mimeType", 255, null=True),
        sa.Column("byteSize", mysql.BIGINT(20, unsigned=True), nullable=False),
        _words("storageEngine", 32),
        _words("storageFormat", 32),
        _words("storageHandle", 255),
        *_dates(),
        _phid("authorPHID", null=True),
        _bytes("secretKey", 20, null=True),
        _bytes("contentHash", 64, null=True),
        _text("metadata"),
        _number("ttl", null=True),
        _flag("isExplicitUpload", "1", null=True),
        _bytes("mailKey", 20),
        _phid("viewPolicy"),
        _flag("isPartial", "0"),
        _words("builtinKey", 64, null=True, unique=True),
        _flag("isDeleted", "0"),
    )


def _attachment() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _phid("objectPHID"),
        _phid("filePHID", index=True),
        _phid("attacherPHID", null=True),
        _words("attachmentMode", 32),
        *_dates(),
        sa.UniqueConstraint("objectPHID", "filePHID"),
    )


def _transformed() -> tuple[sa.schema.SchemaItem, ...]:
    return (
        _id(),
        _phid("originalPHID"),
        _words("transform", 128),
        _phid("transformedPHID", index=True),
        *_dates(),
        sa.UniqueConstraint("originalPHID", "transform"),
    )


_COLUMNS = {
    "maniphest_task": _task,
    "maniphest_transaction": _transaction,
    "maniphest_transaction_comment": _comment,
    "maniphest_task_fdocument": _document,
    "maniphest_task_ffield": _field,
    "edge": _edge,
    "cache_markupcache": _cached,
    "metamta_mail": _mail,
    "file": _file,
    "file_attachment": _attachment,
    "file_transformedfile": _transformed,
}
