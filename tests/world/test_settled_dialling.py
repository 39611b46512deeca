"""Settled readings 14–18: attempts, waves, bounds, the shown number, limits."""

import json

import pytest

from cordboard.call.causes import Cause
from cordboard.call.words import Bridge, Dial, Fetch, LegAnswered, Note, Release
from cordboard.contract.account import Account, ExoPhone
from cordboard.testing.scenario import (
    EXOPHONE,
    NEVER_REPLIES,
    RINGS_OUT,
    Phone,
    Reply,
    answer,
    answers,
    busy,
    connect_flow,
)
from tests.world.helpers import A, B, C, D, dials, notes, outcome, play

WAVE = {"activate": True}
OTHER = "+918047100002"


def _numbers(count: int) -> list[str]:
    return [f"+91981230{nth:04d}" for nth in range(1, count + 1)]


def test_settled_14_sequential_next_number_when_one_failed() -> None:
    world = play({A: busy(1.0), B: RINGS_OUT, C: answers()}, answer(A, B, C, max_ringing_duration=12))
    assert dials(world) == [A, B, C]
    assert world.at(Dial, number=B) == pytest.approx(0.1 + 1.1)
    assert world.at(Dial, number=C) == pytest.approx(0.1 + 1.1 + 12)
    assert outcome(world) == ("completed", "completed", "after_conversation")


def test_settled_14_repeats_are_dialled_as_listed_in_sequence_and_once_in_a_wave() -> None:
    phones = {A: busy(), B: busy()}
    assert dials(play(phones, answer(A, B, A))) == [A, B, A]
    assert dials(play(phones, answer(A, B, A, parallel_ringing=WAVE))) == [A, B]


def test_settled_14_waves_in_array_order() -> None:
    wave = {"activate": True, "max_parallel_attempts": 2}
    world = play({A: busy(), B: RINGS_OUT, C: busy(), D: busy()}, answer(A, B, C, D, parallel_ringing=wave))
    assert dials(world) == [A, B, C, D]
    assert [round(entry.at, 2) for entry in world.transcript if isinstance(entry.what, Dial)] == [
        0.1,
        0.1,
        30.1,
        30.1,
    ]


def test_settled_14_next_wave_when_every_leg_failed() -> None:
    wave = {"activate": True, "max_parallel_attempts": 2}
    world = play({A: busy(1.0), B: busy(3.0), C: answers()}, answer(A, B, C, parallel_ringing=wave))
    assert world.at(Dial, number=C) == pytest.approx(0.1 + 3.1)


def test_settled_14_the_first_to_answer_wins_and_the_others_are_released_elsewhere() -> None:
    world = play({A: RINGS_OUT, B: answers(4.0), C: RINGS_OUT}, answer(A, B, C, parallel_ringing=WAVE))
    assert [bridge.leg for bridge in world.seen(Bridge)] == [2]
    assert world.seen(Release) == [
        Release(1, Cause.ELSEWHERE, "telephony-2"),
        Release(3, Cause.ELSEWHERE, "telephony-2"),
    ]
    assert world.at(Release) == world.at(LegAnswered) == world.at(Bridge)


def test_settled_14_two_answers_in_one_breath_join_only_one_and_the_crossing_one_is_released_again() -> None:
    world = play({A: answers(4.0), B: answers(4.02, None)}, answer(A, B, parallel_ringing=WAVE))
    assert [bridge.leg for bridge in world.seen(Bridge)] == [1]
    assert [answered.leg for answered in world.seen(LegAnswered)] == [1, 2]
    assert [(r.leg, r.cause) for r in world.seen(Release)] == [(2, Cause.ELSEWHERE), (2, Cause.ELSEWHERE)]


def test_settled_15_the_url_is_asked_again_after_each_failed_attempt_and_replaces_the_old_answer() -> None:
    world = play(
        {A: busy(), C: answers()},
        answer(A, B, fetch_after_attempt=True, max_ringing_duration=40),
        answer(C, D, max_conversation_duration=5),
    )
    assert dials(world) == [A, C]
    assert [dial.seconds for dial in world.seen(Dial)] == [40.0, 30.0]
    assert [fetch.role for fetch in world.seen(Fetch)] == ["primary", "primary"]
    assert world.seen(Fetch)[1].why == "settled-15"
    assert notes(world) == ["limit.conversation"]


