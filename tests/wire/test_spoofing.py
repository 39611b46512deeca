"""Right identifiers from the wrong address touch no call (reliability.md S8); `make drill` tries a
thousand."""

from tests.wire.spoof import METHODS, attacked, check


def test_s8_spoofed_requests_with_the_right_identifiers_touch_no_call() -> None:
    stage, sent = attacked(30)
    assert sent == 30 * 2 + 2 * 30 * len(METHODS)
    check(stage, 30)
