"""What goes wrong inside: a fault of ours, no media port, a full disk. One call may end by it, never the
engine, and every call that began has its record."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cordboard.call.words import (
    CallerArrived,
    CallerHungUp,
    CallOrdered,
    Event,
    Fetched,
    LegAnswered,
    LegEnded,
    LegRinging,
    Played,
    SoundReady,
    TimePassed,
)
from cordboard.contract.callbacks import Wanted
from cordboard.flow.runner import Runner
from cordboard.kernel.mistakes import Unavailable
from cordboard.runtime.flow_table import FlowTable
from cordboard.testing.scenario import (
    CALLER,
    RINGS_OUT,
    Caller,
    Scenario,
    answer,
    answers,
    connect_flow,
    ordered,
)
from cordboard.testing.stage import EXCHANGE, Stage, act
from cordboard.testing.virtual_time import pause
from tests.wire.engine import both_modes, call, call_row, leg_row, next_request, numbers, onward, sent
from tests.world.helpers import A, B

NEXT = "+919876500002"
SPEECH = {"playback_to": "both", "type": "text", "value": "Hello."}


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[type]]:
    """The machine stumbles over events of these kinds in the first caller's calls."""
    kinds: list[type] = []
    real = Runner.step

    def step(self: Runner, state: Any, event: Event, now: float) -> Any:
        if type(event) in kinds and state.facts.caller == CALLER:
            raise RuntimeError("planted by a test")
        return real(self, state, event, now)

    monkeypatch.setattr(Runner, "step", step)
    yield kinds


@both_modes
@pytest.mark.parametrize(
    "kind",
    [
        CallerArrived,
        Fetched,
        SoundReady,
        LegRinging,
        LegAnswered,
        Played,
        TimePassed,
        LegEnded,
        CallerHungUp,
    ],
)
def test_a_fault_of_ours_ends_that_call_and_no_other(kind: type, mode: str, breaks: list[type]) -> None:
    breaks.append(kind)
    # rung out, then answered: by the end of this call every kind of event has come
    reply = answer(B, A, max_ringing_duration=10, start_call_playback=SPEECH)
    hangs_up = 9.0 if kind is LegEnded else None

    async def two_calls(stage: Stage) -> None:
        stage.ring(script=Caller(leaves=40.0))
        await pause(60.0)
        stage.ring(NEXT, script=Caller(leaves=40.0))

    scenario = Scenario(
        flow=connect_flow(answer=mode),
        phones={A: answers(2.0, hangs_up), B: RINGS_OUT},
        replies=(reply,) * (1 if kind is CallerArrived else 2),
    )
    stage = act(two_calls, scenario)
    assert stage.left_over() == {"faults": 1}
    broken, whole = stage.journal.rows("calls")
    assert broken["outcome"] == "fault" and broken["ended_at"] is not None
    assert (whole["caller"], whole["call_type"], whole["outcome"]) == (NEXT, "completed", "")
    assert len(stage.journal.rows("legs", broken["key"][0])) == 1 + len(stage.carrier.rung) - 2


def test_without_a_media_port_a_caller_gets_503_and_no_call_begins() -> None:
    stage = call({}, answer(), ports=0)
    assert len(sent(stage, "503 INVITE", EXCHANGE)) == 1
    assert stage.journal.lines == [] and stage.customer.asked == []


@both_modes
def test_without_a_media_port_a_number_fails_and_the_call_goes_on(mode: str) -> None:
    stage = call({A: answers(), B: answers()}, answer(A, B), answer(), flow=onward(mode), ports=1)
    assert numbers(stage) == []
    path, query = next_request(stage)
    assert (path, query["CallType"], query["DialCallStatus"]) == ("/nobody", "incomplete", "failed")
    assert leg_row(stage, 1)["cause"] == "failed" and leg_row(stage, 2)["cause"] == "failed"


@both_modes
def test_f5_a_full_disk_ends_no_call_and_loses_no_line_of_it(mode: str) -> None:
    async def disk(stage: Stage) -> None:
        stage.ring()
        await pause(1.0)
        stage.journal.fill(True)
        await pause(20.0)
        refused = stage.ring(NEXT)
        await pause(9.0)
        assert refused.final == 503
        stage.journal.fill(False)

    reply = answer(A, record=True, dial_passthru_event_url="http://customer.example/events")
    scenario = Scenario(connect_flow(answer=mode), {A: answers(4.0, 12.0)}, (reply,))
    stage = act(disk, scenario)
    assert stage.left_over() == {}
    assert call_row(stage)["talk_seconds"] == 12 and call_row(stage)["ended_at"] is not None
    assert [row["kind"] for row in stage.journal.rows("outbox")] == ["Dial", "Terminal"]
    assert [row["state"] for row in stage.journal.rows("recordings")] == ["whole"]
    steps = stage.journal.replayed(stage.sid)
    assert len(steps) == 5 and all(step.same for step in steps)


