"""Reading and writing session descriptions (RFC 8866), as far as audio calls need them.

The reader forgives what does no harm (bare LF, missing lines we never use, unknown lines) and refuses with
one sentence what would leave the meaning in doubt.
"""

from dataclasses import dataclass, field

from cordboard.kernel.mistakes import BadInput

DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
LARGEST = 64 * 1024
MOST_LINES = 1000


@dataclass(slots=True)
class Media:
    """One ``m=`` line and what belongs to it. ``attributes`` are (name, value), value empty for flags.

    ``host``: of its own ``c=`` line, else of the session's; empty when there is neither.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    host: str = ""
    direction: str = "sendrecv"
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def first(self, name: str) -> str:
        """The value of the first attribute of this name; empty when absent."""
        return next((value for key, value in self.attributes if key == name), "")


@dataclass(slots=True)
class SessionDescription:
    """A description. ``username``, ``session_id``, ``version`` and ``address`` are of the ``o=`` line."""

    username: str
    session_id: str
    version: str
    address: str
    name: str = "-"
    host: str = ""
    timing: str = "0 0"
    media: list[Media] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)


def read(data: bytes) -> SessionDescription:
    """Read a description. Raises ``BadInput``."""
    if len(data) > LARGEST:
        raise BadInput("SDP", f"{len(data)} bytes long", f"at most {LARGEST} are read")
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > MOST_LINES:
        raise BadInput("SDP", f"{len(lines)} lines", f"at most {MOST_LINES} are read")
    found = SessionDescription("-", "0", "0", "")
    direction = "sendrecv"
    media: Media | None = None
    started = False
    for line in lines:
        if not line.strip():
            continue
        kind, separator, value = line.partition("=")
        if not separator or len(kind) != 1:
            raise BadInput(
                "SDP", f"the line {line[:40]!r}", "a line is one letter, an equals sign and a value"
            )
        if not started:
            if kind != "v" or value.strip() != "0":
                raise BadInput("SDP", f"it begins with {line[:40]!r}", "version v=0 comes first")
            started = True
        elif kind == "m":
            media = _media(value, found.host, direction)
            found.media.append(media)
        elif kind == "c":
            host = _host(value)
            if media is None:
                found.host = host
            else:
                media.host = host
        elif kind == "a":
            name, _, text = value.partition(":")
            if name in DIRECTIONS:
                if media is None:
                    direction = name
                else:
                    media.direction = name
            (found.attributes if media is None else media.attributes).append((name, text.strip()))
        elif kind == "o":
            _origin(found, value)
        elif kind == "s":
            found.name = value
        elif kind == "t" and media is None:
            found.timing = value.strip()
    if not started:
        raise BadInput("SDP", "it is empty")
    return found


def _origin(found: SessionDescription, value: str) -> None:
    parts = value.split()
    if len(parts) != 6:
        raise BadInput(
            "SDP", f"o={value[:40]}", "six fields are needed: user, id, version, IN, IP4 or IP6, address"
        )
    found.username, found.session_id, found.version, found.address = parts[0], parts[1], parts[2], parts[5]


def _host(value: str) -> str:
    parts = value.split()
    if len(parts) != 3 or parts[0] != "IN" or parts[1] not in ("IP4", "IP6"):
        raise BadInput("SDP", f"c={value[:40]}", "it reads IN IP4 or IN IP6 and an address")
    return parts[2].split("/")[0]  # a multicast TTL or count follows the slash


def _media(value: str, host: str, direction: str) -> Media:
    parts = value.split()
    if len(parts) < 4:
        raise BadInput("SDP", f"m={value[:40]}", "media, port, protocol and formats are needed")
    port = parts[1].split("/")[0]
    if not (port.isascii() and port.isdigit() and int(port[:6]) <= 65535):
        raise BadInput("SDP", f"m={value[:40]}", "the port is a number from 0 to 65535")
    return Media(parts[0], int(port), parts[2], tuple(parts[3:]), host, direction)


def write(description: SessionDescription) -> bytes:
    """The description as bytes. Raises ``BadInput`` for a value with a line break or NUL in it."""
    family = _family(description.address)
    lines = [
        "v=0",
        f"o={description.username} {description.session_id} {description.version}"
        f" IN {family} {description.address}",
        f"s={description.name}",
    ]
    if description.host:
        lines.append(f"c=IN {_family(description.host)} {description.host}")
    lines.append(f"t={description.timing}")
    lines += [_attribute(pair) for pair in description.attributes]
    for media in description.media:
        lines.append(f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}")
        if media.host and media.host != description.host:
            lines.append(f"c=IN {_family(media.host)} {media.host}")
        lines += [_attribute(pair) for pair in media.attributes]
        if media.direction not in (name for name, _ in media.attributes) and media.port:
            lines.append(f"a={media.direction}")
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or "\0" in text:
        raise BadInput("SDP", "a value holds a line break or NUL")
    return f"{text}\r\n".encode()


def _attribute(pair: tuple[str, str]) -> str:
    return f"a={pair[0]}:{pair[1]}" if pair[1] else f"a={pair[0]}"


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"
