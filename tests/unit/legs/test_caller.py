"""The caller's leg: arriving, progress, answer, end."""

import pytest

from cordboard import sdp
from cordboard.call.causes import Cause
from cordboard.call.words import CallerHungUp, DigitPressed, LegHeld
from cordboard.config.settings import Trunk
from cordboard.legs.words import Audio
from cordboard.sip.dialog.words import (
    Cancelled,
    Confirmed,
    Ended,
    Informed,
    OfferAnswered,
    Offered,
    Reason,
)
from cordboard.sip.endpoint.words import Address, Seen, Verdict
from tests.unit.legs.fakes import CARRIER, EXOPHONE, Stage, far, invitation, settings

AUDIO = Audio("198.51.100.1", 30000)
G729 = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 18 101\r\na=rtpmap:18 G729/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
)


def test_an_invite_for_an_exophone_arrives_with_its_caller() -> None:
    stage = Stage()
    stage.arrive(invitation(from_uri="sip:09812300001@h", from_name="Asha"))
    (arrival,) = stage.arrivals
    assert (arrival.exophone, arrival.caller, arrival.trunk) == (EXOPHONE, "+919812300001", "carrier")
    assert (arrival.caller_name, arrival.private, arrival.offered) == ("Asha", False, True)
    assert stage.legs.live == 1


def test_an_unknown_exophone_is_404() -> None:
    stage = Stage()
    session = stage.arrive(invitation("sip:+911111111111@h"))
    assert session.names == ["release 404"]
    assert session.reasons == (Reason("Q.850", 1, "Unallocated number"),)
    assert stage.arrivals == [] and "none of the ExoPhones" in stage.turned[0].why
    assert stage.legs.live == 0


def test_telephony_22_a_g729_only_offer_is_488_that_says_so() -> None:
    stage = Stage()
    session = stage.arrive(invitation(body=G729))
    assert session.names == ["release 488"]
    ((name, warning),) = session.headers
    assert name == "Warning" and warning.startswith('305 cordboard "') and "G729" in warning
    assert stage.turned[0].why == "Incompatible media format: only G729 offered; PCMA and PCMU are spoken"


def test_s14_what_an_offer_names_cannot_break_out_of_the_warning() -> None:
    stage = Stage()
    session = stage.arrive(invitation(body=G729.replace(b"G729/8000", b'x"\\ evil: y/8000')))
    ((_, warning),) = session.headers
    assert warning.count('"') == 2 and "\\" not in warning


def test_a_broken_description_is_400() -> None:
    assert Stage().arrive(invitation(body=b"no sdp")).names == ["release 400"]


def test_s23_a_call_that_went_round_too_often_is_482_and_a_spent_one_483() -> None:
    stage = Stage()
    assert stage.arrive(invitation(headers=(("X-Cordboard-Hops", "6"),))).names == ["release 482"]
    assert stage.arrive(invitation(headers=(("Max-Forwards", "0"),))).names == ["release 483"]
    stage.arrive(invitation(headers=(("X-Cordboard-Hops", "5"),)))
    assert stage.arrivals[0].hops == 5


def test_past_max_calls_and_while_draining_503_without_retry_after() -> None:
    stage = Stage(settings(max_calls=1))
    first = stage.arrive()
    second = stage.arrive(adopt="c2")
    assert second.names == ["release 503"] and second.headers == ()
    stage.legs.hang_up_caller("c1")
    assert first.names == ["release 480"]
    stage.legs.drain()
    assert stage.arrive(adopt="c3").names == ["release 503"]
    assert stage.turned[-1].why == "the engine drains: no new calls are taken"
    assert stage.legs.options() == 503


def test_telephony_10_retry_after_goes_only_to_a_trunk_that_is_set_so() -> None:
    trunk = Trunk("carrier", "sip:192.0.2.10", ("192.0.2.0/24",), max_calls=1, retry_after_seconds=7)
    stage = Stage(settings(trunk))
    first = stage.arrive()
    assert stage.arrive(adopt="c2").headers == (("Retry-After", "7"),)
    stage.legs.reject_caller("c1", 503, "No resources")
    assert first.names[-1] == "release 503" and first.headers == (("Retry-After", "7"),)
    plain = Stage()
    only = plain.arrive()
    plain.legs.reject_caller("c1", 503, "No resources")
    assert only.names[-1] == "release 503" and only.headers == ()


def test_a_trunk_at_its_own_limit_is_503() -> None:
    stage = Stage(settings(Trunk("carrier", "sip:192.0.2.10", ("192.0.2.0/24",), max_calls=1)))
    stage.arrive()
    assert stage.arrive(adopt="c2").names == ["release 503"]


