"""Session descriptions (RFC 8866): read, write, offer and answer (RFC 3264) for one G.711 audio stream.

``offer``, ``answer``, ``understand`` and ``agree`` are what a leg needs; ``read`` and ``write`` are for tests
and observers. Broken descriptions raise ``BadInput``; ``NotAcceptable`` (a BadInput) is for those that are
whole but cannot be taken and says why in the words of a Warning header, ``NoCommonCodec`` among them.
"""

from cordboard.sdp.description import Media, SessionDescription, read, write
from cordboard.sdp.negotiation import agree, answer, offer, understand
from cordboard.sdp.words import Local, NoCommonCodec, NotAcceptable, Secured, Slot, Terms

__all__ = [
    "Local",
    "Media",
    "NoCommonCodec",
    "NotAcceptable",
    "Secured",
    "SessionDescription",
    "Slot",
    "Terms",
    "agree",
    "answer",
    "offer",
    "read",
    "understand",
    "write",
]
