"""Dialled legs: what goes out, what comes back, and who released whom."""

import asyncio

import pytest

from cordboard.call.causes import Cause, Side
from cordboard.call.words import (
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
    Informed,
    OfferAnswered,
    Offered,
    Progressed,
    Reason,
    Refused,
)
from tests.unit.legs.fakes import CARRIER, EXOPHONE, FakeSession, Stage, far, invitation, settings

AUDIO = Audio("198.51.100.1", 30002)
CALLEE = "+919876543210"


def dialled(stage: Stage | None = None) -> tuple[Stage, FakeSession]:
    """A caller's call with leg 1 being rung."""
    stage = stage or Stage()
    stage.arrive()
    stage.legs.dial("c1", 1, CALLEE, EXOPHONE, AUDIO, 30)
    return stage, stage.endpoint.sessions[0]


def test_telephony_14_the_invite_shows_the_exophone_in_from_and_asserted_identity() -> None:
    stage, _ = dialled()
    (invite,) = stage.endpoint.invites
    assert invite.request_uri == "sip:+919876543210@192.0.2.10:5060"
    assert invite.target == CARRIER
    assert invite.from_uri == "sip:+918047115777@198.51.100.1"
    headers = dict(invite.headers)
    assert headers["P-Asserted-Identity"] == "<sip:+918047115777@198.51.100.1>"
    assert headers["X-Cordboard-Hops"] == "1"
    assert int(headers["Expires"]) > 30
    assert invite.body.index(b" 8 0") and b"telephone-event" in invite.body


@pytest.mark.parametrize(
    ("form", "number", "shown"),
    [
        ("e164", "+919876543210", "+918047115777"),
        ("national", "9876543210", "8047115777"),
        ("0national", "09876543210", "08047115777"),
    ],
)
def test_telephony_14_numbers_take_the_trunks_form(form: str, number: str, shown: str) -> None:
    trunk = Trunk("carrier", "sip:192.0.2.10", ("192.0.2.0/24",), number_format=form)
    stage, _ = dialled(Stage(settings(trunk)))
    (invite,) = stage.endpoint.invites
    assert invite.request_uri.startswith(f"sip:{number}@") and invite.from_uri.startswith(f"sip:{shown}@")


def test_telephony_22_an_american_account_offers_mu_law_first() -> None:
    stage, _ = dialled(Stage(settings(country="US")))
    assert b"RTP/AVP 0 8 101" in stage.endpoint.invites[0].body


def test_s23_the_hops_of_the_caller_are_counted_on() -> None:
    stage = Stage()
    stage.arrive(invitation(headers=(("X-Cordboard-Hops", "3"),)))
    stage.legs.dial("c1", 1, CALLEE, EXOPHONE, AUDIO, 30)
    assert dict(stage.endpoint.invites[0].headers)["X-Cordboard-Hops"] == "4"


def test_a_repeated_dial_rings_once() -> None:
    stage, session = dialled()
    stage.legs.dial("c1", 1, CALLEE, EXOPHONE, AUDIO, 30)
    session.tell(Refused(486, "Busy Here"))
    stage.legs.dial("c1", 1, CALLEE, EXOPHONE, AUDIO, 30)
    assert len(stage.endpoint.invites) == 1


@pytest.mark.parametrize(
    ("number", "shown", "why"),
    [
        ("+91%0d%0aRoute:x", EXOPHONE, "no number that can be dialled"),
        ("+1\r\nBye", EXOPHONE, "no number that can be dialled"),
        ("९८७६५४३२१०", EXOPHONE, "no number that can be dialled"),
        ("+919876543210;tag=1", EXOPHONE, "no number that can be dialled"),
        (CALLEE, "+911111111111", "none of the ExoPhones"),
    ],
)
def test_s14_what_cannot_be_dialled_fails_later_and_sends_nothing(number: str, shown: str, why: str) -> None:
    stage = Stage()
    stage.arrive()

    async def play() -> None:
        stage.legs.dial("c1", 1, number, shown, AUDIO, 30)
        assert stage.told == []
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        loop.call_soon(done.set_result, None)
        await done

    asyncio.run(play())
    (failed,) = stage.told
    assert isinstance(failed, LegFailed) and failed.cause is Cause.FAILED and why in failed.text
    assert stage.endpoint.invites == []


