"""What is turned away unread, through the whole stack (reliability.md S13, F13)."""

import pytest

from cordboard.sip.endpoint import gate as gates
from cordboard.sip.endpoint import inbox
from cordboard.sip.endpoint.words import Address, Verdict
from cordboard.sip.message.message import Request, Response
from cordboard.sip.message.reader import read
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Wire
from tests.unit.sip.messages import request
from tests.wire.parties import Pair, at

ALICE = Address("udp", "10.0.0.1", 5060)
BOB = Address("udp", "10.0.0.2", 5060)
STRANGER = Address("udp", "6.6.6.6", 5060)


def invite(number: int) -> bytes:
    return request("INVITE", branch=f"z9hG4bK{number}", call_id=f"call{number}")


def test_f13_past_the_limit_invites_get_a_503_without_a_trace_and_dialogs_go_on() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            session = pair.alice.call(pair.bob)
            await at(2)
            gate = pair.bob.endpoint._inbox.gate
            gate._full = lambda: True
            wire.passed.clear()
            pair.bob.calls.clear()
            for number in range(100):
                wire.inject(invite(number), ALICE, BOB)
            assert len(pair.bob.calls) == gates.TOLD_BURST  # these are refused by the owner, who says why
            refused = [one for one in wire.passed if one.line == "503 INVITE"]
            assert len(refused) == 100 - len(pair.bob.calls)
            load = pair.bob.endpoint.load
            answer = read(refused[-1].data)
            assert isinstance(answer, Response)
            wire.passed.clear()
            # Its ACK is absorbed, its repeat gets the same answer, though there is room by now.
            gate._full = lambda: False
            ack = request("ACK", branch="z9hG4bK99", call_id="call99", to=answer.header("to"))
            wire.inject(ack, ALICE, BOB)
            assert wire.passed == []
            wire.inject(invite(99), ALICE, BOB)
            (again,) = wire.passed
            assert again.data == refused[-1].data
            assert pair.bob.endpoint.load == load
            assert pair.bob.endpoint.turned_away[0] == len(refused) + 1
            gate._full = lambda: True
            session.release()  # a dialog that stands is served whatever comes
            await at(3)
            assert "200 BYE" in wire.lines()

    run(story())


def test_s13_a_flood_of_challenged_requests_is_cut_and_a_dialog_of_an_unknown_source_is_not() -> None:
    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.bob_answers()
            session = pair.alice.call(pair.bob)
            await at(2)
            pair.bob.verdict = Verdict.CHALLENGE
            wire.passed.clear()
            for number in range(1000):
                flood = request("REGISTER", branch=f"z9hG4bK{number}", call_id=f"r{number}")
                wire.inject(flood, STRANGER, BOB)
            assert pair.bob.endpoint.turned_away[1] == 1000 - gates.STRANGER_BURST
            session.release()
            await at(3)
            assert "200 BYE" in wire.lines()

    run(story())


def test_s13_responses_that_nobody_asked_for_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read_from: list[bytes] = []

    def reading(data: bytes) -> Request | Response:
        read_from.append(data)
        return read(data)

    async def story() -> None:
        wire = Wire()
        async with Pair(wire) as pair:
            pair.alice.call(pair.bob)
            await at(1)
            pair.alice.verdict = Verdict.DROP
            monkeypatch.setattr(inbox, "read", reading)
            sent = next(one for one in wire.passed if one.line == "INVITE")
            busy = sent.data.partition(b"\r\n\r\n")[0].replace(sent.data.split(b"\r\n")[0], b"SIP/2.0 486 No")
            for _ in range(10):
                wire.inject(busy.replace(b"branch=z9hG4bK", b"branch=z9hG4bKf"), STRANGER, ALICE)
            assert read_from == []
            wire.inject(busy, STRANGER, ALICE)  # an answer may come from another of the far side's addresses
            assert len(read_from) == 1

    run(story())
