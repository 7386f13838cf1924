"""A scan depends on the exchanges and on nothing about how they lie."""

from __future__ import annotations

import gzip
import hashlib
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pipeline_rows import Silent, campaigns_in

from stillwatch import pipeline
from stillwatch.core.config import ScanSettings, Settings
from stillwatch.core.errors import InputError

Found = tuple[list[dict[str, object]], pa.Table]


def scanned(out: Path, *inputs: Path, threads: int = 1) -> Found:
    settings = Settings(scan=ScanSettings(threads=threads))
    pipeline.scan([str(path) for path in inputs], out, settings, progress=Silent())
    return campaigns_in(out), pq.read_table(out / "accounts.parquet")


@pytest.fixture(scope="module")
def plain(traffic: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    return scanned(tmp_path_factory.mktemp("plain"), traffic)


def same(one: Found, two: Found) -> bool:
    return one[0] == two[0] and one[1].equals(two[1])


def test_the_order_of_the_rows_does_not_matter(traffic: Path, tmp_path: Path, plain: Found) -> None:
    table = pq.read_table(traffic)
    order = np.random.default_rng(4).permutation(table.num_rows)
    pq.write_table(table.take(pa.array(order)), tmp_path / "shuffled.parquet")
    assert same(scanned(tmp_path / "out", tmp_path / "shuffled.parquet"), plain)


def test_the_cut_into_files_does_not_matter(traffic: Path, tmp_path: Path, plain: Found) -> None:
    table = pq.read_table(traffic)
    (tmp_path / "logs").mkdir()
    edges = [0, 1, 700, 701, table.num_rows]
    for start, end in pairwise(edges):
        pq.write_table(
            table.slice(start, end - start), tmp_path / "logs" / f"{9 - start % 7}-{start}.parquet"
        )
    assert same(scanned(tmp_path / "out", tmp_path / "logs", threads=2), plain)


def test_the_format_does_not_matter(traffic: Path, tmp_path: Path, plain: Found) -> None:
    lines = [
        json.dumps({k: v for k, v in row.items() if v is not None}, default=str)
        for row in pq.read_table(traffic).to_pylist()
    ]
    packed = gzip.compress("\n".join(lines).encode())
    (tmp_path / "log.jsonl.gz").write_bytes(packed)
    assert same(scanned(tmp_path / "out", tmp_path / "log.jsonl.gz"), plain)


def test_everything_twice_is_everything_once(traffic: Path, tmp_path: Path, plain: Found) -> None:
    table = pq.read_table(traffic)
    pq.write_table(pa.concat_tables([table, table]), tmp_path / "twice.parquet")
    assert same(scanned(tmp_path / "out", tmp_path / "twice.parquet"), plain)


def test_sketches_made_by_any_number_of_threads_are_the_same_and_scan_the_same(
    traffic: Path, tmp_path: Path, plain: Found
) -> None:
    digests = set()
    for threads in (1, 2):
        out = tmp_path / f"sketches-{threads}"
        settings = Settings(scan=ScanSettings(threads=threads))
        made = pipeline.sketch([str(traffic)], out, settings, progress=Silent())
        digests.add(b"".join(hashlib.sha256(f.read_bytes()).digest() for f in made.files))
        assert sorted(p.name for p in out.iterdir()) == [
            "_rejected.jsonl",
            *(f.name for f in made.files),
        ]
    assert len(digests) == 1
    assert same(scanned(tmp_path / "out", out), plain)


def test_sketches_are_never_mixed_with_those_of_another_run(traffic: Path, tmp_path: Path) -> None:
    pipeline.sketch([str(traffic)], tmp_path / "out", Settings(), progress=Silent())
    with pytest.raises(InputError, match="holds sketches already"):
        pipeline.sketch([str(traffic)], tmp_path / "out", Settings(), progress=Silent())


def test_names_of_accounts_do_not_matter(traffic: Path, tmp_path: Path, plain: Found) -> None:
    """Another name is another tie-breaker and another key, but the same counts and scores."""
    table = pq.read_table(traffic)
    place = table.schema.get_field_index("account_id")
    renamed = pa.array([f"renamed-{name}" for name in table.column("account_id").to_pylist()])
    pq.write_table(table.set_column(place, "account_id", renamed), tmp_path / "renamed.parquet")
    _, found = scanned(tmp_path / "out", tmp_path / "renamed.parquet")
    counts = ("exchanges", "input_tokens", "output_tokens", "first_seen", "last_seen", "segment")
    assert found.select(counts).equals(plain[1].select(counts))
