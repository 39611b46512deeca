"""Two flows of every applet there is, with ways from anywhere to anywhere, made up from a seed.

``crossed``: moments coincide or lie a wire's delay apart, so that everything crosses everything. Else they
are drawn from a continuum, so that hardly two things happen at once and the wire tells the same.
"""

import json
import random
from dataclasses import replace
from typing import Any

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
    ordered,
)
from tests.world.helpers import AUDIO, TONE, A, B, C, D

_NUMBERS = (A, B, C, D)
_URL = "http://customer.example/asked?key=1"
_WAITING = ("connect", "fixed", "gather", "asking", "menu", "voicemail", "greeting", "lines", "ask")
_SPINNING = ("tell", "switch", "hours", "transfer")
"""Applets that wait for nothing. Their exits lead to later ones only: calls may not spin."""
_COINCIDING = (0.0, 0.05, 0.1, 0.15, 1.0, 2.0, 2.05, 2.1, 3.1, 5.0, 5.1, 10.0, 30.0)
_CAUSES = (Cause.BUSY, Cause.DECLINED, Cause.NO_ANSWER, Cause.REJECTED, Cause.FAILED)
_HOLDS = ({"type": "default_tone"}, {"type": "operator_tone"}, {"type": "custom_tone", "value": TONE})


def every_applet(seed: int, crossed: bool = False) -> Scenario:
    """Always the same one for a seed."""
    return _MadeUp(random.Random(seed), crossed).scenario()


