"""What every media engine must do, checked from outside. Run against the pretended and the real ones."""

import asyncio
from collections.abc import Callable

from cordboard.call.scene import Clip, HoldMusic, Party, Quiet, Recording, Scene, Silence
from cordboard.call.words import FellSilent, MediaLost, Played
from cordboard.media.control import LegReport, MediaEngine, MediaEvent, RecordingEnded, Stream

_NOBODY = Stream(address="127.0.0.1", port=9, codec="PCMA", payload_type=8)
_LONGEST = 10.0


class _Watch:
    """Keeps an engine's events and waits for them."""

    def __init__(self, engine: MediaEngine) -> None:
        self.events: list[tuple[str, MediaEvent]] = []
        engine.on_event = self._take
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()

    def _take(self, call: str, event: MediaEvent) -> None:
        self.events.append((call, event))
        self._changed.set()

    def count(self, event: MediaEvent, call: str) -> int:
        return self.events.count((call, event))

    def of(self, kind: type[MediaEvent], call: str) -> list[MediaEvent]:
        return [event for name, event in self.events if name == call and isinstance(event, kind)]

    async def until(self, true: Callable[[], object], what: str) -> None:
        end = self._loop.time() + _LONGEST
        while not true():
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), end - self._loop.time())
            except TimeoutError:
                raise AssertionError(f"never came: {what}") from None

    async def pass_time(self, seconds: float) -> None:
        passed = asyncio.Event()
        self._loop.call_later(seconds, passed.set)
        await passed.wait()


async def check_media_engine(engine: MediaEngine) -> None:
    """Run every check against a started engine. Raises AssertionError with a sentence."""
    for check in (
        _legs,
        _plays,
        _goes_on,
        _loops,
        _unknown,
        _until,
        _waits,
        _records,
        _hears_silence,
        _closes,
    ):
        await check(engine)


def _half_a_second() -> bytes:
    return b"\0\0" * 4000


async def _legs(engine: MediaEngine) -> None:
    watch = _Watch(engine)
    first, again = engine.open_leg("suite-legs", 0), engine.open_leg("suite-legs", 0)
    assert first == again, "opening a leg twice must name the same place"
    assert first.port % 2 == 0, "RTP ports are even (RFC 3550 §11)"
    assert engine.open_leg("suite-legs", 1).port != first.port, "two legs need two ports"
    engine.close_call("suite-legs")
    await watch.until(lambda: len(watch.of(LegReport, "suite-legs")) == 2, "a report of each leg")
    assert not watch.of(MediaLost, "suite-legs"), "closing is no loss"


async def _plays(engine: MediaEngine) -> None:
    """A clip is over once, after its time, however many hear it."""
    watch = _Watch(engine)
    loop = asyncio.get_running_loop()
    engine.load("suite-half", _half_a_second())
    for leg in (0, 1):
        engine.open_leg("suite-plays", leg)
        engine.set_stream("suite-plays", leg, _NOBODY)
    began = loop.time()
    clip = Clip("suite-half", 1)
    engine.set_scene("suite-plays", Scene(((0, clip), (1, clip))))
    await watch.until(lambda: watch.count(Played(1), "suite-plays"), "Played")
    assert loop.time() - began >= 0.45, "Played came before the clip was over"
    await watch.pass_time(0.2)
    assert watch.count(Played(1), "suite-plays") == 1, "a clip is over once"
    engine.close_call("suite-plays")


async def _goes_on(engine: MediaEngine) -> None:
    """The same play in the next scene goes on where it was."""
    watch = _Watch(engine)
    loop = asyncio.get_running_loop()
    engine.load("suite-long", _half_a_second() * 2)
    for leg in (0, 1):
        engine.open_leg("suite-on", leg)
        engine.set_stream("suite-on", leg, _NOBODY)
    clip = Clip("suite-long", 7)
    began = loop.time()
    engine.set_scene("suite-on", Scene(((0, clip),)))
    await watch.pass_time(0.6)
    engine.set_scene("suite-on", Scene(((0, clip), (1, HoldMusic()))))
    await watch.until(lambda: watch.count(Played(7), "suite-on"), "Played")
    assert loop.time() - began < 1.5, "the clip started over"
    engine.close_call("suite-on")


async def _loops(engine: MediaEngine) -> None:
    watch = _Watch(engine)
    engine.load("suite-half", _half_a_second())
    engine.open_leg("suite-loop", 0)
    engine.set_stream("suite-loop", 0, _NOBODY)
    engine.set_scene("suite-loop", Scene(((0, Clip("suite-half", 1, loop=True)),)))
    await watch.pass_time(0.8)
    assert not watch.of(Played, "suite-loop"), "a loop is never over"
    engine.close_call("suite-loop")


async def _unknown(engine: MediaEngine) -> None:
    """A sound that nobody loaded is over at once: the call goes on."""
    watch = _Watch(engine)
    engine.open_leg("suite-unknown", 0)
    engine.set_stream("suite-unknown", 0, _NOBODY)
    engine.set_scene("suite-unknown", Scene(((0, Clip("suite-nothing", 3)),)))
    await watch.until(lambda: watch.count(Played(3), "suite-unknown"), "Played of an unknown sound")
    engine.close_call("suite-unknown")


async def _until(engine: MediaEngine) -> None:
    """While a party is not heard, what stands for it is played."""
    watch = _Watch(engine)
    engine.load("suite-half", _half_a_second())
    for leg in (0, 1):
        engine.open_leg("suite-until", leg)
        engine.set_stream("suite-until", leg, _NOBODY)
    engine.set_scene("suite-until", Scene(((0, Party(1, until=Clip("suite-half", 2))),)))
    await watch.until(lambda: watch.count(Played(2), "suite-until"), "Played of what stands for a party")
    engine.close_call("suite-until")


