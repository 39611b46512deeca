"""The audio of one leg: our offers and answers, and the stream that they agree on."""

import ipaddress
from base64 import b64encode
from dataclasses import replace

from cordboard import sdp
from cordboard.kernel.clock import Tokens
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.trunks import Route
from cordboard.legs.words import Audio, LegStream

_MU_LAW = frozenset({
    "AG", "AI", "AS", "BB", "BM", "BS", "CA", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC", "MP", "MS",
    "PR", "SX", "TC", "TT", "US", "VC", "VG", "VI", "JP", "KR", "TW",
})  # fmt: skip
"""North America's numbering plan, and the others that took its µ-law (ITU-T G.711 §3.2)."""
_DYNAMIC = 96
_KEY_BYTES = 30


def codec_order(country: str) -> tuple[str, ...]:
    """The codecs we speak, the country's own first (telephony.md 22)."""
    return ("PCMU", "PCMA") if country.upper() in _MU_LAW else ("PCMA", "PCMU")


def warning(mistake: BadInput) -> tuple[tuple[str, str], ...]:
    """What a 488 says of a description that cannot be taken: a Warning (RFC 3261 §20.43), where there is one
    for it."""
    if not isinstance(mistake, sdp.NotAcceptable):
        return ()
    return (("Warning", f'{mistake.code} cordboard "{mistake.told}"'),)


class Elsewhere(BadInput):
    """Audio is wanted at an address that is not the peer's to give."""


