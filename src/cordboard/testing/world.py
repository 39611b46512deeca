"""A pretend world for whole flows: phones, a customer and a caller by script, a clock that jumps.

It obeys the commands of the runner, tells it what comes of them, keeps a transcript, and complains at once
when one of the promises in ``invariants`` is broken. A wire delay lets an answer and a release cross; late
events are never filtered.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self, TypeVar

from cordboard.call.causes import Cause, Side
from cordboard.call.scene import Clip, Scene, Source
from cordboard.call.words import (
    AudioDied,
    CallerArrived,
    CallerHungUp,
    Command,
    Dial,
    DigitPressed,
    Event,
    FellSilent,
    Fetch,
    Fetched,
    HangUpCaller,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegHeld,
    LegProgressed,
    LegRinging,
    MediaLost,
    PhoneRung,
    Played,
    PrepareSound,
    Release,
    SoundReady,
    Stopped,
    TimePassed,
)
from cordboard.contract.facts import CallFacts
from cordboard.flow.document import read_flow
from cordboard.flow.runner import Runner, State
from cordboard.runtime.kinds import KINDS
from cordboard.testing.invariants import Watch
from cordboard.testing.ladder import ladder_line, scene_line
from cordboard.testing.scenario import FINALS, PATIENCE, Caller, Phone, Reply, Scenario, Sound

T = TypeVar("T")

WIRE = 0.05
"""One-way delay between us and a phone, seconds."""

MOST_STEPS = 5000
"""A world that takes longer goes in circles."""


@dataclass(slots=True)
class Line:
    """One leg as the far side knows it. ``state``: calling, up, over. ``told``: we heard of its answer.
    ``asked``: why we released it; ``ended``: we heard of its end."""

    leg: int
    phone: Phone
    state: str = "calling"
    told: bool = False
    asked: Cause | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the transcript."""

    at: float
    what: Event | Command | Scene