def test_telephony_3_100_and_199_are_no_ringing() -> None:
    stage, session = dialled()
    session.tell(Progressed(100, "Trying"))
    session.tell(Progressed(199, "Early Dialog Terminated"))
    assert stage.told == []


def test_ringing_is_told_once() -> None:
    stage, session = dialled()
    for code in (180, 180, 181, 182, 183):
        session.tell(Progressed(code, ""))
    assert stage.told == [LegRinging(1)]


def test_early_media_is_a_stream_and_progress_and_may_move() -> None:
    stage, session = dialled()
    session.tell(Progressed(183, "Session Progress", far(port=4100)))
    session.tell(Progressed(183, "Session Progress", far(port=4100)))
    session.tell(Progressed(183, "Session Progress", far(port=4200)))
    assert stage.told == [LegProgressed(1)]
    assert [stream.port for _, _, stream in stage.streams] == [4100, 4200]


def test_a_180_with_sdp_rings_and_progresses() -> None:
    stage, session = dialled()
    session.tell(Progressed(180, "Ringing", far()))
    assert stage.told == [LegRinging(1), LegProgressed(1)]


def test_early_media_that_cannot_be_used_is_mere_progress() -> None:
    stage, session = dialled()
    session.tell(Progressed(183, "", b"rubbish"))
    assert stage.told == [] and stage.streams == []


def test_the_stream_comes_before_the_answer() -> None:
    stage, session = dialled()
    order: list[str] = []
    hooks = stage.legs._hooks
    object.__setattr__(hooks, "stream", lambda call, leg, stream: order.append("stream"))
    object.__setattr__(hooks, "event", lambda call, event: order.append(type(event).__name__))
    session.tell(Accepted(200, far()))
    assert order == ["stream", "LegAnswered"]


def test_a_200_without_sdp_stands_on_the_183s() -> None:
    stage, session = dialled()
    session.tell(Progressed(183, "", far(port=4100)))
    session.tell(Accepted(200, b""))
    assert stage.told == [LegProgressed(1), LegAnswered(1)] and len(stage.streams) == 1


@pytest.mark.parametrize("body", [b"", b"rubbish"])
def test_a_200_that_cannot_be_used_is_hung_up_and_failed(body: bytes) -> None:
    stage, session = dialled()
    session.tell(Accepted(200, body))
    session.tell(Ended(remote=False))
    (failed,) = stage.told
    assert isinstance(failed, LegFailed) and failed.cause is Cause.FAILED and failed.text
    assert session.names == ["release 480"]


def test_a_refusal_is_told_with_its_cause_code_and_text() -> None:
    stage, session = dialled()
    session.tell(Refused(480, "Temporarily Unavailable", (Reason("Q.850", 17),)))
    assert stage.told == [LegFailed(1, Cause.BUSY, 480, "Temporarily Unavailable")]


def test_nobody_home_at_the_trunk_is_failed() -> None:
    stage, session = dialled()
    session.tell(Refused(408, "Request Timeout", local=True))
    assert stage.told == [LegFailed(1, Cause.FAILED, 408, "Request Timeout")]


@pytest.mark.parametrize("cause", [Cause.ELSEWHERE, Cause.CANCELED, Cause.NO_ANSWER, Cause.LIMIT])
def test_a_release_brings_one_end_with_the_cause_that_was_asked(cause: Cause) -> None:
    stage, session = dialled()
    stage.legs.release("c1", 1, cause)
    stage.legs.release("c1", 1, Cause.NORMAL)
    session.tell(Progressed(180, "Ringing"))
    session.tell(Refused(487, "Request Terminated"))
    session.tell(Refused(487, "Request Terminated"))
    assert stage.told == [LegFailed(1, cause, 487, "Request Terminated")]
    assert session.names == ["release 480"]


def test_telephony_2_a_loser_hears_why() -> None:
    stage, session = dialled()
    stage.legs.release("c1", 1, Cause.ELSEWHERE)
    assert session.reasons == (Reason("SIP", 200, "Call completed elsewhere"),)


