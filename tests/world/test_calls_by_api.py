"""Calls that the API began: leg 0 is dialled first, then the flow runs as for any caller (settled 6)."""

import json
from typing import Any

import pytest

from cordboard.call.causes import Cause
from cordboard.call.scene import HoldMusic, Party
from cordboard.call.words import (
    AnswerCaller,
    Bridge,
    CallerHungUp,
    Dial,
    EndCall,
    Fetch,
    HangUpCaller,
    LegAnswered,
    LegEnded,
    Note,
    ProgressCaller,
    RejectCaller,
    Release,
)
from cordboard.runtime.flow_table import between
from cordboard.testing.scenario import (
    CALLER,
    EXOPHONE,
    NEVER_REPLIES,
    RINGS_OUT,
    Phone,
    answer,
    answers,
    busy,
    connect_flow,
    ordered,
)
from cordboard.testing.world import World
from tests.world.helpers import TONE, A, dials, exits, outcome, play, queries

ANSWERS = answers(2.0, hangs_up=None)


def call(first: Phone, *replies: Any, others: dict[str, Any] | None = None, **rest: Any) -> World:
    """A call by API to a flow."""
    order = rest.pop("order", ordered())
    return play({CALLER: first, **(others or {})}, *replies, order=order, **rest)


def connected(first: Phone, second: Phone, order: Any = None, **parameters: Any) -> World:
    """A call by API between two numbers."""
    words = {"destination": {"numbers": [A]}, **parameters}
    order = order or ordered()
    return play({CALLER: first, A: second}, flow=between(words), order=order, between=A)


def test_settled_6_who_is_called_first_is_the_caller_of_the_flow() -> None:
    world = call(ANSWERS, answer(A), others={A: answers(1.0, hangs_up=20.0)}, custom_field="order-42")
    assert dials(world) == [CALLER, A]
    assert world.seen(Dial)[0] == Dial(0, CALLER, EXOPHONE, 30.0, "settled-6")
    (asked,) = queries(world)
    assert {key: asked[key] for key in ("From", "CallFrom", "To", "CallTo", "Direction", "CustomField")} == {
        "From": "09876500001",
        "CallFrom": "09876500001",
        "To": "08047100001",
        "CallTo": "08047100001",
        "Direction": "outbound-dial",
        "CustomField": "order-42",
    }
    assert world.at(Fetch) == world.at(LegAnswered, leg=0) > 2.0
    assert outcome(world) == ("completed", "completed", "after_conversation")
    assert world.seen(HangUpCaller) and not world.seen(RejectCaller)


@pytest.mark.parametrize("mode", ["at_once", "late"])
def test_leg_0_is_answered_already_whatever_the_flow_says_of_answering(mode: str) -> None:
    world = call(ANSWERS, answer(A), others={A: answers(1.0)}, flow=connect_flow(answer=mode))
    assert not world.seen(AnswerCaller) and not world.seen(ProgressCaller)
    assert len(world.seen(Bridge)) == 1
    (asked,) = queries(world)
    assert asked["StartTime"] == "2026-01-13 11:44:56" and asked["Created"] == "2026-01-13 11:44:54"


@pytest.mark.parametrize(
    ("phone", "why"),
    [
        (busy(), "leg.busy"),
        (Phone(fails=(3.0, Cause.DECLINED)), "leg.declined"),
        (Phone(fails=(3.0, Cause.FAILED)), "leg.failed"),
        (RINGS_OUT, "limit.ring"),
        (NEVER_REPLIES, "limit.ring"),
    ],
)
def test_a_first_leg_that_fails_ends_the_call_and_no_flow_begins(phone: Phone, why: str) -> None:
    world = call(phone, answer(A))
    assert [end.why for end in world.seen(EndCall)] == [why]
    assert not world.seen(Fetch) and not exits(world)
    released = [(release.leg, release.cause) for release in world.seen(Release)]
    assert released == ([(0, Cause.LIMIT)] if why == "limit.ring" else [])


def test_the_first_leg_rings_as_long_as_it_was_asked_to() -> None:
    world = call(RINGS_OUT, order=ordered(ring_seconds=12.0))
    assert world.at(Release, leg=0) == 12.0


def test_telephony_4_a_trunk_may_let_leg_0_ring_from_its_first_18x() -> None:
    world = call(Phone(rings=3.0, restarts_limit=True), order=ordered(ring_seconds=12.0))
    assert world.at(Release, leg=0) == pytest.approx(3.1 + 12.0)


