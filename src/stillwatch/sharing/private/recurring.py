"""Work that a service repeats as long as it runs, such as destroying keys in time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import web

from stillwatch.core.errors import StillwatchError

_LOG: Final = logging.getLogger(__name__)


def repeated(
    work: Callable[[], object], seconds: float, name: str
) -> Callable[[web.Application], AsyncIterator[None]]:
    """Return a cleanup context for an application that repeats work in a thread.

    The work is done once before the first request is served, where a failure stops the start, and
    once a period after. A failure then is logged, by the name of its kind where it is unforeseen,
    and the work is tried again a period later.

    Args:
        work: What to do.
        seconds: The period.
        name: What the work is, for the log.
    """

    async def context(app: web.Application) -> AsyncIterator[None]:
        del app
        await asyncio.to_thread(work)
        task = asyncio.create_task(_forever(work, seconds, name))
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    return context


async def _forever(work: Callable[[], object], seconds: float, name: str) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await asyncio.to_thread(work)
        except StillwatchError as error:
            _LOG.error("%s failed: %s", name, error.message)
        except Exception as error:
            _LOG.error("%s failed: unexpected %s", name, type(error).__name__)
