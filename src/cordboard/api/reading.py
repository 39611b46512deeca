"""Reading one's own writes: what happened a moment ago is on its way to the database."""

import asyncio
from contextlib import suppress

from cordboard.store.store import Store

_PATIENCE = 1.0


async def caught_up(store: Store) -> None:
    """Wait until the database knows what the journal holds now, but not for long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(store.settled(), _PATIENCE)
