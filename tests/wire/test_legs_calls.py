"""Call legs over real SIP messages: telephony.md 1, 2, 5, 7, 8, 9, 10, 12, 13, 22; reliability.md S8, S23."""

from cordboard import sdp
from cordboard.call.causes import Cause, Side
from cordboard.call.words import (
    CallerHungUp,
    DigitPressed,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegHeld,
    LegProgressed,
    LegRinging,
)
from cordboard.config.settings import Trunk
from cordboard.legs.words import Audio
from cordboard.sip.dialog.words import (
    Accepted,
    Cancelled,
    Ended,
    OfferAnswered,
    Offered,
    Progressed,
    Reason,
    Refused,
)
from cordboard.sip.endpoint.words import IncomingSession, Outgoing
from tests.wire.legs_stage import (
    AUDIO,
    CALLEE,
    CALLER,
    CARRIER,
    ENGINE,
    EXOPHONE,
    STRANGER,
    TWIN,
    Stage,
    after,
    far,
    play,
)

ELSEWHERE = Reason("SIP", 200, "Call completed elsewhere")
PLAIN_SDP = far().replace(b" 101", b"").replace(b"a=rtpmap:101 telephone-event/8000\r\n", b"")


def rings_then_answers(session: IncomingSession) -> None:
    """A callee who answers at once."""
    session.progress(180)
    session.accept(sdp.answer(session.invitation.body, sdp.Local(CARRIER.host, 4500))[0])


def test_a_call_is_dialled_rung_answered_and_hung_up() -> None:
    async def script(stage: Stage) -> None:
        caller = stage.arrive()
        await after(0.1)
        stage.legs.answer_caller(stage.call, AUDIO)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, Audio(AUDIO.address, 30002), 30)
        await after(1)
        stage.rung[0].accept(sdp.answer(stage.rung[0].invitation.body, sdp.Local(CARRIER.host, 4500))[0])
        await after(1)
        stage.legs.release(stage.call, 1, Cause.NORMAL)
        stage.legs.hang_up_caller(stage.call)
        await after(1)
        assert caller.last(Ended).reasons == (Reason("Q.850", 16, "Normal call clearing"),)

    stage = play(Stage, script)
    assert stage.events == [LegRinging(1), LegAnswered(1), LegEnded(1, Cause.NORMAL, Side.PLATFORM)]
    assert [(leg, stream.port) for leg, stream in stage.streams] == [(0, 4000), (1, 4500)]
    assert stage.arrivals[0].caller == CALLER and stage.arrivals[0].exophone == EXOPHONE
    assert stage.legs.live == 0
    assert {leg for leg, _ in stage.seen} == {0, 1}
    assert [seen.line for leg, seen in stage.seen if leg == 1][:4] == [
        "INVITE",
        "100 Trying",
        "180 Ringing",
        "200 OK",
    ]


def test_telephony_1_cancel_that_crosses_a_200_is_ended_by_bye_with_the_reason() -> None:
    async def script(stage: Stage) -> None:
        stage.arrive()
        await after(0.1)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, AUDIO, 30)
        await after(0.5)
        rings = stage.rung[0]
        rings.accept(sdp.answer(rings.invitation.body, sdp.Local(CARRIER.host, 4500))[0])
        stage.legs.release(stage.call, 1, Cause.ELSEWHERE)  # the 200 is on the wire
        await after(2)

    stage = play(Stage, script)
    assert stage.events == [LegRinging(1), LegFailed(1, Cause.ELSEWHERE)]
    assert stage.count("CANCEL") == 1 and stage.count("BYE") == 1
    for line in ("CANCEL", "BYE"):
        assert b'Reason: SIP;cause=200;text="Call completed elsewhere"' in stage.sent(line)
    assert stage.callees[0].last(Ended).reasons == (ELSEWHERE,)


def test_telephony_2_a_loser_sees_the_reason_on_its_cancel() -> None:
    async def script(stage: Stage) -> None:
        stage.arrive()
        await after(0.1)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, AUDIO, 30)
        await after(0.5)
        stage.legs.release(stage.call, 1, Cause.ELSEWHERE)
        await after(1)

    stage = play(Stage, script)
    assert stage.callees[0].last(Cancelled).reasons == (ELSEWHERE,)
    assert stage.events == [LegRinging(1), LegFailed(1, Cause.ELSEWHERE, 487, "Request Terminated")]


def test_telephony_1_a_release_before_any_reply_holds_the_cancel() -> None:
    async def script(stage: Stage) -> None:
        stage.arrive()
        await after(0.1)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, AUDIO, 30)
        stage.legs.release(stage.call, 1, Cause.CANCELED)
        assert stage.count("CANCEL") == 0
        await after(1)

    stage = play(Stage, script)
    assert stage.count("CANCEL") == 1
    assert stage.events == [LegFailed(1, Cause.CANCELED, 487, "Request Terminated")]
    assert b"Q.850;cause=16" in stage.sent("CANCEL")


