"""`stillwatch share publish`: shows what would leave, asks, posts."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json, print_table
from stillwatch.cli._share_options import identifiers_option, node_option, with_node

if TYPE_CHECKING:
    from stillwatch.sharing.forum.node import Node
    from stillwatch.sharing.forum.publishing import Published
    from stillwatch.sharing.node.preview import Preview


@click.command(epilog=example("share publish results --campaign C-1a2b3c4d --node node"))
@click.argument("results", type=click.Path(path_type=Path))
@click.option("--campaign", required=True, metavar="ID", help="Which campaign of the results.")
@node_option
@identifiers_option
@click.option("--surface", "surfaces", multiple=True, help="Kind of product; may be repeated.")
@click.option("--capability", help="What the campaign is after.")
@click.option("--confirmed", is_flag=True, help="A person has confirmed the campaign.")
@click.option("--volume", is_flag=True, help="Let the power of ten of its exchanges leave.")
@click.option("--preview", "only_preview", is_flag=True, help="Show what would leave, and stop.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def publish(
    results: Path,
    campaign: str,
    folder: Path,
    identifiers: Path | None,
    surfaces: tuple[str, ...],
    capability: str | None,
    confirmed: bool,
    volume: bool,
    only_preview: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Share one campaign of RESULTS; nothing leaves that was not shown.

    After a failure, run the same command again: what is there already is not posted twice.
    """
    from stillwatch.sharing.forum import publishing
    from stillwatch.sharing.forum.identifier_files import read_identifiers
    from stillwatch.sharing.node.preview import Choices

    choices = Choices(surfaces, capability, confirmed, volume)
    shown = publishing.previewed(publishing.read_results(results), campaign, choices)
    given = read_identifiers(identifiers) if identifiers else {}
    if only_preview or not (as_json and yes):
        _show(shown, {one.label: len(ones) for one, ones in given.items()}, as_json)
    if only_preview:
        return 0
    if not yes:
        click.confirm("share this with the forum?", abort=True, err=True)

    async def work(node: Node) -> Published:
        parcel = publishing.draft(node, campaign, shown.fields())
        return await publishing.publish(node, parcel, given)

    done = with_node(folder, work)
    if as_json:
        print_json(asdict(done))
    else:
        click.echo(f"shared as {done.campaign_id}: {done.objects} objects, {done.rows} tags")
    return 0


def _show(shown: Preview, counts: dict[str, int], as_json: bool) -> None:
    if as_json:
        print_json({"leaves": shown.fields(), "stays": [row.field for row in shown.stays],
                    "tags": counts})  # fmt: skip
        return
    click.echo("what leaves, for members of the forum alone:")
    leaves = [[row.field, _text(row.value), row.rule] for row in shown.leaves]
    rule = "blinded tags; only who holds the same identifier learns of it"
    leaves += [[f"tags: {label}", f"{count}", rule] for label, count in counts.items()]
    print_table(["field", "value", "why it may"], leaves)
    click.echo("\nwhat stays:")
    print_table(["field", "why it stays"], [[row.field, row.rule] for row in shown.stays])


def _text(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