def test_telephony_12_the_endpoint_is_told_to_drop_strangers() -> None:
    legs = Stage().legs
    assert legs.screen(Address("udp", "203.0.113.9", 5060), "INVITE") is Verdict.DROP
    assert legs.screen(CARRIER, "INVITE") is Verdict.TAKE


def test_telephony_5_the_200_repeats_the_sdp_of_the_183() -> None:
    stage = Stage()
    session = stage.arrive()
    stage.legs.progress_caller("c1", AUDIO)
    stage.legs.progress_caller("c1", AUDIO)
    stage.legs.answer_caller("c1", AUDIO)
    stage.legs.answer_caller("c1", AUDIO)
    assert session.names == ["progress 183", "accept"]
    assert session.body("accept") == session.body("progress 183") != b""
    assert len(stage.streams) == 1


@pytest.mark.parametrize(
    ("country", "codec"), [("IN", "PCMA"), ("DE", "PCMA"), ("US", "PCMU"), ("CA", "PCMU")]
)
def test_telephony_22_the_country_chooses_the_law(country: str, codec: str) -> None:
    stage = Stage(settings(country=country))
    stage.arrive()
    stage.legs.answer_caller("c1", AUDIO)
    ((call, leg, stream),) = stage.streams
    assert (call, leg, stream.codec) == ("c1", 0, codec)


def test_the_stream_says_where_audio_may_come_from() -> None:
    trunk = Trunk(
        "carrier", "sip:192.0.2.10", ("192.0.2.0/24",), media="sdp", media_sources=("203.0.113.0/24",)
    )
    stage = Stage(settings(trunk))
    stage.arrive()
    stage.legs.answer_caller("c1", AUDIO)
    stream = stage.streams[0][2]
    assert (stream.address, stream.port, stream.event_type) == (CARRIER.host, 4000, 101)
    assert (stream.mode, stream.sources) == ("sdp", ("203.0.113.0/24",))


def test_without_an_offer_ours_goes_into_the_2xx_and_the_ack_answers_it() -> None:
    stage = Stage()
    session = stage.arrive(invitation(body=b""))
    stage.legs.progress_caller("c1", AUDIO)
    assert session.did == [("progress 183", b"")]
    stage.legs.answer_caller("c1", AUDIO)
    offer = session.body("accept")
    assert stage.streams == []
    answer, _ = sdp.answer(offer, sdp.Local(CARRIER.host, 4000))
    session.tell(Confirmed(answer))
    assert stage.streams[0][2].port == 4000


def test_an_ack_whose_answer_cannot_be_used_ends_the_call() -> None:
    stage = Stage()
    session = stage.arrive(invitation(body=b""))
    stage.legs.answer_caller("c1", AUDIO)
    session.tell(Confirmed(G729))
    assert session.names[-1].startswith("release")
    assert stage.told == [CallerHungUp(Cause.FAILED)]


def test_cancel_and_bye_and_a_lost_dialog_are_a_caller_who_hung_up() -> None:
    for event, cause in (
        (Cancelled(), Cause.CANCELED),
        (Ended(remote=True), Cause.NORMAL),
        (Ended(remote=False, why="no ACK"), Cause.FAILED),
    ):
        stage = Stage()
        session = stage.arrive()
        session.tell(event)
        session.tell(event)
        assert stage.told == [CallerHungUp(cause)]
        assert stage.legs.live == 0


def test_a_caller_who_left_before_adoption_is_told_on_adoption() -> None:
    stage = Stage()
    session = stage.arrive(adopt="")
    session.tell(Cancelled())
    assert stage.events == []
    stage.legs.adopt(stage.arrivals[0], "c1")
    assert stage.events == [("c1", CallerHungUp(Cause.CANCELED))]


def test_what_was_seen_before_adoption_is_told_on_adoption() -> None:
    stage = Stage()
    session = stage.arrive(adopt="")
    seen = Seen(False, "INVITE", "1 INVITE", CARRIER, 900)
    assert session.watch is not None
    session.watch(seen)
    stage.legs.adopt(stage.arrivals[0], "c1")
    assert stage.seen == [("c1", 0, seen)]


@pytest.mark.parametrize("code", [401, 407, 302, 603, 200])
def test_telephony_5_what_must_not_be_relayed_becomes_480(code: int) -> None:
    stage = Stage()
    session = stage.arrive()
    stage.legs.reject_caller("c1", code, "x")
    assert session.names == ["release 480"]


def test_telephony_5_a_flow_that_ends_unanswered_sends_a_final_with_reason() -> None:
    stage = Stage()
    session = stage.arrive()
    stage.legs.reject_caller("c1", 486, "Busy Here")
    assert session.did == [("release 486", "Busy Here")]
    assert session.reasons == (Reason("Q.850", 17, "User busy"),)
    assert stage.told == []


