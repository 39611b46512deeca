"""What happened to a call, told from its journal lines. Pure.

`what` and `why` are fixed texts; numbers, digits and URLs stand in `data` only.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from cordboard.config.show import masked_url

Entry = dict[str, Any]

KINDS = frozenset(("sip", "fetch", "answer", "decision", "leg", "media", "applet", "event", "record"))

# event or command → (kind, what)
_TOLD = {
    "CallerArrived": ("leg", "the caller arrived"),
    "CallOrdered": ("leg", "the API asked for this call"),
    "CallerHungUp": ("leg", "the caller hung up"),
    "TimePassed": ("decision", "a time limit came"),
    "Fetched": ("answer", "the URL answered"),
    "SoundReady": ("media", "a sound is ready"),
    "PhoneRung": ("leg", "a registered phone is rung"),
    "LegRinging": ("leg", "a leg rings"),
    "LegProgressed": ("leg", "a leg sends early media"),
    "LegAnswered": ("leg", "a leg answered"),
    "LegFailed": ("leg", "a leg failed"),
    "LegEnded": ("leg", "a leg ended"),
    "LegHeld": ("leg", "a leg was put on hold or taken off it"),
    "AudioStarted": ("media", "the first audio of a leg came"),
    "AudioDied": ("media", "a leg sends no audio any more"),
    "Played": ("media", "a sound is over"),
    "DigitPressed": ("leg", "a key was pressed"),
    "FellSilent": ("media", "whoever is recorded says nothing any more"),
    "MediaLost": ("media", "the media process died"),
    "Stopped": ("decision", "the engine ends"),
    "ProgressCaller": ("decision", "send progress to the caller"),
    "AnswerCaller": ("decision", "answer the caller"),
    "RejectCaller": ("decision", "end the caller's leg unanswered"),
    "HangUpCaller": ("decision", "hang up the caller"),
    "Fetch": ("fetch", "ask a URL"),
    "PrepareSound": ("media", "make a sound ready"),
    "Dial": ("decision", "ring a number"),
    "Release": ("decision", "release a leg"),
    "Bridge": ("decision", "let caller and callee talk"),
    "SendEvent": ("event", "send an event"),
    "Note": ("decision", "a remark"),
    "Transfer": ("applet", "go on in another flow"),
    "Finish": ("applet", "leave the applet"),
    "EndCall": ("applet", "end the call"),
}

# The same word, where its data say that it went the other way.
_OTHERWISE = {
    "Fetched": ("status", "the URL did not answer"),
    "SoundReady": ("seconds", "a sound cannot be played"),
    "LegHeld": ("held", "a leg was taken off hold"),
}
_LEG_HELD = "a leg was put on hold"
_WHERE_THERE = ("trunk", "headers")  # of a Dial by a trunk only (settled 12)


def entries(lines: Iterable[bytes]) -> list[Entry]:
    """The timeline of a call, oldest first. Lines that are no records are left out."""
    told: list[Entry] = []
    began = 0.0
    for record in _records(lines):
        if record["k"] == "begin":
            began = _number(record.get("at"))
        at = _instant(began + _number(record.get("t")))
        for kind, what, why, data in _parts(record):
            told.append(
                {"seq": len(told) + 1, "at": at, "kind": kind, "what": what, "why": why, "data": _clean(data)}
            )
    return told


def _records(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("k"), str):
            yield record


def _parts(record: dict[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    kind = record["k"]
    if kind == "begin":
        facts = record.get("facts")
        yield "applet", "the call began", "", facts if isinstance(facts, dict) else {}
    elif kind == "step":
        commands = record.get("c")
        for word in (record.get("e"), *(commands if isinstance(commands, list) else ())):
            if isinstance(word, dict):
                yield _word(word)
    elif kind != "row":
        data = {
            key: value for key, value in record.items() if key not in ("k", "call", "n", "t", "what", "why")
        }
        what, why = str(record.get("what", "")), str(record.get("why", ""))
        yield kind if kind in KINDS else "decision", what or kind, why, data


def _word(word: dict[str, Any]) -> tuple[str, str, str, dict[str, Any]]:
    name = str(word.get("is", ""))
    kind, what = _TOLD.get(name) or ("decision", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    if name == "LegHeld":
        what = _LEG_HELD
    if name in _OTHERWISE and not word.get(_OTHERWISE[name][0]):
        what = _OTHERWISE[name][1]
    if name == "Note" and word.get("code") == "applet.entered":
        kind, what = "applet", "enter an applet"
    data = {
        key: value
        for key, value in word.items()
        if key not in ("is", "why") and (value or key not in _WHERE_THERE)
    }
    return kind, what, str(word.get("why", "")), data


def _instant(seconds: float) -> str:
    """`2026-01-13T06:14:54.120Z`; by arithmetic, so that no time is out of the platform's range."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(seconds * 1000))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e11:
        return float(value)
    return 0.0


def _clean(value: Any) -> Any:
    """JSON has no NaN and no infinity; and who looks at a call need not see what its URLs hold of secrets."""
    if isinstance(value, str):
        return masked_url(value) if "://" in value else value
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
