"""What a member says: `share commit`, `count`, `sightings`, `appeal`, `withdraw`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json
from stillwatch.cli._share_options import FILE, node_option, with_node

if TYPE_CHECKING:
    from datetime import date

    from stillwatch.sharing.forum.node import Node

_campaign = click.option("--campaign", required=True, metavar="ID", help="Id of its object.")
_GROUNDS = (
    "wrong-party", "benign-persona", "shared-infrastructure", "stale", "evidence-error", "legal",
)  # fmt: skip
_REASONS = (
    "error", "appeal-granted", "expired", "legal", "duplicate", "poisoned", "key-compromise",
)  # fmt: skip


@click.command(epilog=example("share commit --campaign ID --accounts accounts.txt --basis timing"))
@_campaign
@node_option
@click.option("--accounts", required=True, type=FILE,
              help="The cluster's accounts, one a line; a salted digest leaves.")  # fmt: skip
@click.option("--basis", "bases", multiple=True, required=True,
              help="Link family the evidence will rest on; may be repeated.")  # fmt: skip
@click.option("--cluster", default="cluster", show_default=True, help="Its name at this node.")
@click.option("--detector", default="stillwatch", show_default=True, help="What computes it.")
@click.option("--calibration", default="cal-0000000000000000", show_default=True,
              help="Id of what it was calibrated on.")  # fmt: skip
@json_option
def commit(
    campaign: str,
    folder: Path,
    accounts: Path,
    bases: tuple[str, ...],
    cluster: str,
    detector: str,
    calibration: str,
    as_json: bool,
) -> int:
    """Commit to a cluster in the board's log; only exchanges after this count as evidence."""
    from stillwatch.core.errors import InputError
    from stillwatch.sharing.forum import speaking
    from stillwatch.sharing.node.evidence import Question

    try:
        names = tuple(line for line in accounts.read_text("utf-8").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{accounts}: cannot be read", "give a text file, UTF-8") from None
    question = Question(cluster, names, "coordination", detector, calibration, bases)

    async def work(node: Node) -> int:
        return speaking.commit(node, campaign, question)

    number = with_node(folder, work)
    return _said({"commitment": number}, f"commitment {number}", as_json)


@click.command(
    epilog=example("share count --commitment 1 --log-e 0.65 --first 2026-12-01 --last 2026-12-02")
)
@node_option
@click.option("--commitment", type=int, required=True, help="Number that `commit` printed.")
@click.option("--log-e", type=float, required=True,
              help="Natural logarithm of the window's factor, valid given the past.")  # fmt: skip
@click.option("--first", type=click.DateTime(), required=True, help="Start of the window, UTC.")
@click.option("--last", type=click.DateTime(), required=True, help="End of the window, UTC.")
@json_option
def count(
    folder: Path, commitment: int, log_e: float, first: datetime, last: datetime, as_json: bool
) -> int:
    """Count evidence of a window under a commitment; no window counts twice."""
    from stillwatch.sharing.node import evidence

    async def work(node: Node) -> float:
        return evidence.count(node.state, commitment, _micros(first), _micros(last), log_e)

    total = with_node(folder, work)
    return _said({"log_e": total}, f"ln E = {total:.3g}", as_json)


@click.command(epilog=example("share sightings --campaign ID --commitment 1"))
@_campaign
@node_option
@click.option("--commitment", type=int, help="Whose evidence is stated, rounded down.")
@click.option("--linked-by", "families", multiple=True,
              help="Link family between cluster and campaign; may be repeated.")  # fmt: skip
@json_option
def sightings(
    campaign: str, folder: Path, commitment: int | None, families: tuple[str, ...], as_json: bool
) -> int:
    """Say that this member sees a campaign too, with its evidence or without."""
    from stillwatch.sharing.forum import speaking

    async def work(node: Node) -> str:
        return await speaking.sight(node, campaign, commitment, families)

    id_ = with_node(folder, work)
    return _said({"sighting": id_}, id_, as_json)


@click.command(epilog=example("share appeal OBJECT --ground benign-persona --persona B10"))
@click.argument("object_id", metavar="OBJECT")
@node_option
@click.option("--ground", required=True, type=click.Choice(_GROUNDS), help="Why it is wrong.")
@click.option("--persona", help="Benign persona, B1 to B18.")
@json_option
def appeal(object_id: str, folder: Path, ground: str, persona: str | None, as_json: bool) -> int:
    """Contest a shared OBJECT; unanswered, it leaves everyone's view when the time is over."""
    from stillwatch.sharing.forum import speaking

    async def work(node: Node) -> tuple[str, date]:
        return await speaking.appeal(node, object_id, ground, persona)

    id_, due = with_node(folder, work)
    return _said({"appeal": id_, "due": due.isoformat()}, f"{id_}, due {due}", as_json)


@click.command(epilog=example("share withdraw --campaign ID --reason error"))
@_campaign
@node_option
@click.option("--reason", required=True, type=click.Choice(_REASONS), help="Why.")
@json_option
def withdraw(campaign: str, folder: Path, reason: str, as_json: bool) -> int:
    """Take back a campaign that this node shared, and its tags."""
    from stillwatch.sharing.forum import speaking

    async def work(node: Node) -> int:
        return await speaking.withdraw(node, campaign, reason)

    number = with_node(folder, work)
    return _said({"withdrawn": number}, f"{number} objects withdrawn", as_json)


def _micros(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1_000_000)


def _said(content: dict[str, object], text: str, as_json: bool) -> int:
    if as_json:
        print_json(content)
    else:
        click.echo(text)
    return 0
