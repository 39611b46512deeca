"""Whose packets are let in (telephony.md 17): ``acl``, ``sdp``, ``latch``. An SDP says where a peer receives,
not where it sends from (RFC 3264 §5.1). A phone is looked for at the address in its SDP and in the networks
that are named for it: where its SIP comes from."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from cordboard.media.embedded.sieve import Place
from cordboard.media.embedded.sieve import place as one_place

Source = tuple[str, int]

LEARNING_NS = 10_000_000_000
"""How long after its SDP a phone may show up."""
CHOOSING_NS = 3_000_000_000
"""How long after its first packet a phone's better address may still take over."""
_REMEMBERED = 64


@lru_cache(1024)
def _network_of(text: str) -> IPv4Network | IPv6Network:
    """A trunk's are the same for each of its legs."""
    return ip_network(text.partition("%")[0], strict=False)


class Door:
    """Decides for one leg. Armed anew by every SDP that names another place."""

    __slots__ = (
        "_armed_at",
        "_first_at",
        "_hosts",
        "_learned",
        "_mode",
        "_networks",
        "_place",
        "far",
        "ssrc",
    )

    def __init__(self, mode: str, place: Source, networks: tuple[str, ...], now: int) -> None:
        self._mode, self._place = mode, place
        self._networks = [_network_of(text) for text in networks]
        self._hosts: dict[str, bool] = {}
        self._armed_at, self._first_at = now, 0
        self._learned = False
        self.far = place
        """Where our packets go: the place that the SDP names until a phone has been heard elsewhere."""
        self.ssrc = 0

    @property
    def learns(self) -> bool:
        """True where a packet may decide who is let in from then on."""
        return self._mode == "latch"

    def lets_in(self, source: Source, ssrc: int, now: int) -> bool:
        """True for a packet (already seen to be RTP) that may be taken from ``source``."""
        if self._mode == "sdp":
            return source == self._place
        if self._mode == "acl":
            return self._is_listed(source[0])
        return self._is_phone(source, ssrc, now)

    def places(self, ports: bool) -> list[Place] | None:
        """Where packets that may be let in can come from; None where that is anywhere. ``ports``: by exact
        port where only one counts."""
        if self._mode == "latch" and not self._networks:
            return None
        if self._mode == "sdp":
            return [one_place(self._place[0], self._place[1] if ports else 0)]
        return [one_place(self._place[0]), *((network, 0) for network in self._networks)]

    def lets_in_host(self, host: str) -> bool:
        """The same for RTCP, which comes from another port."""
        if self._mode == "acl":
            return self._is_listed(host)
        return host == self.far[0]

    def _is_listed(self, host: str) -> bool:
        known = self._hosts.get(host)
        if known is None:
            known = host == self._place[0] or self._is_in_networks(host)
            if len(self._hosts) >= _REMEMBERED:
                self._hosts.clear()
            self._hosts[host] = known
        return known

    def _is_in_networks(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def _is_phone(self, source: Source, ssrc: int, now: int) -> bool:
        if self._networks and not self._is_listed(source[0]):
            return False  # neither where its SDP says it is, nor where its SIP comes from
        if not self._learned:
            if now - self._armed_at > LEARNING_NS:
                return False
            self._learned = True
            self.far, self.ssrc, self._first_at = source, ssrc, now
            return True
        if source == self.far:
            return True
        # A stray sender may have been first: for a moment the place that the SDP names, or the same stream
        # from another place (a NAT that rebinds), takes over. Never later: that would be theft (S10).
        if now - self._first_at > CHOOSING_NS or self.far == self._place:
            return False
        if source == self._place or ssrc == self.ssrc:
            self.far, self.ssrc = source, ssrc
            return True
        return False
