"""All that the stack and its owners look at in a message, for tests with messages that nobody would send."""

import time
from collections.abc import Callable
from contextlib import suppress

from cordboard import sdp
from cordboard.kernel.mistakes import BadInput
from cordboard.sip.dialog.reasons import read_reasons
from cordboard.sip.endpoint.refusal import refusal
from cordboard.sip.message.address import Address
from cordboard.sip.message.digest import read_schemes
from cordboard.sip.message.framer import Framer
from cordboard.sip.message.headers import split_address
from cordboard.sip.message.masking import shown
from cordboard.sip.message.message import Message, Request
from cordboard.sip.message.reader import Malformed, read
from cordboard.sip.message.uri import leads_to, user_of
from cordboard.sip.message.writer import reply

LISTS = (
    *("record-route", "route", "require", "supported", "accept", "allow", "contact", "warning", "diversion"),
    *("history-info", "p-asserted-identity", "p-called-party-id", "session-expires", "privacy"),
)
ALICE = Address("udp", "10.0.0.1", 5060)
OURS = sdp.Local("192.0.2.9", 4000, codecs=("PCMA", "PCMU"))


def quickest(what: Callable[[], object], times: int = 3) -> float:
    """Seconds of CPU of the quickest run: the clock is the thread's own, but caches are everybody's."""

    def once() -> float:
        begun = time.thread_time()
        what()
        return time.thread_time() - begun

    return min(once() for _ in range(times))


def use(data: bytes) -> None:
    """Cut it, read it, look at all of it, answer it."""
    for message in Framer().feed(data) or [data]:
        shown(message, private=True)
        refusal(message, ALICE, "ours")
        try:
            found: Message | None = read(message)
            whole = True
        except Malformed as problem:
            found, whole = problem.request, False
        if found is not None:
            look(found)
        if isinstance(found, Request):
            answered(found, whole)


def look(message: Message) -> None:
    """Read every value that anybody reads."""
    read_reasons(message)
    read_schemes(message.index.get("authorization", []))
    read_schemes(message.index.get("proxy-authenticate", []))
    message.headers(), message.unreadable_body(), message.accepts_sdp()
    for value in (message.contact(), getattr(message, "uri", "")):
        leads_to(value), user_of(value)
    for key in LISTS:
        for value in message.listed(key)[:20]:
            with suppress(ValueError):
                user_of(split_address(value)[1])
    if message.sdp:
        for what in (sdp.understand, sdp.agree):
            with suppress(BadInput):
                what(message.sdp, OURS)


def answered(request: Request, whole: bool) -> None:
    """What is answered has the lines it should have and none that came along."""
    request.source = ALICE
    data = reply(request, 486, tag="ours", lines=["Server: us"])
    head, _, body = data.partition(b"\r\n\r\n")
    assert not body and b"\0" not in head
    names = [line.partition(b":")[0] for line in head.split(b"\r\n")[1:]]
    known = (b"Via", b"From", b"To", b"Call-ID", b"CSeq", b"Timestamp", b"Server", b"Content-Length")
    assert set(names) <= set(known)
    assert len(names) - len(set(names)) == max(0, len(request.index.get("via", ())) - 1)
    if whole and len(request.index["via"]) == 1 and not request.via.others:
        found = read(data)
        # the same octets, though what else stood in the request may have made another text of them
        assert found.call_id.encode(found.charset) == request.call_id.encode(request.charset)
        assert found.from_tag.encode(found.charset) == request.from_tag.encode(request.charset)
        assert found.to_tag.encode(found.charset) == (request.to_tag or "ours").encode(request.charset)
        assert found.cseq == request.cseq


def same_however_cut(data: bytes) -> None:
    """The framer gives for one byte at a time what it gives for one chunk."""
    whole, drop_by_drop = Framer(), Framer()
    found = whole.feed(data)
    for place in range(len(data)):
        for message in drop_by_drop.feed(data[place : place + 1]):
            assert found and message == found.pop(0)
    assert not found
    assert (drop_by_drop.broken, drop_by_drop.broken or drop_by_drop.waiting) == (
        whole.broken,
        whole.broken or whole.waiting,
    )
