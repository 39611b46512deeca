"""sipp as a foreign peer: started with a scenario of ours, waited for, and its messages read."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cordboard.sip.endpoint.words import Address
from tests.free_ports import free_port
from tests.interop.programs import ended, listening, need

_HEADING = re.compile(r"^-{10,} .*\n(?:UDP|TCP) message (sent|received) .*:\n\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message that sipp sent or received. ``start``: its first line."""

    sent: bool
    text: str

    @property
    def start(self) -> str:
        return self.text.partition("\n")[0].strip()

    @property
    def body(self) -> str:
        return self.text.replace("\r\n", "\n").partition("\n\n")[2].strip()

    def header(self, name: str) -> str:
        """The value of the first header of that name; empty for none."""
        found = re.search(rf"^{name}\s*:\s*(.*?)\s*$", self.text, re.MULTILINE | re.IGNORECASE)
        return found[1] if found else ""


class Sipp:
    """One running sipp. It ends by itself when all its calls are over."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, port: int) -> None:
        self.port = port
        self._process, self._folder = process, folder

    async def done(self, seconds: float = 20.0) -> None:
        """Wait until every call of the scenario went as written. Fails in sipp's own words."""
        try:
            code = await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            raise AssertionError(f"sipp was not done after {seconds} s\n{self.story()}") from None
        assert code == 0, f"sipp ended with {code}: a call did not go by its scenario\n{self.story()}"

    def messages(self) -> list[Message]:
        """All it sent and received so far, in order."""
        path = self._folder / "messages.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        parts = _HEADING.split(text)
        return [Message(parts[at] == "sent", parts[at + 1]) for at in range(1, len(parts), 2)]

    def received(self, beginning: str) -> list[Message]:
        """What came, whose first line begins so (``CANCEL``, ``SIP/2.0 486``)."""
        return [m for m in self.messages() if not m.sent and m.start.startswith(beginning)]

    def received_of(self, beginning: str, number: str) -> list[Message]:
        """The same, for calls to a number."""
        return [m for m in self.received(beginning) if number in m.header("To") + m.start]

    def story(self) -> str:
        """What happened, for a failure's text."""
        errors = self._folder / "errors.log"
        said = errors.read_text(errors="replace")[:4000] if errors.exists() else "no errors written"
        lines = [f"{'→' if m.sent else '←'} {m.start}" for m in self.messages()]
        return "\n".join([said, *lines])


@asynccontextmanager
async def sipp(
    place: Path,
    scenario: str,
    *,
    target: Address | None = None,
    service: str = "",
    calls: int = 1,
    port: int = 0,
    transport: str = "udp",
    echo: bool = False,
) -> AsyncIterator[Sipp]:
    """Start it: as a caller of ``service`` at ``target``, or without a target as a callee on ``port``,
    listening when this is entered. It is ended on leaving, whatever happened. ``echo``:
    the audio that comes to ``media_port`` goes back."""
    program = need("sipp")
    port = port or free_port()
    folder = place / f"sipp-{port}"
    folder.mkdir()
    (folder / "scenario.xml").write_text(scenario)
    transport = target.transport if target is not None else transport
    command = [
        program,
        *(("-s", service, f"{target.host}:{target.port}") if target is not None else ()),
        *("-sf", str(folder / "scenario.xml"), "-i", "127.0.0.1", "-p", str(port), "-mp", str(free_port())),
        *("-m", str(calls), "-t", "u1" if transport == "udp" else "t1", "-nostdin", "-recv_timeout", "15s"),
        *("-timeout", "30s", "-timeout_error"),
        *(("-rtp_echo",) if echo else ()),
        *("-trace_msg", "-message_file", str(folder / "messages.log")),
        *("-trace_err", "-error_file", str(folder / "errors.log")),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        running = Sipp(process, folder, port)
        if target is None:
            assert await listening(port, process, transport), f"sipp did not start\n{running.story()}"
        yield running
    finally:
        await ended(process)
