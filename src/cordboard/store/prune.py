"""Removing what has been kept long enough: calls and what hangs on them, journal lines, events. In small
transactions, so that the writer never waits long."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Engine,
    Select,
    and_,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from cordboard.kernel.mistakes import Unavailable
from cordboard.store import database, tables, troubles
from cordboard.store.database import Place
from cordboard.store.records import RecordingRow

BATCH = 500
PAUSE_SECONDS = 0.2
_LONGEST_SECONDS = 60.0
REMOVED = "removed"
"""A recording's `place` whose files are gone."""
Remove = Callable[[RecordingRow], None]
_calls, _told, _events, _outbox = tables.calls.c, tables.timelines.c, tables.events.c, tables.outbox.c
_recordings = tables.recordings.c


@dataclass(frozen=True, slots=True)
class Before:
    """Epoch: what ended before goes. `timelines`: journal lines of calls. `events`: the feed, and events for
    customers that were delivered or given up. None of them may be earlier than `calls`."""

    calls: float
    timelines: float
    events: float

    @classmethod
    def of_days(cls, now: float, calls: float, timelines: float = 0, events: float = 0) -> "Before":
        """By ages in days; 0, and more than `calls`: as `calls`."""
        ages = (min(days or calls, calls) for days in (calls, timelines, events))
        return cls(*(now - days * 86400.0 for days in ages))


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many there are of each. `timelines`: calls whose journal lines went while they stay themselves."""

    calls: int = 0
    timelines: int = 0
    events: int = 0
    sent: int = 0

    def __add__(self, other: "Pruned") -> "Pruned":
        names = [field.name for field in fields(self)]
        return Pruned(*(getattr(self, name) + getattr(other, name) for name in names))


def count(engine: Engine, before: Before) -> Pruned:
    """What `prune` would remove, as things are now. Events that go with their calls are not counted twice."""
    old = select(_calls.sid).where(_may_go(before.calls))
    with engine.connect() as connection:
        return Pruned(
            _many(connection, old),
            _many(connection, _with_lines(before).where(_calls.sid.not_in(old))),
            _many(connection, select(_events.seq).where(_events.at < before.events)),
            _many(connection, _sent(before)),
        )


def count_all(place: Place, before: Before) -> Pruned:
    """As `count`. Raises `Unavailable`."""
    with _opened(place) as engine:
        return count(engine, before)


def prune_all(
    place: Place,
    before: Before,
    remove_files: Remove | None = None,
    stop: threading.Event | None = None,
    node: str = "",
) -> Pruned:
    """Remove all that is older, with a pause after each step; `stop` ends it early. Raises `Unavailable`, and
    what `remove_files` raises. `node`: as for `prune`."""
    stop, removed = stop or threading.Event(), Pruned()
    with _opened(place) as engine:
        for done in prune(engine, before, remove_files, node):
            removed += done
            if stop.wait(PAUSE_SECONDS):
                break
    return removed


@contextmanager
def _opened(place: Place) -> Iterator[Engine]:
    if place.file is not None and not place.file.exists():
        raise Unavailable(f"the database {place.file} is not there; `cordboard serve` makes it")
    engine = database.engine(place, _LONGEST_SECONDS)
    try:
        yield engine
    except SQLAlchemyError as error:
        reason = place.without_secret(troubles.words(error))
        raise Unavailable(f"the database {place.shown} cannot be pruned: {reason}") from error
    finally:
        engine.dispose()


def prune(
    engine: Engine, before: Before, remove_files: Remove | None = None, node: str = ""
) -> Iterator[Pruned]:
    """Each step is a transaction or two of at most 500 of something; let the writer have its turn between
    them. `remove_files`: of a recording that still has them, before its row goes; None: such calls stay.
    `node`: whose folder that reaches; calls with files in another's stay until that one prunes."""
    kinds = (_prune_events, _prune_sent, partial(_prune_calls, node=node), _prune_timelines)
    for kind in kinds:
        while True:
            done = kind(engine, before, remove_files)
            if done is None:
                break
            yield done


