"""What ``cordboard trunk check`` calls with: SIP, call legs and media as the engine has them, without its
flows, database and API."""

import asyncio
import wave
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from cordboard import __version__
from cordboard.call.causes import Cause
from cordboard.call.scene import Clip, Recording, Scene
from cordboard.call.words import (
    AudioStarted,
    CallerHungUp,
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegProgressed,
    LegRinging,
)
from cordboard.config.settings import Settings, Trunk
from cordboard.kernel.mistakes import Unavailable
from cordboard.legs.legs import Legs
from cordboard.legs.trunks import Route
from cordboard.legs.words import Arrival, Audio, Hooks, LegStream, TurnedAway
from cordboard.media.control import ForeignAudio, LegReport, MediaEvent, RecordingEnded
from cordboard.media.embedded.engine import EmbeddedEngine
from cordboard.media.embedded.settings import EmbeddedSettings
from cordboard.net.locating import Locator
from cordboard.net.resolver import Resolver
from cordboard.runtime.clock import SystemClock, SystemTokens, pause
from cordboard.runtime.figures import Figures
from cordboard.runtime.listening import listenings
from cordboard.runtime.registering import registrations_of
from cordboard.runtime.switchboard import as_stream
from cordboard.runtime.tasks import Tasks
from cordboard.runtime.trunk_names import TrunkNames
from cordboard.simulator.ears import Heard, describe_heard
from cordboard.simulator.tones import sine
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, Verdict

OUT_HERTZ, IN_HERTZ = 1040, 1590
"""What our side speaks: on the call out, and on the call in."""
_MOST_STRANGERS = 8
_LOOKS = 0.02


@dataclass(slots=True)
class Talk:
    """One call of the check, and all that is seen of it. Times are seconds since it began."""

    call: str
    leg: int
    began: float
    number: str = ""
    arrival: Arrival | None = None
    ringing: float | None = None
    answered: float | None = None
    over: float | None = None
    failure: LegFailed | None = None
    ending: bool = False
    by_far_side: bool = False
    stream: LegStream | None = None
    digits: str = ""
    audio: float | None = None
    foreign: str = ""
    report: LegReport | None = None
    recording: RecordingEnded | None = None
    heard: list[Heard] = field(default_factory=list)


def hears(heard: Iterable[Heard], hertz: int) -> bool:
    """Was this tone heard for half a second or more?"""
    return any(
        abs(found - hertz) <= 8 and part.end - part.start >= 0.5 for part in heard for found in part.hertz
    )


