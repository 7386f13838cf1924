"""Rollups: sketches reduced to small tables whose columns merge.

A rollup of a longer time is the merge of rollups of shorter ones, so new traffic costs what is
new. Every column is a sum, a minimum, a maximum or a bitmap joined by OR; all are integers or
names, so that every engine gives the same bytes. Times are integer microseconds throughout.
"""

from __future__ import annotations

from typing import Final

import ibis

DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000
SLOT_US: Final = 60_000_000
HIT: Final = 0.5
"""Content score from which an exchange counts as showing the behaviour."""

SCORES: Final = (
    "reasoning_elicitation",
    "rubric_grading",
    "batch_generation",
    "identity_confusion",
    "foreign_harness",
)
HARVEST: Final = ("reasoning_elicitation", "rubric_grading", "batch_generation")
"""Scores that say what an exchange asks for: material to learn from."""
WORDING_PARTIES: Final = 3
"""Parties that must ask so in one wording before it is a common one."""
MOST_TOKENS: Final = 1 << 36
"""Tokens of one exchange that are counted at most: a log that claims more is wrong, and the sum of
such claims must fit 64 bits."""
PAYLOAD_WORDS: Final = 16
"""Words of 32 bits of the linear-counting bitmap of payloads (Whang et al. 1990)."""

SCALAR_KEYS: Final = {
    "payment": "payment_key",
    "email_domain": "email_domain_key",
    "ip": "ip_key",
    "prefix": "prefix_key",
    "user_agent": "user_agent_key",
    "tls": "tls_key",
    "system": "system_key",
    "head": "head_key",
    "tail": "tail_key",
}
LIST_KEYS: Final = {
    "fingerprint": "fingerprints",
    "band": "bands",
    "echo_prompt": "echo_prompt",
    "echo_response": "echo_response",
    "blob": "blob_keys",
}
SCATTERED_KINDS: Final = ("band",)
"""Kinds whose keys hardly ever repeat within a party: a first aggregation would not shrink them."""
TEMPLATE_KINDS: Final = ("system", "head", "tail", "fingerprint")
KEY_KINDS: Final = (*SCALAR_KEYS, *LIST_KEYS, "slot", "wording")

ECHO_KINDS: Final = ("echo_prompt", "echo_response")
PROFILE_KINDS: Final = (*ECHO_KINDS, "blob", "wording")
"""Keys that profiles need; the others are for links."""

HOURS: Final = tuple(f"hour_{hour:02d}" for hour in range(24))
PAYLOAD_BITS: Final = tuple(f"payload_{word:02d}" for word in range(PAYLOAD_WORDS))
SMALL: Final = {"prefix": "prefix_key", "client": "user_agent_key", "refused_head": "head_key"}
"""What is counted in bitmaps of two words, up to about 260; heads of refused prompts only."""
SMALL_BITS: Final = tuple(f"{name}_{word:02d}" for name in SMALL for word in range(2))
FIRST_HOUR: Final = 438_288
MOST_HOURS: Final = 1 << 19
"""Hours are counted from 2020 to 2079: their squares must sum to 64 bits."""
MOST_ANSWERS: Final = 1 << 10
BUSY: Final = 20
"""Exchanges of a day from which its repeated prompts are counted."""
_SUMS: Final = (
    "exchanges",
    "input_tokens",
    "output_tokens",
    *(f"{score}_hits" for score in SCORES),
    "refused",
    "blocked",
    "limited",
    "failed",
    "with_end_user",
    "answers",
    "without_user_agent",
    "without_tls",
    "hours",
    "hours_squared",
    "refused_hours",
    *HOURS,
)
_MINIMA: Final = ("first_us", "first_block_us", "account_created_us")
_MAXIMA: Final = (
    *("last_us", "last_block_us", "plan", "verified", "account_id", "organization_id", "surface"),
)


