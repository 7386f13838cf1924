"""Says how a scan or a replay ended, and which exit code that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from stillwatch.cli._output import print_json, print_table, printable
from stillwatch.core.campaigns_json import iso_time
from stillwatch.core.wording import plural
from stillwatch.outputs import CAMPAIGNS, REJECTED, REPORT
from stillwatch.report import explained

if TYPE_CHECKING:
    from stillwatch.core.config import Settings
    from stillwatch.core.results import Campaign, Results
    from stillwatch.pipeline import ScanOutcome

_PARTIAL: Final = 1
_REJECTED: Final = 2


def finish(outcome: ScanOutcome, settings: Settings, as_json: bool) -> int:
    """Print a summary of a scan and return the exit code.

    Args:
        outcome: What the pipeline returned; its results are written already.
        settings: For the share of rows that may be rejected.
        as_json: Print an object instead of tables.
    """
    if as_json:
        print_json(summary(outcome))
    else:
        _print(outcome)
    if outcome.unknown:
        names = ", ".join(map(printable, outcome.unknown))
        click.echo(f"warning: columns that nobody reads were ignored: {names}", err=True)
    for unit in outcome.results.partial:
        click.echo(f"warning: partial: {unit}", err=True)
    where = f"{outcome.out / REJECTED} says why; the results are written"
    if code := too_many_rejected(outcome.rejected, outcome.rows, settings, where):
        return code
    return _PARTIAL if outcome.partial else 0


def too_many_rejected(rejected: int, rows: int, settings: Settings, where: str) -> int:
    """Return exit code 2, with a word on it, when more rows were rejected than is allowed.

    Args:
        rejected: Rows that could not be used.
        rows: Rows read.
        settings: For the share that is allowed.
        where: Where the reasons stand.
    """
    if rejected <= settings.scan.max_rejected * rows:
        return 0
    click.echo(
        f"error: {rejected:,} of {plural(rows, 'row')} rejected, more than "
        f"the {100 * settings.scan.max_rejected:g} % allowed\n"
        f"  hint: {where}; --max-rejected raises the limit",
        err=True,
    )
    return _REJECTED


def summary(outcome: ScanOutcome) -> dict[str, object]:
    """Return the outcome as plain data; the whole is in `campaigns.json`."""
    return {
        "out": str(outcome.out),
        "rows": outcome.rows,
        "exchanges": outcome.exchanges,
        "accounts": outcome.results.inputs.accounts,
        "rejected": outcome.rejected,
        "duplicates": outcome.duplicates,
        "partial": outcome.partial,
        "fdr": outcome.results.fdr,
        "calibration": outcome.results.calibration,
        "campaigns": [_described(campaign) for campaign in outcome.results.campaigns],
        "timings": outcome.timings,
    }


def campaign_table(campaigns: tuple[Campaign, ...]) -> None:
    """Print one line a campaign."""
    replayed = any(c.detected_us is not None for c in campaigns)
    print_table(
        ("campaign", "level", "q", "act", "review", "exchanges")
        + (("detected at", "before it") if replayed else ())
        + ("evidence", "explanations", "tactics"),
        [_row(campaign, replayed) for campaign in campaigns],
    )


def _row(campaign: Campaign, replayed: bool) -> tuple[object, ...]:
    detected = iso_time(campaign.detected_us)
    return (
        campaign.campaign_id,
        campaign.level,
        campaign.q_value,
        _members(campaign, "act"),
        _members(campaign, "review"),
        campaign.exchanges,
        *(
            (detected and f"{detected[:16]}Z", campaign.exchanges_before_detection)
            if replayed
            else ()
        ),
        " ".join(campaign.families),
        explained(campaign),
        " ".join(campaign.tactics),
    )


def _print(outcome: ScanOutcome) -> None:
    inputs = outcome.results.inputs
    click.echo(
        f"{plural(outcome.exchanges, 'exchange')} of {plural(inputs.accounts, 'account')}"
        f" ({outcome.rejected:,} rejected, {plural(outcome.duplicates, 'duplicate')})"
        f" in {sum(outcome.timings.values()):.1f} s"
    )
    click.echo(_found(outcome.results))
    if outcome.results.campaigns:
        click.echo()
        campaign_table(outcome.results.campaigns)
        click.echo()
        click.echo("act and review count members; the report names A1 to A26 and B1 to B18")
    click.echo()
    for abstention in outcome.results.abstained:
        click.echo(f"abstained: {abstention.unit}: {abstention.reason}")
    click.echo(f"calibration: {outcome.results.calibration}")
    click.echo(f"report: {outcome.out / REPORT}")
    click.echo(f"campaigns: {outcome.out / CAMPAIGNS}")


def _members(campaign: Campaign, level: str) -> int:
    return sum(member.level == level for member in campaign.members)


def _found(results: Results) -> str:
    """Say how many campaigns there are; only those at level act stand under the rate."""
    act = sum(campaign.level == "act" for campaign in results.campaigns)
    return (
        f"{plural(act, 'campaign')} to act on, at a false-discovery rate of "
        f"{100 * results.fdr:g} %; {len(results.campaigns) - act:,} to review"
    )


def _described(campaign: Campaign) -> dict[str, object]:
    return {
        "campaign_id": campaign.campaign_id,
        "level": campaign.level,
        "q_value": campaign.q_value,
        "members": len(campaign.members),
        "members_act": _members(campaign, "act"),
        "exchanges": campaign.exchanges,
        "families": list(campaign.families),
        "tactics": list(campaign.tactics),
        "detected_at": iso_time(campaign.detected_us),
    }