class _MadeUp:
    def __init__(self, draw: random.Random, crossed: bool) -> None:
        self.draw, self.crossed = draw, crossed

    def scenario(self) -> Scenario:
        draw = self.draw
        by_api, media_lost = draw.random() < 0.25, draw.random() < 0.1
        return Scenario(
            flow=self._flow(11754, 2),
            more_flows=(self._flow(2, 11754),),
            phones={number: self._phone() for number in (*_NUMBERS, CALLER)},
            replies=tuple(self._reply(announces=not media_lost) for _ in range(30)),
            sounds={each: self._sound() for each in (AUDIO, TONE, "Hello.", "Again.", "tune", "")},
            caller=self._caller(),
            stops=self._moment(60) if draw.random() < 0.1 else None,
            media_lost=self._moment(60) if media_lost else None,
            order=ordered(CALLER, 30.0, draw.choice((0.0, 7.0, 41.0, 14_400.0))) if by_api else None,
            account=replace(ACCOUNT, recordings_url="http://recordings.example/"),
            custom_field=draw.choice(("", "order 42/é")),
        )

    def _moment(self, most: float) -> float:
        return self.draw.choice(_COINCIDING) if self.crossed else self.draw.uniform(0.3, most)

    def _maybe(self, chance: float, most: float) -> float | None:
        return self._moment(most) if self.draw.random() < chance else None

    # --- flows -------------------------------------------------------------------------------------------

    def _flow(self, id: int, other: int) -> dict[str, Any]:
        draw, applets = self.draw, self._applets(other)
        for name, table in applets.items():
            later = _SPINNING[_SPINNING.index(name) + 1 :] if name in _SPINNING else _SPINNING
            onward = (*_WAITING, *later)
            for exits in (table, table.get("keys", {}), table.get("cases", {})):
                for exit in [exit for exit, target in exits.items() if target == "…"]:
                    exits[exit] = draw.choice(onward)
                    if exits is table and draw.random() < 0.1:
                        exits[exit] = "bye"
                    elif exits is table and draw.random() < 0.1:
                        del exits[exit]
        start = draw.choice(_WAITING if id == 2 else (*_WAITING, *_SPINNING))
        answer = draw.choice(("at_once", "late"))
        return {"id": id, "start": start, "answer": answer, "applets": {**applets, "bye": {"type": "hangup"}}}

    def _applets(self, other: int) -> dict[str, dict[str, Any]]:
        """One of each; exits that are still to be drawn are dots."""
        draw = self.draw
        dialled = dict.fromkeys(("after_conversation", "nobody_answers", "not_dialed"), "…")
        events = {"dial_events": ["Dial", "Ringing", "Answered", "Terminal"]}
        urls = {"primary_url": PRIMARY, "fallback_url": FALLBACK}
        typing = {"digits": "…", "nothing": "…", **self._entry()}
        return {
            "connect": {"type": "connect", **urls, **events, **dialled},
            "fixed": {"type": "connect", "parameters": self._parameters(True), **events, **dialled},
            "gather": {"type": "gather", "prompt": self._prompt(), "repeat_prompt": self._prompt(), **typing},
            "asking": {"type": "gather", **urls, **typing},
            "menu": {
                "type": "menu",
                "prompt": self._prompt(),
                "keys": {"1": "…", "#": "…"},
                "timeout": draw.randint(1, 6),
                "repeats": draw.randint(0, 2),
                "no_input": "…",
                "invalid": "…",
            },
            "voicemail": {
                "type": "voicemail",
                **draw.choice(({}, {"prompt": self._prompt()})),
                "max_seconds": draw.choice((1, 10, 120)),
                "silence_seconds": draw.choice((0, 2, 5)),
                "notify_url": "http://customer.example/left",
                "next": "…",
            },
            "greeting": {
                "type": "greeting",
                **draw.choice(({"text": "Hello."}, {"audio": AUDIO})),
                "next": "…",
            },
            "lines": {"type": "greeting", "url": _URL, "next": "…"},
            "ask": {
                "type": "passthru",
                "url": _URL,
                "timeout": draw.choice((0.5, 5, 30)),
                "ok": "…",
                "other": "…",
            },
            "tell": {"type": "passthru", "url": _URL, "async": True, "ok": "…"},
            "switch": {"type": "switch", "cases": {"a": "…", "b": "…"}, "no_match": "…"},
            "hours": {"type": "hours", "times": ["tue 09:00-11:45"], "open": "…", "closed": "…"},
            "transfer": {"type": "transfer", "flow": other},
        }

    def _prompt(self) -> dict[str, str]:
        return self.draw.choice(
            ({"text": "Hello."}, {"text": "Again."}, {"audio_url": AUDIO}, {"audio_url": "prompt:tune"})
        )

    def _entry(self) -> dict[str, Any]:
        draw = self.draw
        return {
            "max_input_digits": draw.choice((1, 2, 4, 255)),
            "finish_on_key": draw.choice(("", "#", "1")),
            "input_timeout": draw.randint(1, 6),
            "repeat_menu": draw.randint(0, 2),
        }

    # --- the customer ------------------------------------------------------------------------------------

    def _parameters(self, announces: bool) -> dict[str, Any]:
        draw = self.draw
        options: dict[str, Any] = {
            "fetch_after_attempt": draw.random() < 0.5,
            "record": True,
            "recording_channels": draw.choice(("single", "dual")),
            "max_ringing_duration": draw.choice((1, 5, 30)),
            "max_conversation_duration": draw.choice((1, 5, 20, 200)),
            "music_on_hold": draw.choice(_HOLDS),
            "parallel_ringing": {
                "activate": draw.random() < 0.5,
                "max_parallel_attempts": draw.randint(1, 4),
            },
            "dial_passthru_event_url": EVENTS,
            "start_call_playback": {
                "playback_to": draw.choice(("both", "callee")),
                **draw.choice(({"type": "text", "value": "Hello."}, {"type": "audio_url", "value": AUDIO})),
            },
        }
        if not announces:
            del options["start_call_playback"]
        taken = {key: value for key, value in options.items() if draw.random() < 0.5}
        return {"destination": {"numbers": draw.choices(_NUMBERS, k=draw.choice((0, 1, 1, 2, 4)))}, **taken}

    def _reply(self, announces: bool) -> Reply:
        """What a Connect, a Gather and a Passthru all understand; or a greeting's lines; or nothing good."""
        draw = self.draw
        after = (
            None
            if draw.random() < 0.05
            else draw.choice((0.0, 0.1, 5.0))
            if self.crossed
            else draw.uniform(0.05, 3)
        )
        if draw.random() < 0.15:
            return Reply(
                b"?", draw.choice((0, 200, 302, 500)), after=after, error="the connection was refused"
            )
        if draw.random() < 0.3:
            lines = draw.choice(("Hello.\n" + AUDIO, "Again.", '{"select": "a"}', ""))
            return Reply(lines.encode(), media_type="text/plain", after=after)
        entry = {key: value for key, value in self._entry().items() if draw.random() < 0.5}
        body = {
            **self._parameters(announces),
            "gather_prompt": draw.choice(({"text": "Hello."}, {"audio_url": AUDIO})),
            **entry,
        }
        return Reply(json.dumps({**body, "select": draw.choice("abc")}).encode(), after=after)

    def _sound(self) -> Sound:
        draw = self.draw
        return Sound(
            seconds=draw.choice((0.0, 1.3, 3.1, 3.1)),
            status=draw.choice((200, 200, 200, 404)),
            after=None if draw.random() < 0.05 else self._moment(3),
            plays_out=draw.random() < 0.9,
        )

    # --- people ------------------------------------------------------------------------------------------

    def _phone(self) -> Phone:
        draw = self.draw
        if draw.random() < 0.1:
            return Phone(rings=None)
        fate = draw.choice(("answers", "answers", "answers", "fails", "rings"))
        return Phone(
            rings=self._moment(3),
            early=self._maybe(0.3, 4),
            answers=self._moment(20) if fate == "answers" else None,
            fails=(self._moment(25), draw.choice(_CAUSES)) if fate == "fails" else None,
            hangs_up=self._maybe(0.7, 60),
            holds=self._holds(),
            dead=self._maybe(0.1, 60),
        )

    def _holds(self) -> tuple[tuple[float, bool], ...]:
        if self.draw.random() < 0.85:
            return ()
        at = self._moment(20)
        return ((at, True), (at + self._moment(10), False))

    def _caller(self) -> Caller:
        draw = self.draw
        keys = sorted((self._moment(60), draw.choice("1112#*9")) for _ in range(draw.choice((0, 4, 12, 20))))
        begins = self._moment(30)
        return Caller(
            leaves=self._maybe(0.4, 90),
            holds=self._holds(),
            digits=tuple(keys),
            speaks=((begins, begins + self._moment(20)),),
            dead=self._maybe(0.1, 90),
        )
