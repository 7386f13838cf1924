"""`stillwatch share demo`: three providers, one operation, and a forum of real processes."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json, print_table
from stillwatch.cli._progress import shown_progress
from stillwatch.cli._share_options import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stillwatch.cli._share_scene import Scene
    from stillwatch.sharing.forum.processes import LocalForum

NAMES: Final = ("a", "b", "c")
_DAILY: Final = 0.65  # assumed growth of A's ln E a day, as in the scenario
_DAYS: Final = 8


@click.command(epilog=example("share demo"))
@click.option("--out", type=FOLDER, help="Empty folder that keeps everything. [temporary]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all draws.")
@click.option("--runs", type=click.IntRange(20), default=200, show_default=True,
              help="Runs of the simulation.")  # fmt: skip
@json_option
def demo(out: Path | None, seed: int, runs: int, as_json: bool) -> int:
    """Show three providers that find one operation together, and what each learns of the others.

    Composes traffic with one operation in it and deals it out to three providers. Each scans its
    own; a board, a key holder and three nodes run as processes on loopback. A shares, B and C
    match and decide. Then the days and exchanges, from a simulation by the same rules.
    """
    from stillwatch.cli._share_figures import figures, print_figures
    from stillwatch.cli._share_scene import compose, seen

    with _folder(out) as folder:
        _note(as_json, "composing a week of traffic, dealing it out to three providers, scanning")
        with shown_progress() as progress:
            scene = compose(folder, seed, progress)
        _note(as_json, "starting a board, a key holder and three nodes")
        from stillwatch.sharing.forum.processes import running

        with running(folder, NAMES) as forum:
            outcome = _play(forum, scene)
            sight = seen(forum, scene, outcome)
    _note(as_json, f"simulating {runs} runs of 45 days")
    simulated = figures(range(seed, seed + runs))
    if as_json:
        print_json({"providers": outcome, "seen": sight, "simulated": simulated})
        return 0
    _print(outcome, sight)
    print_figures(simulated)
    return 0


def _play(forum: LocalForum, scene: Scene) -> list[dict[str, object]]:
    """A commits, shares and states; B and C pull, match and decide."""
    from datetime import UTC, datetime, timedelta

    place = scene.of("a")
    shared = forum.share(
        "a", "publish", str(place.results), "--campaign", place.campaign or "", "--confirmed",
        "--identifiers", str(place.identifiers), "--yes",
    )  # fmt: skip
    campaign = str(shared["campaign_id"])
    made = forum.share("a", "commit", "--campaign", campaign, "--accounts", str(place.accounts),
                       "--basis", "timing")  # fmt: skip
    start = datetime.now(UTC) + timedelta(days=1)
    first, last = (start + timedelta(days=d) for d in (0, _DAYS))
    forum.share(
        "a", "count", "--commitment", str(made["commitment"]), "--log-e", str(_DAILY * _DAYS),
        "--first", f"{first:%Y-%m-%d}", "--last", f"{last:%Y-%m-%d}",
    )  # fmt: skip
    forum.share("a", "sightings", "--campaign", campaign, "--commitment", str(made["commitment"]))
    own: dict[str, object] = {"provider": "A", "accounts": place.truth, "alone": place.found}
    rows = [own]
    for name in NAMES[1:]:
        other = scene.of(name)
        forum.share(name, "pull")
        found = forum.share(
            name, "match", "--identifiers", str(other.identifiers), "--controls",
            str(other.customers), "--active-accounts", str(other.active),
        )  # fmt: skip
        rows.append(
            {"provider": name.upper(), "accounts": other.truth, "alone": other.found,
             "matches": found["matches"]}
        )  # fmt: skip
    pulled = forum.share("a", "pull")
    # What A finds on the board beside its own objects and its own sighting.
    own["of_others"] = int(str(pulled["objects"])) - int(str(shared["objects"])) - 1
    return rows


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    from stillwatch.core.errors import ConfigError
    from stillwatch.outputs import disk_errors

    if out is None:
        with tempfile.TemporaryDirectory(prefix="stillwatch-") as made:
            yield Path(made)
        return
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise ConfigError(f"{out} is not empty", "choose another --out")
    yield out


def _note(as_json: bool, text: str) -> None:
    if not as_json:
        click.echo(f"{text} ...", err=True)


def _print(outcome: list[dict[str, object]], sight: list[dict[str, object]]) -> None:
    click.echo("\nOne operation at three providers; each scanned only its own traffic:\n")
    rows: list[list[object]] = []
    for row in outcome:
        matches = row.get("matches")
        best = _best(matches if isinstance(matches, list) else [])
        if row["provider"] == "A":
            step = "shared it"
        else:
            step = f"{best['step']}: {best['reason']}" if best else "nothing: no match"
        hits = f"{best['hits']} of {best['of']}" if best else "-"
        total = best["total_e"] if best else None
        rows.append([row["provider"], row["accounts"], row["alone"], hits, total, step])
    print_table(("provider", "its accounts", "found alone", "hits", "T", "in the forum"), rows)
    click.echo(
        f"\nMade up: sign-up data, and the {_DAYS} days of evidence that A states, at a growth of "
        f"{_DAILY} a day. The rest happened in these processes."
    )
    click.echo("\nWhat each party saw of the others:\n")
    print_table(("party", "saw"), [[row["party"], row["saw"]] for row in sight])


def _best(matches: list[dict[str, object]]) -> dict[str, object] | None:
    return max(matches, key=lambda one: float(str(one["total_e"])), default=None)
