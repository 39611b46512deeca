"""Any scenario at all, for hypothesis: many moments coincide, so that everything crosses everything."""

import json
from typing import Any

from hypothesis import strategies as st

from cordboard.call.causes import Cause
from cordboard.testing.scenario import (
    ACCOUNT,
    CALLER,
    EVENTS,
    FALLBACK,
    PRIMARY,
    Caller,
    Phone,
    Reply,
    Scenario,
    Sound,
    connect_flow,
    flow_of,
    ordered,
)
from tests.world.helpers import AUDIO, TONE, A, B, C, D

NUMBERS = [A, B, C, D]
# many moments coincide or lie a wire's delay apart: crossings are what is looked for
_MOMENTS = st.sampled_from(
    [0.0, 0.05, 0.1, 0.15, 1.0, 2.0, 2.05, 2.1, 5.0, 9.9, 10.0, 29.9, 30.0]
) | st.floats(0, 70)
_CAUSES = st.sampled_from([Cause.BUSY, Cause.DECLINED, Cause.NO_ANSWER, Cause.REJECTED, Cause.FAILED])
_PHONES = st.builds(
    Phone,
    rings=st.none() | _MOMENTS,
    early=st.none() | _MOMENTS,
    answers=st.none() | _MOMENTS,
    fails=st.none() | st.tuples(_MOMENTS, _CAUSES),
    hangs_up=st.none() | _MOMENTS,
    holds=st.lists(st.tuples(_MOMENTS, st.booleans()), max_size=2).map(tuple),
    dead=st.none() | _MOMENTS,
    restarts_limit=st.booleans(),
)
_HOLDS = st.sampled_from(
    [{"type": "default_tone"}, {"type": "operator_tone"}, {"type": "custom_tone", "value": TONE}]
)
_PLAYBACKS = st.sampled_from(
    [
        {"playback_to": to, "type": type, "value": value}
        for to in ("both", "callee")
        for type, value in (("text", "Hello."), ("audio_url", AUDIO))
    ]
)
_ANSWERS = st.fixed_dictionaries(
    {
        "destination": st.fixed_dictionaries(
            {"numbers": st.lists(st.sampled_from([*NUMBERS, CALLER]), max_size=7)}
        )
    },
    optional={
        "fetch_after_attempt": st.booleans(),
        "record": st.booleans(),
        "recording_channels": st.sampled_from(["single", "dual"]),
        "max_ringing_duration": st.sampled_from([1, 2, 10, 30, 60]),
        "max_conversation_duration": st.sampled_from([1, 10, 900, 4500]),
        "music_on_hold": _HOLDS,
        "parallel_ringing": st.fixed_dictionaries(
            {"activate": st.booleans(), "max_parallel_attempts": st.integers(1, 10)}
        ),
        "start_call_playback": _PLAYBACKS,
        "dial_passthru_event_url": st.just(EVENTS),
        "outgoing_phone_number": st.sampled_from(["+918047100002", "+918047109999"]),
    },
)
_DELAYS = st.sampled_from([0.0, 0.1, 4.99, 5.0, 5.01]) | st.none()
_GOOD = st.builds(lambda body, after: Reply(json.dumps(body).encode(), after=after), _ANSWERS, _DELAYS)
_BAD = st.builds(Reply, body=st.just(b"?"), status=st.sampled_from([0, 200, 302, 500]), after=_DELAYS)
_TEXT = st.builds(
    lambda body, after: Reply(body, media_type="text/plain", after=after),
    st.sampled_from([b"OK", b'{"select":"a"}', b"Hello.\n" + AUDIO.encode(), b""]),
    _DELAYS,
)
_SOUNDS = st.builds(
    Sound,
    seconds=st.sampled_from([0.0, 0.5, 3.0]),
    status=st.sampled_from([200, 200, 404, 0]),
    after=_DELAYS,
    plays_out=st.booleans(),
)
_CALLERS = st.builds(
    Caller,
    leaves=st.none() | _MOMENTS,
    holds=st.lists(st.tuples(_MOMENTS, st.booleans()), max_size=2).map(tuple),
    digits=st.lists(st.tuples(_MOMENTS, st.sampled_from("12#")), max_size=1).map(tuple),
    dead=st.none() | _MOMENTS,
)


SECOND = {
    "id": 2,
    "start": "ask",
    "applets": {
        "ask": {"type": "passthru", "url": "http://customer.example/second", "ok": "back", "other": "bye"},
        "back": {"type": "transfer", "flow": 11754},
        "bye": {"type": "hangup"},
    },
}


def _onward(exits: list[str]) -> dict[str, Any]:
    """Applets that need no caller, and a greeting that asks what to say; ``exits`` in their turn."""
    url = "http://customer.example/passthru"
    return {
        "ask": {"type": "passthru", "url": url, "ok": exits[0], "other": exits[1]},
        "tell": {"type": "passthru", "url": url, "async": True, "ok": exits[2]},
        "choose": {"type": "switch", "cases": {"a": exits[3]}, "no_match": exits[4]},
        "clock": {"type": "hours", "times": ["tue 09:00-11:45"], "open": exits[5], "closed": exits[6]},
        "lines": {"type": "greeting", "url": "http://customer.example/lines", "next": exits[7]},
        "on": {"type": "transfer", "flow": 2},
    }


