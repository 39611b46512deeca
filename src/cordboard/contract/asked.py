"""What a Connect URL is asked: every parameter of the request, and one sample of each stage of a call.

``request`` writes it; a test holds that to this table. The OpenAPI description and the pages are made of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cordboard.contract.facts import CallFacts, LegFacts


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the query. ``when``: empty where every request carries it. ``choices``: its possible
    values, empty for any. ``kind``: ``string``, ``integer``, ``number`` (a telephone number) or ``time``."""

    name: str
    about: str
    kind: str = "string"
    when: str = ""
    choices: tuple[str, ...] = ()


HEADERS: Final = (
    ("Exotel-Version", "`1.0`: the version of the format that your answer is read as."),
    ("Accept", "`application/json`"),
)

_CALLER = "An incoming call: the caller. A call made by API to a flow: the number called first."
_CALLED = (
    "An incoming call: the ExoPhone. A call made by API to a flow: its `CallerId`; between two numbers: the "
    "second."
)
_ATTEMPT = "after an attempt in this applet, or an earlier Connect"
_LEGS = "after a failed attempt in this applet: one group for each leg rung, `Legs[0]`, `Legs[1]` …"
_CODES = (
    "USER_BUSY",
    "NO_ANSWER",
    "CALL_REJECTED",
    "NETWORK_FAILURE",
    "ORIGINATOR_CANCEL",
    "NORMAL_CLEARING",
)

PARAMETERS: Final = (
    Parameter("CallSid", "The call: 32 characters, the same in every request. Treat it as opaque."),
    Parameter("CallFrom", _CALLER, "number"),
    Parameter("CallTo", _CALLED, "number"),
    Parameter("Direction", "Who began the call.", choices=("incoming", "outbound-dial")),
    Parameter("Created", "When the call came, or was asked for by API.", "time"),
    Parameter(
        "DialCallDuration",
        "Seconds of the last attempt, ringing included: from its first INVITE to the end of its last leg; 0 "
        "when nobody was dialled.",
        "integer",
    ),
    Parameter("StartTime", "When the first leg was answered; until then `Created`.", "time"),
    Parameter("EndTime", "Always `1970-01-01 05:30:00`: ignore it.", "time"),
    Parameter(
        "CallType",
        "`call-attempt`: no Connect yet; `incomplete`: somebody was dialled, nobody talked; `completed`: "
        "there was a conversation; `client-hangup`: the caller left while somebody was dialled; `voicemail`: "
        "a Voicemail came before.",
        choices=("call-attempt", "incomplete", "completed", "client-hangup", "voicemail"),
    ),
    Parameter(
        "DialWhomNumber",
        "Who was dialled last: the one who answered, else the last in the order of your list. Empty when "
        "nobody was.",
        "number",
    ),
    Parameter("flow_id", "The flow that the call is in.", "integer"),
    Parameter("From", "The same as `CallFrom`.", "number"),
    Parameter("To", "The same as `CallTo`.", "number"),
    Parameter("CurrentTime", "Now.", "time"),
    Parameter(
        "DialCallStatus",
        "How the last attempt ended. Of a parallel wave: `no-answer` if any rang out, else `busy` if any was "
        "busy, else `failed`.",
        when=_ATTEMPT,
        choices=("completed", "busy", "no-answer", "failed", "canceled"),
    ),
    Parameter(
        "digits",
        'The keys that the caller typed, inside double quotes that belong to the value: `"12"`, on the wire '
        "`%2212%22`. Strip them.",
        when="after a Gather or a menu, and from then on",
    ),
    Parameter("CustomField", "Word for word as the API call gave it.", when="in a call made by API with it"),
    Parameter(
        "RecordingUrl",
        "The recording of the Voicemail. It may take a moment until it can be fetched.",
        when="after a Voicemail",
    ),
    Parameter("Legs[0][Number]", "Who was rung.", "number", _LEGS),
    Parameter("Legs[0][Type]", "`sip`: a registered phone; `pstn`: the network.", "string", _LEGS,
              ("pstn", "sip")),
    Parameter("Legs[0][OnCallDuration]", "Seconds of conversation.", "integer", _LEGS),
    Parameter("Legs[0][Cause]", "`CauseCode` in lower case, with spaces.", "string", _LEGS),
    Parameter(
        "Legs[0][CauseCode]",
        "Why the leg is over.",
        "string",
        _LEGS,
        _CODES,
    ),
    Parameter(
        "Legs[0][DisconnectedBy]",
        "Who ended it. `Exotel` is the platform, here cordboard: a limit, or another leg answered first.",
        "string",
        _LEGS,
        ("Caller", "Callee", "Exotel", "Operator", "NA"),
    ),
)  # fmt: skip

_BY_NAME: Final = {one.name: one for one in PARAMETERS}
_SHARED = ("CallSid", "CallFrom", "CallTo", "Direction", "Created", "From", "To", "CurrentTime")

EVENT_PARAMETERS: Final = (
    *(_BY_NAME[name] for name in _SHARED),
    Parameter("DialWhomNumber", "Who is rung.", "number"),
    Parameter("Status", "The line of whoever is rung, not how the leg went.", choices=("busy", "free")),
    Parameter(
        "EventType",
        "`Dial`: this number starts being rung; `Terminal`: that leg is over. `Ringing` and `Answered` only "
        "where the applet's `dial_events` names them.",
        choices=("Dial", "Ringing", "Answered", "Terminal"),
    ),
    Parameter(
        "RecordingAvailableBy",
        "When the recording can be fetched: `Sun, 28 Feb 2021 21:04:05`.",
        when="with the Terminal of a recorded conversation",
    ),
)
"""The query of a dial event, behind the own query of ``dial_passthru_event_url`` (settled 23)."""

NOW: Final = 62.0
"""Seconds of the call at which the samples are asked."""

_INCOMING: Final = CallFacts(
    sid="5f3c9e0b7a614c2d8e91a7d4b0c3f2e1",
    caller="+919876500001",
    called="+918047115777",
    exophone="+918047115777",
    direction="incoming",
    flow_id=11754,
    began_at=1_768_284_894.0,  # 2026-01-13 11:44:54 in India
    answered_at=0.0,
)


def _with(**more: object) -> CallFacts:
    told = {name: getattr(_INCOMING, name) for name in _INCOMING.__slots__}
    return CallFacts(**{**told, **more})


STAGES: Final[Mapping[str, CallFacts]] = MappingProxyType({
    "first": _INCOMING,
    "after Gather": _with(digits="12"),
    "outbound with CustomField": _with(
        direction="outbound-dial", answered_at=6.0, custom_field='order=42&note="a+b"'
    ),
    "after a failed attempt": _with(
        call_type="incomplete",
        dial_status="no-answer",
        dial_seconds=31,
        dial_whom="+919812300002",
        legs=(
            LegFacts("+919812300001", "sip", 0, "USER_BUSY", "Callee"),
            LegFacts("+919812300002", "pstn", 0, "NO_ANSWER", "Exotel"),
        ),
    ),
    "after a Connect": _with(
        call_type="completed", dial_status="completed", dial_seconds=48, dial_whom="+919812300001"
    ),
    "after Voicemail": _with(
        call_type="voicemail",
        dial_status="no-answer",
        dial_seconds=30,
        dial_whom="+919812300001",
        recording_url="http://127.0.0.1:8080/v1/Accounts/acme1/Recordings/5f3c9e0b7a614c2d8e91a7d4b0c3f2e1r1",
    ),
})  # fmt: skip
"""What is known of a call at each stage that a Connect can be asked in."""