def daily(sketches: ibis.Table) -> ibis.Table:
    """Return one row an account and day: counts, an hour histogram and a payload bitmap."""
    place = sketches.payload_key & 511
    rows = sketches.mutate(
        day=sketches.time_us // DAY_US,
        hour=(sketches.time_us // HOUR_US) % 24,
        status=sketches.status.fill_null(200),
        word=place >> 5,
        bit=ibis.literal(1, "int64") << (place & 31),
        refused=sketches.finish_reason.isin(("refusal", "content_filter")).fill_null(False),
        since=(sketches.time_us // HOUR_US - FIRST_HOUR).clip(lower=0, upper=MOST_HOURS),
    )
    counted = {
        **{f"{score}_hits": rows[score] >= HIT for score in SCORES},
        "refused": rows.refused,
        "blocked": rows.status == 403,
        "limited": rows.status == 429,
        "failed": rows.status >= 500,
        "with_end_user": rows.end_user_key.notnull(),
        "without_user_agent": rows.user_agent_key.isnull(),
        "without_tls": rows.tls_key.isnull(),
        **{name: rows.hour == index for index, name in enumerate(HOURS)},
    }
    block_us = ibis.cases((rows.status == 403, rows.time_us))
    columns: dict[str, ibis.Value] = {
        "exchanges": rows.count(),
        "input_tokens": _tokens(rows.input_tokens),
        "output_tokens": _tokens(rows.output_tokens),
        **{name: rows.count(where=which) for name, which in counted.items()},
        "answers": rows.n.fill_null(1).clip(lower=1, upper=MOST_ANSWERS).sum(),
        "hours": rows.since.sum(),
        "hours_squared": (rows.since * rows.since).sum(),
        "refused_hours": rows.refused.ifelse(rows.since, 0).sum(),
        "first_us": rows.time_us.min(),
        "last_us": rows.time_us.max(),
        "first_block_us": block_us.min(),
        "last_block_us": block_us.max(),
        "account_created_us": rows.account_created_us.min(),
        "plan": rows.plan.max(),
        "verified": rows.verified.cast("int8").max(),
        "account_id": rows.account_id.max(),
        "organization_id": rows.organization_id.max(),
        "surface": rows.surface.max(),
        **_small_bitmaps(rows),
        **{
            name: rows.bit.bit_or(where=rows.word == index)
            for index, name in enumerate(PAYLOAD_BITS)
        },
    }
    return rows.group_by("account_key", "party_key", "day").agg(**columns)


def _small_bitmaps(rows: ibis.Table) -> dict[str, ibis.Value]:
    one = ibis.literal(1, "int64")
    made = {}
    for name, column in SMALL.items():
        key = rows[column]
        counts = rows.refused if name == "refused_head" else ibis.literal(True)
        for word in range(2):
            here = ((key & 63) >> 5 == word) & counts
            made[f"{name}_{word:02d}"] = (one << (key & 31)).bit_or(where=here)
    return made


def _tokens(column: ibis.Value) -> ibis.Value:
    return column.fill_null(0).clip(upper=MOST_TOKENS).sum()


def merge_daily(rollups: ibis.Table, *by: str) -> ibis.Table:
    """Merge daily rollups into one row for each value of the columns named, such as `party_key`."""
    return rollups.group_by(list(by)).agg(
        **{name: rollups[name].sum() for name in _SUMS},
        **{name: rollups[name].min() for name in _MINIMA},
        **{name: rollups[name].max() for name in _MAXIMA},
        **{name: rollups[name].bit_or() for name in (*PAYLOAD_BITS, *SMALL_BITS)},
        accounts=rollups.account_key.nunique(),
    )


def busy_days(rollups: ibis.Table, by: str) -> ibis.Table:
    """Return `by`, `day`, exchanges and the payload bitmap of days with many exchanges."""
    days = rollups.group_by(by, "day").agg(
        exchanges=rollups.exchanges.sum(),
        **{name: rollups[name].bit_or() for name in PAYLOAD_BITS},
    )
    return days.filter(days.exchanges >= BUSY)


def replays(blobs: ibis.Table) -> ibis.Table:
    """Return who presented a sealed blob that another party had presented before.

    Gives `party_key, uses`; the rollups may be partial. Who was first is taken as the owner.
    """
    merged = merge_keys(blobs)
    owner = merged.group_by("key").agg(owned_us=merged.first_us.min())
    later = merged.join(owner, "key")
    foreign = later.filter(later.first_us > later.owned_us)
    return foreign.group_by("party_key").agg(uses=foreign.uses.sum())


def wordings(rollups: ibis.Table) -> ibis.Table:
    """Return in how many exchanges a party asks for material in a shared wording.

    Gives `party_key, uses`, uses of the shared wording that the party uses most; the rollups may
    be partial.
    """
    merged = merge_keys(rollups)
    users = merged.group_by("key").agg(parties=merged.count())
    common = merged.semi_join(users.filter(users.parties >= WORDING_PARTIES), "key")
    return common.group_by("party_key").agg(uses=common.uses.max())


def memberships(rollups: ibis.Table) -> ibis.Table:
    """Return `account_key, party_key` of the accounts that were seen in several parties."""
    pairs = rollups.select("account_key", "party_key").distinct()
    spread = pairs.group_by("account_key").agg(parties=pairs.count())
    return pairs.semi_join(spread.filter(spread.parties > 1), "account_key")


def with_parties(rollups: ibis.Table, merged: ibis.Table) -> ibis.Table:
    """Put the party that stands for it in place of each party named in `merged`."""
    joined = rollups.left_join(merged, rollups.party_key == merged.was)
    party = ibis.coalesce(joined.becomes, joined.party_key)
    return joined.mutate(party_key=party).select(*rollups.columns)


def models(sketches: ibis.Table) -> ibis.Table:
    """Return one row an account, model and day."""
    return sketches.group_by(
        sketches.party_key,
        sketches.account_key,
        sketches.model,
        day=sketches.time_us // DAY_US,
    ).agg(exchanges=sketches.count(), first_us=sketches.time_us.min())


def merge_models(rollups: ibis.Table) -> ibis.Table:
    """Merge partial model rollups into one row an account, model and day."""
    return rollups.group_by("party_key", "account_key", "model", "day").agg(
        exchanges=rollups.exchanges.sum(), first_us=rollups.first_us.min()
    )


def keys(sketches: ibis.Table, kind: str) -> ibis.Table:
    """Return one row a party and key of one kind, a name of `KEY_KINDS`; a use, if scattered.

    A `wording` is a run of text, a system prompt or an end of a prompt, as in templates, of an
    exchange that asks for material.

    Kinds in `TEMPLATE_KINDS` have `payload_low` and `payload_high` too, which differ when the
    party used the key with differing payloads: what then stays the same is a template.
    """
    if kind == "slot":
        key = sketches.time_us // SLOT_US
    elif kind == "wording":
        sketches = sketches.filter(ibis.or_(*(sketches[score] >= HIT for score in HARVEST)))
        ends = ibis.array([sketches.system_key, sketches.head_key, sketches.tail_key])
        runs = sketches.fingerprints.fill_null(ibis.literal([], "array<int64>"))
        key = runs.concat(ends).unique().unnest()
    elif kind in LIST_KEYS:
        key = sketches[LIST_KEYS[kind]].unnest()
    else:
        key = sketches[SCALAR_KEYS[kind]]
    columns = {"party_key": sketches.party_key, "time_us": sketches.time_us, "key": key}
    if kind in TEMPLATE_KINDS:
        columns["payload"] = sketches.payload_key.fill_null(0)
    used = sketches.select(**columns)
    used = used.filter(used.key.notnull())
    if kind in SCATTERED_KINDS:
        one = ibis.literal(1, "int64")
        return used.select("party_key", "key", uses=one, first_us="time_us", last_us="time_us")
    merged = {"uses": used.count(), "first_us": used.time_us.min(), "last_us": used.time_us.max()}
    if kind in TEMPLATE_KINDS:
        merged |= {"payload_low": used.payload.min(), "payload_high": used.payload.max()}
    return used.group_by("party_key", "key").agg(**merged)


def merge_keys(rollups: ibis.Table) -> ibis.Table:
    """Merge partial key rollups into one row a party and key."""
    merged = {
        "uses": rollups.uses.sum(),
        "first_us": rollups.first_us.min(),
        "last_us": rollups.last_us.max(),
    }
    if "payload_low" in rollups.columns:
        merged |= {
            "payload_low": rollups.payload_low.min(),
            "payload_high": rollups.payload_high.max(),
        }
    return rollups.group_by("party_key", "key").agg(**merged)


def key_ranges(parts: int) -> list[range]:
    """Cut the 64-bit keys into ranges of equal width, in order.

    Keys are tokens, spread evenly; only slots, which are numbers of minutes, lie in one range.

    Args:
        parts: A power of two.
    """
    width = (1 << 64) // parts
    return [range(low, low + width) for low in range(-(1 << 63), 1 << 63, width)]


def of_range(rollups: ibis.Table, keys: range) -> ibis.Table:
    """Keep the rows whose key lies in a range."""
    return rollups.filter(rollups.key.between(keys[0], keys[-1]))


def touched_by_several(rollups: ibis.Table) -> ibis.Table:
    """Return the keys that at least two parties touched, each once; rollups may be partial."""
    before = rollups.party_key.lag().over(group_by="key", order_by="party_key")  # beats min, max
    rows = rollups.select("key", "party_key", before=before)
    return rows.filter(rows.before != rows.party_key).select("key").distinct()


def shared_keys(rollups: ibis.Table, several: ibis.Table) -> ibis.Table:
    """Keep the keys that at least two parties touched; of templates, only with varied payloads.

    Args:
        rollups: Key rollups of one kind; they may be partial.
        several: The keys that at least two parties touched.
    """
    rows = merge_keys(rollups.semi_join(several, "key"))
    if "payload_low" in rows.columns:
        varied = rows.filter(rows.payload_low != rows.payload_high)
        rows = varied.semi_join(touched_by_several(varied), "key")
    return rows.select("party_key", "key", "uses", "first_us", "last_us")


def echoes(prompts: ibis.Table, responses: ibis.Table) -> ibis.Table:
    """Return who fed back whose output: `party_key, source_key, uses, first_us, last_us`.

    A coarse fingerprint of a response counts when one party alone received it, and when it turns
    up in a prompt of another party that had never sent it before: what many receive, such as a
    refusal, is not evidence, nor is what the party knew already.
    Both rollups may be partial.
    """
    span = responses.group_by("key").agg(
        source_key=responses.party_key.min(),
        other=responses.party_key.max(),
        served_us=responses.first_us.min(),
    )
    served = span.filter(span.source_key == span.other)
    joined = merge_keys(prompts.semi_join(served, "key")).join(served, "key")
    foreign = joined.filter(
        (joined.party_key != joined.source_key) & (joined.first_us > joined.served_us)
    )
    return foreign.group_by("party_key", "source_key").agg(
        uses=foreign.first_us.nunique(),  # distinct moments of feeding something back
        first_us=foreign.first_us.min(),
        last_us=foreign.last_us.max(),
    )