def test_an_answered_caller_is_ended_by_bye_with_a_normal_reason() -> None:
    stage = Stage()
    session = stage.arrive()
    stage.legs.answer_caller("c1", AUDIO)
    stage.legs.hang_up_caller("c1")
    stage.legs.hang_up_caller("c1")
    session.tell(Ended(remote=False))
    assert session.names == ["accept", "release 480"]
    assert session.reasons == (Reason("Q.850", 16, "Normal call clearing"),)
    assert stage.told == []


def test_an_arrival_can_be_turned_away() -> None:
    stage = Stage()
    session = stage.arrive(adopt="")
    stage.legs.turn_away(stage.arrivals[0], 500, "")
    stage.legs.turn_away(stage.arrivals[0], 500, "")
    assert session.names == ["release 500"] and stage.legs.live == 0


def test_telephony_7_hold_is_answered_here_and_told() -> None:
    stage = Stage()
    session = stage.arrive()
    stage.legs.answer_caller("c1", AUDIO)
    session.tell(Offered(far(direction="sendonly")))
    assert b"a=recvonly" in session.body("answer offer")
    assert stage.told == [LegHeld(0, True)]
    assert not stage.streams[-1][2].receives
    session.tell(Offered(far(port=4002)))
    assert stage.told == [LegHeld(0, True), LegHeld(0, False)]
    assert stage.streams[-1][2].port == 4002


def test_telephony_6_a_new_offer_keeps_the_codec_that_is_spoken() -> None:
    stage = Stage()
    session = stage.arrive(invitation(body=far(codecs=("PCMU",))))
    stage.legs.answer_caller("c1", AUDIO)
    session.tell(Offered(far(codecs=("PCMA", "PCMU"))))
    assert [stream.codec for _, _, stream in stage.streams] == ["PCMU", "PCMU"]


def test_telephony_22_an_offer_without_a_codec_in_common_is_488_that_says_so_and_nothing_changes() -> None:
    stage = Stage()
    session = stage.arrive()
    stage.legs.answer_caller("c1", AUDIO)
    session.tell(Offered(G729))
    assert session.names[-1] == "refuse offer 488" and len(stage.streams) == 1
    ((name, text),) = session.headers
    assert name == "Warning" and text.startswith('305 cordboard "Incompatible media format: only G729')


def test_a_reinvite_without_sdp_gets_our_offer_and_the_ack_its_answer() -> None:
    stage = Stage()
    session = stage.arrive()
    stage.legs.answer_caller("c1", AUDIO)
    session.tell(Offered(b""))
    assert b"m=audio 30000" in session.body("answer offer")
    session.tell(Confirmed(far(port=4010)))
    assert stage.streams[-1][2].port == 4010


def test_telephony_20_info_digits_count_only_without_telephone_event() -> None:
    plain = far().replace(b" 101", b"").replace(b"a=rtpmap:101 telephone-event/8000\r\n", b"")
    for body, told in ((far(), []), (plain, [DigitPressed(0, "5")])):
        stage = Stage()
        session = stage.arrive(invitation(body=body))
        stage.legs.answer_caller("c1", AUDIO)
        session.tell(Informed("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"))
        assert stage.told == told


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "224.0.0.1", "255.255.255.255"])
def test_s15_audio_is_not_sent_inside_or_to_everybody(host: str) -> None:
    stage = Stage()
    session = stage.arrive(invitation(body=far().replace(b"192.0.2.10", host.encode())))
    assert session.names == ["release 488"]
    assert stage.arrivals == []


def test_telephony_29_media_that_moved_is_offered_anew_once_answered() -> None:
    stage = Stage()
    session = stage.arrive()
    stage.legs.answer_caller("c1", AUDIO)
    stage.legs.reoffer("c1", 0, Audio("198.51.100.1", 30400))
    assert session.names == ["accept", "offer"]
    assert b"m=audio 30400" in session.body("offer")
    session.tell(OfferAnswered(far(port=4020)))
    assert stage.streams[-1][2].port == 4020


def test_telephony_29_media_that_moved_under_a_183_is_offered_after_the_ack() -> None:
    stage = Stage()
    session = stage.arrive()
    stage.legs.progress_caller("c1", AUDIO)
    stage.legs.reoffer("c1", 0, Audio("198.51.100.1", 30400))
    stage.legs.answer_caller("c1", Audio("198.51.100.1", 30400))
    assert session.body("accept") == session.body("progress 183")
    session.tell(Confirmed())
    assert b"m=audio 30400" in session.body("offer")


def test_telephony_8_in_dialog_requests_are_taken_from_the_trunks_sources() -> None:
    stage = Stage()
    session = stage.arrive()
    assert stage.legs.may_send_in_dialog(session, Address("udp", "192.0.2.77", 5060))
    assert not stage.legs.may_send_in_dialog(session, Address("udp", "203.0.113.9", 5060))
