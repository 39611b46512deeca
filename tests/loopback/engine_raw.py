"""SIP as bytes from a bare socket, for what no phone of ours would say."""

import asyncio
import socket
from dataclasses import dataclass, field

from cordboard.sip.endpoint.words import Address

G711 = ("0 PCMU/8000", "8 PCMA/8000")
G729 = ("18 G729/8000",)


@dataclass
class Bare:
    """A UDP socket at an address of loopback that speaks to the engine. ``got``: every answer, in order."""

    target: Address
    bind: str = "127.0.0.1"
    got: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.bind, 0))
        self._socket.setblocking(False)
        self.port = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()

    def send(self, text: str) -> None:
        """Lines as they are, with the line ends of SIP."""
        data = text.replace("\n", "\r\n").encode()
        self._socket.sendto(data, (self.target.host, self.target.port))

    async def final(self, seconds: float = 5.0) -> str:
        """The next final answer; empty when none comes in time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    data = await asyncio.get_running_loop().sock_recv(self._socket, 65536)
                    self.got.append(data.decode())
                    if not self.got[-1].startswith("SIP/2.0 1"):
                        return self.got[-1]
        except TimeoutError:
            return ""

    def request(self, method: str, user: str, mark: str, codecs: tuple[str, ...] = ()) -> str:
        """A whole request. ``mark`` makes its branch, tag and Call-ID."""
        body = _sdp(self.bind, codecs) if codecs else ""
        kind = "Content-Type: application/sdp\n" if body else ""
        host = f"{self.target.host}:{self.target.port}"
        size = len(body.replace("\n", "\r\n"))
        return (
            f"{method} sip:{user}@{host} SIP/2.0\n"
            f"Via: SIP/2.0/UDP {self.bind}:{self.port};branch=z9hG4bK{mark}\n"
            f"From: <sip:+919765499999@{self.bind}>;tag=f{mark}\n"
            f"To: <sip:{user}@{host}>\nCall-ID: {mark}@bare\nCSeq: 1 {method}\nMax-Forwards: 70\n"
            f"Contact: <sip:bare@{self.bind}:{self.port}>\n{kind}Content-Length: {size}\n\n{body}"
        )

    def ack(self, user: str, mark: str, answer: str) -> None:
        """Acknowledge a final answer that was a refusal."""
        to = next(line for line in answer.splitlines() if line.startswith("To:"))
        text = self.request("INVITE", user, mark).replace("INVITE", "ACK")
        lines = [to if line.startswith("To:") else line for line in text.splitlines()]
        self.send("\n".join(lines) + "\n\n")


def _sdp(host: str, codecs: tuple[str, ...]) -> str:
    types = " ".join(codec.split()[0] for codec in codecs)
    maps = "".join(f"a=rtpmap:{codec}\n" for codec in codecs)
    return f"v=0\no=- 1 1 IN IP4 {host}\ns=-\nc=IN IP4 {host}\nt=0 0\nm=audio 40000 RTP/AVP {types}\n{maps}"