@dataclass
class World:
    """Plays one scenario to its end. ``deadline_first``: who wins when an event comes at a deadline.

    ``crossings``: what a phone said before our release reached it is told, be it late (``legs`` keeps it to
    itself and says only how the leg ended; the machine must bear either).
    """

    scenario: Scenario
    deadline_first: bool = True
    crossings: bool = True
    now: float = 0.0
    transcript: list[Entry] = field(default_factory=list)
    scenes: list[tuple[float, Scene]] = field(default_factory=list)

    def __post_init__(self) -> None:
        flow, self.warnings = read_flow(self.scenario.flow, KINDS)
        self.runner = Runner(KINDS)
        others = tuple(read_flow(table, KINDS)[0] for table in self.scenario.more_flows)
        self.state: State = self.runner.begin(flow, self.scenario.account, self.scenario.facts(), others)
        self.watch = Watch()
        self.lines: dict[int, Line] = {}
        self._replies = list(self.scenario.replies)
        self._dialled: dict[str, int] = {}
        self._sounds: dict[str, Sound] = {}
        self._playing: dict[int, float] = {}
        self._recorded: set[str] = set()
        self._heap: list[tuple[float, int, Callable[[], Event | None]]] = []
        self._sequence = 0
        self._caller_left = False

    # --- the clock -------------------------------------------------------------------------------------

    def run(self) -> Self:
        """Play until nothing is left to happen, then look whether every promise was kept."""
        self._script_the_caller()
        for _ in range(MOST_STEPS):
            due = self._heap[0][0] if self._heap else None
            wants = self.runner.deadline(self.state)
            if due is None and wants is None:
                break
            if wants is not None and (due is None or wants < due or (wants == due and self.deadline_first)):
                self.now = max(self.now, wants)
                self.tell(TimePassed())
            elif due is not None:
                self.now, _, happen = heapq.heappop(self._heap)
                event = happen()
                if event is not None:
                    self.tell(event)
        else:
            raise AssertionError(f"the world goes in circles:\n{self.ladder()}")
        self.watch.at_the_end(self.state, [line.leg for line in self.lines.values() if line.state != "over"])
        return self

    def tell(self, event: Event) -> None:
        """Give one event to the runner and obey what it says."""
        self.transcript.append(Entry(self.now, event))
        before = self.state
        self.state, commands = self.runner.step(before, event, self.now)
        self.transcript.extend(Entry(self.now, command) for command in commands)
        scene = self.runner.scene(self.state)
        if not self.scenes or self.scenes[-1][1] != scene:
            self.scenes.append((self.now, scene))
            self.transcript.append(Entry(self.now, scene))
            self._play(scene)
            self._record(scene)
        self.watch.after_step(before, event, self.state, commands, scene, self.now)
        for command in commands:
            self._obey(command)

    def _later(self, delay: float, happen: Callable[[], Event | None]) -> None:
        self._sequence += 1
        heapq.heappush(self._heap, (self.now + delay, self._sequence, happen))

    def _event(self, delay: float, event: Event) -> None:
        self._later(delay, lambda: event)

    # --- the caller, the customer, the sounds ----------------------------------------------------------

    def _script_the_caller(self) -> None:
        scenario, caller = self.scenario, self.scenario.caller
        if scenario.order is not None:
            caller = Caller(digits=caller.digits)
        self._event(0.0, scenario.order or CallerArrived())
        script: list[tuple[float | None, Event]] = [
            (caller.dead, AudioDied(0)),
            (scenario.stops, Stopped()),
            (scenario.media_lost, MediaLost()),
            *((at, LegHeld(0, held)) for at, held in caller.holds),
            *((at, DigitPressed(0, digit)) for at, digit in caller.digits),
        ]
        for at, event in script:
            if at is not None:
                self._later(at, lambda event=event: None if self.runner.over(self.state) else event)  # type: ignore[misc]
        if caller.leaves is not None:
            self._later(caller.leaves, self._caller_leaves)

    def _caller_leaves(self) -> Event | None:
        """By CANCEL, or once answered by BYE."""
        if self.runner.over(self.state):
            return None
        self._caller_left = True
        return CallerHungUp(Cause.CANCELED if self.facts.answered_at is None else Cause.NORMAL)

    def _obey(self, command: Command) -> None:
        match command:
            case Fetch():
                self._reply(command)
            case PrepareSound(sound):
                self._prepare(sound, self._sound(command))
            case Dial(leg, number):
                self._dial(leg, number)
            case Release(leg, cause):
                self._release(leg, cause)
            case HangUpCaller() if 0 in self.lines:
                self._release(0, Cause.NORMAL)
            case _:
                pass

    def _reply(self, fetch: Fetch) -> None:
        reply = self._reply_to(fetch)
        if reply is not None and reply.after is not None:
            event = Fetched(
                fetch.request,
                reply.status,
                reply.media_type,
                reply.body,
                reply.error,
                reply.after,
                reply.able,
            )
            self._event(reply.after, event)

    def _reply_to(self, fetch: Fetch) -> Reply | None:
        """What the customer says; None: nothing, ever."""
        return self._replies.pop(0) if self._replies else None

    def _sound(self, asked: PrepareSound) -> Sound:
        """How a sound turns out."""
        return self.scenario.sounds.get(asked.value, Sound())

    def _prepare(self, key: str, sound: Sound) -> None:
        self._sounds[key] = sound
        if sound.after is not None:
            self._event(sound.after, SoundReady(key, sound.status, sound.seconds, sound.problem))

    def _play(self, scene: Scene) -> None:
        """A clip that is new in the scene ends when its sound does, unless it is taken out before."""
        clips = {
            source.play: source for _, source in scene.hears if isinstance(source, Clip) and not source.loop
        }
        self._playing = {play: at for play, at in self._playing.items() if play in clips}
        for play, clip in clips.items():
            sound = self._sounds[clip.sound]
            if play not in self._playing and sound.plays_out:
                self._playing[play] = self.now
                self._later(sound.seconds, lambda play=play: Played(play) if play in self._playing else None)  # type: ignore[misc]

    def _record(self, scene: Scene) -> None:
        """Whoever is recorded alone may fall silent."""
        kept = scene.recording
        if kept is None or not kept.alone or not kept.silence_seconds or kept.name in self._recorded:
            return
        self._recorded.add(kept.name)
        at, silent = self.scenario.silent_at(self.now, kept.silence_seconds), FellSilent(kept.name)
        self._later(at - self.now, lambda: silent if self.scenes[-1][1].recording == kept else None)

    # --- phones ----------------------------------------------------------------------------------------

    def _phone(self, number: str) -> Phone:
        """Who is rung this time."""
        phones = self.scenario.phones.get(number, self.scenario.others)
        if isinstance(phones, Phone):
            return phones
        nth = self._dialled.get(number, 0)
        self._dialled[number] = nth + 1
        return phones[min(nth, len(phones) - 1)]

    def _dial(self, leg: int, number: str) -> None:
        phone = self._phone(number)
        line = self.lines[leg] = Line(leg, phone)
        if phone.registered:
            self._later(0.0, lambda: PhoneRung(leg))
        if phone.silent:
            self._from_phone(
                line, PATIENCE - WIRE, "calling", LegFailed(leg, Cause.FAILED, 408), becomes="over"
            )
        if phone.rings is not None:
            self._from_phone(line, WIRE + phone.rings, "calling", LegRinging(leg, phone.restarts_limit))
        if phone.early is not None:
            self._from_phone(line, WIRE + phone.early, "calling", LegProgressed(leg, phone.restarts_limit))
        if phone.fails is not None:
            after, cause = phone.fails
            self._from_phone(
                line,
                WIRE + after,
                "calling",
                LegFailed(leg, cause, phone.code or FINALS[cause]),
                becomes="over",
            )
        if phone.answers is not None:
            self._from_phone(line, WIRE + phone.answers, "calling", LegAnswered(leg), becomes="up")
            for at, held in phone.holds:
                self._from_phone(line, WIRE + phone.answers + at, "up", LegHeld(leg, held))
            if phone.dead is not None:
                self._from_phone(line, WIRE + phone.answers + phone.dead, "up", AudioDied(leg))
            if phone.hangs_up is not None:
                self._from_phone(
                    line,
                    WIRE + phone.answers + phone.hangs_up,
                    "up",
                    LegEnded(leg, by=Side.CALLEE if leg else Side.CALLER),
                    becomes="over",
                )

    def _from_phone(self, line: Line, delay: float, during: str, event: Event, becomes: str = "") -> None:
        """At its place, at its time, if its state is still ``during``: the phone says something to us."""

        def act() -> None:
            if line.state == during:
                line.state = becomes or during
                self._later(WIRE, lambda: self._heard(line, event))

        self._later(delay, act)

    def _heard(self, line: Line, event: Event) -> Event | None:
        answered, over = isinstance(event, LegAnswered), isinstance(event, LegFailed | LegEnded)
        if line.asked is None or (self.crossings and not over):
            line.told = line.told or answered
        elif answered:
            # legs ends it by ACK and BYE; its answer is never told
            self._later(2 * WIRE, lambda: self._ended_as_asked(line, 0))
            return None
        elif not over:
            return None
        if not over:
            return event
        if line.ended:
            return None
        line.ended = True
        self._caller_left = self._caller_left or (line.leg == 0 and line.asked is None)
        return event if line.asked is None else self._as_asked(line, line.asked, event)

    def _release(self, leg: int, cause: Cause) -> None:
        """CANCEL or BYE, by what we know at this moment; a CANCEL does nothing to a phone that answered."""
        line = self.lines[leg]
        line.asked = line.asked or cause
        bye = line.told

        def arrive() -> None:
            if (line.state == "calling" and not line.phone.silent) or (line.state == "up" and bye):
                line.state = "over"
                self._later(WIRE, lambda: self._ended_as_asked(line, 487))

        self._later(WIRE, arrive)

    def _ended_as_asked(self, line: Line, code: int) -> Event | None:
        """The far side has taken our CANCEL or BYE."""
        if line.ended:
            return None
        line.state, line.ended = "over", True
        assert line.asked is not None
        return self._as_asked(line, line.asked, LegFailed(line.leg, line.asked, code))

    def _as_asked(self, line: Line, cause: Cause, event: Event) -> Event:
        """How a leg's end is told that we released: with our cause, whatever the far side said."""
        if line.told:
            return LegEnded(line.leg, cause, Side.CALLER if self._caller_left else Side.PLATFORM)
        return LegFailed(line.leg, cause, event.code if isinstance(event, LegFailed) else 0)

    # --- what tests look at ----------------------------------------------------------------------------

    @property
    def facts(self) -> CallFacts:
        """What is known of the call now."""
        return self.runner.facts(self.state)

    def seen(self, kind: type[T]) -> list[T]:
        """All events or commands of one kind, in order."""
        return [entry.what for entry in self.transcript if isinstance(entry.what, kind)]

    def at(self, what: type[object], /, **fields: object) -> float:
        """When the first event or command of this kind with these fields came."""
        for entry in self.transcript:
            found = entry.what
            if isinstance(found, what) and all(
                getattr(found, name) == value for name, value in fields.items()
            ):
                return entry.at
        raise AssertionError(f"no {what.__name__} {fields} in\n{self.ladder()}")

    def heard(self, leg: int) -> list[tuple[float, Source]]:
        """What a leg heard, each sound with the moment at which it began."""
        heard: list[tuple[float, Source]] = []
        for at, scene in self.scenes:
            source = scene.heard_by(leg)
            if not heard or heard[-1][1] != source:
                heard.append((at, source))
        return heard

    def ladder(self) -> str:
        """The transcript for the eye: events `>`, commands `<`, what is heard `~`."""
        lines = []
        for entry in self.transcript:
            if isinstance(entry.what, Scene):
                lines.append(scene_line(entry.at, entry.what))
            elif not isinstance(entry.what, TimePassed):
                lines.append(ladder_line(entry.at, entry.what))
        return "\n".join(lines) + "\n"
