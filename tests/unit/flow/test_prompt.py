"""Sounds said one after another (``flow.prompt``)."""

from dataclasses import replace

import pytest

from cordboard.call.scene import Clip, Scene
from cordboard.call.words import MediaLost, Note, Played, PrepareSound, SoundReady, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.flow import prompt
from cordboard.flow.prompt import GRACE_SECONDS, Line, Prompt
from cordboard.kernel.mistakes import BadInput

FACTS = CallFacts("c1", "+919876500001", "+918047115777", "+918047115777", "incoming", 1, 0.0)
LINES = (Line("text", "Welcome."), Line("url", "http://127.0.0.1/a.wav"))


def _said(lines: tuple[Line, ...] = LINES) -> Prompt:
    return prompt.say(FACTS, Account(), lines, "greeting", 0.0)[1]


def test_all_sounds_are_asked_for_at_once_and_their_ids_are_used_up() -> None:
    facts, said, commands = prompt.say(replace(FACTS, next_sound=4, next_play=7), Account(), LINES, "x", 0.0)
    assert commands == (
        PrepareSound("s4", "text", "Welcome.", 3, "x"),
        PrepareSound("s5", "url", "http://127.0.0.1/a.wav", 3, "x"),
    )
    assert (facts.next_sound, facts.next_play) == (6, 9)
    assert not said.over and prompt.scene(said) == Scene()


def test_lines_are_heard_in_order_whichever_is_ready_first() -> None:
    said, _ = prompt.step(_said(), SoundReady("s2", 200, 1.0), 0.5)
    assert prompt.scene(said) == Scene()
    said, _ = prompt.step(said, SoundReady("s1", 200, 2.0), 1.0)
    assert prompt.scene(said) == Scene(((0, Clip("s1", 1)),))
    said, _ = prompt.step(said, Played(2), 2.0)  # not its turn
    assert prompt.scene(said) == Scene(((0, Clip("s1", 1)),))
    said, _ = prompt.step(said, Played(1), 3.0)
    assert prompt.scene(said) == Scene(((0, Clip("s2", 2)),))
    said, _ = prompt.step(said, Played(2), 4.0)
    assert said.over and prompt.deadline(said) is None and prompt.scene(said) == Scene()


@pytest.mark.parametrize("late", [False, True])
def test_what_cannot_be_played_is_left_out_with_a_note(late: bool) -> None:
    said, _ = prompt.step(_said(), SoundReady("s2", 200, 1.0), 0.0)
    event = TimePassed() if late else SoundReady("s1", 404, 0.0, "HTTP status 404")
    said, commands = prompt.step(said, event, 5.0)
    assert [type(command) for command in commands] == [Note]
    assert prompt.scene(said) == Scene(((0, Clip("s2", 2)),))


def test_an_end_that_is_never_told_comes_by_itself() -> None:
    said, _ = prompt.step(_said(LINES[:1]), SoundReady("s1", 200, 3.0), 1.0)
    assert prompt.deadline(said) == 1.0 + 3.0 + GRACE_SECONDS
    said, _ = prompt.step(said, TimePassed(), 1.0 + 3.0 + GRACE_SECONDS)
    assert said.over


def test_again_plays_the_same_sounds_anew_without_asking() -> None:
    said, _ = prompt.step(_said(LINES[:1]), SoundReady("s1", 200, 3.0), 1.0)
    said, _ = prompt.step(said, Played(1), 4.0)
    facts, anew, commands = prompt.again(replace(FACTS, next_play=5), said, 4.0)
    assert commands == () and facts.next_play == 6
    assert prompt.scene(anew) == Scene(((0, Clip("s1", 5)),))


def test_nothing_to_say_is_over_at_once() -> None:
    assert prompt.say(FACTS, Account(), (), "x", 0.0)[1].over


def test_a_prompt_that_is_stopped_is_over_and_can_be_said_again() -> None:
    said, _ = prompt.step(_said(), SoundReady("s1", 200, 3.0), 1.0)
    said = prompt.hush(said)
    assert said.over and prompt.scene(said) == Scene() and prompt.deadline(said) is None
    said, commands = prompt.step(said, SoundReady("s2", 200, 1.0), 1.5)  # heard of while nothing is said
    assert commands == () and said.over and prompt.hush(said) is said
    _, anew, _ = prompt.again(replace(FACTS, next_play=5), said, 4.0)
    assert prompt.scene(anew) == Scene(((0, Clip("s1", 5)),))
    anew, _ = prompt.step(anew, Played(5), 7.0)
    assert prompt.scene(anew) == Scene(((0, Clip("s2", 6)),))


def test_said_again_before_its_sound_came_it_waits_for_it() -> None:
    _, anew, commands = prompt.again(replace(FACTS, next_play=5), prompt.hush(_said(LINES[:1])), 4.0)
    assert commands == () and prompt.scene(anew) == Scene() and prompt.deadline(anew) == 9.0
    anew, _ = prompt.step(anew, SoundReady("s1", 200, 3.0), 4.5)
    assert prompt.scene(anew) == Scene(((0, Clip("s1", 5)),))


def test_telephony_29_a_sound_under_which_media_died_has_all_its_time_again() -> None:
    said, _ = prompt.step(_said(LINES[:1]), SoundReady("s1", 200, 3.0), 1.0)
    said, commands = prompt.step(said, MediaLost(), 3.5)
    assert commands == () and prompt.deadline(said) == 3.5 + 3.0 + GRACE_SECONDS
    waiting = _said()
    assert prompt.step(waiting, MediaLost(), 1.0) == (waiting, ())


def test_a_recorded_prompt_is_named_where_audio_may_stand() -> None:
    assert prompt.read_audio({"audio": "prompt:wel-come_2"}, "audio", "x") == Line("prompt", "wel-come_2")
    assert prompt.read_line({"prompt": {"audio_url": "prompt:keys"}}, "prompt", "x") == Line("prompt", "keys")


@pytest.mark.parametrize("name", ["", "../x", "a.wav", "A", "a b", "a/b", "a" * 65, "å"])
def test_s17_a_prompts_name_is_no_path(name: str) -> None:
    with pytest.raises(BadInput) as refused:
        prompt.read_audio({"audio": f"prompt:{name}"}, "audio", "flows[0].applets.hello")
    assert refused.value.where == "flows[0].applets.hello.audio"
    assert "small letters" in refused.value.allowed