def test_telephony_3_a_trunk_that_never_replies_is_failed_after_timer_b() -> None:
    async def script(stage: Stage) -> None:
        stage.arrive()
        await after(0.1)
        await stage.carrier.close()
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, AUDIO, 60)
        await after(33)

    stage = play(Stage, script)
    assert stage.events[0] == LegFailed(1, Cause.FAILED, 408, "Request Timeout")
    assert stage.count("INVITE") == 1 + 7


def test_telephony_3_a_refusals_q850_reason_counts() -> None:
    async def script(stage: Stage) -> None:
        stage.answers = lambda session: session.release(Reason("Q.850", 17, "User busy"), code=480)
        stage.arrive()
        await after(0.1)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, AUDIO, 60)
        await after(1)

    stage = play(Stage, script)
    assert stage.events == [LegFailed(1, Cause.BUSY, 480, "Temporarily Unavailable")]


def test_telephony_17_early_media_may_move_between_two_183s() -> None:
    async def script(stage: Stage) -> None:
        stage.answers = lambda session: None
        stage.arrive()
        await after(0.1)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, AUDIO, 60)
        await after(0.5)
        rings = stage.rung[0]
        for port in (4600, 4700):
            rings.progress(183, sdp.answer(rings.invitation.body, sdp.Local(CARRIER.host, port))[0])
            await after(0.5)

    stage = play(Stage, script)
    assert stage.events == [LegProgressed(1)]
    assert [stream.port for _, stream in stage.streams] == [4600, 4700]


def test_telephony_5_late_answering_repeats_the_183s_sdp_and_183_every_minute() -> None:
    async def script(stage: Stage) -> None:
        caller = stage.arrive()
        await after(0.1)
        stage.legs.progress_caller(stage.call, AUDIO)
        await after(61)
        progressed = [event for event in caller.events if isinstance(event, Progressed) and event.code == 183]
        assert len(progressed) == 2
        stage.legs.answer_caller(stage.call, AUDIO)
        await after(1)
        assert caller.last(Accepted).body == progressed[0].body == progressed[1].body != b""

    play(Stage, script)


def test_telephony_5_an_unanswered_caller_gets_a_final_with_reason() -> None:
    async def script(stage: Stage) -> None:
        caller = stage.arrive()
        await after(0.1)
        stage.legs.reject_caller(stage.call, 486, "Busy Here")
        await after(1)
        assert caller.last(Refused).code == 486
        assert caller.last(Refused).reasons == (Reason("Q.850", 17, "User busy"),)

    stage = play(Stage, script)
    assert stage.events == [] and stage.count("BYE") == 0


def test_a_caller_who_cancels_is_told() -> None:
    async def script(stage: Stage) -> None:
        caller = stage.arrive()
        await after(0.1)
        stage.legs.progress_caller(stage.call, AUDIO)
        await after(0.1)
        assert caller.session is not None
        caller.session.release(Reason("Q.850", 16))
        await after(1)
        assert caller.last(Refused).code == 487

    stage = play(Stage, script)
    assert stage.events == [CallerHungUp(Cause.CANCELED)]


def test_telephony_7_hold_is_answered_here_and_never_passed_on() -> None:
    async def script(stage: Stage) -> None:
        stage.answers = rings_then_answers
        stage.arrive()
        await after(0.1)
        stage.legs.answer_caller(stage.call, AUDIO)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, Audio(AUDIO.address, 30002), 30)
        await after(1)
        callee = stage.callees[0]
        assert callee.session is not None
        before = stage.count("INVITE")
        callee.session.offer(far(4500, direction="sendonly"))
        await after(1)
        assert b"a=recvonly" in callee.last(OfferAnswered).body
        callee.session.offer(far(4500))
        await after(1)
        assert stage.count("INVITE") == before + 2

    stage = play(Stage, script)
    assert stage.events == [LegRinging(1), LegAnswered(1), LegHeld(1, True), LegHeld(1, False)]


def test_telephony_20_info_digits_of_a_caller_without_telephone_event() -> None:
    async def script(stage: Stage) -> None:
        caller = stage.arrive(body=PLAIN_SDP)
        await after(0.1)
        stage.legs.answer_caller(stage.call, AUDIO)
        await after(0.1)
        assert caller.session is not None
        info = stage.sent("ACK").replace(b"ACK", b"INFO")
        head = info.partition(b"\r\n\r\n")[0].replace(b"CSeq: 1", b"CSeq: 2")
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
        body = b"Signal=5\r\nDuration=160\r\n"
        lines += [b"Content-Type: application/dtmf-relay", b"Content-Length: %d" % len(body)]
        stage.wire.inject(b"\r\n".join(lines) + b"\r\n\r\n" + body, CARRIER, ENGINE)
        await after(0.1)

    stage = play(Stage, script)
    assert stage.events == [DigitPressed(0, "5")]


