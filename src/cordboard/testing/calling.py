"""How a call comes to the Connect applet, and what its caller does."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.numbers import known_as
from cordboard.kernel.mistakes import BadInput
from cordboard.testing.phones import LONGEST

MOMENTS: Final = ("call", "ringing", "playback", "conversation")
_WORDS: Final = re.compile(
    r"hangs up after (\d+(?:\.\d+)?)\s*s(?:econds?)?"
    r"(?: (?:while|during)(?: the)? (ringing|playback|conversation|talking))?"
)


@dataclass(frozen=True, slots=True)
class CallerHangsUp:
    """``after`` seconds from the beginning of ``during``: ``call``, ``ringing`` (the first number is
    dialled), ``playback`` (the announcement begins) or ``conversation``."""

    after: float
    during: str = "call"

    def __post_init__(self) -> None:
        if self.during not in MOMENTS:
            raise BadInput(
                "caller.during", f"{self.during!r} is no moment", f"{', '.join(MOMENTS)} is allowed"
            )
        if not 0 <= self.after < LONGEST:
            raise BadInput("caller.after", f"{self.after} s is no time", f"0 to {LONGEST:.0f} is allowed")


def caller_script(words: "str | CallerHangsUp | None") -> CallerHangsUp | None:
    """A caller of its description: ``hangs up after 5s while ringing``. Raises ``BadInput``."""
    if words is None or isinstance(words, CallerHangsUp):
        return words
    found = _WORDS.fullmatch(" ".join(words.lower().split()))
    if found is None:
        allowed = (
            '"hangs up after 5s", with "while ringing", "during playback" or "while talking", is allowed'
        )
        raise BadInput("caller_does", f"{words!r} describes no caller", allowed)
    during = {"talking": "conversation", None: "call"}.get(found[2], found[2])
    return CallerHangsUp(float(found[1]), during)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where in its flow the call meets the applet: what earlier applets and the API left (contract.md §1.2).

    ``digits``: the keys of a Gather, without quotes. ``custom_field``: of the API call. ``outbound``: the
    call was made by API to this flow. ``call_type`` and ``dial_*``: the outcome of an earlier Connect.
    ``recording_url``: of a Voicemail.
    """

    digits: str = ""
    custom_field: str = ""
    outbound: bool = False
    call_type: str = "call-attempt"
    dial_status: str = ""
    dial_seconds: int = 0
    dial_whom: str = ""
    recording_url: str = ""


FIRST = Stage()
"""An incoming call, Connect its first applet."""


def after_gather(digits: str) -> Stage:
    """The caller has pressed these keys."""
    return Stage(digits=digits)


def outbound(custom_field: str = "", digits: str = "") -> Stage:
    """A call made by API to the flow."""
    return Stage(digits=digits, custom_field=custom_field, outbound=True)


def after_connect(whom: str, status: str = "no-answer", seconds: int = 30) -> Stage:
    """An earlier Connect of this call ended so; ``completed`` is a conversation."""
    call_type = "completed" if status == "completed" else "incomplete"
    return Stage(call_type=call_type, dial_status=status, dial_seconds=seconds, dial_whom=whom)


def after_voicemail(recording_url: str) -> Stage:
    """The caller has left a message."""
    return Stage(call_type="voicemail", recording_url=recording_url)


def facts_of(
    stage: Stage, account: Account, *, sid: str, caller: str, exophone: str, flow_id: int, began_at: float
) -> CallFacts:
    """The call as it enters the flow. Numbers as anybody writes them."""
    country = account.country
    number = known_as(exophone, country)
    return CallFacts(
        sid=sid,
        caller=known_as(caller, country),
        called=number,
        exophone=number,
        direction="outbound-dial" if stage.outbound else "incoming",
        flow_id=flow_id,
        began_at=began_at,
        custom_field=stage.custom_field,
        digits=stage.digits,
        call_type=stage.call_type,
        dial_status=stage.dial_status,
        dial_seconds=stage.dial_seconds,
        dial_whom=known_as(stage.dial_whom, country) if stage.dial_whom else "",
        recording_url=stage.recording_url,
    )


def instant(at: str, zone: str) -> float:
    """Seconds since the epoch of ``2026-01-13 11:44:54`` in a time zone. Raises ``BadInput``."""
    try:
        told = datetime.fromisoformat(at)
    except ValueError as error:
        raise BadInput("at", f"{at!r} is no time", "2026-01-13 11:44:54 is allowed") from error
    return (told if told.tzinfo else told.replace(tzinfo=ZoneInfo(zone))).timestamp()
