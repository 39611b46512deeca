"""The REST shapes (contract.md §6.1, §6.2, §6.4)."""

import json
from xml.etree import ElementTree

from cordboard.contract.account import Account
from cordboard.contract.details import CallRow, LegRow, call_details, rest_error
from cordboard.contract.rest_form import to_json, to_xml

ROW = CallRow(
    sid="5f3c",
    account="acme1",
    direction="incoming",
    caller="+919876500001",
    to="+919812300002",
    phone_number="+918047100001",
    status="completed",
    created=1768284890.0,
    updated=1768284930.0,
    start=1768284892.0,
    end=1768284930.5,
    duration=38,
    answered_by="human",
    recording_url="http://127.0.0.1:8080/r/1.wav?a=1&b=2",
    conversation_duration=21,
    leg1_status="completed",
    leg2_status="completed",
)


def test_call_details_in_the_platform_s_shape() -> None:
    assert call_details(ROW, details=False) == {
        "Call": {
            "Sid": "5f3c",
            "ParentCallSid": None,
            "DateCreated": "2026-01-13 11:44:50",
            "DateUpdated": "2026-01-13 11:45:30",
            "AccountSid": "acme1",
            "To": "09812300002",
            "From": "09876500001",
            "PhoneNumberSid": "08047100001",
            "Status": "completed",
            "StartTime": "2026-01-13 11:44:52",
            "EndTime": "2026-01-13 11:45:30",
            "Duration": 38,
            "Price": None,
            "Direction": "inbound",
            "AnsweredBy": "human",
            "ForwardedFrom": None,
            "CallerName": None,
            "Uri": "/v1/Accounts/acme1/Calls.json/5f3c",
            "RecordingUrl": "http://127.0.0.1:8080/r/1.wav?a=1&b=2",
        }
    }


def test_details_are_there_when_asked_for() -> None:
    told = call_details(ROW, [LegRow(1, 38), LegRow(2, 21)], details=True)["Call"]["Details"]
    assert told == {
        "ConversationDuration": 21,
        "Leg1Status": "completed",
        "Leg2Status": "completed",
        "Legs": [{"Leg": {"Id": 1, "OnCallDuration": 38}}, {"Leg": {"Id": 2, "OnCallDuration": 21}}],
    }


def test_a_running_call_has_no_end_and_no_second_leg() -> None:
    row = CallRow(
        "s", "acme1", "outbound-dial", "anonymous", "+918047100001", "+918047100001", "queued", 0.0, 0.0
    )
    call = call_details(row, details=True, account=Account(number_format="e164", timezone="UTC"))["Call"]
    assert (call["EndTime"], call["Duration"], call["Direction"]) == (None, None, "outbound-api")
    assert (call["StartTime"], call["PhoneNumberSid"]) == ("1970-01-01 00:00:00", "+918047100001")
    assert (call["From"], call["Details"]["Leg2Status"], call["Details"]["Legs"]) == ("anonymous", None, [])


def test_json_and_xml_say_the_same() -> None:
    document = call_details(ROW, [LegRow(1, 38), LegRow(2, 21)], details=True)
    assert json.loads(to_json(document)) == document
    root = ElementTree.fromstring(to_xml(document))
    assert root.tag == "TwilioResponse"
    call = root.find("Call")
    assert call is not None
    assert [child.tag for child in call] == list(document["Call"])
    assert call.findtext("RecordingUrl") == ROW.recording_url
    assert call.findtext("Duration") == "38"
    price = call.find("Price")
    assert price is not None and price.text is None and len(price) == 0  # null is an empty element
    assert [leg.findtext("OnCallDuration") for leg in call.iterfind("Details/Legs/Leg")] == ["38", "21"]


def test_errors_in_the_platform_s_shape() -> None:
    error = rest_error(404, "No call <5f3c> & no other\x00")
    assert error == {"RestException": {"Status": 404, "Message": "No call <5f3c> & no other\x00"}}
    root = ElementTree.fromstring(to_xml(error))
    assert root.findtext("RestException/Status") == "404"
    assert root.findtext("RestException/Message") == "No call <5f3c> & no other\ufffd"
