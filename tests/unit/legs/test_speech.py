"""Our side of a leg's SDP over the life of its session (RFC 3264 §8, RFC 4568)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cordboard import sdp
from cordboard.config.settings import Trunk
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.hosts import Hosts
from cordboard.legs.speech import Speech
from cordboard.legs.trunks import Route
from cordboard.legs.words import Audio

PEER = "192.0.2.10"
THEM = sdp.Local(PEER, 7000, keys=("C" * 40, "D" * 40))


class Counted:
    """Tokens that count up."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = iter(range(1, 200))

    def hex(self, size: int) -> str:
        return f"{next(self._numbers):0{2 * size}x}"


def speech(codecs: tuple[str, ...] = (), srtp: str = "no") -> Speech:
    trunk = Trunk("carrier", f"sip:{PEER}", (f"{PEER}/32",), codecs=codecs, srtp=srtp)
    audio = Audio("192.0.2.1", 4000)
    return Speech(Route(trunk, Hosts(()), ()), PEER, audio, ("PCMA", "PCMU"), 5, Counted())


def version(body: bytes) -> str:
    return sdp.read(body).version


def test_telephony_22_the_codecs_of_the_trunk_go_before_those_of_the_country() -> None:
    assert b"RTP/AVP 8 0 101" in speech().offer()
    assert b"RTP/AVP 0 8 101" in speech(("PCMU", "PCMA")).offer()
    assert b"RTP/AVP 0 101" in speech(("PCMU",)).offer()
    with pytest.raises(sdp.NoCommonCodec):
        speech(("PCMU",)).answer(sdp.offer(replace(THEM, codecs=("PCMA",))))


def test_rfc3264_8_what_did_not_change_keeps_its_version() -> None:
    ours = speech()
    first = ours.offer()
    ours.accept(sdp.answer(first, THEM)[0])
    assert ours.offer_again() == first
    ours.move(Audio("192.0.2.1", 4444))
    moved = ours.offer_again()
    assert version(moved) == "2" and b"m=audio 4444" in moved
    assert ours.offer_again() == moved
    asked = sdp.offer(THEM)
    answered = ours.answer_again(asked)
    assert version(answered) == "3", "one codec in place of two"
    assert ours.answer_again(asked) == answered
    held = ours.answer_again(sdp.offer(replace(THEM, version=2, direction="sendonly")))
    assert version(held) == "4" and b"a=recvonly" in held


def test_rfc3264_8_our_offers_keep_the_lines_and_numbers_of_the_session() -> None:
    ours = speech()
    offered = (
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"
        b"m=audio 7000 RTP/AVPF 0 96\r\na=rtpmap:96 telephone-event/8000\r\nm=video 7002 RTP/AVP 99\r\n"
    )
    ours.answer(offered)
    text = ours.offer_again().decode()
    assert "m=audio 4000 RTP/AVPF 0 8 96\r\n" in text, "the codec that is spoken comes first"
    assert "m=video 0 RTP/AVP 99\r\n" in text
    text = ours.answer_again(offered.replace(b"video 7002", b"video 0") + b"m=text 1 RTP/AVP 98\r\n").decode()
    assert text.count("m=") == 3
    assert ours.offer_again().count(b"m=") == 3


def test_a_bad_offer_changes_nothing() -> None:
    ours = speech()
    first = ours.answer(sdp.offer(THEM))
    agreed = ours.agreed
    for bad in (b"x", sdp.offer(replace(THEM, address="127.0.0.1")), sdp.offer(replace(THEM, address="::9"))):
        with pytest.raises(BadInput):
            ours.answer_again(bad)
    assert ours.agreed is agreed
    assert ours.answer_again(sdp.offer(THEM)) == first


def test_srtp_required_offers_keys_and_tells_both_to_media() -> None:
    ours = speech(srtp="required")
    offered = ours.offer()
    assert b"m=audio 4000 RTP/SAVP 8 0 101" in offered and offered.count(b"a=crypto:") == 2
    ours.accept(sdp.answer(offered, replace(THEM, srtp="allowed"))[0])
    agreed = ours.agreed
    assert agreed is not None
    assert (agreed.suite, agreed.key_in) == ("AES_CM_128_HMAC_SHA1_80", "C" * 40)
    assert len(agreed.key_out) == 40 and agreed.key_out.encode() in offered
    assert ours.offer_again() == offered, "a refresh brings no new keys"
    assert agreed.key_in not in repr(agreed) and agreed.key_out not in repr(agreed)


def test_srtp_a_new_key_is_answered_with_a_new_key_and_the_same_with_the_same() -> None:
    ours = speech(srtp="allowed")
    secure = replace(THEM, protocol="RTP/SAVP", encrypts=True)
    first = ours.answer(sdp.offer(secure))
    before = ours.agreed
    assert before is not None and before.suite
    assert ours.answer_again(sdp.offer(secure)) == first
    ours.answer_again(sdp.offer(replace(secure, keys=("E" * 40, "F" * 40))))
    after = ours.agreed
    assert after is not None
    assert after.key_in == "E" * 40
    assert after.key_out != before.key_out
    assert b"RTP/SAVP" in ours.offer_again(), "once secure, our own offers are"


def test_srtp_allowed_speaks_plain_to_who_speaks_plain() -> None:
    ours = speech(srtp="allowed")
    offered = ours.offer()
    assert b"RTP/AVP " in offered and b"crypto" not in offered
    ours.accept(sdp.answer(offered, THEM)[0])
    assert ours.agreed is not None and ours.agreed.suite == ""
