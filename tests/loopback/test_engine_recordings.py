"""What happens to a recording after its last frame, with real audio, files, processes and an S3 store."""

import asyncio
import hashlib
import io
import json
import os
import signal
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import boto3
import pytest
import soundfile
from moto.server import ThreadedMotoServer

from tests.loopback.engine_ears import read_wav
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import Home, Play, has_tone, to
from tests.loopback.small_disk import fill, small_disk
from tests.media_ports import media_ports
from tests.waiting import until

RATE = 8000
PORTS = "{}-{}".format(*media_ports())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_at(tmp_path_factory.mktemp("recordings"), PORTS) as home:
        yield home


async def fetch(home: Home, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One GET with the account's credentials."""
    login = {"Authorization": "Basic " + b64encode(b"key:token").decode()} | headers
    url = f"http://{home.house.http[0]}:{home.house.http[1]}{path}"
    async with aiohttp.ClientSession(headers=login) as session, session.get(url) as answer:
        return answer.status, dict(answer.headers), await answer.read()


async def true(what: Callable[[], bool], seconds: float = 15.0) -> None:
    """Wait until it is true."""

    async def now() -> bool:
        return what()

    await until(now, seconds)


async def ready(home: Home, sid: str) -> float:
    """Wait until the URL of a call's recording plays; the moment, on the loop's clock."""
    path = f"/v1/Accounts/acme1/Recordings/{sid}"

    async def plays() -> bool:
        status, headers, _ = await fetch(home, path)
        assert status == 200 or (status == 404 and "Retry-After" in headers)
        return status == 200

    await until(plays, 20.0)
    return asyncio.get_running_loop().time()


async def recorded(home: Home, seconds: float = 2.0, **fields: object) -> tuple[Play, float]:
    """A recorded conversation, and for how long after its end its URL did not play."""
    (asha,) = home.phones("01")
    answer = to(asha, record=True, recording_channels="dual", **fields)
    over: list[float] = []

    async def meanwhile(play: Play) -> None:
        await play.talks_to(asha)
        await asyncio.sleep(seconds)
        over.append(asyncio.get_running_loop().time())
        play.caller.hang_up()
        await true(lambda: bool(home.engine.store) and home.engine.live_calls() == 0)
        rows = await home.engine.store.calls.newest(1)
        play.marks["ready"] = await ready(home, rows[0].sid)

    play = await home.play(answer, meanwhile=meanwhile)
    return play, play.marks["ready"] - over[0]


def test_a_recording_is_certified_and_its_mp3_plays_within_seconds(home: Home) -> None:
    play, waited = home.run(recorded(home))
    assert waited < 10.0
    (recording,) = play.recordings
    assert recording.state == "whole"
    status, headers, mp3 = home.run(fetch(home, f"/v1/Accounts/acme1/Recordings/{play.sid}"))
    assert (status, headers["Content-Type"]) == (200, "audio/mpeg")
    sound, rate = soundfile.read(io.BytesIO(mp3), dtype="int16")
    (asha,) = play.phones.values()
    middle = slice(RATE // 2, 3 * RATE // 2)
    assert rate == RATE and abs(len(sound) / RATE - recording.seconds) < 0.3
    assert has_tone(sound[middle, 0], play.caller.hertz, 0.8) and has_tone(sound[middle, 1], asha.hertz, 0.8)
    status, headers, part = home.run(
        fetch(home, f"/v1/Accounts/acme1/Recordings/{recording.sid}.mp3", Range="bytes=100-199")
    )
    assert status == 206 and part == mp3[100:200]
    status, _, wav = home.run(fetch(home, f"/v1/Accounts/acme1/Recordings/{recording.sid}.wav"))
    status, _, body = home.run(fetch(home, f"/api/recordings/{recording.sid}/certificate"))
    told = json.loads(body)
    assert (told["state"], told["reasons"], told["kind"]) == ("whole", [], "conversation")
    assert told["file"] == {"size": len(wav), "sha256": hashlib.sha256(wav).hexdigest()}
    assert told["mp3"] == {"size": len(mp3), "sha256": hashlib.sha256(mp3).hexdigest()}
    assert abs(told["seconds"] - told["call_seconds"]) <= 0.2
    assert [leg["leg"] for leg in told["legs"]] == [0, 1]
    for leg in told["legs"]:
        assert leg["expected"] == leg["heard"] == leg["written"] > 75
    (entry,) = play.told("the recording is whole")
    assert entry["data"]["sha256"] == told["file"]["sha256"]


def test_the_recording_is_there_by_the_time_that_the_dial_event_promises(home: Home) -> None:
    play, _ = home.run(recorded(home, 1.0, dial_passthru_event_url=home.url("/event")))
    home.run(true(lambda: len(play.asked("/event")) == 2))
    promised = datetime.strptime(play.asked("/event")[-1]["RecordingAvailableBy"], "%a, %d %b %Y %H:%M:%S")
    kolkata = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=5, minutes=30)
    assert kolkata < promised, "it plays already"


def test_what_was_removed_by_retention_says_so(home: Home) -> None:
    play, _ = home.run(recorded(home, 0.5))
    (recording,) = play.recordings
    folder = home.engine.shelf.folder
    assert (folder / recording.file).exists()
    removed = home.run(home.engine.keeping.keeper.sweep(home.engine.clock.wall() + 1))
    assert removed >= 1 and not list(folder.rglob("*.wav")) and not list(folder.rglob("*.mp3"))
    status, _, body = home.run(fetch(home, f"/v1/Accounts/acme1/Recordings/{recording.sid}"))
    assert status == 404 and b"removed by retention" in body
    status, _, body = home.run(fetch(home, f"/api/recordings/{recording.sid}/certificate"))
    assert json.loads(body)["removed"] is True and json.loads(body)["state"] == recording.state


def test_f5_a_recording_whose_end_takes_longer_than_its_call_lingers_is_decided(home: Home) -> None:
    """A disk that hangs: here it is the recorder that does."""
    (asha,) = home.phones("01")

    async def meanwhile(play: Play) -> None:
        await play.talks_to(asha)
        await asyncio.sleep(0.5)
        recorder = home.engine.media._recorder
        assert recorder is not None
        os.kill(recorder.pid, signal.SIGSTOP)
        try:
            play.caller.hang_up()
            await asyncio.sleep(7.0)
        finally:
            os.kill(recorder.pid, signal.SIGCONT)

    play = home.run(home.play(to(asha, record=True), meanwhile=meanwhile))
    assert [recording.state for recording in play.recordings] == ["whole"]


# --- an S3 store ------------------------------------------------------------------------------------


def test_recordings_move_to_an_s3_store_and_wait_while_it_is_away(tmp_path: Path) -> None:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="moved-calls")

    def in_s3(tables: dict[str, Any]) -> None:
        tables["store"]["recordings"] = "s3://moved-calls/acme"
        given = {"s3_endpoint": f"http://{host}:{port}", "s3_access_key": "key", "s3_secret_key": "secret"}
        tables["recordings"] = given

    def files(home: Home) -> list[Path]:
        return [path for path in home.engine.shelf.folder.rglob("*") if path.is_file()]

    with home_at(tmp_path, PORTS, in_s3) as home:
        play, _ = home.run(recorded(home, 1.0))
        sid = play.recordings[0].sid
        home.run(true(lambda: not files(home), 20.0))
        keys = [found["Key"] for found in client.list_objects_v2(Bucket="moved-calls")["Contents"]]
        assert len(keys) == 2 and all(key.startswith("acme/") and sid[:16] in key for key in keys)
        for form in ("mp3", "wav"):
            _, _, whole = home.run(fetch(home, f"/v1/Accounts/acme1/Recordings/{sid}.{form}"))
            key = next(key for key in keys if key.endswith(form))
            assert whole == client.get_object(Bucket="moved-calls", Key=key)["Body"].read()
            status, headers, part = home.run(
                fetch(home, f"/v1/Accounts/acme1/Recordings/{sid}.{form}", Range="bytes=-100")
            )
            assert status == 206 and part == whole[-100:]

        server.stop()
        play, _ = home.run(recorded(home, 0.5))  # from the folder, as long as it is there
        assert play.recordings[0].state == "whole" and len(files(home)) == 2
        home.run(true(lambda: bool(home.engine.warnings()), 20.0))
        status, _, body = home.run(fetch(home, "/readyz"))
        assert "recordings cannot be moved" in json.loads(body)["warnings"][0]
        status, headers, _ = home.run(fetch(home, f"/v1/Accounts/acme1/Recordings/{sid}"))
        assert (status, headers["Retry-After"]) == (503, "30")

        again = ThreadedMotoServer("127.0.0.1", port=port, verbose=False)
        again.start()
        if "moved-calls" not in [found["Name"] for found in client.list_buckets()["Buckets"]]:
            client.create_bucket(Bucket="moved-calls")
        home.run(true(lambda: not files(home) and not home.engine.warnings(), 30.0))
        status, _, _ = home.run(fetch(home, f"/v1/Accounts/acme1/Recordings/{play.recordings[0].sid}"))
        assert status == 200
        again.stop()


