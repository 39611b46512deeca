"""Gather and menu in whole flows: what was typed decides where a call goes, and later requests tell of it."""

import json
from typing import Any

import pytest

from cordboard.call.scene import Clip, HoldMusic, Quiet
from cordboard.call.words import AnswerCaller, Fetch, Finish, PrepareSound
from cordboard.testing.scenario import (
    CALLER,
    PRIMARY,
    Caller,
    Reply,
    Sound,
    answer,
    answers,
    flow_of,
    ordered,
    typed,
)
from tests.world.helpers import A, dials, exits, notes, play, queries

CONNECT = {"type": "connect", "primary_url": PRIMARY, "not_dialed": "sorry"}
GATHER = {
    "type": "gather",
    "prompt": {"text": "Type your PIN."},
    "digits": "connect",
    "nothing": "connect",
}
ASKING = {
    "type": "gather",
    "primary_url": "http://customer.example/gather?step=2",
    "fallback_url": "http://customer.example/spare",
    "digits": "connect",
    "nothing": "sorry",
}
MENU = {"type": "menu", "prompt": {"text": "Sales: 1. Support: 2."}, "keys": {"1": "connect", "2": "pin"}}


def gathering(**changes: Any) -> dict[str, Any]:
    return flow_of("gather", gather={**GATHER, **changes}, connect=CONNECT)


def said(**answer: Any) -> Reply:
    """What a Gather's URL answers."""
    return Reply(json.dumps(answer).encode())


def keys(keys: str, at: float, **more: Any) -> Caller:
    return Caller(digits=typed(keys, at), **more)


def test_settled_5_digits_of_a_gather_come_with_the_next_applets_request_in_quotes() -> None:
    world = play({A: answers()}, answer(A), flow=gathering(), caller=keys("89#", 1.0))
    (fetch,) = world.seen(Fetch)
    assert "&digits=%2289%22" in fetch.url
    assert dials(world) == [A] and exits(world) == ["digits", "after_conversation"]
    assert world.at(Fetch) == 2.0  # at the finish key, not when its timeout would have been over


def test_settled_5_digits_stay_with_the_call_and_the_last_gather_counts() -> None:
    second = {**GATHER, "prompt": {"text": "And now your code."}}
    flow = flow_of(
        "first",
        first={**GATHER, "digits": "connect"},
        connect={**CONNECT, "not_dialed": "second"},
        second={**second, "digits": "after"},
        after={**CONNECT, "primary_url": "http://customer.example/after"},
    )
    world = play(
        {}, answer(), answer(), flow=flow, caller=Caller(digits=(*typed("12#", 1.0), *typed("34#", 4.0)))
    )
    assert [query["digits"] for query in queries(world)] == ['"12"', '"34"']


def test_contract_7_21_an_empty_gather_sends_no_digits_and_forgets_those_before() -> None:
    flow = flow_of(
        "menu",
        menu={**MENU, "keys": {"1": "gather"}},
        gather=GATHER,
        connect=CONNECT,
    )
    world = play({}, answer(), flow=flow, caller=keys("1", 1.0))
    assert exits(world)[:3] == ["1", "nothing", "not_dialed"]
    assert "digits" not in queries(world)[0]


def test_a_gather_whose_url_fails_has_asked_nobody_and_the_digits_stay() -> None:
    flow = flow_of(
        "menu",
        menu={**MENU, "keys": {"1": "gather"}},
        gather={**ASKING, "nothing": "connect"},
        connect=CONNECT,
    )
    world = play({}, Reply(status=500), Reply(status=404), answer(), flow=flow, caller=keys("1", 1.0))
    assert exits(world)[:2] == ["1", "nothing"]
    assert [query["digits"] for query in queries(world)] == ['"1"'] * 3
    assert notes(world) == ["answer.status", "answer.status"]


