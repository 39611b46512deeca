"""OPTIONS to the hosts of a trunk: out after two failures, back after one answer (telephony.md 9)."""

from dataclasses import replace

import pytest

from cordboard.call.causes import Cause
from cordboard.testing.wire import Passed
from tests.wire.hosts_stage import FIRST, SECOND, TRUNK, HostsStage, answers, header, on_stage
from tests.wire.legs_stage import EXOPHONE, after

PROBED = replace(TRUNK, probe_seconds=10.0)
ALONE = replace(PROBED, hosts=())


def probes(stage: HostsStage) -> list[Passed]:
    """Ours, repeats left out."""
    found: dict[str, Passed] = {}
    for one in stage.wire.passed:
        if one.line == "OPTIONS":
            found.setdefault(header(one, b"Call-ID"), one)
    return list(found.values())


def changes(stage: HostsStage) -> list[tuple[str, bool]]:
    return [(change.host.address.host, change.alive) for change in stage.changes]


def test_every_host_is_asked_at_once_and_then_at_its_pace() -> None:
    async def script(stage: HostsStage) -> None:
        stage.legs.start_probing()
        await after(25)
        stage.legs.stop_probing()

    stage = on_stage(lambda: HostsStage({FIRST: answers, SECOND: answers}, PROBED), script)
    sent = probes(stage)
    assert [(round(one.at), one.target) for one in sent] == [
        (at, to) for at in (0, 10, 20) for to in (FIRST, SECOND)
    ]
    assert sent[0].data.startswith(b"OPTIONS sip:192.0.2.10:5060 SIP/2.0\r\n")
    assert stage.changes == []


def test_telephony_9_a_silent_host_is_out_after_two_and_back_after_one_answer() -> None:
    async def script(stage: HostsStage) -> None:
        stage.wire.drop = lambda one: FIRST in (one.source, one.target) and one.at < 35
        stage.legs.start_probing()
        await after(13)
        assert changes(stage) == []
        await after(2)
        assert changes(stage) == [(FIRST.host, False)]
        stage.dial(call="c1")
        await after(1)
        assert stage.asked == [SECOND]
        stage.legs.release("c1", 1, Cause.NORMAL)
        await after(25)
        assert changes(stage) == [(FIRST.host, False), (FIRST.host, True)]
        stage.dial(call="c2")
        await after(1)
        stage.legs.release("c2", 1, Cause.NORMAL)
        stage.legs.stop_probing()

    stage = on_stage(lambda: HostsStage({FIRST: answers, SECOND: answers}, PROBED), script)
    assert stage.asked == [SECOND, FIRST]


@pytest.mark.parametrize(
    ("code", "alive"),
    [(200, True), (404, True), (405, True), (500, True), (603, True), (503, False), (408, False)],
)
def test_telephony_9_any_answer_but_503_and_408_means_alive(code: int, alive: bool) -> None:
    async def script(stage: HostsStage) -> None:
        stage.peers[0]._inbox._options = lambda: code
        stage.legs.start_probing()
        await after(15)
        stage.legs.stop_probing()

    stage = on_stage(lambda: HostsStage({FIRST: answers, SECOND: answers}, PROBED), script)
    assert changes(stage) == ([] if alive else [(FIRST.host, False)])
    if not alive:
        assert stage.changes[0].why == f"it answered OPTIONS with {code}"


def test_telephony_9_the_last_host_stays_and_telephony_16_its_exophone_is_not_chosen() -> None:
    async def script(stage: HostsStage) -> None:
        able = [stage.legs.able()]
        stage.legs.start_probing()
        await after(15)
        able.append(stage.legs.able())
        stage.dial()
        await after(1)
        stage.wire.drop = None
        await after(10)
        able.append(stage.legs.able())
        stage.legs.stop_probing()
        stage.legs.release("c1", 1, Cause.NORMAL)
        assert able == [(EXOPHONE,), (), (EXOPHONE,)]

    def stage_of() -> HostsStage:
        made = HostsStage({FIRST: answers}, ALONE)
        made.wire.drop = lambda one: one.line in ("OPTIONS", "200 OPTIONS")
        return made

    stage = on_stage(stage_of, script)
    assert stage.asked == [FIRST]  # there is no other: it is tried all the same
    assert [(change.alive, change.last) for change in stage.changes] == [(True, True), (True, False)]


def test_a_host_that_cannot_be_reached_fails_at_once() -> None:
    async def script(stage: HostsStage) -> None:
        stage.legs.start_probing()
        await after(11)
        stage.legs.stop_probing()

    trunk = replace(PROBED, uri="sip:192.0.2.10:5060;transport=tcp")
    stage = on_stage(lambda: HostsStage({SECOND: answers}, trunk), script)
    assert [change.why for change in stage.changes] == ["it could not be reached"]


def test_trunks_without_probe_seconds_are_left_alone() -> None:
    async def script(stage: HostsStage) -> None:
        stage.legs.start_probing()
        await after(60)

    stage = on_stage(lambda: HostsStage({FIRST: answers}, TRUNK), script)
    assert probes(stage) == []
