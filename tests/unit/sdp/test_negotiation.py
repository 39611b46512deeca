"""Offer and answer (RFC 3264), telephony.md 6, 7, 18 and 22."""

import pytest

from cordboard.kernel.mistakes import BadInput
from cordboard.sdp import Local, NoCommonCodec, Terms, agree, answer, offer, read, understand

US = Local("10.0.0.1", 4000, ("PCMA", "PCMU"), 7, 3)


def sdp(*lines: str, host: str = "10.0.0.9") -> bytes:
    head = ["v=0", "o=- 1 1 IN IP4 10.0.0.9", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    return "\r\n".join([*head, *lines, ""]).encode()


def test_offer_names_both_laws_in_order_and_telephone_event() -> None:
    text = offer(US).decode()
    assert "m=audio 4000 RTP/AVP 8 0 101\r\n" in text
    assert "a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n" in text
    assert "a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n" in text
    assert text.startswith("v=0\r\no=cordboard 7 3 IN IP4 10.0.0.1\r\n")
    american = offer(Local("::1", 4000, ("PCMU", "PCMA"))).decode()
    assert "RTP/AVP 0 8 101" in american
    assert "c=IN IP6 ::1" in american


def test_answer_and_agree_come_to_the_same_terms() -> None:
    them = Local("10.0.0.2", 5000, ("PCMU", "PCMA"))
    text, theirs = answer(offer(US), them)
    ours = agree(text, US)
    assert (ours.codec, ours.payload_type, ours.event_type) == ("PCMU", 0, 101)
    assert (theirs.address, theirs.port, theirs.codec) == ("10.0.0.1", 4000, "PCMU")
    assert (ours.address, ours.port, ours.sends, ours.receives) == ("10.0.0.2", 5000, True, True)
    assert read(text).media[0].formats == ("0", "101")


def test_settled_codec_stays_pinned() -> None:
    both = sdp("m=audio 6000 RTP/AVP 8 0")
    assert answer(both, US)[1].codec == "PCMA"
    assert answer(both, US, only="PCMU")[1].codec == "PCMU"
    with pytest.raises(NoCommonCodec):
        answer(sdp("m=audio 6000 RTP/AVP 8"), US, only="PCMU")


def test_dynamic_payload_types_are_taken_as_they_are_mapped() -> None:
    text, terms = answer(
        sdp(
            "m=audio 6000 RTP/AVP 97 96 98 13",
            "a=rtpmap:97 pcma/8000/1",
            "a=rtpmap:96 telephone-event/48000",
            "a=rtpmap:98 telephone-event/8000",
        ),
        US,
    )
    assert (terms.payload_type, terms.event_type, terms.noise_type) == (97, 98, 13)
    assert read(text).media[0].formats == ("97", "13", "98")


def test_no_comfort_noise_and_no_events_where_none_were_offered() -> None:
    text, terms = answer(sdp("m=audio 6000 RTP/AVP 8"), US)
    assert (terms.event_type, terms.noise_type) == (None, None)
    assert read(text).media[0].formats == ("8",)


@pytest.mark.parametrize(
    ("lines", "host", "sends", "receives", "direction"),
    [
        (["m=audio 6000 RTP/AVP 8", "a=sendonly"], "10.0.0.9", True, False, "recvonly"),
        (["m=audio 6000 RTP/AVP 8", "a=recvonly"], "10.0.0.9", False, True, "sendonly"),
        (["m=audio 6000 RTP/AVP 8", "a=inactive"], "10.0.0.9", False, False, "inactive"),
        (["a=inactive", "m=audio 6000 RTP/AVP 8"], "10.0.0.9", False, False, "inactive"),
        (["a=inactive", "m=audio 6000 RTP/AVP 8", "a=sendrecv"], "10.0.0.9", True, True, "sendrecv"),
        (["m=audio 6000 RTP/AVP 8"], "0.0.0.0", True, False, "recvonly"),
        (["m=audio 6000 RTP/AVP 8", "c=IN IP4 0.0.0.0"], "10.0.0.9", True, False, "recvonly"),
        (["m=audio 6000 RTP/AVP 8"], "10.0.0.9", True, True, "sendrecv"),
    ],
)
def test_telephony_7_every_form_of_hold_is_understood(
    lines: list[str], host: str, sends: bool, receives: bool, direction: str
) -> None:
    text, terms = answer(sdp(*lines, host=host), US)
    assert (terms.sends, terms.receives) == (sends, receives)
    assert read(text).media[0].direction == direction


def test_hold_by_port_0_is_answered_with_port_0() -> None:
    text, terms = answer(sdp("m=audio 0 RTP/AVP 8"), US)
    assert read(text).media[0].port == 0
    assert (terms.port, terms.sends, terms.receives) == (0, False, False)


def test_our_own_direction_narrows_the_answer() -> None:
    held = Local("10.0.0.1", 4000, direction="sendonly")
    assert read(answer(sdp("m=audio 6000 RTP/AVP 8"), held)[0]).media[0].direction == "sendonly"
    assert read(answer(sdp("m=audio 6000 RTP/AVP 8", "a=sendonly"), held)[0]).media[0].direction == "inactive"


def test_rfc3264_6_extra_media_lines_are_refused_with_port_0_in_place() -> None:
    text, terms = answer(
        sdp("m=video 7000 RTP/AVP 96", "m=audio 6000 RTP/AVP 8", "m=audio 6002 RTP/AVP 0", "t=5 6"), US
    )
    media = read(text).media
    assert [(line.kind, line.port) for line in media] == [("video", 0), ("audio", 4000), ("audio", 0)]
    assert terms.port == 6000


def test_rfc3264_6_the_answer_repeats_the_offers_time() -> None:
    assert b"\r\nt=5 6\r\n" in answer(sdp("m=audio 6000 RTP/AVP 8").replace(b"t=0 0", b"t=5 6"), US)[0]


@pytest.mark.parametrize(
    ("lines", "offered"),
    [
        (["m=audio 6000 RTP/AVP 18"], "G729"),
        (["m=audio 6000 RTP/AVP 18 96 101", "a=rtpmap:96 opus/48000/2", "a=rtpmap:101 telephone-event/8000"],
         "G729, opus"),
        (["m=audio 6000 RTP/SAVP 8"], "RTP/SAVP PCMA"),
        (["m=image 6000 udptl t38"], "image"),
        ([], ""),
    ],
)  # fmt: skip
def test_telephony_22_without_a_common_codec_it_says_what_was_offered(lines: list[str], offered: str) -> None:
    with pytest.raises(NoCommonCodec) as problem:
        answer(sdp(*lines), US)
    assert problem.value.offered == offered
    assert "PCMA and PCMU are spoken" in str(problem.value)


def test_pcma_at_another_rate_is_not_taken_for_it() -> None:
    with pytest.raises(NoCommonCodec):
        answer(sdp("m=audio 6000 RTP/AVP 97", "a=rtpmap:97 PCMA/16000"), US)


@pytest.mark.parametrize(
    ("attributes", "ptime"),
    [
        (["a=ptime:30"], 30),
        (["a=ptime:60", "a=maxptime:40"], 40),
        (["a=ptime:abc"], 20),
        (["a=ptime:9000"], 20),
    ],
)
def test_packet_time(attributes: list[str], ptime: int) -> None:
    assert answer(sdp("m=audio 6000 RTP/AVP 8", *attributes), US)[1].ptime == ptime


def test_an_answer_without_our_codecs_is_no_agreement() -> None:
    with pytest.raises(NoCommonCodec):
        agree(sdp("m=audio 6000 RTP/AVP 9"), US)


def test_a_refused_stream_in_an_answer_has_port_0() -> None:
    terms = agree(sdp("m=audio 0 RTP/AVP 8"), US)
    assert terms == Terms("10.0.0.9", 0, "PCMA", 8, sends=False, receives=False)


def test_the_answerers_order_decides_what_it_is_sent() -> None:
    assert agree(sdp("m=audio 6000 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000"), US).codec == "PCMU"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "it is empty"),
        (b"hello", "a line is one letter"),
        (b"m=audio 1 RTP/AVP 8", "version v=0 comes first"),
        (sdp("m=audio x RTP/AVP 8"), "the port is a number"),
        (sdp("m=audio 99999 RTP/AVP 8"), "the port is a number"),
        (sdp("m=audio 6000"), "media, port, protocol and formats"),
        (sdp("m=audio 6000 RTP/AVP 8", host="phone.example.com"), "an IP address is needed"),
        (sdp("m=audio 6000 RTP/AVP 8", "c=IN IP7 1"), "IN IP4 or IN IP6"),
        (b"v=0\r\no=- 1\r\n", "six fields are needed"),
        (b"v=0\r\n" + b"a=x\r\n" * 2000, "at most 1000"),
        (b"v=0\r\n" + b"a" * 70_000, "at most 65536"),
        (sdp(*["m=audio 6000 RTP/AVP 8"] * 40), "at most 32"),
    ],
)
def test_a_broken_description_is_one_sentence(data: bytes, says: str) -> None:
    with pytest.raises(BadInput) as problem:
        answer(data, US)
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)


def test_bare_line_feeds_and_unknown_lines_do_no_harm() -> None:
    text = sdp("b=AS:64", "k=none", "m=audio 6000 RTP/AVP 8", "a=candidate:1 1 UDP 1 10.0.0.9 6000 typ host")
    assert answer(text.replace(b"\r\n", b"\n"), US)[1].port == 6000


def test_what_is_understood_is_what_an_answer_agrees_on() -> None:
    offered = sdp("m=audio 4444 RTP/AVP 0 8 101", "a=rtpmap:101 telephone-event/8000")
    terms = understand(offered, US)
    first, agreed = answer(offered, US)
    again, _ = answer(offered, Local("10.0.0.7", 6000, US.codecs))
    assert terms == agreed
    assert b"m=audio 4000 " in first and b"m=audio 6000 " in again
    for _ in range(2):
        with pytest.raises(NoCommonCodec):
            understand(sdp("m=audio 4444 RTP/AVP 18"), US)
