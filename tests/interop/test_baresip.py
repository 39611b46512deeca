"""We call baresip: a whole softphone, with audio both ways."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.tones import caller_tone_of, tone_of
from tests.free_ports import free_port
from tests.interop.baresip import NUMBER, TONE, Baresip, baresip
from tests.interop.certificates import papers
from tests.interop.house import CALLER, EXOPHONE, Stage, engine, in_words, parts_of, played, to
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("needs_baresip")

CALLERS, CALLEES = f"{caller_tone_of(CALLER)} Hz", f"{TONE} Hz"


async def ring(caller: ScriptedCaller, phone: Baresip, *then: tuple[float, str]) -> None:
    """Ring; once the phone has answered: a pause and a command for it, in turn. ``caller hangs up`` and
    ``key`` with a digit are the caller's."""

    async def act() -> None:
        await phone.told("CALL_ESTABLISHED")
        for seconds, command in then:
            await asyncio.sleep(seconds)
            word, _, rest = command.partition(" ")
            if command == "caller hangs up":
                caller.hang_up()
            elif word == "key":
                caller.press(rest)
            else:
                await phone.do(word, rest)

    async with asyncio.TaskGroup() as group:
        group.create_task(act())
        await caller.ring(longest=20.0)


def assert_one_stream(caller: ScriptedCaller) -> None:
    """telephony.md 18: one SSRC, no hole of more than 40 ms by RTP timestamps."""
    assert len({packet.ssrc for packet in caller.packets}) == 1
    steps = [(b.timestamp - a.timestamp) % 2**32 / 8 for a, b in pairwise(caller.packets)]
    assert max(steps) <= 40, f"a hole of {max(steps)} ms"


@pytest.mark.interop("call out, audio both ways", "baresip")
@pytest.mark.interop("recording, a side in each channel", "baresip")
@pytest.mark.parametrize(("codec", "transport"), [("PCMA", "udp"), ("PCMU", "tcp")])
def test_caller_and_callee_hear_each_other_and_the_recording_holds_one_in_each_channel(
    tmp_path: Path, codec: str, transport: str
) -> None:
    """The caller speaks A-law whatever the callee's law is (telephony.md 6)."""

    async def test() -> None:
        port = free_port()
        async with engine(tmp_path, port, transport) as stage:
            stage.customer.answer = to(NUMBER, record=True, recording_channels="dual")
            caller = stage.caller()
            async with baresip(tmp_path, port, codec=codec) as phone:
                await ring(caller, phone, (3.0, "caller hangs up"))
                await phone.told("CALL_CLOSED")
            assert f"Set audio decoder: {codec}" in phone.log
            assert in_words(caller.describe(), 0.5) == [CALLEES]
            assert in_words(parts_of(phone.heard)) == [CALLERS]
            assert len(phone.heard) > 2.5 * 8000
            assert {packet.payload_type for packet in caller.packets} == {8}
            assert_one_stream(caller)
            left, right = await stage.channels()
            assert (in_words(parts_of(left)), in_words(parts_of(right))) == ([CALLERS], [CALLEES])
            assert 2.8 < len(left) / 8000 < 3.3
            await assert_talked(stage, "Caller")

    played(test)


async def assert_talked(stage: Stage, by: str) -> None:
    """One leg, connected, ended by this side; its audio was counted."""
    call, (leg,) = await stage.call(), await stage.legs()
    assert (call.call_type, call.answered_by, leg.disconnected_by) == ("completed", NUMBER, by)
    assert leg.packets_in > 100 and leg.packets_out > 100 and leg.foreign_packets == 0


@pytest.mark.interop("hold music, announcement", "baresip")
def test_hold_music_then_the_announcement_for_both_then_the_callee(tmp_path: Path) -> None:
    """The phone rings until its user accepts, a second and a half later."""

    async def test() -> None:
        port = free_port()
        async with engine(tmp_path, port) as stage:
            said = {"playback_to": "both", "type": "text", "value": "Connecting you now."}
            stage.customer.answer = to(NUMBER, start_call_playback=said)
            caller = stage.caller()
            async with baresip(tmp_path, port, answers=False) as phone:

                async def accept() -> None:
                    await phone.told("CALL_INCOMING")
                    await asyncio.sleep(1.5)
                    await phone.do("accept")

                async with asyncio.TaskGroup() as group:
                    group.create_task(accept())
                    await ring(caller, phone, (3.5, "caller hangs up"))
            heard = in_words(caller.describe(), 0.5)
            assert heard == ["music", "speech", CALLEES]
            assert in_words(parts_of(phone.heard), 0.5) == ["speech", CALLERS]
            assert_one_stream(caller)
            leg = (await stage.legs())[0]
            assert leg.ringing_at is not None and leg.answered_at is not None
            assert 1.4 < leg.answered_at - leg.ringing_at < 2.5

    played(test)


