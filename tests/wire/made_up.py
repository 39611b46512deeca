"""Scenarios made up from a seed: what phones, customers and callers do in an ordinary bad week.

Moments are drawn from a continuum, so that hardly two things happen within a wire's delay of each other:
crossings are looked for elsewhere (tests/world).
"""

import json
import random
from dataclasses import replace
from typing import Any

from cordboard.call.causes import Cause
from cordboard.runtime.flow_table import between
from cordboard.testing.scenario import (
    CALLER,
    EVENTS,
    EXOPHONE,
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

NUMBERS = (A, B, C, D)
OTHER_EXOPHONE = "+918047100002"
_EXITS = (None, "bye", "sorry", "again")
_HOLDS = ({"type": "default_tone"}, {"type": "operator_tone"}, {"type": "custom_tone", "value": TONE})
_CAUSES = (Cause.BUSY, Cause.DECLINED, Cause.NO_ANSWER, Cause.REJECTED, Cause.FAILED)


def made_up(seed: int) -> Scenario:
    """Always the same one for a seed."""
    draw = random.Random(seed)
    restarts, media_lost = draw.random() < 0.2, draw.random() < 0.15
    # an announcement under which media dies begins anew, which the pretend world does not know
    replies = tuple(_reply(draw, announces=not media_lost) for _ in range(draw.randint(1, 6)))
    return Scenario(
        flow=_flow(draw),
        phones={number: _phones(draw, restarts) for number in NUMBERS},
        replies=replies,
        sounds={sound: _sound(draw) for sound in (AUDIO, TONE, "Hello.", "Sorry, nobody is there.")},
        caller=_caller(draw),
        stops=draw.uniform(0.5, 60) if draw.random() < 0.1 else None,
        media_lost=draw.uniform(0.5, 60) if media_lost else None,
    )


def _flow(draw: random.Random) -> dict[str, Any]:
    flow = connect_flow(
        draw.choice(_EXITS),
        draw.choice(_EXITS),
        draw.choice(_EXITS),
        answer=draw.choice(("at_once", "late")),
        dial_events=["Dial", "Ringing", "Answered", "Terminal"],
    )
    connect = flow["applets"]["connect"]
    flow["applets"]["again"] = {key: value for key, value in connect.items() if value != "again"}
    if draw.random() < 0.3:
        del connect["fallback_url"]
    return flow


def _phones(draw: random.Random, restarts: bool) -> Phone | tuple[Phone, ...]:
    first = _phone(draw, restarts)
    return (first, _phone(draw, restarts)) if draw.random() < 0.3 else first


def _phone(draw: random.Random, restarts: bool) -> Phone:
    if draw.random() < 0.1:
        return Phone(rings=None, restarts_limit=restarts)
    fate = draw.choice(("answers", "answers", "fails", "rings"))
    return Phone(
        rings=draw.choice((None, draw.uniform(0.1, 3))) if fate == "fails" else draw.uniform(0.1, 3),
        early=draw.uniform(0.1, 4) if draw.random() < 0.3 else None,
        answers=draw.uniform(1, 33) if fate == "answers" else None,
        fails=(draw.uniform(0.1, 25), draw.choice(_CAUSES)) if fate == "fails" else None,
        hangs_up=draw.uniform(0.5, 60) if draw.random() < 0.7 else None,
        holds=_holds(draw, draw.uniform(0.5, 20)),
        dead=draw.uniform(1, 60) if draw.random() < 0.1 else None,
        restarts_limit=restarts,
    )


def _holds(draw: random.Random, at: float) -> tuple[tuple[float, bool], ...]:
    return ((at, True), (at + draw.uniform(0.5, 10), False)) if draw.random() < 0.2 else ()


def _reply(draw: random.Random, announces: bool) -> Reply:
    after = None if draw.random() < 0.08 else draw.uniform(0.05, 4)
    if draw.random() < 0.2:
        return Reply(b"?", draw.choice((0, 200, 302, 500)), after=after, error="the connection was refused")
    body: dict[str, Any] = {"destination": {"numbers": draw.choices(NUMBERS, k=draw.randint(0, 5))}}
    options: dict[str, Any] = {
        "fetch_after_attempt": draw.random() < 0.5,
        "record": draw.random() < 0.5,
        "recording_channels": draw.choice(("single", "dual")),
        "max_ringing_duration": draw.choice((5, 10, 30, 45)),
        "max_conversation_duration": draw.choice((5, 20, 900)),
        "music_on_hold": draw.choice(_HOLDS),
        "parallel_ringing": {"activate": draw.random() < 0.5, "max_parallel_attempts": draw.randint(1, 4)},
        "start_call_playback": {
            "playback_to": draw.choice(("both", "callee")),
            **draw.choice(({"type": "text", "value": "Hello."}, {"type": "audio_url", "value": AUDIO})),
        },
        "dial_passthru_event_url": EVENTS,
        "outgoing_phone_number": OTHER_EXOPHONE,
    }
    body |= {key: value for key, value in options.items() if draw.random() < 0.5}
    if not announces:
        body.pop("start_call_playback", None)
    able = (EXOPHONE,) if draw.random() < 0.5 else (EXOPHONE, OTHER_EXOPHONE)
    return Reply(json.dumps(body).encode(), after=after, able=able)


def _sound(draw: random.Random) -> Sound:
    return Sound(
        seconds=draw.choice((0.0, 1.3, 3.1)),
        status=draw.choice((200, 200, 200, 404)),
        after=None if draw.random() < 0.1 else draw.uniform(0.05, 3),
        plays_out=draw.random() < 0.9,
    )


def _caller(draw: random.Random) -> Caller:
    return Caller(
        leaves=draw.uniform(0.3, 90) if draw.random() < 0.4 else None,
        digits=((draw.uniform(0.5, 30), draw.choice("12#")),) if draw.random() < 0.3 else (),
        dead=draw.uniform(1, 90) if draw.random() < 0.1 else None,
    )


# --- keys ---------------------------------------------------------------------------------------------------


def made_up_keys(seed: int) -> Scenario:
    """Gathers and menus before a Connect, and a caller who presses keys, in its audio or by INFO."""
    draw = random.Random(seed)
    info = draw.random() < 0.5
    return Scenario(
        # a caller who was not answered yet sends no INFO
        flow=_key_flow(draw, "at_once" if info else draw.choice(("at_once", "late"))),
        phones={number: _phone(draw, False) for number in NUMBERS},
        replies=tuple(_asked(draw) if draw.random() < 0.6 else _reply(draw, True) for _ in range(6)),
        sounds={sound: _sound(draw) for sound in (AUDIO, TONE, "Hello.", "Sorry, nobody is there.")},
        caller=Caller(
            leaves=draw.uniform(0.5, 60) if draw.random() < 0.3 else None,
            digits=tuple(
                sorted((draw.uniform(0.5, 40), draw.choice("1112#*9")) for _ in range(draw.randint(0, 12)))
            ),
            info=info,
        ),
    )


def _prompt(draw: random.Random) -> dict[str, str]:
    return draw.choice(({"text": "Hello."}, {"audio_url": AUDIO}))


def _asked(draw: random.Random) -> Reply:
    body: dict[str, Any] = {"gather_prompt": _prompt(draw)}
    options: dict[str, Any] = {
        "max_input_digits": draw.randint(1, 4),
        "finish_on_key": draw.choice(("", "#", "1")),
        "input_timeout": draw.randint(1, 8),
        "repeat_menu": draw.randint(0, 2),
        "repeat_gather_prompt": _prompt(draw),
    }
    body |= {key: value for key, value in options.items() if draw.random() < 0.5}
    return Reply(json.dumps(body).encode(), after=draw.uniform(0.05, 4))


def _key_flow(draw: random.Random, answer: str) -> dict[str, Any]:
    names = ("gather", "asking", "menu", "connect", "sorry", "bye")
    typing = {
        "max_input_digits": draw.randint(1, 5),
        "input_timeout": draw.randint(1, 6),
        "repeat_menu": draw.randint(0, 2),
        "digits": draw.choice(names),
        "nothing": draw.choice(names),
    }
    return flow_of(
        draw.choice(names[:4]),
        answer,
        gather={"type": "gather", "prompt": _prompt(draw), "repeat_prompt": _prompt(draw), **typing},
        asking={"type": "gather", "primary_url": PRIMARY, "fallback_url": FALLBACK, **typing},
        menu={
            "type": "menu",
            "prompt": _prompt(draw),
            "keys": {"1": draw.choice(names), "#": draw.choice(names)},
            "timeout": draw.randint(1, 6),
            "repeats": draw.randint(0, 2),
            "no_input": draw.choice(names),
            "invalid": draw.choice(names),
        },
        connect={
            "type": "connect",
            "primary_url": PRIMARY,
            "fallback_url": FALLBACK,
            "not_dialed": draw.choice(names),
        },
    )


# --- calls by API -------------------------------------------------------------------------------------------


def made_up_order(seed: int) -> Scenario:
    """A call that the API began, to a flow or between two numbers."""
    draw = random.Random(seed)
    base = made_up(seed)
    first = replace(_phone(draw, False), restarts_limit=False)
    if draw.random() < 0.6:  # else hardly a call would get beyond its first leg
        first = replace(first, rings=0.5, answers=draw.uniform(1, 12), fails=None)
    asked = ordered(
        ring_seconds=float(draw.choice((5, 12, 30, 60))),
        limit_seconds=float(draw.choice((4, 20, 75, 900))),
    )
    between_two = draw.random() < 0.4
    words: dict[str, Any] = {
        "destination": {"numbers": [A]},
        "max_ringing_duration": int(asked.ring_seconds),
        "record": draw.random() < 0.5,
    }
    phones = {**base.phones, CALLER: replace(first, registered=draw.random() < 0.2)}
    return replace(
        base,
        flow=between(words) if between_two else base.flow,
        phones={
            number: tuple(replace(one, restarts_limit=False) for one in phone)
            if isinstance(phone, tuple)
            else replace(phone, restarts_limit=False)
            for number, phone in phones.items()
        },
        caller=replace(base.caller, leaves=None, dead=None, holds=()),
        order=asked,
        between=A if between_two else "",
        custom_field="order-42",
    )
