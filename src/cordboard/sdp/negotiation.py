"""Offer and answer (RFC 3264) for one G.711 stream with telephone-event (RFC 4733), plain or by SDES."""

from dataclasses import replace
from functools import lru_cache

from cordboard.kernel.mistakes import BadInput
from cordboard.sdp import crypto
from cordboard.sdp.description import Media, SessionDescription, read, write
from cordboard.sdp.lines import TYPES, choose, codecs_of, terms_of
from cordboard.sdp.words import Local, NotAcceptable, Slot, Terms

MOST_MEDIA = 32


def offer(local: Local) -> bytes:
    """Our offer: the codecs in order, telephone-event with events 0-16, ptime 20, keys where it is secure.

    Every line that the session ever had is there again in its place, with port 0 if it is not ours (RFC 3264
    §8.2: lines never disappear).
    """
    formats = tuple(str(TYPES[codec]) for codec in local.codecs)
    attributes = [("rtpmap", f"{TYPES[codec]} {codec}/8000") for codec in local.codecs]
    attributes += _events(local.event_type)
    if local.encrypts:
        attributes += crypto.lines_of(local.keys)
    formats = (*formats, str(local.event_type))
    ours = Media("audio", local.port, local.protocol, formats, "", local.direction, attributes)
    lines = [Media(slot.kind, 0, slot.protocol, slot.formats) for slot in local.slots]
    lines[local.place : local.place + 1] = [ours]
    return write(_session(local, lines))


def answer(offered: bytes, local: Local, only: str = "") -> tuple[bytes, Terms]:
    """Our answer to an offer, and what is agreed. ``only`` pins the codec (telephony.md 6).

    One audio line that we can speak is taken, every other media line is refused with port 0 (RFC 3264 §6).
    Raises ``NotAcceptable``, or another ``BadInput`` for an offer that cannot be read.
    """
    codecs = (only,) if only else local.codecs
    place = local.place if local.slots else -1
    theirs, terms = _understood(offered, codecs, local.srtp, _family(local), place)
    if terms.secured is not None:
        key = local.keys[crypto.SUITES.index(terms.secured.suite)]
        terms = replace(terms, secured=replace(terms.secured, key_out=key))
    lines = [
        _accept(media, terms, local) if index == terms.place else _refuse(media)
        for index, media in enumerate(theirs.media)
    ]
    mine = _session(local, lines)
    mine.timing = theirs.timing  # RFC 3264 §6: the t= line of an answer is the offer's
    return write(mine), terms


def understand(offered: bytes, local: Local) -> Terms:
    """What ``answer`` would agree on; raises what it raises."""
    return _understood(offered, local.codecs, local.srtp, _family(local), -1)[1]


@lru_cache(maxsize=256)  # an offer is judged on arrival and answered a moment later
def _understood(
    offered: bytes, codecs: tuple[str, ...], srtp: str, family: str, before: int
) -> tuple[SessionDescription, Terms]:
    """An offer, and what is agreed. Only to be looked at."""
    theirs = read(offered)
    if len(theirs.media) > MOST_MEDIA:
        raise BadInput("SDP", f"{len(theirs.media)} media lines", f"at most {MOST_MEDIA} are answered")
    place, secured = choose(theirs.media, codecs, srtp, before)
    terms = terms_of(theirs.media[place], codecs, secured, family)
    if len(theirs.media) > 1:
        terms = replace(terms, slots=_slots(theirs.media), place=place)
    return theirs, terms


def agree(answered: bytes, local: Local) -> Terms:
    """What the answer to our offer agreed on. Raises ``NotAcceptable`` or another ``BadInput``."""
    theirs = read(answered)
    if not theirs.media:
        raise NotAcceptable(304, "Media type not available: the answer has no media line")
    if len(theirs.media) <= local.place:
        raise BadInput(
            "SDP", f"the answer has {len(theirs.media)} media lines", "it needs as many as the offer"
        )
    line = theirs.media[local.place]
    _, secured = choose([line], local.codecs, _wanted(local), 0)
    if secured is not None:
        secured = replace(secured, key_out=_own_key(secured.tag, secured.suite, local.keys))
    # The answerer's order says what it prefers to be sent (RFC 3264 §7).
    order = tuple(name for name in codecs_of(line) if name in local.codecs) or local.codecs
    terms = terms_of(line, order, secured, _family(local))
    if terms.event_type not in (None, local.event_type):
        terms = replace(terms, own_event_type=local.event_type)
    if local.slots:
        terms = replace(terms, slots=local.slots, place=local.place)
    return terms


def _family(local: Local) -> str:
    """``IP4`` or ``IP6``; empty while our address is not known."""
    return "" if not local.address else "IP6" if ":" in local.address else "IP4"


def _wanted(local: Local) -> str:
    """What an answer must be to an offer of ours: secure when that was, else plain."""
    return "required" if local.encrypts else "no"


def _own_key(tag: str, suite: str, keys: tuple[str, ...]) -> str:
    """Ours of the crypto line that the answer chose by its tag (RFC 4568 §5.1.3)."""
    for offered, own, key in zip(("1", "2"), crypto.SUITES, keys, strict=False):
        if (offered, own) == (tag.lstrip("0"), suite):
            return key
    raise NotAcceptable(306, "Attribute not understood: the answer's a=crypto is none of those offered")


def _slots(lines: list[Media]) -> tuple[Slot, ...]:
    return tuple(Slot(media.kind, media.protocol, media.formats) for media in lines)


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
    if terms.secured is not None:
        attributes.append(crypto.line_of(terms.secured))
    mine = local.direction
    sends = terms.receives and mine in ("sendrecv", "sendonly")
    receives = terms.sends and mine in ("sendrecv", "recvonly")
    direction = {(True, True): "sendrecv", (True, False): "sendonly", (False, True): "recvonly"}.get(
        (sends, receives), "inactive"
    )
    return Media("audio", local.port, media.protocol, tuple(formats), "", direction, attributes)


def _refuse(media: Media) -> Media:
    return Media(media.kind, 0, media.protocol, media.formats)
