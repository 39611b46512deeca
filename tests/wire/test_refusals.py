"""What a refusal tells the owner of a call: where else to try, and when again (RFC 3261 §8.1.3.4, §20.33)."""

import pytest

from cordboard.sip.dialog.words import Refused
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Wire
from tests.wire.parties import Party, at
from tests.wire.raw_peer import RawPeer, rung_by


def refused_with(code: int, *lines: str) -> Refused:
    """What Alice is told when her INVITE is refused like this."""

    async def story() -> Refused:
        wire = Wire()
        alice = Party(wire, "10.0.0.1", 1)
        await alice.endpoint.start()
        async with RawPeer(wire) as peer:
            rung_by(alice)
            await at(1)
            peer.reply(peer.invite, code, *lines)
            await at(60)
            (refused,) = alice.told(Refused)
            assert peer.lines().count("ACK") == 1
            assert alice.endpoint.load == (0, 0)
        await alice.endpoint.close()
        assert isinstance(refused, Refused)
        return refused

    return run(story())


@pytest.mark.parametrize(
    ("lines", "uris"),
    [
        (
            ("Contact: <sip:a@h>;q=0.3, <sip:b@h>;q=0.9", "Contact: <sip:c@h>"),
            ("sip:c@h", "sip:b@h", "sip:a@h"),
        ),
        (('Contact: "x, y" <sip:a@h>;expires=60', "Contact: sip:b@h;q=1"), ("sip:a@h", "sip:b@h")),
        (
            ("Contact: <sip:a@h;transport=tcp>;q=0", "Contact: <sip:a@h>;q=7"),
            ("sip:a@h", "sip:a@h;transport=tcp"),
        ),
        (("Contact: <tel:+123>, <mailto:x@y>, <sips:s@h>",), ("sips:s@h",)),
        (("Contact: <sip:a@h>, <sip:a@h>",), ("sip:a@h",)),
        (('Contact: "never closed <sip:a@h>', "Contact: <sip:b@h>"), ("sip:b@h",)),
        (tuple(f"Contact: <sip:{n}@h>" for n in range(50)), tuple(f"sip:{n}@h" for n in range(10))),
        (("Contact: *",), ()),
    ],
)
def test_rfc3261_8_1_3_4_contacts_of_a_3xx_come_best_first(
    lines: tuple[str, ...], uris: tuple[str, ...]
) -> None:
    refused = refused_with(302, *lines)
    assert (refused.code, refused.contacts) == (302, uris)


def test_only_a_redirection_has_contacts() -> None:
    assert refused_with(404, "Contact: <sip:a@h>").contacts == ()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("18000;duration=3600", 18000),
        ("120 (in a meeting)", 120),
        ("5", 5),
        ("9999999999", 86_400),
        ("99999999999999", 86_400),
        ("soon", 0),
        ("-5", 0),
    ],
)
def test_rfc3261_20_33_retry_after_is_read(value: str, seconds: int) -> None:
    assert refused_with(503, f"Retry-After: {value}").retry_after == seconds
    assert refused_with(503).retry_after == 0
