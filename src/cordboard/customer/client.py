"""One request, with every limit: where it may go, how long it may take, how much may come back."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import structlog
from aiohttp import ClientResponse, ClientSession, ClientTimeout, DummyCookieJar
from yarl import URL

from cordboard import __version__
from cordboard.customer import got as words
from cordboard.customer import signing
from cordboard.customer.connector import JudgedAddresses, PinnedConnector, Refused
from cordboard.customer.failures import Spoilt, sentence
from cordboard.customer.got import Got
from cordboard.customer.shares import Shares
from cordboard.kernel.clock import Clock, Tokens
from cordboard.kernel.mistakes import BadInput
from cordboard.net import urls
from cordboard.net.guard import Policy
from cordboard.net.resolver import Resolver

BODY_LIMIT = 64 * 1024
AUDIO_LIMIT = 10 * 1024 * 1024
HEADER_LIMIT = 16 * 1024
_MOST_HEADERS = 64
_CONNECT_SECONDS = 2.0
# Shorter than any common server's own limit (gunicorn 2 s; Node, Apache and uvicorn 5 s), so that we are
# not the ones who write into a connection that is being closed.
_KEEP_SECONDS = 1.5
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_LONGEST_WAIT = 24 * 3600
EVENT_SECONDS = 15.0
"""What a receiver of events has: as long as the platform gives for a StatusCallback (contract.md §6.3)."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What one exchange may do. ``whole``: an answer that is too large is a failure, not just cut."""

    headers: Mapping[str, str]
    seconds: float
    limit: int
    message: str = ""
    redirects: int = 0
    whole: bool = True
    method: str = "GET"
    body: str = ""
    signed: bool = True