class Bench:
    """``async with`` opens it. ``taken``: the configured ports were not free (an engine runs), so others are
    used, which no peer knows. ``strangers``: addresses that sent an INVITE and are in no trunk's sources."""

    def __init__(self, settings: Settings, trunk: Trunk, folder: Path, simulator: Address | None) -> None:
        self.settings = replace(
            settings,
            trunks=(trunk,),
            phones=(),
            exophones=tuple(phone for phone in settings.exophones if phone.trunk == trunk.name),
        )
        self.clock, self.tokens = SystemClock(), SystemTokens()
        self.taken = False
        self.bound: tuple[Address, ...] = ()
        self.turned: list[TurnedAway] = []
        self.strangers: list[str] = []
        self.takes_calls = False
        self.faults: list[BaseException] = []
        self._tasks = Tasks(self.faults.append)
        self._talks: dict[str, Talk] = {}
        self._waiting: list[Talk] = []
        hooks = Hooks(
            event=self._event,
            stream=self._stream,
            arrival=self._arrived,
            turned_away=self.turned.append,
        )
        self.legs = Legs(self.settings, hooks, simulator, self.tokens)
        self.resolver = Resolver.of_this_machine(self.tokens)
        self.locator = Locator(self.resolver)
        trunks = self.legs.trunks
        self.names = TrunkNames(self.settings, trunks, self.locator, self._tasks)
        self.registrations = registrations_of(
            self.settings, trunks, self.locator, self._tasks, self.tokens, Figures()
        )
        media = self.settings.media
        self.media = EmbeddedEngine(
            EmbeddedSettings(
                bind=media.bind,
                advertise=media.advertise or media.bind,
                ports=media.port_range(),
                recordings=folder / "recordings",
                run_folder=folder / "run",
                processes=1,
                country=self.settings.account.country,
                dscp=media.dscp,
            ),
            self.clock,
            self.tokens,
            structlog.get_logger("media"),
        )
        self.media.on_event = self._heard_of
        self.endpoint = self._make_endpoint(self.settings)

    async def __aenter__(self) -> "Bench":
        """Raises ``Unavailable`` or ``BadInput`` with one sentence."""
        try:
            self.bound = await self.endpoint.start()
        except Unavailable:
            self.taken = True
            self.endpoint = self._make_endpoint(_any_port(self.settings))
            self.bound = await self.endpoint.start()
        self.legs.use(self.endpoint)
        try:
            await self.media.start()
            self.media.load("out", sine(OUT_HERTZ).tobytes())
            self.media.load("in", sine(IN_HERTZ).tobytes())
            await self.names.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *problem: object) -> None:
        for call in tuple(self._talks):
            self.legs.forget(call)
        await pause(0.3)  # BYEs and their answers
        await self.registrations.stopped()
        await self.media.close()
        await self.endpoint.close()
        await self._tasks.stop()
        await self.resolver.close()

    @property
    def route(self) -> Route:
        """The trunk as it is now."""
        return next(iter(self.legs.trunks.routes))

    # --- calls ----------------------------------------------------------------------------------------

    def dial(self, number: str, shown: str, seconds: float) -> Talk:
        """Begin a call out."""
        talk = self._talk(f"out-{len(self._talks)}", 1, number)
        local = self.media.open_leg(talk.call, talk.leg)
        self.legs.dial(talk.call, talk.leg, number, shown, Audio(local.address, local.port), seconds)
        return talk

    def press(self, talk: Talk, digits: str) -> None:
        """Send digits to the far side."""
        for digit in digits:
            self.media.send_digit(talk.call, talk.leg, digit)

    async def come(self, seconds: float) -> Talk | None:
        """The next call in, which is answered at once; None when none came in time."""
        await self.until(lambda: bool(self._waiting), seconds)
        return self._waiting.pop(0) if self._waiting else None

    async def hang_up(self, talk: Talk) -> None:
        """End it and wait for what media has to say of it."""
        talk.ending = True
        if talk.over is None:
            if talk.leg:
                self.legs.release(talk.call, talk.leg, Cause.NORMAL)
            else:
                self.legs.hang_up_caller(talk.call)
        self.media.set_scene(talk.call, Scene())
        self.media.close_call(talk.call)
        if talk.answered is not None:
            await self.until(lambda: talk.recording is not None and talk.report is not None, 3.0)
        if talk.recording is not None and talk.recording.path:
            talk.heard = _heard(Path(talk.recording.path), 1 if talk.leg else 0)

    async def until(self, happens: Callable[[], bool], seconds: float) -> bool:
        """Wait until it does, or so long."""
        ends = self.clock.monotonic() + seconds
        while not happens():
            if self.clock.monotonic() >= ends:
                return False
            await pause(_LOOKS)
        return True

    # --- inside -----------------------------------------------------------------------------------------

    def _make_endpoint(self, settings: Settings) -> Endpoint:
        return Endpoint(
            listenings(settings.sip),
            clock=self.clock,
            tokens=self.tokens,
            **(self.legs.for_endpoint() | {"screen": self._screen}),
            trust=self.legs.trunks.trust,
            advertise=settings.sip.advertise,
            user_agent=f"cordboard/{__version__}",
        )

    def _screen(self, source: Address, method: str) -> Verdict:
        verdict = self.legs.screen(source, method)
        strange = verdict is Verdict.DROP and method == "INVITE" and source.host not in self.strangers
        if strange and len(self.strangers) < _MOST_STRANGERS:
            self.strangers.append(source.host)
        return verdict

    def _talk(self, call: str, leg: int, number: str) -> Talk:
        talk = self._talks[call] = Talk(call, leg, asyncio.get_running_loop().time(), number)
        return talk

    def _arrived(self, arrival: Arrival) -> None:
        if not self.takes_calls:
            self.legs.turn_away(arrival, 480, "Temporarily Unavailable")
            return
        talk = self._talk(f"in-{arrival.id}", 0, arrival.exophone)
        talk.arrival = arrival
        self.legs.adopt(arrival, talk.call)
        local = self.media.open_leg(talk.call, 0)
        self.legs.answer_caller(talk.call, Audio(local.address, local.port))
        self._speak(talk)
        self._waiting.append(talk)

    def _stream(self, call: str, leg: int, stream: LegStream) -> None:
        talk = self._talks[call]
        talk.stream = stream
        self.media.set_stream(call, leg, as_stream(stream))

    def _event(self, call: str, event: Event) -> None:
        talk = self._talks[call]
        at = asyncio.get_running_loop().time() - talk.began
        match event:
            case LegRinging() | LegProgressed():
                talk.ringing = at if talk.ringing is None else talk.ringing
            case LegAnswered():
                self._speak(talk)
            case LegFailed():
                talk.failure, talk.over = event, at
            case LegEnded() | CallerHungUp():
                talk.over, talk.by_far_side = at, not talk.ending
            case DigitPressed(digit=digit):
                talk.digits += digit
            case _:
                pass

    def _speak(self, talk: Talk) -> None:
        talk.answered = asyncio.get_running_loop().time() - talk.began
        clip = Clip("out" if talk.leg else "in", 1, loop=True)
        recording = Recording("heard", True, 0, 1)
        self.media.set_scene(talk.call, Scene(((talk.leg, clip),), recording))

    def _heard_of(self, call: str, event: MediaEvent) -> None:
        talk = self._talks.get(call)
        if talk is None:
            return
        match event:
            case AudioStarted():
                talk.audio = asyncio.get_running_loop().time() - talk.began
            case DigitPressed(digit=digit):
                talk.digits += digit
            case ForeignAudio(source=source):
                talk.foreign = source
            case LegReport():
                talk.report = event
            case RecordingEnded():
                talk.recording = event
            case _:
                pass


def _any_port(settings: Settings) -> Settings:
    """The same listeners on whatever ports are free."""
    sip = settings.sip
    listen = tuple(f"{entry.rpartition(':')[0]}:0" for entry in sip.listen)
    listeners = tuple(replace(one, listen=f"{one.listen.rpartition(':')[0]}:0") for one in sip.listeners)
    return replace(settings, sip=replace(sip, listen=listen, listeners=listeners))


def _heard(file: Path, channel: int) -> list[Heard]:
    """What one channel of a recording holds."""
    with wave.open(str(file), "rb") as audio:
        channels = audio.getnchannels()
        data = audio.readframes(audio.getnframes())
    samples = b"".join(data[place : place + 2] for place in range(2 * channel, len(data), 2 * channels))
    return describe_heard(samples)
