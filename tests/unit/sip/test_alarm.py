"""One timer for everything: what is armed rings once, at its time, and only while it still wants to."""

import asyncio
from math import inf

from cordboard.sip.endpoint.alarm import Alarm, Sleeper
from cordboard.testing.virtual_time import run


class Thing:
    def __init__(self, due: float | None, lingers: bool = False) -> None:
        self.armed = inf
        self.lingers = lingers
        self.due = due

    def deadline(self) -> float | None:
        return self.due


def test_alarms_move_vanish_and_ring_in_order() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        rung: list[tuple[Sleeper, float]] = []

        def ring(thing: Sleeper, now: float) -> None:
            rung.append((thing, round(loop.time(), 3)))
            assert isinstance(thing, Thing)
            thing.due = None

        alarm = Alarm(loop.time, ring)
        alarm.start(loop)
        late, early, moved, gone, sooner = Thing(5), Thing(1), Thing(2), Thing(3), Thing(9)
        for thing in (late, early, moved, gone, sooner):
            alarm.arm(thing)
        moved.due = 7
        gone.due = None
        sooner.due = 4
        alarm.arm(sooner)
        await asyncio.sleep(20)
        assert rung == [(early, 1), (sooner, 4), (late, 5), (moved, 7)]
        alarm.arm(late)
        late.due = 30
        alarm.arm(late)
        alarm.stop()
        await asyncio.sleep(20)
        assert len(rung) == 4

    run(story())


def test_what_rings_may_arm_others_even_for_now() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        rung: list[float] = []
        second = Thing(None)

        def ring(thing: Sleeper, now: float) -> None:
            rung.append(round(loop.time(), 3))
            assert isinstance(thing, Thing)
            thing.due = None
            if len(rung) == 1:
                second.due = now
                alarm.arm(second)

        alarm = Alarm(loop.time, ring)
        alarm.start(loop)
        alarm.arm(Thing(1))
        await asyncio.sleep(2)
        assert rung == [1, 1]

    run(story())


def test_under_load_what_is_due_within_a_moment_rings_together() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        rung: list[float] = []

        def ring(thing: Sleeper, now: float) -> None:
            rung.append(round(loop.time(), 3))
            assert isinstance(thing, Thing)
            thing.due = None

        alarm = Alarm(loop.time, ring)
        alarm.start(loop)
        for due in (1.0, 1.004, 1.012, 1.5):
            alarm.arm(Thing(due))
        await asyncio.sleep(2)
        assert rung == [1.0, 1.02, 1.02, 1.5]

    run(story())


def test_what_only_waits_to_end_ends_with_others_a_moment_later_never_sooner() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        rung: list[tuple[float | None, float]] = []

        def ring(thing: Sleeper, now: float) -> None:
            rung.append((thing.deadline(), round(loop.time(), 3)))
            assert isinstance(thing, Thing)
            thing.due = None

        alarm = Alarm(loop.time, ring)
        alarm.start(loop)
        for due in (32.51, 32.6, 32.99, 33.0):
            alarm.arm(Thing(due, lingers=True))
        begins_to_linger = Thing(0.5)
        alarm.arm(begins_to_linger)
        begins_to_linger.due, begins_to_linger.lingers = 32.7, True
        alarm.arm(begins_to_linger)
        alarm.arm(Thing(32.8))
        await asyncio.sleep(40)
        assert rung[0] == (32.8, 32.8)
        assert sorted(rung[1:]) == [(32.51, 33.0), (32.6, 33.0), (32.7, 33.0), (32.99, 33.0), (33.0, 33.0)]

    run(story())
