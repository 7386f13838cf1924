"""Each baseline that looks at one account: a case it finds, and a trap it falls into."""

from __future__ import annotations

import numpy as np
from baseline_rows import WORDS, Rows, of, people, row, said, scores

from stillwatch.range.baselines.prada import Prada

OTHER = [word[::-1] + "x" for word in WORDS]


def spread(account: str, prompts: list[str], **columns: object) -> Rows:
    """Return an account that says these things over a week."""
    times = np.linspace(0, 6 * 86_400, len(prompts))
    return [row(account, t, prompt, **columns) for t, prompt in zip(times, prompts, strict=True)]


def template(seed: int, count: int, vocabulary: list[str] = WORDS) -> list[str]:
    """Return prompts of one template whose slot changes."""
    rng = np.random.default_rng(seed)
    head = said(rng, 20, vocabulary)
    return [f"{head} {said(rng, 2, vocabulary)}" for _ in range(count)]


def test_honeypotllm_style_finds_a_quick_scraper() -> None:
    scraper = [row("s1", 0.3 * k, f"What is {WORDS[k]}?") for k in range(40)]
    found = scores("honeypotllm_style", people(30) + scraper)
    assert of(found, "s").min() > 0.8 > of(found, "p").max()


def test_honeypotllm_style_flags_a_template_app_and_misses_slow_heads() -> None:
    app = spread("a1", template(1, 60))
    rng = np.random.default_rng(2)
    heads = [made for k in range(5) for made in spread(f"h{k}", [said(rng, 12) for _ in range(24)])]
    found = scores("honeypotllm_style", people(30) + app + heads)
    assert of(found, "a").min() > of(found, "p").max()
    assert of(found, "h").max() < of(found, "a").min() / 2


def test_prada_finds_jittered_copies() -> None:
    rng = np.random.default_rng(3)
    seeds = [said(rng, 16) for _ in range(8)]
    copies = []
    for k in range(60):
        words = seeds[k % 8].split()
        words[int(rng.integers(16))] = OTHER[k % len(OTHER)]
        copies.append(" ".join(words) if k >= 8 else seeds[k])
    found = scores("prada", people(30, prompts=60) + spread("c1", copies))
    assert of(found, "c").min() > np.quantile(of(found, "p"), 0.95)


def test_prada_takes_an_app_for_jittered_copies() -> None:
    found = scores("prada", people(30, prompts=60) + spread("a1", template(4, 60)))
    assert of(found, "a").min() > np.median(of(found, "p"))


def test_prada_abstains_on_little() -> None:
    assert np.isnan(of(scores("prada", people(3, prompts=19)), "p")).all()


def test_prada_would_freeze_if_the_threshold_moved_at_the_first_member() -> None:
    """With one member the deviation is 0, so T becomes its distance and hardly anything joins."""
    rng = np.random.default_rng(5)
    points = rng.normal(size=(120, 8))
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    settled, frozen = Prada()._nearest(distances), Prada(settled=1)._nearest(distances)
    assert frozen[60:].mean() > 1.2 * settled[60:].mean()


def test_prada_counts_one_prompt_repeated_as_anything_but_normal() -> None:
    assert of(scores("prada", spread("r1", ["the same"] * 30)), "r") == [1.0]


def test_seat_style_finds_near_copies_and_takes_an_app_for_worse() -> None:
    copies, app = spread("c1", template(6, 30)), spread("a1", template(7, 120))
    found = scores("seat_style", people(30) + copies + app, people(40, seed=9, mark="q"))
    assert of(found, "c").min() > of(found, "p").max()
    assert of(found, "a").min() > of(found, "c").max()


def strangers(name: str) -> None:
    """A harvest in other words is far from the past, and so is an app for a narrow purpose."""
    rng = np.random.default_rng(8)
    harvest = spread("c1", [said(rng, 15, OTHER) for _ in range(30)])
    app = spread("a1", template(10, 30))
    found = scores(name, people(30) + harvest + app, people(150, seed=9, mark="q"))
    assert of(found, "c").min() > of(found, "p").max()
    assert of(found, "a").min() > of(found, "p").max()


def test_mahalanobis_finds_other_words_and_takes_an_app_for_them() -> None:
    strangers("mahalanobis")


def test_mmd_windows_find_other_words_and_take_an_app_for_them() -> None:
    strangers("mmd_windows")


def test_mmd_windows_and_mahalanobis_abstain_on_little() -> None:
    for name in ("mmd_windows", "mahalanobis"):
        assert np.isnan(of(scores(name, people(40, prompts=4)), "p")).all()


def outlier(name: str) -> None:
    """What is large in everything stands out; four ordinary accounts of a campaign do not."""
    large = [
        row("x1", 30 * k, "say <trace> step by step rubric example", ip=f"10.9.{k % 200}.1")
        for k in range(800)
    ]
    rng = np.random.default_rng(11)
    heads = [made for k in range(4) for made in spread(f"h{k}", [said(rng, 14) for _ in range(24)])]
    found = scores(name, people(40) + large + heads, people(80, seed=12, mark="q"))
    assert of(found, "x").min() > of(found, "p").max()
    assert of(found, "h").max() < of(found, "x").min()


def test_isolation_forest_finds_the_large_and_misses_the_ordinary() -> None:
    outlier("isolation_forest")


def test_ecod_finds_the_large_and_misses_the_ordinary() -> None:
    outlier("ecod")