class Speech:
    """Our side of a leg's description, and the last that was agreed. ``peer``: the host that the leg's SIP
    comes from or goes to; ``others``: more such hosts, of a phone with several devices. ``codecs``: in the
    account's order; the trunk's own list goes before it. ``tokens``: for the keys, where SRTP is taken.

    Errors are BadInput, one sentence each (``sdp.NotAcceptable`` among them), and change nothing.
    """

    __slots__ = ("_local", "_peer", "_phone_at", "_route", "_sent", "_tokens", "agreed")

    def __init__(
        self,
        route: Route,
        peer: str,
        audio: Audio,
        codecs: tuple[str, ...],
        session_id: int,
        tokens: Tokens | None = None,
        others: tuple[str, ...] = (),
    ) -> None:
        self._phone_at = (peer, *others)
        self._route = route
        self._peer = peer
        self._tokens = tokens
        trunk = route.trunk
        self._local = sdp.Local(audio.address, audio.port, trunk.codecs or codecs, session_id)
        if trunk.srtp != "no":
            secure = trunk.srtp == "required"
            self._local = replace(
                self._local,
                srtp=trunk.srtp,
                keys=self._new_keys(),
                protocol="RTP/SAVP" if secure else "RTP/AVP",
                encrypts=secure,
            )
        self._sent = b""
        self.agreed: LegStream | None = None

    @property
    def audio(self) -> Audio:
        """Where we said that we receive."""
        return Audio(self._local.address, self._local.port)

    def move(self, audio: Audio) -> None:
        """Receive elsewhere from the next description on."""
        self._local = replace(self._local, address=audio.address, port=audio.port)

    def offer(self) -> bytes:
        """The first offer."""
        self._sent = sdp.offer(self._local)
        return self._sent

    def answer(self, offered: bytes) -> bytes:
        """The answer to the far side's first offer."""
        body, terms = sdp.answer(offered, self._local)
        self._take(terms)
        self._sent = body
        return body

    def offer_again(self) -> bytes:
        """A new offer in an answered session; the codec that is spoken comes first. What has not changed is
        sent with the version that it had (RFC 3264 §8), as when a session timer is refreshed."""
        local = self._spoken_first()
        body = sdp.offer(local)
        if body != self._sent:
            local = replace(local, version=local.version + 1)
            body = sdp.offer(local)
        self._local, self._sent = local, body
        return body

    def answer_again(self, offered: bytes) -> bytes:
        """The answer to a new offer; the codec that is spoken stays where it can (telephony.md 6). New keys
        are answered with new keys."""
        local = self._spoken_first()
        body, terms = sdp.answer(offered, local)
        if self._is_rekeyed(terms):
            local = replace(local, keys=self._new_keys())
            body, terms = sdp.answer(offered, local)
        if body != self._sent:
            local = replace(local, version=local.version + 1)
            body, terms = sdp.answer(offered, local)
        self._take(terms, local)
        self._sent = body
        return body

    def accept(self, answered: bytes) -> None:
        """Read the answer to our offer."""
        self._take(sdp.agree(answered, self._local))

    @property
    def agreed_codec(self) -> str:
        """The codec that is spoken; empty before anything was agreed."""
        return self.agreed.codec if self.agreed is not None else ""

    def _is_rekeyed(self, terms: sdp.Terms) -> bool:
        before = self.agreed.key_in if self.agreed is not None else ""
        return terms.secured is not None and before not in ("", terms.secured.key_in)

    def _spoken_first(self) -> sdp.Local:
        if self.agreed is None or self._local.codecs[0] == self.agreed_codec:
            return self._local
        ordered = sorted(self._local.codecs, key=lambda codec: codec != self.agreed_codec)
        return replace(self._local, codecs=tuple(ordered))

    def _new_keys(self) -> tuple[str, ...]:
        """A master key with its salt for each suite (RFC 4568 §6.1)."""
        if self._tokens is None:
            raise BadInput("srtp", "keys are needed and there is no source of them")
        return tuple(b64encode(bytes.fromhex(self._tokens.hex(_KEY_BYTES))).decode() for _ in range(2))

    def _take(self, terms: sdp.Terms, local: sdp.Local | None = None) -> None:
        if terms.receives:
            check_address(terms.address, self._peer, self._route)
        trunk, secured = self._route.trunk, terms.secured
        self._local = _continued(local or self._local, terms)
        agreed = LegStream(
            terms.address,
            terms.port,
            terms.codec,
            terms.payload_type,
            terms.event_type,
            terms.noise_type,
            terms.ptime,
            terms.sends,
            terms.receives,
            trunk.media,
            # A phone's audio comes from where its SIP does, or from where its SDP says.
            self._phone_at if trunk.media == "latch" else trunk.audio_sources(),
            terms.own_event_type,
            terms.rtcp_port,
        )
        if secured is not None:
            agreed = replace(agreed, suite=secured.suite, key_in=secured.key_in, key_out=secured.key_out)
        self.agreed = agreed


def _continued(local: sdp.Local, terms: sdp.Terms) -> sdp.Local:
    """Our side with what a later offer must keep: transport, media lines and numbers (RFC 3264 §8)."""
    event_type = local.event_type
    if terms.own_event_type is None and (terms.event_type or 0) >= _DYNAMIC:
        event_type = terms.event_type or event_type
    secure = terms.secured is not None
    was = local.protocol, local.encrypts, local.event_type, local.slots, local.place
    if was == (terms.protocol, secure, event_type, terms.slots, terms.place):
        return local
    return replace(
        local,
        protocol=terms.protocol,
        encrypts=secure,
        event_type=event_type,
        slots=terms.slots,
        place=terms.place,
    )


def check_address(text: str, peer: str, route: Route) -> None:
    """Audio is not sent to loopback, link-local, multicast or broadcast addresses that are not the peer's own
    or its trunk's (reliability.md S15). Raises ``Elsewhere``."""
    if text == peer:
        return
    address = ipaddress.ip_address(text)
    nowhere = address.is_multicast or address.is_unspecified or text == "255.255.255.255"
    inside = address.is_loopback or address.is_link_local
    if nowhere or (inside and not route.holds(text)):
        raise Elsewhere("SDP", f"audio wanted at {text}", "an address of the peer's own is needed")
