"""`stillwatch board`: the server of a forum."""

from __future__ import annotations

from pathlib import Path

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json
from stillwatch.core.errors import InputError

_FOLDER = click.Path(path_type=Path, file_okay=False)
_folder_option = click.option(
    "--folder", type=_FOLDER, default="board", show_default=True, help="Folder of the board."
)
_database_option = click.option(
    "--database", metavar="URL", help="PostgreSQL, instead of SQLite in the folder."
)


@click.group(name="board")
def board_group() -> None:
    """Run the board of a forum: objects, members, audiences."""


@board_group.command("init", epilog=example("board init forum --members a,b,c"))
@click.argument("forum", required=False, type=_FOLDER)
@click.option("--members", metavar="NAMES", help="Short names of the members, with commas between.")
@click.option("--url", default="https://127.0.0.1:8470", show_default=True,
              help="Where members reach the board; its certificate names the host.")  # fmt: skip
@click.option("--keyholder-url", default="https://127.0.0.1:8444", show_default=True,
              help="Where members reach the key holder.")  # fmt: skip
@_folder_option
@json_option
def init(
    forum: Path | None, members: str | None, url: str, keyholder_url: str, folder: Path,
    as_json: bool,
) -> int:  # fmt: skip
    """Make a FORUM for a trial: authority, board, credentials of every member.

    Without FORUM it makes the folder of a board for one machine, with tokens.
    """
    if forum is None:
        return _init_trial(folder, as_json)
    import time

    from stillwatch.sharing.forum.founding import found

    names = [name.strip() for name in (members or "").split(",") if name.strip()]
    facts = found(forum, names, url.rstrip("/"), keyholder_url.rstrip("/"), int(time.time()))
    if as_json:
        print_json({"forum": str(forum), "members": names, "log_key": facts.board_log})
    else:
        click.echo(
            f"forum of {len(names)} in {forum}\n"
            f"  next: stillwatch keyholder init keyholder --forum {forum}, then\n"
            f"  stillwatch board serve {forum}; each member gets {forum}/public and its own folder "
            f"of {forum}/members"
        )
    return 0


def _init_trial(folder: Path, as_json: bool) -> int:
    from stillwatch.sharing.taxii import folder as boards

    boards.init(folder)
    if as_json:
        print_json({"folder": str(folder), "register": str(folder / boards.REGISTER)})
    else:
        click.echo(f"{folder}\n  next: stillwatch board member NAME, then stillwatch board serve")
    return 0


@board_group.command("member", epilog=example("board member alpha"))
@click.argument("member")
@_folder_option
@_database_option
@click.option("--doorbell", metavar="URL", help="Where to ring when there is something to pull.")
@click.option("--revoke", is_flag=True, help="End the membership; what was shared stays.")
@json_option
def member(
    member: str, folder: Path, database: str | None, doorbell: str | None, revoke: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Enrol a MEMBER and print its token, which is shown once."""
    from stillwatch.sharing.taxii.folder import members_of

    members = members_of(folder, database)
    if revoke:
        members.revoke(member)
    token = None if revoke else members.add(member, doorbell)
    if as_json:
        print_json({"member": member, "token": token, "active": not revoke})
    else:
        click.echo(f"{member} revoked" if token is None else token)
    return 0


@board_group.command("audience", epilog=example("board audience aud-00000000000000aa alpha beta"))
@click.argument("audience")
@click.argument("member", nargs=-1)
@_folder_option
@_database_option
@json_option
def audience(
    audience: str, member: tuple[str, ...], folder: Path, database: str | None, as_json: bool
) -> int:
    """Set which MEMBERs belong to an AUDIENCE."""
    from stillwatch.sharing.taxii.folder import members_of

    members_of(folder, database).set_audience(audience, member)
    if as_json:
        print_json({"audience": audience, "members": sorted(set(member))})
    else:
        click.echo(f"{audience}: {' '.join(sorted(set(member))) or 'nobody'}")
    return 0


@board_group.command("approve", epilog=example("board approve campaign.json --person ann"))
@click.argument("object", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--person", required=True, help="Who approves; two persons have to.")
@_folder_option
@_database_option
@json_option
def approve(
    object: Path,  # noqa: A002 (the argument's name in the help)
    person: str, folder: Path, database: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Approve one TLP:CLEAR OBJECT, a JSON file, before it is posted."""
    from stillwatch.sharing.stix.strict_json import parse
    from stillwatch.sharing.taxii.folder import members_of
    from stillwatch.sharing.taxii.ingest import digest_of

    try:
        content = parse(object.read_bytes())
    except OSError as error:
        raise InputError(f"{object} cannot be read", "give a JSON file") from error
    if not isinstance(content, dict):
        raise InputError(f"{object} holds no object", "give one STIX object, not a bundle")
    count = members_of(folder, database).approve(digest_of(content), person)
    if as_json:
        print_json({"approvals": count, "needed": 2})
    else:
        click.echo(f"{count} of 2 approvals")
    return 0


@board_group.command("serve", epilog=example("board serve forum"))
@click.argument("forum", required=False, type=_FOLDER)
@_folder_option
@_database_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8470, show_default=True,
              help="Port to listen on; 0 takes a free one.")  # fmt: skip
@json_option
def serve(
    forum: Path | None, folder: Path, database: str | None, host: str, port: int, as_json: bool
) -> int:
    """Serve the board of a FORUM, until interrupted: certificates and signatures of members.

    Without FORUM it serves a trial board to this machine alone, and makes its folder where there
    is none; members show their tokens.
    """
    from stillwatch.cli._board_serving import serve_forum, serve_trial

    def ready(url: str, where: Path) -> None:
        if as_json:
            print_json({"url": url, "folder": str(where)})
        else:
            kind = "trial board on" if forum is None else "board at"
            click.echo(f"{kind} {url}; interrupt to stop")

    if forum is not None:
        serve_forum(forum, database, host, port, ready)
    else:
        serve_trial(folder, database, port, ready)
    return 0


COMMAND = board_group
