"""Names for things, made from a token source."""

from cordboard.kernel.clock import Tokens


def call_sid(tokens: Tokens) -> str:
    """A CallSid: 32 lower-case hexadecimal digits, opaque to everybody (contract.md §1.2)."""
    return tokens.hex(16)
