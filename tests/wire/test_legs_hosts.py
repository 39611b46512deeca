"""A leg on a trunk with several hosts: who is asked, when the next one is, and what the leg sees."""

import asyncio
import random
from dataclasses import replace
from typing import cast

import pytest

from cordboard.call.causes import Cause
from cordboard.call.words import LegAnswered, LegEnded, LegFailed, LegRinging
from cordboard.config.settings import Trunk
from cordboard.sip.dialog.called import CalledSession
from cordboard.sip.dialog.words import Cancelled, Ended, Reason
from cordboard.sip.endpoint.words import Address, IncomingSession
from cordboard.testing.wire import Passed
from tests.wire.hosts_stage import (
    FIRST,
    SECOND,
    THIRD,
    TRUNK,
    HostsStage,
    Script,
    answers,
    header,
    on_stage,
    refuses,
    rings,
)
from tests.wire.legs_stage import after, far

BYE = "BYE"


async def one_call(stage: HostsStage) -> None:
    stage.dial()
    await after(60)
    stage.legs.release("c1", 1, Cause.NORMAL)


def test_a_host_that_answers_is_the_only_one_asked() -> None:
    stage = on_stage(lambda: HostsStage({FIRST: answers, SECOND: answers}), one_call)
    assert stage.asked == [FIRST] and stage.answered


def test_telephony_4_after_5_s_without_a_1xx_the_next_host_is_asked() -> None:
    stage = on_stage(lambda: HostsStage({SECOND: answers}), one_call)
    assert [(at, to) for at, to, _ in stage.invites()] == [(0.0, FIRST), (5.0, SECOND)]
    assert [type(event) for event in stage.events[:2]] == [LegRinging, LegAnswered]
    assert not stage.failed
    assert "CANCEL" not in stage.to(FIRST)  # nothing came from there, so none may be sent (§9.1)


def test_telephony_4_the_ring_limit_is_one_for_all_hosts() -> None:
    stage = on_stage(lambda: HostsStage({SECOND: rings}), one_call)
    sent = [one for one in stage.wire.passed if one.line == "INVITE"]
    assert {(one.target, header(one, b"Expires")) for one in sent} == {(FIRST, "35"), (SECOND, "30")}


def test_telephony_4_a_100_is_a_reply() -> None:
    def silent(session: IncomingSession) -> None:
        """The stack says 100 by itself."""

    async def script(stage: HostsStage) -> None:
        stage.dial()
        await after(20)
        stage.legs.release("c1", 1, Cause.NO_ANSWER)

    stage = on_stage(lambda: HostsStage({FIRST: silent, SECOND: answers}), script)
    assert stage.asked == [FIRST]
    assert [event.cause for event in stage.failed] == [Cause.NO_ANSWER]


def test_a_late_200_of_a_host_that_was_given_up_is_ended_by_ack_and_bye() -> None:
    def late(session: IncomingSession) -> None:
        session.accept(far())

    def slow_way_back(one: Passed) -> bool:
        return one.source == FIRST and one.at < 8.0

    def stage_of() -> HostsStage:
        made = HostsStage({FIRST: late, SECOND: answers})
        made.wire.drop = slow_way_back
        return made

    stage = on_stage(stage_of, one_call)
    assert stage.asked == [FIRST, SECOND]
    (first,) = stage.sides[FIRST]
    ended = first.last(Ended)
    assert ended.remote and ended.reasons == (Reason("Q.850", 102, "Recovery on timer expiry"),)
    assert "ACK" in stage.to(FIRST) and BYE in stage.to(FIRST)
    assert [type(event) for event in stage.events[:2]] == [LegRinging, LegAnswered]
    assert len([event for event in stage.events if isinstance(event, LegAnswered)]) == 1


def test_a_host_that_rings_late_is_cancelled() -> None:
    def stage_of() -> HostsStage:
        made = HostsStage({FIRST: rings, SECOND: answers})
        made.wire.drop = lambda one: one.source == FIRST and one.at < 6.0
        return made

    stage = on_stage(stage_of, one_call)
    assert stage.sides[FIRST][0].last(Cancelled).reasons[0].cause == 102
    assert stage.answered and not stage.failed


def test_rfc3263_4_3_after_503_the_next_host_is_asked_at_once() -> None:
    stage = on_stage(lambda: HostsStage({FIRST: refuses(503), SECOND: answers}), one_call)
    assert [(at, to) for at, to, _ in stage.invites()] == [(0.0, FIRST), (0.04, SECOND)]
    assert stage.answered and not stage.failed and not stage.changes


