"""Calls by API: what is taken, what is refused, and with which sentence (contract.md §6.1, §6.2)."""

import json
from pathlib import Path
from typing import get_args
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from cordboard.contract.forms import BODY_BYTES_MAX
from cordboard.legs.beginning import Hindrance, Kind
from tests.unit.api.house import House, play

CONNECT = "/v1/Accounts/acme1/Calls/connect"
EVENTS = ("terminal", "answered")
FORM = "application/x-www-form-urlencoded"
TO_FLOW = {
    "From": "09876500001",
    "CallerId": "08047115777",
    "Url": "http://my.exotel.com/acme1/exoml/start_voice/11754",
}


def form(**fields: str) -> bytes:
    return urlencode({**TO_FLOW, **fields}).encode()


def test_contract_6_2_a_call_to_a_flow_is_accepted_in_the_platforms_words(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        answer = await house.post(f"{CONNECT}.json", form(CustomField="order-42"), FORM)
        assert answer.status == 200 and answer.headers["content-type"] == "application/json"
        assert answer.json == {
            "Call": {
                "Sid": "ab34",
                "ParentCallSid": None,
                "DateCreated": "2026-01-13 11:44:54",
                "DateUpdated": "2026-01-13 11:44:54",
                "AccountSid": "acme1",
                "To": "08047115777",
                "From": "09876500001",
                "PhoneNumberSid": "08047115777",
                "Status": "in-progress",
                "StartTime": "2026-01-13 11:44:54",
                "EndTime": None,
                "Duration": None,
                "Price": None,
                "Direction": "outbound-api",
                "AnsweredBy": None,
                "ForwardedFrom": None,
                "CallerName": None,
                "Uri": "/v1/Accounts/acme1/Calls.json/ab34",
                "RecordingUrl": None,
            }
        }
        (order,) = house.engine.ordered
        assert (order.number, order.exophone, order.flow) == ("+919876500001", "+918047115777", 11754)
        assert order.custom_field == "order-42" and order.callback is None

    play(tmp_path, story)


def test_contract_6_1_xml_without_json_in_the_path_details_where_asked(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        answer = await house.post(f"{CONNECT}?details=true", form(), FORM)
        assert answer.headers["content-type"].startswith("application/xml")
        root = ElementTree.fromstring(answer.body)
        assert root.tag == "TwilioResponse" and root.findtext("Call/Sid") == "ab34"
        assert root.findtext("Call/Details/ConversationDuration") == "0"
        refused = await house.post(CONNECT, b"From=1", FORM)
        error = ElementTree.fromstring(refused.body)
        assert refused.status == 400 and error.findtext("RestException/Status") == "400"
        assert (await house.post(f"{CONNECT}?details=maybe", form(), FORM)).status == 400

    play(tmp_path, story)


def test_all_three_encodings_say_the_same(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        events = {"StatusCallback": "http://cb.example/x", "TimeLimit": "60"}
        boundary = "xyz"
        parts = [*(TO_FLOW | events).items(), ("StatusCallbackEvents[]", "answered")]
        multipart = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in [*parts, ("StatusCallbackEvents[]", "terminal")]
        )
        bodies = {
            FORM: form(**events, **{f"StatusCallbackEvents[{n}]": event for n, event in enumerate(EVENTS)}),
            f"multipart/form-data; boundary={boundary}": f"{multipart}--{boundary}--\r\n".encode(),
            "application/json": json.dumps(
                {**TO_FLOW, **events, "TimeLimit": 60, "StatusCallbackEvents": ["terminal", "answered"]}
            ).encode(),
        }  # fmt: skip
        for kind, body in bodies.items():
            assert (await house.post(f"{CONNECT}.json", body, kind)).status == 200, kind
        first, second, third = house.engine.ordered
        assert first == second == third
        assert first.limit_seconds == 60 and first.callback is not None
        assert first.callback.events == ("terminal", "answered")

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"From": ""}, 400, "From: this is missing"),
        ({"From": "12ab"}, 400, "From: "),
        ({"From": "+14155550100"}, 403, "From: +14155550100 is not in a country that may be dialled: IN"),
        ({"From": "+88213000001"}, 403, "satellite"),
        ({"From": "112"}, 403, "emergency"),
        ({"CallerId": ""}, 400, "CallerId: this is missing"),
        ({"CallerId": "+918047115778"}, 400, "none of the account's ExoPhones; known: +918047115777"),
        ({"Url": "http://my.exotel.com/acme1/exoml/start_voice/12"}, 400, "no flow 12; known: 11754"),
        ({"Url": "http://my.exotel.com/"}, 400, "names no flow"),
        ({"Url": ""}, 400, "Url (a flow) or To (a second number) must be set"),
        ({"To": "09812300001"}, 400, "there are both"),
        ({"Url": "", "To": "09876500001"}, 400, "three different numbers"),
        ({"Url": "", "To": "08047115777"}, 400, "three different numbers"),
        ({"From": "08047115777"}, 400, "three different numbers"),
        ({"TimeLimit": "14401"}, 400, "'14401' is not allowed; a whole number of seconds from 1 to 14400 is"),
        ({"TimeLimit": "0"}, 400, "TimeLimit"),
        ({"TimeOut": "61"}, 400, "from 1 to 60"),
        ({"TimeOut": "soon"}, 400, "TimeOut"),
        ({"CustomField": "x" * 2049}, 400, "CustomField: it has 2049 bytes; up to 2048 are allowed"),
        ({"StatusCallback": "ftp://cb.example"}, 400, "StatusCallback"),
        ({"StatusCallbackEvents[0]": "ringing"}, 400, "terminal and answered are allowed"),
        ({"StatusCallbackContentType": "text/xml"}, 400, "form-data or application/json is allowed"),
        ({"Url": "", "To": "09812300001", "Record": "perhaps"}, 400, "false or true is allowed"),
        ({"Url": "", "To": "09812300001", "RecordingChannels": "three"}, 400, "single or dual is allowed"),
        ({"Url": "", "To": "09812300001", "WaitUrl": "music"}, 400, "WaitUrl"),
        ({"Url": "", "To": "09812300001", "WaitUrl": 'http://x.example/"a"'}, 400, "WaitUrl"),
        ({"Url": "", "To": "09812300001", "StartPlaybackValueNew": "http://a b"}, 400, "PlaybackValueNew"),
        ({"CustomField": "a\0b"}, 400, "UTF-8 without NUL"),
    ],
)  # fmt: skip
def test_each_error_names_the_field_and_what_is_allowed(
    tmp_path: Path, fields: dict[str, str], status: int, said: str
) -> None:
    async def story(house: House) -> None:
        answer = await house.post(f"{CONNECT}.json", form(**fields), FORM)
        assert answer.status == status, answer.text
        told = answer.json["RestException"]
        assert told["Status"] == status and said in told["Message"]
        assert not house.engine.ordered

    play(tmp_path, story)


