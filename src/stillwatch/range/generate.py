"""Generates plain traffic fast, for benchmarks of speed: nothing is hidden in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from stillwatch.core.records import EXCHANGE_SCHEMA, TIMESTAMP
from stillwatch.range import _words as words
from stillwatch.range._assemble import MODELS
from stillwatch.range._network import asn_of, residential, written
from stillwatch.range._people import CLIENTS, PROVIDERS, TLS
from stillwatch.range._text import fill, join, pick, pieces
from stillwatch.range.contracts import DAY_US, START_US, IntArray

BATCH_ROWS: Final = 65_536
DAYS: Final = 14
TEMPLATES: Final = 2_000


def benchmark_table(exchanges: int, accounts: int, seed: int = 0) -> Iterator[pa.RecordBatch]:
    """Yield raw exchanges in order of time, prompts of about 400 bytes.

    Args:
        exchanges: Rows in all.
        accounts: Number of accounts; their sizes are heavy-tailed and every account that can
            appear does, as long as there are enough rows.
        seed: Same seed, same bytes.

    Yields:
        Batches of `EXCHANGE_SCHEMA`, spread over 14 days. A third of the accounts uses one of
        2,000 templates; strangers share prefixes, providers and clients as they do in life.
    """
    rng = np.random.default_rng([seed, exchanges, accounts])
    crowd = _crowd(rng, accounts)
    span = DAYS * DAY_US
    for first in range(0, exchanges, BATCH_ROWS):
        n = min(BATCH_ROWS, exchanges - first)
        number = np.arange(first, first + n)
        owner = (accounts * rng.random(n) ** 2.0).astype(np.int64)
        early = max(0, min(n, accounts - first))
        owner[:early] = number[:early]
        time_us = START_US + (number + rng.random(n)) * (span / exchanges)
        yield _batch(rng, crowd, number, owner, time_us.astype(np.int64))


def _crowd(rng: np.random.Generator, accounts: int) -> dict[str, pa.Array]:
    number = pa.array(np.arange(accounts)).cast(pa.string())
    address = residential(rng, accounts)
    client = pa.array((len(CLIENTS) * rng.random(accounts) ** 1.5).astype(np.int64))
    payment = pa.array(rng.integers(0, max(1, int(accounts * 0.9)), accounts)).cast(pa.string())
    domain = pa.array((len(PROVIDERS) * rng.random(accounts) ** 2).astype(np.int64))
    rules = fill(rng, words.RULES, TEMPLATES)
    template = rng.integers(0, 3 * TEMPLATES, accounts)
    none = template >= TEMPLATES
    return {
        "account_id": join(pa.scalar("acct_"), number),
        "payment_id": join(pa.scalar("pm_"), payment),
        "plan": pa.array(["free", "plus", "api"]).take(pa.array(rng.integers(0, 3, accounts))),
        "verified": pa.array(rng.random(accounts) < 0.4),
        "account_created": pa.array(START_US - rng.integers(DAY_US, 700 * DAY_US, accounts)).cast(
            TIMESTAMP
        ),
        "email_domain": pa.array(PROVIDERS).take(domain),
        "ip": written(address),
        "asn": pa.array(asn_of(address)),
        "user_agent": pa.array(CLIENTS).take(client),
        "tls_fingerprint": pa.array(TLS).take(client),
        "lead": pa.concat_arrays([rules, pa.array([""])]).take(
            pa.array(np.where(none, TEMPLATES, template))
        ),
    }


def _batch(
    rng: np.random.Generator,
    crowd: dict[str, pa.Array],
    number: IntArray,
    owner: IntArray,
    time_us: IntArray,
) -> pa.RecordBatch:
    n, rows = len(number), pa.array(owner)
    columns = {name: values.take(rows) for name, values in crowd.items()}
    prompt = join(columns.pop("lead"), _paragraph(rng, n, 4), gap=" ")
    columns |= {
        "exchange_id": join(pa.scalar("ex_"), pa.array(number).cast(pa.string())),
        "time": pa.array(time_us).cast(TIMESTAMP),
        "messages": join(pa.scalar('[{"role":"user","content":"'), prompt, pa.scalar('"}]')),
        "response": _paragraph(rng, n, 3),
        "model": pa.array(MODELS).take(pa.array(rng.integers(0, len(MODELS), n))),
        "surface": pa.repeat("first_party", n),
        "input_tokens": pa.array(rng.integers(80, 120, n)),
        "output_tokens": pa.array(rng.integers(40, 80, n)),
        "status": pa.array(np.where(rng.random(n) < 0.01, 429, 200)),
        "finish_reason": pa.repeat("stop", n),
    }
    return pa.record_batch(
        [
            columns[field.name].cast(field.type)
            if field.name in columns
            else pa.nulls(n, field.type)
            for field in EXCHANGE_SCHEMA
        ],
        schema=EXCHANGE_SCHEMA,
    )


def _paragraph(rng: np.random.Generator, n: int, sentences: int) -> pa.Array:
    return join(*(pick(rng, bank, n) for _ in range(sentences) for bank in pieces(-1)), gap=" ")