def test_a_503_with_retry_after_keeps_its_host_out_for_that_time() -> None:
    async def script(stage: HostsStage) -> None:
        for at, number in ((0, "c1"), (10, "c2"), (31, "c3")):
            await after(at - (0, 0, 10)[int(number[1]) - 1])
            stage.dial(call=number)
            await after(0.5)
            stage.legs.release(number, 1, Cause.NORMAL)

    busy = refuses(503, headers=(("Retry-After", "30"),))
    stage = on_stage(lambda: HostsStage({FIRST: busy, SECOND: answers}), script)
    assert [to for _, to, _ in stage.invites()] == [FIRST, SECOND, SECOND, FIRST, SECOND]
    assert [(change.host.address, change.alive) for change in stage.changes] == [(FIRST, False)]
    assert stage.changes[0].why == "it answered 503 with Retry-After: 30"


def test_a_host_that_cannot_be_reached_is_left_at_once() -> None:
    trunk = replace(TRUNK, uri="sip:192.0.2.10:5060;transport=tcp")
    stage = on_stage(lambda: HostsStage({SECOND: answers}, trunk), one_call)
    assert [(at, to) for at, to, _ in stage.invites()] == [(0.02, SECOND)] or stage.invites()[0][0] < 0.1
    assert stage.answered and not stage.failed


def test_timer_b_moves_on_where_no_time_is_set() -> None:
    trunk = replace(TRUNK, next_host_after_seconds=0.0)

    async def script(stage: HostsStage) -> None:
        stage.dial(seconds=60)
        await after(60)
        stage.legs.release("c1", 1, Cause.NORMAL)

    stage = on_stage(lambda: HostsStage({SECOND: answers}, trunk), script)
    assert [(at, to) for at, to, _ in stage.invites()] == [(0.0, FIRST), (32.0, SECOND)]
    assert stage.answered


@pytest.mark.parametrize("code", [404, 408, 480, 486, 488, 500, 603])
def test_other_failures_are_the_calls_own_and_final(code: int) -> None:
    stage = on_stage(lambda: HostsStage({FIRST: refuses(code), SECOND: answers}), one_call)
    assert stage.asked == [FIRST]
    assert [event.code for event in stage.failed] == [code]


def test_a_503_that_tells_of_the_callee_is_the_calls_own() -> None:
    busy = refuses(503, Reason("Q.850", 17, "User busy"))
    stage = on_stage(lambda: HostsStage({FIRST: busy, SECOND: answers}), one_call)
    assert stage.asked == [FIRST] and [event.cause for event in stage.failed] == [Cause.BUSY]


def test_once_it_rings_a_503_is_final() -> None:
    def script(session: IncomingSession) -> None:
        session.progress(183, far())
        session.release(code=503)

    stage = on_stage(lambda: HostsStage({FIRST: script, SECOND: answers}), one_call)
    assert stage.asked == [FIRST] and [event.code for event in stage.failed] == [503]


def test_when_all_have_failed_the_last_failure_is_the_legs() -> None:
    stage = on_stage(lambda: HostsStage({FIRST: refuses(503), SECOND: refuses(503)}), one_call)
    assert stage.asked == [FIRST, SECOND]
    assert [(event.code, event.cause) for event in stage.failed] == [(503, Cause.FAILED)]


def test_a_caller_who_leaves_ends_it_on_whichever_host_it_is() -> None:
    async def script(stage: HostsStage) -> None:
        stage.dial()
        await after(7)
        stage.legs.release("c1", 1, Cause.CANCELED)

    stage = on_stage(lambda: HostsStage({SECOND: rings}), script)
    assert stage.sides[SECOND][0].last(Cancelled)
    assert [event.cause for event in stage.failed] == [Cause.CANCELED]


def test_a_release_before_anybody_replied_asks_no_further_host() -> None:
    async def script(stage: HostsStage) -> None:
        stage.dial()
        await after(2)
        stage.legs.release("c1", 1, Cause.CANCELED)

    stage = on_stage(lambda: HostsStage({SECOND: answers}), script)
    assert stage.asked == [] and len(stage.failed) == 1


