"""Reading the database, one small class a kind of thing. They run in the store's reading thread."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, exists, or_, select

from cordboard.store import tables
from cordboard.store.records import (
    CallRow,
    EventRow,
    ExoPhoneRow,
    FetchRow,
    FlowRow,
    LegRow,
    OutboxRow,
    RecordingRow,
)

T = TypeVar("T")
Record = TypeVar("Record", CallRow, LegRow, FetchRow, RecordingRow, OutboxRow, EventRow, FlowRow, ExoPhoneRow)
Reader = Callable[[Callable[[Connection], list[T]]], Awaitable[list[T]]]


class Repository(Generic[Record]):
    """What the kinds share. `read` runs a function on a connection, away from the loop."""

    def __init__(self, read: Reader[Record], kind: type[Record], table: Table) -> None:
        self._read: Reader[Record] = read
        self._kind: Callable[..., Record] = kind
        self._columns = [table.c[field.name] for field in fields(kind)]

    def _select(self) -> Select[Any]:
        return select(*self._columns)

    async def _all(self, statement: Select[Any]) -> tuple[Record, ...]:
        def run(connection: Connection) -> list[Record]:
            return [self._make(row) for row in connection.execute(statement)]

        return tuple(await self._read(run))

    def _make(self, row: Row[Any]) -> Record:
        return self._kind(*row)

    async def _first(self, statement: Select[Any]) -> Record | None:
        found = await self._all(statement.limit(1))
        return found[0] if found else None


class Calls(Repository[CallRow]):
    """Calls by sid and by time."""

    def __init__(self, read: Reader[CallRow], node: str = "local") -> None:
        super().__init__(read, CallRow, tables.calls)
        self._node = node

    async def get(self, sid: str) -> CallRow | None:
        return await self._first(self._select().where(tables.calls.c.sid == sid))

    async def newest(self, limit: int = 50, before: float | None = None) -> tuple[CallRow, ...]:
        """Newest first; `before`: only those created before this time."""
        calls = tables.calls.c
        chosen = self._select().order_by(calls.created_at.desc(), calls.sid).limit(limit)
        return await self._all(chosen if before is None else chosen.where(calls.created_at < before))

    async def unfinished(self, before: int | None = None) -> tuple[CallRow, ...]:
        """Calls of this node that have no end: live ones, and after a start those that the last run left
        behind. `before`: only those that began below this position of the journal."""
        return await self._of_earlier(tables.calls.c.ended_at.is_(None), before)

    async def owing(self, before: int | None = None) -> tuple[CallRow, ...]:
        """Calls of this node that are over and whose `callback` is still to be told; `before` as for
        `unfinished`."""
        calls = tables.calls.c
        return await self._of_earlier(and_(calls.ended_at.is_not(None), calls.callback != ""), before)

    async def _of_earlier(self, which: ColumnElement[bool], before: int | None) -> tuple[CallRow, ...]:
        calls, told = tables.calls.c, tables.timelines.c
        chosen = self._select().where(which, calls.node == self._node)
        if before is not None:
            chosen = chosen.where(exists().where(told.call_sid == calls.sid, told.position < before))
        return await self._all(chosen.order_by(calls.created_at, calls.sid))


class Legs(Repository[LegRow]):
    """The legs of a call."""

    def __init__(self, read: Reader[LegRow]) -> None:
        super().__init__(read, LegRow, tables.legs)

    async def of_call(self, sid: str) -> tuple[LegRow, ...]:
        legs = tables.legs.c
        return await self._all(self._select().where(legs.call_sid == sid).order_by(legs.leg))

    async def of_calls(self, sids: Sequence[str]) -> tuple[LegRow, ...]:
        """Of all of these, each call's in their order."""
        legs = tables.legs.c
        return await self._all(
            self._select().where(legs.call_sid.in_(sids)).order_by(legs.call_sid, legs.leg)
        )


class Fetches(Repository[FetchRow]):
    """What was asked of URLs during a call."""

    def __init__(self, read: Reader[FetchRow]) -> None:
        super().__init__(read, FetchRow, tables.fetches)

    async def of_call(self, sid: str) -> tuple[FetchRow, ...]:
        fetches = tables.fetches.c
        return await self._all(self._select().where(fetches.call_sid == sid).order_by(fetches.request))


