"""reliability.md S19 and telephony.md 13: what is kept of a message holds no secret and keeps its form."""

import pytest

from cordboard.sip.message.masking import MOST, has_key, may_hold_secrets, shown
from cordboard.sip.message.reader import read
from tests.unit.sip.messages import request

DIGEST = (
    'Digest username="asha", realm="cordboard", nonce="NONCEVALUE", uri="sip:h", cnonce="CLIENTNONCE", '
    "nc=00000001, qop=auth, response=HUSHHUSH, algorithm=SHA-256, opaque=OPAQUEVALUE"
)
SRTP = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 8\r\n"
    b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:HUSHKEY+/=|2^20|1:4 KDR=0\r\n"
    b"k=base64:HUSHOLD\r\na=sendrecv\r\n"
)


def kept(data: bytes) -> str:
    """As the ladder keeps a message that came."""
    return shown(data, may_hold_secrets(read(data)))


def test_a_message_without_secrets_is_kept_to_the_byte() -> None:
    data = request("INVITE", 'Subject: "Grüße" k=v', body=b"v=0\r\nm=audio 4000 RTP/AVP 8\r\n")
    assert not may_hold_secrets(read(data))
    assert kept(data) == data.decode() == shown(data)


@pytest.mark.parametrize(
    "header",
    [
        f"Authorization: {DIGEST}",
        f"Proxy-Authorization: {DIGEST}",
        f"PROXY-AUTHORIZATION : {DIGEST}",
        f"Authorization: {DIGEST.replace(', ', ',' + chr(13) + chr(10) + ' ')}",
        f"WWW-Authenticate: {DIGEST}",
        f"Proxy-Authenticate: {DIGEST}",
        'Authentication-Info: nextnonce="NONCEVALUE", rspauth="HUSHHUSH", cnonce=CLIENTNONCE, nc=1',
        "Authorization: Basic HUSHHUSH",
        "Authorization: Bearer HUSHHUSH",
        "Proxy-Authorization:Basic HUSHHUSH",
        'Authorization: Digest response="HUSHHUSH',
    ],
)
def test_s19_what_a_digest_is_made_of_is_masked(header: str) -> None:
    data = request("REGISTER", header)
    text = kept(data)
    for secret in ("HUSH", "NONCEVALUE", "CLIENTNONCE", "OPAQUEVALUE"):
        assert secret not in text
    assert "***" in text
    if "username" in header:
        assert 'username="asha"' in text and 'realm="cordboard"' in text and "SHA-256" in text
    assert text.splitlines()[0] == data.decode().splitlines()[0]


def test_rfc4568_keys_of_srtp_are_masked() -> None:
    data = request("INVITE", body=SRTP)
    assert has_key(SRTP)
    text = kept(data)
    assert "HUSH" not in text
    assert (
        "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:***|2^20|1:4 KDR=0\r\nk=base64:***\r\na=sendrecv" in text
    )


@pytest.mark.parametrize(
    ("kind", "body", "masked"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "Signal=*\r\nDuration=160\r\n"),
        ("application/dtmf-relay", "Signal= #\r\nDuration=160", "Signal= *\r\nDuration=160"),
        ("application/dtmf", "7", "*"),
        ("Application/DTMF", "D", "*"),
        ("text/plain", "pin 1234#", "pin *****"),
    ],
)
def test_s19_keys_in_info_are_masked(kind: str, body: str, masked: str) -> None:
    data = request("INFO", f"Content-Type: {kind}", body=body.encode())
    assert kept(data).partition("\r\n\r\n")[2] == masked


def test_s19_a_password_in_a_uri_is_masked_where_a_message_is_looked_through() -> None:
    data = request("INVITE", "Refer-To: <sip:asha:HUSH@10.0.0.1>", uri="sip:bob:HUSH@10.0.0.2")
    text = shown(data)
    assert "HUSH" not in text and "sip:asha:***@10.0.0.1" in text and "INVITE sip:bob:***@10.0.0.2" in text


@pytest.mark.parametrize("header", ["Privacy: id", "Privacy: user;critical", "privacy : header"])
def test_telephony_13_a_caller_who_withholds_their_number_is_masked(header: str) -> None:
    data = request(
        "INVITE",
        'P-Asserted-Identity: "Asha Rao" <sip:+919812300002@192.0.2.20;user=phone>, <tel:+919812300002>',
        "Remote-Party-ID: Asha <sip:09812300002@192.0.2.20>;party=calling",
        header,
    )
    text = kept(data)
    assert "9812300002" not in text and "Asha" not in text
    assert "<sip:+91********02@192.0.2.20;user=phone>" in text


def test_telephony_13_a_later_message_of_that_caller_is_masked_too() -> None:
    data = request("BYE", from_='"Asha" <sip:+919812300002@192.0.2.20>;tag=12345678')
    assert "9812300002" in shown(data)
    text = shown(data, False, private=True)
    assert 'From: "***" <sip:+91********02@192.0.2.20>;tag=12345678' in text


def test_a_long_message_is_cut_and_says_so() -> None:
    data = request("INVITE", "X-Long: " + "x" * 5000)
    text = shown(data, False)
    assert text.startswith(data[:MOST].decode()) and text.endswith(f"\r\n[{len(data) - MOST} bytes more]")


@pytest.mark.parametrize("data", [b"", b"\0\xff" * 50, b"INFO ", b"SIP/2.0 200", b"\r\n\r\nAuthorization: x"])
def test_noise_is_shown_without_an_error(data: bytes) -> None:
    assert isinstance(shown(data), str)
