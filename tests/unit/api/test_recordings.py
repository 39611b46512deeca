"""Recordings over HTTP (contract.md §6.5): both forms, parts, tags, what is not there yet, certificates."""

import errno
import json
import os
from pathlib import Path

import pytest

from cordboard.recordings.bucket import StoreAway
from cordboard.recordings.shelf import Shelf
from tests.unit.api.house import House, play

ROOT = "/v1/Accounts/acme1"
SHA = "ab" * 32


def test_a_recording_url_gives_mp3_and_the_wav_stands_beside_it(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"0123456789", sha256=SHA)
        (house.folder / "recordings" / "r1.mp3").write_bytes(b"mpeg")
        for name, kind, body in (
            ("r1", "audio/mpeg", b"mpeg"),
            ("r1.mp3", "audio/mpeg", b"mpeg"),
            ("r1.wav", "audio/wav", b"0123456789"),
            ("ab12", "audio/mpeg", b"mpeg"),
            ("ab12.wav", "audio/wav", b"0123456789"),
        ):
            answer = await house.get(f"{ROOT}/Recordings/{name}")
            assert (answer.status, answer.headers["content-type"], answer.body) == (200, kind, body)
            head = await house.get(f"{ROOT}/Recordings/{name}", method="HEAD")
            assert (head.status, head.body, head.headers) == (200, b"", answer.headers)
            some = await house.get(f"{ROOT}/Recordings/{name}", {"range": "bytes=1-2"})
            assert (some.status, some.body) == (206, body[1:3])
        assert (await house.get(f"{ROOT}/Recordings/r1.ogg")).status == 404

    play(tmp_path, story)


def test_who_has_it_is_told_so_and_a_part_is_only_of_the_same(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"0123456789", sha256=SHA)
        tag = (await house.get(f"{ROOT}/Recordings/r1.wav")).headers["etag"]
        assert tag == f'"{SHA[:32]}-10"'
        assert tag != (await house.get(f"{ROOT}/Recordings/r1.mp3")).headers["etag"]
        for names in (tag, f'"x", W/{tag}', "*"):
            again = await house.get(f"{ROOT}/Recordings/r1.wav", {"if-none-match": names})
            assert (again.status, again.body) == (304, b"")
        other = await house.get(f"{ROOT}/Recordings/r1.wav", {"range": "bytes=0-1", "if-range": '"x"'})
        assert (other.status, other.body) == (200, b"0123456789")
        same = await house.get(f"{ROOT}/Recordings/r1.wav", {"range": "bytes=0-1", "if-range": tag})
        assert (same.status, same.body) == (206, b"01")

    play(tmp_path, story)


def test_what_is_not_made_yet_is_404_with_retry_after(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "recording", b"RIFF")
        for name in ("r1", "r1.wav", "r1.mp3"):
            answer = await house.get(f"{ROOT}/Recordings/{name}")
            assert (answer.status, answer.headers["retry-after"]) == (404, "2")
        house.write_recording("r1", "whole", b"RIFF", mp3="")
        answer = await house.get(f"{ROOT}/Recordings/r1")
        assert (answer.status, answer.headers["retry-after"]) == (404, "1")
        assert (await house.get(f"{ROOT}/Recordings/r1.wav")).status == 200

    play(tmp_path, story)


def test_where_an_mp3_can_never_be_made_the_url_plays_the_wav(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"RIFF", mp3="", mp3_problem="it holds nothing")
        answer = await house.get(f"{ROOT}/Recordings/r1")
        assert (answer.status, answer.headers["content-type"], answer.body) == (200, "audio/wav", b"RIFF")
        answer = await house.get(f"{ROOT}/Recordings/r1.mp3")
        assert answer.status == 404 and "retry-after" not in answer.headers

    play(tmp_path, story)


def test_f18_a_file_that_cannot_be_opened_now_is_no_file_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"RIFF")
        await house.engine.store.settled()

        def no_descriptor(*_: object) -> int:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        with monkeypatch.context() as patched:
            patched.setattr("cordboard.recordings.folder._walk", no_descriptor)
            answer = await house.get(f"{ROOT}/Recordings/r1")
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        assert (await house.get(f"{ROOT}/Recordings/r1")).status == 200

    play(tmp_path, story)


def test_what_retention_removed_is_said_and_no_url_is_given(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"RIFF", place="removed", certificate='{"state": "whole"}')
        for name in ("r1", "r1.wav"):
            answer = await house.get(f"{ROOT}/Recordings/{name}")
            assert answer.status == 404 and "removed by retention" in answer.text
        assert (await house.get(f"{ROOT}/Calls/ab12.json")).json["Call"]["RecordingUrl"] is None
        told = (await house.get("/api/recordings/r1/certificate")).json
        assert (told["state"], told["removed"]) == ("whole", True)

    play(tmp_path, story)


def test_signed_links_work_for_both_forms(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"0123456789")
        call = (await house.get(f"{ROOT}/Calls/ab12.json?RecordingUrlValidity=5")).json["Call"]
        path, _, query = call["PreSignedRecordingUrl"].removeprefix("http://127.0.0.1:8080").partition("?")
        for form in ("", ".mp3", ".wav"):
            assert (await house.get(f"{path}{form}?{query}", login=False)).status == 200
        assert (await house.get(f"{ROOT}/Recordings/r2.wav?{query}", login=False)).status == 401

    play(tmp_path, story)


def test_a_certificate_is_served_once_it_is_decided(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        house.write_call()
        assert (await house.get("/api/recordings/r1/certificate")).status == 404
        house.write_recording("r1", "recording", certificate=json.dumps({"tape": {}}))
        answer = await house.get("/api/recordings/r1/certificate")
        assert (answer.status, answer.headers["retry-after"]) == (404, "2")
        told = {"state": "partial", "reasons": [{"code": "gap", "text": "…"}]}
        house.write_recording("r1", "partial", b"RIFF", certificate=json.dumps(told), kind="voicemail")
        for id in ("r1", "ab12"):
            answer = await house.get(f"/api/recordings/{id}/certificate")
            assert answer.json == told | {"kind": "voicemail", "removed": False}
        assert (await house.get("/api/recordings/r1/certificate", login=False)).status == 401

    play(tmp_path, story)


def test_a_store_that_is_away_is_503_with_retry_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: Shelf, name: str, place: str) -> None:
        raise StoreAway("no route to host")

    async def story(house: House) -> None:
        house.write_call()
        house.write_recording("r1", "whole", b"RIFF", place="s3")
        monkeypatch.setattr(Shelf, "open", away)
        answer = await house.get(f"{ROOT}/Recordings/r1")
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        assert "no route" not in answer.text

    play(tmp_path, story)
