"""Moves the journal into the database: batches, in order, each with the position it reaches.

Rows and position are one transaction, so a crash repeats nothing and skips nothing. A database that is away
is asked again with backoff; until then the journal grows and nobody waits. The position is only moved on from
where this writer left it: of two engines that go by one name, the second is found out.
"""

import threading
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, select, text, update

from cordboard.kernel.clock import Clock
from cordboard.store import database, tables, troubles
from cordboard.store.batch import Batch, Unreadable, split
from cordboard.store.journal import Journal
from cordboard.store.upserts import Upserts

BATCH_SECONDS = 1.0
"""Each batch costs a commit, and threads in one another's way; who cannot wait so long says `hurry`."""
BATCH_BYTES = 1 << 20
_CAREFUL_BYTES = 64 << 10
"""After a failure: what is too much for a slow database must not be tried for ever."""
LONGEST_PAUSE = 5.0
_FEED = 0x66656564  # PostgreSQL's advisory lock of those who add to the feed: "feed"
_log = structlog.get_logger(__name__)


class Elsewhere(Exception):
    """The database's position is not where this writer left it."""

    def __init__(self, position: int | None) -> None:
        self.position = -1 if position is None else position
        super().__init__("another engine writes under this node's name; give each its own [store] node")


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
        self._upserts = Upserts(engine.dialect.name)
        self._knows = True
        self._in_doubt: set[int] = set()  # where a commit may have reached whose answer was lost
        self._hurry, self._stop = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._caught_up_at = clock.monotonic()
        self.committed = 0
        self.failures = 0
        self.rejected = 0
        self.problem = ""

    def learn(self) -> int:
        """How far the database says it is."""
        nodes = tables.nodes
        with self._engine.begin() as connection:
            here = self._upserts.insert(nodes).values(node=self._node, position=0).on_conflict_do_nothing()
            connection.execute(here)
            found = connection.execute(select(nodes.c.position).where(nodes.c.node == self._node))
            return int(found.scalar_one())

    def start(self, committed: int, knows: bool = True) -> None:
        """Begin to write what lies behind `committed`. `knows`: else the database was not there to be asked,
        it is brought up to date and asked first, and `committed` is where it is at the least."""
        self.committed, self._knows = committed, knows
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
            while not self._try_to_drain():
                pause = min(LONGEST_PAUSE, pause * 2)
                if self._stop.wait(pause):
                    return
            pause = self._batch_seconds

    def _try_to_drain(self) -> bool:
        """False when the database would not. This thread outlives whatever goes wrong in it: what it could
        not do stays in the journal."""
        try:
            self._drain()
        except Exception as error:
            self.failures += 1
            self.problem = f"the database cannot be written: {troubles.words(error)}"
            if self.failures == 1 or self.failures % 100 == 0:
                _log.error("the database cannot be written", reason=self.problem, failures=self.failures)
            return False
        if self.failures and self.problem:
            _log.info("the database can be written again", failures=self.failures)
        self.problem = ""
        return True

    def _drain(self) -> None:
        """Write all there is."""
        if not self._knows:
            self._take_up()
        while True:
            began = self._clock.monotonic()
            if self.committed >= self._journal.position:
                self._caught_up_at = began
                return
            limit = _CAREFUL_BYTES if self.problem else BATCH_BYTES
            position, data = self._journal.read(self.committed, limit)
            if not data:
                return
            reached = position + len(data)
            self._in_doubt.add(reached)
            try:
                self._write(position, data)
            except Elsewhere as found:
                if found.position not in self._in_doubt:
                    raise
                reached = found.position
            self.committed = reached
            self._in_doubt.clear()
            self.problem = ""
            self._fault("committed")
            self._journal.drop_before(self.committed)
            self._on_commit(self.committed)

    def _take_up(self) -> None:
        """The database is there for the first time since the start."""
        database.upgrade(self._engine)
        known = self.learn()
        if known > self._journal.began_at:  # an older journal was put back: what came since begins there
            known = self._journal.began_at
            with self._engine.begin() as connection:
                nodes = tables.nodes
                here = update(nodes).where(nodes.c.node == self._node)
                connection.execute(here.values(position=known))
        self.committed, self._knows = known, True

    def _write(self, position: int, data: bytes) -> None:
        try:
            self._write_together(position, data)
        except Elsewhere:
            raise
        except Exception as error:  # one bad line must not keep the others out for ever
            if not troubles.is_the_lines(error):
                raise
            reason = troubles.words(error)
            _log.error("a batch of the journal was refused, its lines are tried one by one", reason=reason)
            self._write_singly(position, data)

    def _write_together(self, position: int, data: bytes) -> None:
        batch = Batch(self._node)
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
                batch = Batch(self._node)
                try:
                    batch.add(at, line)
                    with connection.begin_nested():
                        self._put(connection, batch)
                except Exception as error:
                    if not troubles.is_the_lines(error):
                        raise
                    rejected += 1
                    self._reject(connection, at, line, error)
            self._mark(connection, position + len(data))
        self.rejected += rejected

    def _reject(self, connection: Connection, at: int, line: bytes, error: Exception) -> None:
        reason = str(error) if isinstance(error, Unreadable) else troubles.words(error)
        reason = reason.replace("\0", "")[:500]
        refused = {"node": self._node, "position": at, "line": line, "error": reason}
        connection.execute(self._upserts.of(tables.rejects, tuple(refused)), refused)
        _log.error("a line of the journal was refused", position=at, error=reason)

    def _put(self, connection: Connection, batch: Batch) -> None:
        if batch.rows["events"] and connection.dialect.name == "postgresql":
            # the feed's numbers rise in the order of commits, however many nodes there are
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _FEED})
        for table, rows in batch.rows.items():  # calls first: the others point at them
            alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
            for row in rows.values():
                alike.setdefault(tuple(sorted(row)), []).append(row)
            for columns, some in alike.items():
                connection.execute(self._upserts.of(tables.metadata.tables[table], columns), some)
        if batch.chunks:
            connection.execute(
                self._upserts.of(tables.timelines, ("call_sid", "position", "lines")),
                [
                    {"call_sid": call, "position": first, "lines": b"\n".join(some)}
                    for call, (first, some) in batch.chunks.items()
                ],
            )

    def _mark(self, connection: Connection, position: int) -> None:
        nodes = tables.nodes
        here = update(nodes).where(nodes.c.node == self._node)
        moved = here.where(nodes.c.position == self.committed).values(position=position)
        if connection.execute(moved).rowcount != 1:
            found = connection.execute(select(nodes.c.position).where(nodes.c.node == self._node))
            raise Elsewhere(found.scalar_one_or_none())