@pytest.mark.interop("hold, resume", "baresip")
@pytest.mark.interop("BYE from the callee", "baresip")
def test_a_callee_that_holds_resumes_and_hangs_up(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(NUMBER, record=True, recording_channels="dual")
            caller = stage.caller()
            async with baresip(tmp_path, port) as phone:
                await ring(caller, phone, (1.5, "hold"), (2.0, "resume"), (1.5, "hangup"))
            assert in_words(caller.describe(), 0.5) == [CALLEES, "music", CALLEES]
            left, right = await stage.channels()
            assert in_words(parts_of(left), 0.5) == [CALLERS, "silence", CALLERS]
            assert in_words(parts_of(right), 0.5) == [CALLEES, "silence", CALLEES]
            assert 130 < phone.packets_received < 170, "nothing is sent to it while it holds"
            await assert_talked(stage, "Callee")
            assert caller.steps[-1].what == "BYE received"

    played(test)


@pytest.mark.interop("digits (RFC 4733) both ways", "baresip")
def test_digits_pass_in_both_directions_as_telephone_events(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(NUMBER)
            caller = stage.caller()
            async with baresip(tmp_path, port) as phone:
                keys = [(0.4, f"key {key}") for key in "42#"]
                codes = [(0.6, f"sndcode {key}") for key in "57"]
                await ring(caller, phone, *keys, *codes, (0.8, "caller hangs up"))
            received = [line for line in phone.log.splitlines() if "received event" in line]
            assert [line.split("'")[1] for line in received if "(end=1)" in line] == list("42#")
            assert caller.digits == "57"

    played(test)


@pytest.mark.interop("busy", "baresip")
def test_a_user_who_rejects_the_ringing_call_is_busy(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(NUMBER)
            async with baresip(tmp_path, port, answers=False) as phone:

                async def reject() -> None:
                    await phone.told("CALL_INCOMING")
                    await phone.do("hangup")

                async with asyncio.TaskGroup() as group:
                    group.create_task(reject())
                    await stage.caller().ring(longest=10.0)
            call, (leg,) = await stage.call(), await stage.legs()
            assert (leg.status, leg.code) == ("busy", 486)
            assert (call.call_type, call.dial_status) == ("incomplete", "busy")

    played(test)


USER, PASSWORD = "asha", "correct-horse-battery"
PHONES: dict[str, Any] = {"phones": [{"user": USER, "password": PASSWORD, "number": NUMBER}]}
SECURELY = [
    ("udp", False),
    ("tcp", False),
    pytest.param("tls", False, marks=pytest.mark.interop("SIP over TLS", "baresip")),
    pytest.param("tls", True, marks=pytest.mark.interop("SRTP (SDES) over TLS", "baresip")),
]
"""Transport, and whether both sides insist on SRTP."""


@asynccontextmanager
async def home(place: Path, transport: str, srtp: bool) -> AsyncIterator[tuple[Stage, Baresip]]:
    """An engine and a phone that has registered there. libre 1.0 gives up where SHA-256 is offered too, and
    tries again half a minute later, when it is offered MD5 alone; here the engine knows that at once."""
    shown = papers(place)
    (one,) = PHONES["phones"]
    sections = {"phones": [one | {"srtp": "required" if srtp else "no"}], "sip": shown.listening()}
    async with engine(place, instead=sections) as stage:
        running = stage.house.engine
        assert running is not None and running._phones is not None
        running._phones.registrar._offers.answered("127.0.0.1", USER, "MD5")
        where: dict[str, Any] = {"registrar": stage.at(transport).port, "transport": transport, "srtp": srtp}

        async def there() -> bool:
            return bool(running.phones()[0]["registered"])

        async with baresip(
            place, free_port(), user=USER, password=PASSWORD, papers=shown, **where
        ) as program:
            await until(there)
            yield stage, program


@pytest.mark.interop("phone registers, is rung by its number", "baresip")
@pytest.mark.parametrize(("transport", "srtp"), SECURELY)
def test_a_registered_phone_is_rung_by_its_number(tmp_path: Path, transport: str, srtp: bool) -> None:
    async def test() -> None:
        async with home(tmp_path, transport, srtp) as (stage, phone):
            stage.customer.answer = to(NUMBER)
            caller = stage.caller()
            await ring(caller, phone, (3.0, "caller hangs up"))
            await phone.told("CALL_CLOSED")
            await asyncio.sleep(0.5)
            assert in_words(caller.describe(), 0.5) == [CALLEES]
            assert in_words(parts_of(phone.heard)) == [CALLERS]
            await assert_talked(stage, "Caller")

    played(test)


@pytest.mark.interop("phone registers, calls an ExoPhone", "baresip")
@pytest.mark.parametrize(("transport", "srtp"), SECURELY)
def test_a_registered_phone_calls_an_exophone(tmp_path: Path, transport: str, srtp: bool) -> None:
    """As itself; it hears whom the flow dials, who hears it."""

    async def test() -> None:
        other = "+919812300055"
        async with home(tmp_path, transport, srtp) as (stage, phone):
            stage.customer.answer = to(other)
            where = f"127.0.0.1:{stage.at(transport).port};transport={transport}"
            await phone.do("dial", f"sip:{EXOPHONE}@{where}")
            await phone.told("CALL_ESTABLISHED")
            await asyncio.sleep(5.0)
            heard = parts_of(stage.phone(other).heard)
            await phone.do("hangup")
            await phone.told("CALL_CLOSED")
            await asyncio.sleep(0.5)
            assert in_words(heard, 0.5) == [CALLEES]
            assert f"{5 * round(tone_of(other) / 5)} Hz" in in_words(parts_of(phone.heard), 0.5)
            call = await stage.call()
            assert (call.caller, call.exophone, call.dial_status) == (NUMBER, EXOPHONE, "completed")

    played(test)


@pytest.mark.interop("wrong password refused", "baresip")
def test_a_wrong_password_does_not_register(tmp_path: Path) -> None:
    async def test() -> None:
        async with engine(tmp_path, instead=PHONES) as stage:
            where: dict[str, Any] = {"registrar": stage.at().port, "user": USER, "password": "wrong-password"}
            async with baresip(tmp_path, free_port(), **where):
                await asyncio.sleep(1.5)
            assert stage.house.engine is not None
            assert [one["registered"] for one in stage.house.engine.phones()] == [0]

    played(test)
