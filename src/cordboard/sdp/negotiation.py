"""Offer and answer (RFC 3264) for one G.711 stream with telephone-event (RFC 4733)."""

from functools import lru_cache
from ipaddress import ip_address

from cordboard.kernel.mistakes import BadInput
from cordboard.sdp.description import Media, SessionDescription, read, write
from cordboard.sdp.words import Local, NoCommonCodec, Terms

STATIC = {"0": "PCMU", "8": "PCMA", "13": "CN", "3": "GSM", "4": "G723", "9": "G722", "18": "G729"}
TYPES = {"PCMU": 0, "PCMA": 8}
EVENTS = 101
PROTOCOLS = ("RTP/AVP", "RTP/AVPF")
NOWHERE = ("0.0.0.0", "::")  # the old way of putting on hold (RFC 3264 §8.4)
MOST_MEDIA = 32


def offer(local: Local) -> bytes:
    """Our offer: the codecs in order, telephone-event 101 with events 0-16, ptime 20."""
    formats = tuple(str(TYPES[codec]) for codec in local.codecs)
    attributes = [("rtpmap", f"{TYPES[codec]} {codec}/8000") for codec in local.codecs]
    attributes += _events(EVENTS)
    media = Media("audio", local.port, "RTP/AVP", (*formats, str(EVENTS)), "", local.direction, attributes)
    return write(_session(local, [media]))


def answer(offered: bytes, local: Local, only: str = "") -> tuple[bytes, Terms]:
    """Our answer to an offer, and what is agreed. ``only`` pins the codec (telephony.md 6).

    The first audio line we can speak is taken, every other media line is refused with port 0 (RFC 3264 §6).
    Raises ``NoCommonCodec``, or ``BadInput`` for an offer that cannot be read.
    """
    theirs, chosen, terms = _understood(offered, (only,) if only else local.codecs)
    lines = [_accept(media, terms, local) if media is chosen else _refuse(media) for media in theirs.media]
    mine = _session(local, lines)
    mine.timing = theirs.timing  # RFC 3264 §6: the t= line of an answer is the offer's
    return write(mine), terms


def understand(offered: bytes, local: Local) -> Terms:
    """What ``answer`` would agree on; raises what it raises."""
    return _understood(offered, local.codecs)[2]


@lru_cache(maxsize=256)  # an offer is judged on arrival and answered a moment later
def _understood(offered: bytes, codecs: tuple[str, ...]) -> tuple[SessionDescription, Media, Terms]:
    """An offer, the line of it that is taken, and what is agreed. Only to be looked at."""
    theirs = read(offered)
    if len(theirs.media) > MOST_MEDIA:
        raise BadInput("SDP", f"{len(theirs.media)} media lines", f"at most {MOST_MEDIA} are answered")
    chosen = _choose(theirs.media, codecs)
    if chosen is None:
        raise NoCommonCodec(_names(theirs.media))
    return theirs, chosen, _terms(chosen, codecs)


def agree(answered: bytes, local: Local) -> Terms:
    """What the answer to our offer agreed on. Raises ``NoCommonCodec`` or ``BadInput``."""
    theirs = read(answered)
    chosen = _choose(theirs.media[:1], local.codecs)
    if chosen is None:
        raise NoCommonCodec(_names(theirs.media))
    # The answerer's order says what it prefers to be sent (RFC 3264 §7).
    spoken = _codecs(chosen)
    order = tuple(name for name in spoken if name in local.codecs) or local.codecs
    return _terms(chosen, order)


def _session(local: Local, media: list[Media]) -> SessionDescription:
    return SessionDescription(
        "cordboard",
        str(local.session_id),
        str(local.version),
        local.address,
        "-",
        local.address,
        "0 0",
        media,
    )


def _events(payload_type: int) -> list[tuple[str, str]]:
    return [
        ("rtpmap", f"{payload_type} telephone-event/8000"),
        ("fmtp", f"{payload_type} 0-16"),
        ("ptime", "20"),
    ]


def _codecs(media: Media) -> dict[str, int]:
    """The 8 kHz formats of a line by name: PCMA → its payload type, in the line's order."""
    maps: dict[str, str] = {}
    for name, value in media.attributes:
        if name == "rtpmap":
            number, _, encoding = value.partition(" ")
            maps[number] = encoding.strip()
    found: dict[str, int] = {}
    for number in media.formats:
        if not (number.isascii() and number.isdigit() and int(number[:4]) <= 127):
            continue
        name, _, rate = maps.get(number, STATIC.get(number, "")).partition("/")
        if rate.split("/")[0] in ("8000", ""):
            found.setdefault(name.upper(), int(number))
    return found


def _names(media: list[Media]) -> str:
    """What was offered, for people: ``G729``, ``RTP/SAVP PCMA``, ``video``."""
    names: list[str] = []
    for line in media[:MOST_MEDIA]:
        if line.kind != "audio":
            names.append(line.kind[:20])
            continue
        maps = {v.partition(" ")[0]: v.partition(" ")[2] for k, v in line.attributes if k == "rtpmap"}
        secure = "" if line.protocol in PROTOCOLS else f"{line.protocol[:20]} "
        for number in line.formats[:20]:
            name = (maps.get(number) or STATIC.get(number, number)).split("/")[0][:20]
            if name.lower() not in ("telephone-event", "cn"):
                names.append(secure + name)
    return ", ".join(dict.fromkeys(names))


def _choose(lines: list[Media], codecs: tuple[str, ...]) -> Media | None:
    """The first audio line that we can speak; one with port 0 only when no live one is there."""
    usable = [
        media
        for media in lines
        if media.kind == "audio"
        and media.protocol in PROTOCOLS
        and (media.port == 0 or any(codec in _codecs(media) for codec in codecs))
    ]
    return next((media for media in usable if media.port), usable[0] if usable else None)


def _terms(media: Media, codecs: tuple[str, ...]) -> Terms:
    spoken = _codecs(media)
    codec = next((name for name in codecs if name in spoken), codecs[0])
    if media.port == 0:
        return Terms(media.host, 0, codec, spoken.get(codec, TYPES[codec]), sends=False, receives=False)
    _check_host(media.host)
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


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _accept(media: Media, terms: Terms, local: Local) -> Media:
    if media.port == 0:
        return _refuse(media)
    formats = [str(terms.payload_type)]
    attributes = [("rtpmap", f"{terms.payload_type} {terms.codec}/8000")]
    if terms.noise_type is not None:
        formats.append(str(terms.noise_type))
        attributes.append(("rtpmap", f"{terms.noise_type} CN/8000"))
    if terms.event_type is not None:
        formats.append(str(terms.event_type))
        attributes += _events(terms.event_type)
    else:
        attributes.append(("ptime", "20"))
    mine = local.direction
    sends = terms.receives and mine in ("sendrecv", "sendonly")
    receives = terms.sends and mine in ("sendrecv", "recvonly")
    direction = {(True, True): "sendrecv", (True, False): "sendonly", (False, True): "recvonly"}.get(
        (sends, receives), "inactive"
    )
    return Media("audio", local.port, media.protocol, tuple(formats), "", direction, attributes)


def _refuse(media: Media) -> Media:
    return Media(media.kind, 0, media.protocol, media.formats)