# --- F5: a disk that is full ------------------------------------------------------------------------


def test_f5_a_full_disk_costs_no_call_and_the_recording_goes_on(tmp_path: Path) -> None:
    disk = tmp_path / "small"
    with (
        small_disk(disk, 4),
        home_at(tmp_path, PORTS, lambda tables: tables["store"].update(recordings=str(disk))) as home,
    ):
        (asha,) = home.phones("01")
        ballast, marks = disk / "ballast", dict[str, float]()

        async def meanwhile(play: Play) -> None:
            loop = asyncio.get_running_loop()
            await play.talks_to(asha)
            await asyncio.sleep(1.5)
            fill(ballast)
            full = loop.time()
            await true(lambda: b"cordboard_recordings_interrupted_total 1.0" in home.engine.metrics(), 5.0)
            marks["alarm"] = loop.time() - full
            await asyncio.sleep(2.5)  # at least one more second of sound finds no room
            ballast.unlink()
            room = loop.time()
            (sid,) = [row.sid for row in await home.engine.store.calls.newest(1)]

            async def goes_on() -> bool:
                _, _, body = await fetch(home, f"/api/calls/{sid}/timeline")
                return b"the recording goes on" in body

            await until(goes_on, 8.0)
            marks["resumed"] = loop.time() - room
            await asyncio.sleep(1.0)
            play.caller.hang_up()

        play = home.run(home.play(to(asha, record=True, recording_channels="dual"), meanwhile=meanwhile))
        assert play.row.call_type == "completed"
        assert marks["alarm"] <= 2.0 and marks["resumed"] <= 5.0, marks
        (recording,) = play.recordings
        told = json.loads(recording.certificate)
        (stop,) = told["stops"]
        assert recording.state == "partial" and stop["seconds"] > 1.0
        assert told["reasons"][0]["text"].startswith(f"the disk took nothing from second {stop['start']:.3f}")
        assert abs(told["seconds"] - told["call_seconds"]) <= 0.2, "it plays as long as the conversation was"
        (left, _), _ = read_wav((disk / recording.file).read_bytes())
        begin, end = round(stop["start"] * RATE), round((stop["start"] + stop["seconds"]) * RATE)
        assert has_tone(left[begin - 4000 : begin], play.caller.hertz) and not left[begin + 8 : end - 8].any()
        assert has_tone(left[end + 400 :], play.caller.hertz)
