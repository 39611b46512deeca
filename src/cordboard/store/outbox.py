"""The outbox: events for customers, at least once, in order for each who receives them.

A receiver is the host of an event's URL. Of one call and one receiver an event waits until all before it are
done or dead; a receiver that is dead holds up nobody else's, not even of the same call.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal_column, select

from cordboard.store import lines, tables
from cordboard.store.records import OutboxRow
from cordboard.store.repositories import Reader, Repository

STATES = ("due", "done", "dead")
# written out, so that the database knows that the small index of what is in this state will do
_WRITTEN: Mapping[str, ColumnElement[str]] = {state: literal_column(f"'{state}'") for state in STATES}
_DUE = _WRITTEN["due"]


def receiver(url: str) -> str:
    """Who receives what is sent to this URL: its host and port, in lower case."""
    return url.partition("://")[2].partition("/")[0].partition("?")[0].rpartition("@")[2].lower()


class Outbox(Repository[OutboxRow]):
    """Changes go through the journal, and count at once; they can be read after `settled()`, or a batch of
    the writer later."""

    def __init__(
        self,
        read: Reader[OutboxRow],
        append: Callable[[bytes], int],
        committed: Callable[[], int],
        settled: Callable[[], Awaitable[None]],
        node: str = "local",
    ) -> None:
        super().__init__(read, OutboxRow, tables.outbox)
        self._append, self._committed, self._settled, self._node = append, committed, settled, node
        self._changed: dict[str, int] = {}

    def add(self, event: OutboxRow) -> None:
        """Keep an event until it is done or dead. Returns at once."""
        given = (field.name for field in fields(OutboxRow) if field.name not in ("id", "node"))
        values = {name: getattr(event, name) for name in given}
        values["host"] = event.host or receiver(event.url)
        self._append(lines.row("outbox", event.id, values))

    def done(self, id: str, attempts: int = 1) -> None:
        """It was delivered."""
        self._change(id, {"state": "done", "attempts": attempts, "error": ""})

    def retry(self, id: str, at: float, error: str, attempts: int = 1) -> None:
        """It was not; try again at this time (epoch)."""
        self._change(id, {"due_at": at, "attempts": attempts, "error": error[:500]})

    def dead(self, id: str, error: str, attempts: int = 1) -> None:
        """It will not be tried any more; later events need not wait for it."""
        self._change(id, {"state": "dead", "attempts": attempts, "error": error[:500]})

    def resend(self, id: str, at: float) -> None:
        """Send it again from this time (epoch) on, with the same id, as if it had never been tried."""
        self._change(id, {"state": "due", "due_at": at, "attempts": 0, "error": ""})

    async def settled(self) -> None:
        """Wait until what was put in and changed so far can be read."""
        await self._settled()

    async def get(self, id: str) -> OutboxRow | None:
        return await self._first(self._select().where(tables.outbox.c.id == id))

    async def due(self, host: str, now: float, limit: int = 100) -> tuple[OutboxRow, ...]:
        """Events for this receiver to be sent now: of each call the first that waits, when its time has come.

        An event that was just done, put off or given up is left out until the database knows of it.
        """
        committed = self._committed()
        self._changed = {id: position for id, position in self._changed.items() if position > committed}
        outbox, earlier = tables.outbox, tables.outbox.alias()
        first = ~exists().where(
            and_(
                earlier.c.call_sid == outbox.c.call_sid,
                earlier.c.number < outbox.c.number,
                earlier.c.host == outbox.c.host,
                earlier.c.state == _DUE,
            )
        )
        mine = and_(outbox.c.state == _DUE, outbox.c.node == self._node, outbox.c.host == host)
        ready = self._select().where(mine, outbox.c.due_at <= now, first)
        ready = ready.order_by(outbox.c.due_at, outbox.c.call_sid, outbox.c.number)
        found = await self._all(ready.limit(limit + len(self._changed)))
        return tuple(event for event in found if event.id not in self._changed)[:limit]

    async def soonest(self, after: float | None = None) -> dict[str, tuple[float, int]]:
        """Receivers for whom something waits that is due after this time (epoch): when the soonest of it is
        due, and how much it is."""
        outbox = tables.outbox.c
        chosen = select(outbox.host, func.min(outbox.due_at), func.count())
        chosen = chosen.where(outbox.state == _DUE, outbox.node == self._node)
        if after is not None:
            chosen = chosen.where(outbox.due_at > after)
        chosen = chosen.group_by(outbox.host)

        def run(connection: Connection) -> list[Any]:
            return [tuple(row) for row in connection.execute(chosen)]

        found: list[Any] = list(await self._read(run))
        return {host: (first, count) for host, first, count in found}

    async def of_call(self, sid: str) -> tuple[OutboxRow, ...]:
        outbox = tables.outbox.c
        return await self._all(self._select().where(outbox.call_sid == sid).order_by(outbox.number))

    async def listed(
        self, state: str, call: str = "", after: OutboxRow | None = None, limit: int = 100
    ) -> tuple[OutboxRow, ...]:
        """Events in this state, those due first first; ``after``: only what follows this one."""
        outbox = tables.outbox.c
        chosen = self._select().where(outbox.state == _WRITTEN[state])
        if call:
            chosen = chosen.where(outbox.call_sid == call)
        if after is not None:
            later = and_(outbox.due_at == after.due_at, outbox.id > after.id)
            chosen = chosen.where((outbox.due_at > after.due_at) | later)
        return await self._all(chosen.order_by(outbox.due_at, outbox.id).limit(limit))

    def _change(self, id: str, values: dict[str, Any]) -> None:
        self._changed[id] = self._append(lines.row("outbox", id, values))