def test_rfc3261_9_1_an_answer_that_crosses_the_cancel_of_leg_0_is_released() -> None:
    world = call(Phone(answers=29.93), answer(A))
    assert [release.leg for release in world.seen(Release)] == [0, 0]
    assert world.lines[0].state == "over" and not world.seen(Fetch)


def test_settled_22_leg_0_that_hangs_up_is_a_caller_who_left() -> None:
    world = call(answers(2.0, hangs_up=5.0), answer(A), others={A: RINGS_OUT})
    assert outcome(world) == ("client-hangup", "canceled", "nobody_answers")
    assert not world.seen(HangUpCaller)
    assert not world.seen(CallerHungUp)  # legs tell of it as of any leg that was dialled


def test_telephony_7_leg_0_on_hold_is_replaced_by_hold_music() -> None:
    first = Phone(answers=2.0, holds=((10.0, True), (15.0, False)))
    world = call(first, answer(A), others={A: answers(1.0, hangs_up=30.0)})
    heard = [source for _, source in world.heard(1)]
    assert heard.count(HoldMusic()) == 1 and heard.count(Party(0)) == 2


def test_telephony_21_dead_audio_of_leg_0_ends_it() -> None:
    world = call(Phone(answers=2.0, dead=40.0), answer(A), others={A: answers(1.0, hangs_up=None)})
    assert [hang.why for hang in world.seen(HangUpCaller)] == ["telephony-21"]
    assert outcome(world)[0] == "completed"


@pytest.mark.parametrize("limit", [1.0, 20.0, 14_400.0])
def test_s5_the_call_lasts_no_longer_than_its_limit(limit: float) -> None:
    world = call(
        ANSWERS,
        answer(A, max_conversation_duration=4500),
        others={A: answers(0.5, hangs_up=None)},
        order=ordered(limit_seconds=limit),
        flow=connect_flow(after_conversation="connect" if limit > 4500 else None),
    )
    if limit > 4500:  # the conversation's own bound came first, and the URL was silent then
        assert world.now < 4600
        return
    assert world.at(Note, code="limit.call") == pytest.approx(world.at(LegAnswered, leg=0) + limit)
    assert [hang.why for hang in world.seen(HangUpCaller)] == ["limit.call"]
    assert all(line.state == "over" for line in world.lines.values())


def test_after_the_limit_the_flow_goes_on_as_after_a_hang_up() -> None:
    world = call(
        ANSWERS,
        answer(A),
        others={A: answers(0.5, hangs_up=None)},
        order=ordered(limit_seconds=20.0),
        flow=connect_flow(after_conversation="sorry"),
    )
    assert exits(world) == ["after_conversation"]
    assert [end.why for end in world.seen(EndCall)] == ["settled-22"]  # a greeting needs somebody there


def test_settled_6_between_two_numbers_the_second_is_dialled_when_the_first_has_answered() -> None:
    world = connected(ANSWERS, answers(3.0, hangs_up=60.0))
    assert dials(world) == [CALLER, A] and not world.seen(Fetch)
    assert world.at(Dial, leg=1) == world.at(LegAnswered, leg=0)
    assert world.facts.called == A
    assert outcome(world) == ("completed", "completed", "after_conversation")


def test_between_two_numbers_the_calls_limit_stands_over_that_of_an_answer() -> None:
    world = connected(ANSWERS, answers(1.0, hangs_up=None), ordered(limit_seconds=14_400.0))
    assert world.at(Note, code="limit.call") == pytest.approx(2.1 + 14_400.0)
    assert world.at(LegEnded, leg=1) > 14_400.0


def test_between_two_numbers_the_parameters_are_those_of_an_answer() -> None:
    world = connected(
        ANSWERS,
        answers(3.0, hangs_up=60.0),
        record=True,
        recording_channels="dual",
        music_on_hold={"type": "custom_tone", "value": TONE},
        max_ringing_duration=45,
    )
    assert world.seen(Dial)[1].seconds == 45
    recordings = [scene.recording for _, scene in world.scenes if scene.recording is not None]
    assert recordings and recordings[0].dual
    assert any(getattr(source, "loop", False) for _, source in world.heard(0))


def test_an_order_is_taken_once() -> None:
    world = call(ANSWERS, answer(A), others={A: busy()})
    state, commands = world.runner.step(world.state, ordered(), world.now)
    assert state == world.state and commands == ()


def test_a_journal_of_a_call_by_api_says_the_same_again() -> None:
    from cordboard.store.codec import pack, unpack

    order = ordered(ring_seconds=12.0)
    assert unpack(json.loads(json.dumps(pack(order)))) == order
