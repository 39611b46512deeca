"""The runner by itself, over applets made up for the purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cordboard.call.causes import Cause
from cordboard.call.scene import HoldMusic, Party, Quiet, Scene
from cordboard.call.words import (
    AnswerCaller,
    AudioDied,
    CallerArrived,
    CallerHungUp,
    Command,
    Dial,
    DigitPressed,
    EndCall,
    Finish,
    HangUpCaller,
    LegAnswered,
    LegEnded,
    LegHeld,
    MediaLost,
    Note,
    Played,
    ProgressCaller,
    RejectCaller,
    Release,
    Stopped,
    TimePassed,
)
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts, LegFacts
from cordboard.flow.applet import AppletEvent, Entered
from cordboard.flow.document import AppletSpec, Flow
from cordboard.flow.runner import MOST_APPLETS, Runner, State


@dataclass(frozen=True)
class Inner:
    settings: str
    facts: CallFacts
    heard: tuple[AppletEvent, ...] = ()


@dataclass(frozen=True)
class Dummy:
    """Does what it is set to: ``wait`` waits for a digit, ``quick`` leaves at once, ``ring`` dials leg 7."""

    needs_caller: bool = True
    needs_answer: bool = False
    instead: Mapping[str, str] = None  # type: ignore[assignment]
    pace: str = "caller"
    schema: Mapping[str, Any] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        object.__setattr__(self, "instead", self.instead or {})

    def settings(self, raw: Mapping[str, object], where: str) -> str:
        return ""

    def exits(self, settings: str) -> Mapping[str, str | None]:
        return {}

    def begin(self, settings: str, account: Account, facts: CallFacts) -> Inner:
        return Inner(settings, facts)

    def step(self, state: Inner, event: AppletEvent, now: float) -> tuple[Inner, tuple[Command, ...]]:
        state = Inner(state.settings, state.facts, (*state.heard, event))
        match state.settings, event:
            case "quick", Entered():
                return state, (Finish("next", "test"),)
            case "ring", Entered():
                return state, (Dial(7, "+919812300001", "+918047100001", 30.0, "test"),)
            case "ring", CallerHungUp() | Stopped():
                return state, (Release(7, Cause.CANCELED, "test"), Finish("next", "test"))
            case _, DigitPressed(_, digit):
                return state, (Finish(digit, "test"),)
            case "wait", CallerHungUp():
                return state, (Finish("next", "test"),)
            case _:
                return state, ()

    def deadline(self, state: Inner) -> float | None:
        return 5.0

    def scene(self, state: Inner) -> Scene:
        return Scene() if state.settings == "wait" else Scene(((0, Party(7)), (7, Party(0))))

    def facts(self, state: Inner) -> CallFacts:
        return state.facts


FACTS = CallFacts("sid", "+919876500001", "+918047100001", "+918047100001", "incoming", 1, 0.0)
KINDS: dict[str, Any] = {
    "asks": Dummy(),
    "speaks": Dummy(needs_answer=True),
    "silent": Dummy(needs_caller=False),
    "picky": Dummy(instead={"not_dialed": "nobody"}),
}


def _spec(name: str, type: str, does: str, **exits: str | None) -> AppletSpec:
    return AppletSpec(name, type, does, tuple(exits.items()))


def _begin(*applets: AppletSpec, answer: str = "at_once", facts: CallFacts = FACTS) -> tuple[Runner, State]:
    runner = Runner(KINDS)
    flow = Flow(1, "test", applets[0].name, answer, applets)
    return runner, runner.begin(flow, Account(), facts)


def _arrived(*applets: AppletSpec, answer: str = "at_once", facts: CallFacts = FACTS) -> tuple[Runner, State]:
    runner, state = _begin(*applets, answer=answer, facts=facts)
    return runner, runner.step(state, CallerArrived(), 0.0)[0]


def _kinds(commands: tuple[Command, ...]) -> list[type]:
    return [type(command) for command in commands if not isinstance(command, Note)]


def test_at_once_answers_before_the_first_applet_begins() -> None:
    runner, state = _begin(_spec("a", "asks", "wait"))
    state, commands = runner.step(state, CallerArrived(), 0.25)
    assert commands == (AnswerCaller("flow.answer"), Note("applet.entered", "a (asks)", "flow.start"))
    assert runner.facts(state).answered_at == 0.25
    assert runner.deadline(state) == 5.0


def test_telephony_5_late_sends_a_183_in_the_first_step() -> None:
    runner, state = _begin(_spec("a", "asks", "wait"), answer="late")
    state, commands = runner.step(state, CallerArrived(), 0.0)
    assert _kinds(commands) == [ProgressCaller]
    assert runner.facts(state).answered_at is None


def test_telephony_5_late_answers_when_an_applet_needs_an_answered_caller() -> None:
    runner, state = _begin(_spec("a", "asks", "quick", next="b"), _spec("b", "speaks", "wait"), answer="late")
    state, commands = runner.step(state, CallerArrived(), 0.5)
    assert _kinds(commands) == [ProgressCaller, Finish, AnswerCaller]
    assert runner.facts(state).answered_at == 0.5


def test_a_second_arrival_changes_nothing() -> None:
    runner, state = _arrived(_spec("a", "asks", "wait"))
    assert runner.step(state, CallerArrived(), 1.0) == (state, ())


def test_an_exit_leads_to_its_applet_and_an_unset_one_hangs_up() -> None:
    runner, state = _arrived(_spec("a", "asks", "wait", one="b", two=None), _spec("b", "asks", "wait"))
    there, commands = runner.step(state, DigitPressed(0, "one"), 1.0)
    assert there.applet == "b" and _kinds(commands) == [Finish]
    over, commands = runner.step(state, DigitPressed(0, "two"), 1.0)
    assert _kinds(commands) == [Finish, HangUpCaller, EndCall]
    assert runner.over(over) and runner.deadline(over) is None and runner.scene(over) == Scene()


def test_not_dialed_unset_takes_nobody_answers() -> None:
    ends = _spec("b", "asks", "wait")
    runner, state = _arrived(_spec("a", "picky", "wait", nobody="b", not_dialed=None), ends)
    assert runner.step(state, DigitPressed(0, "not_dialed"), 1.0)[0].applet == "b"
    runner, state = _arrived(_spec("a", "picky", "wait", nobody=None, not_dialed=None), ends)
    assert runner.over(runner.step(state, DigitPressed(0, "not_dialed"), 1.0)[0])


def test_settled_22_caller_gone_runs_on_through_applets_that_need_no_caller() -> None:
    runner, state = _arrived(
        _spec("a", "asks", "wait", next="b"),
        _spec("b", "silent", "quick", next="c"),
        _spec("c", "silent", "quick", next="d"),
        _spec("d", "asks", "wait"),
    )
    state, commands = runner.step(state, CallerHungUp(), 1.0)
    entered = [command.text for command in commands if isinstance(command, Note)]
    assert entered == ["b (silent)", "c (silent)"]
    assert commands[-1] == EndCall("settled-22")
    assert HangUpCaller not in _kinds(commands) and runner.facts(state).caller_gone


def test_settled_22_an_applet_that_runs_without_a_caller_is_told_of_time_and_ends_the_call() -> None:
    runner, state = _arrived(_spec("a", "asks", "wait", next="b"), _spec("b", "silent", "slow"))
    state, _ = runner.step(state, CallerHungUp(), 1.0)
    assert state.applet == "b" and not runner.over(state)
    assert runner.step(state, CallerHungUp(), 1.5) == (state, ())
    state, commands = runner.step(state, DigitPressed(0, "x"), 2.0)
    assert _kinds(commands) == [Finish, EndCall]


def test_telephony_5_unanswered_callers_are_rejected_with_480_or_486() -> None:
    def rejected(*codes: str) -> RejectCaller:
        facts = CallFacts(
            **{name: getattr(FACTS, name) for name in ("sid", "caller", "called", "exophone", "direction")},
            flow_id=1,
            began_at=0.0,
            legs=tuple(LegFacts("+919812300001", cause_code=code) for code in codes),
        )
        runner, state = _begin(_spec("a", "asks", "quick"), answer="late", facts=facts)
        (reject,) = [c for c in runner.step(state, CallerArrived(), 0.0)[1] if isinstance(c, RejectCaller)]
        return reject

    assert rejected() == RejectCaller(480, "Nobody was dialled", "telephony-5")
    assert rejected("NO_ANSWER", "USER_BUSY") == RejectCaller(480, "Nobody answered", "telephony-5")
    assert rejected("USER_BUSY", "USER_BUSY") == RejectCaller(486, "Everybody is busy", "telephony-5")


def test_an_endless_flow_comes_to_an_end() -> None:
    runner, state = _begin(_spec("a", "asks", "quick", next="b"), _spec("b", "asks", "quick", next="a"))
    state, commands = runner.step(state, CallerArrived(), 0.0)
    assert runner.over(state)
    assert sum(isinstance(command, Finish) for command in commands) == MOST_APPLETS
    assert [c.code for c in commands if isinstance(c, Note)][-1] == "limit.applets"
    assert commands[-1] == EndCall("limit.applets")


def test_a_released_leg_that_answers_is_released_again_with_the_same_cause_even_after_the_end() -> None:
    runner, state = _arrived(_spec("a", "asks", "ring"))
    state, commands = runner.step(state, CallerHungUp(), 1.0)
    assert _kinds(commands) == [Release, Finish, EndCall]
    again = runner.step(state, LegAnswered(7), 1.1)
    assert again == (state, (Release(7, Cause.CANCELED, "rfc3261-9.1"),))


def test_after_the_end_nothing_is_new_and_no_leg_stays_open() -> None:
    runner, state = _arrived(_spec("a", "asks", "quick"))
    for event in (TimePassed(), CallerHungUp(), Played(1), LegEnded(7), Stopped(), MediaLost(), AudioDied(0)):
        assert runner.step(state, event, 9.0) == (state, ())
    assert runner.step(state, LegAnswered(9), 9.0)[1] == (Release(9, Cause.CANCELED, "rfc3261-9.1"),)


def test_an_answered_caller_to_whom_nothing_is_said_is_sent_frames_of_silence() -> None:
    runner, state = _arrived(_spec("a", "asks", "wait"))
    assert runner.scene(state) == Scene(((0, Quiet()),))
    gone, _ = runner.step(state, CallerHungUp(), 1.0)
    assert runner.scene(gone) == Scene()
    runner, state = _arrived(_spec("a", "asks", "wait"), answer="late")
    assert runner.scene(state) == Scene(), "unanswered: silence would hide the ringing of the caller's own"
    runner, state = _arrived(_spec("a", "speaks", "wait"), answer="late")
    assert runner.scene(state) == Scene(((0, Quiet()),))


def test_telephony_7_in_place_of_a_held_leg_hold_music_is_heard() -> None:
    runner, state = _arrived(_spec("a", "asks", "ring"))
    held, commands = runner.step(state, LegHeld(7, True), 1.0)
    assert commands == ()
    assert runner.scene(held) == Scene(((0, HoldMusic()), (7, Party(0))))
    assert runner.scene(runner.step(held, LegHeld(7, False), 2.0)[0]) == runner.scene(state)
    by_caller, _ = runner.step(state, LegHeld(0, True), 1.0)
    assert runner.scene(by_caller) == Scene(((0, Party(7)), (7, HoldMusic())))
    assert runner.step(held, LegEnded(7), 3.0)[0].held == ()


def test_telephony_21_a_caller_whose_audio_died_is_hung_up() -> None:
    runner, state = _arrived(_spec("a", "asks", "ring", next="b"), _spec("b", "asks", "wait"))
    state, commands = runner.step(state, AudioDied(0), 31.0)
    assert _kinds(commands) == [HangUpCaller, Release, Finish, EndCall]
    assert commands[0] == HangUpCaller("telephony-21")


def test_a_caller_in_early_media_need_not_send_audio() -> None:
    runner, state = _arrived(_spec("a", "asks", "ring"), answer="late")
    assert runner.step(state, AudioDied(0), 31.0) == (state, ())


def test_stopped_releases_all_and_takes_no_exit() -> None:
    applets = (_spec("a", "asks", "ring", next="b"), _spec("b", "silent", "wait"))
    runner, state = _arrived(*applets)
    state, commands = runner.step(state, Stopped(), 3.0)
    assert _kinds(commands) == [Release, HangUpCaller, EndCall]
    assert runner.over(state)
    runner, state = _arrived(*applets, answer="late")
    state, commands = runner.step(state, Stopped(), 3.0)
    assert commands[1:] == (
        RejectCaller(503, "The engine is being stopped", "engine.stopped"),
        EndCall("engine.stopped"),
    )


def test_stopped_or_gone_before_arrival_ends_the_call() -> None:
    runner, state = _begin(_spec("a", "asks", "wait"))
    assert _kinds(runner.step(state, Stopped(), 0.0)[1]) == [RejectCaller, EndCall]
    assert _kinds(runner.step(state, CallerHungUp(), 0.0)[1]) == [EndCall]
    assert runner.step(state, TimePassed(), 0.0) == (state, ())


def test_telephony_29_a_lost_media_process_is_named_and_the_applet_hears_of_it() -> None:
    runner, state = _arrived(_spec("a", "asks", "ring"))
    state, commands = runner.step(state, MediaLost(), 3.0)
    assert [command.code for command in commands if isinstance(command, Note)] == ["media.lost"]
    assert state.inner.heard[-1] == MediaLost()
