"""Who may ask: HTTP Basic with key and token, bearer or loopback for the figures, signed links."""

import binascii
import ipaddress
from base64 import b64decode
from hashlib import sha256
from hmac import compare_digest, digest

from starlette.requests import Request

from cordboard.config.settings import Account


class Guard:
    """Keeps hashes of the credentials and compares in constant time (reliability.md S19).

    ``per_minute``: how often the key may ask each side of the API, the platform's and our own; 0: no limit.
    """

    def __init__(self, account: Account, metrics_token: str, per_minute: int = 0) -> None:
        self._per_minute = per_minute
        self._room: dict[bool, tuple[float, float]] = {}  # our own side? → what is left, since when
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

    def too_often(self, path: str, now: float) -> float:
        """Seconds until this may be asked (contract.md §6.1); 0: now, and it counts."""
        if not self._per_minute:
            return 0.0
        own, rate = path.startswith("/api/"), self._per_minute / 60
        room, since = self._room.get(own, (float(self._per_minute), now))
        room = min(float(self._per_minute), room + (now - since) * rate)
        wait = 0.0 if room >= 1 else (1 - room) / rate
        self._room[own] = (room if wait else room - 1, now)
        return wait

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
