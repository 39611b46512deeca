"""Digits in the body of an INFO: ``application/dtmf-relay`` (Cisco's form) and ``application/dtmf``."""

_DIGITS = frozenset("0123456789*#ABCD")
_BY_NUMBER = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}
_LONGEST = 512


def digit_in(content_type: str, body: bytes) -> str:
    """The one digit that the body names; empty for none, for a flash, and for anything else.

    ``dtmf-relay`` is lines of ``Signal=5`` and ``Duration=160``; ``dtmf`` the bare digit, or ``Signal=``
    again. Event numbers 10–15 are understood for ``*``, ``#``, A–D (RFC 4733 §3.2).
    """
    if content_type not in ("application/dtmf-relay", "application/dtmf") or len(body) > _LONGEST:
        return ""
    text = body.decode("ascii", "replace")
    signal = "" if "=" in text else text
    for line in text.splitlines():
        name, _, value = line.partition("=")
        if name.strip().lower() == "signal":
            signal = value
    signal = signal.strip().upper()
    signal = _BY_NUMBER.get(signal, signal)
    return signal if signal in _DIGITS else ""