def _prune_calls(
    engine: Engine, before: Before, remove_files: Remove | None, node: str = ""
) -> Pruned | None:
    old = select(_calls.sid).where(_may_go(before.calls))
    if remove_files is None:
        old = old.where(~_has_files())
    elif node:
        elsewhere = and_(
            _calls.node != node, exists().where(_of_call(), _keeps_file(), _recordings.place == "")
        )
        old = old.where(~elsewhere)
    sids = _first(engine, old.order_by(_calls.created_at))
    if not sids:
        return None
    if remove_files is not None:
        _remove_all(engine, sids, remove_files)
    with engine.begin() as connection:
        gone = connection.execute(delete(tables.calls).where(_calls.sid.in_(sids), _may_go(before.calls)))
        still = exists().where(_calls.sid == _told.call_sid)
        connection.execute(delete(tables.timelines).where(_told.call_sid.in_(sids), ~still))
    return Pruned(calls=gone.rowcount) if gone.rowcount else None


def _remove_all(engine: Engine, sids: Sequence[str], remove_files: Remove) -> None:
    """Files first: of a row without its file it is said that it is gone, of a file without its row nobody
    would ever know."""
    columns = [tables.recordings.c[field.name] for field in fields(RecordingRow)]
    with engine.connect() as connection:
        chosen = select(*columns).where(_recordings.call_sid.in_(sids), _keeps_file())
        rows = [RecordingRow(**row._mapping) for row in connection.execute(chosen)]
    for row in rows:
        remove_files(row)


def _prune_timelines(engine: Engine, before: Before, _files: Remove | None) -> Pruned | None:
    if before.timelines <= before.calls:
        return None
    sids = _first(engine, _with_lines(before).order_by(_calls.created_at))
    return _delete(engine, delete(tables.timelines).where(_told.call_sid.in_(sids)), sids, "timelines")


def _prune_events(engine: Engine, before: Before, _files: Remove | None) -> Pruned | None:
    """The oldest of the feed first: its numbers rise with time, so the first that stays ends it."""
    oldest = select(_events.seq, _events.at).order_by(_events.seq).limit(BATCH)
    with engine.connect() as connection:
        seqs = [seq for seq, at in connection.execute(oldest) if at < before.events]
    return _delete(engine, delete(tables.events).where(_events.seq.in_(seqs)), seqs, "events")


def _prune_sent(engine: Engine, before: Before, _files: Remove | None) -> Pruned | None:
    ids = _first(engine, _sent(before))
    chosen = delete(tables.outbox).where(_outbox.id.in_(ids), _outbox.state != "due")
    return _delete(engine, chosen, ids, "sent")


def _may_go(before: float) -> ColumnElement[bool]:
    """A call that ended before, and owes nobody an event."""
    owed = exists().where(_outbox.call_sid == _calls.sid, _outbox.state == "due")
    # by its beginning, which has an index, as well as by its end
    return and_(_calls.created_at < before, _calls.ended_at < before, not_(owed))


def _with_lines(before: Before) -> Select[Any]:
    lines = exists().where(_told.call_sid == _calls.sid)
    return select(_calls.sid).where(
        _calls.created_at < before.timelines, _calls.ended_at < before.timelines, lines
    )


def _sent(before: Before) -> Select[Any]:
    old = and_(_outbox.due_at < before.events, _outbox.created_at < before.events)
    return select(_outbox.id).where(_outbox.state.in_(("done", "dead")), old)


def _keeps_file() -> ColumnElement[bool]:
    named = or_(_recordings.file != "", _recordings.mp3 != "")
    return and_(named, _recordings.place != REMOVED)


def _has_files() -> ColumnElement[bool]:
    return exists().where(_of_call(), _keeps_file())


def _of_call() -> ColumnElement[bool]:
    return _recordings.call_sid == _calls.sid


def _first(engine: Engine, chosen: Select[Any]) -> Sequence[Any]:
    with engine.connect() as connection:
        return connection.execute(chosen.limit(BATCH)).scalars().all()


def _delete(engine: Engine, chosen: Delete, keys: Sequence[Any], what: str) -> Pruned | None:
    """In a transaction that begins with it: one that had read before would lose to the writer."""
    if not keys:
        return None
    with engine.begin() as connection:
        gone = connection.execute(chosen).rowcount
    number = len(keys) if what == "timelines" else gone
    return Pruned(**{what: number}) if gone else None


def _many(connection: Connection, chosen: Select[Any]) -> int:
    return int(connection.scalar(select(func.count()).select_from(chosen.subquery())) or 0)