def test_contract_5_5_a_gather_url_is_asked_and_its_answer_obeyed() -> None:
    flow = flow_of("gather", gather=ASKING, connect=CONNECT)
    prompts = said(
        gather_prompt={"text": "Code?"},
        max_input_digits=4,
        input_timeout=8,
        repeat_menu=1,
        repeat_gather_prompt={"text": "Again: code?"},
    )
    world = play({A: answers()}, prompts, answer(A), flow=flow, caller=keys("1234", 13.0))
    # asked at 0, answered at 0.1, spoken from 0.2 to 3.2, waited for until 11.2, spoken again
    assert [(sound.kind, sound.value) for sound in world.seen(PrepareSound)] == [
        ("text", "Code?"),
        ("text", "Again: code?"),
    ]
    assert world.at(PrepareSound, value="Again: code?") == pytest.approx(11.2)
    assert world.at(Finish, exit="digits", why="gather.max-digits") == pytest.approx(14.5)
    asked, next_one = queries(world)
    assert asked["step"] == "2" and "digits" not in asked and next_one["digits"] == '"1234"'


def test_contract_5_5_nothing_entered_after_all_tries() -> None:
    flow = gathering(repeat_menu=2, nothing="sorry", input_timeout=3)
    world = play({}, flow=flow)
    assert exits(world)[:2] == ["nothing", "next"]
    clips = [source for _, source in world.heard(0) if isinstance(source, Clip)]
    assert [clip.play for clip in clips[:3]] == [1, 2, 3] and len({clip.sound for clip in clips[:3]}) == 1
    assert world.at(Finish, exit="nothing") == pytest.approx(0.1 + 3 * 6.0)


def test_barge_in_the_first_key_stops_the_prompt() -> None:
    world = play({A: answers()}, answer(A), flow=gathering(), caller=keys("5", 1.0))
    heard = world.heard(0)
    assert isinstance(heard[1][1], Clip)
    assert heard[2] == (1.0, Quiet())  # the prompt of 3 s began at 0.1
    assert (6.0, HoldMusic()) in heard  # the Connect, five seconds after the key


def test_contract_5_6_a_menus_key_chooses_the_applet_and_is_the_digits() -> None:
    flow = flow_of("menu", menu=MENU, pin=GATHER, connect=CONNECT)
    world = play({}, answer(), flow=flow, caller=keys("1", 1.0))
    assert exits(world)[0] == "1" and queries(world)[0]["digits"] == '"1"'
    flow["applets"]["pin"] = {**GATHER, "max_input_digits": 2}
    world = play({}, answer(), flow=flow, caller=Caller(digits=(*typed("2", 1.0), *typed("42", 2.0))))
    assert exits(world)[:2] == ["2", "digits"] and queries(world)[0]["digits"] == '"42"'


@pytest.mark.parametrize(
    ("pressed", "taken"),
    [
        ((), "no_input"),
        (((1.0, "9"),), "no_input"),  # the first try; in the second there is no key
        (((1.0, "9"), (1.5, "9")), "invalid"),
        (((9.5, "9"),), "invalid"),
        (((1.0, "9"), (1.5, "1")), "1"),
        (((1.0, "A"),), "no_input"),
    ],
)
def test_contract_5_6_no_input_and_wrong_keys_are_asked_again_and_then_leave(
    pressed: tuple[tuple[float, str], ...], taken: str
) -> None:
    menu = {**MENU, "keys": {"1": "connect"}, "no_input": "sorry", "invalid": "sorry", "repeats": 1}
    flow = flow_of("menu", menu=menu, connect=CONNECT)
    world = play({}, answer(), flow=flow, caller=Caller(digits=pressed))
    assert exits(world)[0] == taken
    left = world.at(Finish, exit=taken)
    plays = [source.play for at, source in world.heard(0) if isinstance(source, Clip) and at < left]
    assert plays == [1, 2]


def test_digits_of_a_key_that_was_wrong_are_told_and_of_none_are_not() -> None:
    menu = {**MENU, "keys": {"1": "sorry"}, "no_input": "connect", "invalid": "connect"}
    flow = flow_of("menu", menu=menu, connect=CONNECT)
    assert queries(play({}, answer(), flow=flow, caller=keys("7", 1.0)))[0]["digits"] == '"7"'
    assert "digits" not in queries(play({}, answer(), flow=flow))[0]


@pytest.mark.parametrize("start", ["gather", "menu"])
def test_telephony_5_the_caller_is_answered_before_it_is_asked_for_keys(start: str) -> None:
    flow = flow_of(start, "late", gather=GATHER, menu={**MENU, "keys": {"1": "connect"}}, connect=CONNECT)
    world = play({}, answer(), flow=flow, caller=keys("1#", 1.0))
    assert [one.why for one in world.seen(AnswerCaller)] == ["telephony-5"]


