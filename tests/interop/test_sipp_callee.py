"""We call sipp."""

from pathlib import Path

import pytest

from cordboard.sip.endpoint.words import Address
from tests.free_ports import free_port
from tests.interop import scenarios as s
from tests.interop.house import EXOPHONE, engine, in_words, played, to, tone_file
from tests.interop.sipp import sipp
from tests.interop.wire import lossy

pytestmark = pytest.mark.usefixtures("needs_sipp")

ASHA, RAVI, MEENA, KIRAN = "+919812300042", "+919812300043", "+919812300044", "+919812300045"
STREAM = "rtpstream_audio_port"
FIRST, SECOND = 1100, 1700
ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


@pytest.mark.interop("busy", "sipp")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_busy_number_is_followed_by_the_next_which_answers(tmp_path: Path, transport: str) -> None:
    async def test() -> None:
        port = free_port()
        answers = s.ringing() + s.pause(0.3) + s.answered() + s.released()
        script = s.by_number({"42": s.refused("486 Busy Here"), "43": answers})
        async with engine(tmp_path, port, transport) as stage:
            stage.customer.answer = to(ASHA, RAVI)
            async with sipp(tmp_path, script, port=port, calls=2, transport=transport) as callee:
                await stage.caller().ring(hang_up_after=1.5)
                await callee.done()
            call, (busy, answered) = await stage.call(), await stage.legs()
            assert (busy.number, busy.status, busy.cause, busy.code) == (ASHA, "busy", "busy", 486)
            assert (answered.number, answered.status) == (RAVI, "completed")
            assert answered.ringing_at is not None and answered.answered_at is not None
            assert (call.call_type, call.dial_status, call.answered_by) == ("completed", "completed", RAVI)
            assert callee.received("BYE")[0].header("Reason").startswith("Q.850;cause=16")
            invite = callee.received("INVITE")[0]
            assert EXOPHONE in invite.header("From") and EXOPHONE in invite.header("P-Asserted-Identity")

    played(test)


