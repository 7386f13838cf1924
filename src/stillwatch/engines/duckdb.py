"""DuckDB: the default engine, in process, nothing to start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import ibis
import pyarrow as pa


class DuckDB:
    """Runs Ibis expressions on an in-process DuckDB that spills to disk past its memory limit.

    Args:
        scratch: Folder for the database file and spilled data; it is the caller's to delete.
        memory_limit: As DuckDB writes it, such as `2GB`.
        threads: Number of threads.
    """

    name = "duckdb"

    def __init__(self, scratch: Path, memory_limit: str, threads: int) -> None:
        self._connection: Any = ibis.duckdb.connect(
            scratch / "rollups.duckdb",
            memory_limit=memory_limit,
            threads=threads,
            temp_directory=str(scratch / "spill"),
            preserve_insertion_order=False,
        )

    def read(self, files: Sequence[Path]) -> ibis.Table:
        """Return the rows of some Parquet files as a table, not read yet."""
        return self._connection.read_parquet([str(file) for file in files])

    def append(self, name: str, rows: ibis.Table) -> None:
        """Evaluate an expression and add its rows to a stored table, made on first use."""
        if not self.has(name):
            # Columns get the types that Ibis says: DuckDB's own sums are 128 bits wide.
            self._connection.create_table(name, schema=rows.schema())
        sql = ibis.to_sql(rows, dialect="duckdb")
        self._connection.raw_sql(f'INSERT INTO "{name}" BY NAME {sql}')

    def replace(self, name: str, rows: ibis.Table) -> None:
        """Evaluate an expression and make its rows a stored table's only rows."""
        self._connection.drop_table("replacing", force=True)
        self.append("replacing", rows)
        self._connection.drop_table(name, force=True)
        self._connection.raw_sql(f'ALTER TABLE "replacing" RENAME TO "{name}"')

    def has(self, name: str) -> bool:
        """Say whether a table is stored."""
        return name in self._connection.list_tables()

    def table(self, name: str) -> ibis.Table:
        """Return a stored table."""
        return self._connection.table(name)

    def count(self, name: str, column: str, below: int) -> int:
        """Return how many rows of a stored table have a smaller value in a column."""
        rows = self.table(name)
        return int(rows.filter(rows[column] < below).count().execute())

    def fetch(self, rows: ibis.Table) -> pa.Table:
        """Evaluate an expression and bring its rows here."""
        return rows.to_pyarrow()

    def close(self) -> None:
        """Let go of the database file."""
        self._connection.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
