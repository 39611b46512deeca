"""More calls than one core can take, offered by sipp without regard for what becomes of them."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

from cordboard.cli.configuring import init
from tests.free_ports import free_port
from tests.interop.programs import need
from tests.loopback.engine_process import Served, on_free_ports

EXOPHONE, CALLEE = "+918047115777", "+919812300001"
TALK_MS = 1000
FLOW = f"""
[[flows]]
id = 11754
name = "overload"
start = "connect"
answer = "late"

[flows.applets.connect]
type = "connect"
parameters = {{ destination = {{ numbers = ["{CALLEE}"] }} }}
"""
CALLER = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="caller">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <sip:+9198765[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio 9000 RTP/AVP 8
]]></send>
<recv response="100" optional="true"></recv>
<recv response="183" optional="true"></recv>
<recv response="180" optional="true"></recv>
<recv response="503" optional="true" next="refused"></recv>
<recv response="200" rrs="true"></recv>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <sip:+9198765[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
<pause milliseconds="TALK"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: <sip:+9198765[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Content-Length: 0

]]></send>
<recv response="200" next="over"></recv>
<label id="refused"/>
<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
Max-Forwards: 70
From: <sip:+9198765[call_number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
<label id="over"/>
</scenario>
""".replace("TALK", str(TALK_MS))


@dataclass(frozen=True, slots=True)
class Load:
    """``rate``: calls offered a second. ``good``: of them completed, a second. ``broken``: accepted calls
    that did not end as they should."""

    rate: int
    good: float
    broken: int


class Bench:
    """An engine on one core of its own, sipp on the others as carrier and as its callers."""

    def __init__(self, folder: Path, url: str = "sqlite:///cordboard.db") -> None:
        self.folder, self.url = folder, url
        self.served = Served(folder)
        self._callee_port = free_port()
        self._callee: asyncio.subprocess.Process | None = None
        self._seen = 0

    async def __aenter__(self) -> "Bench":
        cores = sorted(os.sched_getaffinity(0))
        assert len(cores) > 1, "the engine and its load cannot share a core"
        assert init(self.folder) == 0
        path = self.folder / "cordboard.toml"
        text = on_free_ports(path)
        text = text.replace('"simulator"', '"sipp"').replace(
            'uri = "sipp"', f'uri = "sip:127.0.0.1:{self._callee_port}"'
        )
        text = text.replace("30000-34999", "42000-57999").replace("sqlite:///cordboard.db", self.url)
        path.write_text(text[: text.index("[[flows]]")] + FLOW)
        os.sched_setaffinity(0, cores[:1])  # every process and thread of the engine inherits it
        try:
            await self.served.start()
        finally:
            os.sched_setaffinity(0, cores)
        self._callee = await _sipp(
            self.folder / "callee", cores[1:], "-sn", "uas", "-p", str(self._callee_port), "-rtp_echo"
        )
        await asyncio.sleep(1)
        return self

    async def __aexit__(self, *problem: object) -> None:
        if self._callee is not None:
            self._callee.kill()
            await self._callee.wait()
        await self.served.stop()

    async def offer(self, rate: int, seconds: int) -> Load:
        """Calls at this rate for so long, and what became of them."""
        cores = sorted(os.sched_getaffinity(0))
        scenario = self.folder / "caller.xml"
        scenario.write_text(CALLER)
        target = f"{self.served.sip.host}:{self.served.sip.port}"
        caller = await _sipp(
            self.folder / f"caller{rate}-{self._seen}",
            cores[1:],
            *("-sf", str(scenario), "-s", EXOPHONE, "-p", str(free_port()), "-r", str(rate)),
            *("-m", str(rate * seconds), "-l", "50000", "-timeout", f"{seconds + 40}s", target),
        )
        await caller.wait()
        await asyncio.sleep(8)  # the last rows are written
        newest = self._newest()
        query = "SELECT call_type, count(*) FROM calls WHERE ended_at IS NOT NULL AND rowid BETWEEN"
        rows = self.served.rows(f"{query} {self._seen + 1} AND {newest} GROUP BY call_type")
        self._seen = newest
        ended = {str(kind): int(str(many)) for kind, many in rows}
        good = ended.pop("completed", 0)
        return Load(rate, good / seconds, sum(ended.values()))

    async def timed(self, rate: int, seconds: int) -> list[tuple[float, float]]:
        """Calls at this rate; when each was answered (epoch), and how many ms after its INVITE."""
        cores = sorted(os.sched_getaffinity(0))
        folder, scenario = self.folder / "timed", self.folder / "timed.xml"
        scenario.write_text(
            CALLER.replace('<send retrans="500">', '<send retrans="500" start_rtd="1">', 1).replace(
                '<recv response="200" rrs="true">', '<recv response="200" rrs="true" rtd="1">', 1
            )
        )
        began = time.time()  # sipp counts from its start
        caller = await _sipp(
            folder,
            cores[1:],
            *("-sf", str(scenario), "-s", EXOPHONE, "-p", str(free_port()), "-r", str(rate)),
            *(
                "-m",
                str(rate * seconds),
                "-trace_rtt",
                "-rtt_freq",
                "1",
                "-trace_err",
                "-timeout",
                f"{seconds + 40}s",
            ),
            f"{self.served.sip.host}:{self.served.sip.port}",
        )
        assert await caller.wait() == 0, "a call failed"
        (found,) = folder.glob("*_rtt.csv")
        rows = [line.split(";") for line in found.read_text().splitlines()[1:]]
        return [(began + float(row[0]) / 1000, float(row[1])) for row in rows]

    def _newest(self) -> int:
        (row,) = self.served.rows("SELECT coalesce(max(rowid), 0) FROM calls")
        return int(str(row[0]))


async def _sipp(folder: Path, cores: list[int], *options: str) -> asyncio.subprocess.Process:
    """Start it on these cores."""
    process = await asyncio.create_subprocess_exec(
        *(need("sipp"), "-i", "127.0.0.1", "-nostdin", "-t", "u1", "-buff_size", "4194304", *options),
        cwd=_made(folder),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.sched_setaffinity(process.pid, cores)
    return process


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
