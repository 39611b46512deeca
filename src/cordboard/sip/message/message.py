"""A message as the stack uses it: what every message needs is read once, all else is left as text."""

from cordboard.sip.message.address import Address
from cordboard.sip.message.bodies import SDP, Unreadable, session_description
from cordboard.sip.message.headers import proper, split_address, split_list
from cordboard.sip.message.via import Via


class Message:
    """``index`` maps lower-case names (compact forms opened) to their values in order.

    ``via``, ``call_id``, ``cseq``, ``method`` and the tags are there on every message the reader lets
    through; on one it refused they are as far as they could be read.
    """

    __slots__ = ("body", "call_id", "charset", "cseq", "from_tag", "index", "method", "size", "to_tag", "via")

    via: Via

    def __init__(self, index: dict[str, list[str]], body: bytes, charset: str, size: int) -> None:
        self.index = index
        self.body = body
        self.charset = charset
        self.size = size
        self.call_id = ""
        self.cseq = 0
        self.method = ""
        self.from_tag = ""
        self.to_tag = ""

    def header(self, key: str) -> str:
        """The first value of a header (lower-case name); empty when absent."""
        values = self.index.get(key)
        return values[0] if values else ""

    def listed(self, key: str) -> list[str]:
        """All elements of a comma list over all lines of the header, empty ones left out."""
        values = self.index.get(key)
        if not values:
            return []
        return [part for value in values for part in split_list(value) if part]

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Every header line as (name, value)."""
        return tuple((proper(key), value) for key, values in self.index.items() for value in values)

    def contact(self) -> str:
        """The URI of the first Contact; empty when there is none that can be read."""
        contacts = self.listed("contact")
        try:
            return split_address(contacts[0])[1] if contacts else ""
        except ValueError:
            return ""

    @property
    def content_type(self) -> str:
        """In lower case, without parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def sdp(self) -> bytes:
        """The body's session description, wherever in it it stands; empty when there is none. A body without
        a type is taken for SDP (§7.4.1 wants one, some leave it out)."""
        if not self.body:
            return b""
        kind = self.header("content-type")
        if (kind == SDP or not kind) and "content-disposition" not in self.index:
            return self.body
        try:
            return self._described(kind)
        except Unreadable:
            return b""

    def unreadable_body(self) -> bool:
        """Whether the body, or a part of it, has to be understood and is not: 415 (§8.2.3)."""
        try:
            self._described(self.header("content-type"))
        except Unreadable:
            return True
        return False

    def _described(self, kind: str) -> bytes:
        disposition, encoding = self.header("content-disposition"), self.header("content-encoding")
        return session_description(kind, disposition, encoding, self.body)

    def accepts_sdp(self) -> bool:
        """Whether its sender reads session descriptions (§20.1: without Accept, those and nothing else)."""
        if "accept" not in self.index:
            return True
        ranges = {one.partition(";")[0].strip().lower() for one in self.listed("accept")}
        return not ranges or not ranges.isdisjoint(("application/sdp", "application/*", "*/*"))


class Request(Message):
    """``method`` is the start line's. ``source``: where it came from, set on arrival. ``reply_head``: what
    every response to it begins with, kept by the writer."""

    __slots__ = ("reply_head", "source", "uri")

    source: Address

    def __init__(
        self, method: str, uri: str, index: dict[str, list[str]], body: bytes, charset: str, size: int
    ) -> None:
        super().__init__(index, body, charset, size)
        self.method = method
        self.uri = uri
        self.reply_head: tuple[list[str], str] | None = None


class Response(Message):
    """``method`` is the CSeq's."""

    __slots__ = ("code", "phrase")

    def __init__(
        self, code: int, phrase: str, index: dict[str, list[str]], body: bytes, charset: str, size: int
    ) -> None:
        super().__init__(index, body, charset, size)
        self.code = code
        self.phrase = phrase
