"""linphone as a foreign peer: a softphone that speaks from a file and writes down what it hears."""

import asyncio
import re
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import soundfile

from cordboard.simulator.tones import sine
from tests.free_ports import free_port
from tests.interop.house import Samples
from tests.interop.programs import listening, need, running

TONE = 1370

_CONFIG = """\
[sip]
sip_port={port}
sip_tcp_port={port}
sip_tls_port=-1
register_only_when_network_is_up=0
verify_server_certs=1
verify_server_cn=1
{authority}media_encryption={encryption}
media_encryption_mandatory={mandatory}
guess_hostname=0
contact=sip:linphone@127.0.0.1
bind_address=127.0.0.1
{account}
[net]
firewall_policy=0
[rtp]
audio_rtp_port={rtp}
[sound]
echocancellation=0
[audio_codec_0]
mime=PCMA
rate=8000
enabled=1
[audio_codec_1]
mime=PCMU
rate=8000
enabled=1
"""

_ACCOUNT = """\
default_proxy=0
[proxy_0]
reg_proxy=<sip:{host}:{registrar};transport={transport}>
reg_identity=<sip:{user}@{host}>
reg_expires=120
reg_sendregister=1
publish=0
[auth_info_0]
username={user}
passwd={password}
domain={host}
"""


class Linphone:
    """One running linphonec, given its commands by its prompt."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process, port: int) -> None:
        self.port = port
        self._folder, self._process = folder, process

    async def do(self, command: str) -> None:
        """A command of its prompt (``call``, ``answer``, ``pause``, ``resume``, ``terminate``)."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        await self._process.stdin.drain()

    @property
    def log(self) -> str:
        """What it printed."""
        return (self._folder / "log").read_text(errors="replace")

    async def told(self, pattern: str, seconds: float = 10.0) -> None:
        """Wait until it has printed this."""
        async with asyncio.timeout(seconds):
            while re.search(pattern, self.log) is None:  # noqa: ASYNC110 - it prints into a file
                await asyncio.sleep(0.05)

    @property
    def heard(self) -> Samples:
        """What it decoded, when the call is over, at 8 kHz."""
        samples, rate = soundfile.read(self._folder / "heard.wav", dtype="int16")
        return np.asarray(samples[:: rate // 8000], np.int16)


@asynccontextmanager
async def linphone(
    place: Path,
    port: int,
    *,
    registrar: int = 0,
    transport: str = "udp",
    user: str = "",
    password: str = "",
    srtp: bool = False,
    ca: Path | None = None,
) -> AsyncIterator[Linphone]:
    """A phone on ``port`` (UDP and TCP) that answers by itself. ``registrar``: where it registers; by TLS it
    checks the certificate against ``ca``, and knows the registrar as ``localhost``: its library has no IP
    addresses in certificates."""
    program = need("linphonec")
    folder = place / "linphone"
    folder.mkdir()
    with wave.open(str(folder / "says.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(sine(TONE, 30.0).tobytes())
    account = _ACCOUNT.format(
        host="localhost" if transport == "tls" else "127.0.0.1",
        registrar=registrar,
        transport=transport,
        user=user,
        password=password,
    )
    config = folder / "linphonerc"
    config.write_text(
        _CONFIG.format(
            port=port,
            rtp=free_port(),
            encryption="srtp" if srtp else "none",
            mandatory=int(srtp),
            authority=f"root_ca={ca}\n" if ca is not None else "",
            account=account if registrar else "default_proxy=-1",
        )
    )
    (folder / ".local/share/linphone").mkdir(parents=True)
    command = ("env", f"HOME={folder}", program, "-a", "-b", str(config), "-c", str(config), "-d", "1")
    async with running(*command, folder=folder, ready=lambda process: listening(port, process)) as process:
        phone = Linphone(folder, process, port)
        await phone.do("soundcard use files")
        await phone.do(f"play {folder}/says.wav")
        await phone.do(f"record {folder}/heard.wav")
        yield phone
        await phone.do("quit")