class Customer:
    """The door. ``tls``: what https trusts (tests hand in their own)."""

    def __init__(
        self,
        policy: Policy,
        resolver: Resolver,
        clock: Clock,
        tokens: Tokens,
        *,
        signing_secrets: tuple[str, ...] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy, self._resolver, self._clock, self._tokens = policy, resolver, clock, tokens
        self._keys = tuple(signing.key(secret) for secret in signing_secrets)
        self._tls: ssl.SSLContext | bool = tls or True
        self._shares = Shares()
        self._session: ClientSession | None = None
        self._log = structlog.get_logger("customer")
        self._always = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"cordboard/{__version__}",
        }

    async def start(self) -> None:
        """Open the door, in the running loop."""
        addresses = JudgedAddresses(self._resolver, self._policy)
        self._session = ClientSession(
            connector=PinnedConnector(addresses, self._policy, keep_seconds=_KEEP_SECONDS),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
            timeout=ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            max_headers=_MOST_HEADERS,
        )
        # aiohttp repeats a GET whose connection broke, even when it was read: see PinnedConnector.
        self._session._retry_connection = False

    async def close(self) -> None:
        """Close the door; what is under way ends with an error."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float = 5.0,
        body_limit: int = BODY_LIMIT,
        message_id: str = "",
    ) -> Got:
        """Ask a customer's URL: one GET; nothing followed, nothing repeated, never raises.

        ``seconds``: for everything, from now on, the name's lookup included. ``headers`` stand over our own;
        without any the request carries ``Exotel-Version``, as a Connect's does.
        ``message_id``: the webhook-id where requests are signed; empty: a new one.
        """
        wanted = {"Exotel-Version": "1.0"} if headers is None else headers
        return await self._bounded(url, _Order(wanted, seconds, body_limit, message_id))

    async def head(self, url: str, *, seconds: float = 5.0) -> Got:
        """What a customer's URL answers to HEAD. No call needs it; those who try an application do."""
        return await self._bounded(url, _Order({"Exotel-Version": "1.0"}, seconds, BODY_LIMIT, method="HEAD"))

    async def audio(
        self, url: str, *, redirects: int, seconds: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> Got:
        """An audio file. At most ``redirects`` are followed, each judged anew, none from https to http."""
        wanted = {"Accept": "audio/*, */*;q=0.5", **(headers or {})}
        return await self._bounded(url, _Order(wanted, seconds, AUDIO_LIMIT, redirects=redirects))

    async def speech(
        self, url: str, *, method: str, headers: Mapping[str, str], body: str, seconds: float
    ) -> Got:
        """A provider's audio. It is no customer: nothing is signed for it."""
        wanted = {"Accept": "audio/*, */*;q=0.5", **headers}
        order = _Order(wanted, seconds, AUDIO_LIMIT, method=method, body=body, signed=False)
        return await self._bounded(url, order)

    async def send_event(
        self,
        url: str,
        message_id: str,
        *,
        method: str = "GET",
        content_type: str = "",
        body: str = "",
        seconds: float = EVENT_SECONDS,
    ) -> Got:
        """An event, or nothing where the host has had its share: then ``wait`` says for how long.

        ``message_id`` stays the same whenever this event is sent again, and goes with it signed or not: by it
        a receiver knows what it has already. ``method``: GET, or POST with a ``body`` of ``content_type``.
        What the answer's body holds is no matter.
        """
        headers = {"webhook-id": message_id} | ({"Content-Type": content_type} if content_type else {})
        order = _Order(headers, seconds, BODY_LIMIT, message_id, whole=False, method=method, body=body)
        try:
            host = _authority(urls.read(url))
        except BadInput as bad:
            return Got(0, error=words.BAD_URL, cause=str(bad))
        if wait := self._shares.take(host, self._clock.monotonic()):
            return Got(0, error=words.NOT_NOW, wait=wait)
        got = Got(0)
        try:
            got = await self._bounded(url, order)
        finally:
            self._shares.done(host, self._clock.monotonic(), got.status, got.wait)
        return got

    def event_wait(self, url: str) -> float:
        """Seconds until ``send_event`` would send something to this URL's host; 0: now."""
        try:
            return self._shares.wait(_authority(urls.read(url)), self._clock.monotonic())
        except BadInput:
            return 0.0

    async def _bounded(self, url: str, order: _Order) -> Got:
        """The exchange within its time; every way that it can fail is a ``Got``."""
        began = self._clock.monotonic()
        late = cause = ""
        try:
            async with asyncio.timeout(order.seconds) as deadline:
                got = await self._follow(url, order)
        except Exception as failure:
            late = words.no_answer(order.seconds) if deadline.expired() else ""
            error = late or sentence(failure)
            cause = f"{type(failure).__name__}: {failure}"[:300]
            self._tell(failure, error, cause)
            got = Got(0, error=error, cause=cause)
        return replace(got, elapsed=self._clock.monotonic() - began)

    def _tell(self, failure: Exception, error: str, cause: str) -> None:
        if isinstance(failure, Refused):
            self._log.warning("a request to a forbidden address was refused", cause=cause)
        elif error == words.TROUBLE:
            self._log.error("a request failed in a way that nobody thought of", cause=cause)

    async def _follow(self, url: str, order: _Order) -> Got:
        read = urls.read(url)
        for hop in range(order.redirects + 1):
            answer = await self._once(read, order)
            if isinstance(answer, Got):
                return replace(answer, hops=hop) if hop else answer
            following = urls.read(urljoin(read.text, answer), "Location")
            if read.scheme == "https" and following.scheme == "http":
                return Got(0, error=words.BAD_REDIRECT, hops=hop, cause="from https to http")
            read = following
        return Got(0, error=words.TOO_MANY_REDIRECTS, hops=order.redirects)

    async def _once(self, url: urls.Url, order: _Order) -> Got | str:
        """What one request brought; where it is a redirect and those are followed, its Location."""
        session = self._session
        if session is None:
            return Got(0, error=words.CLOSED)
        if url.literal and (objection := self._policy.judge(url.host, url.port)):
            raise Refused(objection)  # aiohttp asks no resolver about a literal
        headers = {**self._always, **order.headers}
        if self._keys and order.signed:
            headers |= self._signature(url, order)
        async with session.request(
            order.method,
            URL(url.text, encoded=True),
            headers=headers,
            data=order.body.encode() if order.method == "POST" else None,
            ssl=self._tls,
            allow_redirects=False,
        ) as response:
            if order.redirects and response.status in _REDIRECTS and "Location" in response.headers:
                response.close()
                return response.headers["Location"]
            try:
                return await _read(response, order)
            except BaseException:
                response.close()
                raise

    def _signature(self, url: urls.Url, order: _Order) -> dict[str, str]:
        message = order.message or f"msg_{self._tokens.hex(16)}"
        payload = signing.payload(order.method, url.text, order.body)
        return signing.headers(self._keys, message, int(self._clock.wall()), payload)


async def _read(response: ClientResponse, order: _Order) -> Got:
    fields = response.headers
    if sum(len(name) + len(value) + 4 for name, value in response.raw_headers) > HEADER_LIMIT:
        raise Spoilt(words.HEADERS_TOO_LARGE)
    if fields.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        raise Spoilt(words.ENCODED)
    body = await _body(response, order.limit)
    if body is None:
        if order.whole:
            raise Spoilt(words.too_large(order.limit))
        response.close()
        body = b""
    return Got(
        response.status,
        fields.get("Content-Type", "")[:200],
        body,
        etag=fields.get("ETag", "")[:500],
        modified=fields.get("Last-Modified", "")[:100],
        wait=_retry_after(fields.get("Retry-After", "")),
        location=fields.get("Location", "")[:2000] if response.status in _REDIRECTS else "",
    )


async def _body(response: ClientResponse, limit: int) -> bytes | None:
    """The body, or None as soon as it is known to be longer than ``limit``."""
    announced = response.content_length
    if announced is not None and announced > limit:
        return None
    parts, size = [], 0
    while part := await response.content.readany():
        size += len(part)
        if size > limit:
            return None
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _retry_after(text: str) -> float:
    """Seconds; the form with a date is not read (RFC 9110 §10.2.3 allows both)."""
    text = text.strip()
    return (
        float(min(int(text), _LONGEST_WAIT)) if text.isascii() and text.isdigit() and len(text) < 9 else 0.0
    )


def _authority(url: urls.Url) -> str:
    return f"{url.host}:{url.port}"
