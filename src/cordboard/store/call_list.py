"""Calls by page: filtered, ordered by time, from any place on."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, false, func, or_, select

from cordboard.contract.call_list import Range, Wanted
from cordboard.store import tables
from cordboard.store.records import CallRow
from cordboard.store.repositories import Reader, Repository

_calls = tables.calls.c


class CallList(Repository[CallRow]):
    """Reads for the API's list of calls."""

    def __init__(self, read: Reader[CallRow]) -> None:
        super().__init__(read, CallRow, tables.calls)

    async def page(self, wanted: Wanted) -> tuple[tuple[CallRow, ...], bool]:
        """The calls of this page, in the list's order, and whether there are more in the way it looks."""
        rising = wanted.ascending != wanted.backwards
        chosen = self._select().where(*_conditions(wanted))
        if (place := wanted.place) is not None:
            later, same = _calls.created_at > place.created, _calls.created_at == place.created
            if not rising:
                later = _calls.created_at < place.created
            behind = _calls.sid > place.sid if rising else _calls.sid < place.sid
            chosen = chosen.where(or_(later, and_(same, behind)))
        order = [column.asc() if rising else column.desc() for column in (_calls.created_at, _calls.sid)]
        found = await self._all(chosen.order_by(*order).limit(wanted.size + 1))
        page = found[: wanted.size]
        return page[::-1] if wanted.backwards else page, len(found) > wanted.size

    async def count(self, wanted: Wanted) -> int:
        """How many calls there are on all pages."""
        chosen = select(func.count()).select_from(tables.calls).where(*_conditions(wanted))

        def run(connection: Connection) -> list[Any]:
            return [connection.execute(chosen).scalar_one()]

        found: list[Any] = list(await self._read(run))
        return int(found[0])


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    began = func.coalesce(_calls.answered_at, _calls.created_at)
    found = [
        *_within(_calls.created_at, wanted.created),
        *_within(_calls.ended_at - began, wanted.duration),
    ]
    for column, values in (
        (_calls.sid, wanted.sids),
        (_calls.caller, wanted.callers),
        (_calls.exophone, wanted.exophones),
        (_calls.status, wanted.statuses),
        (_calls.direction, wanted.directions),
    ):
        if values:
            found.append(column.in_(values))
    if wanted.called:
        legs = tables.legs.c
        dialled = exists().where(legs.call_sid == _calls.sid, legs.leg > 0, legs.number.in_(wanted.called))
        found.append(or_(_calls.called.in_(wanted.called), dialled))
    if wanted.none:
        found.append(false())
    return found


def _within(value: ColumnElement[Any], wanted: Range) -> list[ColumnElement[bool]]:
    found = [] if wanted.low is None else [value >= wanted.low]
    return found if wanted.high is None else [*found, value < wanted.high]
