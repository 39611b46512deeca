"""One call in the pretend world whose customer is real: fetches are made, all else is scripted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cordboard.call.scene import Clip
from cordboard.call.words import (
    Bridge,
    CallerHungUp,
    Command,
    Dial,
    DigitPressed,
    Event,
    Fetch,
    LegEnded,
    PrepareSound,
    SendEvent,
)
from cordboard.contract.facts import CallFacts
from cordboard.testing.applications import Answer
from cordboard.testing.calling import CallerHangsUp
from cordboard.testing.phones import Script
from cordboard.testing.scenario import Reply, Scenario, Sound, typed
from cordboard.testing.world import World

WORDS_A_SECOND = 2.5
"""How fast the pretend voice speaks a text."""

TYPES_AFTER = 1.0
"""Seconds from a Gather's question to the caller's first key; the others follow half a second apart."""


@dataclass(frozen=True, slots=True)
class Play(Scenario):
    """A scenario of a call that comes as ``told`` says. ``able``: ExoPhones whose trunk can dial."""

    told: CallFacts | None = None
    able: tuple[str, ...] = ()

    def facts(self) -> CallFacts:
        """The call as it arrives."""
        assert self.told is not None
        return self.told


@dataclass(frozen=True, slots=True)
class Asking:
    """One request as it went. ``answer.seconds`` is set. ``applet``: the type of the one that asked."""

    at: float
    fetch: Fetch
    answer: Answer
    applet: str = "connect"


@dataclass
class PlayedWorld(World):
    """``ask``: one GET of (URL, role, seconds it may take), its answer with the virtual seconds it took.

    ``fetch_sound``: what a URL of audio answers, or None where nobody asks. ``tell``: sends a dial event.
    ``keys``: what the caller types once a Gather has asked for it.
    """

    ask: Callable[[Fetch], Answer] = lambda fetch: Answer(0, seconds=0.1)
    fetch_sound: Callable[[PrepareSound], Sound] | None = None
    send: Callable[[SendEvent], Answer] | None = None
    caller: CallerHangsUp | None = None
    keys: str = ""
    asked: list[Asking] = field(default_factory=list)
    sounds: dict[str, tuple[PrepareSound, Sound]] = field(default_factory=dict)
    sent: list[tuple[float, SendEvent, Answer | None]] = field(default_factory=list)
    caller_left_at: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._leaving = self._typed = False

    def _script_the_caller(self) -> None:
        super()._script_the_caller()
        if self.caller is not None and self.caller.during == "call":
            self._leave()

    def _reply_to(self, fetch: Fetch) -> Reply:
        answer = self.ask(fetch)
        self.asked.append(Asking(self.now, fetch, answer, self.state.flow.applet(self.state.applet).type))
        assert isinstance(self.scenario, Play)
        return Reply(
            answer.body, answer.status, answer.media_type, answer.seconds, answer.error, self.scenario.able
        )

    def _sound(self, asked: PrepareSound) -> Sound:
        known = self.scenario.sounds.get(asked.value)
        if known is None and asked.kind == "text":
            known = Sound(max(1.0, round(len(asked.value.split()) / WORDS_A_SECOND, 1)))
        elif known is None and self.fetch_sound is not None:
            known = self.fetch_sound(asked)
        sound = known or Sound()
        self.sounds[asked.sound] = asked, sound
        return sound

    def _obey(self, command: Command) -> None:
        super()._obey(command)
        during = self.caller.during if self.caller is not None else ""
        match command:
            case PrepareSound(why="gather") if not self._typed:
                self._type()
            case SendEvent():
                self.sent.append((self.now, command, self.send(command) if self.send else None))
            case Dial() if during == "ringing":
                self._leave()
            case Bridge(leg):
                if during == "conversation":
                    self._leave()
                line = self.lines[leg]
                if isinstance(line.phone, Script) and line.phone.talks is not None:
                    self._from_phone(line, line.phone.talks, "up", LegEnded(leg), becomes="over")

    def tell(self, event: Event) -> None:
        """As in World; an announcement that begins may make the caller leave."""
        super().tell(event)
        if self.caller is None or self.caller.during != "playback" or self._leaving:
            return
        scene = self.scenes[-1][1]
        if any(isinstance(source, Clip) and not source.loop for _, source in scene.hears):
            self._leave()

    def _type(self) -> None:
        self._typed = True
        for at, key in typed(self.keys, TYPES_AFTER):
            self._later(at, lambda key=key: None if self.runner.over(self.state) else DigitPressed(0, key))  # type: ignore[misc]

    def _leave(self) -> None:
        if self.caller is not None and not self._leaving:
            self._leaving = True
            self._later(self.caller.after, self._gone)

    def _gone(self) -> Event | None:
        event = self._caller_leaves()
        if isinstance(event, CallerHungUp):
            self.caller_left_at = self.now
        return event


def sound_of(value: "Sound | float") -> Sound:
    """A sound of its length in seconds; 0: it cannot be played."""
    if isinstance(value, Sound):
        return value
    return Sound(float(value), problem="" if value else "it cannot be decoded")


def sounds_of(sounds: Mapping[str, "Sound | float"]) -> dict[str, Sound]:
    """By URL or text."""
    return {value: sound_of(sound) for value, sound in sounds.items()}
