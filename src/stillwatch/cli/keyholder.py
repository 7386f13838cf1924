"""`stillwatch keyholder`: evaluates members' blinded identifiers, and sees nothing but counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillwatch.cli._options import example, json_option
from stillwatch.cli._output import print_json
from stillwatch.core.errors import ConfigError, ExternalError

if TYPE_CHECKING:
    import ssl

    from aiohttp import web

    from stillwatch.sharing.private.quotas import Quotas

_folder = click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
_member = click.argument("member")


@click.group()
def keyholder() -> None:
    """Run the forum's key holder: apart from the board, at another operator."""


@keyholder.command("init", epilog=example("keyholder init keyholder --forum forum"))
@_folder
@click.option(
    "--forum",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the forum's authority, which issues the certificate.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    default=("127.0.0.1",),
    show_default=True,
    help="Name or address under which members reach it; may be repeated.",
)
@json_option
def init(folder: Path, forum: Path, hosts: tuple[str, ...], as_json: bool) -> int:
    """Make the key holder's FOLDER: certificate, keys of its signatures and log, members.

    For a trial on one machine. Keys of epochs are made by `serve`, and never leave the folder.
    """
    import secrets
    import time

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from stillwatch.sharing.ledger.durable import write_durably
    from stillwatch.sharing.ledger.notes import NoteSigner
    from stillwatch.sharing.wire.credentials import write_private
    from stillwatch.sharing.wire.forum import ForumAuthority

    authority = ForumAuthority.load(forum)
    authority.enrol_server(folder / "credentials", "keyholder", hosts, int(time.time()))
    log_key = Ed25519PrivateKey.generate()
    write_private(folder / "log.key", log_key)
    key = NoteSigner("keyholder", log_key).key.text()
    public = [forum / "public"] if (forum / "public").is_dir() else []
    for place in (folder, *public):
        write_durably(place / "keyholder.vkey", f"{key}\n".encode())
    write_durably(folder / "pseudonym.key", secrets.token_bytes(32), 0o600)
    if (forum / "members.json").exists():
        write_durably(folder / "members.json", (forum / "members.json").read_bytes())
    if as_json:
        print_json({"folder": str(folder), "hosts": hosts, "log_key": key})
    else:
        click.echo(f"key holder in {folder}\n  key of its log: {key}")
        click.echo(f"  next: stillwatch keyholder serve {folder}")
    return 0


@keyholder.command("serve", epilog=example("keyholder serve keyholder --port 8444"))
@_folder
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8444, show_default=True,
              help="Port to listen on.")  # fmt: skip
@click.option("--url", help="What members ask for; signatures cover it. [https://HOST:PORT]")
@click.option(
    "--members",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The forum's register of members, read again when it changes. [FOLDER/members.json]",
)
@json_option
def serve(
    folder: Path, host: str, port: int, url: str | None, members: Path | None, as_json: bool
) -> int:
    """Serve until interrupted: TLS 1.3, a client certificate and a signature for every request.

    Publishes keys a day before their epoch, and destroys them a day after its end.
    """
    from aiohttp import web

    base_url = url or f"https://{host}:{port}"
    with _service(folder, members or folder / "members.json", base_url) as (app, context):
        if as_json:
            print_json({"url": base_url, "folder": str(folder)})
        else:
            click.echo(f"key holder at {base_url}; interrupt to stop")
        try:
            web.run_app(app, host=host, port=port, ssl_context=context, print=None, access_log=None)
        except OSError as error:
            raise ExternalError(
                f"cannot listen on {host}:{port}: {error.strerror}", "choose another port"
            ) from None
    return 0


@keyholder.command("suspend", epilog=example("keyholder suspend keyholder urn:member:a"))
@_folder
@_member
@json_option
def suspend(folder: Path, member: str, as_json: bool) -> int:
    """Let MEMBER look up nothing until it opens what the auditor drew."""
    with _quotas(folder) as quotas:
        quotas.suspend(member)
    return _said(member, "suspended", as_json)


@keyholder.command("resume", epilog=example("keyholder resume keyholder urn:member:a"))
@_folder
@_member
@json_option
def resume(folder: Path, member: str, as_json: bool) -> int:
    """Take the suspension of MEMBER back."""
    with _quotas(folder) as quotas:
        quotas.resume(member)
    return _said(member, "resumed", as_json)


@contextmanager
def _service(
    folder: Path, members: Path, base_url: str
) -> Iterator[tuple[web.Application, ssl.SSLContext]]:
    """Put the service together from what the folder holds."""
    import time

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from stillwatch.sharing.ledger.log import Log
    from stillwatch.sharing.ledger.notes import NoteSigner
    from stillwatch.sharing.private.answers import Members
    from stillwatch.sharing.private.epochs import EpochKeys
    from stillwatch.sharing.private.keyholder import KeyHolder
    from stillwatch.sharing.private.peer_log import show_log
    from stillwatch.sharing.wire.credentials import Credentials, read_private
    from stillwatch.sharing.wire.forum import Pseudonyms
    from stillwatch.sharing.wire.middleware import signed_responses
    from stillwatch.sharing.wire.register import Register
    from stillwatch.sharing.wire.requests import SignedRequests

    with _quotas(folder) as quotas:
        credentials = Credentials.load(folder / "credentials")
        log_key = read_private(folder / "log.key")
        if not isinstance(log_key, Ed25519PrivateKey):
            raise ConfigError(f"{folder}: the log's key is damaged", "restore the folder")
        pseudonyms = Pseudonyms((folder / "pseudonym.key").read_bytes())
        log = Log(folder / "log", NoteSigner(credentials.party_id, log_key), time.time)
        holder = KeyHolder(
            EpochKeys(folder / "keys", log, time.time),
            quotas,
            log,
            Members(SignedRequests(Register(members), time.time), base_url),
            lambda member: pseudonyms.of(member, "lookups"),
        )
        app = holder.application()
        app.middlewares.insert(0, signed_responses(credentials.key, time.time))
        show_log(app, log, log.public, lambda: log.publish(log.prepare()), holder.members.of)
        try:
            yield app, credentials.server_context()
        finally:
            log.close()


@contextmanager
def _quotas(folder: Path) -> Iterator[Quotas]:
    import time

    from stillwatch.sharing.private.quotas import Quotas

    if not (folder / "log.key").exists():
        raise ConfigError(f"{folder} holds no key holder", "run `stillwatch keyholder init` first")
    quotas = Quotas(folder / "quotas.sqlite", time.time)
    try:
        yield quotas
    finally:
        quotas.close()


def _said(member: str, done: str, as_json: bool) -> int:
    if as_json:
        print_json({"member": member, "state": done})
    else:
        click.echo(f"{member}: {done}")
    return 0


COMMAND = keyholder
