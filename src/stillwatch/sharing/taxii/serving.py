"""Serving a board: one process, its sweep once an hour."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Final

from aiohttp import web

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.taxii.app import Service, make_app

SWEEP_SECONDS: Final = 3600

HTTP_LOG: Final = logging.getLogger(f"{__name__}.http")
"""Where the HTTP library would write what clients sent that is no HTTP; so nowhere."""
HTTP_LOG.setLevel(logging.CRITICAL + 1)

_LOG: Final = logging.getLogger(__name__)


async def serve(
    service: Service,
    host: str,
    port: int,
    ready: Callable[[int], None],
    stop: asyncio.Event,
    extend: Callable[[web.Application], None] | None = None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve until told to stop.

    Args:
        service: The board.
        host: Address to bind.
        port: 0 takes a free one.
        ready: Called with the port once requests are answered.
        stop: Ends it.
        extend: Adds what else the forum serves; None adds nothing.
        tls: Context to serve with; None serves without, for a trial on one machine.

    Raises:
        ExternalError: The address cannot be bound.
    """
    app = make_app(service)
    app.cleanup_ctx.append(_sweeping(service))
    if extend is not None:
        extend(app)
    runner = web.AppRunner(app, access_log=None, logger=HTTP_LOG)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, shutdown_timeout=5, ssl_context=tls).start()
        ready(runner.addresses[0][1])
        await stop.wait()
    except OSError as error:
        raise ExternalError(f"{host} port {port} cannot be bound", "choose another") from error
    finally:
        await runner.cleanup()
        service.board.close()


def _sweeping(service: Service) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(_: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(_sweep(service))
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    return context


async def _sweep(service: Service) -> None:
    while True:
        try:
            await asyncio.to_thread(service.board.sweep)
        except ExternalError:
            _LOG.warning("the sweep failed; tried again in an hour")
        await asyncio.sleep(SWEEP_SECONDS)