def test_a_200_that_crossed_our_release_ends_as_asked() -> None:
    stage, session = dialled()
    stage.legs.release("c1", 1, Cause.ELSEWHERE)
    session.tell(Accepted(200, far()))
    session.tell(Ended(remote=False))
    assert stage.told == [LegFailed(1, Cause.ELSEWHERE)]


def test_a_callee_who_hangs_up_ended_the_leg() -> None:
    stage, session = dialled()
    session.tell(Accepted(200, far()))
    session.tell(Ended(remote=True))
    assert stage.told[-1] == LegEnded(1, Cause.NORMAL, Side.CALLEE)


@pytest.mark.parametrize(("caller_left", "side"), [(True, Side.CALLER), (False, Side.PLATFORM)])
def test_settled_4_who_ended_a_leg_that_we_released(caller_left: bool, side: Side) -> None:
    stage, session = dialled()
    session.tell(Accepted(200, far()))
    if caller_left:
        caller = stage.legs._calls["c1"].caller
        assert caller is not None and isinstance(caller.session, FakeSession)
        caller.session.tell(Cancelled())
    stage.legs.release("c1", 1, Cause.NORMAL)
    session.tell(Ended(remote=False))
    assert stage.told[-1] == LegEnded(1, Cause.NORMAL, side)


def test_a_dead_trunk_in_mid_call_is_the_operators_doing() -> None:
    stage, session = dialled()
    session.tell(Accepted(200, far()))
    session.tell(Ended(remote=False, why="a request in the dialog was never answered"))
    assert stage.told[-1] == LegEnded(1, Cause.NORMAL, Side.OPERATOR)


def test_releases_of_unknown_legs_and_calls_do_nothing() -> None:
    stage, _ = dialled()
    stage.legs.release("c1", 9, Cause.NORMAL)
    stage.legs.release("nobody", 1, Cause.NORMAL)
    stage.legs.reoffer("nobody", 0, AUDIO)
    stage.legs.forget("nobody")
    assert stage.told == []


def test_telephony_7_hold_and_retrieve_of_a_callee() -> None:
    stage, session = dialled()
    session.tell(Accepted(200, far()))
    session.tell(Offered(far(direction="inactive")))
    session.tell(Offered(far()))
    assert stage.told[1:] == [LegHeld(1, True), LegHeld(1, False)]
    assert session.names == ["answer offer", "answer offer"]


def test_telephony_20_a_callees_info_digit() -> None:
    stage, session = dialled()
    plain = far().replace(b" 101", b"").replace(b"a=rtpmap:101 telephone-event/8000\r\n", b"")
    session.tell(Accepted(200, plain))
    session.tell(Informed("application/dtmf", b"9"))
    assert stage.told[-1] == DigitPressed(1, "9")


def test_telephony_29_media_that_moved_while_ringing_is_offered_after_the_answer() -> None:
    stage, session = dialled()
    stage.legs.reoffer("c1", 1, Audio("198.51.100.1", 30500))
    assert session.names == []
    session.tell(Accepted(200, far()))
    assert b"m=audio 30500" in session.body("offer")
    session.tell(OfferAnswered(far(port=4300)))
    assert stage.streams[-1][2].port == 4300


def test_a_forgotten_call_is_released_and_silent() -> None:
    stage, session = dialled()
    caller = stage.legs._calls["c1"].caller
    stage.legs.forget("c1")
    session.tell(Refused(487, "Request Terminated"))
    assert session.names == ["release 480"] and stage.told == []
    assert caller is not None and caller.finished
    assert stage.legs.live == 0 and stage.legs._routes == {}


def test_every_ending_gives_the_trunk_its_room_back() -> None:
    stage, session = dialled(
        Stage(settings(Trunk("carrier", "sip:192.0.2.10", ("192.0.2.0/24",), max_calls=2)))
    )
    assert stage.legs.able() == ()
    session.tell(Refused(486, "Busy Here"))
    assert stage.legs.able() == (EXOPHONE,)
