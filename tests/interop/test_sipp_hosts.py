"""sipp as the hosts of one trunk: who is asked when another one fails, and where a 302 leads."""

import socket
from pathlib import Path

import pytest

from tests.free_ports import free_port
from tests.interop import scenarios as s
from tests.interop.house import engine, played, to
from tests.interop.sipp import sipp

pytestmark = pytest.mark.usefixtures("needs_sipp")

ASHA = "+919812300042"
ANSWERS = s.by_number({"42": s.ringing() + s.pause(0.2) + s.answered() + s.released()})


@pytest.mark.interop("the next host of a trunk", "sipp")
@pytest.mark.parametrize("status", ["503 Service Unavailable", ""])
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_the_next_host_is_asked_after_503_and_where_nobody_listens(
    tmp_path: Path, status: str, transport: str
) -> None:
    async def test() -> None:
        first, second = free_port(), free_port()
        keys = {"hosts": [f"sip:127.0.0.1:{second};transport={transport};priority=1"]}
        async with engine(tmp_path, first, transport, keys=keys) as stage:
            stage.customer.answer = to(ASHA)
            async with sipp(tmp_path, ANSWERS, port=second, transport=transport) as callee:
                if status:
                    script = s.by_number({"42": s.refused(status)})
                    async with sipp(tmp_path, script, port=first, transport=transport) as busy:
                        await stage.caller().ring(hang_up_after=1.0)
                        await busy.done()
                else:
                    await stage.caller().ring(hang_up_after=1.0)
                await callee.done()
            call, (leg,) = await stage.call(), await stage.legs()
            assert (call.dial_status, leg.status, call.answered_by) == ("completed", "completed", ASHA)

    played(test)


@pytest.mark.interop("the next host of a trunk", "sipp")
def test_telephony_4_a_silent_host_is_left_after_its_time(tmp_path: Path) -> None:
    async def test() -> None:
        second = free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
            deaf.bind(("127.0.0.1", 0))
            keys = {"hosts": [f"sip:127.0.0.1:{second};priority=1"], "next_host_after_seconds": 1.0}
            async with engine(tmp_path, deaf.getsockname()[1], keys=keys) as stage:
                stage.customer.answer = to(ASHA)
                async with sipp(tmp_path, ANSWERS, port=second) as callee:
                    await stage.caller().ring(hang_up_after=3.0)
                    await callee.done()
                (leg,) = await stage.legs()
        assert leg.began_at is not None and leg.ringing_at is not None
        assert 0.9 < leg.ringing_at - leg.began_at < 2.0

    played(test)


@pytest.mark.interop("302 within a trunk", "sipp")
def test_a_302_to_another_host_of_the_trunk_is_followed(tmp_path: Path) -> None:
    async def test() -> None:
        first, second = free_port(), free_port()
        moved = s.send(
            "SIP/2.0 302 Moved Temporarily\n[last_Via:]\n[last_From:]\n[last_To:];tag=r[pid]\n"
            f"[last_Call-ID:]\n[last_CSeq:]\nContact: <sip:{ASHA}@127.0.0.1:{second}>;q=0.5\n"
            "Content-Length: 0\n"
        ) + s.recv("ACK")
        async with engine(tmp_path, first, keys={"redirects": "follow"}) as stage:
            stage.customer.answer = to(ASHA)
            script = s.by_number({"42": moved})
            async with (
                sipp(tmp_path, script, port=first) as proxy,
                sipp(tmp_path, ANSWERS, port=second) as callee,
            ):
                await stage.caller().ring(hang_up_after=1.0)
                await proxy.done()
                await callee.done()
            (leg,) = await stage.legs()
            assert leg.status == "completed"

    played(test)


@pytest.mark.interop("OPTIONS as a trunk's heartbeat", "sipp")
def test_telephony_9_a_host_that_answers_options_with_404_is_alive(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        answer = (
            "SIP/2.0 404 Not Found\n[last_Via:]\n[last_From:]\n[last_To:];tag=r[pid]\n[last_Call-ID:]\n"
            "[last_CSeq:]\nContent-Length: 0\n"
        )
        script = s.scenario(s.recv("OPTIONS"), s.send(answer))
        async with (
            sipp(tmp_path, script, port=port, calls=3) as peer,
            engine(tmp_path, port, keys={"probe_seconds": 0.5}) as stage,
        ):
            await peer.done()
            engine_ = stage.house.engine
            assert engine_ is not None
            (host,) = engine_.trunks()[0]["hosts"]
            assert host["answers"] and not host["why"]

    played(test)
