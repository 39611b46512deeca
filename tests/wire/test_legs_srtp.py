"""SRTP by policy of the trunk, over the whole SIP stack (RFC 4568)."""

from dataclasses import replace

from cordboard import sdp
from cordboard.call.causes import Cause
from cordboard.call.words import LegAnswered, LegEnded, LegFailed
from cordboard.config.settings import Trunk
from cordboard.legs.words import Audio
from cordboard.sip.dialog.words import Accepted, OfferAnswered, Refused
from tests.wire.legs_stage import AUDIO, CALLEE, CARRIER, EXOPHONE, Stage, after, far, play

THEIRS = sdp.Local(
    *(CARRIER.host, 4000),
    srtp="allowed",
    keys=("C" * 40, "D" * 40),
    protocol="RTP/SAVP",
    encrypts=True,
)


def stage(srtp: str) -> Stage:
    return Stage(Trunk("carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",), srtp=srtp))


def test_srtp_required_a_plain_offer_is_488_and_the_warning_says_why() -> None:
    async def script(stage: Stage) -> None:
        caller = stage.arrive()
        await after(1)
        assert caller.last(Refused).code == 488

    done = play(lambda: stage("required"), script)
    assert done.arrivals == []
    assert done.turned[0].why.startswith("Encryption is required")
    assert b"Warning: 399 cordboard " in done.sent("488 INVITE")


def test_srtp_both_legs_have_keys_of_their_own_and_new_keys_are_followed() -> None:
    async def script(stage: Stage) -> None:
        caller = stage.arrive(body=sdp.offer(THEIRS))
        await after(0.1)
        stage.legs.answer_caller(stage.call, AUDIO)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, Audio(AUDIO.address, 30002), 30)
        await after(1)
        offered = stage.rung[0].invitation.body
        assert b"m=audio 30002 RTP/SAVP " in offered and offered.count(b"a=crypto:") == 2
        stage.rung[0].accept(sdp.answer(offered, replace(THEIRS, port=4500, keys=("E" * 40, "F" * 40)))[0])
        await after(1)
        ours = sdp.agree(caller.last(Accepted).body, THEIRS)
        assert ours.secured is not None and ours.secured.key_in == stage.streams[0][1].key_out
        assert caller.session is not None
        renewed = replace(THEIRS, version=2, keys=("G" * 40, "H" * 40))
        caller.session.offer(sdp.offer(renewed))
        await after(1)
        ours = sdp.agree(caller.last(OfferAnswered).body, renewed)
        assert ours.secured is not None and ours.secured.key_in == stage.streams[-1][1].key_out

    done = play(lambda: stage("required"), script)
    assert LegAnswered(1) in done.events
    first, second, third = (stream for _, stream in done.streams)
    assert [one.key_in[0] for one in (first, second, third)] == ["C", "E", "G"]
    assert len({one.key_out for one in (first, second, third)}) == 3
    assert {one.suite for one in (first, second, third)} == {"AES_CM_128_HMAC_SHA1_80"}


def test_srtp_required_an_answer_without_keys_ends_the_leg() -> None:
    async def script(stage: Stage) -> None:
        stage.arrive(body=sdp.offer(THEIRS))
        await after(0.1)
        stage.answers = lambda session: session.accept(far(4500))
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, Audio(AUDIO.address, 30002), 30)
        await after(2)

    done = play(lambda: stage("required"), script)
    (failed,) = [event for event in done.events if isinstance(event, LegFailed | LegEnded)]
    assert isinstance(failed, LegFailed) and failed.cause is Cause.FAILED
    assert [leg for leg, _ in done.streams] == []
    assert done.count("BYE") == 1
