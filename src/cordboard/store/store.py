"""The store as the house sees it."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import Unavailable
from cordboard.store import database, troubles
from cordboard.store.call_list import CallList
from cordboard.store.feed import Feed
from cordboard.store.flows import ExoPhones, Flows
from cordboard.store.journal import SEGMENT_BYTES, Journal
from cordboard.store.outbox import Outbox
from cordboard.store.prune import Before, Pruned, Remove, prune_all
from cordboard.store.repositories import Calls, Fetches, Legs, Recordings, Timelines
from cordboard.store.writer import BATCH_SECONDS, Writer

T = TypeVar("T")
CATCH_UP_SECONDS = 20.0
"""How long a start waits for what the last run left in the journal."""
_ASK_AGAIN_SECONDS = 1.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """`behind_*`: what the database does not know yet. `failures`: writes that the database refused so far.
    `rejected`: lines that it will never take. `problem`: one sentence, empty when all is well."""

    position: int
    committed: int
    behind_bytes: int
    behind_seconds: float
    failures: int
    rejected: int
    problem: str


def _no_fault(point: str) -> None:
    """In tests a fault hook takes this place, and ends the process at a named point."""


class Store:
    """Journal and database of one node. Reads are asynchronous; `append` returns at once.

    What was appended can be read after about a second, or after `settled()`.
    Reads raise `Unavailable` when the database is away.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        node: str = "local",
        journal: str = "",
        batch_seconds: float = BATCH_SECONDS,
        segment_bytes: int = SEGMENT_BYTES,
        fault: Callable[[str], None] = _no_fault,
    ) -> None:
        """`url`, `node`, `journal`: as in `[store]`. Raises `BadInput`."""
        self._place, self._clock, self._fault = database.place(url), clock, fault
        folder, file = database.journal_folder(self._place, journal), self._place.file
        self.journal = Journal(folder, segment_bytes=segment_bytes, fault=fault)
        self.folder = (file or folder).parent
        """Where this node keeps what is its own."""
        self._engine = database.engine(self._place, database.READ_SECONDS)
        self._writing = self._engine
        if file is None:  # a writer may wait longer than a reader
            self._writing = database.engine(self._place, database.WRITE_SECONDS)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._away: tuple[float, str] | None = None
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer = Writer(
            self._writing,
            self.journal,
            clock,
            node,
            batch_seconds=batch_seconds,
            on_commit=self._committed,
            fault=fault,
        )
        self.late = False
        """The last run's lines were not all in the database when this one began."""
        self._node = node
        self.calls = Calls(self._read, node)
        self.call_list = CallList(self._read)
        self.legs = Legs(self._read)
        self.fetches = Fetches(self._read)
        self.recordings = Recordings(self._read, node)
        self.outbox = Outbox(self._read, self.append, lambda: self._writer.committed, self.settled, node)
        self.feed = Feed(self._read)
        self.timelines = Timelines(self._read)
        self.flows = Flows(self._read)
        self.exophones = ExoPhones(self._read)

    async def open(self) -> None:
        """Make or upgrade the database, and bring it up to what the journal holds.

        A node that has run before goes on without its database where that is away or far behind: then `late`
        is true. Raises `Unavailable` for one that has not, and for a file that is no database.
        """
        self._loop = asyncio.get_running_loop()
        knows = await self._loop.run_in_executor(self._reading, self._open)
        self._writer.start(self._writer.committed, knows)
        if not knows:
            self.late = True
            return
        try:
            await asyncio.wait_for(self.settled(), CATCH_UP_SECONDS)
        except TimeoutError:
            self.late = True
            _log.error("the database is behind the journal, calls are taken all the same")

    async def close(self) -> None:
        """Write what is left and let go of the files."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._reading, self._writer.close)
        await loop.run_in_executor(self._reading, self.journal.close)
        self._reading.shutdown()
        self._engine.dispose()
        self._writing.dispose()
        for _, waiter in self._waiting:
            waiter.cancel()

    def append(self, record: bytes) -> int:
        """Write a record of `store.lines` to the journal; returns its position. Raises `Unavailable`."""
        return self.journal.append(record)

    def note(self, record: bytes) -> None:
        """Keep a record that nobody obeys, such as a line of the ladder: written within a moment."""
        self.journal.note(record)

    async def settled(self) -> None:
        """Wait until the database knows all that has been appended so far."""
        self.journal.flush()
        position = self.journal.position
        if self._writer.committed >= position:
            return
        waiter = asyncio.get_running_loop().create_future()
        waits = position, waiter
        self._waiting.append(waits)
        self._writer.hurry()
        self._release()  # the writer may have come so far before it could see who waits
        try:
            await waiter
        finally:  # who gives up while the database is away is not kept until it is back
            self._waiting.remove(waits)

    async def prune(self, before: Before, remove_files: Remove | None = None) -> Pruned:
        """As `store.prune.prune_all`, in a thread."""
        stop = threading.Event()
        try:
            return await asyncio.to_thread(prune_all, self._place, before, remove_files, stop, self._node)
        finally:
            stop.set()  # where nobody waits any more

    def health(self) -> StoreHealth:
        """How journal and database are."""
        writer, position = self._writer, self.journal.position
        return StoreHealth(
            position=position,
            committed=writer.committed,
            behind_bytes=max(0, position - writer.committed),
            behind_seconds=writer.behind_seconds(),
            failures=writer.failures,
            rejected=writer.rejected,
            problem=self.journal.problem or self._place.without_secret(writer.problem),
        )

    def _open(self) -> bool:
        """Does the database say how far it is?"""
        try:
            if self._place.file is not None:
                self._place.file.parent.mkdir(parents=True, exist_ok=True)
            database.upgrade(self._writing)
            self._writer.committed = self._writer.learn()
        except (SQLAlchemyError, OSError) as error:
            problem = self._place.without_secret(troubles.words(error))
            problem = f"the database {self._place.shown} cannot be opened: {problem}"
            if not (self.journal.holds and troubles.is_away(error)):
                raise Unavailable(problem) from error
            _log.error("the database is away, calls go to the journal", reason=problem)
            self.journal.open()
            self._writer.committed, self._writer.problem = self.journal.oldest, problem
            return False
        self._fault("opened")
        self.journal.open(self._writer.committed)
        return True

    def _committed(self, position: int) -> None:
        """In the writer's thread."""
        if self._waiting and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        committed = self._writer.committed
        for position, waiter in self._waiting:
            if position <= committed and not waiter.done():
                waiter.set_result(None)

    async def _read(self, run: Callable[[Connection], list[T]]) -> list[T]:
        now = self._clock.monotonic()
        if self._away is not None and now < self._away[0]:
            raise Unavailable(self._away[1])  # everybody in turn would wait for what does not come
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(database.READ_SECONDS + 1.0):
                found = await loop.run_in_executor(self._reading, self._read_now, run)
        except (TimeoutError, Unavailable) as error:
            why = str(error) or f"the database {self._place.shown} does not answer"
            self._away = (self._clock.monotonic() + _ASK_AGAIN_SECONDS, why)
            raise Unavailable(why) from error
        self._away = None
        return found

    def _read_now(self, run: Callable[[Connection], list[T]]) -> list[T]:
        try:
            with self._engine.connect() as connection:
                return run(connection)
        except SQLAlchemyError as error:
            reason = self._place.without_secret(troubles.words(error))
            raise Unavailable(f"the database cannot be read: {reason}") from error
