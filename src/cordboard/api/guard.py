"""Who may ask: HTTP Basic with key and token, bearer or loopback for the figures, signed links."""

import binascii
import ipaddress
from base64 import b64decode
from hashlib import sha256
from hmac import compare_digest, digest

from starlette.requests import Request

from cordboard.config.settings import Account


class Guard:
    """Keeps hashes of the credentials and compares in constant time (reliability.md S19)."""

    def __init__(self, account: Account, metrics_token: str) -> None:
        self._login = _hash(f"{account.api_key}:{account.api_token}")
        self._metrics = _hash(metrics_token) if metrics_token else b""
        self._link_key = _hash(f"recording links\0{account.api_key}\0{account.api_token}")

    def knows(self, request: Request) -> bool:
        """The request carries the account's key and token."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            login = b64decode(given.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return compare_digest(sha256(login).digest(), self._login)

    def may_see_figures(self, request: Request) -> bool:
        """With a token set: who bears it. Else who asks from this machine, not through a proxy on it."""
        if self._metrics:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            return scheme.lower() == "bearer" and compare_digest(_hash(given.strip()), self._metrics)
        if "x-forwarded-for" in request.headers or "forwarded" in request.headers or request.client is None:
            return False
        try:
            return ipaddress.ip_address(request.client.host).is_loopback
        except ValueError:
            return False

    def link_query(self, recording: str, until: int) -> str:
        """The query of a link that works without credentials until then (epoch)."""
        return f"expires={until}&signature={self._signature(recording, until)}"

    def link_holds(self, request: Request, recording: str, now: float) -> bool:
        """The request came by such a link, in time."""
        until, signature = request.query_params.get("expires", ""), request.query_params.get("signature", "")
        if not until.isascii() or not until.isdecimal() or len(until) > 12 or int(until) < now:
            return False
        return compare_digest(signature.encode(), self._signature(recording, int(until)).encode())

    def _signature(self, recording: str, until: int) -> str:
        return digest(self._link_key, f"{recording} {until}".encode(), "sha256").hex()


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()
