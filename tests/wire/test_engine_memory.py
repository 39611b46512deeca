"""What a call took is free again when it is over: an engine that serves for months must not wait for the
collector of circles, which looks at old objects once in half a million calls (runtime/loop.py)."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from cordboard.sip.dialog.words import Ended
from cordboard.testing.scenario import (
    NEVER_REPLIES,
    RINGS_OUT,
    Caller,
    Phone,
    Reply,
    Scenario,
    answer,
    answers,
    busy,
    connect_flow,
)
from cordboard.testing.stage import Stage, act

A, B, C = "+919812300001", "+919812300002", "+919812300003"
OURS = ("cordboard.legs", "cordboard.runtime", "cordboard.sip", "cordboard.flow", "cordboard.applets")
"""Not the far sides' own (cordboard.testing)."""


@contextmanager
def circles() -> Iterator[Counter[str]]:
    """What would have waited for the collector, by name; known when the block is over."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        names = (f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage)
        found.update(name for name in names if name.startswith(OURS))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


KINDS = {
    "the caller hangs up": Scenario(
        phones={A: answers(hangs_up=None)}, replies=(answer(A),), caller=Caller(leaves=9.0)
    ),
    "the callee hangs up": Scenario(phones={A: answers()}, replies=(answer(A),)),
    "the caller leaves while it rings": Scenario(
        phones={A: RINGS_OUT}, replies=(answer(A),), caller=Caller(leaves=4.0)
    ),
    "all at once": Scenario(
        phones={A: RINGS_OUT, B: answers(), C: busy()},
        replies=(answer(A, B, C, parallel_ringing={"activate": True}),),
    ),
    "one after another": Scenario(
        phones={A: busy(), B: NEVER_REPLIES, C: answers()}, replies=(answer(A, B, C), answer(B), answer(C))
    ),
    "recorded, held, limited": Scenario(
        phones={A: Phone(answers=1.0, early=0.5, holds=((3.0, True), (5.0, False)))},
        replies=(answer(A, record=True, recording_channels="dual", max_conversation_duration=20),),
    ),
    "answered late": Scenario(
        flow=connect_flow(answer="late"), phones={A: answers()}, replies=(answer(A, after=2.0),)
    ),
    "nobody to dial": Scenario(replies=(Reply(b"no JSON"),)),
}


def of_four_calls(kind: str) -> Scenario:
    """With replies for each of them, however often it asks."""
    return replace(KINDS[kind], replies=KINDS[kind].replies * 16)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_that_is_over_leaves_no_circles(kind: str) -> None:
    found: Counter[str] = Counter()

    async def script(stage: Stage) -> None:
        await stage.play()  # what is made once is made now
        await stage.settle()
        with circles() as left:
            for _ in range(3):
                await stage.play()
                await stage.settle()
        found.update(left)

    stage = act(script, of_four_calls(kind))
    assert len(stage.journal.calls()) == 4
    assert not found


UPSTAIRS = ("cordboard.legs", "cordboard.runtime", "cordboard.flow", "cordboard.applets")


def living() -> Counter[str]:
    """What there is above SIP, by name."""
    gc.collect()
    names = (f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects())
    return Counter(name for name in names if name.startswith(UPSTAIRS))


@pytest.mark.parametrize("kind", KINDS)
def test_while_stragglers_are_awaited_nothing_but_sip_is_kept_of_a_call(kind: str) -> None:
    """64·T1 after a call its transactions still take what is late (RFC 6026); its legs need not wait, too."""

    async def script(stage: Stage) -> None:
        await stage.play()
        await stage.settle()
        before = living()
        for _ in range(3):
            await stage.play()
        await stage.settle(8.0)
        assert stage.endpoint.load[0] > 0
        assert living() - before == Counter()

    act(script, of_four_calls(kind))


def test_what_waits_for_the_collector_is_found() -> None:
    with circles() as left:
        one = Ended(False, (), "")
        object.__setattr__(one, "why", [one])
        del one
    assert left == {"cordboard.sip.dialog.words.Ended": 1}
