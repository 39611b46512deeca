"""The session descriptions of one leg: our offers and answers, and the stream that they agree on."""

import ipaddress
from dataclasses import replace

from cordboard import sdp
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.trunks import Route
from cordboard.legs.words import Audio, LegStream

_MU_LAW = frozenset({
    "AG", "AI", "AS", "BB", "BM", "BS", "CA", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC", "MP", "MS",
    "PR", "SX", "TC", "TT", "US", "VC", "VG", "VI", "JP", "KR", "TW",
})  # fmt: skip
"""North America's numbering plan, and the others that took its µ-law (ITU-T G.711 §3.2)."""


def codec_order(country: str) -> tuple[str, ...]:
    """The codecs we speak, the country's own first (telephony.md 22)."""
    return ("PCMU", "PCMA") if country.upper() in _MU_LAW else ("PCMA", "PCMU")


class Speech:
    """Our side of a leg's description, and the last that was agreed. ``peer``: the host that the leg's SIP
    comes from or goes to. Errors are BadInput, one sentence each (NoCommonCodec among them)."""

    __slots__ = ("_local", "_peer", "_route", "agreed")

    def __init__(
        self, route: Route, peer: str, audio: Audio, codecs: tuple[str, ...], session_id: int
    ) -> None:
        self._route = route
        self._peer = peer
        self._local = sdp.Local(audio.address, audio.port, codecs, session_id)
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
        return sdp.offer(self._local)

    def answer(self, offered: bytes) -> bytes:
        """The answer to the far side's first offer."""
        body, terms = sdp.answer(offered, self._local)
        self._take(terms)
        return body

    def offer_again(self) -> bytes:
        """A new offer in an answered session; the codec that is spoken comes first."""
        self._next_version()
        return sdp.offer(self._local)

    def answer_again(self, offered: bytes) -> bytes:
        """The answer to a new offer; the codec that is spoken stays where it can (telephony.md 6)."""
        self._next_version()
        return self.answer(offered)

    def accept(self, answered: bytes) -> None:
        """Read the answer to our offer."""
        self._take(sdp.agree(answered, self._local))

    def _next_version(self) -> None:
        codecs = self._local.codecs
        if self.agreed is not None:
            codecs = tuple(sorted(codecs, key=lambda codec: codec != self.agreed_codec))
        self._local = replace(self._local, version=self._local.version + 1, codecs=codecs)

    @property
    def agreed_codec(self) -> str:
        """The codec that is spoken; empty before anything was agreed."""
        return self.agreed.codec if self.agreed is not None else ""

    def _take(self, terms: sdp.Terms) -> None:
        if terms.receives:
            check_address(terms.address, self._peer, self._route)
        trunk = self._route.trunk
        self.agreed = LegStream(
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
            trunk.audio_sources(),
        )


def check_address(text: str, peer: str, route: Route) -> None:
    """Audio is not sent to loopback, link-local, multicast or broadcast addresses that are not the peer's own
    or its trunk's (reliability.md S15). Raises ``BadInput``."""
    if text == peer:
        return
    address = ipaddress.ip_address(text)
    nowhere = address.is_multicast or address.is_unspecified or text == "255.255.255.255"
    inside = address.is_loopback or address.is_link_local
    if nowhere or (inside and not route.holds(text)):
        raise BadInput("SDP", f"audio wanted at {text}", "an address of the peer's own is needed")