def test_s12_calls_that_nobody_answers_or_ends_give_their_ports_back() -> None:
    """More INVITEs than there are ports, and nobody ever answers, cancels or hangs up."""

    async def crowd(stage: Stage) -> None:
        callers = []
        for number in range(40):
            callers.append(stage.ring(f"+9198765{number:05}"))
            await pause(0.05)
        await pause(0.2)
        assert {caller.final for caller in callers[-5:]} == {503}, "and they know it at once"
        await pause(90.0)
        assert stage.media.ports_taken == 0
        stage.ring(NEXT)
        await pause(1.0)
        assert stage.media.ports_taken > 0, "a new call has its port"

    stage = act(crowd, Scenario(phones={A: RINGS_OUT}, replies=(answer(A),)), ports=30)
    assert stage.left_over() == {}


def test_a_fault_before_a_call_is_there_refuses_its_caller_and_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = FlowTable.of

    def of(self: FlowTable, id: int) -> Any:
        if not broken:
            return real(self, id)
        raise KeyError(broken.pop())

    broken = ["planted by a test"]
    monkeypatch.setattr(FlowTable, "of", of)

    async def two(stage: Stage) -> None:
        first = stage.ring()
        await pause(1.0)
        assert first.final == 500
        assert stage.legs.taken["callers"] == 0
        stage.ring(NEXT, script=Caller(leaves=5.0))

    stage = act(two, Scenario(phones={A: RINGS_OUT}, replies=(answer(A),)))
    assert stage.left_over() == {"faults": 1}
    assert call_row(stage)["caller"] == NEXT


# --- calls by API -------------------------------------------------------------------------------------------

CALLBACK = Wanted("http://cb.example/x", ("terminal", "answered"), "application/json")


def told(stage: Stage) -> list[tuple[str, str]]:
    """(event, status) of the callbacks."""
    bodies = [json.loads(row["body"]) for row in stage.journal.rows("outbox")]
    return [(body["EventType"], body["Status"]) for body in bodies]


@pytest.mark.parametrize("kind", [CallOrdered, LegRinging, LegAnswered, Fetched, TimePassed, LegEnded])
def test_a_fault_in_a_call_by_api_ends_it_and_who_asked_for_it_is_told(
    kind: type, breaks: list[type]
) -> None:
    breaks.append(kind)
    scenario = Scenario(
        phones={CALLER: answers(2.0, 4.0 if kind is LegEnded else None), A: RINGS_OUT},
        replies=(answer(A, max_ringing_duration=5),),
        order=ordered(limit_seconds=20.0),
    )

    async def script(stage: Stage) -> None:
        await stage.play(CALLBACK)

    stage = act(script, scenario)
    assert stage.left_over() == {"faults": 1}
    row = call_row(stage)
    assert row["outcome"] == "fault" and row["ended_at"] is not None and row["callback"] == ""
    early = kind in (CallOrdered, LegRinging, LegAnswered)
    ends = [("terminal", "failed")] if early else [("answered", "in-progress"), ("terminal", "completed")]
    assert told(stage) == ends


def test_f5_with_a_full_disk_no_call_by_api_begins_and_one_that_lives_goes_on() -> None:
    async def disk(stage: Stage) -> None:
        await stage.play(CALLBACK)
        await pause(5.0)
        stage.journal.fill(True)
        with pytest.raises(Unavailable):
            stage.order(ordered(A), CALLBACK)
        assert stage.switchboard.live == 1
        await pause(30.0)
        assert stage.switchboard.live == 0
        stage.journal.fill(False)

    scenario = Scenario(
        phones={CALLER: answers(2.0, 12.0), A: answers(1.0, None)}, replies=(answer(A),), order=ordered()
    )
    stage = act(disk, scenario)
    assert stage.left_over() == {}
    assert told(stage) == [
        ("answered", "in-progress"),
        ("answered", "in-progress"),
        ("terminal", "completed"),
    ]


def test_without_a_media_port_a_call_by_api_fails_and_that_is_told() -> None:
    async def script(stage: Stage) -> None:
        await stage.play(CALLBACK)

    stage = act(script, Scenario(phones={CALLER: answers()}, order=ordered()), ports=0)
    assert stage.left_over() == {} and numbers(stage) == []
    assert told(stage) == [("terminal", "failed")]


def test_contract_6_3_a_call_by_api_that_we_give_up_while_it_rings_has_failed() -> None:
    """The platform's callbacks know four words, ``canceled`` is none of them."""

    async def script(stage: Stage) -> None:
        await stage.play(CALLBACK)

    stage = act(script, Scenario(phones={CALLER: RINGS_OUT}, order=ordered(), stops=5.0))
    assert stage.left_over() == {}
    assert told(stage) == [("terminal", "failed")] and call_row(stage)["status"] == "failed"
