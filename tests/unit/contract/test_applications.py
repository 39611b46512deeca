"""Every number format and quirk that the survey of real applications names (applications.md §3, §4), with
values of our own: what lenient mode does with it, and what strict mode does."""

import json
from typing import Any

import pytest

from cordboard.contract.account import Account
from cordboard.contract.answer import effective, read_answer
from tests.unit.contract.reading import LENIENT, ONE, STRICT, TWO, dialling

NOBODY: tuple[str, ...] = ()
Expected = tuple[str, tuple[str, ...]]
DIALS: Expected = ("dial", (ONE,))
NO_DIAL: Expected = ("no_dial", NOBODY)
FALLBACK: Expected = ("fallback", NOBODY)


def outcome(body: Any, account: Account, media: str, status: int, accept: frozenset[str]) -> Expected:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    reading = read_answer(status, media, raw, account, accept=accept)
    return reading.outcome, reading.plan.numbers if reading.plan else NOBODY


ONE_BY_ONE = {"activate": True, "max_parallel_attempts": 1}
SPOKEN = {"type": "text", "value": "x"}


def to(*numbers: Any) -> dict[str, Any]:
    return {"destination": {"numbers": list(numbers)}}


NUMBERS: list[tuple[str, Any, Expected, Expected]] = [
    ("E.164 +91", to(ONE), DIALS, DIALS),
    ("0 and 10 digits", to("09812300001"), DIALS, NO_DIAL),
    ("bare 10 digits", to("9812300001"), DIALS, NO_DIAL),
    ("91 and 10 digits without +", to("919812300001"), DIALS, NO_DIAL),
    ("0, area code, local number", to("08047100009"), ("dial", ("+918047100009",)), NO_DIAL),
    ("sip: URI among numbers", to("sip:asha", ONE), DIALS, DIALS),
    ("JSON integer", to(9812300001), DIALS, NO_DIAL),
    ("JSON integer with country code", to(919812300001), DIALS, NO_DIAL),
    ("null", to(None, ONE), DIALS, DIALS),
    ("null alone", to(None), NO_DIAL, NO_DIAL),
    ("empty text", to(""), NO_DIAL, NO_DIAL),
    ("0 alone", to("0"), NO_DIAL, NO_DIAL),
    ("+ alone", to("+"), NO_DIAL, NO_DIAL),
    ("a lost +, a space in its place", to(" 919812300001"), DIALS, NO_DIAL),
    ("quotes of digits inside", to('+91"9812300001"'), DIALS, NO_DIAL),
    ("0 before a whole number", to("0+919812300001"), DIALS, NO_DIAL),
    ("+0", to("+09812300001"), NO_DIAL, NO_DIAL),
    ("country code doubled", to("+91919812300001"), NO_DIAL, NO_DIAL),
    ("x's left in", to("+91798xx581xx"), NO_DIAL, NO_DIAL),
    ("only x's", to("+91XXXXXXXXXX"), NO_DIAL, NO_DIAL),
    ("x's beside a number", to("+91XXXXXXXXXX", ONE), DIALS, DIALS),
    ("foreign", to("+971501230001"), ("dial", ("+971501230001",)), ("dial", ("+971501230001",))),
    ("+91 toll-free", to("+9118001230001"), ("dial", ("+9118001230001",)), ("dial", ("+9118001230001",))),
    ("toll-free without country code", to("18001230001"), ("dial", ("+9118001230001",)), NO_DIAL),
    ("template left in", to("{{CustomField}}"), NO_DIAL, NO_DIAL),
    ("several, mixed", to("09812300001", TWO), ("dial", (ONE, TWO)), ("dial", (TWO,))),
]

