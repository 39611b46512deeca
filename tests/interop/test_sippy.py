"""Sippy's B2BUA between us and the callee: its own dialogs, its own habits with re-INVITE and CANCEL."""

import asyncio
from pathlib import Path

import pytest

from cordboard.simulator.tones import caller_tone_of
from tests.free_ports import free_port
from tests.interop.baresip import NUMBER, TONE, baresip
from tests.interop.house import CALLER, engine, in_words, parts_of, played, to
from tests.interop.sippy import b2bua

pytestmark = pytest.mark.usefixtures("needs_sippy", "needs_baresip")

CALLERS, CALLEES = f"{caller_tone_of(CALLER)} Hz", f"{TONE} Hz"


@pytest.mark.interop("call out, audio both ways", "Sippy B2BUA")
@pytest.mark.interop("hold, resume", "Sippy B2BUA")
@pytest.mark.interop("BYE from the callee", "Sippy B2BUA")
def test_a_call_through_it_is_heard_on_both_sides(tmp_path: Path) -> None:
    async def test() -> None:
        port, far = free_port(), free_port()
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(NUMBER)
            async with b2bua(tmp_path, port, far), baresip(tmp_path, far) as phone:
                caller = stage.caller()

                async def act() -> None:
                    await phone.told("CALL_ESTABLISHED")
                    await asyncio.sleep(2.0)
                    await phone.do("hold")
                    await asyncio.sleep(2.0)
                    await phone.do("resume")
                    await asyncio.sleep(1.5)
                    await phone.do("hangup")

                async with asyncio.TaskGroup() as group:
                    group.create_task(act())
                    await caller.ring(longest=20.0)
                heard = in_words(parts_of(phone.heard))
            assert in_words(caller.describe(), 0.5) == [CALLEES, "music", CALLEES]
            assert heard == [CALLERS]
            call, (leg,) = await stage.call(), await stage.legs()
            assert (call.call_type, leg.disconnected_by) == ("completed", "Callee")

    played(test)


@pytest.mark.interop("CANCEL of a ringing leg", "Sippy B2BUA")
def test_a_caller_who_leaves_cancels_through_it(tmp_path: Path) -> None:
    async def test() -> None:
        port, far = free_port(), free_port()
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(NUMBER)
            async with b2bua(tmp_path, port, far), baresip(tmp_path, far, answers=False) as phone:
                caller = stage.caller()

                async def act() -> None:
                    await phone.told("CALL_INCOMING")
                    await asyncio.sleep(0.5)
                    caller.hang_up()
                    await phone.told("CALL_CLOSED")

                async with asyncio.TaskGroup() as group:
                    group.create_task(act())
                    await caller.ring(longest=20.0)
            (leg,) = await stage.legs()
            assert leg.status == "canceled"

    played(test)
