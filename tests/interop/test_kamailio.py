"""Kamailio between us and the callee, and between the caller and us: a proxy that stays in the dialog."""

import asyncio
from pathlib import Path

import pytest

from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.tones import caller_tone_of
from cordboard.sip.endpoint.words import Address
from tests.free_ports import free_port
from tests.interop.baresip import NUMBER, TONE, Baresip, baresip
from tests.interop.certificates import papers
from tests.interop.house import CALLER, EXOPHONE, Stage, engine, in_words, parts_of, played, to
from tests.interop.kamailio import PASSWORD, USER, kamailio
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("needs_kamailio", "needs_baresip")

CALLERS, CALLEES = f"{caller_tone_of(CALLER)} Hz", f"{TONE} Hz"


def caller_through(port: int, transport: str = "udp") -> ScriptedCaller:
    """A caller whose calls go through the proxy on this port."""
    clock, tokens = SystemClock(), SystemTokens()
    return ScriptedCaller(Address(transport, "127.0.0.1", port), EXOPHONE, CALLER, clock=clock, tokens=tokens)


async def talk(caller: ScriptedCaller, phone: Baresip, seconds: float = 2.0) -> None:
    """Ring; hang up so long after the phone has answered."""

    async def act() -> None:
        await phone.told("CALL_ESTABLISHED")
        await asyncio.sleep(seconds)
        caller.hang_up()

    async with asyncio.TaskGroup() as group:
        group.create_task(act())
        await caller.ring(longest=20.0)
    await phone.told("CALL_CLOSED")


async def registered(stage: Stage) -> None:
    """Wait until the trunk can dial."""

    async def able() -> bool:
        assert stage.house.engine is not None
        return bool(stage.house.engine.legs.able())

    await until(able, 5.0)


@pytest.mark.interop("Record-Route, loose routes", "Kamailio")
@pytest.mark.interop("call in", "Kamailio")
@pytest.mark.interop("call out, audio both ways", "Kamailio")
@pytest.mark.parametrize(
    "transport",
    [
        "udp",
        "tcp",
        pytest.param("tls", marks=pytest.mark.interop("SIP over TLS", "Kamailio")),
    ],
)
def test_calls_in_and_out_through_a_proxy_that_stays_in_the_path(tmp_path: Path, transport: str) -> None:
    """``transport``: between it and us; UDP beyond it."""

    async def test() -> None:
        proxy, far, shown = free_port(), free_port(), papers(tmp_path)
        port, keys = proxy + (transport == "tls"), {"tls_ca": str(shown.ca)}
        async with engine(tmp_path, port, transport, keys=keys, instead={"sip": shown.listening()}) as stage:
            stage.customer.answer = to(NUMBER)
            near = stage.at(transport).port
            async with (
                kamailio(tmp_path, port=proxy, engine=near, far=far, transport=transport, papers=shown),
                baresip(tmp_path, far) as phone,
            ):
                caller = caller_through(proxy)
                await talk(caller, phone)
            assert in_words(caller.describe(), 0.5) == [CALLEES]
            assert in_words(parts_of(phone.heard)) == [CALLERS]
            call, (leg,) = await stage.call(), await stage.legs()
            assert (call.call_type, leg.disconnected_by) == ("completed", "Caller")

    played(test)


@pytest.mark.interop("digest of a trunk that challenges (407)", "Kamailio")
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_carrier_that_challenges_our_invite_gets_the_trunks_credentials(
    tmp_path: Path, algorithm: str
) -> None:
    async def test() -> None:
        proxy, far = free_port(), free_port()
        keys = {"username": USER, "password": PASSWORD}
        async with engine(tmp_path, proxy, keys=keys) as stage:
            stage.customer.answer = to(NUMBER)
            options = {"engine": stage.at().port, "far": far, "challenges": True, "algorithm": algorithm}
            async with (
                kamailio(tmp_path, port=proxy, **options),  # type: ignore[arg-type]
                baresip(tmp_path, far) as phone,
            ):
                await talk(caller_through(proxy), phone, 1.0)
            call, (leg,) = await stage.call(), await stage.legs()
            assert (call.call_type, leg.status) == ("completed", "completed")

    played(test)


@pytest.mark.interop("registration with a trunk", "Kamailio")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_our_trunk_registers_and_gets_its_calls_there(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        proxy, far = free_port(), free_port()
        keys = {"username": USER, "password": PASSWORD, "register": True, "did_from": "to"}
        async with (
            kamailio(tmp_path, port=proxy, far=far, challenges=True, registers=True),
            baresip(tmp_path, far) as phone,
            engine(tmp_path, proxy, transport, keys=keys) as stage,
        ):
            stage.customer.answer = to(NUMBER)
            await registered(stage)
            await talk(caller_through(proxy), phone, 1.0)
            call, (leg,) = await stage.call(), await stage.legs()
            assert (call.call_type, leg.status) == ("completed", "completed")

    played(test)
