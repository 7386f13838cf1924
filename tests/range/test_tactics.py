"""Every tactic: what holds for all of them, and the trace that each one leaves."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from numpy.typing import NDArray

from stillwatch.core.catalogue import units
from stillwatch.core.errors import ConfigError
from stillwatch.core.records import EXCHANGE_SCHEMA
from stillwatch.range._assemble import NEW_MODEL, assemble
from stillwatch.range.compose import stream, world_of
from stillwatch.range.contracts import (
    DAY_US,
    HOUR_US,
    START_US,
    UNOBSERVABLE,
    Composition,
    Draft,
    Tactic,
)
from stillwatch.range.harvest import Harvest
from stillwatch.range.tactics import (
    arbitrage,
    articulate,
    blob_replay,
    cover,
    debug_framing,
    failover,
    fake_system,
    fixed_prompt,
    jitter,
    judge,
    language_switch,
    leak,
    load_balance,
    low_and_slow,
    mimicry,
    multi_cloud,
    persona_prefix,
    probing,
    proxied,
    release,
    rerouting,
    rotation,
    safe_rewrite,
    sanitised,
    stolen_keys,
    technique_search,
    trace_cleaning,
    trajectory,
    translation,
)
from stillwatch.stats.intervals import clopper_pearson

TACTICS = units("range.tactics", Tactic)
WORLD = world_of(seed=0, days=7)
MINUTE_US = HOUR_US // 60
DROPPING = {"failover", "low_and_slow"}
"""Tactics that may take rows away: accounts fall silent, or requests are left out."""


@cache
def plain(genuine: float = 0.25) -> Draft:
    """Return a harvest of 80 accounts with genuine traffic among it, before any tactic."""
    draft = Harvest("h", 80, 8.0)._plain(stream(0, "plain"), WORLD)
    return cover.Cover(genuine).apply(stream(0, "cover"), WORLD, draft) if genuine else draft


def applied(*tactics: Tactic, genuine: float = 0.25) -> Draft:
    draft = plain(genuine)
    for tactic in tactics:
        draft = tactic.apply(stream(0, tactic.name), WORLD, draft)
    return draft


def composed(*tactics: Tactic) -> Composition:
    """Return a week of one campaign and nobody else."""
    harvest = Harvest("h", 80, 8.0, steps=tactics)
    traffic = harvest.compose(stream(0, "composed"), WORLD)
    return assemble(stream(0, "assemble"), WORLD, [traffic])


def texts(draft: Draft, where: NDArray[np.bool_] | None = None) -> list[str]:
    rows = draft.harvests if where is None else where
    found: list[str] = draft.user.filter(pa.array(rows)).to_pylist()
    return found


def is_(column: pa.Array | pa.ChunkedArray, value: object) -> NDArray[np.bool_]:
    """Say which rows hold a value; null does not."""
    return np.array([found == value for found in column.to_pylist()])


def within(count: int, of: int, share: float) -> bool:
    """Say whether a share is in the 99.9 % interval of a count."""
    low, high = clopper_pearson(count, of, 0.999)
    return bool(low <= share <= high)


def same(one: Draft, two: Draft) -> bool:
    return (
        one.user.equals(two.user)
        and one.response.equals(two.response)
        and one.system.equals(two.system)
        and all(
            np.array_equal(getattr(one, name), getattr(two, name))
            for name in ("account", "time_us", "address", "item")
        )
        and one.chosen == two.chosen
    )


@pytest.mark.parametrize("tactic", TACTICS.values(), ids=lambda unit: unit.name)
class TestEveryTactic:
    def test_its_columns_fit_together(self, tactic: Tactic) -> None:
        draft = applied(tactic)
        rows = len(draft)
        for name in ("time_us", "address", "item", "user", "response", "system"):
            assert len(getattr(draft, name)) == rows, name
        for name, column in draft.chosen.items():
            assert len(column) == rows, name
            assert column.cast(EXCHANGE_SCHEMA.field(name).type) is not None
        assert draft.user.null_count == draft.response.null_count == 0
        assert set(np.unique(draft.account)) == set(range(len(draft.accounts)))
        for name in ("plan", "verified", "created_us", "payment_id", "api", "client"):
            assert len(getattr(draft.accounts, name)) == len(draft.accounts), name

    def test_its_accounts_keep_their_label(self, tactic: Tactic) -> None:
        assert applied(tactic).accounts.archetype == "campaign:h"

    def test_it_stays_in_the_span(self, tactic: Tactic) -> None:
        draft = applied(tactic)
        assert draft.time_us.min() >= START_US
        # a retry at the very end may run a few minutes over
        assert draft.time_us.max() < WORLD.span.end_us + 15 * MINUTE_US

    def test_the_same_stream_gives_the_same_draft(self, tactic: Tactic) -> None:
        assert same(applied(tactic), applied(tactic))

    def test_it_leaves_what_it_was_given_alone(self, tactic: Tactic) -> None:
        before = plain.__wrapped__()
        columns = (before.time_us, before.address, before.item, before.accounts.created_us)
        copies = [column.copy() for column in columns]
        tactic.apply(stream(0, "x"), WORLD, before)
        assert all(map(np.array_equal, columns, copies))

    def test_genuine_rows_keep_their_words(self, tactic: Tactic) -> None:
        before, after = plain(), applied(tactic)
        kept = set(texts(after, ~after.harvests))
        given = set(texts(before, ~before.harvests))
        assert kept <= given if tactic.name in DROPPING else given <= kept
        assert len(kept) > 0.6 * len(given)
        assert not set(texts(after, ~after.harvests)) & set(texts(after))

    def test_a_draft_of_genuine_rows_alone_is_fine(self, tactic: Tactic) -> None:
        nothing = applied(tactic, genuine=1.0)
        assert not nothing.harvests.any()
        assert len(nothing) > 0.6 * len(plain(1.0))

    def test_its_parameters_work_at_their_limits(self, tactic: Tactic) -> None:
        limits = {"Share": (0.0, 1.0), "int": (1,), "float": (0.001, 100.0)}
        for field in fields(tactic):  # type: ignore[arg-type]
            for value in limits.get(str(field.type), ()):
                try:
                    changed = replace(tactic, **{field.name: value})  # type: ignore[type-var]
                except ConfigError:
                    continue  # it does not go with the other parameters
                draft = applied(changed)
                assert len(draft) > 0
                assert set(np.unique(draft.account)) == set(range(len(draft.accounts)))
                assert draft.user.null_count == draft.response.null_count == 0

    def test_it_works_on_one_account(self, tactic: Tactic) -> None:
        harvest = Harvest("h", 1, 2.0, steps=(tactic,))
        assert len(harvest.compose(stream(0, "one"), WORLD).accounts) in {1, 2}

    def test_it_says_what_it_is(self, tactic: Tactic) -> None:
        assert tactic.summary
        assert tactic.source
        assert all(re.fullmatch(r"A([1-9]|1\d|2[0-6])", name) for name in tactic.tactics)
        assert not set(tactic.tactics) & set(UNOBSERVABLE)


def test_every_tactic_is_composed_or_said_to_leave_no_trace() -> None:
    composed_ids = {name for tactic in TACTICS.values() for name in tactic.tactics}
    assert composed_ids | set(UNOBSERVABLE) == {f"A{k}" for k in range(1, 27)}


WORDINGS: list[tuple[Callable[[int], Tactic], tuple[str, ...]]] = [
    (fixed_prompt.FixedPrompt, ("<reasoning>",)),
    (articulate.Articulate, ("reasoning", "thought", "thinking")),
    (debug_framing.DebugFraming, ("extraction", "distillation")),
    (fake_system.FakeSystem, ("<system>",)),
    (safe_rewrite.SafeRewrite, ("sensitive", "censor")),
    (translation.Translation, ("Chinese",)),
]


@pytest.mark.parametrize(("make", "words"), WORDINGS)
def test_a_fixed_wording_is_a_prefix_that_all_share(
    make: Callable[[int], Tactic], words: tuple[str, ...]
) -> None:
    fixed, many = applied(make(1)), applied(make(40))
    assert len({text.split("\n\n")[0] for text in texts(fixed)}) == 1
    openings = {text.split("\n\n")[0] for text in texts(many)}
    assert 10 < len(openings) <= 40
    assert all(any(word in opening for word in words) for opening in openings)
    bare = texts(plain())
    assert all(text.endswith(item) for text, item in zip(texts(many), bare, strict=True))


def test_fixed_prompt_and_hindsight_lengthen_replies() -> None:
    for tactic in (fixed_prompt.FixedPrompt(), articulate.Articulate()):
        before, after = (
            pc.sum(pc.utf8_length(draft.response)).as_py()
            for draft in (plain(0), applied(tactic, genuine=0))
        )
        assert after > 1.5 * before


def test_translation_is_answered_in_another_script() -> None:
    answers = applied(translation.Translation(), genuine=0).response.to_pylist()
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in answers)


def test_language_switch_asks_a_share_in_other_languages() -> None:
    draft = applied(language_switch.LanguageSwitch(0.5), genuine=0)
    changed = sum(a != b for a, b in zip(texts(draft), texts(plain(0)), strict=True))
    assert within(changed, len(draft), 0.5)
    assert sum(bool(re.search(r"[^\x00-\u024f]", text)) for text in texts(draft)) > 100


def test_a_persona_opens_each_request() -> None:
    found = texts(applied(persona_prefix.PersonaPrefix()))
    assert len({text[:60] for text in found}) > 0.8 * len(found)
    assert all(text.endswith(" " + bare) for text, bare in zip(found, texts(plain()), strict=True))


def test_rotation_changes_the_opening_every_two_days() -> None:
    draft = applied(rotation.Rotation(2.0), genuine=0)
    bare = texts(plain(0))
    leads = defaultdict(set)
    for text, item, time in zip(texts(draft), bare, draft.time_us, strict=True):
        leads[(time - START_US) // (2 * DAY_US)].add(text.removesuffix(item))
    assert [len(found) for found in leads.values()] == [1] * 4
    assert len({next(iter(found)) for found in leads.values()}) == 4


def test_technique_search_explores_then_exploits() -> None:
    week = composed(technique_search.TechniqueSearch(explore=0.35, refused=0.7))
    time = week.exchanges["time"].cast(pa.int64()).to_numpy()
    early = time < START_US + 0.3 * 7 * DAY_US
    late = time > START_US + 0.4 * 7 * DAY_US
    refused = is_(week.exchanges["finish_reason"], "refusal")
    assert 0.62 < refused[early].mean() < 0.75
    assert refused[late].mean() < 0.05
    opening = np.array([text[:90] for text in week.exchanges["messages"].to_pylist()])
    assert len(set(opening[early])) > 0.8 * early.sum()
    assert len(set(opening[late])) == 1


def test_a_blob_is_seen_under_several_accounts() -> None:
    week = composed(blob_replay.BlobReplay(share=0.3, blobs=50))
    carries = week.exchanges["blob_ids"].is_valid().to_numpy()
    assert within(int(carries.sum()), len(carries), 0.3)
    seen = defaultdict(set)
    for account, blobs in zip(
        week.exchanges["account_id"].to_pylist(),
        week.exchanges["blob_ids"].to_pylist(),
        strict=True,
    ):
        for blob in blobs or ():
            seen[blob].add(account)
    assert len(seen) == 50
    assert min(map(len, seen.values())) > 2


def _echoes(week: Composition, lead: str, mark: str) -> int:
    """Count the prompts that hold an answer that another account got an hour before or more."""
    rows = week.exchanges.select(["account_id", "time", "messages", "response"]).to_pylist()
    first = {row["response"]: row for row in reversed(rows) if row["response"]}
    found = 0
    for row in rows:
        asked = _last(row["messages"])
        if asked.startswith(lead):
            origin = first[asked.split(mark, 1)[1]]
            assert origin["time"] < row["time"]
            found += origin["account_id"] != row["account_id"]
    return found


def _last(messages: str) -> str:
    content = json.loads(messages)[-1]["content"]
    assert isinstance(content, str)
    return content


def test_judges_grade_earlier_answers_of_others() -> None:
    week = composed(cover.Cover(0.25), judge.Judge(share=0.6))
    judged = _echoes(week, judge.RUBRIC, "[Response]\n")
    assert judged > 0.3 * week.exchanges.num_rows
    elsewhere = applied(judge.Judge(fresh=False))
    own = set(elsewhere.response.to_pylist())
    graded = [
        text.split("[Response]\n", 1)[1]
        for text in texts(elsewhere)
        if text.startswith(judge.RUBRIC)
    ]
    assert graded
    assert not own & set(graded)


def test_nobody_judges_what_was_blocked() -> None:
    week = composed(failover.Failover(blocked=0.9), judge.Judge())
    assert _echoes(week, judge.RUBRIC, "[Response]\n") > 100
    assert pc.sum(pc.equal(week.exchanges["status"], 403)).as_py() > 60


def test_traces_are_sent_back_to_be_cleaned() -> None:
    week = composed(fixed_prompt.FixedPrompt(), trace_cleaning.TraceCleaning(share=0.4))
    cleaned = _echoes(week, trace_cleaning.LEAD, trace_cleaning.LEAD)
    assert 0.3 < cleaned / week.exchanges.num_rows < 0.43


def test_rerouted_users_speak_behind_a_foreign_brand() -> None:
    draft = applied(rerouting.Rerouting(brands=2))
    systems = draft.system.filter(pa.array(draft.harvests))
    assert set(systems.to_pylist()) == {
        rerouting.PROMPT.format(name=name) for name in rerouting.NAMES[:2]
    }
    assert draft.system.filter(pa.array(~draft.harvests)).null_count == (~draft.harvests).sum()
    assert len(set(texts(draft))) > 0.95 * draft.harvests.sum()


def test_trajectories_fork() -> None:
    found = texts(applied(trajectory.Trajectory(forks=4, steps=3), genuine=0))
    begins = defaultdict(set)
    for text in found:
        parts = re.split(r"\n(?=<tool_call>|Action: |<observation>)", text)
        assert len(parts) == 4
        begins["\n".join(parts[:3])].add(parts[3])
    forks = [len(ends) for ends in begins.values()]
    assert np.mean(np.array(forks) >= 3) > 0.95
    assert max(forks) == 4


def test_release_moves_its_share_to_the_new_model() -> None:
    draft = applied(release.Release(share=0.55, within_hours=20))
    new = is_(draft.chosen["model"], NEW_MODEL)
    settled = draft.harvests & (draft.time_us > WORLD.span.release_us + 20 * HOUR_US)
    assert within(int(new[settled].sum()), int(settled.sum()), 0.55)
    assert not new[draft.time_us < WORLD.span.release_us].any()
    assert not new[~draft.harvests].any()


def test_failover_replaces_within_minutes_with_the_same_prompt() -> None:
    draft = applied(failover.Failover(blocked=0.6, least_minutes=2, most_minutes=10))
    refused = is_(draft.chosen["status"], 403)
    blocked = np.unique(draft.account[refused])
    heirs = len(draft.accounts) - 80
    assert heirs == len(blocked)
    assert within(heirs, 80, 0.6)
    users = np.array(draft.user.to_pylist())
    for account in blocked:
        tries = np.flatnonzero(refused & (draft.account == account))
        assert len(tries) == 3
        assert len(set(users[tries])) == 1
        assert draft.time_us[draft.account == account].max() == draft.time_us[tries].max()
        again = np.flatnonzero((users == users[tries[0]]) & (draft.account >= 80))
        (heir,) = set(draft.account[again])
        starts = draft.time_us[draft.account == heir].min()
        assert starts in draft.time_us[again]
        assert 2 * MINUTE_US <= starts - draft.time_us[tries].min() <= 12 * MINUTE_US
        assert draft.accounts.created_us[heir] < starts


def test_probing_sends_the_same_items_from_many_accounts_on_many_days() -> None:
    draft = applied(probing.Probing(share=0.3, items=10))
    probes = draft.chosen["temperature"].is_valid().to_numpy(zero_copy_only=False)
    assert within(int(probes.sum()), int(draft.harvests.sum()), 0.3)
    users = np.array(draft.user.to_pylist())
    items = set(users[probes])
    assert len(items) == 10
    day = (draft.time_us - START_US) // DAY_US
    for item in items:
        assert len(set(draft.account[users == item])) > 20
        assert len(set(day[users == item])) == 7


def test_stolen_keys_have_an_honest_past() -> None:
    draft = applied(
        release.Release(share=1.0), stolen_keys.StolenKeys(before=0.5, rate=0.6), genuine=0
    )
    owned = np.unique(draft.account[~draft.harvests])
    assert within(len(owned), 80, 0.6)
    middle = START_US + WORLD.span.days * DAY_US // 2
    harvest = draft.harvests & np.isin(draft.account, owned)
    assert draft.time_us[harvest].min() >= middle
    assert (draft.time_us[~draft.harvests] < middle).mean() > 0.3
    assert (draft.accounts.created_us[owned] < START_US - 100 * DAY_US).all()
    decided = draft.chosen["model"].is_valid().to_numpy(zero_copy_only=False)
    assert not decided[~draft.harvests].any()


def test_arbitrage_leaves_the_model_that_refuses() -> None:
    week = composed(arbitrage.Arbitrage(refused=0.3, weaker=0.8))
    model = np.array(week.exchanges["model"].to_pylist())
    assert set(model) == {arbitrage.STRONG, arbitrage.WEAK}
    refused = is_(week.exchanges["finish_reason"], "refusal")
    assert 0.25 < refused[model == arbitrage.STRONG].mean() < 0.36
    assert refused[model == arbitrage.WEAK].mean() < 0.05
    weak = np.array([half.mean() for half in np.array_split(model == arbitrage.WEAK, 4)])
    assert (np.diff(weak) > 0).all()


def test_every_account_speaks_through_several_surfaces() -> None:
    week = composed(multi_cloud.MultiCloud())
    used = week.exchanges.group_by("account_id").aggregate([("surface", "count_distinct")])
    assert pc.min(used["surface_count_distinct"]).as_py() >= 2
    assert pc.mean(used["surface_count_distinct"]).as_py() > 3.5


def test_who_sanitises_has_no_client_at_all() -> None:
    week = composed(sanitised.Sanitised(rate=0.7))
    for column in ("user_agent", "tls_fingerprint"):
        rows = week.exchanges.select(["account_id", column]).to_pylist()
        assert all(row[column] != "" for row in rows)
        blank = {row["account_id"] for row in rows if row[column] is None}
        assert within(len(blank), week.labels.num_rows, 0.7)
    assert week.exchanges["end_user_id"].null_count == week.exchanges.num_rows


def test_a_balancer_keeps_the_total_smooth() -> None:
    draft = applied(load_balance.LoadBalance(), genuine=0)
    hourly = np.bincount((draft.time_us - START_US) // HOUR_US, minlength=7 * 24)
    assert hourly.var() < 0.2 * hourly.mean()  # Poisson: equal
    before = np.bincount((plain(0).time_us - START_US) // HOUR_US, minlength=7 * 24)
    assert before.var() > 2 * before.mean()


def test_the_daily_cap_holds_for_the_harvest_alone() -> None:
    draft = applied(low_and_slow.LowAndSlow(most=3))
    assert (~draft.harvests).sum() == (~plain().harvests).sum()
    day = (draft.time_us - START_US) // DAY_US
    key = (draft.account * 100 + day)[draft.harvests]
    before = plain()
    given = (before.account * 100 + (before.time_us - START_US) // DAY_US)[before.harvests]
    counts = dict(zip(*np.unique(key, return_counts=True), strict=True))
    for name, count in zip(*np.unique(given, return_counts=True), strict=True):
        assert counts[name] == min(count, 3)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_cover_is_as_large_as_it_says(share: float) -> None:
    draft = applied(release.Release(), cover.Cover(share), genuine=0)
    assert within(int((~draft.harvests).sum()), len(draft), share)
    if "model" in draft.chosen:
        decided = draft.chosen["model"].is_valid().to_numpy(zero_copy_only=False)
        assert not decided[~draft.harvests].any()


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
def test_a_leak_is_as_large_as_it_says(rate: float) -> None:
    accounts = Harvest("h", 400)._plain(stream(0, "leak"), WORLD)
    before = accounts.accounts
    after = leak.Leak(rate=rate).apply(stream(0, "x"), WORLD, accounts).accounts
    cards, hosts = (
        sum(a != b for a, b in zip(one.to_pylist(), two.to_pylist(), strict=True))
        for one, two in (
            (before.payment_id, after.payment_id),
            (before.email_domain, after.email_domain),
        )
    )
    assert within(cards, 400, rate)
    assert within(hosts, 400, rate / 2)
    shared = pc.value_counts(after.payment_id.drop_null()).field("counts")
    assert pc.max(shared).as_py() <= 8


def test_a_leak_of_impossible_sizes_is_refused() -> None:
    with pytest.raises(ConfigError, match="least 9 exceeds most 8"):
        leak.Leak(least=9)


def test_proxies_carry_their_share_of_the_harvest() -> None:
    draft = applied(proxied.Proxied(rate=0.8, requests=0.65, pool=10))
    through = np.isin(draft.address, WORLD.proxies[:10])
    assert not through[~draft.harvests].any()
    users = np.unique(draft.account[through])
    assert within(len(users), 80, 0.8)
    theirs = draft.harvests & np.isin(draft.account, users)
    assert within(int(through.sum()), int(theirs.sum()), 0.65)


def test_jitter_moves_requests_by_hours_and_no_genuine_one() -> None:
    draft, before = applied(jitter.Jitter(hours=6.0)), plain()
    moved = (draft.time_us - before.time_us) / HOUR_US
    assert (moved[~draft.harvests] == 0).all()
    near = np.abs(moved) < 48  # the others wrapped at the ends of the span
    assert 5.5 < moved[draft.harvests & near].std() < 6.5


def test_who_mimics_sleeps_at_night() -> None:
    draft, before = applied(mimicry.Mimicry()), plain(0)

    def asleep(found: Draft) -> float:
        local = (found.time_us - START_US) / HOUR_US + found.accounts.zone_hours[found.account]
        return float(((local % 24) < 6).mean())

    assert asleep(draft) < 0.6 * asleep(before)
    assert (draft.accounts.client != before.accounts.client).mean() > 0.5
