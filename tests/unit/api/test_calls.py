"""The platform's side: call details (contract.md §6.4) and recordings (§6.5)."""

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.unit.api.house import NOW, House, play

ROOT = "/v1/Accounts/acme1"


def test_call_details_have_the_platforms_fields(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        answer = await house.get(f"{ROOT}/Calls/ab12.json?details=true")
        assert answer.status == 200 and answer.headers["content-type"].startswith("application/json")
        call = answer.json["Call"]
        assert call["Sid"] == "ab12"
        assert call["AccountSid"] == "acme1"
        assert call["From"] == "09876500001"
        assert call["To"] == "09812300001"
        assert call["PhoneNumberSid"] == "08047115777"
        assert call["Status"] == "completed"
        assert call["Direction"] == "inbound"
        assert call["DateCreated"] == "2026-01-13 11:44:54"
        assert call["StartTime"] == "2026-01-13 11:44:55"
        assert call["EndTime"] == "2026-01-13 11:45:55"
        assert call["Duration"] == 60
        assert call["AnsweredBy"] == "human"
        assert call["RecordingUrl"] is None
        assert call["Details"] == {
            "ConversationDuration": 40,
            "Leg1Status": "completed",
            "Leg2Status": "completed",
            "Legs": [{"Leg": {"Id": 1, "OnCallDuration": 60}}, {"Leg": {"Id": 2, "OnCallDuration": 40}}],
        }

    play(tmp_path, story)


def test_without_details_there_are_none(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        assert "Details" not in (await house.get(f"{ROOT}/Calls/ab12.json")).json["Call"]
        assert "Details" not in (await house.get(f"{ROOT}/Calls/ab12.json?details=false")).json["Call"]

    play(tmp_path, story)


def test_without_json_the_answer_is_xml(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        answer = await house.get(f"{ROOT}/Calls/ab12?details=true")
        assert answer.headers["content-type"].startswith("application/xml")
        tree = ElementTree.fromstring(answer.text)
        assert tree.tag == "TwilioResponse"
        assert tree.findtext("Call/Sid") == "ab12"
        assert tree.findtext("Call/Details/Legs/Leg/OnCallDuration") == "60"

    play(tmp_path, story)


def test_a_live_call_has_no_end(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call(ended_at=None, status="in-progress", answered_at=None, answered_by="")
        call = (await house.get(f"{ROOT}/Calls/ab12.json")).json["Call"]
        assert (call["EndTime"], call["Duration"], call["AnsweredBy"]) == (None, None, None)
        assert call["StartTime"] == call["DateCreated"]

    play(tmp_path, story)


def test_what_nobody_dialled_went_to_the_exophone(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        from cordboard.store import lines

        house.engine.store.append(lines.begin("cd34", NOW))
        values = {"called": "+918047115777", "exophone": "+918047115777", "caller": "anonymous"}
        house.engine.store.append(lines.row("calls", "cd34", values))
        call = (await house.get(f"{ROOT}/Calls/cd34.json?details=true")).json["Call"]
        assert (call["To"], call["From"]) == ("08047115777", "anonymous")
        assert call["Details"]["Legs"] == []

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("Calls/nobody.json", 404),
        ("Calls/..%2f..%2fetc%2fpasswd.json", 404),
        ("Calls/%00.json", 404),
        ("Calls/" + "a" * 5000 + ".json", 404),
        ("Calls/ab12.json?details=maybe", 400),
        ("Calls/ab12.json?RecordingUrlValidity=4", 400),
        ("Calls/ab12.json?RecordingUrlValidity=61", 400),
        ("Calls/ab12.json?RecordingUrlValidity=ten", 400),
        ("Calls/ab12.json?RecordingUrlValidity=%D9%A1%D9%A0", 400),
        ("Nothing/ab12.json", 404),
    ],
)
def test_a_bad_request_is_refused_in_the_platforms_shape(tmp_path: Path, target: str, status: int) -> None:
    async def story(house: House) -> None:
        house.write_call()
        answer = await house.get(f"{ROOT}/{target}")
        assert answer.status == status
        assert answer.json["RestException"]["Status"] == status
        assert answer.json["RestException"]["Message"]

    play(tmp_path, story)


def test_another_account_is_not_there(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"RIFF")
        assert (await house.get("/v1/Accounts/other/Calls/ab12.json")).status == 404
        assert (await house.get("/v1/Accounts/other/Recordings/r1")).status == 404

    play(tmp_path, story)


def test_a_recording_is_named_only_when_it_is_decided(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "recording")
        assert (await house.get(f"{ROOT}/Calls/ab12.json")).json["Call"]["RecordingUrl"] is None
        answer = await house.get(f"{ROOT}/Recordings/r1")
        assert (answer.status, answer.headers["retry-after"]) == (404, "2")
        house.write_recording("r1", "whole", b"RIFF....")
        url = (await house.get(f"{ROOT}/Calls/ab12.json")).json["Call"]["RecordingUrl"]
        assert url == f"http://127.0.0.1:8080{ROOT}/Recordings/r1"
        assert (await house.get(f"{ROOT}/Recordings/r1")).body == b"RIFF...."

    play(tmp_path, story)


def test_a_failed_recording_has_no_audio(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "failed")
        answer = await house.get(f"{ROOT}/Recordings/r1")
        assert answer.status == 404 and "retry-after" not in answer.headers
        assert (await house.get(f"{ROOT}/Calls/ab12.json")).json["Call"]["RecordingUrl"] is None

    play(tmp_path, story)


def test_a_call_id_gives_its_newest_recording(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"first")
        house.write_recording("r2", "partial", b"second")
        answer = await house.get(f"{ROOT}/Recordings/ab12")
        assert (answer.body, answer.headers["x-recording-state"]) == (b"second", "partial")
        assert answer.headers["content-type"] == "audio/mpeg"

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("wanted", "status", "body", "told"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=-100", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=5-1000", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=5-2", 200, b"0123456789", None),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("lines=0-1", 200, b"0123456789", None),
        ("bytes=x", 200, b"0123456789", None),
    ],
)
def test_a_recording_is_served_in_parts(
    tmp_path: Path, wanted: str, status: int, body: bytes, told: str | None
) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"0123456789")
        answer = await house.get(f"{ROOT}/Recordings/r1", {"range": wanted})
        assert (answer.status, answer.body, answer.headers.get("content-range")) == (status, body, told)
        assert answer.headers["content-length"] == str(len(body))

    play(tmp_path, story)


def test_head_tells_the_size_alone(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"0123456789")
        answer = await house.get(f"{ROOT}/Recordings/r1", method="HEAD")
        assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "10")

    play(tmp_path, story)


