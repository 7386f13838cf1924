"""`stillwatch share`: one member's side of a forum."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli import _share_audit, _share_demo, _share_match, _share_publish, _share_speak
from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json
from stillwatch.cli._share_options import FOLDER, node_option, with_node


@click.group()
def share() -> None:
    """Share campaigns with a forum, and match what others share; customers stay home."""


@share.command("join", epilog=example("share join node --forum forum --member a"))
@click.argument("folder", metavar="NODE", type=FOLDER)
@click.option("--forum", required=True, type=FOLDER,
              help="What the forum's operator gave: `public` and `members/ID`.")  # fmt: skip
@click.option("--member", required=True, metavar="ID", help="Short name of this member.")
@json_option
def join(folder: Path, forum: Path, member: str, as_json: bool) -> int:
    """Make the folder NODE: credentials, and what a member knows of the forum."""
    from stillwatch.sharing.forum.node import join as joined

    facts = joined(folder, forum, member)
    if as_json:
        print_json({"node": str(folder), "board": facts.board_url})
    else:
        click.echo(f"node in {folder}\n  next: stillwatch share pull --node {folder}")
    return 0


@share.command("pull", epilog=example("share pull --node node"))
@node_option
@json_option
def pull(folder: Path, as_json: bool) -> int:
    """Fetch what is new: objects, tags, withdrawals and appeals."""
    from dataclasses import asdict

    from stillwatch.sharing.forum.pulling import pull as pulled

    found = with_node(folder, pulled)
    if as_json:
        print_json(asdict(found))
    else:
        click.echo(f"{found.objects} objects, {found.rows} tags, {found.refused} refused")
        if found.reviews:
            click.echo(f"{found.reviews} decisions to look at again: stillwatch share audit")
    return 0


for _command in (
    _share_publish.publish,
    _share_match.match,
    _share_speak.commit,
    _share_speak.count,
    _share_speak.sightings,
    _share_speak.appeal,
    _share_speak.withdraw,
    _share_audit.audit,
    _share_audit.log,
    _share_demo.demo,
):
    share.add_command(_command)

COMMAND = share
