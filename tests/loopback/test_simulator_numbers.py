"""interface.md, numbers to try without a carrier: each over real SIP and RTP on loopback."""

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

import pytest

from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.simulator import Simulator
from cordboard.simulator.tones import tone_of
from cordboard.sip.dialog.words import Reason

LIMIT = 12.0


def run(play: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(play, LIMIT + 3))


async def called(
    number: str, hang_up_after: float | None = 0.8, longest: float = LIMIT
) -> tuple[ScriptedCaller, Simulator]:
    """One call to a scripted phone, made to its end."""
    clock, tokens = SystemClock(), SystemTokens()
    simulator = Simulator(clock, tokens)
    caller = ScriptedCaller(await simulator.start(), number, "+919812300077", clock=clock, tokens=tokens)
    try:
        await caller.ring(hang_up_after=hang_up_after, longest=longest)
        await asyncio.sleep(0.1)  # what was sent last arrives
    finally:
        await simulator.close()
    return caller, simulator


def times(caller: ScriptedCaller) -> dict[str, float]:
    return {step.what: step.at for step in caller.steps}


@pytest.mark.parametrize(("last", "after"), [("01", 1.0), ("42", 2.0)])
def test_talkers_answer_and_speak_their_tone(last: str, after: float) -> None:
    async def play() -> None:
        number = f"+9198765432{last}"
        caller, simulator = await called(number)
        assert caller.code == 200
        assert times(caller)["200 answered"] == pytest.approx(after, abs=0.5)
        tones = [one for one in caller.describe() if one.what == "tone"]
        assert [one.hertz for one in tones] == [(tone_of(number),)]
        phone = simulator.of(number)
        assert phone.finished and phone.reasons == (Reason("Q.850", 16, "Normal call clearing"),)
        assert len(phone.heard) > 4000
        stamps = [packet.timestamp for packet in caller.packets]
        steps = [(later - earlier) % 2**32 for earlier, later in itertools.pairwise(stamps)]
        assert all(step % 160 == 0 for step in steps) and steps.count(160) > 0.9 * len(steps)

    run(play())


@pytest.mark.parametrize(
    ("last", "code", "after"), [("02", 486, 0.1), ("04", 603, 1.0), ("05", 503, 0.0), ("10", 404, 0.0)]
)
def test_refusals(last: str, code: int, after: float) -> None:
    async def play() -> None:
        caller, _ = await called(f"+9198765432{last}")
        assert caller.code == code and not caller.answered
        assert caller.steps[-1].at == pytest.approx(after, abs=0.5)

    run(play())


def test_03_rings_until_it_is_cancelled() -> None:
    async def play() -> None:
        caller, simulator = await called("+919876543203", longest=1.0)
        assert caller.code == 487 and "180 Ringing" in times(caller)
        phone = simulator.of("+919876543203")
        assert phone.cancelled and phone.reasons[0].cause == 16

    run(play())


def test_06_answers_and_hangs_up_after_three_seconds() -> None:
    async def play() -> None:
        caller, _ = await called("+919876543206", hang_up_after=None)
        at = times(caller)
        assert at["BYE received"] - at["200 answered"] == pytest.approx(3.0, abs=0.5)

    run(play())


def test_07_announces_in_early_media_then_480() -> None:
    async def play() -> None:
        caller, _ = await called("+919876543207")
        assert caller.code == 480 and not caller.answered
        assert "183 Session Progress" in times(caller)
        hertz = [one.hertz for one in caller.describe() if one.what == "tone"]
        assert hertz == [(950,), (1400,), (1800,), (tone_of("07"),)]

    run(play())


def test_08_answers_at_once_and_is_silent() -> None:
    async def play() -> None:
        caller, _ = await called("+919876543208")
        assert times(caller)["200 answered"] < 0.3
        assert [one.what for one in caller.describe()] == ["silence"]

    run(play())


def test_09_never_replies() -> None:
    async def play() -> None:
        clock, tokens = SystemClock(), SystemTokens()
        simulator = Simulator(clock, tokens)
        caller = ScriptedCaller(
            await simulator.start(), "+919876543209", "+91981", clock=clock, tokens=tokens
        )
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(caller.ring(longest=60), 1.5)
        await simulator.close()
        assert caller.steps == [] and simulator.phones == ()

    run(play())


def test_keys_and_tones_reach_the_phone() -> None:
    async def play() -> None:
        clock, tokens = SystemClock(), SystemTokens()
        simulator = Simulator(clock, tokens)
        caller = ScriptedCaller(
            await simulator.start(), "+919876543208", "+919812300077", clock=clock, tokens=tokens
        )
        await caller.ring(keys="19#", hang_up_after=2.2)
        phone = simulator.of("+919876543208")
        await simulator.close()
        assert phone.digits == "19#"
        assert caller.hung_up_by_us and caller.steps[-1].what

    run(play())
