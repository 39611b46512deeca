"""One live call: events go in, the machine decides, the line is written, the commands are obeyed."""

import asyncio
from collections import deque
from collections.abc import Callable

from cordboard.call.causes import Cause
from cordboard.call.scene import Clip, Party, Scene, Source
from cordboard.call.words import (
    AnswerCaller,
    Bridge,
    CallerHungUp,
    Command,
    Dial,
    DigitPressed,
    EndCall,
    Event,
    Fetch,
    Fetched,
    HangUpCaller,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegProgressed,
    LegRinging,
    MediaLost,
    PhoneRung,
    PrepareSound,
    ProgressCaller,
    RejectCaller,
    Release,
    SendEvent,
    SoundReady,
    TimePassed,
)
from cordboard.flow.runner import Runner, State
from cordboard.kernel.frozen import replace
from cordboard.kernel.mistakes import Unavailable
from cordboard.legs.words import Audio
from cordboard.media.control import LegReport, Stream
from cordboard.runtime.callbacks import Callback
from cordboard.runtime.doors import Doors
from cordboard.runtime.ledger import Ledger

CALLER = 0
ASKING = {"Exotel-Version": "1.0"}
"""The header that a Connect's and a Gather's request carries (contract.md §1.1)."""
PLAIN = {"Accept": "text/plain, */*;q=0.5"}
"""The header of a Passthru's and a greeting's."""

_ONE_PRESS = 0.1


