"""Reading the database from beside a running engine: the journal is that engine's alone."""

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, InterfaceError

from cordboard.kernel.mistakes import Unavailable
from cordboard.store import database
from cordboard.store.repositories import Timelines


async def read_timeline(url: str, sid: str) -> tuple[bytes, ...]:
    """A call's journal lines as the database has them; empty for an unknown call. Raises ``Unavailable``."""
    file = database.sqlite_file(url)
    if not file.exists():
        raise Unavailable(f"the database {file} is not there; `cordboard serve` makes it")
    engine = database.engine(file)

    async def read(run: Callable[[Connection], list[bytes]]) -> list[bytes]:
        def now() -> list[bytes]:
            with engine.connect() as connection:
                return run(connection)

        return await asyncio.to_thread(now)

    try:
        return await Timelines(read).of_call(sid)
    except (DatabaseError, InterfaceError) as error:
        raise Unavailable(f"the database {file} cannot be read: {getattr(error, 'orig', error)}") from error
    finally:
        engine.dispose()
