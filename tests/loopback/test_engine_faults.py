"""Bad input and broken parts: a clear sentence each, the call goes where the contract says, the engine lives.

telephony.md 9, 10, 12, 22, 29; reliability.md F6, S7.
"""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cordboard.simulator.phone import Phone
from tests.loopback.engine_ears import read_wav
from tests.loopback.engine_house import home_at
from tests.loopback.engine_kit import MAIN, Home, Play, has_tone, to
from tests.loopback.engine_raw import G711, G729, Bare
from tests.waiting import until


def only_few(tables: dict[str, Any]) -> None:
    tables["sip"]["max_calls"] = 2


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_at(tmp_path_factory.mktemp("faults"), "24000-24999", only_few) as home:
        yield home


@pytest.fixture
def bare(home: Home) -> Iterator[Callable[[str], Bare]]:
    made: list[Bare] = []

    def make(bind: str = "127.0.0.1") -> Bare:
        made.append(Bare(home.engine.bound[0], bind))
        return made[-1]

    yield make
    for one in made:
        one.close()


def header(answer: str, name: str) -> str:
    found = [line for line in answer.splitlines() if line.lower().startswith(f"{name.lower()}:")]
    return found[0].partition(":")[2].strip() if found else ""


# --- INVITEs that are no call -----------------------------------------------------------------------


def test_telephony_22_g729_only_gets_488_that_says_so(home: Home, bare: Callable[[str], Bare]) -> None:
    phone = bare("127.0.0.1")

    async def ask() -> str:
        phone.send(phone.request("INVITE", MAIN, "g729", G729))
        answer = await phone.final()
        phone.ack(MAIN, "g729", answer)
        return answer

    answer = home.run(ask())
    assert answer.startswith("SIP/2.0 488 ")
    assert "G729" in header(answer, "Warning") and header(answer, "Warning").startswith("305 ")
    assert header(answer, "Reason").startswith("Q.850;cause=65")
    assert home.engine.live_calls() == 0
    home.run(home.plain_call())


def test_an_unknown_exophone_is_404(home: Home, bare: Callable[[str], Bare]) -> None:
    phone = bare("127.0.0.1")

    async def ask() -> str:
        phone.send(phone.request("INVITE", "+918047119999", "nobody", G711))
        answer = await phone.final()
        phone.ack("+918047119999", "nobody", answer)
        return answer

    assert home.run(ask()).startswith("SIP/2.0 404 ")
    assert b'cordboard_calls_refused_total{code="404"} 1.0' in home.engine.metrics()
    home.run(home.plain_call())


