"""baresip as a foreign peer: a softphone whose microphone is a sound file, driven over its control socket."""

import asyncio
import contextlib
import json
import re
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import soundfile

from cordboard.simulator.tones import sine
from tests.free_ports import free_port
from tests.interop.certificates import Papers
from tests.interop.house import Samples
from tests.interop.programs import ended, listening, need

NUMBER = "+919812300042"
TONE = 1230
_MICROPHONE_SECONDS = 30.0

_CONFIG = """\
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
rtp_ports {rtp}-{last_rtp}
rtp_stats yes
audio_player aubridge,line
audio_source aufile,{microphone}
audio_alert aubridge,alert
audio_path {folder}
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module_path /usr/lib/baresip/modules
module g711.so
module srtp.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
{secure}"""


class Baresip:
    """One running baresip. ``events``: the types of what it told, in order (``CALL_ESTABLISHED`` …)."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.events: list[str] = []
        self._folder = folder
        self._writer: asyncio.StreamWriter | None = None
        self._news = asyncio.Event()

    async def listen(self, control: int) -> asyncio.Task[None]:
        """Open its control socket and hear what it tells."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", control)
        return asyncio.get_running_loop().create_task(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Netstrings of JSON."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                size = await reader.readuntil(b":")
                told = json.loads((await reader.readexactly(int(size[:-1]) + 1))[:-1])
                if told.get("event"):
                    self.events.append(told["type"])
                    self._news.set()

    async def do(self, command: str, words: str = "") -> None:
        """Give it a command of its menu (``accept``, ``hold``, ``resume``, ``sndcode``, ``hangup``)."""
        assert self._writer is not None
        body = json.dumps({"command": command, "params": words, "token": "t"})
        self._writer.write(f"{len(body)}:{body},".encode())
        await self._writer.drain()

    async def told(self, event: str, seconds: float = 10.0) -> None:
        """Wait until it has told of this."""
        async with asyncio.timeout(seconds):
            while event not in self.events:
                self._news.clear()
                await self._news.wait()

    @property
    def log(self) -> str:
        """What it printed."""
        return (self._folder / "log").read_text(errors="replace")

    @property
    def heard(self) -> Samples:
        """What it decoded since the call began, until it first held it (there baresip 1.0 stops to write it
        down). Whole only after the call."""
        files = sorted(self._folder.glob("dump-*-dec.wav"))
        if not files:
            return np.zeros(0, np.int16)
        samples, rate = soundfile.read(files[-1], dtype="int16")
        assert rate == 8000
        return np.asarray(samples, np.int16)

    @property
    def packets_received(self) -> int:
        """RTP packets, by its own count, after the call."""
        found = re.findall(r"^packets: +[0-9]+ +([0-9]+)", self.log, re.MULTILINE)
        assert found, f"no figures in its log\n{self.log}"
        return int(found[-1])


@asynccontextmanager
async def baresip(
    place: Path,
    port: int,
    *,
    codec: str = "PCMA",
    answers: bool = True,
    registrar: int = 0,
    transport: str = "udp",
    user: str = "",
    password: str = "",
    srtp: bool = False,
    papers: Papers | None = None,
) -> AsyncIterator[Baresip]:
    """A phone on ``port`` (UDP and TCP) whose number is ``NUMBER``. It speaks ``TONE``. ``answers``: by
    itself, at once. ``registrar``: the port where it registers, as ``user``. ``srtp``: it insists. With
    ``papers`` it takes TLS on the port after ``port`` and trusts their authority."""
    program = need("baresip")
    folder = place / "baresip"
    folder.mkdir()
    microphone = folder / "microphone.wav"
    _write_tone(microphone)
    rtp, control = free_port(), free_port()
    (folder / "config").write_text(
        _CONFIG.format(
            port=port,
            rtp=rtp,
            last_rtp=rtp + 20,
            control=control,
            folder=folder,
            microphone=microphone,
            secure=f"sip_certificate {papers.both}\nsip_cafile {papers.ca}\n" if papers else "",
        )
    )
    mode = "auto" if answers else "manual"
    media = f"answermode={mode};audio_codecs={codec}/8000/1{';mediaenc=srtp-mand' if srtp else ''}\n"
    account = f"<sip:{NUMBER}@127.0.0.1>;regint=0;{media}"
    if registrar:
        account = (
            f"<sip:{user}@127.0.0.1:{registrar};transport={transport}>;auth_user={user};"
            f"auth_pass={password};regint=120;{media}"
        )
    (folder / "accounts").write_text(account)
    (folder / "contacts").write_text("")
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(program, "-4", "-v", "-f", str(folder)),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    phone = Baresip(port, folder)
    hearing: asyncio.Task[None] | None = None
    try:
        ready = await listening(port, process) and await listening(control, process, "tcp")
        assert ready, f"baresip did not start\n{phone.log}"
        hearing = await phone.listen(control)
        yield phone
    finally:
        await ended(process)
        if hearing is not None:
            hearing.cancel()


def _write_tone(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(sine(TONE, _MICROPHONE_SECONDS).tobytes())
