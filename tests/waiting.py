"""Waiting for what happens outside a test: in a database, in another process."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> None:
    """Wait until it is true; fail when it does not come true."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - what is waited for happens outside
            await asyncio.sleep(0.05)
