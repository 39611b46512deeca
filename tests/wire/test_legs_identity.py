"""reliability.md S14: nothing that a caller, a customer or a URL says becomes a header of its own."""

import json
from typing import Any

import pytest

from cordboard.call.causes import Cause
from cordboard.call.words import LegFailed
from cordboard.config.settings import Trunk
from cordboard.sip.message.reader import read
from cordboard.testing.scenario import Reply, answers
from cordboard.testing.stage import ENGINE as OURS
from tests.wire.engine import call, header, invites
from tests.wire.legs_stage import AUDIO, CALLEE, EXOPHONE, Stage, after, play
from tests.world.helpers import A

HOSTILE = [
    "+91987\r\nRoute: <sip:6.6.6.6>",
    "+919876543210\n",
    "+919876543210\r",
    "+919876543210\0",
    "+919876543210>;evil=1",
    "+919876543210@6.6.6.6",
    "+919876543210;transport=tcp",
    "+9198765%0d%0a43210",
    "sip:victim@6.6.6.6",
    '"<sip:6.6.6.6>"',
    "+91९८७६५४३२१०",
    "",
]


@pytest.mark.parametrize("number", HOSTILE)
def test_s14_a_hostile_number_ends_as_a_refused_leg_and_no_byte_is_sent(number: str) -> None:
    async def script(stage: Stage) -> None:
        stage.arrive()
        await after(0.1)
        stage.legs.dial(stage.call, 1, number, EXOPHONE, AUDIO, 30)
        await after(1)

    stage = play(Stage, script)
    (failed,) = stage.events
    assert isinstance(failed, LegFailed) and failed.cause is Cause.FAILED
    assert "\n" not in failed.text and "\r" not in failed.text
    assert stage.count("INVITE") == 1  # the caller's own


@pytest.mark.parametrize("shown", HOSTILE)
def test_s14_a_hostile_shown_number_is_none_of_ours(shown: str) -> None:
    async def script(stage: Stage) -> None:
        stage.arrive()
        await after(0.1)
        stage.legs.dial(stage.call, 1, CALLEE, shown, AUDIO, 30)
        await after(1)

    stage = play(Stage, script)
    assert isinstance(stage.events[0], LegFailed)
    assert stage.count("INVITE") == 1


def test_s14_an_invite_has_the_headers_of_the_template_and_no_others() -> None:
    """A caller whose name and headers try to become headers of the leg that goes out for them."""
    trunk = Trunk(
        "carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",), diverted_by="history-info", privacy=True
    )

    async def script(stage: Stage) -> None:
        stage.arrive(f"{EXOPHONE};x=%0D%0ARoute%3A6.6.6.6")
        await after(0.1)
        stage.legs.dial(stage.call, 1, CALLEE, EXOPHONE, AUDIO, 30)
        await after(0.5)

    stage = play(lambda: Stage(trunk), script)
    message = read(stage.sent("INVITE"))
    assert {name for name, _ in message.headers()} <= {
        "Via",
        "Max-Forwards",
        "From",
        "To",
        "Call-ID",
        "CSeq",
        "Contact",
        "Allow",
        "Supported",
        "Session-Expires",
        "User-Agent",
        "P-Asserted-Identity",
        "Privacy",
        "History-Info",
        "Expires",
        "X-Cordboard-Hops",
        "Content-Type",
        "Content-Length",
    }
    assert message.header("from").startswith('"Anonymous" <sip:anonymous@anonymous.invalid>;tag=')
    assert b"6.6.6.6" not in stage.sent("INVITE")


@pytest.mark.parametrize(
    "words",
    [
        {"outgoing_phone_number": "+918047100002\r\nX-Evil: 1"},
        {"outgoing_phone_number": "+918047100002>;evil=1"},
        {"outgoing_phone_number": '"x" <sip:6.6.6.6>'},
        {"destination": {"numbers": ["+919812300001\r\nX-Evil: 1", "+91\0", "sip:evil@6.6.6.6", A]}},
        {"destination": {"numbers": ["+919812300001;maddr=6.6.6.6", "+919812300001@6.6.6.6", A]}},
        {"custom_field": "a\r\nX-Evil: 1", "music_on_hold": {"type": "default_tone\r\nX-Evil: 1"}},
    ],
)
def test_s14_no_word_of_an_answer_becomes_a_header(words: dict[str, Any]) -> None:
    body = {"destination": {"numbers": [A]}, **words}
    stage = call({A: answers()}, Reply(json.dumps(body).encode()))
    ours = [one.data for one in stage.wire.passed if one.source == OURS]
    assert ours
    for data in ours:
        assert b"Evil" not in data and b"evil" not in data and b"6.6.6.6" not in data
    (invite,) = invites(stage)
    assert invite[1] == A and header(invite[2], "From").startswith("<sip:+918047100001@")
