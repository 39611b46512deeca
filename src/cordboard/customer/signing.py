"""Signed requests: the headers of Standard Webhooks (reliability.md S20). Pure.

What is signed is ``{id}.{timestamp}.{payload}``. The payload of a POST is its body. A GET has none, so its
payload is the request itself: ``GET https://host/path?query``, the URL as it was sent.
"""

import base64
import binascii
import hashlib
import hmac


def key(secret: str) -> bytes:
    """The key of a secret: ``whsec_`` and base64 (Standard Webhooks); any other text as it is."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def payload(method: str, url: str, body: str = "") -> str:
    """What is signed of a request: a POST's body, even an empty one; else what stands for it."""
    return body if method == "POST" else f"{method} {url}"


def headers(keys: tuple[bytes, ...], message: str, at: int, signed: str) -> dict[str, str]:
    """The three headers; one signature per key, so that a receiver may know either while keys rotate."""
    content = f"{message}.{at}.{signed}".encode()
    signatures = (base64.b64encode(hmac.digest(each, content, hashlib.sha256)).decode() for each in keys)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
