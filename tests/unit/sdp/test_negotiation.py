"""Offer and answer (RFC 3264), telephony.md 6, 7, 18 and 22."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.kernel.mistakes import BadInput
from cordboard.sdp import (
    Local,
    NoCommonCodec,
    NotAcceptable,
    Slot,
    Terms,
    agree,
    answer,
    offer,
    read,
    understand,
)

KEYS = ("A" * 40, "B" * 40)
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
        (["m=video 4 RTP/AVP 96", "m=audio 6000 RTP/AVP 99 18"], "99, G729"),
    ],
)  # fmt: skip
def test_telephony_22_without_a_common_codec_it_says_what_was_offered(lines: list[str], offered: str) -> None:
    with pytest.raises(NoCommonCodec) as problem:
        answer(sdp(*lines), US)
    assert problem.value.offered == offered
    assert "PCMA and PCMU are spoken" in str(problem.value)
    assert problem.value.code == 305


@pytest.mark.parametrize(
    ("lines", "srtp", "code", "told"),
    [
        (["m=image 6000 udptl t38"], "no", 304, "audio is needed, image offered"),
        (["m=message 1 TCP/MSRP *", "m=video 1 RTP/AVP 96"], "no", 304, "needed, message, video offered"),
        ([], "no", 304, "audio is needed, nothing offered"),
        (["m=audio 6000 RTP/SAVP 8"], "no", 302, "RTP/SAVP offered with PCMA; RTP/AVP can be had"),
        (["m=audio 6000 UDP/TLS/RTP/SAVPF 8"], "no", 302, "UDP/TLS/RTP/SAVPF offered with PCMA; RTP/AVP"),
        (["m=audio 6000 UDP/TLS/RTP/SAVPF 8"], "allowed", 302, "RTP/SAVP with a=crypto can be had"),
        (["m=audio 6000 RTP/SAVP 8"], "allowed", 306, "no a=crypto that is spoken"),
        (["m=audio 6000 RTP/AVP 8"], "required", 399, "Encryption is required: RTP/SAVP with a=crypto"),
        (['m=audi"o 1 RTP/AVP 8'], "no", 304, "audio is needed, audio offered"),
    ],
)  # fmt: skip
def test_488_says_what_is_missing(lines: list[str], srtp: str, code: int, told: str) -> None:
    with pytest.raises(NotAcceptable) as problem:
        answer(sdp(*lines), replace(US, srtp=srtp, keys=KEYS))
    assert problem.value.code == code
    assert told in problem.value.told
    assert '"' not in problem.value.told and "\\" not in problem.value.told


def test_an_ip6_offer_to_an_ip4_engine_is_488_and_the_other_way_round() -> None:
    ip6 = sdp("m=audio 6000 RTP/AVP 8", "c=IN IP6 2001:db8::9")
    with pytest.raises(NotAcceptable) as problem:
        answer(ip6, US)
    assert problem.value.code == 301
    text, terms = answer(ip6, Local("2001:db8::1", 4000))
    assert terms.address == "2001:db8::9"
    assert b"c=IN IP6 2001:db8::1\r\n" in text
    with pytest.raises(NotAcceptable):
        answer(sdp("m=audio 6000 RTP/AVP 8"), Local("2001:db8::1", 4000))
    assert understand(ip6, Local("", 0)).port == 6000, "judged later, where our address is not known"


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


# --- numbers, orders, lines that stay ------------------------------------------------------------------


def test_telephone_event_keeps_the_offers_number_whatever_it_is() -> None:
    for number in (96, 97, 100, 110, 127):
        text, terms = answer(
            sdp(f"m=audio 6000 RTP/AVP 8 {number}", f"a=rtpmap:{number} telephone-event/8000"), US
        )
        assert terms.event_type == number
        assert f"a=fmtp:{number} 0-16" in text.decode()


def test_rfc3264_5_1_the_answer_may_number_telephone_event_otherwise() -> None:
    answered = sdp("m=audio 6000 RTP/AVP 8 97", "a=rtpmap:97 telephone-event/8000")
    terms = agree(answered, US)
    assert (terms.event_type, terms.own_event_type) == (97, 101), "we send 97; 101 or 97 may come"
    assert agree(answered, replace(US, event_type=97)).own_event_type is None
    assert b"RTP/AVP 8 0 97\r\n" in offer(replace(US, event_type=97))


def test_rfc3264_8_lines_never_disappear_from_our_offers() -> None:
    offered = sdp("m=video 7000 RTP/AVP 96", "m=audio 6000 RTP/AVP 8", "m=text 9 RTP/AVP 98")
    _, terms = answer(offered, US)
    assert terms.place == 1
    assert [slot.kind for slot in terms.slots] == ["video", "audio", "text"]
    ours = replace(US, slots=terms.slots, place=terms.place)
    again = read(offer(ours)).media
    assert [(line.kind, line.port) for line in again] == [("video", 0), ("audio", 4000), ("text", 0)]
    assert again[0].formats == ("96",)
    answered = sdp("m=video 0 RTP/AVP 96", "m=audio 6100 RTP/AVP 8", "m=text 0 RTP/AVP 98")
    agreed = agree(answered, ours)
    assert (agreed.port, agreed.place, agreed.slots) == (6100, 1, terms.slots)
    with pytest.raises(BadInput, match="as many as the offer"):
        agree(sdp("m=audio 6100 RTP/AVP 8"), ours)


def test_of_two_live_lines_the_one_that_was_ours_stays_ours() -> None:
    both = sdp("m=audio 6000 RTP/AVP 8", "m=audio 7000 RTP/AVP 8")
    assert answer(both, US)[1].port == 6000
    second = replace(US, slots=(Slot("audio", "RTP/AVP", ("8",)),) * 2, place=1)
    text, terms = answer(both, second)
    assert (terms.port, terms.place) == (7000, 1)
    assert [line.port for line in read(text).media] == [0, 4000]
    moved = sdp("m=audio 6000 RTP/AVP 8", "m=audio 0 RTP/AVP 8")
    assert answer(moved, second)[1].port == 6000, "a line that ended gives way to one that lives"


def test_what_we_do_not_use_is_ignored_politely() -> None:
    offered = sdp(
        "a=group:BUNDLE 0",
        "a=ice-lite",
        "a=fingerprint:sha-256 AA:BB",
        "m=audio 6000 RTP/AVPF 8 101",
        "a=rtpmap:101 telephone-event/8000",
        "a=mid:0",
        "a=rtcp-mux",
        "a=rtcp-fb:* nack",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:efghijklmnopqrstuvwxyz01",
        "a=candidate:1 1 UDP 2130706431 10.0.0.9 6000 typ host",
        "a=ssrc:1 cname:x",
        "b=TIAS:64000",
        "i=title",
    )
    text, terms = answer(offered, US)
    assert terms.port == 6000
    assert b"RTP/AVPF 8 101\r\n" in text
    for word in (b"ice", b"candidate", b"mux", b"fingerprint", b"extmap", b"group", b"mid"):
        assert word not in text, "what we do not do is not promised"


@pytest.mark.parametrize(
    ("value", "port"),
    [
        ("7001", 7001),
        ("7001 IN IP4 10.0.0.9", 7001),
        ("7001 IN IP4 192.0.2.66", 0),
        ("6001", 0),
        ("0", 0),
        ("99999", 0),
        ("x", 0),
        ("", 0),
    ],
)
def test_rfc3605_reports_go_where_the_audio_goes_on_the_port_that_is_named(value: str, port: int) -> None:
    assert understand(sdp("m=audio 6000 RTP/AVP 8", f"a=rtcp:{value}"), US).rtcp_port == port


LINES = st.sampled_from(
    [
        *("v=0", "o=- 1 1 IN IP4 10.0.0.9", "s=-", "c=IN IP4 10.0.0.9", "c=IN IP6 ::1", "t=0 0", "t=x"),
        *(
            "m=audio 6000 RTP/AVP 8 0 101",
            "m=audio 0 RTP/AVP 8",
            "m=audio 6000 RTP/SAVP 8 18",
            "m=video 1 X 1",
        ),
        *("a=rtpmap:101 telephone-event/8000", "a=rtpmap:8 PCMA", "a=sendonly", "a=inactive", "a=ptime:0"),
        *("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40, "a=crypto:1 X", "a=rtcp:9", "a=rtcp:"),
        *("a=rtpmap:", "a=rtpmap:8", "a=", "m=", "c=", "c=IN IP4", "o=", "m=audio 1/2 RTP/AVP 256 -1 8"),
    ]
)
POLICIES = st.sampled_from(["no", "allowed", "required"])


@given(st.binary(max_size=400), POLICIES)
def test_any_bytes_bring_terms_or_bad_input(data: bytes, srtp: str) -> None:
    _judge(data, srtp)


@given(st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=20), POLICIES)
def test_any_lines_bring_terms_or_bad_input(lines: list[str], srtp: str) -> None:
    _judge("\r\n".join(["v=0", *lines]).encode("utf-8", "replace"), srtp)


def _judge(data: bytes, srtp: str) -> None:
    us = replace(US, srtp=srtp, keys=KEYS, encrypts=srtp == "required")
    for way in (lambda: answer(data, us)[0], lambda: agree(data, us)):
        try:
            said = way()
        except BadInput:
            continue
        if isinstance(said, bytes):
            assert any(line.kind == "audio" for line in read(said).media)


@given(
    st.permutations(["PCMA", "PCMU"]),
    st.integers(1, 65535),
    st.integers(96, 127),
    st.lists(st.sampled_from(["video", "text", "image"]), max_size=3),
    st.integers(0, 3),
    POLICIES,
)
def test_what_we_offer_we_can_read_and_answer(
    codecs: list[str], port: int, events: int, others: list[str], place: int, srtp: str
) -> None:
    slots = [Slot(kind, "RTP/AVP", ("99",)) for kind in others]
    place = min(place, len(slots))
    slots.insert(place, Slot("audio", "RTP/AVP", ("8",)))
    secure = srtp == "required"
    us = Local(
        *("10.0.0.1", port, tuple(codecs), 7, 1, "sendrecv", srtp, KEYS),
        protocol="RTP/SAVP" if secure else "RTP/AVP",
        encrypts=secure,
        event_type=events,
        slots=tuple(slots) if others else (),
        place=place,
    )
    them = replace(US, address="10.0.0.2", srtp=srtp, keys=("C" * 40, "D" * 40))
    text, theirs = answer(offer(us), them)
    ours = agree(text, us)
    assert (ours.codec, ours.event_type, ours.place) == (theirs.codec, theirs.event_type, theirs.place)
    assert (theirs.port, theirs.event_type, theirs.codec) == (port, events, "PCMA")
    if secure:
        assert ours.secured is not None and theirs.secured is not None
        assert (ours.secured.key_in, ours.secured.key_out) == (theirs.secured.key_out, theirs.secured.key_in)
    else:
        assert ours.secured is None
