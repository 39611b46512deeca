"""Calls by page, legs and ExoPhones (contract.md §6.4, §6.6)."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from cordboard.config.settings import ExoPhone
from cordboard.store import lines
from tests.unit.api.house import NOW, House, play

ROOT = "/v1/Accounts/acme1"
CALLS = f"{ROOT}/Calls.json"


async def sids(house: House, query: str) -> list[str]:
    answer = await house.get(f"{CALLS}?{query}")
    assert answer.status == 200, answer.text
    return [call["Sid"] for call in answer.json["Calls"]]


def some_calls(house: House) -> None:
    """c0 … c9, a minute apart."""
    for number in range(10):
        at = NOW + 60 * number
        house.write_call(
            f"c{number}", created_at=at, answered_at=at + 1, ended_at=at + 11 + number, updated_at=at
        )


def test_pages_lead_to_one_another_and_show_every_call_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        some_calls(house)
        first = (await house.get(f"{CALLS}?PageSize=4&From=09876500001")).json
        assert [call["Sid"] for call in first["Calls"]] == ["c9", "c8", "c7", "c6"]
        metadata = first["Metadata"]
        assert (metadata["Total"], metadata["PageSize"], metadata["PrevPageUri"]) == (10, 4, None)
        second = (await house.get(metadata["NextPageUri"])).json
        assert [call["Sid"] for call in second["Calls"]] == ["c5", "c4", "c3", "c2"]
        third = (await house.get(second["Metadata"]["NextPageUri"])).json
        assert [call["Sid"] for call in third["Calls"]] == ["c1", "c0"]
        assert third["Metadata"]["NextPageUri"] is None
        back = (await house.get(third["Metadata"]["PrevPageUri"])).json
        assert back["Calls"] == second["Calls"]
        begin = (await house.get(back["Metadata"]["PrevPageUri"])).json
        assert begin["Calls"] == first["Calls"] and begin["Metadata"]["PrevPageUri"] is None
        assert (await house.get(third["Metadata"]["FirstPageUri"])).json["Calls"] == first["Calls"]
        rising = (await house.get(f"{CALLS}?PageSize=9&SortBy=DateCreated:asc")).json
        assert [call["Sid"] for call in rising["Calls"]][:3] == ["c0", "c1", "c2"]
        assert [
            call["Sid"] for call in (await house.get(rising["Metadata"]["NextPageUri"])).json["Calls"]
        ] == ["c9"]

    play(tmp_path, story)


def test_calls_of_one_moment_are_told_apart(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for number in range(5):
            house.write_call(f"c{number}")
        seen, uri = [], f"{CALLS}?PageSize=2"
        while uri:
            page = (await house.get(uri)).json
            seen += [call["Sid"] for call in page["Calls"]]
            uri = page["Metadata"]["NextPageUri"]
        assert seen == ["c4", "c3", "c2", "c1", "c0"]

    play(tmp_path, story)


def test_filters(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        some_calls(house)
        house.write_call(
            "out", direction="outbound-dial", caller="+14155550123", status="busy", answered_at=None
        )
        assert await sids(house, "Sid=c1,c3") == ["c3", "c1"]
        assert await sids(house, "From=%2B14155550123") == ["out"]
        assert await sids(house, "Direction=outbound-api") == ["out"]
        assert await sids(house, "Status=busy,failed") == ["out"]
        assert await sids(house, "Direction=inbound&Duration=gte:18") == ["c9", "c8"]
        assert await sids(house, "Duration=10&Direction=inbound") == ["c0"]
        after = quote("gte:2026-01-13 11:45:54;lt:2026-01-13 11:47:54")
        assert await sids(house, f"DateCreated={after}") == ["c2", "c1"]
        assert len(await sids(house, "To=09812300001")) == 11  # who was dialled
        assert len(await sids(house, "To=08047115777&PhoneNumber=08047115777")) == 11
        assert await sids(house, "To=08047110000") == []
        assert await sids(house, "Price=gte:0") == []

    play(tmp_path, story)


def test_a_call_is_told_as_its_details_tell_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"RIFF")
        alone = (await house.get(f"{ROOT}/Calls/ab12.json?details=true")).json["Call"]
        assert (await house.get(f"{CALLS}?details=true")).json["Calls"] == [alone]
        del alone["Details"]
        assert (await house.get(CALLS)).json["Calls"] == [alone]
        assert alone["RecordingUrl"].endswith("/Recordings/r1")

    play(tmp_path, story)


def test_without_json_a_list_is_xml(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        answer = await house.get(f"{ROOT}/Calls?PageSize=1")
        assert answer.headers["content-type"].startswith("application/xml")
        tree = ElementTree.fromstring(answer.text)
        assert tree.findtext("Metadata/Total") == "1" and tree.findtext("Calls/Call/Sid") == "ab12"

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("PageSize=1000", "1 to 100"),
        ("details=maybe", "details is true or false"),
        ("DateCreated=x", "gte:2026-01-13"),
    ],
)
def test_bad_input_is_refused_in_the_platforms_shape(tmp_path: Path, query: str, told: str) -> None:
    async def story(house: House) -> None:
        answer = await house.get(f"{CALLS}?{query}")
        assert answer.status == 400
        assert (
            answer.json["RestException"]["Status"] == 400 and told in answer.json["RestException"]["Message"]
        )
        xml = await house.get(f"{ROOT}/Calls?{query}")
        tree = ElementTree.fromstring(xml.text)
        assert tree.findtext("RestException/Status") == "400" and told in (
            tree.findtext("RestException/Message") or ""
        )

    play(tmp_path, story)


def test_legs_with_causes_and_times(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        rows = {
            "type": "pstn",
            "cause": "limit",
            "disconnected_by": "Exotel",
            "began_at": NOW + 2,
            "ringing_at": NOW + 3,
        }
        house.engine.store.append(
            lines.row("legs", ("ab12", 1), rows | {"ended_at": NOW + 33, "status": "no-answer"})
        )
        legs = (await house.get(f"{ROOT}/Calls/ab12/Legs.json")).json["Legs"]
        assert [leg["Leg"]["Id"] for leg in legs] == [1, 2]
        assert legs[1]["Leg"] == {
            "Id": 2,
            "Number": "09812300001",
            "Type": "pstn",
            "Status": "no-answer",
            "DateCreated": "2026-01-13 11:44:56",
            "StartTime": None,
            "EndTime": "2026-01-13 11:45:27",
            "OnCallDuration": 40,
            "Cause": "no answer",
            "CauseCode": "NO_ANSWER",
            "DisconnectedBy": "Exotel",
        }
        tree = ElementTree.fromstring((await house.get(f"{ROOT}/Calls/ab12/Legs")).text)
        assert [leg.findtext("Id") for leg in tree.findall("Legs/Leg")] == ["1", "2"]
        assert (await house.get(f"{ROOT}/Calls/nobody/Legs.json")).status == 404
        newest = (await house.get("/v3/accounts/acme1/calls/ab12/legs")).json["response"]
        assert [leg["Id"] for leg in newest["legs"]] == [1, 2]

    play(tmp_path, story)


def test_details_in_the_newest_form(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call(custom_field="order-42", flow_id=11754)
        told = (await house.get("/v3/accounts/acme1/calls/ab12")).json
        assert told["http_code"] == 200 and told["response"]["status"] == "success"
        call = told["response"]["call_details"]
        assert (call["state"], call["status"], call["custom_field"]) == ("terminal", "completed", "order-42")
        assert (call["virtual_number"], call["app_id"]) == ("+918047115777", "11754")
        assert call["start_time"] == "2026-01-13 11:44:55+05:30" and call["total_talk_time"] == 40
        house.write_call("live", ended_at=None, status="in-progress")
        live = (await house.get("/v3/accounts/acme1/calls/live")).json["response"]["call_details"]
        assert (live["state"], live["end_time"]) == ("active", "1970-01-01 05:30:00+05:30")
        for leg2, word in (("no-answer", "to_leg_unanswered"), ("", "to_leg_no_dial")):
            house.write_call("x", leg2_status=leg2)
            found = (await house.get("/v3/accounts/acme1/calls/x")).json["response"]["call_details"]
            assert found["status"] == word
        missing = await house.get("/v3/accounts/acme1/calls/none")
        assert missing.status == 404 and missing.json["RestException"]["Status"] == 404

    play(tmp_path, story)


def test_exophones_in_both_forms(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        phone = ExoPhone(number="+918047115777", flow=11754, trunk="carrier", circle="KA")
        house.engine.settings = replace(house.engine.settings, exophones=(phone,))
        old = (await house.get(f"{ROOT}/IncomingPhoneNumbers.json")).json
        ((number,),) = [[one["IncomingPhoneNumber"]] for one in old["IncomingPhoneNumbers"]]
        assert number["PhoneNumber"] == "08047115777" and number["Region"] == "KA"
        tree = ElementTree.fromstring((await house.get(f"{ROOT}/IncomingPhoneNumbers")).text)
        assert tree.findtext("IncomingPhoneNumbers/IncomingPhoneNumber/PhoneNumber") == "08047115777"
        new = (await house.get("/v2_beta/Accounts/acme1/IncomingPhoneNumbers")).json["incoming_phone_numbers"]
        assert new == [
            {
                "sid": "918047115777",
                "phone_number": "+918047115777",
                "friendly_name": "+918047115777",
                "capabilities": {"voice": True, "sms": False},
                "country": "IN",
                "region": "KA",
                "voice_url": "http://127.0.0.1:8080/acme1/exoml/start_voice/11754",
            }
        ]
        assert (await house.get("/v2_beta/Accounts/acme1/IncomingPhoneNumbers/918047115777")).json == new[0]
        assert (await house.get("/v2_beta/Accounts/acme1/IncomingPhoneNumbers/1")).status == 404

    play(tmp_path, story)
