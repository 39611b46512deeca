"""Menu: settings, and the machine by itself."""

from typing import Any

import pytest

from cordboard.applets.menu import Menu
from cordboard.applets.menu.machine import State
from cordboard.applets.menu.settings import Settings
from cordboard.call.scene import Clip, Scene
from cordboard.call.words import (
    CallerHungUp,
    Command,
    DigitPressed,
    Finish,
    Played,
    PrepareSound,
    SoundReady,
    TimePassed,
)
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow.applet import AppletEvent, Entered
from cordboard.flow.prompt import Line
from cordboard.kernel.mistakes import BadInput

FACTS = CallFacts("sid", "+919876500001", "+918047100001", "+918047100001", "incoming", 1, 0.0, digits="77")
KIND = Menu()
HELLO = {"prompt": {"text": "Sales: 1."}, "keys": {"1": "sales", "#": "end"}}
READY = (0.1, SoundReady("s1", 200, 3.0))


def play(*events: tuple[float, AppletEvent], **more: Any) -> tuple[State, list[Command]]:
    """Enter the menu, have its sound, and then this."""
    state = KIND.begin(KIND.settings({**HELLO, **more}, "x"), Account(), FACTS)
    said: list[Command] = []
    everything: list[tuple[float, AppletEvent]] = [(0.0, Entered()), READY, *events]
    for now, event in everything:
        state, commands = KIND.step(state, event, now)
        said += commands
    return state, said


def press(now: float, key: str, leg: int = 0) -> tuple[float, AppletEvent]:
    return now, DigitPressed(leg, key)


def test_settings() -> None:
    read = KIND.settings({**HELLO, "timeout": 9, "repeats": 2, "no_input": "bye"}, "x")
    assert read == Settings(
        Line("text", "Sales: 1."),
        (("1", "sales"), ("#", "end")),
        9,
        2,
        (("no_input", "bye"), ("invalid", None)),
    )
    assert KIND.exits(read) == {"1": "sales", "#": "end", "no_input": "bye", "invalid": None}
    usual = KIND.settings(HELLO, "x")
    assert (usual.timeout, usual.repeats) == (5, 0)


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        ({"keys": {"1": "a"}}, "prompt", "missing"),
        ({"prompt": {"text": "a"}}, "keys", "missing"),
        ({"keys": {}}, "keys", "has no key"),
        ({"keys": ["1"]}, "keys", "has no key"),
        ({"keys": {"12": "a"}}, "keys.12", "is no key"),
        ({"keys": {"A": "a"}}, "keys.A", "is no key"),
        ({"keys": {"": "a"}}, "keys.", "is no key"),
        ({"keys": {"1": 5}}, "keys.1", "is no text"),
        ({"timeout": 0}, "timeout", "cannot be used"),
        ({"repeats": -1}, "repeats", "cannot be used"),
        ({"repeat": 1}, "", "did you mean 'repeats'"),
    ],
)
def test_settings_that_cannot_be_used(raw: dict[str, object], where: str, what: str) -> None:
    full = raw if len(raw) == 1 and {"keys", "prompt"} & set(raw) and what == "missing" else {**HELLO, **raw}
    with pytest.raises(BadInput) as refused:
        KIND.settings(full, "flows[0].applets.menu")
    assert what in refused.value.what
    expected = f"flows[0].applets.menu.{where}" if where else "flows[0].applets.menu"
    assert refused.value.where == expected


def test_contract_5_6_a_key_is_an_exit_and_the_digits() -> None:
    state, said = play(press(1.0, "1"))
    assert said == [PrepareSound("s1", "text", "Sales: 1.", 3, "menu"), Finish("1", "menu.key")]
    assert KIND.facts(state).digits == "1" and KIND.scene(state) == Scene() and KIND.deadline(state) is None
    assert play(press(1.0, "#"))[1][-1] == Finish("#", "menu.key")


def test_a_key_before_the_prompt_is_there_counts() -> None:
    state = KIND.begin(KIND.settings(HELLO, "x"), Account(), FACTS)
    state, _ = KIND.step(state, Entered(), 0.0)
    assert KIND.step(state, DigitPressed(0, "1"), 0.01)[1] == (Finish("1", "menu.key"),)


def test_no_key_at_all_from_the_end_of_the_prompt() -> None:
    state, _ = play((3.1, Played(1)), timeout=7)
    assert KIND.deadline(state) == pytest.approx(10.1) and KIND.facts(state).digits == ""
    state, said = play((3.1, Played(1)), (10.0, TimePassed()), (10.1, TimePassed()), timeout=7)
    assert said[1:] == [Finish("no_input", "menu.timeout")] and KIND.facts(state).digits == ""


def test_a_wrong_key_is_invalid_and_stays_as_digits() -> None:
    state, said = play(press(1.0, "9"))
    assert said[-1] == Finish("invalid", "menu.wrong-key") and KIND.facts(state).digits == "9"


def test_it_is_asked_again_after_no_key_and_after_a_wrong_one() -> None:
    state, said = play((3.1, Played(1)), (8.1, TimePassed()), repeats=2)
    assert len(said) == 1 and KIND.scene(state) == Scene(((0, Clip("s1", 2)),))
    state, said = play((3.1, Played(1)), (8.1, TimePassed()), press(9.0, "9"), repeats=2)
    assert len(said) == 1 and KIND.scene(state) == Scene(((0, Clip("s1", 3)),))
    assert KIND.facts(state).digits == ""
    state, said = play((3.1, Played(1)), (8.1, TimePassed()), press(9.0, "9"), press(9.5, "1"), repeats=2)
    assert said[-1] == Finish("1", "menu.key")


@pytest.mark.parametrize(("last", "exit"), [(press(9.5, "8"), "invalid"), ((14.5, TimePassed()), "no_input")])
def test_the_last_try_says_which_exit(last: tuple[float, AppletEvent], exit: str) -> None:
    events = [press(9.0, "9"), (9.4, Played(2)), last]
    assert play(*events, repeats=1)[1][-1].exit == exit  # type: ignore[union-attr] # a Finish


def test_keys_of_others_change_nothing() -> None:
    for event in (press(1.0, "1", leg=1), press(1.0, "A")):
        state, said = play(event)
        assert len(said) == 1 and KIND.scene(state) == Scene(((0, Clip("s1", 1)),))


def test_a_prompt_that_cannot_be_said_is_skipped_and_keys_still_count() -> None:
    state = KIND.begin(KIND.settings({**HELLO, "repeats": 1}, "x"), Account(), FACTS)
    state, _ = KIND.step(state, Entered(), 0.0)
    state, commands = KIND.step(state, SoundReady("s1", 404, 0.0), 1.0)
    assert [getattr(one, "code", "") for one in commands] == ["menu.skipped"] and KIND.deadline(state) == 6.0
    state, commands = KIND.step(state, TimePassed(), 6.0)
    assert commands == () and KIND.deadline(state) == 11.0  # the second try has nothing to say either
    assert KIND.step(state, DigitPressed(0, "1"), 7.0)[1] == (Finish("1", "menu.key"),)


def test_a_caller_who_leaves_ends_it() -> None:
    state, said = play(press(1.0, "9"), (2.0, CallerHungUp()), press(3.0, "1"), repeats=1)
    assert said[1:] == [Finish("no_input", "menu.caller-gone")] and KIND.facts(state).digits == ""
