"""Session descriptions (RFC 8866): read, write, offer and answer (RFC 3264) for one G.711 audio stream.

``offer``, ``answer``, ``understand`` and ``agree`` are what a leg needs; ``read`` and ``write`` are for tests
and observers. Broken descriptions raise ``BadInput``; ``NoCommonCodec`` (a BadInput) says what was offered
instead.
"""

from cordboard.sdp.description import Media, SessionDescription, read, write
from cordboard.sdp.negotiation import agree, answer, offer, understand
from cordboard.sdp.words import Local, NoCommonCodec, Terms

__all__ = [
    "Local",
    "Media",
    "NoCommonCodec",
    "SessionDescription",
    "Terms",
    "agree",
    "answer",
    "offer",
    "read",
    "understand",
    "write",
]
