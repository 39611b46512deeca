"""Whole calls over a network that loses, repeats and reorders (reliability.md F10, F11)."""

import pytest

from cordboard.call.words import Dial
from cordboard.testing.carrier import FarCaller
from cordboard.testing.pretend_doors import Asked
from cordboard.testing.scenario import (
    EVENTS,
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
from cordboard.testing.virtual_time import pause
from cordboard.testing.wire import Wire
from tests.world.helpers import A, B, C, D

CALLS = 20
_PHONES = {A: answers(3.0, 20.0), B: busy(0.5), C: Phone(early=1.0), D: answers(6.0, None)}
_WAVE = {"activate": True}
_REPLIES = (
    answer(A, dial_passthru_event_url=EVENTS),
    answer(B, A, record=True),
    answer(B, C, max_ringing_duration=10, dial_passthru_event_url=EVENTS),
    answer(A, C, D, parallel_ringing=_WAVE, dial_passthru_event_url=EVENTS),
    answer(D, max_conversation_duration=15),
)
_CALLERS = (Caller(), Caller(leaves=2.2), Caller(), Caller(leaves=12.0), Caller(leaves=0.3))


def _number(nth: int) -> str:
    return f"+9198765{nth:05d}"


def _reply(asked: Asked) -> Reply:
    return _REPLIES[int(asked.query["CallFrom"][-5:]) % len(_REPLIES)]


async def _evening(stage: Stage) -> None:
    """Twenty calls, one begun half a second after the other, each with its own plan and its own caller."""
    for nth in range(CALLS):
        stage.ring(_number(nth), script=_CALLERS[(nth // len(_REPLIES)) % len(_CALLERS)])
        await pause(0.5)


@pytest.mark.parametrize("answered", ["at_once", "late"])
@pytest.mark.parametrize("seed", range(1, 6))
def test_f10_f11_every_call_over_a_bad_network_ends_on_both_sides_with_one_row(
    seed: int, answered: str
) -> None:
    wire = Wire(seed, delay=0.03, loss=0.1, twice=0.1, late=0.1)
    scenario = Scenario(flow=connect_flow(answer=answered), phones=_PHONES)
    stage = act(_evening, scenario, wire=wire, seed=seed, replies=_reply)
    assert stage.left_over() == {}
    assert all(ended(caller) for caller in stage.callers)
    calls = stage.journal.rows("calls")
    assert sorted(row["caller"] for row in calls) == [_number(nth) for nth in range(CALLS)]
    assert all(row["ended_at"] is not None for row in calls)
    # the caller's INVITE, however often it arrived, was one call, and a call asks its URL once
    assert sorted(asked.query["CallFrom"][1:] for asked in stage.customer.asked) == [
        _number(nth)[3:] for nth in range(CALLS)
    ]
    dialled = [dial for call in stage.journal.calls() for dial in stage.journal.commands(call, Dial)]
    assert len(dialled) == len(stage.carrier.dialled) > CALLS
    assert len(stage.journal.rows("legs")) == len(dialled) + CALLS
    assert sum(one.lost for one in wire.passed) > 20


def ended(caller: FarCaller) -> bool:
    """It knows that its call is over, by an answer or a message of ours."""
    return caller.state == "over" and caller.ended_at is not None
