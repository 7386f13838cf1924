"""Recurring work: done before serving, tried again after every failure."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from stillwatch.core.errors import ExternalError
from stillwatch.sharing.private.recurring import repeated

FAILURES = [ExternalError("the disk is full", "free it"), ValueError("planted")]


def test_failures_are_logged_and_the_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    async def run() -> None:
        loop, third = asyncio.get_running_loop(), asyncio.Event()

        def work() -> None:
            calls.append(1)
            if len(calls) == 4:
                loop.call_soon_threadsafe(third.set)
            if len(calls) in {2, 3}:
                raise FAILURES[len(calls) - 2]

        app = web.Application()
        app.cleanup_ctx.append(repeated(work, 0, "the work"))
        runner = web.AppRunner(app)
        await runner.setup()
        assert calls
        await asyncio.wait_for(third.wait(), 20)
        await runner.cleanup()

    asyncio.run(run())
    assert "the work failed: the disk is full" in caplog.text
    assert "the work failed: unexpected ValueError" in caplog.text
    assert "planted" not in caplog.text


def test_a_first_failure_stops_the_start() -> None:
    def work() -> None:
        raise FAILURES[0]

    async def run() -> None:
        app = web.Application()
        app.cleanup_ctx.append(repeated(work, 0, "the work"))
        await web.AppRunner(app).setup()

    with pytest.raises(ExternalError):
        asyncio.run(run())
