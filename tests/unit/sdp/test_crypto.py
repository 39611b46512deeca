"""SRTP keys in SDP (RFC 4568)."""

from dataclasses import replace

import pytest

from cordboard.sdp import Local, NotAcceptable, agree, answer, offer, read
from tests.unit.sdp.test_negotiation import sdp

OURS, THEIRS = ("A" * 40, "B" * 40), "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
US = Local("10.0.0.1", 4000, srtp="allowed", keys=OURS)
LONG, SHORT = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"


def crypto(*values: str, protocol: str = "RTP/SAVP") -> bytes:
    return sdp(f"m=audio 6000 {protocol} 8", *(f"a=crypto:{value}" for value in values))


def test_srtp_allowed_is_taken_when_it_is_offered() -> None:
    text, terms = answer(crypto(f"7 {LONG} inline:{THEIRS}"), US)
    assert terms.secured is not None
    assert (terms.secured.tag, terms.secured.suite) == ("7", LONG)
    assert (terms.secured.key_in, terms.secured.key_out) == (THEIRS, OURS[0])
    line = read(text).media[0]
    assert line.protocol == "RTP/SAVP"
    assert line.first("crypto") == f"7 {LONG} inline:{OURS[0]}"


def test_srtp_allowed_offers_plain_rtp_and_takes_plain_offers() -> None:
    text = offer(US)
    assert b"RTP/AVP " in text and b"crypto" not in text
    assert answer(sdp("m=audio 6000 RTP/AVP 8"), US)[1].secured is None


def test_keys_in_a_plain_line_are_taken_where_srtp_is_allowed_and_passed_over_where_not() -> None:
    offered = crypto(f"1 {LONG} inline:{THEIRS}", protocol="RTP/AVP")
    text, terms = answer(offered, US)
    assert terms.secured is not None and read(text).media[0].protocol == "RTP/AVP"
    assert b"a=crypto:1 " in text
    plain, terms = answer(offered, replace(US, srtp="no"))
    assert terms.secured is None and b"crypto" not in plain


def test_each_suite_has_a_key_of_its_own() -> None:
    _, terms = answer(crypto(f"1 {SHORT} inline:{THEIRS}", f"2 {LONG} inline:{THEIRS}"), US)
    assert terms.secured is not None and terms.secured.suite == SHORT, "the offerer's order counts"
    assert terms.secured.key_out == OURS[1]


def test_srtp_required_offers_both_suites_and_reads_which_was_chosen() -> None:
    us = replace(US, srtp="required", protocol="RTP/SAVP", encrypts=True)
    line = read(offer(us)).media[0]
    assert line.protocol == "RTP/SAVP"
    assert [value for name, value in line.attributes if name == "crypto"] == [
        f"1 {LONG} inline:{OURS[0]}",
        f"2 {SHORT} inline:{OURS[1]}",
    ]
    terms = agree(crypto(f"2 {SHORT} inline:{THEIRS}"), us)
    assert terms.secured is not None
    assert (terms.secured.key_in, terms.secured.key_out) == (THEIRS, OURS[1])


@pytest.mark.parametrize(
    "answered",
    [
        sdp("m=audio 6000 RTP/AVP 8"),
        sdp("m=audio 6000 RTP/SAVP 8"),
        crypto(f"3 {LONG} inline:{THEIRS}"),
        crypto(f"1 {SHORT} inline:{THEIRS}"),
        crypto(f"1 {LONG} inline:AAAA"),
    ],
)
def test_srtp_required_accepts_no_answer_without_what_was_offered(answered: bytes) -> None:
    with pytest.raises(NotAcceptable):
        agree(answered, replace(US, srtp="required", protocol="RTP/SAVP", encrypts=True))


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"x {LONG} inline:{THEIRS}",
        f"1 AES_256_CM_HMAC_SHA1_80 inline:{THEIRS}",
        f"1 {LONG}",
        f"1 {LONG} outline:{THEIRS}",
        f"1 {LONG} inline:{THEIRS[:-4]}",
        f"1 {LONG} inline:{THEIRS[:-1]}!",
        f"1 {LONG} inline:{THEIRS}|2^20|1:4",
        f"1 {LONG} inline:{THEIRS};inline:{THEIRS}",
        f"1 {LONG} inline:{THEIRS} UNENCRYPTED_SRTP",
        f"1 {LONG} inline:{THEIRS} UNAUTHENTICATED_SRTP",
        f"1 {LONG} inline:{THEIRS} KDR=1",
        f"1 {LONG} inline:{THEIRS} FEC_ORDER=FEC_SRTP",
    ],
)
def test_a_crypto_line_that_is_not_spoken_is_passed_over(value: str) -> None:
    with pytest.raises(NotAcceptable) as problem:
        answer(crypto(value), US)
    assert problem.value.code == 306
    _, terms = answer(crypto(value, f"2 {LONG.lower()} inline:{THEIRS}|2^31 WSH=128 -X"), US)
    assert terms.secured is not None and terms.secured.tag == "2"


def test_of_a_secure_and_a_plain_line_the_policy_chooses() -> None:
    both = sdp("m=audio 6000 RTP/AVP 8", "m=audio 6002 RTP/SAVP 8", f"a=crypto:1 {LONG} inline:{THEIRS}")
    assert answer(both, US)[1].port == 6002
    assert answer(both, replace(US, srtp="required"))[1].port == 6002
    assert answer(both, replace(US, srtp="no"))[1].port == 6000


def test_keys_are_in_no_representation() -> None:
    _, terms = answer(crypto(f"1 {LONG} inline:{THEIRS}"), US)
    assert THEIRS not in repr(terms) and OURS[0] not in repr(terms) and OURS[0] not in repr(US)
