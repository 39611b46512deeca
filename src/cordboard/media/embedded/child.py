"""One of the engine's processes: started, watched, started again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from cordboard.media.embedded.frames import Message
from cordboard.media.embedded.wire import Wire

PING_SECONDS = 0.5
_START_PINGS = 60
_STEADY_SECONDS = 10.0
_LONGEST_WAIT = 5.0


class Child:
    """``python -m module --listen FD …`` in a session of its own, so that what the engine's terminal is told
    does not end it.

    ``patience``: how many pings may stay unanswered before it counts as hanging and is killed.
    ``on_up``: connected (orders are taken, though it may still be starting). ``on_down``: it is gone.
    """

    def __init__(
        self,
        module: str,
        arguments: list[str],
        path: Path,
        patience: int,
        on_message: Callable[[Message], None],
        on_up: Callable[[], None],
        on_down: Callable[[], None],
    ) -> None:
        self._command = [sys.executable, "-m", module, *arguments]
        self.path = path
        self._patience = patience
        self._on_message, self._on_up, self._on_down = on_message, on_up, on_down
        self._loop = asyncio.get_running_loop()
        self._process: subprocess.Popen[bytes] | None = None
        self._wire: Wire | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unanswered = self._failures = 0
        self._started = 0.0
        self._ending = False
        self.ready = asyncio.Event()
        self.gone = asyncio.Event()

    @property
    def up(self) -> bool:
        return self._wire is not None and self._wire.open

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """The socket listens before the process does, so orders can be given at once."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.path.unlink(missing_ok=True)
            listener.bind(str(self.path))
            os.chmod(self.path, 0o600)
            listener.listen(64)
            link.connect(str(self.path))
            number = listener.fileno()
            self._process = subprocess.Popen(
                [*self._command, "--listen", str(number)],
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        except BaseException:
            link.close()
            raise
        finally:
            listener.close()
        self._started, self._unanswered = self._loop.time(), 0
        self.ready.clear()
        self.gone.clear()
        self._wire = Wire(link, self._take, self._lost)
        self._on_up()
        self._ping()

    def send(self, message: Message, data: bytes = b"", idle: bool = False) -> None:
        """``idle``: nobody waits for it."""
        if self._wire is not None:
            self._wire.send(message, data, idle)

    async def end(self, seconds: float) -> None:
        """Ask it to end, wait, and end it where it does not."""
        self._ending = True
        if self._timer:
            self._timer.cancel()
        if self.up:
            self.send(["stop"])
            try:
                await asyncio.wait_for(self.gone.wait(), seconds)
            except TimeoutError:
                self._kill()
        self._reap()
        if self._wire is not None:
            self._wire.close()
        self.path.unlink(missing_ok=True)

    def _take(self, message: Message) -> None:
        if message[0] == "pong":
            self._unanswered = 0
        elif message[0] == "ready":
            self._unanswered = 0
            self.ready.set()
        else:
            self._on_message(message)

    def _ping(self) -> None:
        self._unanswered += 1
        if self._unanswered > (self._patience if self.ready.is_set() else _START_PINGS):
            self._kill()
        self.send(["ping", self._unanswered])
        self._timer = self._loop.call_later(PING_SECONDS, self._ping)

    def _lost(self) -> None:
        """End of file: it died, or let go of us; either way it is of no use any more."""
        self.gone.set()
        if self._timer:
            self._timer.cancel()
        if self._ending:
            return
        self._kill()
        self._reap()
        steady = self._loop.time() - self._started > _STEADY_SECONDS
        self._failures = 0 if steady else self._failures + 1
        self._on_down()
        if self._failures < 2:
            self._restart()
        else:
            wait = min(0.1 * 2**self._failures, _LONGEST_WAIT)
            self._timer = self._loop.call_later(wait, self._restart)

    def _restart(self) -> None:
        if self._ending:
            return
        try:
            self.start()
        except OSError:
            self._failures += 1
            self._timer = self._loop.call_later(_LONGEST_WAIT, self._restart)

    def _kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)

    def _reap(self) -> None:
        if self._process is not None:
            try:
                self._process.wait(2.0)
            except subprocess.TimeoutExpired:
                self._kill()
                self._process.wait()
