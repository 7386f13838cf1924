"""`stillwatch share audit` and `stillwatch share log verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json, print_table
from stillwatch.cli._share_options import FOLDER, node_option, with_node

if TYPE_CHECKING:
    from stillwatch.sharing.forum.node import Node
    from stillwatch.sharing.ledger.audit import Audit


@click.command(epilog=example("share audit --node node --out audit"))
@node_option
@click.option("--out", type=FOLDER, default="audit", show_default=True, help="Folder to write.")
@json_option
def audit(folder: Path, out: Path, as_json: bool) -> int:
    """Write what this node shared, received and decided, as HTML and CSV for a lawyer."""
    from stillwatch.sharing.forum import audit_export

    async def work(node: Node) -> dict[str, int]:
        return audit_export.export(node, out)

    counts = with_node(folder, work)
    if as_json:
        print_json({"folder": str(out), **counts})
    else:
        print_table(["table", "rows"], [[name, number] for name, number in counts.items()])
        click.echo(f"{out}/audit.html")
    return 0


@click.group()
def log() -> None:
    """Look after the forum's transparency logs."""


@log.command("verify", epilog=example("share log verify --node node"))
@node_option
@json_option
def verify(folder: Path, as_json: bool) -> int:
    """Copy the logs of board and key holder, and recompute them; exit 2 where one is at fault."""
    from stillwatch.sharing.forum import log_copy

    async def work(node: Node) -> dict[str, Audit]:
        copies = {"board": log_copy.board_log(node), "keyholder": log_copy.keyholder_copy(node)}
        return {name: await copy.refresh() for name, copy in copies.items()}

    found = with_node(folder, work)
    rows = [
        {
            "log": name,
            "leaves": one.checkpoint.size,
            "root": one.checkpoint.root.hex(),
            "faults": [f"{fault.where}: {fault.what}" for fault in one.faults],
        }
        for name, one in found.items()
    ]
    if as_json:
        print_json({"logs": rows})
    else:
        print_table(
            ["log", "leaves", "faults", "root"],
            [[r["log"], r["leaves"], len(found[str(r["log"])].faults), r["root"]] for r in rows],
        )
    return 2 if any(one.faults for one in found.values()) else 0
