"""linphone: a softphone that registers here, rings ExoPhones and is rung by its number."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.tones import caller_tone_of
from tests.interop.house import CALLER, EXOPHONE, Stage, engine, in_words, parts_of, played, to
from tests.interop.linphone import TONE, Linphone, linphone
from tests.interop.programs import free_port

pytestmark = pytest.mark.usefixtures("needs_linphone")

NUMBER, USER, PASSWORD = "+919812300042", "asha", "correct horse battery"
PHONES: dict[str, Any] = {
    "phones": [{"user": USER, "password": PASSWORD, "number": NUMBER}],
    "trunks": [{"name": "peer", "uri": "simulator", "sources": ["127.0.0.3/32"]}],
}
CALLERS, CALLEES = f"{caller_tone_of(CALLER)} Hz", f"{TONE} Hz"


async def talk(caller: ScriptedCaller, phone: Linphone, *then: tuple[float, str]) -> None:
    """Ring; once the phone talks: a pause and a command for it, in turn; then hang up."""

    async def act() -> None:
        await phone.told("Call 1 with .* connected")
        for seconds, command in then:
            await asyncio.sleep(seconds)
            await phone.do(command)
        await asyncio.sleep(2.0)
        caller.hang_up()
        await phone.told("Call 1 with .* ended")

    async with asyncio.TaskGroup() as group:
        group.create_task(act())
        await caller.ring(longest=20.0)


@pytest.mark.interop("call out, audio both ways, recording", "linphone")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_it_is_called_heard_and_recorded(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        port = free_port()
        async with engine(tmp_path, port, transport) as stage:
            stage.customer.answer = to(NUMBER, record=True, recording_channels="dual")
            async with linphone(tmp_path, port) as phone:
                caller = stage.caller()
                await talk(caller, phone)
                await asyncio.sleep(0.5)
            assert in_words(caller.describe(), 0.5)[-1] == CALLEES
            assert in_words(parts_of(phone.heard), 0.5) == [CALLERS]
            left, right = await stage.channels()
            assert (in_words(parts_of(left)), in_words(parts_of(right))) == ([CALLERS], [CALLEES])

    played(test)


@pytest.mark.interop("re-INVITE to other media, hold", "linphone")
def test_it_pauses_and_resumes(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(NUMBER)
            async with linphone(tmp_path, port) as phone:
                caller = stage.caller()
                await talk(caller, phone, (1.5, "pause"), (2.0, "resume"))
            assert in_words(caller.describe(), 0.5)[-3:] == [CALLEES, "music", CALLEES]

    played(test)


async def registered(stage: Stage, phone: Linphone) -> None:
    """Wait until the registrar has it."""
    await phone.told("LinphoneRegistrationOk")


@pytest.mark.interop("phone registers, is rung by its number", "linphone")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_registered_phone_is_rung_by_its_number(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        async with engine(tmp_path, instead=PHONES) as stage:
            stage.customer.answer = to(NUMBER)
            where: dict[str, Any] = {"registrar": stage.at(transport).port, "transport": transport}
            async with linphone(tmp_path, free_port(), user=USER, password=PASSWORD, **where) as phone:
                await registered(stage, phone)
                caller = stage.caller(bind="127.0.0.3")
                await talk(caller, phone)
            assert in_words(caller.describe(), 0.5)[-1] == CALLEES
            (leg,) = await stage.legs()
            assert leg.status == "completed"

    played(test)


@pytest.mark.interop("phone registers, calls an ExoPhone", "linphone")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_registered_phone_calls_an_exophone(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        async with engine(tmp_path, instead=PHONES) as stage:
            stage.customer.answer = to("+919812300001")
            near = stage.at(transport).port
            where: dict[str, Any] = {"registrar": near, "transport": transport}
            async with linphone(tmp_path, free_port(), user=USER, password=PASSWORD, **where) as phone:
                await registered(stage, phone)
                await phone.do(f"call sip:{EXOPHONE}@127.0.0.1:{near};transport={transport}")
                await phone.told("Call 1 with .* connected")
                await asyncio.sleep(3.0)
                await phone.do("terminate")
                await phone.told("Call 1 with .* ended")
                await asyncio.sleep(0.5)
            call, (leg,) = await stage.call(), await stage.legs()
            assert (call.call_type, leg.disconnected_by) == ("completed", "Caller")
            assert call.caller == NUMBER
            assert stage.customer.asked[0]["CallFrom"].endswith(NUMBER[-10:])

    played(test)