class Recordings(Repository[RecordingRow]):
    """Recordings by sid and by call. What is to be done with files concerns this node's alone: the others'
    lie elsewhere."""

    def __init__(self, read: Reader[RecordingRow], node: str = "local") -> None:
        super().__init__(read, RecordingRow, tables.recordings)
        self._node = node

    def _make(self, row: Row[Any]) -> RecordingRow:
        gaps = tuple(tuple(gap) for gap in json.loads(row._mapping["gaps"]))
        return RecordingRow(**{**row._mapping, "gaps": gaps})

    async def get(self, sid: str) -> RecordingRow | None:
        return await self._first(self._select().where(tables.recordings.c.sid == sid))

    async def of_call(self, sid: str) -> tuple[RecordingRow, ...]:
        """Oldest first."""
        recordings = tables.recordings.c
        chosen = self._select().where(recordings.call_sid == sid)
        return await self._all(
            chosen.order_by(recordings.began_at.nulls_first(), recordings.name, recordings.sid)
        )

    async def of_calls(self, sids: Sequence[str]) -> tuple[RecordingRow, ...]:
        """Of all of these, oldest first."""
        recordings = tables.recordings.c
        chosen = self._select().where(recordings.call_sid.in_(sids))
        return await self._all(chosen.order_by(recordings.began_at, recordings.name, recordings.sid))

    async def newest_of_call(self, sid: str) -> RecordingRow | None:
        found = await self.of_call(sid)
        return found[-1] if found else None

    async def undecided(self, before: float, after: str = "", limit: int = 1000) -> tuple[RecordingRow, ...]:
        """Those that began before this time (epoch) and nobody knows yet what they are worth, in the order of
        their sids; `after`: only from behind this one."""
        recordings = tables.recordings.c
        chosen = self._ours().where(recordings.state == "recording", recordings.began_at < before)
        return await self._all(chosen.where(recordings.sid > after).order_by(recordings.sid).limit(limit))

    async def without_mp3(
        self, after: tuple[float, str] = (0.0, ""), limit: int = 100
    ) -> tuple[RecordingRow, ...]:
        """Those that can be heard and have no MP3, oldest first. `after`: (end, sid) of the last one seen."""
        chosen = self._audible().where(tables.recordings.c.mp3 == "", tables.recordings.c.mp3_problem == "")
        return await self._by_end(chosen, after, limit)

    async def to_be_moved(
        self, after: tuple[float, str] = (0.0, ""), limit: int = 100, *, mp3: bool = True
    ) -> tuple[RecordingRow, ...]:
        """Those whose files are all made and lie in the folder, oldest first; `mp3`: such files are made.
        `after`: (end, sid) of the last one seen."""
        recordings, chosen = tables.recordings.c, self._audible()
        if mp3:
            chosen = chosen.where(or_(recordings.mp3 != "", recordings.mp3_problem != ""))
        return await self._by_end(chosen, after, limit)

    async def ended_before(
        self, until: float, after: tuple[float, str] = (0.0, ""), limit: int = 100
    ) -> tuple[RecordingRow, ...]:
        """Those that ended before this time (epoch) and whose files are still there. `after`: (end, sid) of
        the last one seen."""
        recordings = tables.recordings.c
        chosen = self._ours().where(recordings.place != "removed", recordings.file != "")
        chosen = chosen.where(recordings.state != "recording", recordings.ended_at < until)
        return await self._by_end(chosen, after, limit)

    def _ours(self) -> Select[Any]:
        calls = tables.calls.c
        of_this_node = exists().where(calls.sid == tables.recordings.c.call_sid, calls.node == self._node)
        return self._select().where(of_this_node)

    def _audible(self) -> Select[Any]:
        recordings = tables.recordings.c
        return self._ours().where(
            recordings.state.in_(("whole", "partial")), recordings.place == "", recordings.file != ""
        )

    async def _by_end(
        self, chosen: Select[Any], after: tuple[float, str], limit: int
    ) -> tuple[RecordingRow, ...]:
        ended, sid = tables.recordings.c.ended_at, tables.recordings.c.sid
        at, last = after
        if last:
            chosen = chosen.where(or_(ended > at, and_(ended == at, sid > last)))
        return await self._all(chosen.order_by(ended, sid).limit(limit))


class Timelines:
    """The journal lines of a call."""

    def __init__(self, read: Reader[bytes]) -> None:
        self._read = read

    async def of_call(self, sid: str) -> tuple[bytes, ...]:
        """In the order in which they were written."""
        timelines = tables.timelines.c
        chosen = select(timelines.lines).where(timelines.call_sid == sid).order_by(timelines.position)

        def run(connection: Connection) -> list[bytes]:
            return [line for chunk in connection.scalars(chosen) for line in chunk.split(b"\n")]

        return tuple(await self._read(run))
