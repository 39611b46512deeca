"""Signed requests (reliability.md S20)."""

import base64
import hashlib
import hmac

from cordboard.customer import signing

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
URL = "https://app.example/connect?CallSid=1&From=%2B91"


def verifies(headers: dict[str, str], secret: bytes, payload: str, now: int) -> bool:
    """A receiver, as it is written down in Standard Webhooks."""
    if abs(now - int(headers["webhook-timestamp"])) > 300:
        return False
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{payload}".encode()
    expected = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    return any(
        hmac.compare_digest(part.removeprefix("v1,"), expected)
        for part in headers["webhook-signature"].split(" ")
    )


def test_s20_the_signature_of_the_standards_own_example() -> None:
    key = signing.key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signing.headers((key,), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_s20_a_get_is_signed_with_its_method_and_whole_url() -> None:
    headers = signing.headers((signing.key(SECRET),), "msg_1", 1000, signing.payload("GET", URL))
    assert verifies(headers, b"0123456789abcdef01234567", f"GET {URL}", 1100)
    assert not verifies(headers, b"0123456789abcdef01234567", f"GET {URL}x", 1100)
    assert not verifies(headers, b"0123456789abcdef01234568", f"GET {URL}", 1100)
    assert not verifies(headers, b"0123456789abcdef01234567", f"GET {URL}", 1301)
    assert not verifies(headers | {"webhook-id": "msg_2"}, b"0123456789abcdef01234567", f"GET {URL}", 1100)


def test_s20_a_post_is_signed_with_its_body_whatever_proxies_do_to_the_url() -> None:
    body = '{"CallSid":"1","Name":"Å"}'
    headers = signing.headers((signing.key(SECRET),), "msg_1", 1000, signing.payload("POST", URL, body))
    assert verifies(headers, b"0123456789abcdef01234567", body, 1000)
    for n in range(len(body.encode()) * 8):
        flipped = bytearray(body.encode())
        flipped[n // 8] ^= 1 << n % 8
        assert not verifies(headers, b"0123456789abcdef01234567", flipped.decode("latin-1"), 1000)
    assert signing.payload("POST", URL) == ""


def test_s20_while_keys_rotate_a_receiver_may_know_either() -> None:
    headers = signing.headers((signing.key("old"), signing.key("new")), "msg_1", 1000, "x")
    assert verifies(headers, b"old", "x", 1000) and verifies(headers, b"new", "x", 1000)
    assert not verifies(headers, b"other", "x", 1000)


def test_a_secret_that_is_no_base64_is_taken_as_it_is() -> None:
    assert signing.key("whsec_***") == b"whsec_***"