_SPINNING = ("tell", "choose", "clock")
_NO_WAY_BACK = (0, 0, 1, 2, 2, 3, 3, 0)
"""For each exit of ``_onward``, how many of the applets that wait for nothing it may not lead to: a flow in
which calls spin is refused."""


def _without(named: list[str], first: int) -> list[str]:
    return [name for name in named if name not in _SPINNING[:first]]


@st.composite
def _flows(draw: st.DrawFn) -> dict[str, Any]:
    named = ["bye", "sorry", "again", "ask", "tell", "choose", "clock", "lines", "on"]
    exits = st.sampled_from([None, *named])
    flow = connect_flow(
        draw(exits),
        draw(exits),
        draw(exits),
        answer=draw(st.sampled_from(["at_once", "late"])),
        dial_events=["Dial", "Ringing", "Answered", "Terminal"],
    )
    again = {key: value for key, value in flow["applets"]["connect"].items() if value != "again"}
    flow["applets"]["again"] = again
    flow["applets"] |= _onward([draw(st.sampled_from(_without(named, left))) for left in _NO_WAY_BACK])
    if draw(st.booleans()):
        del flow["applets"]["connect"]["fallback_url"]
    return flow


SCENARIOS = st.builds(
    Scenario,
    flow=_flows(),
    phones=st.fixed_dictionaries(
        {number: _PHONES | st.tuples(_PHONES, _PHONES) for number in NUMBERS} | {CALLER: _PHONES}
    ),
    more_flows=st.just((SECOND,)),
    replies=st.lists(_GOOD | _GOOD | _GOOD | _BAD | _TEXT, max_size=8).map(tuple),
    sounds=st.fixed_dictionaries({AUDIO: _SOUNDS, TONE: _SOUNDS, "Hello.": _SOUNDS}),
    caller=_CALLERS,
    account=st.just(ACCOUNT),
    stops=st.none() | st.none() | st.none() | _MOMENTS,
    media_lost=st.none() | st.none() | _MOMENTS,
    order=st.none()
    | st.builds(
        ordered,
        ring_seconds=st.sampled_from([1.0, 10.0, 30.0, 60.0]),
        limit_seconds=st.sampled_from([0.0, 1.0, 10.0, 30.0, 14_400.0]),
    ),
)


# --- gathers and menus ------------------------------------------------------------------------------------

_PROMPTS = st.sampled_from([{"text": "Hello."}, {"audio_url": AUDIO}])
_ASKED = st.fixed_dictionaries(
    {"gather_prompt": _PROMPTS},
    optional={
        "max_input_digits": st.sampled_from([1, 2, 255]),
        "finish_on_key": st.sampled_from(["", "#", "1"]),
        "input_timeout": st.sampled_from([1, 2, 5, 10]),
        "repeat_menu": st.integers(0, 3),
        "repeat_gather_prompt": _PROMPTS,
    },
).map(lambda asked: Reply(json.dumps(asked).encode(), after=0.1))
_KEYS = st.lists(st.tuples(_MOMENTS, st.sampled_from("1112#*9A")), max_size=12).map(tuple)


@st.composite
def _key_flows(draw: st.DrawFn) -> dict[str, Any]:
    names = ["gather", "asking", "menu", "connect", "sorry", "bye"]
    exits = st.sampled_from([None, *names])
    typing = {
        "max_input_digits": draw(st.sampled_from([1, 3, 255])),
        "finish_on_key": draw(st.sampled_from(["", "#", "2"])),
        "input_timeout": draw(st.sampled_from([1, 5])),
        "repeat_menu": draw(st.integers(0, 2)),
        "digits": draw(exits),
        "nothing": draw(exits),
    }
    connect = {"type": "connect", "primary_url": PRIMARY, "not_dialed": draw(exits)}
    menu = {
        "type": "menu",
        "prompt": draw(_PROMPTS),
        "keys": {"1": draw(st.sampled_from(names)), "#": draw(st.sampled_from(names))},
        "timeout": draw(st.sampled_from([1, 5])),
        "repeats": draw(st.integers(0, 2)),
        "no_input": draw(exits),
        "invalid": draw(exits),
    }
    asking = {"type": "gather", "primary_url": PRIMARY, "fallback_url": FALLBACK, **typing}
    gather = {"type": "gather", "prompt": draw(_PROMPTS), "repeat_prompt": draw(_PROMPTS), **typing}
    applets: dict[str, dict[str, Any]] = {
        "gather": gather,
        "asking": asking,
        "menu": menu,
        "connect": connect,
    }
    for told in applets.values():
        for exit in [key for key, word in told.items() if word is None]:
            del told[exit]
    return flow_of(draw(st.sampled_from(names[:4])), draw(st.sampled_from(["at_once", "late"])), **applets)


KEY_SCENARIOS = st.builds(
    Scenario,
    flow=_key_flows(),
    phones=st.fixed_dictionaries(dict.fromkeys(NUMBERS, _PHONES)),
    replies=st.lists(_ASKED | _ASKED | _GOOD | _BAD, max_size=8).map(tuple),
    sounds=st.fixed_dictionaries({AUDIO: _SOUNDS, "Hello.": _SOUNDS}),
    caller=st.builds(
        Caller, leaves=st.none() | st.none() | _MOMENTS, digits=_KEYS, dead=st.none() | _MOMENTS
    ),
    stops=st.none() | st.none() | st.none() | _MOMENTS,
    media_lost=st.none() | st.none() | _MOMENTS,
)
"""Flows of gathers and menus, with a Connect among them, and callers who press keys at any moment."""