@pytest.mark.parametrize("name", ["StatusCallback", "WaitUrl", "StartPlaybackValueNew"])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://me:hunter2@cb.example/x", "the URL holds a user name or password before its host"),
        ("http://127.0.0.1/x?token=hunter2", "127.0.0.1"),
        ("http://169.254.169.254/latest", "169.254.169.254"),
        ("http://cb.example:22/hunter2", "port 22 may not be called"),
        ("http://0x7f000001/hunter2", "StatusCallback"),
    ],
)
def test_s1_a_url_that_will_never_be_asked_is_refused_before_anybody_is_rung(
    tmp_path: Path, name: str, url: str, said: str
) -> None:
    """A callback to it would wait in the outbox for days; and what it holds of secrets is not repeated."""

    async def story(house: House) -> None:
        two = {} if name == "StatusCallback" else {"Url": "", "To": "09812300001"}
        answer = await house.post(f"{CONNECT}.json", form(**{name: url, **two}), FORM)
        message = answer.json["RestException"]["Message"]
        assert answer.status == 400 and message.startswith(f"{name}: "), answer.text
        assert said.replace("StatusCallback", name) in message and "hunter2" not in message
        assert not house.engine.ordered

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x" * (BODY_BYTES_MAX + 1), FORM, 413),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 30000, "application/json", 400),
        (b'{"From": {"a": 1}}', "application/json", 400),
        (b'{"From": "\\ud800"}', "application/json", 400),
        (b"a&" * 300, FORM, 400),
        (b"--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x", 400),
        (b"anything", "multipart/form-data", 400),
        (b"<Call/>", "application/xml", 415),
        (b"\xff\xfe", FORM, 400),
        (b"", "", 400),
    ],
)
def test_a_body_that_cannot_be_read_is_an_error_of_its_sender(
    tmp_path: Path, body: bytes, kind: str, status: int
) -> None:
    async def story(house: House) -> None:
        answer = await house.post(f"{CONNECT}.json", body, kind)
        assert answer.status == status and answer.json["RestException"]["Status"] == status

    play(tmp_path, story)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_s22_who_goes_too_fast_gets_429_and_what_is_our_side_503(tmp_path: Path, kind: Kind) -> None:
    async def story(house: House) -> None:
        house.engine.hindered = Hindrance(kind, "not now")
        answer = await house.post(f"{CONNECT}.json", form(), FORM)
        assert answer.status == (429 if kind in ("pace", "number") else 503)
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.json["RestException"]["Message"] == "not now"
        assert not house.engine.ordered

    play(tmp_path, story)


def test_a_journal_that_cannot_be_written_begins_no_call(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.engine.broken = "the disk is full"
        answer = await house.post(f"{CONNECT}.json", form(), FORM)
        assert answer.status == 503 and "retry-after" in answer.headers

    play(tmp_path, story)


def test_s19_nobody_makes_calls_without_the_accounts_key(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        assert (await house.post(CONNECT, form(), FORM, login=False)).status == 401
        wrong = {"content-type": FORM, "authorization": "Basic a2V5Ondyb25n"}
        assert (await house.get(CONNECT, wrong, method="POST", body=form())).status == 401
        assert (await house.post("/v1/Accounts/other/Calls/connect", form(), FORM)).status == 404
        assert (await house.get(CONNECT, method="GET")).status == 404
        assert not house.engine.ordered

    play(tmp_path, story)


@pytest.mark.parametrize(
    "value", ["+91%0d%0aRoute:x", '"+1\r\nBye"', "+919876500001;tag=1", "<sip:+919876500001>", "٩٨٧٦٥٠٠٠٠١"]
)
def test_s14_nothing_but_digits_gets_into_a_number(tmp_path: Path, value: str) -> None:
    async def story(house: House) -> None:
        answer = await house.post(f"{CONNECT}.json", form(From=value), FORM)
        assert answer.status == 400 and "\r" not in answer.json["RestException"]["Message"]

    play(tmp_path, story)
