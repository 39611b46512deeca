"""The store as the house sees it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, InterfaceError

from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import Unavailable
from cordboard.store import database
from cordboard.store.journal import SEGMENT_BYTES, Journal
from cordboard.store.repositories import Calls, Fetches, Legs, Outbox, Recordings, Timelines
from cordboard.store.writer import BATCH_SECONDS, Writer

T = TypeVar("T")
CATCH_UP_SECONDS = 60.0
"""How long a start waits for what the last run left in the journal."""


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

    What was appended can be read after about a quarter of a second, or after `settled()`.
    Reads raise `Unavailable` when the database is away.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        node: str = "local",
        batch_seconds: float = BATCH_SECONDS,
        segment_bytes: int = SEGMENT_BYTES,
        fault: Callable[[str], None] = _no_fault,
    ) -> None:
        """`url`: as in `[store] url`; the journal lies beside the file. Raises `BadInput`."""
        self.file = database.sqlite_file(url)
        folder = self.file.with_name(self.file.name + ".journal")
        self.journal = Journal(folder, segment_bytes=segment_bytes, fault=fault)
        self._engine = database.engine(self.file)
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer = Writer(
            self._engine,
            self.journal,
            clock,
            node,
            batch_seconds=batch_seconds,
            on_commit=self._committed,
            fault=fault,
        )
        self.calls = Calls(self._read)
        self.legs = Legs(self._read)
        self.fetches = Fetches(self._read)
        self.recordings = Recordings(self._read)
        self.outbox = Outbox(self._read, self.append, lambda: self._writer.committed)
        self.timelines = Timelines(self._read)

    async def open(self) -> None:
        """Make or upgrade the database, and bring it up to what the journal holds. Raises `Unavailable`."""
        self._loop = asyncio.get_running_loop()
        await self._loop.run_in_executor(self._reading, self._open)
        self._writer.start(self._writer.committed)
        try:
            await asyncio.wait_for(self.settled(), CATCH_UP_SECONDS)
        except TimeoutError:
            behind = self.health()
            problem = behind.problem or f"{behind.behind_bytes} bytes of the journal are not in it yet"
            await self.close()
            raise Unavailable(f"the database {self.file} cannot catch up: {problem}") from None

    async def close(self) -> None:
        """Write what is left and let go of the files."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._reading, self._writer.close)
        await loop.run_in_executor(self._reading, self.journal.close)
        self._reading.shutdown()
        self._engine.dispose()
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
        self._waiting.append((position, waiter))
        self._writer.hurry()
        self._release()  # the writer may have come so far before it could see who waits
        await waiter

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
            problem=self.journal.problem or writer.problem,
        )

    def _open(self) -> None:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            database.upgrade(self._engine)
            self._writer.committed = self._writer.position()
        except (DatabaseError, InterfaceError, OSError) as error:
            problem = f"the database {self.file} cannot be opened: {getattr(error, 'orig', error)}"
            raise Unavailable(problem) from error
        self.journal.open(self._writer.committed)

    def _committed(self, position: int) -> None:
        """In the writer's thread."""
        if self._waiting and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        committed = self._writer.committed
        still: list[tuple[int, asyncio.Future[None]]] = []
        for position, waiter in self._waiting:
            if position > committed:
                still.append((position, waiter))
            elif not waiter.done():
                waiter.set_result(None)
        self._waiting = still

    async def _read(self, run: Callable[[Connection], list[T]]) -> list[T]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, self._read_now, run)

    def _read_now(self, run: Callable[[Connection], list[T]]) -> list[T]:
        try:
            with self._engine.connect() as connection:
                return run(connection)
        except (DatabaseError, InterfaceError) as error:
            raise Unavailable(f"the database cannot be read: {getattr(error, 'orig', error)}") from error
