"""Moves the journal into the database: batches, in order, each with the position it reaches.

Rows and position are one transaction, so a crash repeats nothing and skips nothing. A database that is away
is asked again with backoff; until then the journal grows and nobody waits.
"""

import threading
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import InterfaceError, OperationalError

from cordboard.kernel.clock import Clock
from cordboard.store import lines, tables
from cordboard.store.batch import Batch, Unreadable, split
from cordboard.store.journal import Journal

BATCH_SECONDS = 0.25
BUSY_BATCH_SECONDS = 1.0
_BUSY_BYTES = 32 << 10
BATCH_BYTES = 1 << 20
LONGEST_PAUSE = 5.0
_log = structlog.get_logger(__name__)


class Writer:
    """One thread beside the loop. `on_commit(position)` is called in that thread."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        clock: Clock,
        node: str,
        *,
        batch_seconds: float = BATCH_SECONDS,
        on_commit: Callable[[int], None],
        fault: Callable[[str], None],
    ) -> None:
        self._engine, self._journal, self._clock, self._node = engine, journal, clock, node
        self._batch_seconds, self._on_commit, self._fault = batch_seconds, on_commit, fault
        self._statements: dict[tuple[str, tuple[str, ...]], Insert] = {}
        self._hurry, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._caught_up_at = clock.monotonic()
        self.committed = 0
        self.failures = 0
        self.rejected = 0
        self.problem = ""

    def position(self) -> int:
        """How far the database says it is."""
        nodes = tables.nodes
        with self._engine.connect() as connection:
            found = connection.execute(select(nodes.c.position).where(nodes.c.node == self._node))
            return int(found.scalar_one_or_none() or 0)

    def start(self, committed: int) -> None:
        """Begin to write what lies behind `committed`."""
        self.committed = committed
        self._caught_up_at = self._clock.monotonic()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """Write at once, without waiting for a batch to gather."""
        self._hurry.set()

    def behind_seconds(self) -> float:
        """For how long the database has been behind the journal."""
        if self.committed >= self._journal.position:
            return 0.0
        return max(0.0, self._clock.monotonic() - self._caught_up_at)

    def close(self) -> None:
        """Write what is left, once; a database that is away gets it at the next start."""
        if self._thread is not None:
            self._stop.set()
            self._hurry.set()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        pause = self._batch_seconds
        while not self._stop.is_set():
            self._hurry.wait(pause)
            self._hurry.clear()
            before = self.committed
            if self._try_to_drain():
                # Under load fewer and larger batches: each costs a commit, and threads in one another's way.
                busy = self.committed - before >= _BUSY_BYTES and self._batch_seconds == BATCH_SECONDS
                pause = BUSY_BATCH_SECONDS if busy else self._batch_seconds
            else:
                pause = min(LONGEST_PAUSE, pause * 2)
                self._stop.wait(pause)

    def _try_to_drain(self) -> bool:
        """This thread outlives whatever goes wrong in it: what it could not do stays in the journal."""
        try:
            return self._drain()
        except Exception as error:
            self.failures += 1
            self.problem = f"the journal cannot be taken over: {error}"
            _log.exception("the journal cannot be taken over")
            return False

    def _drain(self) -> bool:
        """Write all there is. False when the database would not."""
        while True:
            began = self._clock.monotonic()
            if self.committed >= self._journal.position:
                self._caught_up_at = began
                return True
            position, data = self._journal.read(self.committed, BATCH_BYTES)
            if not data:
                return True
            try:
                self._write(position, data)
            except (OperationalError, InterfaceError, OSError) as error:
                self.failures += 1
                self.problem = f"the database cannot be written: {getattr(error, 'orig', error)}"
                if self.failures == 1 or self.failures % 100 == 0:
                    _log.error("the database cannot be written", error=str(error), failures=self.failures)
                return False
            self.problem = ""
            self.committed = position + len(data)
            self._fault("committed")
            self._journal.drop_before(self.committed)
            self._on_commit(self.committed)

    def _write(self, position: int, data: bytes) -> None:
        try:
            self._write_together(position, data)
        except (OperationalError, InterfaceError, OSError):
            raise
        except Exception as error:  # one bad line must not keep the others out for ever
            _log.error("a batch of the journal was refused, its lines are tried one by one", error=str(error))
            self._write_singly(position, data)

    def _write_together(self, position: int, data: bytes) -> None:
        batch = Batch()
        for at, line in split(position, data):
            batch.add(at, line)
        self._fault("batched")
        with self._engine.begin() as connection:
            self._put(connection, batch)
            self._mark(connection, position + len(data))
            self._fault("uncommitted")

    def _write_singly(self, position: int, data: bytes) -> None:
        rejected = 0
        with self._engine.begin() as connection:
            for at, line in split(position, data):
                batch = Batch()
                try:
                    batch.add(at, line)
                    with connection.begin_nested():
                        self._put(connection, batch)
                except (OperationalError, InterfaceError, OSError):
                    raise
                except Exception as error:
                    rejected += 1
                    self._reject(connection, at, line, error)
            self._mark(connection, position + len(data))
        self.rejected += rejected

    def _reject(self, connection: Connection, at: int, line: bytes, error: Exception) -> None:
        reason = str(error) if isinstance(error, Unreadable) else str(getattr(error, "orig", error))
        refused = {"node": self._node, "position": at, "line": line, "error": reason[:500]}
        connection.execute(self._upsert(tables.rejects, tuple(refused)), refused)
        _log.error("a line of the journal was refused", position=at, error=reason[:500])

    def _put(self, connection: Connection, batch: Batch) -> None:
        for table, rows in batch.rows.items():  # calls first: the others point at them
            alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
            for row in rows.values():
                alike.setdefault(tuple(sorted(row)), []).append(row)
            for columns, some in alike.items():
                connection.execute(self._upsert(tables.metadata.tables[table], columns), some)
        if batch.chunks:
            connection.execute(
                self._upsert(tables.timelines, ("call_sid", "position", "lines")),
                [
                    {"call_sid": call, "position": first, "lines": b"\n".join(some)}
                    for call, (first, some) in batch.chunks.items()
                ],
            )

    def _mark(self, connection: Connection, position: int) -> None:
        mark = {"node": self._node, "position": position}
        connection.execute(self._upsert(tables.nodes, tuple(mark)), mark)

    def _upsert(self, table: Table, columns: tuple[str, ...]) -> Insert:
        """Insert these columns, or set them where the row is there. Made once for each set of columns."""
        made = self._statements.get((table.name, columns))
        if made is None:
            keys = lines.KEYS.get(table.name) or tuple(column.name for column in table.primary_key)
            plain = insert(table).values(dict.fromkeys(columns))
            changed = {column: plain.excluded[column] for column in columns if column not in keys}
            if changed:
                made = plain.on_conflict_do_update(index_elements=list(keys), set_=changed)
            else:
                made = plain.on_conflict_do_nothing(index_elements=list(keys))
            self._statements[table.name, columns] = made
        return made