async def _waits(engine: MediaEngine) -> None:
    """Whoever hears ``Quiet`` is sent a frame each 20 ms, whoever hears ``Silence`` is sent none."""
    watch = _Watch(engine)
    engine.load("suite-half", _half_a_second())
    sources = (Quiet(), Silence(), Clip("suite-half", 8))
    for leg in range(len(sources)):
        engine.open_leg("suite-quiet", leg)
        engine.set_stream("suite-quiet", leg, _NOBODY)
    engine.set_scene("suite-quiet", Scene(tuple(enumerate(sources))))
    await watch.until(lambda: watch.count(Played(8), "suite-quiet"), "Played")
    engine.set_scene("suite-quiet", Scene(((0, Quiet()), (2, Quiet()))))
    await watch.pass_time(1.0)
    engine.close_call("suite-quiet")
    await watch.until(lambda: len(watch.of(LegReport, "suite-quiet")) == 3, "a report of each leg")
    sent = {r.leg: r.packets_out for r in watch.of(LegReport, "suite-quiet") if isinstance(r, LegReport)}
    assert sent[1] == 0, f"{sent[1]} packets were sent to a leg that hears nothing"
    for leg in (0, 2):
        assert 70 <= sent[leg] <= 110, f"{sent[leg]} packets were sent in 1.5 s instead of 75"


async def _records(engine: MediaEngine) -> None:
    """A recording that is no longer named ends, once; closing the call ends it, too."""
    watch = _Watch(engine)
    for leg in (0, 1):
        engine.open_leg("suite-tape", leg)
        engine.set_stream("suite-tape", leg, _NOBODY)
    talk = ((0, Party(1)), (1, Party(0)))
    engine.set_scene("suite-tape", Scene(talk, Recording("one", dual=True, left=0, right=1)))
    await watch.pass_time(0.5)
    engine.set_scene("suite-tape", Scene(talk))
    await watch.until(lambda: watch.of(RecordingEnded, "suite-tape"), "the end of a recording")
    engine.set_scene("suite-tape", Scene(talk, Recording("two", dual=False, left=0, right=1)))
    await watch.pass_time(0.2)
    engine.close_call("suite-tape")
    await watch.until(lambda: len(watch.of(RecordingEnded, "suite-tape")) == 2, "the second recording's end")
    one, two = watch.of(RecordingEnded, "suite-tape")
    assert isinstance(one, RecordingEnded) and isinstance(two, RecordingEnded)
    assert (one.name, one.state, one.channels) == ("one", "whole", 2), f"not as asked: {one}"
    assert 0.4 <= one.seconds <= 2.0, f"{one.seconds} s instead of 0.5"
    assert (two.name, two.state, two.channels) == ("two", "whole", 1), f"not as asked: {two}"


async def _hears_silence(engine: MediaEngine) -> None:
    """Of a leg that is recorded alone, its silence is told once; of others, never."""
    watch = _Watch(engine)
    loop = asyncio.get_running_loop()
    for leg in (0, 1):
        engine.open_leg("suite-silence", leg)
        engine.set_stream("suite-silence", leg, _NOBODY)
    engine.set_scene(
        "suite-silence", Scene((), Recording("two", dual=True, left=0, right=1, silence_seconds=0.4))
    )
    await watch.pass_time(1.2)
    assert not watch.of(FellSilent, "suite-silence"), "two legs never fall silent as one"
    began = loop.time()
    alone = Scene((), Recording("one", dual=False, left=0, right=0, silence_seconds=0.6))
    engine.set_scene("suite-silence", alone)
    await watch.until(lambda: watch.of(FellSilent, "suite-silence"), "the silence of a leg")
    passed = loop.time() - began
    assert 0.59 <= passed <= 3.0, f"silent after {passed:.2f} s instead of 0.6"
    engine.set_scene("suite-silence", Scene(((0, HoldMusic()),), alone.recording))
    await watch.pass_time(1.0)
    assert watch.of(FellSilent, "suite-silence") == [FellSilent("one")], "silence is told once"
    engine.set_scene("suite-silence", Scene((), Recording("deaf", dual=False, left=0, right=0)))
    await watch.pass_time(0.5)
    engine.close_call("suite-silence")
    await watch.until(lambda: len(watch.of(RecordingEnded, "suite-silence")) == 3, "three recordings' ends")
    channels = {
        e.name: e.channels for e in watch.of(RecordingEnded, "suite-silence") if isinstance(e, RecordingEnded)
    }
    assert channels == {"two": 2, "one": 1, "deaf": 1}, f"not as asked: {channels}"
    assert len(watch.of(FellSilent, "suite-silence")) == 1, "who did not ask is not told"


async def _closes(engine: MediaEngine) -> None:
    """Nothing that is said twice or too late is an error."""
    watch = _Watch(engine)
    engine.open_leg("suite-close", 0)
    engine.close_leg("suite-close", 0)
    engine.close_leg("suite-close", 0)
    engine.close_call("suite-close")
    engine.close_call("suite-close")
    engine.set_scene("suite-close", Scene())
    engine.set_stream("suite-close", 0, _NOBODY)
    engine.send_digit("suite-close", 0, "5")
    await watch.until(lambda: watch.of(LegReport, "suite-close"), "a report of the leg")
    await watch.pass_time(0.1)
    assert len(watch.of(LegReport, "suite-close")) == 1, "a leg is reported once"
