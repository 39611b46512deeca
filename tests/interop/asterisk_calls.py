"""Calls to Asterisk that several test modules make."""

import asyncio
from pathlib import Path
from typing import Any

from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.tones import caller_tone_of
from tests.free_ports import free_port
from tests.interop.asterisk import TONE, asterisk
from tests.interop.house import CALLER, Stage, engine, in_words, to
from tests.waiting import until

NUMBER = "+9198123000"
"""And two digits that say what Asterisk does (``asterisk.asterisk``)."""

CALLERS, CALLEES = f"{caller_tone_of(CALLER)} Hz", f"{TONE} Hz"


async def answered(stage: Stage, caller: ScriptedCaller, seconds: float, *keys: str) -> None:
    """Ring; press the keys and hang up so long after the callee has answered."""

    async def act() -> None:
        assert stage.house.engine is not None

        async def talking() -> bool:
            return bool(await stage.calls()) and any("answered" in step.what for step in caller.steps)

        await until(talking)
        await asyncio.sleep(1.0)
        for key in keys:
            caller.press(key)
            await asyncio.sleep(0.3)
        await asyncio.sleep(seconds)
        caller.hang_up()

    async with asyncio.TaskGroup() as group:
        group.create_task(act())
        await caller.ring(longest=seconds + 30.0)


async def one_call(
    place: Path,
    kind: str,
    seconds: float = 2.0,
    *keys: str,
    transport: str = "udp",
    trunk: dict[str, object] | None = None,
    answer: dict[str, object] | None = None,
    **peer: Any,
) -> tuple[Stage, ScriptedCaller, Any, Any, str]:
    """A call to Asterisk's ``kind``: the stage, the caller, the call's row, its leg's, Asterisk's log."""
    port = free_port()
    async with engine(place, port, transport, keys=trunk) as stage:
        stage.customer.answer = to(NUMBER + kind, **(answer or {}))
        async with asterisk(port, stage.at(transport).port, transport=transport, **peer) as pbx:
            caller = stage.caller()
            await answered(stage, caller, seconds, *keys)
            call, (leg,) = await stage.call(), await stage.legs()
            log = (pbx.log.parent / "out/log").read_text(errors="replace")
            return stage, caller, call, leg, log


async def tone_heard(place: Path, kind: str = "08", **options: Any) -> None:
    """One call whose callee's tone is heard, and which ends as it should."""
    _, caller, call, leg, _ = await one_call(place, kind, **options)
    assert in_words(caller.describe(), 0.5)[-1] == CALLEES
    assert (call.call_type, leg.status) == ("completed", "completed")
