"""What one offered media line says, and whether we can speak it."""

from functools import lru_cache
from ipaddress import ip_address

from cordboard.kernel.mistakes import BadInput
from cordboard.sdp import crypto
from cordboard.sdp.description import Media
from cordboard.sdp.words import NoCommonCodec, NotAcceptable, Secured, Terms

STATIC = {"0": "PCMU", "8": "PCMA", "13": "CN", "3": "GSM", "4": "G723", "9": "G722", "18": "G729"}
TYPES = {"PCMU": 0, "PCMA": 8}
PLAIN = ("RTP/AVP", "RTP/AVPF")
SECURE = ("RTP/SAVP", "RTP/SAVPF")
NOWHERE = ("0.0.0.0", "::")  # the old way of putting on hold (RFC 3264 §8.4)
MOST_NAMED = 20
_SUITES = " or ".join(crypto.SUITES)


def codecs_of(media: Media) -> dict[str, int]:
    """The 8 kHz formats of a line by name: PCMA → its payload type, in the line's order."""
    maps = _maps(media)
    found: dict[str, int] = {}
    for number in media.formats:
        if not (number.isascii() and number.isdigit() and int(number[:4]) <= 127):
            continue
        name, _, rate = maps.get(number, STATIC.get(number, "")).partition("/")
        if rate.split("/")[0] in ("8000", ""):
            found.setdefault(name.upper(), int(number))
    return found


def _maps(media: Media) -> dict[str, str]:
    maps: dict[str, str] = {}
    for name, value in media.attributes:
        if name == "rtpmap":
            number, _, encoding = value.partition(" ")
            maps[number] = encoding.strip()
    return maps


def choose(lines: list[Media], codecs: tuple[str, ...], srtp: str, place: int) -> tuple[int, Secured | None]:
    """Which line is taken, and its keys if it is secure. ``place``: the line that was ours before, -1: none.

    Of several usable ones: ours, then a secure one, then the first. One with port 0 is taken only when
    no live one is there (hold by port 0). Raises ``NotAcceptable`` that says what is missing.
    """
    best: tuple[tuple[bool, bool, bool, int], Secured | None] | None = None
    reasons: list[NotAcceptable] = []
    for index, media in enumerate(lines):
        if media.kind != "audio":
            continue
        try:
            secured = _security(media, srtp)
            if media.port and not any(codec in codecs_of(media) for codec in codecs):
                raise NoCommonCodec(_names(media), codecs)
        except NotAcceptable as reason:
            if media.port or media.protocol not in PLAIN:
                reasons.append(reason)
                continue
            secured = None
        rank = not media.port, index != place, secured is None, index
        if best is None or rank < best[0]:
            best = rank, secured
    if best is not None:
        return best[0][3], best[1]
    if reasons:
        # A live line's codec is nearer to what they want than the transport of another.
        raise next((reason for reason in reasons if isinstance(reason, NoCommonCodec)), reasons[0])
    kinds = ", ".join(dict.fromkeys(_clean(media.kind) for media in lines[:MOST_NAMED]))
    raise NotAcceptable(304, f"Media type not available: audio is needed, {kinds or 'nothing'} offered")


def _security(media: Media, srtp: str) -> Secured | None:
    """The keys that are taken, None for plain RTP. An AVP line with usable keys is taken for secure: phones
    say "if you can" in that way, and one who writes keys there understands them in the answer."""
    secured = crypto.chosen(media.attributes) if srtp != "no" else None
    if media.protocol in PLAIN:
        if srtp == "required" and secured is None:
            raise NotAcceptable(399, f"Encryption is required: RTP/SAVP with a=crypto {_SUITES}")
        return secured
    if srtp == "no" or media.protocol not in SECURE:
        spoken = "RTP/AVP" if srtp == "no" else "RTP/AVP and RTP/SAVP with a=crypto"
        offered = f"{_clean(media.protocol)} offered with {_names(media)}"
        raise NotAcceptable(302, f"Incompatible transport protocol: {offered}; {spoken} can be had")
    if secured is None:
        raise NotAcceptable(306, f"Attribute not understood: no a=crypto that is spoken, {_SUITES} are")
    return secured


def terms_of(media: Media, codecs: tuple[str, ...], secured: Secured | None, family: str) -> Terms:
    """What a chosen line agrees on. ``family``: ``IP4``, ``IP6``, or empty: any is good."""
    spoken = codecs_of(media)
    codec = next((name for name in codecs if name in spoken), codecs[0])
    if media.port == 0:
        number = spoken.get(codec, TYPES[codec])
        return Terms(
            media.host,
            0,
            codec,
            number,
            sends=False,
            receives=False,
            protocol=media.protocol,
            secured=secured,
        )
    _check_host(media.host)
    if family and media.host not in NOWHERE and (family == "IP6") != (":" in media.host):
        raise NotAcceptable(301, f"Incompatible network address formats: {family} is needed")
    return Terms(
        media.host,
        media.port,
        codec,
        spoken[codec],
        spoken.get("TELEPHONE-EVENT"),
        spoken.get("CN"),
        _ptime(media),
        sends=media.direction in ("sendrecv", "sendonly"),
        receives=media.direction in ("sendrecv", "recvonly") and media.host not in NOWHERE,
        rtcp_port=_rtcp_port(media),
        secured=secured,
        protocol=media.protocol,
    )


@lru_cache(maxsize=256)
def _check_host(host: str) -> None:
    """An address, never a name: what a stranger wrote is not looked up (reliability.md S15)."""
    try:
        ip_address(host)
    except ValueError:
        raise BadInput("SDP", f"the address {host[:60]!r} in c=", "an IP address is needed") from None


def _ptime(media: Media) -> int:
    """Packet time in ms, 10 to 60, from ptime and maxptime; 20 where they say nothing sensible."""
    length = _number(media.first("ptime")) or 20
    longest = _number(media.first("maxptime"))
    if longest:
        length = min(length, longest)
    return length // 10 * 10 if 10 <= length <= 60 else 20


def _rtcp_port(media: Media) -> int:
    """``a=rtcp:port`` (RFC 3605 §2.1); 0 where it is the usual one. Another address than that of the audio
    is not believed: reports would go to where a stranger points."""
    parts = media.first("rtcp").split()
    if not parts or (
        len(parts) > 1 and parts[1:] not in (["IN", "IP4", media.host], ["IN", "IP6", media.host])
    ):
        return 0
    port = _number(parts[0], 5)
    return port if 0 < port <= 65535 and port != media.port + 1 else 0


def _number(text: str, most: int = 4) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= most else 0


def _names(media: Media) -> str:
    """The codecs that were offered, for people: ``G729, opus``."""
    maps = _maps(media)
    names = [
        _clean((maps.get(number) or STATIC.get(number, number)).split("/")[0])
        for number in media.formats[:MOST_NAMED]
    ]
    speech = [name for name in names if name.lower() not in ("telephone-event", "cn", "")]
    return ", ".join(dict.fromkeys(speech)) or "no codec"


def _clean(text: str) -> str:
    """What a stranger wrote, fit for a quoted string in our header."""
    return "".join(
        letter for letter in text[:20] if letter.isascii() and (letter.isalnum() or letter in "-./_")
    )