def test_telephony_29_media_that_moved_is_offered_to_both_legs() -> None:
    async def script(stage: Stage) -> None:
        stage.answers = rings_then_answers
        caller = stage.arrive()
        await after(0.1)
        stage.legs.answer_caller(stage.call, AUDIO)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, Audio(AUDIO.address, 30002), 30)
        await after(1)
        stage.legs.reoffer(stage.call, 0, Audio(AUDIO.address, 31000))
        stage.legs.reoffer(stage.call, 1, Audio(AUDIO.address, 31002))
        await after(0.1)
        for side, port in ((caller, b"31000"), (stage.callees[0], b"31002")):
            offer = side.last(Offered).body
            assert b"m=audio " + port in offer and side.session is not None
            side.session.answer_offer(sdp.answer(offer, sdp.Local(CARRIER.host, 4800))[0])
        await after(1)

    stage = play(Stage, script)
    assert [stream.port for _, stream in stage.streams][-2:] == [4800, 4800]


def test_telephony_8_a_bye_from_the_trunks_twin_counts_and_a_strangers_does_not() -> None:
    async def script(stage: Stage) -> None:
        caller = stage.arrive()
        await after(0.1)
        stage.legs.answer_caller(stage.call, AUDIO)
        await after(0.1)
        assert caller.session is not None
        bye = stage.sent("ACK").replace(b"ACK", b"BYE").replace(b"CSeq: 1", b"CSeq: 2")
        stage.wire.inject(bye, STRANGER, ENGINE)
        await after(0.1)
        assert stage.events == []
        assert stage.alarms == [("in-dialog-source", STRANGER.host)]
        stage.wire.inject(bye.replace(b"branch=z9hG4bK", b"branch=z9hG4bKtwin"), TWIN, ENGINE)
        await after(0.1)

    stage = play(Stage, script)
    assert stage.events == [CallerHungUp(Cause.NORMAL)]


def test_telephony_12_a_stranger_gets_no_reply_at_all() -> None:
    async def script(stage: Stage) -> None:
        stranger = stage.peer(STRANGER)
        await stranger.start()
        stage.arrive(peer=stranger)
        await after(40)
        await stranger.close()

    stage = play(Stage, script)
    assert stage.arrivals == []
    assert all(one.source == STRANGER for one in stage.wire.passed)


def test_telephony_22_a_g729_only_offer_is_488_with_a_warning_that_says_so() -> None:
    async def script(stage: Stage) -> None:
        body = (
            far().replace(b"RTP/AVP 8 0 101", b"RTP/AVP 18 101").replace(b"rtpmap:8 PCMA", b"rtpmap:18 G729")
        )
        caller = stage.arrive(body=body)
        await after(1)
        assert caller.last(Refused).code == 488

    stage = play(Stage, script)
    assert b'Warning: 305 cordboard "Incompatible media format: only G729' in stage.sent("488 INVITE")
    assert stage.arrivals == [] and stage.turned[0].code == 488


def test_an_unknown_exophone_is_404_and_a_national_form_finds_its_own() -> None:
    national = Trunk("carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",), number_format="0national")

    async def script(stage: Stage) -> None:
        unknown = stage.arrive("08011112222")
        stage.arrive("08047115777")
        await after(1)
        assert unknown.last(Refused).code == 404

    stage = play(lambda: Stage(national), script)
    assert [arrival.exophone for arrival in stage.arrivals] == [EXOPHONE]


def test_telephony_10_while_draining_503_without_retry_after_and_options_503() -> None:
    async def script(stage: Stage) -> None:
        stage.legs.drain()
        caller = stage.arrive()
        await after(1)
        assert caller.last(Refused).code == 503

    stage = play(Stage, script)
    assert b"Retry-After" not in stage.sent("503 INVITE")


def test_s23_a_call_that_comes_back_to_us_is_ended_after_five_rounds() -> None:
    """The carrier routes what we dial straight back to the ExoPhone."""

    async def script(stage: Stage) -> None:
        def back(session: IncomingSession) -> None:
            hops = session.invitation.header("X-Cordboard-Hops")
            uri = f"sip:{EXOPHONE}@{ENGINE.host}:{ENGINE.port}"
            data = stage.sent("INVITE")
            assert b"X-Cordboard-Hops: " + hops.encode() in data
            stage.carrier.invite(
                Outgoing(
                    ENGINE,
                    uri,
                    f"sip:{CALLER}@{CARRIER.host}",
                    uri,
                    far(),
                    headers=(("X-Cordboard-Hops", hops),),
                ),
                lambda event: session.release(code=event.code) if isinstance(event, Refused) else None,
            )

        stage.answers = back
        stage.arrive()
        for _ in range(12):
            await after(0.2)
            if stage.arrivals:
                stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, AUDIO, 30)

    stage = play(Stage, script)
    assert len(stage.arrivals) == 6 and stage.turned[0].code == 482
    assert LegFailed(1, Cause.FAILED, 482, "Loop Detected") in stage.events