@pytest.mark.parametrize("start", ["gather", "menu"])
def test_settled_22_a_caller_who_leaves_while_keys_are_awaited_ends_the_call(start: str) -> None:
    flow = flow_of(start, gather=GATHER, menu={**MENU, "keys": {"1": "connect"}}, connect=CONNECT)
    world = play({}, answer(), flow=flow, caller=Caller(leaves=2.0))
    assert world.seen(Fetch) == [] and world.facts.caller_gone
    assert world.facts.call_type == "call-attempt" and world.state.over


def test_audio_that_cannot_be_played_is_skipped_and_keys_still_count() -> None:
    url = "http://audio.example/pin.wav"
    flow = gathering(prompt={"audio_url": url})
    lost = {url: Sound(status=404, seconds=0.0)}
    world = play({A: answers()}, answer(A), flow=flow, sounds=lost, caller=keys("1#", 2.0))
    assert notes(world) == ["gather.skipped"] and exits(world)[0] == "digits"


def test_keys_while_nobody_asks_for_them_change_nothing() -> None:
    plain = flow_of("connect", connect=CONNECT)
    world = play({A: answers(2.0, 9.0)}, answer(A), flow=plain, caller=keys("123#", 1.0))
    assert world.facts.digits == "" and exits(world) == ["after_conversation"]


def test_a_menu_that_leads_back_to_itself_comes_to_an_end() -> None:
    menu = {**MENU, "keys": {"1": "bye"}, "no_input": "menu", "timeout": 1}
    assert notes(play({}, flow=flow_of("menu", menu=menu))) == ["limit.applets"]


def test_whoever_the_api_called_first_is_asked_for_keys_as_a_caller_is() -> None:
    phones = {CALLER: answers(2.0, None), A: answers(1.0, 5.0)}
    world = play(
        phones, answer(A), flow=gathering(), order=ordered(), custom_field="order-42", caller=keys("89#", 4.0)
    )
    (query,) = queries(world)
    assert (query["Direction"], query["digits"], query["CustomField"]) == (
        "outbound-dial",
        '"89"',
        "order-42",
    )
    assert exits(world) == ["digits", "after_conversation"]


TWO_CODES = flow_of(
    "first",
    first={**GATHER, "max_input_digits": 4, "digits": "second"},
    second={**GATHER, "prompt": {"text": "And now your code."}},
    connect=CONNECT,
)


def test_contract_5_5_a_finish_key_behind_the_last_digit_is_not_the_next_gathers() -> None:
    keys = (*typed("1234#", 1.0), *typed("56#", 8.0))
    world = play({}, answer(), flow=TWO_CODES, caller=Caller(digits=keys))
    assert exits(world)[:2] == ["digits", "digits"] and "gather.last-key" in notes(world)
    assert queries(world)[0]["digits"] == '"56"'


@pytest.mark.parametrize(
    "late",
    [
        ((4.6, "#"),),  # too late to be meant for the first
        ((3.0, "#"), (3.2, "#")),  # only one is
        ((3.0, "9"), (3.2, "#")),  # and none behind other digits
    ],
)
def test_contract_5_5_any_other_finish_key_is_the_next_gathers(late: tuple[tuple[float, str], ...]) -> None:
    world = play({}, answer(), flow=TWO_CODES, caller=Caller(digits=(*typed("1234", 1.0), *late)))
    finished = [finish for finish in world.seen(Finish) if finish.exit in ("digits", "nothing")]
    assert [finish.why for finish in finished] == ["gather.max-digits", "gather.finish-key"]
    assert world.at(Finish, why="gather.finish-key") == late[-1][0]


def test_contract_5_5_a_gather_without_a_finish_key_takes_every_key_for_a_digit() -> None:
    first = {**GATHER, "max_input_digits": 2, "finish_on_key": "", "digits": "second"}
    second = {**GATHER, "finish_on_key": "", "max_input_digits": 1}
    flow = flow_of("first", first=first, second=second, connect=CONNECT)
    world = play({}, answer(), flow=flow, caller=Caller(digits=typed("12#", 1.0)))
    assert queries(world)[0]["digits"] == '"#"'
