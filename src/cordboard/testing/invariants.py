"""What must hold in every world, whatever phones, customers and callers do."""

from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from cordboard.call.scene import Clip, Party, Scene, Silence
from cordboard.call.words import (
    AnswerCaller,
    Bridge,
    CallerHungUp,
    Command,
    Dial,
    EndCall,
    Event,
    Fetch,
    Finish,
    HangUpCaller,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegProgressed,
    LegRinging,
    Note,
    PrepareSound,
    RejectCaller,
    Release,
    SendEvent,
    TimePassed,
)
from cordboard.contract.events import STATUS
from cordboard.flow.runner import State

NEW_BUSINESS = (
    Dial,
    Fetch,
    Bridge,
    PrepareSound,
    AnswerCaller,
    SendEvent,
    Finish,
    EndCall,
    HangUpCaller,
    RejectCaller,
)
"""What may not be said after the end."""

HAIR = 1e-6


@dataclass
class Watch:
    """Follows one call and raises ``AssertionError`` at the first broken promise."""

    ends: int = 0
    farewells: int = 0
    answers: int = 0
    bridges: int = 0  # in the applet that runs
    bridged: int | None = None
    caller_gone: bool = False
    ringing: dict[int, float] = field(default_factory=dict)  # leg: when it must be over
    up: set[int] = field(default_factory=set)
    dialled: set[int] = field(default_factory=set)
    requests: set[int] = field(default_factory=set)
    sounds: set[str] = field(default_factory=set)
    plays: dict[int, str] = field(default_factory=dict)  # the sound of each
    recordings: list[str] = field(default_factory=list)  # in their order
    recording: str = ""  # that runs
    in_events: Counter[str] = field(default_factory=Counter)
    seconds: dict[int, float] = field(default_factory=dict)

    def after_step(
        self,
        before: State,
        event: Event,
        after: State,
        commands: tuple[Command, ...],
        scene: Scene,
        now: float,
    ) -> None:
        """One step of the runner."""
        if isinstance(event, TimePassed):
            assert commands or after != before, f"asked to be woken at {now} and then did nothing: {after}"
        ended_before = self.ends > 0
        self._hear(event, now)
        for command in commands:
            assert command.why, f"{command} does not say why"
            assert not (ended_before and isinstance(command, NEW_BUSINESS)), f"{command} after the end"
            self._obey(command, now)
        assert self.bridges <= 1, "two legs were bridged in one applet"
        assert self.ends <= 1, "the call ended twice"
        assert self.farewells <= 1, "the caller's leg was ended twice"
        for leg, until in self.ringing.items():
            assert now <= until + HAIR, f"leg {leg} rings longer than its limit"
        self._listen(scene)

    def _hear(self, event: Event, now: float) -> None:
        match event:
            case CallerHungUp():
                self.caller_gone = True
            case LegRinging(leg, True) | LegProgressed(leg, True) if leg in self.ringing:
                self.ringing[leg] = now + self.seconds.pop(leg, self.ringing[leg] - now)
            case LegAnswered(0):  # whom the API called first is the caller from now on
                self.answers += self.ringing.pop(0, None) is not None
            case LegAnswered(leg):
                if self.ringing.pop(leg, None) is not None:
                    self.up.add(leg)
            case LegFailed(0) | LegEnded(0):
                self.ringing.pop(0, None)
                self.caller_gone = True
            case LegFailed(leg) | LegEnded(leg):
                self.ringing.pop(leg, None)
                self.up.discard(leg)
                if self.bridged == leg:
                    self.bridged = None
            case _:
                pass

    def _obey(self, command: Command, now: float) -> None:
        match command:
            case Dial(leg, _, _, seconds):
                assert leg not in self.dialled, f"leg {leg} was dialled twice"
                self.dialled.add(leg)
                self.ringing[leg] = now + seconds
                self.seconds[leg] = seconds
            case Release(leg):
                assert leg in self.dialled, f"leg {leg} was never dialled"
                self.ringing.pop(leg, None)
                self.up.discard(leg)
                self.caller_gone = self.caller_gone or leg == 0
                if self.bridged == leg:
                    self.bridged = None
            case Bridge(leg):
                assert leg in self.up, f"leg {leg} is bridged and is not up"
                assert not self.ringing, f"a leg is bridged while others ring: {sorted(self.ringing)}"
                assert not self.caller_gone, "nobody is there to talk to"
                self.bridges += 1
                self.bridged = leg
            case Fetch(request):
                assert request not in self.requests, f"request {request} was made twice"
                self.requests.add(request)
            case PrepareSound(sound):
                assert sound not in self.sounds, f"sound {sound} was asked for twice"
                self.sounds.add(sound)
            case SendEvent(url, kind) if kind in STATUS:
                self._count(url, kind)
            case SendEvent(recording=recording) if recording:
                assert recording in self.recordings, f"an event names {recording}, which never was"
            case AnswerCaller():
                self.answers += 1
                assert self.answers == 1, "the caller was answered twice"
            case HangUpCaller():
                assert self.answers and not self.caller_gone
                self.farewells += 1
            case RejectCaller():
                assert not self.answers and not self.caller_gone
                self.farewells += 1
            case Note("applet.entered"):
                self.bridges = 0
            case Finish():
                assert not self.ringing and not self.up, (
                    f"an applet left legs behind: {self.ringing} {self.up}"
                )
            case EndCall():
                assert not self.ringing and not self.up, (
                    f"the call left legs behind: {self.ringing} {self.up}"
                )
                assert self.farewells or self.caller_gone, "the caller's leg was left open"
                self.ends += 1
            case _:
                pass

    def _count(self, url: str, kind: str) -> None:
        if kind not in STATUS:
            return  # it is no dial event
        query = parse_qs(urlsplit(url).query)
        whom = query["DialWhomNumber"][0]
        assert query["EventType"] == [kind]
        if kind == "Dial":
            self.in_events[whom] += 1
        elif kind == "Terminal" and self.in_events:  # empty for ever where Dial is not enabled
            self.in_events[whom] -= 1
            assert self.in_events[whom] >= 0, f"{whom} was over before it was dialled"

    def _listen(self, scene: Scene) -> None:
        if (self.ringing.keys() - {0} or self.up) and not self.caller_gone:
            assert not isinstance(scene.heard_by(0), Silence), "the caller waits in silence"
        if self.answers and not self.caller_gone and not self.farewells:
            assert not isinstance(scene.heard_by(0), Silence), "an answered caller is sent nothing"
        there = {0, *self.ringing, *self.up}
        for leg, source in scene.hears:
            assert leg in there, f"leg {leg} is not there and hears {source}"
            if isinstance(source, Party):
                assert source.leg in there, f"leg {source.leg} is not there and is heard by {leg}"
            if isinstance(source, Clip):
                assert source.sound in self.sounds, f"{source.sound} is played and was never asked for"
                assert self.plays.setdefault(source.play, source.sound) == source.sound, (
                    "a play was used twice"
                )
        self._keep(scene)
        if scene.recording is not None and scene.recording.alone:
            assert scene.recording.left == 0 and not self.caller_gone, "nobody is there to leave a message"
        elif scene.recording is not None:
            assert self.bridged == scene.recording.right, "a recording without a conversation"

    def _keep(self, scene: Scene) -> None:
        """Each recording has a name of its own: two with one name would be one file."""
        name = scene.recording.name if scene.recording is not None else ""
        if name != self.recording and name:
            assert name not in self.recordings, f"recording {name} began twice"
            self.recordings.append(name)
        self.recording = name

    def at_the_end(self, state: State, open_lines: list[int]) -> None:
        """Nothing is left to happen."""
        assert state.over and self.ends == 1, f"the call never ended: {state.applet} {state.inner}"
        assert not open_lines, f"phones still ring or talk: {open_lines}"
        left = {whom: count for whom, count in self.in_events.items() if count}
        assert not left, f"Dial without Terminal: {left}"