class Call:
    """Drives one call. All happens on the loop; nothing awaits between reading and writing state."""

    def __init__(
        self,
        doors: Doors,
        runner: Runner,
        state: State,
        ledger: Ledger,
        over: Callable[["Call"], None],
        failed: Callable[["Call", Event], None],
    ) -> None:
        self._doors, self._runner, self.state, self.ledger, self._over = doors, runner, state, ledger, over
        self._failed = failed
        self.callback: Callback | None = None  # of a call that the API began
        self.sid = state.facts.sid
        self.began = self.over_at = doors.loop.time()
        self._inbox: deque[Event] = deque()
        self._busy = self._abandoned = False
        self._timer: asyncio.TimerHandle | None = None
        self._asked: float | None = None
        self._scene = Scene()
        self._audio: dict[int, Audio] = {}
        self._streams: dict[int, Stream] = {}
        self._sounds: dict[str, str] = {}
        self._digit: tuple[DigitPressed, bool, float] | None = None
        self.ended = False

    # --- what comes in -------------------------------------------------------------------------------

    def receive(self, event: Event) -> None:
        """Take an event. Events that come while another is being obeyed wait for it. Never raises: a fault of
        ours ends this call, whoever brought the event."""
        if self._abandoned:
            return
        self._inbox.append(event)
        if self._busy:
            return
        self._busy = True
        try:
            while self._inbox:
                event = self._inbox.popleft()
                self._step(event)
        except Exception:
            self._failed(self, event)
            self._abandon()
        finally:
            self._busy = False

    def agreed(self, leg: int, stream: Stream) -> None:
        """What offer and answer settled for a leg's audio."""
        if leg in self._audio:
            self._streams[leg] = stream
            self._doors.media.set_stream(self.sid, leg, stream)

    def is_repeated(self, event: DigitPressed, by_sip: bool) -> bool:
        """The same key of a leg, a moment later and by the other way: where telephone-event was not agreed, a
        phone may send INFO and a tone for one press (telephony.md 20)."""
        now, last = self._doors.loop.time(), self._digit
        self._digit = event, by_sip, now
        return last is not None and (last[0], last[1]) == (event, not by_sip) and now - last[2] < _ONE_PRESS

    def pressed(self, leg: int, digit: str) -> None:
        """A key came by SIP: whoever hears the leg gets it as telephone-event or as a tone. Media does so
        by itself with the keys that come as audio (telephony.md 20)."""
        for hearer, source in self._scene.hears:
            if type(source) is Party and source.leg == leg:
                self._doors.media.send_digit(self.sid, hearer, digit)

    def reported(self, report: LegReport) -> None:
        """How a leg's audio went; comes when the leg closes."""
        self.ledger.audio(report, self._now())

    def open_caller(self) -> Audio:
        """The caller's audio port. Raises ``Unavailable``."""
        return self._open(CALLER)

    def media_lost(self) -> None:
        """Audio died under the call: open every leg anew, tell the far sides, set the sound as it was."""
        for leg in tuple(self._audio):
            try:
                audio = self._open(leg)
            except Unavailable as error:
                self.ledger.note(
                    self._now(), "media", "audio could not be set up anew", "telephony-29", str(error)
                )
                continue
            if leg in self._streams:
                self._doors.media.set_stream(self.sid, leg, self._streams[leg])
            self._doors.legs.reoffer(self.sid, leg, audio)
        self._scene = Scene()
        self.receive(MediaLost())
        self._show()

    # --- one step ------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._doors.loop.time() - self.began

    def _step(self, event: Event) -> None:
        # the machine is told the very moment that the journal keeps: a replay must decide on the same
        now = round(self._now(), 4)
        if type(event) is TimePassed and self._asked is not None:
            # a timer may wake a hair early: what was asked for counts (nothing else would come)
            now = max(now, self._asked)
        self.state, commands = self._runner.step(self.state, event, now)
        self.ledger.step(now, event, commands)
        closing: list[int] = []
        if type(event) in (LegFailed, LegEnded):
            closing.append(event.leg)  # type: ignore[union-attr] # the two kinds just named have it
        self._witness(event, now)
        for command in commands:
            self._obey(command, now, closing)
        if not self.ended:
            self._show()
        for leg in closing:
            self._close(leg)
        self._arm()

    def _arm(self) -> None:
        wanted = None if self.ended else self._runner.deadline(self.state)
        if wanted == self._asked and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._asked = wanted
        if wanted is not None:
            self._timer = self._doors.loop.call_at(self.began + wanted, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.receive(TimePassed())

    def _witness(self, event: Event, now: float) -> None:
        """Keep the rows of the legs true."""
        ledger = self.ledger
        match event:
            case PhoneRung(leg):
                ledger.leg_is_phone(leg)
            case LegRinging(leg) | LegProgressed(leg):
                ledger.leg_rang(leg, now)
            case LegAnswered(leg):
                ledger.leg_answered(leg, now)
                if leg == CALLER and self.callback is not None and not self.ended:
                    self.callback.answered(now)
            case LegFailed(leg, cause, code):
                ledger.leg_over(leg, now, cause, code)
            case LegEnded(leg, cause, by):
                ledger.leg_over(leg, now, cause, 0, by)
            case CallerHungUp(cause):
                ledger.caller_left(now, cause)
            case _:
                pass

    # --- commands ------------------------------------------------------------------------------------

    def _obey(self, command: Command, now: float, closing: list[int]) -> None:
        legs = self._doors.legs
        match command:
            case ProgressCaller():
                legs.progress_caller(self.sid, self._audio[CALLER])
            case AnswerCaller():
                self.ledger.caller_answered(now)
                legs.answer_caller(self.sid, self._audio[CALLER])
            case RejectCaller(code, text):
                self.ledger.caller_rejected(now, code)
                legs.reject_caller(self.sid, code, text)
            case HangUpCaller():
                self.ledger.caller_hung_up(now)
                legs.hang_up_caller(self.sid)
            case Dial():
                self._dial(command, now)
            case Bridge(leg):
                self.ledger.bridged(leg, now)
                if self.callback is not None:
                    self.callback.answered(now)
            case Release(leg, cause):
                self.ledger.leg_released(leg, cause)
                legs.release(self.sid, leg, cause)
                closing.append(leg)
            case Fetch():
                self._doors.tasks.start(self._fetch(command))
            case PrepareSound():
                self._doors.tasks.start(self._prepare(command))
            case SendEvent(url, kind, _, method, content_type, body, recording):
                self.ledger.event_out(url, kind, now, method, content_type, body, recording)
            case EndCall():
                self._end(now)
            case _:
                pass  # Note and Finish are told by the journal line

    def _dial(self, command: Dial, now: float) -> None:
        self.ledger.leg_dialled(command.leg, command.number, command.shown, now, command.trunk)
        try:
            audio = self._open(command.leg)
        except Unavailable as error:
            self._inbox.append(LegFailed(command.leg, Cause.FAILED, 0, str(error)))
            return
        self._doors.legs.dial(
            *(self.sid, command.leg, command.number, command.shown, audio, command.seconds),
            trunk=command.trunk,
            headers=command.headers,
        )

    async def _fetch(self, command: Fetch) -> None:
        began = self._now()
        headers = ASKING if command.versioned else PLAIN
        got = await self._doors.customer.get(command.url, headers=headers, seconds=command.seconds)
        self.ledger.fetched(command.request, command.role, command.url, began, got)
        self.receive(
            Fetched(
                command.request,
                got.status,
                got.media_type,
                got.body,
                got.error,
                round(got.elapsed, 4),
                self._doors.legs.able(),
            )
        )

    async def _prepare(self, command: PrepareSound) -> None:
        prepared = await self._doors.sounds.prepare(command.kind, command.value, redirects=command.redirects)
        seconds = prepared.seconds if prepared.pcm else 0.0
        if prepared.pcm and not self.ended:
            self._sounds[command.sound] = prepared.sound
            self._doors.media.load(prepared.sound, prepared.pcm)
        if prepared.note and self.state.account.strict:
            what = "audio is played that strict mode finds wrong"
            self.ledger.note(self._now(), "media", what, "settled-9", prepared.note)
        self.receive(SoundReady(command.sound, prepared.status, seconds, prepared.problem))

    # --- audio ---------------------------------------------------------------------------------------

    def _open(self, leg: int) -> Audio:
        local = self._doors.media.open_leg(self.sid, leg)
        audio = self._audio[leg] = Audio(local.address, local.port)
        return audio

    def _close(self, leg: int) -> None:
        if self._audio.pop(leg, None) is not None:
            self._streams.pop(leg, None)
            self._doors.media.close_leg(self.sid, leg)

    def _show(self) -> None:
        scene = self._runner.scene(self.state)
        if scene == self._scene:
            return
        was, self._scene = self._scene, scene
        self.ledger.scene(self._now(), was, scene)
        if self.callback is not None and scene.recording is not None and scene.recording != was.recording:
            self.callback.recording_began(scene.recording.name)
        self._doors.media.set_scene(self.sid, self._by_content(scene))

    def _by_content(self, scene: Scene) -> Scene:
        """The machine names sounds by its own counters; media keeps them by what they are."""
        if not self._sounds:
            return scene
        return replace(scene, hears=tuple((leg, self._named(source)) for leg, source in scene.hears))

    def _named(self, source: Source) -> Source:
        match source:
            case Clip(sound):
                return replace(source, sound=self._sounds.get(sound, sound))
            case Party(leg, Clip() as until):
                return Party(leg, replace(until, sound=self._sounds.get(until.sound, until.sound)))
            case _:
                return source

    # --- the end -------------------------------------------------------------------------------------

    def _abandon(self) -> None:
        """A fault of ours: hang everybody up and write what is known, so that nobody is left in silence."""
        self._abandoned = True
        self._inbox.clear()
        self._doors.legs.forget(self.sid)
        if self._timer is not None:
            self._timer.cancel()
        self._end(self._now(), "fault")

    def _end(self, now: float, outcome: str = "") -> None:
        if self.ended:
            return
        self.ended = True
        self._doors.media.close_call(self.sid)
        self._audio.clear()
        self.ledger.ended(now, self._runner.facts(self.state), outcome)
        if self.callback is not None:
            self.callback.call_over(now)
        self._over(self)