def test_telephony_12_an_unknown_source_is_not_answered_at_all(
    home: Home, bare: Callable[[str], Bare]
) -> None:
    stranger = bare("127.0.0.77")

    async def ask() -> str:
        for number, method in enumerate(("INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "SUBSCRIBE")):
            stranger.send(stranger.request(method, MAIN, f"stranger{number}", G711))
        return await stranger.final(1.0)

    assert home.run(ask()) == "" and stranger.got == []
    assert home.engine.live_calls() == 0
    home.run(home.plain_call())


def test_bytes_that_are_no_sip_harm_nobody(home: Home, bare: Callable[[str], Bare]) -> None:
    phone = bare("127.0.0.1")

    async def ask() -> None:
        for text in (
            "\0" * 400,
            "INVITE\n\n",
            "INVITE sip:x SIP/2.0\nVia: \n\n",
            "SIP/2.0 200 OK\n\n",
            "\n\n",
        ):
            phone.send(text)
        await asyncio.sleep(0.2)

    home.run(ask())
    home.run(home.plain_call())


def test_max_calls_refuses_with_503_and_no_retry_after(home: Home, bare: Callable[[str], Bare]) -> None:
    phone = bare("127.0.0.1")
    answers: list[str] = []

    async def both() -> None:
        one, two = home.phones("08", "08")

        async def refused(play: Play) -> None:
            await play.talks_to(one)
            await asyncio.sleep(0.5)  # the second call is up by now
            assert home.engine.live_calls() == 2
            phone.send(phone.request("INVITE", MAIN, "toomany", G711))
            answers.append(await phone.final())
            phone.ack(MAIN, "toomany", answers[0])

        first = home.play(to(one), meanwhile=refused, talk=(one, 1.5))
        await asyncio.gather(first, home.play(to(two), talk=(two, 1.5)))

    home.run(both())
    assert answers[0].startswith("SIP/2.0 503 ") and not header(answers[0], "Retry-After")
    home.run(home.plain_call())


# --- processes that die -----------------------------------------------------------------------------


def killed_in_mid_call(home: Home, pick: Callable[[tuple[int, ...]], int], wait: float) -> tuple[Play, Phone]:
    """A recorded call whose helper process is killed while both talk."""

    async def play() -> tuple[Play, Phone]:
        (ram,) = home.phones("01")
        found: list[Phone] = []

        async def kill(play: Play) -> None:
            phone = await play.talks_to(ram)
            found.append(phone)
            await asyncio.sleep(2.5)  # audio goes to the recorder second by second
            play.marks["killed"] = asyncio.get_running_loop().time()
            os.kill(pick(home.engine.media.process_ids), signal.SIGKILL)
            await asyncio.sleep(wait)
            play.caller.hang_up()

        answer = to(ram, record=True, recording_channels="dual")
        return await home.play(answer, meanwhile=kill), found[0]

    return home.run(play())


def test_telephony_29_a_media_process_that_dies_in_mid_call(home: Home) -> None:
    before = home.engine.media.process_ids
    play, phone = killed_in_mid_call(home, lambda processes: processes[0], 4.0)
    for side in (play.caller.audio.listener, phone.audio.listener):
        arrivals = [packet.arrival for packet in side.packets]
        worst = max(b - a for a, b in pairwise(arrivals))
        assert worst < 3.5  # audio is back
        assert arrivals[-1] > play.marks["killed"] + 3
    assert has_tone(play.caller.heard[-6000:-800], phone.hertz)
    assert has_tone(phone.heard[-6000:-800], play.caller.hertz)
    sent = [e["data"] for e in play.timeline if e["kind"] == "sip" and e["what"] == "→ INVITE"]
    again = [data["leg"] for data in sent if not data.get("repeat")]
    assert sorted(again) == [0, 1, 1]  # the callee's first, then a re-INVITE on both legs
    assert play.told("the media process died") and "media.lost" in play.notes()
    assert play.row.call_type == "completed" and play.row.outcome == ""
    first, second = play.recordings
    assert first.state == "partial"
    reasons = {reason["code"] for reason in json.loads(second.certificate)["reasons"]}
    assert second.state == ("partial" if reasons else "whole")
    assert reasons <= {"duration"}  # on a busy machine the new process is there later than it should be
    for recording in play.recordings:
        path = Path(home.engine.settings.store.recordings) / recording.file
        (left, right), _ = read_wav(path.read_bytes())
        assert has_tone(left[-4000:], play.caller.hertz) and has_tone(right[-4000:], phone.hertz)
    assert home.engine.media.process_ids[0] not in before
    home.run(home.plain_call())


def test_a_recorder_that_dies_in_mid_call_leaves_a_partial_recording(home: Home) -> None:
    play, phone = killed_in_mid_call(home, lambda processes: processes[-1], 1.5)
    arrivals = [packet.arrival for packet in play.caller.packets]
    assert max(b - a for a, b in pairwise(arrivals)) < 1.0  # nobody heard of it
    (recording, *_) = play.recordings
    assert recording.state == "partial" and recording.problem
    path = Path(home.engine.settings.store.recordings) / recording.file
    (left, right), _ = read_wav(path.read_bytes())
    assert has_tone(left[-3000:], play.caller.hertz) and has_tone(right[-3000:], phone.hertz)
    status, body = home.run(home.get(f"/v1/Accounts/acme1/Recordings/{play.sid}.wav"))
    assert status == 200 and body == path.read_bytes()
    home.run(home.plain_call())


# --- strangers in the audio -------------------------------------------------------------------------


def test_telephony_17_audio_from_elsewhere_is_not_heard(home: Home) -> None:
    async def play() -> Play:
        (ram,) = home.phones("08")  # says nothing itself: whatever is heard is the stranger's

        async def inject(play: Play) -> None:
            phone = await play.talks_to(ram)
            target = phone._session.invitation.body.decode()  # our SDP, as sent
            port = int(target.split("m=audio ")[1].split()[0])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.bind(("127.0.0.77", 0))
                for number in range(50):
                    head = bytes([0x80, 8]) + number.to_bytes(2, "big") + (number * 160).to_bytes(4, "big")
                    stranger.sendto(head + b"evil" + bytes([0x2A, 0xAA]) * 80, ("127.0.0.1", port))
                    await asyncio.sleep(0.01)
            play.caller.hang_up()

        return await home.play(to(ram), meanwhile=inject)

    played = home.run(play())
    (leg,) = played.legs[1:]
    assert leg.foreign_packets == 50
    assert abs(played.caller.heard[-2000:]).max() < 100
    home.run(home.plain_call())


# --- the end ----------------------------------------------------------------------------------------


def test_nothing_is_left_behind(home: Home) -> None:
    async def quiet() -> bool:
        return not home.engine.live_calls() and not home.engine.media.ports_taken

    home.run(until(quiet))
    assert home.engine.problems() == ()
    faults = [
        line for line in home.engine.metrics().splitlines() if line.startswith(b"cordboard_faults_total")
    ]
    assert faults == [b"cordboard_faults_total 0.0"]
