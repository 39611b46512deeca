"""StatusCallback: its two forms and its two encodings (contract.md §6.3)."""

import json
from dataclasses import replace
from email import message_from_bytes

import pytest

from cordboard.contract.account import Account
from cordboard.contract.callbacks import LegTold, Told, Wanted, body_of, packed, unpacked

TOLD = Told(
    "5f3c",
    "terminal",
    "completed",
    "+919876500001",
    "+919812300001",
    "+918047100001",
    created=1_768_284_894.0,
    updated=1_768_284_960.0,
    started=1_768_284_897.0,
    ended=1_768_284_960.0,
    talk_seconds=40,
    custom_field="order\r\n--42",
    recording_url="http://x/r1",
    legs=(LegTold("completed", 63, True), LegTold("completed", 40, True)),
)


def form_of(content_type: str, body: bytes) -> dict[str, str]:
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    return {
        str(part.get_param("name", header="content-disposition")): bytes(
            part.get_payload(decode=True)
        ).decode()
        for part in message.walk()
        if not part.is_multipart()
    }


def test_contract_6_3_four_fields_as_multipart_unless_asked_otherwise() -> None:
    content_type, body = body_of(Wanted("http://cb"), TOLD, Account())
    assert content_type.startswith("multipart/form-data; boundary=")
    assert form_of(content_type, body) == {
        "CallSid": "5f3c",
        "Status": "completed",
        "RecordingUrl": "http://x/r1",
        "DateUpdated": "2026-01-13 11:46:00",
    }


def test_contract_6_3_the_long_form_where_events_are_subscribed() -> None:
    content_type, body = body_of(Wanted("http://cb", ("terminal",)), TOLD, Account())
    form = form_of(content_type, body)
    assert form == {
        "CallSid": "5f3c",
        "EventType": "terminal",
        "DateCreated": "2026-01-13 11:44:54",
        "DateUpdated": "2026-01-13 11:46:00",
        "Status": "completed",
        "To": "09812300001",
        "From": "09876500001",
        "PhoneNumberSid": "08047100001",
        "StartTime": "2026-01-13 11:44:57",
        "EndTime": "2026-01-13 11:46:00",
        "Direction": "outbound-api",
        "RecordingUrl": "http://x/r1",
        "ConversationDuration": "40",
        "CustomField": "order\r\n--42",
        "Legs[0][OnCallDuration]": "63",
        "Legs[0][Status]": "completed",
        "Legs[0][AnsweredBy]": "human",
        "Legs[1][OnCallDuration]": "40",
        "Legs[1][Status]": "completed",
        "Legs[1][AnsweredBy]": "human",
    }


def test_contract_6_3_json_where_that_is_asked_for() -> None:
    content_type, body = body_of(Wanted("http://cb", ("terminal",), "application/json"), TOLD, Account())
    told = json.loads(body)
    assert content_type == "application/json"
    assert told["ConversationDuration"] == 40
    assert told["Legs"][1] == {"OnCallDuration": 40, "Status": "completed", "AnsweredBy": "human"}


@pytest.mark.parametrize(
    ("events", "wants"),
    [((), {"terminal"}), (("answered",), {"answered"}), (("terminal", "answered"), {"terminal", "answered"})],
)
def test_only_what_is_subscribed_is_told(events: tuple[str, ...], wants: set[str]) -> None:
    wanted = Wanted("http://cb", events)
    assert {event for event in ("terminal", "answered") if wanted.wants(event)} == wants


def test_what_is_kept_of_it_is_read_back() -> None:
    wanted = Wanted("http://cb/?a=1", ("answered",), "application/json")
    assert unpacked(packed(wanted)) == wanted
    assert unpacked("") is None and unpacked("{}") is None and unpacked("[1]") is None


def test_contract_6_3_the_short_form_byte_by_byte() -> None:
    content_type, body = body_of(Wanted("http://cb"), TOLD, Account())
    assert content_type == "multipart/form-data; boundary=cordboard-5f3c"
    assert body == (
        b'--cordboard-5f3c\r\nContent-Disposition: form-data; name="CallSid"\r\n\r\n5f3c\r\n'
        b'--cordboard-5f3c\r\nContent-Disposition: form-data; name="Status"\r\n\r\ncompleted\r\n'
        b'--cordboard-5f3c\r\nContent-Disposition: form-data; name="RecordingUrl"\r\n\r\nhttp://x/r1\r\n'
        b'--cordboard-5f3c\r\nContent-Disposition: form-data; name="DateUpdated"\r\n\r\n'
        b"2026-01-13 11:46:00\r\n"
        b"--cordboard-5f3c--\r\n"
    )


def test_contract_6_3_json_byte_by_byte_in_the_accounts_zone_and_form_of_numbers() -> None:
    told = replace(TOLD, event="answered", status="in-progress", ended=None, talk_seconds=0, recording_url="",
                   custom_field="é", legs=(LegTold("in-progress", 3, True), LegTold()))  # fmt: skip
    account = Account(timezone="America/New_York", number_format="e164")
    _, body = body_of(Wanted("http://cb", ("answered",), "application/json"), told, account)
    assert body == (
        b'{"CallSid":"5f3c","EventType":"answered","DateCreated":"2026-01-13 01:14:54",'
        b'"DateUpdated":"2026-01-13 01:16:00","Status":"in-progress","To":"+919812300001",'
        b'"From":"+919876500001","PhoneNumberSid":"+918047100001","StartTime":"2026-01-13 01:14:57",'
        b'"EndTime":"1970-01-01 05:30:00","Direction":"outbound-api","RecordingUrl":"",'
        b'"ConversationDuration":0,"CustomField":"\\u00e9",'
        b'"Legs":[{"OnCallDuration":3,"Status":"in-progress","AnsweredBy":"human"},'
        b'{"OnCallDuration":0,"Status":"","AnsweredBy":""}]}'
    )
