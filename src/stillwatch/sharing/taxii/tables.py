"""The board's tables. SQLite (WAL) by default, PostgreSQL by URL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from stillwatch.core.errors import ConfigError, ExternalError

METADATA: Final = MetaData()

members: Final = Table(
    "members",
    METADATA,
    Column("member", String, primary_key=True),
    Column("token_digest", LargeBinary),
    Column("doorbell", String),
    Column("active", Boolean, nullable=False),
)
rights: Final = Table(
    "rights",
    METADATA,
    Column("collection", String, primary_key=True),
    Column("member", String, primary_key=True),
    Column("can_read", Boolean, nullable=False),
    Column("can_write", Boolean, nullable=False),
)
audiences: Final = Table(
    "audiences",
    METADATA,
    Column("scope", Integer, primary_key=True),
    Column("audience", String, unique=True, nullable=False),
)
audience_members: Final = Table(
    "audience_members",
    METADATA,
    Column("scope", Integer, primary_key=True),
    Column("member", String, primary_key=True, index=True),
)
approvals: Final = Table(
    "approvals",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("person", String, primary_key=True),
)
objects: Final = Table(
    "objects",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("date_added", BigInteger, nullable=False, unique=True),
    Column("collection", String, nullable=False),
    Column("scope", Integer, nullable=False),
    Column("id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("author", String, nullable=False),
    Column("root", String, nullable=False),
    Column("level", Integer, nullable=False),
    Column("is_first", Boolean, nullable=False),
    Column("is_last", Boolean, nullable=False),
    Column("revoked", Boolean, nullable=False),
    Column("retain_day", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("objects_view", "collection", "scope", "seq"),
    Index("objects_id", "id", "author", "collection", "version", unique=True),
    Index("objects_retain", "retain_day"),
)
"""One row a version. `version`, `date_added`: microseconds since 1970. `retain_day`: proleptic
ordinal. `scope`: who may see it. `root`: what the contributor's pseudonym is bound to."""

tombstones: Final = Table(
    "tombstones",
    METADATA,
    Column("id", String, primary_key=True),
    Column("author", String, primary_key=True),
    Column("collection", String, primary_key=True),
    Column("version", BigInteger, primary_key=True),
)
statuses: Final = Table(
    "statuses",
    METADATA,
    Column("id", String, primary_key=True),
    Column("member", String, nullable=False),
    Column("created", BigInteger, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)
counter: Final = Table(
    "counter",
    METADATA,
    Column("one", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("date_added", BigInteger, nullable=False),
)


def open_engine(url: str) -> Engine:
    """Open a database and make the tables that it lacks.

    Args:
        url: Of SQLAlchemy, `sqlite:///board.db` or `postgresql+pg8000://...`.

    Raises:
        ConfigError: The URL names no database that we can open.
        ExternalError: The database does not answer.
    """
    try:
        engine = create_engine(url, pool_size=8, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ImportError, TypeError) as error:
        raise ConfigError("the database URL cannot be used", "sqlite:///FILE, or postgresql+pg8000"
                          "://USER@HOST/NAME with the extra `postgresql`") from error  # fmt: skip
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _durable)
    try:
        METADATA.create_all(engine)
        with engine.begin() as connection:
            if connection.execute(select(counter.c.seq)).first() is None:
                connection.execute(insert(counter).values(one=1, seq=0, date_added=0))
    except SQLAlchemyError as error:
        raise ExternalError("the board's database does not answer", "check it, retry") from error
    return engine


def _durable(connection: object, _: object) -> None:
    """Write ahead, wait for the disk at each commit, and for another writer up to 10 s.

    Ids are random, so their index is met all over; the default cache of 2 MiB slows each batch.
    """
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "busy_timeout=10000",
        "cache_size=-65536",
        "wal_autocheckpoint=8000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