def test_two_silences_take_a_host_out_and_its_next_answer_is_told() -> None:
    async def script(stage: HostsStage) -> None:
        for number in range(1, 5):
            stage.dial(call=f"c{number}")
            await after(10)
            stage.legs.release(f"c{number}", 1, Cause.NORMAL)
        stage.wire.drop = None
        await after(30)
        stage.dial(call="c9")
        await after(10)
        stage.legs.release("c9", 1, Cause.NORMAL)

    def stage_of() -> HostsStage:
        made = HostsStage({FIRST: answers, SECOND: answers})
        made.wire.drop = lambda one: one.target == FIRST
        return made

    stage = on_stage(stage_of, script)
    assert [to for _, to, _ in stage.invites()] == [FIRST, SECOND, FIRST, SECOND, SECOND, SECOND, FIRST]
    assert [(change.alive, change.host.address) for change in stage.changes] == [
        (False, FIRST),
        (True, FIRST),
    ]


def test_in_dialog_requests_of_the_host_that_answered_are_taken() -> None:
    async def script(stage: HostsStage) -> None:
        stage.dial()
        await after(6)
        session = stage.sides[SECOND][0].session
        assert session is not None
        session.release()
        await after(1)

    stage = on_stage(lambda: HostsStage({SECOND: answers}), script)
    assert [type(event).__name__ for event in stage.events] == ["LegRinging", "LegAnswered", "LegEnded"]


def test_equals_share_the_calls() -> None:
    trunk = replace(TRUNK, hosts=("sip:192.0.2.11:5060;weight=3",))

    def stage_of() -> HostsStage:
        return HostsStage({FIRST: refuses(486), SECOND: refuses(486)}, trunk)

    async def script(stage: HostsStage) -> None:
        for number in range(400):
            stage.dial(call=f"c{number}")
            await after(0.1)

    stage = on_stage(stage_of, script)
    assert 260 < stage.asked.count(SECOND) < 340 and len(stage.asked) == 400


def test_calls_per_second_over_the_limit_fail_at_once() -> None:
    trunk = Trunk("carrier", "sip:192.0.2.10:5060", ("192.0.2.0/24",), calls_per_second=2.0)

    async def script(stage: HostsStage) -> None:
        able = []
        for number in range(4):
            stage.dial(call=f"c{number}")
            able.append(bool(stage.legs.able()))
        assert able == [True, False, False, False]
        await after(0.6)
        assert stage.legs.able()
        stage.dial(call="c9")
        await after(1)

    stage = on_stage(lambda: HostsStage({FIRST: refuses(486)}, trunk), script)
    assert len(stage.asked) == 3
    told = [event.text for event in stage.failed if event.cause is Cause.FAILED]
    assert told == ["trunk carrier is at its limit of 2 calls per second"] * 2


# --- 3xx --------------------------------------------------------------------------------------------------

FOLLOW = replace(TRUNK, hosts=(), redirects="follow")


def moved(*contacts: str) -> Script:
    """Redirects there. A stack of ours never sends a 3xx: its inner parts are used."""

    def script(session: IncomingSession) -> None:
        called = cast(CalledSession, session)
        called._refuse(302, "Moved Temporarily", [f"Contact: {contact}" for contact in contacts])
        called._finish_at = called.stack.now()
        called.stack.arm(called)

    return script


def uris(stage: HostsStage) -> list[str]:
    return [uri for _, _, uri in stage.invites()]


def test_a_3xx_is_a_failed_attempt_unless_the_trunk_says_otherwise() -> None:
    first = moved("<sip:+919876543210@192.0.2.11>")
    stage = on_stage(lambda: HostsStage({FIRST: first, SECOND: answers}), one_call)
    assert stage.asked == [FIRST] and [event.code for event in stage.failed] == [302]


def test_a_3xx_to_the_trunks_own_hosts_is_followed_by_q() -> None:
    first = moved("<sip:+919876543210@192.0.2.11>;q=0.1", "<sip:+919876543210@192.0.2.12>;q=0.9")
    made = {FIRST: first, SECOND: answers, THIRD: refuses(503)}
    stage = on_stage(lambda: HostsStage(made, FOLLOW), one_call)
    assert stage.asked == [FIRST, THIRD, SECOND] and stage.answered and not stage.failed
    assert uris(stage)[1] == "sip:+919876543210@192.0.2.12:5060"


def test_s15_a_3xx_that_leads_out_of_the_trunk_is_not_followed() -> None:
    elsewhere = Address("udp", "203.0.113.5", 5060)
    for contact in (
        "<sip:+919876543210@203.0.113.5>",
        "<sip:+919876543210@127.0.0.1:5060>",
        "<sip:+919876543210@evil.example>",
        "<sip:+919876543210@192.0.2.11:22>",
        "<sip:+919876543210@192.0.2.11;maddr=203.0.113.5>",
    ):
        made = {FIRST: moved(contact), elsewhere: answers, SECOND: refuses(486)}
        stage = on_stage(lambda made=made: HostsStage(made, FOLLOW), one_call)  # type: ignore[misc]
        assert elsewhere not in stage.asked
        assert {one.target.host for one in stage.wire.passed} <= {"192.0.2.10", "192.0.2.11", "198.51.100.1"}
        assert len(stage.failed) == 1
        if "maddr" not in contact:
            assert stage.alarms == [("redirect-outside-trunk", FIRST.host)]