QUIRKS: list[tuple[str, Any, Expected, Expected]] = [
    ("numbers []", to(), NO_DIAL, NO_DIAL),
    ("numbers [] and fetch_after_attempt", {"fetch_after_attempt": False, **to()}, NO_DIAL, NO_DIAL),
    ("a destination alone", to(ONE), DIALS, DIALS),
    ("no destination: end-of-call reply", {"status": "ok"}, FALLBACK, FALLBACK),
    ("no destination: an error object", {"error": "no route"}, FALLBACK, FALLBACK),
    ("no destination: playback only", {"start_call_playback": SPOKEN}, FALLBACK, FALLBACK),
    ("no destination: fetch again", {"fetch_after_attempt": True}, FALLBACK, FALLBACK),
    ("numbers [] and a playback", {**to(), "start_call_playback": SPOKEN}, NO_DIAL, NO_DIAL),
    ("unknown fields beside", {**dialling(), "error": None, "resolution_reason": "owner"}, DIALS, DIALS),
    ("destination is a list (CCM)", {"destination": [{"contact_uri": ONE}]}, FALLBACK, FALLBACK),
    ("destination.trunk", {"destination": {"trunk": "trunk-1"}, "custom_params": "a=1"}, FALLBACK, FALLBACK),
    ("destination.phoneNumbers", {"destination": {"phoneNumbers": [ONE]}}, FALLBACK, FALLBACK),
    ("numbers as one text", {"destination": {"numbers": "09812300001"}}, DIALS, FALLBACK),
    ("numbers null", {"destination": {"numbers": None}}, NO_DIAL, NO_DIAL),
    ("destination {}", {"destination": {}}, NO_DIAL, NO_DIAL),
    ("parallel max 1", dialling(parallel_ringing=ONE_BY_ONE), DIALS, DIALS),
    ("parallel {}", dialling(parallel_ringing={}), DIALS, DIALS),
    ("playback without playback_to", dialling(start_call_playback=SPOKEN), DIALS, DIALS),
    (
        'playback_to "caller"',
        dialling(start_call_playback={"playback_to": "caller", "type": "text", "value": "x"}),
        DIALS,
        DIALS,
    ),
    (
        "all scalars as text",
        dialling(fetch_after_attempt="false", record="true", max_ringing_duration="45",
                 max_conversation_duration="90"),
        DIALS,
        DIALS,
    ),
    (
        "nulls for every option",
        dialling(fetch_after_attempt=None, record=None, recording_channels=None, music_on_hold=None,
                 outgoing_phone_number=None, parallel_ringing=None, start_call_playback=None,
                 dial_passthru_event_url=None, max_ringing_duration=None, max_conversation_duration=None),
        DIALS,
        DIALS,
    ),
    ("ringing for 75 s", dialling(max_ringing_duration=75), DIALS, DIALS),
    ("pretty-printed", json.dumps(dialling(), indent=2).encode(), DIALS, DIALS),
    ("XML", b"<Response><Dial>09812300001</Dial></Response>", FALLBACK, FALLBACK),
    ("a bare number", b"09812300001", FALLBACK, FALLBACK),
]  # fmt: skip

OUTGOING = [
    ("+918047100001", "+918047100001", "+918047100001"),
    ("08047100001", "+918047100001", None),
    ("02048500001", "+912048500001", None),
    ("09812300009", "+919812300009", None),
    ("", None, None),
    ("080XXXXXXXX", None, None),
    (" 918047100001", "+918047100001", None),
    (None, None, None),
]


@pytest.mark.parametrize(("name", "body", "lenient", "strict"), NUMBERS, ids=[row[0] for row in NUMBERS])
def test_applications_3_number_formats(name: str, body: Any, lenient: Expected, strict: Expected) -> None:
    assert outcome(body, LENIENT, "application/json", 200, frozenset()) == lenient
    assert outcome(body, STRICT, "application/json", 200, frozenset()) == strict


@pytest.mark.parametrize(("name", "body", "lenient", "strict"), QUIRKS, ids=[row[0] for row in QUIRKS])
def test_applications_4_quirks(name: str, body: Any, lenient: Expected, strict: Expected) -> None:
    assert outcome(body, LENIENT, "application/json; charset=utf-8", 200, frozenset()) == lenient
    assert outcome(body, STRICT, "application/json;charset=UTF-8", 200, frozenset()) == strict


@pytest.mark.parametrize(("asked", "lenient", "strict"), OUTGOING)
def test_applications_3_outgoing_phone_number(asked: Any, lenient: str | None, strict: str | None) -> None:
    for account, wanted in ((LENIENT, lenient), (STRICT, strict)):
        body = json.dumps(dialling(outgoing_phone_number=asked)).encode()
        reading = read_answer(200, "application/json", body, account)
        assert reading.outcome == "dial"
        assert effective(reading.plan)["outgoing_phone_number"] == wanted


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 500, 503])
@pytest.mark.parametrize("body", [dialling(), to()])
def test_applications_4_some_answers_are_not_200(status: int, body: Any) -> None:
    assert outcome(body, LENIENT, "application/json", status, frozenset()) == FALLBACK


@pytest.mark.parametrize(
    ("media", "body", "off", "on"),
    [
        ("text/plain", b"09812300001", FALLBACK, DIALS),
        ("text/plain; charset=utf-8", b"+919812300001\n", FALLBACK, DIALS),
        ("text/plain", b"", FALLBACK, NO_DIAL),
        ("text/plain", b"error", FALLBACK, FALLBACK),
        ("text/html", b"09812300001", FALLBACK, FALLBACK),
        ("application/xml", b"<Response/>", FALLBACK, FALLBACK),
        ("text/html; charset=utf-8", json.dumps(dialling()).encode(), FALLBACK, FALLBACK),
    ],
)
def test_applications_4_plain_text_answers(media: str, body: bytes, off: Expected, on: Expected) -> None:
    assert outcome(body, LENIENT, media, 200, frozenset()) == off
    assert outcome(body, LENIENT, media, 200, frozenset({"plain"})) == on


def test_applications_4_the_ccm_shape_with_its_option_on() -> None:
    body = {"destination": [{"contact_uri": "09812300001"}], "record": True, "recording_channels": "dual"}
    assert outcome(body, LENIENT, "application/json", 200, frozenset({"ccm"})) == DIALS


def test_applications_4_the_trunk_shape_with_its_option_on() -> None:
    body = {"destination": {"trunk": "trunk-1"}, "custom_params": "lead=00ff"}
    told = outcome(body, LENIENT, "application/json", 200, frozenset({"trunk"}))
    assert told == ("dial", ("sip:trunk-1",))
