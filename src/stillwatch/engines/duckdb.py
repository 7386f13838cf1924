"""DuckDB: the default engine, in process, nothing to start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

import duckdb
import ibis
import pyarrow as pa

from stillwatch.core.errors import ConfigError, ExternalError

_READ: Final = "read"
_UNITS: Final = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_WINDOW_BYTES: Final = 96
"""Memory that is allowed a row of a window; one over two columns of 64 bits was seen to take 43.
Unlike groups, a window that has to spill may fail, and does so oftenest just past the limit."""


class DuckDB:
    """Runs Ibis expressions on an in-process DuckDB that spills to disk past its memory limit.

    Args:
        scratch: Folder for the database file and spilled data; it is the caller's to delete.
        memory_limit: In MB, GB or TB, such as `2GB`.
        threads: Number of threads.

    Raises:
        ConfigError: The memory limit is too small for the data.
        ExternalError: The disk that holds the scratch folder is full or broken.
    """

    name = "duckdb"

    def __init__(self, scratch: Path, memory_limit: str, threads: int) -> None:
        self._limit, self._scratch = memory_limit, scratch
        with self._faults():
            self._connection: Any = ibis.duckdb.connect(
                scratch / "rollups.duckdb",
                memory_limit=memory_limit,
                threads=threads,
                temp_directory=str(scratch / "spill"),
                preserve_insertion_order=False,
            )
        self._tables: dict[str, ibis.Table] = {}
        self._sql: dict[object, str] = {}  # by expression: a replay asks the same at every look

    def read(self, files: Sequence[Path]) -> ibis.Table:
        """Return the rows of some Parquet files as a table, not read yet.

        The table stands for these files until the next call: one name for all, so that asking the
        same of the next files is the same expression, compiled once.
        """
        with self._faults():
            return self._connection.read_parquet([str(file) for file in files], table_name=_READ)

    def append(self, name: str, rows: ibis.Table, part: int | None = None) -> None:
        """Evaluate an expression and add its rows to a stored table, made on first use.

        Args:
            name: Of the table.
            rows: What to add.
            part: Number to put in the column `part` of these rows; None for no such column.
        """
        if name not in self._tables:
            # Columns get the types that Ibis says: DuckDB's own sums are 128 bits wide.
            types = dict(rows.schema()) | ({} if part is None else {"part": "int32"})
            self._tables[name] = self._connection.create_table(name, schema=ibis.schema(types))
        asked = f"FROM ({self._compiled(rows)})"
        tagged = "*" if part is None else f"*, {part} AS part"
        with self._faults():
            self._connection.raw_sql(f'INSERT INTO "{name}" BY NAME SELECT {tagged} {asked}')

    def newer(self, name: str, part: int) -> ibis.Table:
        """Return the rows of a stored table that belong to parts after a number."""
        view = f"{name}_newer"
        select = f'SELECT * FROM "{name}" WHERE part > {part}'  # noqa: S608 (a table of our own)
        self._connection.raw_sql(f'CREATE OR REPLACE VIEW "{view}" AS {select}')
        if view not in self._tables:
            self._tables[view] = self._connection.table(view)
        return self._tables[view]

    def passes(self, name: str) -> int:
        """Return into how many parts a stored table must be cut for a window to fit in memory.

        A power of two, so that a table that grew a little is cut as before.
        """
        counted = f'SELECT count(*) FROM "{name}"'  # noqa: S608 (a table of our own)
        with self._faults():
            rows = self._connection.raw_sql(counted).fetchone()[0]
        limit, parts = int(self._limit[:-2]) * _UNITS[self._limit[-2:]], 1
        while rows * _WINDOW_BYTES > parts * limit:
            parts *= 2
        return parts

    def replace(self, name: str, rows: ibis.Table) -> None:
        """Evaluate an expression and make its rows a stored table's only rows."""
        self.append("replacing", rows)
        with self._faults():
            self._connection.drop_table(name, force=True)
            self._connection.raw_sql(f'ALTER TABLE "replacing" RENAME TO "{name}"')
        del self._tables["replacing"]
        if name not in self._tables:
            self._tables[name] = self._connection.table(name)

    def put(self, name: str, rows: pa.Table) -> None:
        """Make rows from here a stored table's only rows."""
        with self._faults():
            self._tables[name] = self._connection.create_table(name, rows, overwrite=True)

    def has(self, name: str) -> bool:
        """Say whether a table is stored."""
        return name in self._tables

    def table(self, name: str) -> ibis.Table:
        """Return a stored table."""
        return self._tables[name]

    def fetch(self, rows: ibis.Table) -> pa.Table:
        """Evaluate an expression and bring its rows here."""
        with self._faults():
            found = self._connection.raw_sql(self._compiled(rows)).fetch_arrow_table()
        return found.cast(rows.schema().to_pyarrow())

    def _compiled(self, rows: ibis.Table) -> str:
        asked = rows.op()
        if asked not in self._sql:
            self._sql[asked] = ibis.to_sql(rows, dialect="duckdb")
        return self._sql[asked]

    def close(self) -> None:
        """Let go of the database file."""
        self._connection.disconnect()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Say what an operator can mend; DuckDB's own words may quote the data."""
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise ConfigError(
                f"the relational engine needs more memory than its limit of {self._limit}",
                "raise --memory-limit, or lower --threads",
            ) from error
        except duckdb.IOException as error:
            raise ExternalError(
                f"{self._scratch}: the relational engine cannot read or write here",
                "free some space, or set TMPDIR to a folder on another disk",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