def test_s5_a_3xx_to_a_number_that_is_never_dialled_is_not_followed() -> None:
    made = {FIRST: moved("<sip:+8821612345678@192.0.2.11>"), SECOND: answers}
    stage = on_stage(lambda: HostsStage(made, FOLLOW), one_call)
    assert stage.asked == [FIRST] and [event.code for event in stage.failed] == [302]
    made = {FIRST: moved("<sip:+12025550123@192.0.2.11>"), SECOND: answers}
    stage = on_stage(lambda: HostsStage(made, FOLLOW, countries=("IN",)), one_call)
    assert stage.asked == [FIRST]


def test_a_3xx_to_another_number_that_may_be_dialled_is_followed() -> None:
    made = {FIRST: moved("<sip:09812345678@192.0.2.11;user=phone>"), SECOND: answers}
    stage = on_stage(lambda: HostsStage(made, FOLLOW), one_call)
    assert uris(stage) == ["sip:+919876543210@192.0.2.10:5060", "sip:09812345678@192.0.2.11:5060"]


def test_3xx_never_go_round_and_never_more_than_three_times() -> None:
    def to(host: str, number: str = "+919876543210") -> str:
        return f"<sip:{number}@{host}>"

    made = {FIRST: moved(to("192.0.2.11")), SECOND: moved(to("192.0.2.10"), to("192.0.2.11"))}
    stage = on_stage(lambda: HostsStage(made, FOLLOW), one_call)
    assert stage.asked == [FIRST, SECOND] and [event.code for event in stage.failed] == [302]
    numbers = [f"+9198123456{n:02}" for n in range(9)]

    def onward(session: IncomingSession) -> None:
        moved(to("192.0.2.11", numbers.pop()))(session)

    stage = on_stage(lambda: HostsStage({FIRST: onward, SECOND: onward}, FOLLOW), one_call)
    assert len(stage.asked) == 4
    assert isinstance(stage.events[-1], LegFailed)


# --- whatever happens ---------------------------------------------------------------------------------------


def whims(chance: random.Random) -> Script:
    """Does something, some time."""

    def script(session: IncomingSession) -> None:
        loop = asyncio.get_running_loop()
        at = chance.choice((0.0, 0.3, 4.98, 5.0, 5.02, 7.0))
        if chance.random() < 0.5:
            loop.call_later(at * chance.random(), session.progress, 180)
        what = chance.randrange(4)
        if what == 0:
            loop.call_later(at, session.accept, far())
        elif what == 1:
            code = chance.choice((486, 503, 480, 408))
            loop.call_later(at, lambda: session.release(code=code))
        elif what == 2:
            numbers = [f"<sip:+91987654321{chance.randrange(3)}@192.0.2.{10 + chance.randrange(4)}>"]
            loop.call_later(at, moved(*numbers), session)

    return script


@pytest.mark.parametrize("seed", range(40))
def test_f10_every_leg_ends_once_and_leaves_nothing_behind(seed: int) -> None:
    chance = random.Random(seed)
    trunk = replace(FOLLOW, hosts=("sip:192.0.2.11:5060", "sip:192.0.2.12:5060;transport=tcp;priority=1"))
    made = {FIRST: rings, SECOND: rings, Address("tcp", THIRD.host, THIRD.port): rings}

    def stage_of() -> HostsStage:
        hosts = {at: script for at, script in made.items() if chance.random() < 0.8}
        stage = HostsStage({at: whims(chance) for at in hosts}, trunk)
        stage.wire.loss = chance.choice((0.0, 0.1, 0.2))
        return stage

    async def script(stage: HostsStage) -> None:
        for number in range(4):
            stage.dial(call=f"c{number}")
            await after(chance.choice((0.5, 4.99, 5.01, 12.0, 40.0)))
            stage.legs.release(f"c{number}", 1, Cause.NORMAL)
        stage.wire.loss = 0.0  # the last words are not lost, so that nobody is left in doubt

    stage = on_stage(stage_of, script)
    ends = [event for event in stage.events if isinstance(event, LegFailed | LegEnded)]
    assert len(ends) == 4
    assert len([event for event in stage.events if isinstance(event, LegAnswered)]) <= 4
