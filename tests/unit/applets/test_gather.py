"""Gather: settings, and which keys count."""

import pytest

from cordboard.applets.gather.settings import Settings
from cordboard.call.scene import Clip, Scene
from cordboard.call.words import (
    CallerHungUp,
    DigitPressed,
    Finish,
    Note,
    Played,
    PrepareSound,
    SoundReady,
    Stopped,
    TimePassed,
)
from cordboard.contract.gather import Entry
from cordboard.flow.applet import AppletEvent
from cordboard.flow.prompt import Line
from cordboard.kernel.mistakes import BadInput
from tests.unit.applets.gather_play import ASKS, KIND, PIN, TWO_URLS, Play


def test_settings() -> None:
    assert KIND.settings({**PIN, "digits": "a"}, "x") == Settings(
        Line("text", "Type your PIN."), exits=(("digits", "a"), ("nothing", None))
    )
    told = {
        "prompt": {"audio_url": "http://x.example/a.wav"},
        "repeat_prompt": {"text": "Again."},
        "max_input_digits": 4,
        "finish_on_key": "",
        "input_timeout": 10,
        "repeat_menu": 2,
    }
    read = KIND.settings(told, "x")
    assert (read.prompt, read.repeat_prompt) == (
        Line("url", "http://x.example/a.wav"),
        Line("text", "Again."),
    )
    assert read.entry == Entry(4, "", 10, 2)
    asks = KIND.settings({**TWO_URLS, "max_input_digits": 1}, "x")
    assert (asks.prompt, asks.primary_url, asks.fallback_url, asks.entry.max_input_digits) == (
        None,
        TWO_URLS["primary_url"],
        TWO_URLS["fallback_url"],
        1,
    )
    assert KIND.exits(read) == {"digits": None, "nothing": None}


@pytest.mark.parametrize(
    ("raw", "where", "what"),
    [
        ({}, "prompt", "missing"),
        ({"fallback_url": "http://x.example"}, "prompt", "missing"),
        ({**PIN, **ASKS}, "prompt", "there is a URL too"),
        ({**ASKS, "repeat_prompt": {"text": "a"}}, "repeat_prompt", "there is a URL too"),
        ({"prompt": "Type."}, "prompt", "is no prompt"),
        ({"prompt": {}}, "prompt", "one thing to say"),
        ({"prompt": {"text": "a", "audio_url": "http://x.example"}}, "prompt", "one thing to say"),
        ({"prompt": {"text": ""}}, "prompt.text", "is no text"),
        ({"prompt": {"audio_url": "a.wav"}}, "prompt.audio_url", "no web address"),
        ({"prompt": {"txt": "a"}}, "prompt", "did you mean 'text'"),
        ({**PIN, "max_input_digits": 0}, "max_input_digits", "cannot be used"),
        ({**PIN, "max_input_digits": True}, "max_input_digits", "cannot be used"),
        ({**PIN, "input_timeout": 0}, "input_timeout", "cannot be used"),
        ({**PIN, "repeat_menu": "1"}, "repeat_menu", "cannot be used"),
        ({**PIN, "finish_on_key": "A"}, "finish_on_key", "is no key"),
        ({**PIN, "finish_on_key": "12"}, "finish_on_key", "is no key"),
        ({**PIN, "finish_key": "1"}, "", "did you mean 'finish_on_key'"),
    ],
)
def test_settings_that_cannot_be_used(raw: dict[str, object], where: str, what: str) -> None:
    with pytest.raises(BadInput) as refused:
        KIND.settings(raw, "flows[0].applets.pin")
    assert what in refused.value.what
    assert refused.value.where == f"flows[0].applets.pin.{where}".rstrip(".")


# --- keys -----------------------------------------------------------------------------------------------


def test_the_prompt_is_said_and_keys_are_waited_for_from_its_end() -> None:
    gather = Play()
    assert gather.said == [PrepareSound("s1", "text", "Type your PIN.", 3, "gather")]
    gather.speaks()
    assert gather.scene == Scene(((0, Clip("s1", 1)),))
    gather.tell(3.1, Played(1))
    assert gather.scene == Scene() and KIND.deadline(gather.state) == pytest.approx(8.1)
    gather.press(7.0, "1")
    assert KIND.deadline(gather.state) == 12.0  # from the last key on
    gather.press(11.9, "2")
    assert gather.tell(12.0, TimePassed()) == ()
    assert gather.tell(16.9, TimePassed()) == (Finish("digits", "gather.timeout"),)
    assert gather.digits == "12" and KIND.deadline(gather.state) is None


def test_a_key_stops_the_prompt_at_once() -> None:
    gather = Play()
    gather.speaks()
    gather.press(1.0, "4")
    assert gather.scene == Scene() and KIND.deadline(gather.state) == 6.0
    assert gather.tell(1.2, Played(1)) == () and gather.scene == Scene()


def test_a_key_before_the_sound_is_there_counts_too() -> None:
    gather = Play()
    gather.press(0.05, "4")
    gather.speaks(0.1)
    assert gather.scene == Scene()
    assert gather.press(0.2, "#") == (Finish("digits", "gather.finish-key"),)
    assert gather.digits == "4"


def test_the_finish_key_ends_and_is_no_digit() -> None:
    gather = Play()
    gather.speaks()
    assert gather.press(1.0, "12#") == (Finish("digits", "gather.finish-key"),)
    assert gather.digits == "12"
    assert gather.press(1.1, "9") == () and gather.digits == "12"


