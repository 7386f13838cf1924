"""Reads the catalogue and the real data it names; the data itself is never part of the project."""

from __future__ import annotations

import ipaddress
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from stillwatch.core.errors import ConfigError, InputError
from stillwatch.range.contracts import FloatArray, IntArray

CATALOGUE: Final = Path(__file__).with_name("catalogue.toml")
HINT: Final = "point STILLWATCH_DATA at the folder that holds the catalogue's files"
CONTROLS: Final = {code: " " for code in range(32) if code != 10}
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus the composer may draw from; `label` is attack, benign or neutral."""

    name: str
    label: str
    source: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """Accounts of one archetype; the catalogue explains the values of each field."""

    archetype: str
    corpora: tuple[str, ...]
    groups: int
    weekly: float
    size: tuple[float, ...] = (1, 1, 1.0)
    prompts: str = ""
    frame: str = "plain"
    network: str = "home"
    bonds: str = "none"


@dataclass(frozen=True, slots=True)
class Rows:
    """Texts of one or more corpora: prompts, and the answers where the source has them."""

    user: pa.Array
    response: pa.Array
    tools: pa.Array


@cache
def catalogue() -> tuple[tuple[Corpus, ...], tuple[Tenant, ...]]:
    """Return the corpora and the tenants of the catalogue.

    Raises:
        ConfigError: A row has an unknown or missing field.
    """
    content = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return _rows(content, "corpus", Corpus), _rows(content, "tenant", Tenant)


def _rows(content: Mapping[str, list[dict[str, object]]], key: str, kind: type[R]) -> tuple[R, ...]:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted({name for row in content[key] for name in row} - known)
    if unknown:
        raise ConfigError(f"catalogue.toml: unknown field {unknown[0]!r} in a [[{key}]] row")
    try:
        return tuple(kind(**{k: _frozen(v) for k, v in row.items()}) for row in content[key])
    except TypeError as error:
        raise ConfigError(f"catalogue.toml: a [[{key}]] row lacks a field", str(error)) from error


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def corpus_rows(data: Path, names: tuple[str, ...]) -> Rows:
    """Return the rows of corpora, one after the other.

    Raises:
        InputError: A file is missing or damaged, or the catalogue does not list a corpus.
    """
    known = {corpus.name for corpus in catalogue()[0]}
    lost = [name for name in names if name not in known]
    if lost:
        raise InputError(f"no corpus {lost[0]!r} in catalogue.toml", "add a [[corpus]] row for it")
    read = [_read(data / f"{name}.jsonl.zst") for name in names]
    return Rows(
        pa.concat_arrays([rows.user for rows in read]),
        pa.concat_arrays([rows.response for rows in read]),
        pa.concat_arrays([rows.tools for rows in read]),
    )


@lru_cache(maxsize=32)
def _read(path: Path) -> Rows:
    records = _records(path)
    return Rows(
        pa.array([_last_user(record) for record in records], pa.string()),
        pa.array([_clean(record.get("response")) for record in records], pa.string()),
        pa.array([_tools(record) for record in records], pa.string()),
    )


def _records(path: Path) -> list[dict[str, object]]:
    try:
        with path.open("rb") as file:
            raw = zstandard.ZstdDecompressor().stream_reader(file).read()
        return [orjson.loads(line) for line in raw.splitlines()]
    except FileNotFoundError as error:
        raise InputError(f"{path.name} is missing", HINT) from error
    except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
        raise InputError(f"{path.name} is damaged", "fetch the file again") from error


def _last_user(record: Mapping[str, object]) -> str:
    messages = record.get("messages")
    turns = messages if isinstance(messages, list) else []
    said = [str(turn.get("content", "")) for turn in turns if turn.get("role") == "user"]
    return _clean(said[-1]) or "" if said else ""


def _clean(text: object) -> str | None:
    return text.translate(CONTROLS) if isinstance(text, str) else None


def _tools(record: Mapping[str, object]) -> str | None:
    meta = record.get("meta")
    names = meta.get("tools") if isinstance(meta, dict) else None
    if not names:
        return None
    return orjson.dumps([{"type": "function", "function": {"name": n}} for n in names]).decode()


def networks(data: Path, kind: str, n: int, rng: np.random.Generator) -> IntArray:
    """Draw n addresses in real VPN or datacentre networks (X4BNet list), few prefixes each.

    Args:
        data: Folder of the data.
        kind: `vpn` or `datacenter`.
        n: Number of addresses.
        rng: Source of randomness.
    """
    table = _parquet(data / "net_x4bnet_vpn_dc.parquet")
    cidrs = table.filter(pa.compute.equal(table["kind"], kind))["cidr"]
    chosen = cidrs.take(pa.array((len(cidrs) * rng.random(max(1, n // 3))).astype(np.int64)))
    nets = [ipaddress.ip_network(str(cidr), strict=False) for cidr in chosen.to_pylist()]
    base = np.array([int(net.network_address) for net in nets if net.version == 4])
    room = np.array([min(net.num_addresses, 256) for net in nets if net.version == 4])
    which = rng.integers(0, len(base), n)
    return np.asarray(base[which] + (room[which] * rng.random(n)).astype(np.int64))


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Real arrival processes: for each client, load by 10-minute window and burstiness.

    Attributes:
        load: Cumulative requests at the window edges, scaled to end at 1, shape (clients, 2017).
        variation: Median coefficient of variation of the gaps, shape (clients,).
    """

    load: FloatArray
    variation: FloatArray


@lru_cache(maxsize=2)
def arrivals(data: Path) -> Arrivals:
    """Read the per-client arrival processes of ServeGen (14 days, 10-minute windows).

    Source: alibaba/ServeGen @ f891d1189eb3, real clients of a model service. Clients seen on
    fewer than 7 days are left out.
    """
    table = _parquet(data / "trace_servegen_clients_open.parquet")
    client = pa.compute.binary_join_element_wise(
        table["model"], table["client"].cast(pa.string()), "/"
    )
    code = client.combine_chunks().dictionary_encode()
    who, windows = code.indices.to_numpy(), 14 * 144
    rate = np.zeros((len(code.dictionary), windows))
    cv = np.full_like(rate, np.nan)
    slot = (table["t"].to_numpy() // 600).astype(np.int64)
    rate[who, slot] = table["rate"].to_numpy()
    cv[who, slot] = np.where(table["rate"].to_numpy() > 0, table["cv"].to_numpy(), np.nan)
    steady = (rate.reshape(len(rate), 14, 144).sum(axis=2) > 0).sum(axis=1) >= 7
    load = np.cumsum(np.pad(rate[steady], ((0, 0), (1, 0))), axis=1)
    variation = np.clip(np.nanmedian(cv[steady], axis=1), 0.5, 4.0)
    return Arrivals(load / load[:, -1:], variation)


def _parquet(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except FileNotFoundError as error:
        raise InputError(f"{path.name} is missing", HINT) from error
