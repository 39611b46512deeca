"""The feed: what happened to calls, in the order of the database's commits, to be read from any point."""

from typing import Any

from sqlalchemy import Connection, func, select

from cordboard.store import tables
from cordboard.store.records import EventRow
from cordboard.store.repositories import Reader, Repository


class Feed(Repository[EventRow]):
    """`seq` only grows, and means nothing else; `number` counts from 1 within a call, without a gap."""

    def __init__(self, read: Reader[EventRow]) -> None:
        super().__init__(read, EventRow, tables.events)

    async def after(self, seq: int, limit: int = 100, call: str = "") -> tuple[EventRow, ...]:
        """What came after this point, oldest first; of this call alone where one is named."""
        events = tables.events.c
        chosen = self._select().where(events.seq > seq)
        if call:
            chosen = chosen.where(events.call_sid == call)
        return await self._all(chosen.order_by(events.seq).limit(limit))

    async def ends(self) -> tuple[int, int]:
        """The first `seq` that is kept, and the last that was given; 0 where there is none."""
        events = tables.events.c
        # each alone: together they would be a walk through the whole table
        chosen = select(
            select(func.min(events.seq)).scalar_subquery(), select(func.max(events.seq)).scalar_subquery()
        )

        def run(connection: Connection) -> list[Any]:
            return [tuple(row) for row in connection.execute(chosen)]

        found: list[Any] = list(await self._read(run))
        first, last = found[0]
        return first or 0, last or 0

    async def last_number(self, call: str) -> int:
        """How many events of this call there are."""
        events = tables.events.c
        found = await self._first(
            self._select().where(events.call_sid == call).order_by(events.number.desc())
        )
        return found.number if found else 0
