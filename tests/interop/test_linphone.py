"""linphone: a softphone that registers here, rings ExoPhones and is rung by its number."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.tones import caller_tone_of, tone_of
from tests.free_ports import free_port
from tests.interop.certificates import papers
from tests.interop.house import CALLER, EXOPHONE, Stage, engine, in_words, parts_of, played, to
from tests.interop.linphone import TONE, Linphone, linphone

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


@pytest.mark.interop("call out, audio both ways", "linphone")
@pytest.mark.interop("recording, a side in each channel", "linphone")
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


@pytest.mark.interop("hold, resume", "linphone")
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


SECURELY = [
    ("udp", False),
    ("tcp", False),
    pytest.param("tls", False, marks=pytest.mark.interop("SIP over TLS", "linphone")),
    pytest.param("tls", True, marks=pytest.mark.interop("SRTP (SDES) over TLS", "linphone")),
]
"""Transport, and whether both sides insist on SRTP."""


@asynccontextmanager
async def home(place: Path, transport: str, srtp: bool) -> AsyncIterator[tuple[Stage, Linphone]]:
    """An engine and a phone that has registered there."""
    shown = papers(place)
    (phone,) = PHONES["phones"]
    sections = PHONES | {
        "sip": shown.listening(),
        "phones": [phone | {"srtp": "required" if srtp else "no"}],
    }
    async with engine(place, instead=sections) as stage:
        where: dict[str, Any] = {
            "registrar": stage.at(transport).port,
            "transport": transport,
            "srtp": srtp,
            "ca": shown.ca,
        }
        async with linphone(place, free_port(), user=USER, password=PASSWORD, **where) as program:
            await program.told("LinphoneRegistrationOk")
            yield stage, program


@pytest.mark.interop("certificate of an unknown authority refused", "linphone")
def test_it_does_not_register_where_another_authority_signed(tmp_path: Path) -> None:
    async def test() -> None:
        (tmp_path / "other").mkdir()
        shown, other = papers(tmp_path), papers(tmp_path / "other")
        async with engine(tmp_path, instead=PHONES | {"sip": shown.listening()}) as stage:
            where: dict[str, Any] = {"registrar": stage.at("tls").port, "transport": "tls", "ca": other.ca}
            async with linphone(tmp_path, free_port(), user=USER, password=PASSWORD, **where) as phone:
                await phone.told("SSL handshake failed : X509")
            assert stage.house.engine is not None
            assert [one["registered"] for one in stage.house.engine.phones()] == [0]

    played(test)


@pytest.mark.interop("phone registers, is rung by its number", "linphone")
@pytest.mark.parametrize(("transport", "srtp"), SECURELY)
def test_a_registered_phone_is_rung_by_its_number(tmp_path: Path, transport: str, srtp: bool) -> None:
    async def test() -> None:
        async with home(tmp_path, transport, srtp) as (stage, phone):
            stage.customer.answer = to(NUMBER)
            caller = stage.caller(bind="127.0.0.3")
            await talk(caller, phone)
            await asyncio.sleep(0.5)
            assert in_words(caller.describe(), 0.5)[-1] == CALLEES
            assert in_words(parts_of(phone.heard), 0.5) == [CALLERS]
            (leg,) = await stage.legs()
            assert leg.status == "completed"

    played(test)


@pytest.mark.interop("phone registers, calls an ExoPhone", "linphone")
@pytest.mark.parametrize(("transport", "srtp"), SECURELY)
def test_a_registered_phone_calls_an_exophone(tmp_path: Path, transport: str, srtp: bool) -> None:
    """As itself; it hears whom the flow dials, who hears it."""

    async def test() -> None:
        other = "+919812300055"
        async with home(tmp_path, transport, srtp) as (stage, phone):
            stage.customer.answer = to(other)
            host = "localhost" if transport == "tls" else "127.0.0.1"
            where = f"{host}:{stage.at(transport).port};transport={transport}"
            await phone.do(f"call sip:{EXOPHONE}@{where}")
            await phone.told("Call 1 with .* connected")
            await asyncio.sleep(5.0)
            heard = parts_of(stage.phone(other).heard)
            await phone.do("terminate")
            await phone.told("Call 1 with .* ended")
            await asyncio.sleep(0.5)
            assert in_words(heard, 0.5) == [CALLEES]
            assert f"{5 * round(tone_of(other) / 5)} Hz" in in_words(parts_of(phone.heard), 0.5)
            call, (leg,) = await stage.call(), await stage.legs()
            assert (call.call_type, leg.disconnected_by) == ("completed", "Caller")
            assert call.caller == NUMBER
            assert stage.customer.asked[0]["CallFrom"].endswith(NUMBER[-10:])

    played(test)