def test_settled_15_a_wave_is_one_attempt() -> None:
    wave = {"activate": True, "max_parallel_attempts": 2}
    replies = answer(A, B, C, fetch_after_attempt=True, parallel_ringing=wave), answer(D)
    world = play({A: busy(), B: busy(2.0), D: answers()}, *replies)
    assert dials(world) == [A, B, D] and len(world.seen(Fetch)) == 2


def test_settled_15_the_same_set_twice_is_not_dialled_again() -> None:
    world = play(
        {A: busy(), B: busy()},
        answer(A, B, fetch_after_attempt=True),
        answer(B, "09812300001", B, fetch_after_attempt=True),
    )
    assert dials(world) == [A]
    assert notes(world)[-1] == "limit.same-set"
    assert outcome(world) == ("incomplete", "busy", "nobody_answers")


def test_settled_15_only_successive_answers_are_compared() -> None:
    replies = [answer(number, fetch_after_attempt=True) for number in (A, B, A, B)]
    assert dials(play({A: busy(), B: busy()}, *replies, answer())) == [A, B, A, B]


def test_settled_15_at_most_ten_attempts() -> None:
    replies = [answer(number, fetch_after_attempt=True) for number in _numbers(15)]
    world = play(dict.fromkeys(_numbers(15), busy()), *replies)
    assert dials(world) == _numbers(10) and len(world.seen(Fetch)) == 10
    assert notes(world) == ["limit.attempts"]
    assert outcome(world) == ("incomplete", "busy", "nobody_answers")


def test_settled_15_at_most_thirty_legs() -> None:
    wave = {"activate": True, "max_parallel_attempts": 8}
    world = play(dict.fromkeys(_numbers(40), busy()), answer(*_numbers(40), parallel_ringing=wave))
    assert dials(world) == _numbers(30)
    assert notes(world) == ["numbers.out_of_reach", "limit.legs"]
    assert outcome(world) == ("incomplete", "busy", "nobody_answers")


def test_settled_15_of_a_long_sequence_the_first_ten_are_dialled_with_a_problem() -> None:
    world = play(dict.fromkeys(_numbers(12), busy()), answer(*_numbers(12)))
    assert dials(world) == _numbers(10)
    assert notes(world) == ["numbers.out_of_reach", "limit.attempts"]


def test_settled_15_ten_minutes_without_an_answer_end_it_and_release_what_rings() -> None:
    ten = _numbers(10)
    flow_reply = [
        answer(number, fetch_after_attempt=True, max_ringing_duration=60, after=4.0) for number in ten
    ]
    world = play(dict.fromkeys(ten, RINGS_OUT), *flow_reply)
    assert len(dials(world)) == 10
    assert world.at(Note, code="limit.time") == 600.0
    assert world.seen(Release)[-1] == Release(10, Cause.LIMIT, "limit.time")
    assert outcome(world) == ("incomplete", "no-answer", "nobody_answers")


def test_settled_15_ten_minutes_count_while_a_url_is_asked_too() -> None:
    ten = _numbers(10)
    replies = []
    for number in ten:  # five seconds of silence, 4.9 of the Fallback, 56 of ringing: asked at 600 s, too
        replies += [
            Reply(after=None),
            answer(number, fetch_after_attempt=True, max_ringing_duration=60, after=4.9),
        ]
    world = play(dict.fromkeys(ten, Phone(fails=(55.9, Cause.BUSY))), *replies)
    assert dials(world) == ten[:9] and world.at(Note, code="limit.time") == 600.0
    assert outcome(world) == ("incomplete", "busy", "nobody_answers")


def test_settled_16_status_of_a_wave_and_of_several_attempts() -> None:
    failed = Phone(rings=None, fails=(0.5, Cause.FAILED))
    world = play({A: busy(), B: RINGS_OUT, C: failed}, answer(A, B, C, parallel_ringing=WAVE))
    assert world.facts.dial_status == "no-answer"
    assert play({A: busy(), C: failed}, answer(A, C, parallel_ringing=WAVE)).facts.dial_status == "busy"
    assert play({A: RINGS_OUT, C: failed}, answer(A, C)).facts.dial_status == "failed"


def test_telephony_3_ring_limit_without_any_18x_is_failed() -> None:
    assert play({A: NEVER_REPLIES}, answer(A)).facts.dial_status == "failed"
    assert play({A: Phone(rings=None, early=1.0)}, answer(A)).facts.dial_status == "no-answer"


