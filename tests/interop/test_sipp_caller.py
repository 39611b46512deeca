"""sipp calls us."""

import asyncio
from pathlib import Path

import pytest

from cordboard.simulator.tones import tone_of
from tests.free_ports import free_port
from tests.interop import scenarios as s
from tests.interop.house import CALLER, EXOPHONE, engine, in_words, parts_of, played, to, tone_file
from tests.interop.sipp import sipp
from tests.interop.wire import lossy

pytestmark = pytest.mark.usefixtures("needs_sipp")

ANSWERS, TALKS, RINGS, BUSY = "+919812300042", "+919812300001", "+919812300003", "+919812300002"
TONE = 2500
STREAM = "rtpstream_audio_port"


@pytest.mark.interop("call in", "sipp")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_plain_call_is_answered_connected_and_ended_by_the_callers_bye(
    tmp_path: Path, transport: str
) -> None:
    async def test() -> None:
        tone = tone_file(tmp_path, TONE)
        script = s.scenario(
            s.send(s.invite(s.sdp(port=STREAM)), repeat=True),
            s.until_answered(),
            s.acknowledge(),
            s.speak(str(tone)),
            s.pause(2.5),
            s.hang_up(),
        )
        async with engine(tmp_path) as stage:
            stage.customer.answer = to(TALKS)
            at = stage.at(transport)
            async with sipp(tmp_path, script, target=at, service=EXOPHONE) as caller:
                await caller.done()
            call = await stage.call()
            assert (call.status, call.call_type, call.disconnected_by) == (
                "completed",
                "completed",
                "Caller",
            )
            assert (call.caller, call.answered_by) == (CALLER, TALKS)
            assert call.talk_seconds in (1, 2)
            assert caller.received("SIP/2.0 100") and caller.received("SIP/2.0 200")
            phone = stage.phone(TALKS)
            assert phone.finished and f"{TONE} Hz" in in_words(parts_of(phone.heard))
            assert [(reason.protocol, reason.cause) for reason in phone.reasons] == [("Q.850", 16)]

    played(test)


