"""Reading the database from beside a running engine: the journal is that engine's alone."""

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from cordboard.kernel.mistakes import Unavailable
from cordboard.store import database, troubles
from cordboard.store.repositories import Timelines


async def read_timeline(url: str, sid: str) -> tuple[bytes, ...]:
    """A call's journal lines as the database has them; empty for an unknown call. Raises ``Unavailable``."""
    place = database.place(url)
    if place.file is not None and not place.file.exists():
        raise Unavailable(f"the database {place.file} is not there; `cordboard serve` makes it")
    engine = database.engine(place, database.READ_SECONDS)

    async def read(run: Callable[[Connection], list[bytes]]) -> list[bytes]:
        def now() -> list[bytes]:
            with engine.connect() as connection:
                return run(connection)

        return await asyncio.to_thread(now)

    try:
        return await Timelines(read).of_call(sid)
    except SQLAlchemyError as error:
        reason = place.without_secret(troubles.words(error))
        raise Unavailable(f"the database {place.shown} cannot be read: {reason}") from error
    finally:
        engine.dispose()