def test_the_finish_key_alone_is_nothing() -> None:
    gather = Play()
    gather.speaks()
    assert gather.press(1.0, "#") == (Finish("nothing", "gather.finish-key"),)
    assert gather.digits == ""


@pytest.mark.parametrize(
    ("finish", "typed", "digits"), [("", "1#2", "1#2"), ("*", "1#*", "1#"), ("5", "145", "14")]
)
def test_another_finish_key_or_none(finish: str, typed: str, digits: str) -> None:
    gather = Play(**PIN, finish_on_key=finish)
    gather.press(1.0, typed)
    if not finish:
        gather.waits()
    assert gather.digits == digits and gather.exits[0][0] == "digits"


def test_as_many_digits_as_are_wanted_end_it_at_once() -> None:
    gather = Play(**PIN, max_input_digits=4)
    gather.speaks()
    assert gather.press(1.0, "1234") == (Finish("digits", "gather.max-digits", "#"),)
    assert gather.digits == "1234"


def test_at_most_255_digits() -> None:
    gather = Play()
    assert gather.press(1.0, "1" * 255) == (Finish("digits", "gather.max-digits", "#"),)


@pytest.mark.parametrize("event", [DigitPressed(1, "5"), DigitPressed(0, "A"), DigitPressed(0, "")])
def test_keys_of_others_and_keys_that_are_none_change_nothing(event: DigitPressed) -> None:
    gather = Play()
    gather.speaks()
    before = gather.state
    assert gather.tell(1.0, event) == () and gather.state is before


# --- again ----------------------------------------------------------------------------------------------


def test_nothing_entered_is_asked_again_as_often_as_repeat_menu_says() -> None:
    gather = Play(**PIN, repeat_menu=2)
    gather.speaks()
    for play in (1, 2, 3):
        assert gather.scene == Scene(((0, Clip("s1", play)),))
        gather.tell(10.0 * play, Played(play))
        assert gather.exits == []
        gather.waits()
    assert gather.exits == [("nothing", "gather.timeout")] and gather.digits == ""
    assert len([one for one in gather.said if isinstance(one, PrepareSound)]) == 1


def test_further_tries_say_the_repeat_prompt() -> None:
    gather = Play(**PIN, repeat_menu=2, repeat_prompt={"text": "Again."})
    gather.speaks()
    gather.tell(3.1, Played(1))
    assert gather.waits() == (PrepareSound("s2", "text", "Again.", 3, "gather"),)
    gather.speaks(8.2, "s2")
    assert gather.scene == Scene(((0, Clip("s2", 2)),))
    gather.tell(11.2, Played(2))
    assert gather.waits() == () and gather.scene == Scene(((0, Clip("s2", 3)),))
    gather.press(20.0, "5#")
    assert gather.exits == [("digits", "gather.finish-key")] and gather.digits == "5"


def test_the_finish_key_alone_is_a_try_too() -> None:
    gather = Play(**PIN, repeat_menu=1)
    gather.speaks()
    assert gather.press(1.0, "#") == () and gather.scene == Scene(((0, Clip("s1", 2)),))
    assert gather.press(2.0, "#") == (Finish("nothing", "gather.finish-key"),)


def test_a_prompt_that_was_stopped_before_its_sound_came_is_said_when_it_comes() -> None:
    gather = Play(**PIN, repeat_menu=2)
    gather.press(0.01, "#")
    assert gather.scene == Scene() and KIND.deadline(gather.state) == pytest.approx(5.01)
    gather.speaks(0.5)
    assert gather.scene == Scene(((0, Clip("s1", 2)),))


def test_a_sound_that_comes_while_keys_are_typed_is_there_for_the_next_try() -> None:
    gather = Play(**PIN, repeat_menu=1, finish_on_key="#")
    gather.press(0.01, "#")
    gather.press(0.02, "1")  # stops the second one as well
    gather.speaks(0.5)
    assert gather.scene == Scene()
    assert gather.waits() == (Finish("digits", "gather.timeout"),)


@pytest.mark.parametrize(
    "sound", [SoundReady("s1", 404, 0.0), SoundReady("s1", 200, 0.0, "no WAV"), TimePassed()]
)
def test_a_prompt_that_cannot_be_said_is_skipped_with_a_note_and_keys_still_count(sound: AppletEvent) -> None:
    gather = Play(prompt={"audio_url": "http://x.example/a.wav"})
    notes = gather.tell(5.0, sound)
    assert [note.code for note in notes if isinstance(note, Note)] == ["gather.skipped"]
    assert KIND.deadline(gather.state) == 10.0
    assert gather.press(9.0, "1#") == (Finish("digits", "gather.finish-key"),)


# --- digits of the call ---------------------------------------------------------------------------------


def test_an_empty_gather_leaves_no_digits_of_an_earlier_one() -> None:
    gather = Play()
    assert gather.digits == ""
    gather.press(1.0, "#")
    assert gather.digits == ""


@pytest.mark.parametrize("last", [CallerHungUp(), Stopped()])
def test_what_was_typed_when_the_caller_left_was_typed(last: AppletEvent) -> None:
    gather = Play()
    gather.press(1.0, "12")
    assert gather.tell(2.0, last) == (Finish("digits", "gather.caller-gone"),) and gather.digits == "12"
    gather = Play()
    assert gather.tell(2.0, last) == (Finish("nothing", "gather.caller-gone"),) and gather.digits == ""
    assert gather.tell(3.0, last) == ()
