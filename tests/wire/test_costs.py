"""What a message that is not worth a call costs beside one that is (reliability.md F11, F13)."""

import time

from cordboard.testing.scenario import Scenario
from cordboard.testing.stage import ENGINE, EXCHANGE, Stage, act
from cordboard.testing.virtual_time import pause
from tests.unit.sip.messages import request
from tests.wire.parties import OFFER

CALLS, TIMES = 60, 20


def _invite(nth: int, *more: str) -> bytes:
    return request(
        "INVITE",
        *more,
        uri=f"sip:+918047100001@{ENGINE.host}",
        via=f"SIP/2.0/UDP {EXCHANGE.host}:5060",
        branch=f"z9hG4bKcost{nth}",
        from_=f"<sip:+9198765{nth:05d}@{EXCHANGE.host}>;tag=c{nth}",
        call_id=f"cost{nth}",
        body=OFFER,
    )


def costs() -> tuple[float, float, float]:
    """Seconds of CPU of a new INVITE, of the same again, and of the same in other words (a hop's header)."""
    spent = [0.0, 0.0, 0.0]

    def taken(stage: Stage, data: bytes, times: int = 1) -> float:
        begun = time.thread_time()
        for _ in range(times):
            stage.wire.inject(data, EXCHANGE, ENGINE)
        return (time.thread_time() - begun) / times

    async def story(stage: Stage) -> None:
        for nth in range(CALLS):
            spent[0] += taken(stage, _invite(nth))
            spent[1] += taken(stage, _invite(nth), TIMES)
            spent[2] += taken(stage, _invite(nth, "X-Hop: 2"), TIMES)
            await pause(0.2)

    act(story, Scenario())
    return spent[0] / CALLS, spent[1] / CALLS, spent[2] / CALLS


def test_f11_a_repeat_costs_a_tenth_of_a_new_invite_at_the_most() -> None:
    tries = [costs() for _ in range(3)]
    assert min(repeat / new for new, repeat, _ in tries) < 0.1
    assert min(other / new for new, _, other in tries) < 0.3  # it has to be read to be known