@pytest.mark.interop("CANCEL from the caller", "sipp")
def test_a_cancel_while_it_rings_ends_both_legs_and_the_call_is_canceled(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        branch = "z9hG4bK-[pid]-[call_number]-invite"
        script = s.scenario(
            s.send(s.invite(branch=branch), repeat=True),
            s.recv(response=100),
            s.recv(response=183),
            s.pause(1.0),
            s.send(s.request("CANCEL", 1, branch=branch, first=True), repeat=True),
            s.recv(response=200),
            s.recv(response=487),
            s.send(s.request("ACK", 1, branch=branch, first=True, tagged=True)),
            s.pause(0.2),
        )
        callees = s.by_number({"42": s.ringing() + s.cancelled()})
        async with engine(tmp_path, port, answer="late") as stage:
            stage.customer.answer = to(ANSWERS, TALKS)
            async with (
                sipp(tmp_path, callees, port=port) as callee,
                sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller,
            ):
                await caller.done()
                await callee.done()
            call = await stage.call()
            assert (call.status, call.call_type, call.dial_status) == (
                "canceled",
                "client-hangup",
                "canceled",
            )
            assert (call.disconnected_by, call.answered_at) == ("Caller", None)
            assert [(leg.status, leg.cause) for leg in await stage.legs()] == [("canceled", "canceled")]
            assert callee.received("CANCEL")[0].header("Reason").startswith("Q.850;cause=16")
            assert len(callee.received("INVITE")) == 1

    played(test)


@pytest.mark.interop("hold, resume", "sipp")
@pytest.mark.parametrize(
    ("hold", "answer"),
    [
        pytest.param(s.sdp("sendonly", 2, STREAM), "recvonly", id="sendonly"),
        pytest.param(s.sdp("inactive", 2, STREAM), "inactive", id="inactive"),
        pytest.param(s.sdp("sendrecv", 2, STREAM, host="0.0.0.0"), "", id="address-0.0.0.0"),
    ],
)
def test_a_caller_on_hold_is_answered_by_us_and_the_callee_hears_music(
    tmp_path: Path, hold: str, answer: str
) -> None:
    async def test() -> None:
        tone = tone_file(tmp_path, TONE)
        script = s.scenario(
            s.send(s.invite(s.sdp(port=STREAM)), repeat=True),
            s.until_answered(),
            s.acknowledge(),
            s.speak(str(tone)),
            s.pause(2.5),
            s.send(s.request("INVITE", 2, body=hold), repeat=True),
            s.until_answered(),
            s.acknowledge(2),
            s.silent(),
            s.pause(2.0),
            s.send(s.request("INVITE", 3, body=s.sdp("sendrecv", 3, STREAM)), repeat=True),
            s.until_answered(),
            s.acknowledge(3),
            s.talkative(),
            s.pause(1.5),
            s.hang_up(4),
        )
        async with engine(tmp_path) as stage:
            stage.customer.answer = to(TALKS, record=True, recording_channels="dual")
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            assert (await stage.call()).status == "completed"
            held, resumed = caller.received("SIP/2.0 200")[1:3]
            assert f"a={answer}" in held.body
            assert not any(way in resumed.body for way in ("sendonly", "recvonly", "inactive"))
            heard = in_words(parts_of(stage.phone(TALKS).heard), 0.5)
            assert heard == [f"{TONE} Hz", "music", f"{TONE} Hz"]
            left, right = await stage.channels()
            assert in_words(parts_of(left), 0.5) == [f"{TONE} Hz", "silence", f"{TONE} Hz"]
            theirs = f"{tone_of(TALKS)} Hz"
            assert in_words(parts_of(right), 0.5) == [theirs, "silence", theirs]

    played(test)


@pytest.mark.interop("OPTIONS answered", "sipp")
def test_telephony_9_options_are_answered_200_whatever_user_they_name(tmp_path: Path) -> None:
    async def test() -> None:
        script = s.scenario(
            s.send(s.request("OPTIONS", 1, first=True), repeat=True), s.recv(response=200), s.pause(0.1)
        )
        async with engine(tmp_path) as stage:
            async with sipp(tmp_path, script, target=stage.at(), service="nobody") as peer:
                await peer.done()
            assert "INVITE" in peer.received("SIP/2.0 200")[0].header("Allow")
            assert peer.received("SIP/2.0 200")[0].header("Accept").startswith("application/sdp")
            assert await stage.calls() == []

    played(test)


@pytest.mark.interop("lost and repeated messages", "sipp")
def test_a_repeated_invite_is_absorbed_one_call_and_one_question(tmp_path: Path) -> None:
    """The 100 and the 183 are lost: sipp sends its INVITE again and gets the 183 again."""

    async def test() -> None:
        port = free_port()
        script = s.scenario(
            s.send(s.invite(branch=s.SYMMETRIC), repeat=True),
            s.recv(response=183),
            s.recv(response=200, keep=True),
            s.acknowledge(),
            s.pause(0.3),
            s.hang_up(),
        )
        callees = s.by_number({"42": s.ringing() + s.pause(1.0) + s.answered() + s.released()})
        async with engine(tmp_path, port, answer="late") as stage:
            stage.customer.answer = to(ANSWERS)
            async with (
                lossy(stage.at(), answer_100=1, answer_183=1) as wire,
                sipp(tmp_path, callees, port=port) as callee,
                sipp(tmp_path, script, target=wire.address, service=EXOPHONE) as caller,
            ):
                await caller.done()
                await callee.done()
            assert (wire.count("INVITE"), wire.count("SIP/2.0 183"), len(wire.lost)) == (2, 2, 2)
            assert (await stage.call()).call_type == "completed"
            assert len(await stage.calls()) == len(stage.customer.asked) == 1
            assert len(callee.received("INVITE")) == 1

    played(test)


@pytest.mark.interop("lost and repeated messages", "sipp")
def test_rfc_6026_an_invite_repeated_because_its_200_was_lost_is_absorbed(tmp_path: Path) -> None:
    """The 200 is ours to repeat (§13.3.1.4); the repeated INVITE brings no second call."""

    async def test() -> None:
        script = s.scenario(
            s.send(s.invite(branch=s.SYMMETRIC), repeat=True),
            s.recv(response=200, keep=True),
            s.acknowledge(),
            s.pause(0.3),
            s.hang_up(),
        )
        async with engine(tmp_path) as stage:
            stage.customer.answer = to(RINGS)
            async with (
                lossy(stage.at(), answer_100=1, answer_200=2) as wire,
                sipp(tmp_path, script, target=wire.address, service=EXOPHONE) as caller,
            ):
                await caller.done()
            await stage.call()
            assert wire.count("INVITE") >= 2
            assert {m.start for m in caller.messages() if not m.sent} == {"SIP/2.0 200 OK"}
            assert len(await stage.calls()) == len(stage.customer.asked) == 1

    played(test)


@pytest.mark.interop("late offer", "sipp")
def test_an_invite_without_sdp_is_offered_ours_and_the_ack_brings_the_answer(tmp_path: Path) -> None:
    async def test() -> None:
        tone = tone_file(tmp_path, TONE)
        script = s.scenario(
            s.send(s.invite(""), repeat=True),
            s.until_answered(),
            s.acknowledge(body=s.sdp(port=STREAM)),
            s.speak(str(tone)),
            s.pause(2.5),
            s.hang_up(),
        )
        async with engine(tmp_path) as stage:
            stage.customer.answer = to(TALKS)
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            assert (await stage.call()).call_type == "completed"
            offered = caller.received("SIP/2.0 200")[0].body
            assert "PCMA/8000" in offered and "PCMU/8000" in offered
            assert f"{TONE} Hz" in in_words(parts_of(stage.phone(TALKS).heard))

    played(test)


@pytest.mark.interop("lost and repeated messages", "sipp")
def test_a_lost_ack_makes_us_repeat_the_200_and_the_call_goes_on(tmp_path: Path) -> None:
    async def test() -> None:
        script = s.scenario(
            s.send(s.invite(), repeat=True), s.until_answered(), s.acknowledge(), s.pause(2.5), s.hang_up()
        )
        async with engine(tmp_path) as stage:
            stage.customer.answer = to(TALKS)
            async with (
                lossy(stage.at(), ACK=2) as wire,
                sipp(tmp_path, script, target=wire.address, service=EXOPHONE) as caller,
            ):
                await caller.done()
            assert (await stage.call()).call_type == "completed"
            answers = [m.text for m in caller.received("SIP/2.0 200") if "INVITE" in m.header("CSeq")]
            assert len(answers) == 3 and len(set(answers)) == 1
            assert wire.lost == [line for line in wire.carried if line.startswith("ACK")][:2]
            assert len(stage.customer.asked) == 1

    played(test)


@pytest.mark.interop("answer only when the callee answers", "sipp")
def test_telephony_5_a_late_answer_is_a_183_whose_sdp_the_200_repeats(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        script = s.scenario(
            s.send(s.invite(), repeat=True),
            s.recv(response=100),
            s.recv(response=183),
            s.recv(response=200, keep=True),
            s.acknowledge(),
            s.pause(0.5),
            s.hang_up(),
        )
        callees = s.by_number({"42": s.ringing() + s.pause(0.5) + s.answered() + s.released()})
        async with engine(tmp_path, port, answer="late") as stage:
            stage.customer.answer = to(ANSWERS)
            async with (
                sipp(tmp_path, callees, port=port) as callee,
                sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller,
            ):
                await caller.done()
                await callee.done()
            early, final = caller.received("SIP/2.0 183")[0], caller.received("SIP/2.0 200")[0]
            assert early.body == final.body and "m=audio" in early.body
            assert early.header("To") == final.header("To")

    played(test)


@pytest.mark.interop("answer only when the callee answers", "sipp")
def test_telephony_5_an_unanswered_flow_that_found_all_busy_ends_with_486_and_its_reason(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        branch = "z9hG4bK-[pid]-[call_number]-invite"
        script = s.scenario(
            s.send(s.invite(branch=branch), repeat=True),
            s.recv(response=100),
            s.recv(response=183),
            s.recv(response=486),
            s.send(s.request("ACK", 1, branch=branch, first=True, tagged=True)),
            s.pause(0.2),
        )
        async with engine(tmp_path, answer="late") as stage:
            stage.customer.answer = to(BUSY)
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            assert caller.received("SIP/2.0 486")[0].header("Reason").startswith("Q.850;cause=17")
            assert ((await stage.call()).status, (await stage.call()).dial_status) == ("busy", "busy")

    played(test)


@pytest.mark.interop("488 that says why", "sipp")
def test_telephony_22_an_offer_of_g729_alone_gets_a_488_that_says_so(tmp_path: Path) -> None:
    async def test() -> None:
        body = s.sdp().replace("RTP/AVP 8 101", "RTP/AVP 18").replace("a=rtpmap:8 PCMA", "a=rtpmap:18 G729")
        body = body.replace("a=rtpmap:101 telephone-event/8000\n", "")
        branch = "z9hG4bK-[pid]-[call_number]-invite"
        script = s.scenario(
            s.send(s.invite(body, branch), repeat=True),
            s.recv(response=100, optional=True),
            s.recv(response=488),
            s.send(s.request("ACK", 1, branch=branch, first=True, tagged=True)),
            s.pause(0.1),
        )
        async with engine(tmp_path) as stage:
            async with sipp(tmp_path, script, target=stage.at(), service=EXOPHONE) as caller:
                await caller.done()
            assert "G729" in caller.received("SIP/2.0 488")[0].header("Warning")
            assert await stage.calls() == [] and stage.customer.asked == []

    played(test)


@pytest.mark.interop("call in", "sipp")
def test_two_calls_at_once_from_one_peer_stay_apart(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        script = s.scenario(
            s.send(s.invite(), repeat=True), s.until_answered(), s.acknowledge(), s.pause(1.0), s.hang_up()
        )
        callees = s.by_number({"42": s.answered() + s.released()})
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(ANSWERS)
            async with (
                sipp(tmp_path, callees, port=port, calls=2) as callee,
                sipp(tmp_path, script, target=stage.at(), service=EXOPHONE, calls=2) as caller,
            ):
                await asyncio.gather(caller.done(), callee.done())
            await stage.call()
            rows = await stage.calls()
            assert len({row.sid for row in rows}) == 2
            assert [row.call_type for row in rows] == ["completed", "completed"]

    played(test)