@pytest.mark.interop("CANCEL of a ringing leg", "sipp")
def test_no_answer_the_ring_limit_sends_a_cancel_that_says_why(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        script = s.by_number({"42": s.ringing() + s.cancelled()})
        async with engine(tmp_path, port, answer="late") as stage:
            stage.customer.answer = to(ASHA, max_ringing_duration=1)
            caller = stage.caller()
            async with sipp(tmp_path, script, port=port) as callee:
                await caller.ring()
                await callee.done()
            call, (leg,) = await stage.call(), await stage.legs()
            assert callee.received("CANCEL")[0].header("Reason").startswith("Q.850;cause=19")
            assert (leg.status, leg.cause) == ("no-answer", "no-answer")
            assert leg.began_at is not None and leg.ended_at is not None
            assert 0.9 < leg.ended_at - leg.began_at < 2.0
            assert (call.status, call.call_type, call.dial_status) == ("no-answer", "incomplete", "no-answer")
            assert caller.code == 480 and not caller.answered

    played(test)


@pytest.mark.interop("CANCEL of a ringing leg", "sipp")
def test_telephony_1_a_cancel_waits_until_the_peer_has_said_something(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        script = s.by_number({"42": s.ringing() + s.cancelled()})
        async with (
            # INVITEs go at 0, 0.5 and 1.5 s; what answers the first two is lost; the ring limit is 1 s
            lossy(Address("udp", "127.0.0.1", port), answer_180=2) as wire,
            engine(tmp_path, wire.address.port) as stage,
        ):
            stage.customer.answer = to(ASHA, max_ringing_duration=1)
            async with sipp(tmp_path, script, port=port) as callee:
                await stage.caller().ring()
                await callee.done()
            call, (leg,) = await stage.call(), await stage.legs()
            methods = [line.partition(" sip:")[0] for line in wire.carried]
            asked_thrice = ["INVITE", "SIP/2.0 180 Ringing"] * 3
            assert methods[:7] == [*asked_thrice, "CANCEL"] and wire.count("CANCEL") == 1
            # without any 18x before the limit nobody's phone rang (telephony.md 3)
            assert (leg.status, call.dial_status) == ("failed", "failed")

    played(test)


@pytest.mark.interop("decline", "sipp")
def test_telephony_3_a_decline_ends_that_number_and_not_the_hunt(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        declined = s.ringing() + s.pause(0.2) + s.refused("603 Decline")
        script = s.by_number({"42": declined, "43": s.answered() + s.released()})
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(ASHA, RAVI)
            async with sipp(tmp_path, script, port=port, calls=2) as callee:
                await stage.caller().ring(hang_up_after=1.0)
                await callee.done()
            asha, ravi = await stage.legs()
            assert (asha.status, asha.cause, asha.code) == ("busy", "declined", 603)
            assert ravi.status == (await stage.call()).dial_status == "completed"

    played(test)


@pytest.mark.interop("early media", "sipp")
def test_telephony_23_early_media_is_heard_until_a_503_and_then_that_of_the_next(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        body = s.sdp(port=STREAM)
        early = s.send(s.reply("183 Session Progress", body)) + s.speak(str(tone_file(tmp_path, FIRST)))
        then = s.send(s.reply("183 Session Progress", body)) + s.speak(str(tone_file(tmp_path, SECOND)))
        parts = {
            "42": early + s.pause(1.5) + s.refused("503 Service Unavailable"),
            "43": then + s.pause(1.0) + s.answered(body) + s.released(),
        }
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(ASHA, RAVI, music_on_hold={"type": "operator_tone"})
            caller = stage.caller()
            async with sipp(tmp_path, s.by_number(parts), port=port, calls=2) as callee:
                await caller.ring(hang_up_after=4.0)
                await callee.done()
            heard = in_words(caller.describe(), 0.8)
            assert heard == [f"{FIRST} Hz", f"{SECOND} Hz"]
            assert len({packet.ssrc for packet in caller.packets}) == 1
            legs = await stage.legs()
            assert [(leg.status, leg.code) for leg in legs] == [("failed", 503), ("completed", 0)]

    played(test)


@pytest.mark.interop("hold, resume", "sipp")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_telephony_7_a_callee_on_hold_is_answered_by_us_and_the_caller_hears_music(
    tmp_path: Path, method: str
) -> None:
    """The callee sends back what it hears: the caller's own tone comes while audio flows both ways."""

    async def test() -> None:
        port = free_port()
        steps = (
            s.answered(),
            s.pause(1.2),
            s.offer_again(method, 1, s.sdp("sendonly", 2)),
            s.pause(2.0),
            s.offer_again(method, 2, s.sdp("sendrecv", 3)),
            s.released(),
        )
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(ASHA)
            caller = stage.caller()
            async with sipp(tmp_path, s.by_number({"42": "".join(steps)}), port=port, echo=True) as callee:
                await caller.ring(hang_up_after=4.7)
                await callee.done()
            held, resumed = [m for m in callee.received("SIP/2.0 200") if method in m.header("CSeq")]
            assert "a=recvonly" in held.body and "a=sendrecv" in resumed.body
            own = f"{caller.hertz} Hz"
            assert in_words(caller.describe(), 0.5) == [own, "music", own]
            assert [step.what for step in caller.steps][-2:] == ["hang up", "released"]

    played(test)


@pytest.mark.interop("BYE from the callee", "sipp")
@pytest.mark.interop("REFER refused", "sipp")
def test_a_callees_bye_ends_the_call_and_a_refer_is_refused(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        transfer = f"Refer-To: <sip:{KIRAN}@127.0.0.1>\n"
        steps = (
            s.ringing(),
            s.answered(),
            s.pause(0.6),
            s.send(s.callee_request("REFER", 1, more=transfer), repeat=True),
            s.recv(response=603),
            s.send(s.callee_request("BYE", 2), repeat=True),
            s.recv(response=200),
        )
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(ASHA)
            caller = stage.caller()
            async with sipp(tmp_path, s.by_number({"42": "".join(steps)}), port=port) as callee:
                await caller.ring()
                await callee.done()
            call = await stage.call()
            assert (call.call_type, call.dial_status, call.disconnected_by) == (
                "completed",
                "completed",
                "Exotel",  # the flow went on to its hangup: it is we who end the caller's leg
            )
            assert [leg.disconnected_by for leg in await stage.legs()] == ["Callee"]
            assert [step.what for step in caller.steps][-1] == "BYE received"

    played(test)


@pytest.mark.interop("CANCEL of a ringing leg", "sipp")
def test_telephony_1_a_200_that_crosses_our_cancel_is_ended_by_ack_and_bye(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        steps = s.ringing() + s.recv("CANCEL") + s.send(s.reply_to_cancel()) + s.answered() + s.released()
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(ASHA, max_ringing_duration=1)
            caller = stage.caller()
            async with sipp(tmp_path, s.by_number({"42": steps}), port=port) as callee:
                await caller.ring()
                await callee.done()
            call, (leg,) = await stage.call(), await stage.legs()
            reasons = [callee.received(method)[0].header("Reason") for method in ("CANCEL", "BYE")]
            assert reasons[0] == reasons[1] and reasons[0].startswith("Q.850;cause=19")
            assert (call.call_type, call.dial_status) == ("incomplete", "no-answer")
            assert (leg.status, leg.answered_at) == ("no-answer", None)

    played(test)


@pytest.mark.interop("CANCEL of a ringing leg", "sipp")
def test_telephony_2_losers_of_a_wave_are_told_that_it_was_answered_elsewhere(tmp_path: Path) -> None:
    """Asha answers first. Ravi and Meena ring: he gets a CANCEL, her 200 crosses it. Kiran is busy."""

    async def test() -> None:
        port = free_port()
        parts = {
            "42": s.ringing() + s.pause(0.5) + s.answered() + s.released(),
            "43": s.ringing() + s.cancelled(),
            "44": s.ringing() + s.recv("CANCEL") + s.send(s.reply_to_cancel()) + s.answered() + s.released(),
            "45": s.refused("486 Busy Here"),
        }
        async with engine(tmp_path, port) as stage:
            ringing = {"activate": True, "max_parallel_attempts": 4}
            stage.customer.answer = to(ASHA, RAVI, MEENA, KIRAN, parallel_ringing=ringing)
            async with sipp(tmp_path, s.by_number(parts), port=port, calls=4) as callee:
                await stage.caller().ring(hang_up_after=2.0)
                await callee.done()
            assert (await stage.call()).answered_by == ASHA
            cancels = {number: callee.received_of("CANCEL", number) for number in (ASHA, RAVI, MEENA, KIRAN)}
            assert [len(found) for found in cancels.values()] == [0, 1, 1, 0]
            assert [cancels[loser][0].header("Reason") for loser in (RAVI, MEENA)] == [ELSEWHERE] * 2
            assert callee.received_of("BYE", MEENA)[0].header("Reason") == ELSEWHERE
            legs = {leg.number: (leg.status, leg.cause) for leg in await stage.legs()}
            assert legs[ASHA][0] == "completed" and legs[KIRAN] == ("busy", "busy")
            assert legs[RAVI][1] == legs[MEENA][1] == "elsewhere"

    played(test)


@pytest.mark.interop("forked INVITE", "sipp")
def test_every_200_of_a_forked_invite_is_acknowledged_and_all_but_the_first_are_ended(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        branch = ";tag=branch2"
        steps = (
            s.send(s.reply("180 Ringing", tag=branch)),
            s.answered(),
            s.send(s.reply("200 OK", s.sdp(), tag=branch), repeat=True),
            s.recv("ACK"),
            s.released(),
            s.pause(0.2),
            s.released(),
        )
        async with engine(tmp_path, port) as stage:
            stage.customer.answer = to(ASHA)
            async with sipp(tmp_path, s.by_number({"42": "".join(steps)}), port=port) as callee:
                await stage.caller().ring(hang_up_after=1.5)
                await callee.done()
            for method in ("ACK", "BYE"):
                tags = [m.header("To").partition(";tag=")[2] for m in callee.received(method)]
                assert len(tags) == 2 and (tags[0] == "branch2") == (method == "BYE") and tags[0] != tags[1]
            assert callee.received("BYE")[0].header("Reason") == ELSEWHERE
            assert [leg.status for leg in await stage.legs()] == ["completed"]

    played(test)


@pytest.mark.interop("lost and repeated messages", "sipp")
def test_a_lost_invite_and_a_lost_200_are_sent_again_and_the_call_is_one(tmp_path: Path) -> None:
    async def test() -> None:
        port = free_port()
        script = s.by_number({"42": s.ringing() + s.answered() + s.released()})
        async with (
            lossy(Address("udp", "127.0.0.1", port), INVITE=1, answer_200=1) as wire,
            engine(tmp_path, wire.address.port) as stage,
        ):
            stage.customer.answer = to(ASHA)
            async with sipp(tmp_path, script, port=port) as callee:
                await stage.caller().ring(hang_up_after=2.5)
                await callee.done()
            invites = [line for line in wire.carried if line.startswith("INVITE")]
            assert len(invites) >= 2 and len(wire.lost) == 2
            assert len(callee.received("INVITE")) == len(invites) - 1
            assert (await stage.call()).call_type == "completed"
            assert len(await stage.legs()) == 1

    played(test)
