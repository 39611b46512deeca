"""The calls of one packet process: who hears what, in every phase. No socket and no clock in here."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from cordboard.call.scene import Party, Recording, Scene, Silence, Source
from cordboard.call.words import AudioDied, AudioStarted, DigitPressed, Played
from cordboard.media.control import ForeignAudio, LegReport, MediaEvent, Stream
from cordboard.media.embedded.g711 import SILENCE
from cordboard.media.embedded.leg import Leg
from cordboard.media.embedded.plays import Play, PlayKey, Sound, begin, key_of
from cordboard.media.embedded.rtp import STATIC_TYPES
from cordboard.media.embedded.stream import Outgoing, Send

Lock = AbstractContextManager[object]
SHIP_NS = 1_000_000_000
"""How often the recorder gets what was heard."""


@dataclass(slots=True, eq=False)
class Tape:
    """A recording that runs: ``sides`` are the legs of its channels, one or two. ``file``: the engine's
    number for it. ``every``: how often what came is sent to the recorder, in nanoseconds. ``heard``: so many
    packets of each side."""

    file: int
    name: str
    path: str
    dual: bool
    sides: tuple[int, ...]
    began: int
    every: int = SHIP_NS
    heard: list[int] = field(default_factory=lambda: [0, 0])


@dataclass(slots=True, eq=False)
class Call:
    """``plays``: what sounds at the moment, each with the legs that hear it."""

    name: str
    lock: Lock
    legs: dict[int, Leg] = field(default_factory=dict)
    scene: Scene = field(default_factory=Scene)
    plays: dict[PlayKey, Play] = field(default_factory=dict)
    tape: Tape | None = None


class Room:
    """All calls of a process.

    ``make_lock``: a fresh lock per call (packets, players and orders come in different threads).
    ``emit(call, event)``, ``aim(call, leg)`` and ``problem(call, leg, text)`` are called with the call's lock
    held: they only put something into a queue.
    """

    def __init__(
        self,
        make_lock: Callable[[], Lock],
        emit: Callable[[str, MediaEvent], None],
        aim: Callable[[str, Leg], None],
        problem: Callable[[str, int, str], None],
    ) -> None:
        self._make_lock, self._emit, self._aim, self._problem = make_lock, emit, aim, problem
        self.calls: dict[str, Call] = {}
        self.sounds: dict[str, Sound] = {}
        self._sounding: dict[str, Call] = {}

    # --- orders ------------------------------------------------------------------------------------

    def open_leg(
        self, name: str, number: int, send: Send, ssrc: int, sequence: int, timestamp: int, now: int
    ) -> Leg:
        """A leg that has a port from now on. Its ``packet`` takes what comes in."""
        call = self.calls.get(name)
        if call is None:
            call = self.calls[name] = Call(name, self._make_lock())

        def tell(leg: Leg, what: str, detail: str) -> None:
            self._told(call, leg, what, detail)

        out = Outgoing(send, ssrc, sequence, timestamp, now)
        with call.lock:
            leg = call.legs[number] = Leg(number, out, call.lock, tell)
            self._arrange(call)
        return leg

    def set_stream(self, name: str, number: int, stream: Stream, now: int) -> Leg | None:
        """What was agreed for a leg. The caller then aims at ``leg.aimed_at``."""
        call = self.calls.get(name)
        leg = call.legs.get(number) if call else None
        if call is None or leg is None:
            return None
        with call.lock:
            leg.agree(stream, now)
            self._arrange(call)
        return leg

    def set_scene(self, name: str, scene: Scene) -> None:
        """What everybody hears from now on."""
        call = self.calls.get(name)
        if call is None:
            call = self.calls[name] = Call(name, self._make_lock())
        with call.lock:
            call.scene = scene
            self._arrange(call)

    def send_digit(self, name: str, number: int, digit: str) -> None:
        """Send a digit: as telephone-event, or as tones to a leg that did not agree to such."""
        call = self.calls.get(name)
        leg = call.legs.get(number) if call else None
        if call is None or leg is None or leg.stream is None:
            return
        with call.lock:
            if leg.out.dialler.add(digit):
                self._arrange(call)

    def start_tape(self, name: str, tape: Tape) -> None:
        """Keep what the legs of the tape send, from now on."""
        call = self.calls[name]
        with call.lock:
            call.tape = tape
            self._thread(call)

    def take_tape(self, call: Call, ends: bool) -> list[list[object]]:
        """What came on each side since the last time: arrival, datagram, arrival, datagram …

        While a side is on hold nobody talks to it, and what is said then is not kept: both sides are silence
        (telephony.md 7). To be called before a new ``set_stream``, too.
        """
        with call.lock:
            tape = call.tape
            if tape is None:
                return []
            sides = []
            on_hold = any(_on_hold(call.legs.get(number)) for number in tape.sides)
            for number in tape.sides:
                leg = call.legs.get(number)
                items = leg.tape or [] if leg else []
                sides.append(_hushed(items, leg.codec) if on_hold and leg else items)
                if leg:
                    leg.tape = None if ends else []
            if ends:
                call.tape = None
            return sides

    def close_leg(self, name: str, number: int) -> LegReport | None:
        """Forget a leg; what it was like."""
        call = self.calls.get(name)
        if call is None or number not in call.legs:
            return None
        with call.lock:
            leg = call.legs.pop(number)
            leg.heard_by(())
            leg.door = None
            leg.connect(_nowhere)  # lets go of the channel: nothing collects circles in that process
            self._arrange(call)
            return leg.report()

    def forget(self, name: str) -> None:
        """A call without legs is over."""
        call = self.calls.pop(name, None)
        self._sounding.pop(name, None)
        if call is not None:
            call.plays.clear()

    # --- time --------------------------------------------------------------------------------------

    def tick(self, now: int, frames: int) -> None:
        """Everything that sounds goes on by ``frames`` times 20 ms."""
        for call in list(self._sounding.values()):
            with call.lock:
                for _ in range(frames):
                    self._sound(call, now)

    def look_for_the_dead(self, now: int) -> None:
        """To be called about once a second. Who is sent nothing for long gets a packet."""
        for call in list(self.calls.values()):
            for leg in list(call.legs.values()):
                with call.lock:
                    if leg.is_dead(now):
                        self._emit(call.name, AudioDied(leg.number))
                    try:
                        leg.out.keep_alive(now)
                    except Exception as error:  # a full queue loses its frame
                        leg.failed(error)

    def _sound(self, call: Call, now: int) -> None:
        over = False
        for play in call.plays.values():
            play.heard = False
        for leg in call.legs.values():
            player = leg.player
            if leg.stream is None:
                continue
            if isinstance(player, Play):
                player.heard = True
            if leg.out.open:
                over = self._speak(leg, now) or over
        for play in list(call.plays.values()):
            # A sound waits for its first hearer: the beginning of an announcement is not lost.
            if play.heard and not play.over:
                play.step()
            elif play.heard and play.number is not None and not play.loop:
                self._emit(call.name, Played(play.number))
                play.number = None
                over = True
                for leg in call.legs.values():
                    if leg.player is play and not leg.out.dialler.busy:
                        leg.out.expect()
                        self._speak(leg, now)
        if over:
            self._arrange(call)

    def _speak(self, leg: Leg, now: int) -> bool:
        """Send a leg its 20 ms; True when its last digit went out, or nothing more goes out from here."""
        out, player = leg.out, leg.player
        try:
            if out.dialler.busy:
                out.dial(now)
                return not out.dialler.busy
            if isinstance(player, Play) and not player.over:
                out.bridged()
                out.play(player.frame(out.codec), now)
            elif out.bridging:
                if leg.speaker is None or out.fresh:
                    out.bridge(now)
                else:
                    out.bridged()
                return not out.bridging
        except Exception as error:  # a full queue loses its frame; it must not stop what others hear
            leg.failed(error)
        return False

    # --- who hears whom ----------------------------------------------------------------------------

    def _arrange(self, call: Call) -> None:
        """Bring everything in line with the scene. Doing it twice changes nothing."""
        wanted: dict[PlayKey, Play] = {}
        speakers: dict[int, list[Outgoing]] = {}
        busy = False
        for number, leg in call.legs.items():
            speaker, source = self._resolve(call, call.scene.heard_by(number))
            player: Play | None = None
            key = key_of(source)
            if key is not None:
                player = wanted.get(key) or call.plays.get(key) or begin(source, self.sounds)
                wanted[key] = player
            if player is not leg.player or speaker is not leg.speaker:
                leg.player, leg.speaker = player, speaker
                leg.out.fresh = True
                if speaker is not None:
                    leg.out.expect()
            busy = busy or leg.out.dialler.busy or (leg.out.open and leg.out.bridging)
            if leg.out.dialler.busy:
                continue
            if speaker is not None and leg.out.open:
                speakers.setdefault(speaker.number, []).append(leg.out)
        for number, leg in call.legs.items():
            leg.heard_by(tuple(speakers.get(number, ())))
        # A clip that was played stays known as long as the scene names it, so that it does not start over.
        call.plays = wanted
        if busy or any(play.number is not None or not play.over for play in wanted.values()):
            self._sounding[call.name] = call
        else:
            self._sounding.pop(call.name, None)
        self._thread(call)

    @staticmethod
    def _resolve(call: Call, source: Source) -> tuple[Leg | None, Source]:
        """The leg that is heard, or the sound."""
        if not isinstance(source, Party):
            return None, source
        speaker = call.legs.get(source.leg)
        if speaker is not None and speaker.started:
            return speaker, Silence()
        return None, source.until

    @staticmethod
    def _thread(call: Call) -> None:
        """Put a tape into the legs that are recorded."""
        sides = call.tape.sides if call.tape else ()
        for number, leg in call.legs.items():
            if number in sides and leg.tape is None:
                leg.tape = []
            elif number not in sides:
                leg.tape = None

    def _pass_on(self, call: Call, leg: Leg, digit: str) -> None:
        """Who hears the leg in one way and takes digits in the other gets this one in theirs: a tone as an
        event instead of what is left of the tone, an event as a tone (telephony.md 20)."""
        hearers = [
            other
            for other in call.legs.values()
            if other.speaker is leg and (other.out.event_type is None) != (leg.out.event_type is None)
        ]
        for other in hearers:
            if other.out.open:
                other.out.dialler.add(digit, heard=True)
        if hearers:
            self._arrange(call)

    def _told(self, call: Call, leg: Leg, what: str, detail: str) -> None:
        if what == "audio":
            self._emit(call.name, AudioStarted(leg.number))
            self._arrange(call)
        elif what == "digit":
            self._emit(call.name, DigitPressed(leg.number, detail))
            self._pass_on(call, leg, detail)
        elif what == "foreign":
            self._emit(call.name, ForeignAudio(leg.number, detail))
        elif what == "aim":
            self._aim(call.name, leg)
        else:
            self._problem(call.name, leg.number, detail)


def _on_hold(leg: Leg | None) -> bool:
    return leg is not None and leg.stream is not None and not leg.stream.receives


def _hushed(items: list[object], law: str) -> list[object]:
    """The same packets without what they say; their times and numbers stay: nothing counts as lost."""
    out = list(items)
    for at in range(1, len(items), 2):
        data = items[at]
        assert isinstance(data, bytes)
        spoken = STATIC_TYPES.get(data[1] & 0x7F, law)
        out[at] = b"\x80" + data[1:12] + SILENCE[spoken] * (len(data) - 12)
    return out


def _nowhere(packet: bytes) -> None:
    """Where a closed leg sends."""


def same_recording(tape: Tape | None, recording: Recording | None) -> bool:
    """True while a tape is what the scene asks for."""
    return (tape.name if tape else None) == (recording.name if recording else None)
