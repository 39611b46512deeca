"""Reading one's own writes: what happened a moment ago is on its way to the database."""

import asyncio
from contextlib import suppress

from cordboard.kernel.mistakes import Unavailable
from cordboard.store.store import Store

_PATIENCE = 1.0


async def caught_up(store: Store) -> None:
    """Wait until the database knows what the journal holds now, but not for long."""
    with suppress(TimeoutError, Unavailable):  # a journal that cannot be written does not hinder reading
        await asyncio.wait_for(store.settled(), _PATIENCE)