def _account(**circles: str) -> Account:
    return Account(
        exophones=(ExoPhone(EXOPHONE, circles.get("first", "")), ExoPhone(OTHER, circles.get("other", "")))
    )


def test_settled_17_the_exophone_that_was_asked_for_is_shown() -> None:
    reply = answer(A, outgoing_phone_number=OTHER, able=(EXOPHONE, OTHER))
    world = play({A: answers()}, reply, account=_account())
    assert [dial.shown for dial in world.seen(Dial)] == [OTHER] and notes(world) == []


@pytest.mark.parametrize(
    ("asked", "account", "able"),
    [
        ("+918047109999", _account(), (EXOPHONE, OTHER)),
        (OTHER, _account(), (EXOPHONE,)),
        (OTHER, _account(first="KA", other="DL"), (EXOPHONE, OTHER)),
    ],
)
def test_settled_17_else_the_first_legs_and_the_timeline_says_why(
    asked: str, account: Account, able: tuple[str, ...]
) -> None:
    world = play({A: answers()}, answer(A, outgoing_phone_number=asked, able=able), account=account)
    assert [dial.shown for dial in world.seen(Dial)] == [EXOPHONE]
    assert len(notes(world)) == 1 and notes(world)[0].startswith("exophone.")


def test_settled_18_ring_limit_from_the_invite() -> None:
    world = play({A: Phone(rings=9.0)}, answer(A))
    assert world.at(Release) - world.at(Dial) == 30
    assert world.seen(Release) == [Release(1, Cause.LIMIT, "limit.ring")]
    world = play({A: RINGS_OUT}, answer(A, max_ringing_duration=45))
    assert world.at(Release) - world.at(Dial) == 45


def test_settled_18_an_answer_that_crosses_the_ring_limit_comes_too_late() -> None:
    world = play({A: answers(29.93, None), B: answers()}, answer(A, B))
    assert world.at(Release, leg=1) < world.at(LegAnswered, leg=1)
    assert [(r.leg, r.cause) for r in world.seen(Release)] == [(1, Cause.LIMIT), (1, Cause.LIMIT)]
    assert [bridge.leg for bridge in world.seen(Bridge)] == [2]


def test_telephony_4_a_trunk_may_let_the_limit_run_from_the_first_18x() -> None:
    world = play({A: Phone(rings=9.0, restarts_limit=True)}, answer(A))
    assert world.at(Release) - world.at(Dial) == pytest.approx(30 + 9.1)


def test_telephony_4_only_the_first_18x_lets_the_limit_run() -> None:
    world = play({A: Phone(rings=1.0, early=9.0, restarts_limit=True)}, answer(A))
    assert world.at(Release) - world.at(Dial) == pytest.approx(30 + 1.1)


def test_settled_18_conversation_limit_from_the_bridge() -> None:
    world = play({A: answers(5.0, None)}, answer(A, max_conversation_duration=4500))
    assert world.seen(Release) == [Release(1, Cause.LIMIT, "limit.conversation")]
    assert world.at(Release) - world.at(Bridge) == 4500
    assert outcome(world) == ("completed", "completed", "after_conversation")
    assert world.facts.legs[0].disconnected_by == "Exotel"
    assert play({A: answers(5.0, None)}, answer(A)).at(Release) == pytest.approx(0.1 + 5.1 + 900)


def test_settled_12_a_trunk_is_one_dial_with_the_headers_of_the_answer() -> None:
    words = {"destination": {"trunk": "pbx"}, "custom_params": "ticket=42", "max_ringing_duration": 20}
    reply = Reply(json.dumps(words).encode())
    world = play({"sip:pbx": RINGS_OUT}, reply, flow=connect_flow(accept=["trunk"]))
    (dial,) = world.seen(Dial)
    assert (dial.number, dial.trunk, dial.headers) == ("sip:pbx", "pbx", (("X-ticket", "42"),))
    assert outcome(world) == ("incomplete", "no-answer", "nobody_answers")
    assert world.facts.dial_whom == "sip:pbx"
    plain = play({A: RINGS_OUT}, answer(A, custom_params="ticket=42"), flow=connect_flow(accept=["trunk"]))
    assert [(dial.trunk, dial.headers) for dial in plain.seen(Dial)] == [("", ())]
