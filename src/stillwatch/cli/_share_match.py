"""`stillwatch share match`: own identifiers against what others share."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json, print_table
from stillwatch.cli._share_options import FILE, node_option, with_node


@click.command(epilog=example("share match --identifiers suspects.txt --controls customers.txt"))
@node_option
@click.option("--identifiers", required=True, type=FILE,
              help="Of the cluster's accounts: lines `type value`.")  # fmt: skip
@click.option("--controls", type=FILE,
              help="Of ordinary customers; without them no match counts.")  # fmt: skip
@click.option("--cluster", default="cluster", show_default=True, help="Its name at this node.")
@click.option("--commitment", type=int, help="Whose evidence counts as this node's own.")
@click.option("--active-accounts", type=click.IntRange(1), default=10_000, show_default=True,
              help="Accounts of late; a tag that matches too many is set aside.")  # fmt: skip
@json_option
def match(
    folder: Path,
    identifiers: Path,
    controls: Path | None,
    cluster: str,
    commitment: int | None,
    active_accounts: int,
    as_json: bool,
) -> int:
    """Look for campaigns that hold the same identifiers, and decide by the default policy.

    Neither board nor key holder learns whether there was a match. Pull first.
    """
    from stillwatch.sharing.forum.identifier_files import read_identifiers
    from stillwatch.sharing.forum.matching import Cluster, Match
    from stillwatch.sharing.forum.matching import match as matched

    given = read_identifiers(identifiers)
    benign = read_identifiers(controls) if controls else {}
    asked = Cluster(cluster, given, benign, active_accounts, commitment)
    found: list[Match] = with_node(folder, lambda node: matched(node, asked))
    rows = [
        {
            "campaign": one.campaign,
            "family": one.family,
            "hits": one.hits,
            "of": one.of,
            "link_e": one.link,
            "own_e": one.verdict.own_e,
            "total_e": one.verdict.total_e,
            "step": str(one.verdict.step),
            "reason": str(one.verdict.reason),
        }
        for one in found
    ]
    if as_json:
        print_json({"matches": rows})
    elif rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    else:
        click.echo("no match")
    return 0
