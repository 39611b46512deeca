"""telephony.md 20: digits that come by INFO."""

import pytest

from cordboard.legs.digits import digit_in


@pytest.mark.parametrize(
    ("kind", "body", "digit"),
    [
        ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n", "5"),
        ("application/dtmf-relay", b"Signal= #\nDuration= 250", "#"),
        ("application/dtmf-relay", b"signal=10\r\n", "*"),
        ("application/dtmf-relay", b"Signal=11\r\n", "#"),
        ("application/dtmf-relay", b"Signal=a\r\n", "A"),
        ("application/dtmf", b"7", "7"),
        ("application/dtmf", b" * \r\n", "*"),
        ("application/dtmf", b"Signal=3\r\nDuration=100", "3"),
        ("application/dtmf-relay", b"Signal=16\r\n", ""),  # a flash
        ("application/dtmf-relay", b"Duration=160\r\n", ""),
        ("application/dtmf-relay", b"", ""),
        ("application/dtmf-relay", b"Signal=55\r\n", ""),
        ("application/dtmf", b"\xff\xfe", ""),
        ("application/dtmf", b"5" * 600, ""),
        ("text/plain", b"5", ""),
    ],
)
def test_telephony_20_info_names_one_digit_or_none(kind: str, body: bytes, digit: str) -> None:
    assert digit_in(kind, body) == digit
