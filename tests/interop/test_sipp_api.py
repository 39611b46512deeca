"""Calls that the API began, with sipp as whoever is called first."""

from pathlib import Path

import pytest

from cordboard.contract.outbound import Order
from cordboard.runtime.engine import Engine
from tests.free_ports import free_port
from tests.interop import scenarios as s
from tests.interop.house import EXOPHONE, Stage, engine, played, to
from tests.interop.sipp import sipp

pytestmark = pytest.mark.usefixtures("needs_sipp")

ASHA, RAVI = "+919812300042", "+919812300043"
ANSWERS = s.ringing() + s.pause(0.3) + s.answered() + s.released()


def engine_of(stage: Stage) -> Engine:
    assert stage.house.engine is not None
    return stage.house.engine


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_settled_6_sipp_is_called_first_and_the_flow_calls_the_second(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        port = free_port()
        script = s.by_number({"42": ANSWERS, "43": s.ringing() + s.refused("486 Busy Here")})
        async with engine(tmp_path, port, transport) as stage:
            stage.customer.answer = to(RAVI)
            async with sipp(tmp_path, script, port=port, calls=2, transport=transport) as callee:
                flow = engine_of(stage).flow_ids()[0]
                engine_of(stage).order(Order(ASHA, EXOPHONE, flow, custom_field="order-42"))
                await callee.done()
            call, legs = (
                await stage.call(),
                await engine_of(stage).store.legs.of_call((await stage.call()).sid),
            )
            assert [(leg.number, leg.status) for leg in legs] == [(ASHA, "completed"), (RAVI, "busy")]
            assert (call.direction, call.status, call.dial_status) == ("outbound-dial", "completed", "busy")
            invite = callee.received_of("INVITE", ASHA)[0]
            assert EXOPHONE in invite.header("From") and EXOPHONE in invite.header("P-Asserted-Identity")
            assert callee.received("BYE")[0].header("Reason").startswith("Q.850;cause=16")

    played(test)


def test_telephony_1_a_first_leg_that_rings_too_long_gets_a_cancel_that_says_why(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        script = s.by_number({"42": s.ringing() + s.cancelled()})
        async with engine(tmp_path, port) as stage:
            async with sipp(tmp_path, script, port=port) as callee:
                engine_of(stage).order(Order(ASHA, EXOPHONE, engine_of(stage).flow_ids()[0], ring_seconds=1))
                await callee.done()
            assert callee.received("CANCEL")[0].header("Reason").startswith("Q.850;cause=19")
            assert (await stage.call()).status == "no-answer"

    played(test)


def test_two_numbers_hear_each_other_until_the_limit_of_the_call(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        script = s.by_number({"42": ANSWERS, "43": ANSWERS})
        async with engine(tmp_path, port) as stage:
            async with sipp(tmp_path, script, port=port, calls=2) as callee:
                words = {"destination": {"numbers": [RAVI]}}
                engine_of(stage).order(Order(ASHA, EXOPHONE, to=RAVI, parameters=words, limit_seconds=3))
                await callee.done()
            call = await stage.call()
            assert (call.called, call.status, call.leg2_status) == (RAVI, "completed", "completed")
            assert call.ended_at is not None and call.answered_at is not None
            assert call.ended_at - call.answered_at == pytest.approx(3.0, abs=0.3)
            assert len(callee.received("BYE")) == 2

    played(test)