@pytest.mark.parametrize(
    "file", ["../secret.wav", "/etc/passwd", "..", "link.wav", "folder", "pipe", "gone.wav", ""]
)
def test_s17_nothing_but_a_plain_file_of_the_folder_is_served(tmp_path: Path, file: str) -> None:
    async def story(house: House) -> None:
        from cordboard.store import lines

        (house.folder / "secret.wav").write_bytes(b"secret")
        os.symlink(house.folder / "secret.wav", house.folder / "recordings" / "link.wav")
        (house.folder / "recordings" / "folder").mkdir()
        os.mkfifo(house.folder / "recordings" / "pipe")
        house.write_call()
        values = {"call_sid": "ab12", "file": file, "state": "whole"}
        house.engine.store.append(lines.row("recordings", "r1", values))
        answer = await house.get(f"{ROOT}/Recordings/r1")
        assert answer.status == 404 and b"secret" not in answer.body

    play(tmp_path, story)


def test_s17_a_path_is_no_id(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        for id in ("..%2f..%2fetc%2fpasswd", "../../etc/passwd", "%2e%2e", "%00", "r1%0d%0aX-Bad:1"):
            answer = await house.get(f"{ROOT}/Recordings/{id}")
            assert answer.status == 404

    play(tmp_path, story)


def test_a_signed_link_works_without_credentials_until_its_time(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"0123456789")
        house.write_recording("r0", "whole", b"other")
        call = (await house.get(f"{ROOT}/Calls/ab12.json?RecordingUrlValidity=5")).json["Call"]
        assert "PreSignedRecordingUrl" not in (await house.get(f"{ROOT}/Calls/ab12.json")).json["Call"]
        newest = call["PreSignedRecordingUrl"].removeprefix("http://127.0.0.1:8080")
        assert (await house.get(newest, login=False)).status == 200
        assert (await house.get(newest.replace("/r1?", "/r0?"), login=False)).status == 401
        assert (await house.get(newest.replace("expires=1", "expires=2"), login=False)).status == 401
        assert (await house.get(newest[:-1] + "x", login=False)).status == 401
        assert (await house.get(newest.replace("acme1", "other"), login=False)).status == 404
        house.engine.clock.now += 299
        assert (await house.get(newest, login=False)).status == 200
        house.engine.clock.now += 2
        assert (await house.get(newest, login=False)).status == 401

    play(tmp_path, story)
