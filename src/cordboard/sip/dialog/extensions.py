"""Which extensions are spoken, and which a message says it speaks (§19.2, RFC 3262, RFC 4028)."""

from functools import lru_cache

from cordboard.sip.message.message import Message

KNOWN = frozenset(("100rel", "timer"))
SUPPORTED = "Supported: 100rel, timer"


def speaks(message: Message, option: str) -> bool:
    """Whether it supports or requires an option (lower case)."""
    index = message.index
    if "supported" not in index and "require" not in index:
        return False
    return any(named.lower() == option for key in ("supported", "require") for named in message.listed(key))


def requires(message: Message, option: str) -> bool:
    """Whether it requires an option (lower case)."""
    return "require" in message.index and any(named.lower() == option for named in message.listed("require"))


@lru_cache(maxsize=64)
def wishes(reliable: str, seconds: int) -> tuple[str, ...]:
    """Header lines of an INVITE that asks for reliable provisional answers (``no``, ``allowed``,
    ``required``) and for a session timer of so many seconds (0: none)."""
    spoken = [option for option, wanted in (("100rel", reliable != "no"), ("timer", seconds)) if wanted]
    lines = [f"Supported: {', '.join(spoken)}"] if spoken else []
    if reliable == "required":
        lines.append("Require: 100rel")
    if seconds:
        lines.append(f"Session-Expires: {seconds}")
    return tuple(lines)
