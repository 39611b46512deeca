"""The applets around Connect in whole calls: passthru, switch, hours, transfer, a greeting by URL."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from cordboard.call.scene import Clip
from cordboard.call.words import (
    AnswerCaller,
    EndCall,
    Fetch,
    Finish,
    HangUpCaller,
    Note,
    PrepareSound,
    ProgressCaller,
    RejectCaller,
    SendEvent,
    Transfer,
)
from cordboard.flow.runner import MOST_APPLETS
from cordboard.testing.scenario import ACCOUNT, RINGS_OUT, Caller, Reply, answer, answers
from cordboard.testing.world import World
from tests.world.helpers import AUDIO, A, exits, notes, play, queries

HOST = "http://customer.example"


def _flow(start: str, id: int = 11754, mode: str = "at_once", **applets: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "start": start, "answer": mode, "applets": {**applets, "bye": {"type": "hangup"}}}


def _connect(**more: Any) -> dict[str, Any]:
    exits = dict.fromkeys(("after_conversation", "nobody_answers", "not_dialed"), "ask")
    return {"type": "connect", "primary_url": f"{HOST}/connect", **exits, **more}


def _passthru(path: str = "/ask", /, **more: Any) -> dict[str, Any]:
    return {"type": "passthru", "url": HOST + path, **more}


def _switch(no_match: str = "bye", **cases: str) -> dict[str, Any]:
    return {"type": "switch", "cases": cases, "no_match": no_match}


def _text(body: str, **more: Any) -> Reply:
    return Reply(body.encode(), media_type="text/plain", **more)


def _paths(world: World) -> list[str]:
    return [urlsplit(fetch.url).path for fetch in world.seen(Fetch)]


def _entered(world: World) -> list[str]:
    return [note.text.partition(" ")[0] for note in world.seen(Note) if note.code == "applet.entered"]


CHAIN = _flow(
    "connect",
    connect=_connect(),
    ask=_passthru(ok="choose", other="bye"),
    choose=_switch(sales="lines"),
    lines={"type": "greeting", "url": f"{HOST}/lines", "next": "clock"},
    clock={"type": "hours", "times": ["tue 09:00-18:00"], "open": "on", "closed": "bye"},
    on={"type": "transfer", "flow": 2},
)
SECOND = _flow("late", 2, late=_passthru("/second", ok="bye"))


def test_a_chain_of_all_of_them() -> None:
    # the scenario's call comes on a Tuesday at 11:44:54 in India
    lines = _text(f"Goodbye.\r\n\r\n{AUDIO}\n")
    replies = (answer(A, record=True), _text('{"select":"sales"}'), lines, _text("ok"))
    account = replace(ACCOUNT, recordings_url="http://r.example/")
    world = play({A: answers()}, *replies, flow=CHAIN, more_flows=(SECOND,), account=account)
    assert _entered(world) == ["connect", "ask", "choose", "lines", "clock", "on", "late", "bye"]
    assert exits(world) == ["after_conversation", "ok", "sales", "next", "open", "ok", ""]
    assert _paths(world) == ["/connect", "/ask", "/lines", "/second"]
    assert [sound.value for sound in world.seen(PrepareSound)] == ["Goodbye.", AUDIO]
    assert [fetch.versioned for fetch in world.seen(Fetch)] == [True, False, False, False]
    asked = queries(world)
    assert asked[1]["CallType"] == "completed" and asked[1]["Legs[0][CauseCode]"] == "NORMAL_CLEARING"
    assert asked[1]["RecordingUrl"] == f"http://r.example/{world.facts.sid}r1"
    assert asked[1]["RecordingAvailableBy"] == "Tue, 13 Jan 2026 11:46:06"
    assert set(asked[2]) == {"CallSid", "From", "To", "DialWhomNumber"}
    assert asked[2]["DialWhomNumber"] == "09812300001"
    assert (asked[1]["flow_id"], asked[3]["flow_id"]) == ("11754", "2")
    assert len(world.seen(HangUpCaller)) == 1


@pytest.mark.parametrize("status", [204, 302, 404, 503])
def test_5_2_passthru_all_but_200_goes_the_other_way_and_nothing_is_followed(status: int) -> None:
    flow = _flow("ask", ask=_passthru(ok="no", other="yes"), no=_passthru("/no"), yes=_passthru("/yes"))
    world = play({}, Reply(status=status, media_type="text/html"), flow=flow)
    assert _paths(world) == ["/ask", "/yes"]


def test_5_2_passthru_waits_5_s_or_as_long_as_it_is_told() -> None:
    for timeout, at in ((None, 5.0), (1.5, 1.5)):
        more: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        world = play({}, flow=_flow("ask", ask=_passthru(other="bye", **more)))
        assert world.at(Finish, exit="other") == at and notes(world) == ["fetch.timeout"]


def test_5_2_passthru_async_is_sent_as_an_event_and_holds_up_nobody() -> None:
    world = play({}, flow=_flow("ask", ask=_passthru() | {"async": True, "ok": "bye"}))
    (event,) = world.seen(SendEvent)
    assert event.kind == "Passthru" and urlsplit(event.url).path == "/ask"
    assert world.at(EndCall) == 0.0 and not world.seen(Fetch)


def test_5_3_switch_reads_only_the_passthru_before_it() -> None:
    flow = _flow(
        "one",
        one=_passthru("/one", ok="two", other="two"),
        two=_passthru("/two", ok="choose", other="choose"),
        choose=_switch("none", sales="found"),
        found=_passthru("/found"),
        none=_passthru("/none"),
    )
    select = _text('{"select":"sales"}')
    assert _paths(play({}, select, _text("OK"), flow=flow))[-1] == "/none"
    assert _paths(play({}, select, Reply(status=404), flow=flow))[-1] == "/none"
    assert _paths(play({}, _text("OK"), select, flow=flow))[-1] == "/found"
    unknown = play({}, select, _text('{"select":"Sales"}'), flow=flow)
    assert _paths(unknown)[-1] == "/none" and notes(unknown)[0] == "switch.unknown"


def test_5_3_switch_strict_takes_text_plain_only() -> None:
    flow = _flow(
        "ask", ask=_passthru(ok="choose"), choose=_switch("bye", sales="found"), found=_passthru("/found")
    )
    as_json = Reply(b'{"select":"sales"}')
    lenient, strict = (
        play({}, as_json, flow=flow, account=replace(ACCOUNT, strict=strict)) for strict in (False, True)
    )
    assert _paths(lenient) == ["/ask", "/found"] and _paths(strict) == ["/ask"]
    assert notes(lenient)[0] == notes(strict)[0] == "select.media_type"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(b"Hello.", media_type="text/html"), "answer.media_type"),
        (Reply(b"Hello.", media_type=""), "answer.media_type"),
        (_text("Hello.", status=404), "answer.status"),
        (_text(" \r\n\n"), "greeting.empty"),
        (Reply(status=0, error="refused"), "fetch.failed"),
        (Reply(after=None), "fetch.timeout"),
    ],
)
def test_5_4_an_answer_that_cannot_be_said_is_skipped_with_a_note(reply: Reply, code: str) -> None:
    greeting = {"type": "greeting", "url": f"{HOST}/lines", "next": "bye"}
    world = play({}, reply, flow=_flow("hello", hello=greeting))
    assert notes(world) == [code] and exits(world) == ["next", ""]
    assert not world.seen(PrepareSound) and len(world.seen(HangUpCaller)) == 1


def test_5_4_lines_are_said_in_order_text_or_audio() -> None:
    greeting = {"type": "greeting", "url": f"{HOST}/lines", "next": "bye"}
    body = f"\ufeffNamaste \u0928\n\n  {AUDIO}  \nhttps://no url\n"
    reply = Reply(body.encode(), media_type="Text/Plain;Charset=UTF-8")
    world = play({}, reply, flow=_flow("hello", hello=greeting))
    asked = world.seen(PrepareSound)
    assert [(sound.kind, sound.value) for sound in asked] == [
        ("text", "Namaste \u0928"),
        ("url", AUDIO),
        ("text", "https://no url"),
    ]
    heard = [source.sound for _, source in world.heard(0) if isinstance(source, Clip)]
    assert heard == [sound.sound for sound in asked]
    latin = Reply("Gr\u00fc\u00dfe".encode("latin-1"), media_type='text/plain; charset="ISO-8859-1"')
    assert (
        play({}, latin, flow=_flow("hello", hello=greeting)).seen(PrepareSound)[0].value == "Gr\u00fc\u00dfe"
    )


def test_5_4_a_greeting_has_so_many_lines_of_such_a_length() -> None:
    greeting = {"type": "greeting", "url": f"{HOST}/lines", "next": "bye"}
    world = play({}, _text("a" * 5000 + "\nb" * 30), flow=_flow("hello", hello=greeting))
    said = [sound.value for sound in world.seen(PrepareSound)]
    assert len(said) == 20 and len(said[0]) == 2000
    assert notes(world) == ["greeting.too_many_lines", "greeting.too_long"]


def test_settled_22_a_call_without_its_caller_runs_on_through_what_needs_none() -> None:
    flow = _flow(
        "connect",
        connect=_connect(),
        ask=_passthru(ok="choose", other="bye"),
        choose=_switch("bye", sales="clock"),
        clock={"type": "hours", "times": ["tue 09:00-18:00"], "open": "on", "closed": "bye"},
        on={"type": "transfer", "flow": 2},
    )
    second = _flow(
        "tell",
        2,
        tell=_passthru("/tell", ok="hello") | {"async": True},
        hello={"type": "greeting", "text": "Hello.", "next": "never"},
        never=_passthru("/never"),
    )
    replies = (answer(A), _text('{"select":"sales"}'))
    world = play({A: RINGS_OUT}, *replies, flow=flow, more_flows=(second,), caller=Caller(leaves=3.0))
    assert _entered(world) == ["connect", "ask", "choose", "clock", "on", "tell"]
    assert queries(world)[1]["CallType"] == "client-hangup"
    assert queries(world)[1]["DialCallStatus"] == "canceled"
    assert [event.kind for event in world.seen(SendEvent)] == ["Passthru"]
    assert world.seen(EndCall) == [EndCall("settled-22")] and not world.seen(HangUpCaller)


def test_settled_22_a_caller_who_leaves_while_a_passthru_waits_ends_nothing() -> None:
    flow = _flow("ask", ask=_passthru(ok="told"), told=_passthru("/told", ok="bye"))
    world = play({}, _text("ok", after=2.0), _text("ok"), flow=flow, caller=Caller(leaves=1.0))
    assert _paths(world) == ["/ask", "/told"] and exits(world) == ["ok", "ok", ""]


def test_transfer_a_loop_of_flows_comes_to_an_end() -> None:
    here, there = _flow("on", 1, on={"type": "transfer", "flow": 2}), _flow("on", 2)
    there["applets"]["on"] = {"type": "transfer", "flow": 1}
    world = play({}, flow=here, more_flows=(there,))
    assert len(world.seen(Transfer)) == MOST_APPLETS and notes(world) == ["limit.applets"]
    alone = play({}, flow=_flow("on", 1, on={"type": "transfer", "flow": 1}))
    assert notes(alone) == ["limit.applets"]


def test_transfer_to_a_flow_that_is_not_there_ends_the_call_and_says_so() -> None:
    world = play({}, flow=_flow("on", on={"type": "transfer", "flow": 99}))
    assert notes(world) == ["flow.unknown"] and world.seen(EndCall) == [EndCall("flow.transfer")]


def test_telephony_5_transfer_from_a_late_flow_to_one_that_answers_at_once_answers() -> None:
    late = _flow("on", mode="late", on={"type": "transfer", "flow": 2})
    world = play({}, flow=late, more_flows=(_flow("bye", 2),))
    assert world.seen(ProgressCaller) and world.seen(AnswerCaller) == [AnswerCaller("flow.answer")]
    later = play({}, flow=late, more_flows=(_flow("bye", 2, mode="late"),))
    assert not later.seen(AnswerCaller) and [said.code for said in later.seen(RejectCaller)] == [480]


def test_telephony_5_passthru_switch_and_hours_answer_nobody() -> None:
    flow = _flow(
        "ask",
        mode="late",
        ask=_passthru(ok="choose"),
        choose=_switch("clock", a="bye"),
        clock={"type": "hours", "times": ["tue 09:00-18:00"], "open": "bye"},
    )
    world = play({}, _text("ok"), flow=flow)
    assert not world.seen(AnswerCaller) and [said.code for said in world.seen(RejectCaller)] == [480]
