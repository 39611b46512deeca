"""Copies of SIP messages, received by Kamailio's sipcapture as Homer would."""

import re
from collections import Counter
from pathlib import Path

import pytest

from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.simulator.caller import ScriptedCaller
from tests.free_ports import free_port
from tests.interop.house import CALLER, EXOPHONE, engine, played, to
from tests.interop.kamailio import collector
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("needs_kamailio")
_CAUGHT = re.compile(r"CAUGHT (\w+) 127\.0\.0\.1:(\d+) (\w+) (\S+)")


@pytest.mark.interop("HEP: copies of every message", "Kamailio")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_every_message_of_a_call_reaches_the_collector(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        port = free_port()
        sip = {"listen": ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"], "hep": f"udp:127.0.0.1:{port}", "hep_id": 7}
        async with collector(tmp_path, port=port) as log, engine(tmp_path, instead={"sip": sip}) as stage:
            stage.customer.answer = to("+919812345601")  # a scripted phone answers
            caller = ScriptedCaller(
                stage.at(transport), EXOPHONE, CALLER, clock=SystemClock(), tokens=SystemTokens()
            )
            await caller.ring(hang_up_after=3.0, longest=20.0)
            await stage.call()
            ours = str(stage.at(transport).port)

            async def whole() -> bool:
                return caught(log)[("200", transport)] >= 4 - 2 * (transport == "tcp")

            await until(whole, 5.0)
            found = caught(log)
            # the caller's dialog by the transport of the test, the phone's by UDP
            assert found[("INVITE", transport)] and found[("BYE", transport)] and found[("100", transport)]
            assert found[("INVITE", "udp")] and found[("BYE", "udp")]
            lines = _CAUGHT.findall(log.read_text(errors="replace"))
            assert len({call_id for *_, call_id in lines}) == 2
            assert any(port == ours and what == "100" for _, port, what, _ in lines)
            assert any(port != ours and what == "INVITE" for _, port, what, _ in lines)

    played(test)


def caught(log: Path) -> Counter[tuple[str, str]]:
    """How many messages of (method or status, transport) were taken out of packets."""
    lines = _CAUGHT.findall(log.read_text(errors="replace"))
    return Counter((what, transport) for transport, _, what, _ in lines)
