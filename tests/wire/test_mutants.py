"""Messages that were valid once arrive at an endpoint in the middle of its work (reliability.md S13, S15,
S24): it stays whole, answers nobody but the sender, and forgets all of it."""

import structlog

from cordboard.sip.endpoint.words import Address, IncomingSession
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Wire
from tests.unit.sip.messages import request
from tests.unit.sip.mutants import mutant
from tests.wire.parties import ANSWER, OFFER, Pair, at

ALICE = Address("udp", "10.0.0.1", 5060)
BOB = Address("udp", "10.0.0.2", 5060)


def endure(numbers: list[int]) -> int:
    """Let these mutants arrive, from the peer of a live call. How many were answered."""

    async def story() -> int:
        wire = Wire()
        async with Pair(wire) as pair:
            taken = 0

            def take(session: IncomingSession) -> None:
                nonlocal taken
                taken += 1
                if taken % 3 == 0:
                    session.progress(183, ANSWER)
                elif taken % 3 == 1:
                    session.accept(ANSWER)
                else:
                    session.release(code=486)

            pair.bob.on_call = take
            wire.inject(request(body=OFFER), ALICE, BOB)
            tag = wire.passed[-1].data.partition(b";tag=cb")[2].partition(b"\r")[0]
            with structlog.testing.capture_logs() as logs:
                for place, number in enumerate(numbers):
                    data = mutant(number).replace(b"tag=ours", b"tag=cb" + tag)
                    wire.inject(data, ALICE, BOB)
                    if place % 50 == 49:
                        await at(place / 10)
            assert logs == []
            answered = len(wire.passed)
            assert {one.target.host for one in wire.passed if one.source == BOB} == {"10.0.0.1"}
            wire.inject(request("OPTIONS", branch="z9hG4bKlast", call_id="last"), ALICE, BOB)
            assert wire.passed[answered].line == "200 OPTIONS"
            for session in pair.bob.calls:
                session.release()
            await at(len(numbers) / 10 + 300)
            assert pair.bob.endpoint.load == (0, 0)
            assert not pair.bob.endpoint._core.arrived and not pair.bob.endpoint._core.alarm._heap
            return answered

    return run(story())


def test_s13_s24_an_endpoint_endures_mutants_and_forgets_them() -> None:
    assert endure(list(range(2_000))) > 500
