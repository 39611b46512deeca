"""The request to a Connect URL (settled 1, 4, 5, 6) and the dial events (settled 23)."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.contract.account import Account
from cordboard.contract.events import dial_event_url
from cordboard.contract.facts import CallFacts, LegFacts
from cordboard.contract.request import connect_url

IN = Account()
E164 = Account(number_format="e164")
BEGAN = 1768284894.9  # 2026-01-13 11:44:54 in India
FACTS = CallFacts(
    sid="5f3c9e0b7a614c2d8e91a7d4b0c3f2e1",
    caller="+919876500001",
    called="+918047100001",
    exophone="+918047100001",
    direction="incoming",
    flow_id=11754,
    began_at=BEGAN,
)
AGENT = "+919812300002"


def pairs(url: str) -> list[tuple[str, str]]:
    return parse_qsl(url.partition("?")[2], keep_blank_values=True)


def test_the_first_request_of_an_incoming_call_byte_for_byte() -> None:
    # contract.md §1.4, in the order of settled 4
    facts = replace(FACTS, answered_at=0.05)
    assert connect_url("http://127.0.0.1:9000/connect", facts, IN, 2.0) == (
        "http://127.0.0.1:9000/connect?CallSid=5f3c9e0b7a614c2d8e91a7d4b0c3f2e1&CallFrom=09876500001"
        "&CallTo=08047100001&Direction=incoming&Created=2026-01-13+11%3A44%3A54&DialCallDuration=0"
        "&StartTime=2026-01-13+11%3A44%3A54&EndTime=1970-01-01+05%3A30%3A00&CallType=call-attempt"
        "&DialWhomNumber=&flow_id=11754&From=09876500001&To=08047100001&CurrentTime=2026-01-13+11%3A44%3A56"
    )


def test_settled_1_times_in_the_account_s_zone() -> None:
    told = dict(pairs(connect_url("http://x/", FACTS, IN, 3.2)))
    assert (told["Created"], told["CurrentTime"]) == ("2026-01-13 11:44:54", "2026-01-13 11:44:58")
    assert told["StartTime"] == told["Created"]  # until the first leg answers
    answered = replace(FACTS, answered_at=1.5)
    assert dict(pairs(connect_url("http://x/", answered, IN, 3.2)))["StartTime"] == "2026-01-13 11:44:56"
    london = Account(timezone="Europe/London")
    told = dict(pairs(connect_url("http://x/", FACTS, london, 0)))
    assert (told["Created"], told["EndTime"]) == ("2026-01-13 06:14:54", "1970-01-01 05:30:00")


@pytest.mark.parametrize(
    ("configured", "sent"),
    [
        ("http://x/c", "http://x/c?CallSid="),
        ("http://x", "http://x?CallSid="),
        ("http://x/c?", "http://x/c?CallSid="),
        ("http://x/c?a=1&", "http://x/c?a=1&CallSid="),
        ("http://x/c?key=a+b%20c%2f[1]&digit=9&x", "http://x/c?key=a+b%20c%2f[1]&digit=9&x&CallSid="),
        ("http://x/c?CallSid=mine", "http://x/c?CallSid=mine&CallSid="),
        ("http://x/%7Epath/é?q=ü", "http://x/%7Epath/é?q=ü&CallSid="),
        ("http://x/c?a=1#part", "http://x/c?a=1&CallSid="),
    ],
)
def test_settled_4_the_configured_query_comes_first_byte_for_byte(configured: str, sent: str) -> None:
    assert connect_url(configured, FACTS, IN, 0).startswith(sent + FACTS.sid + "&")


def test_settled_4_order_with_everything_there() -> None:
    facts = replace(
        FACTS,
        call_type="voicemail",
        dial_status="no-answer",
        dial_seconds=31,
        dial_whom=AGENT,
        digits="12",
        custom_field="order-42",
        recording_url="http://127.0.0.1:8080/r/1.wav",
        legs=(LegFacts(AGENT), LegFacts("+919812300003")),
    )
    names = [name for name, _ in pairs(connect_url("http://x/?k=1", facts, IN, 40))]
    leg = ["Number", "Type", "OnCallDuration", "Cause", "CauseCode", "DisconnectedBy"]
    standard = (
        "CallSid CallFrom CallTo Direction Created DialCallDuration StartTime EndTime CallType "
        "DialWhomNumber flow_id From To CurrentTime DialCallStatus digits CustomField RecordingUrl"
    )
    legs = [f"Legs[{index}][{name}]" for index in (0, 1) for name in leg]
    assert names == ["k", *standard.split(), *legs]


def test_settled_4_the_first_fetch_says_nothing_of_a_dial() -> None:
    told = dict(pairs(connect_url("http://x/", FACTS, IN, 1)))
    assert (told["CallType"], told["DialCallDuration"], told["DialWhomNumber"]) == ("call-attempt", "0", "")
    assert not {"DialCallStatus", "digits", "CustomField", "RecordingUrl", "CallStatus", "tenant_id"} & set(
        told
    )
    assert "OutgoingPhoneNumber" not in told
    assert not [name for name in told if name.startswith("Legs")]


def test_settled_4_after_a_failed_attempt() -> None:
    facts = replace(
        FACTS,
        call_type="incomplete",
        dial_status="busy",
        dial_seconds=4,
        dial_whom=AGENT,
        legs=(
            LegFacts(AGENT, "pstn", 0, "USER_BUSY", "Callee"),
            LegFacts("sip:asha", "sip", 0, "NO_ANSWER", "Exotel"),
        ),
    )
    url = connect_url("http://x/", facts, IN, 9)
    assert (
        "&CallType=incomplete&DialWhomNumber=09812300002&flow_id=11754" in url
        and "&DialCallDuration=4&" in url
        and "&DialCallStatus=busy&" in url
    )
    assert url.endswith(
        "&Legs%5B0%5D%5BNumber%5D=09812300002&Legs%5B0%5D%5BType%5D=pstn&Legs%5B0%5D%5BOnCallDuration%5D=0"
        "&Legs%5B0%5D%5BCause%5D=user+busy&Legs%5B0%5D%5BCauseCode%5D=USER_BUSY"
        "&Legs%5B0%5D%5BDisconnectedBy%5D=Callee"
        "&Legs%5B1%5D%5BNumber%5D=sip%3Aasha&Legs%5B1%5D%5BType%5D=sip&Legs%5B1%5D%5BOnCallDuration%5D=0"
        "&Legs%5B1%5D%5BCause%5D=no+answer&Legs%5B1%5D%5BCauseCode%5D=NO_ANSWER"
        "&Legs%5B1%5D%5BDisconnectedBy%5D=Exotel"
    )


def test_settled_4_after_an_earlier_connect_its_outcome_and_no_recording() -> None:
    facts = replace(
        FACTS,
        call_type="completed",
        dial_status="completed",
        dial_seconds=63,
        dial_whom=AGENT,
        recording_url="http://r/1",
    )
    told = dict(pairs(connect_url("http://x/", facts, IN, 70)))
    assert (told["CallType"], told["DialCallStatus"], told["DialCallDuration"]) == (
        "completed",
        "completed",
        "63",
    )
    assert told["DialWhomNumber"] == "09812300002"
    assert "RecordingUrl" not in told


def test_settled_4_after_voicemail_its_recording() -> None:
    facts = replace(FACTS, call_type="voicemail", recording_url="http://127.0.0.1:8080/r?id=1")
    url = connect_url("http://x/", facts, IN, 70)
    assert "&CallType=voicemail&" in url
    assert url.endswith("&RecordingUrl=http%3A%2F%2F127.0.0.1%3A8080%2Fr%3Fid%3D1")


def test_settled_5_digits_keep_their_quotes_on_the_wire() -> None:
    url = connect_url("http://x/", replace(FACTS, digits="89"), IN, 1)
    assert "&digits=%2289%22" in url
    assert dict(pairs(connect_url("http://x/", replace(FACTS, digits="*1#"), IN, 1)))["digits"] == '"*1#"'


def test_settled_4_encoding() -> None:
    url = connect_url("http://x/", replace(FACTS, custom_field='a+b [c] "d" é&=%\u0000'), E164, 1)
    assert "&CallFrom=%2B919876500001&" in url
    assert "&CustomField=a%2Bb+%5Bc%5D+%22d%22+%C3%A9%26%3D%25%00" in url


def test_settled_6_both_number_formats() -> None:
    facts = replace(FACTS, caller="+971501230001", dial_whom=AGENT)
    told = dict(pairs(connect_url("http://x/", facts, IN, 1)))
    assert (told["CallFrom"], told["From"]) == ("+971501230001", "+971501230001")
    assert (told["CallTo"], told["To"], told["DialWhomNumber"]) == (
        "08047100001",
        "08047100001",
        "09812300002",
    )
    told = dict(pairs(connect_url("http://x/", facts, E164, 1)))
    assert (told["CallTo"], told["DialWhomNumber"]) == ("+918047100001", AGENT)


def test_telephony_13_anonymous_callers_stay_so() -> None:
    told = dict(pairs(connect_url("http://x/", replace(FACTS, caller="anonymous"), IN, 1)))
    assert (told["CallFrom"], told["From"]) == ("anonymous", "anonymous")


def test_a_call_made_by_api_with_a_custom_field() -> None:
    facts = replace(
        FACTS, direction="outbound-dial", digits="12345", custom_field="order-42", answered_at=4.0
    )
    url = connect_url("http://x/", facts, IN, 6)
    assert "&Direction=outbound-dial&" in url
    assert url.endswith("&digits=%2212345%22&CustomField=order-42")


@given(st.text(), st.text(), st.text())
def test_what_a_stranger_wrote_stays_one_value(custom: str, digits: str, caller: str) -> None:
    facts = replace(FACTS, custom_field=custom, digits=digits, caller=caller)
    url = connect_url("http://x/", facts, IN, 1)
    assert url.isascii() and url.isprintable() and " " not in url
    told = pairs(url)
    assert len(told) == 14 + bool(custom) + bool(digits)
    clean = custom.encode(errors="replace").decode()
    assert not custom or ("CustomField", clean) in told


def test_settled_23_dial_and_terminal_byte_for_byte() -> None:
    assert dial_event_url("http://x/e?key=s", FACTS, IN, 8.0, "Dial", AGENT) == (
        "http://x/e?key=s&CallSid=5f3c9e0b7a614c2d8e91a7d4b0c3f2e1&CallFrom=09876500001&CallTo=08047100001"
        "&Direction=incoming&Created=2026-01-13+11%3A44%3A54&From=09876500001&To=08047100001"
        "&CurrentTime=2026-01-13+11%3A45%3A02&DialWhomNumber=09812300002&Status=busy&EventType=Dial"
    )
    by = "Tue, 13 Jan 2026 11:46:40"
    assert dial_event_url("http://x/e", FACTS, IN, 76.1, "Terminal", AGENT, by).endswith(
        "&CurrentTime=2026-01-13+11%3A46%3A11&DialWhomNumber=09812300002&Status=free&EventType=Terminal"
        "&RecordingAvailableBy=Tue%2C+13+Jan+2026+11%3A46%3A40"
    )


@pytest.mark.parametrize(
    ("kind", "status"), [("Dial", "busy"), ("Ringing", "busy"), ("Answered", "busy"), ("Terminal", "free")]
)
def test_settled_23_status_is_the_line_of_whoever_is_rung(kind: str, status: str) -> None:
    facts = replace(FACTS, direction="outbound-dial")
    told = dict(pairs(dial_event_url("http://x/", facts, E164, 1, kind, "sip:asha")))
    assert (told["EventType"], told["Status"], told["Direction"]) == (kind, status, "outbound-dial")
    assert (told["DialWhomNumber"], told["To"]) == ("sip:asha", "+918047100001")
