"""Sounds said to the caller one after another: what a greeting, a gather, a menu and a voicemail begin with.

An applet keeps a ``Prompt`` in its state, hands it the events it does not know itself, and shows
``scene(prompt)`` to the caller. Pure, like every part of a flow.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.call.scene import Clip, Scene
from cordboard.call.words import Command, MediaLost, Note, Played, PrepareSound, SoundReady, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.limits import (
    AUDIO_FETCH_SECONDS,
    AUDIO_REDIRECTS_LENIENT,
    AUDIO_REDIRECTS_STRICT,
)
from cordboard.flow.applet import AppletEvent
from cordboard.flow.reading import check_keys, required, said, text, web_address
from cordboard.kernel.frozen import replace
from cordboard.kernel.mistakes import BadInput

RECORDED = "prompt:"
PROMPT_NAMES = "small letters, digits, '-' and '_', 1 to 64 of them, are allowed"
_NAME = re.compile(r"[a-z0-9_-]{1,64}")

GRACE_SECONDS = 2.0
"""How much longer than its audio a sound may last before it counts as played."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to be said. ``kind``: ``text`` (spoken), ``url`` (fetched audio), ``beep``, or ``prompt`` (a
    recorded one, by its name); ``value``: the text, the address or the name."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class _Sound:
    """``seconds``: None until it was heard of, 0 when it cannot be played."""

    key: str
    play: int
    line: Line
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """``at``: the sound that is awaited or played; ``playing``: it is played. ``until``: when it is given up
    (awaited) or counts as played, in seconds of the call. ``rule`` is the applet's word for why."""

    sounds: tuple[_Sound, ...] = ()
    at: int = 0
    playing: bool = False
    until: float = 0.0
    rule: str = "prompt"

    @property
    def over(self) -> bool:
        """Everything was said, or cannot be."""
        return self.at >= len(self.sounds)


Said = tuple[Prompt, tuple[Command, ...]]


def read_line(raw: Mapping[str, object], key: str, where: str) -> Line:
    """What a setting wants said: a table with ``text`` or ``audio_url``. Raises ``BadInput``."""
    value, where = required(raw, key, where), f"{where}.{key}"
    if not isinstance(value, Mapping):
        raise BadInput(where, f"{value!r} is no prompt", '{ text = "…" } or { audio_url = "…" } is allowed')
    check_keys(value, ("text", "audio_url"), where)
    if ("text" in value) == ("audio_url" in value):
        raise BadInput(where, "there must be one thing to say", "either `text` or `audio_url` must be set")
    if "text" in value:
        return Line("text", said(value, "text", where))
    return read_audio(value, "audio_url", where)


def read_audio(raw: Mapping[str, object], key: str, where: str) -> Line:
    """Audio that a flow's own setting names: a web address, or ``prompt:`` and the name of a recorded prompt.
    Raises ``BadInput``. What a customer's URL answers is never read by this: files are not for it to name."""
    value = text(raw, key, where)
    if not value.startswith(RECORDED):
        allowed = "http://…, https://… or prompt:NAME (a recorded prompt) is allowed"
        return Line("url", web_address(raw, key, where, allowed))
    name = value.removeprefix(RECORDED)
    if not _NAME.fullmatch(name):
        raise BadInput(f"{where}.{key}", f"{name!r} is no name of a prompt", PROMPT_NAMES)
    return Line("prompt", name)


def say(
    facts: CallFacts, account: Account, lines: tuple[Line, ...], rule: str, now: float
) -> tuple[CallFacts, Prompt, tuple[Command, ...]]:
    """Begin to say these lines. The facts come back with the ids that were used."""
    redirects = AUDIO_REDIRECTS_STRICT if account.strict else AUDIO_REDIRECTS_LENIENT
    sounds = tuple(
        _Sound(f"s{facts.next_sound + index}", facts.next_play + index, line)
        for index, line in enumerate(lines)
    )
    facts = replace(facts, next_sound=facts.next_sound + len(lines), next_play=facts.next_play + len(lines))
    asked = tuple(
        PrepareSound(sound.key, sound.line.kind, sound.line.value, redirects, rule) for sound in sounds
    )
    return facts, Prompt(sounds, 0, False, now + AUDIO_FETCH_SECONDS, rule), asked


def again(facts: CallFacts, prompt: Prompt, now: float) -> tuple[CallFacts, Prompt, tuple[Command, ...]]:
    """Say the same once more, without asking for the sounds again."""
    sounds = tuple(replace(sound, play=facts.next_play + index) for index, sound in enumerate(prompt.sounds))
    facts = replace(facts, next_play=facts.next_play + len(sounds))
    anew = replace(prompt, sounds=sounds, at=0, playing=False, until=now + AUDIO_FETCH_SECONDS)
    anew, commands = _go_on(anew, now)
    return facts, anew, commands


def hush(prompt: Prompt) -> Prompt:
    """Stop saying it (a key was pressed). It can be said again, with the sounds that are there by then."""
    return prompt if prompt.over else replace(prompt, at=len(prompt.sounds), playing=False)


def skip_to_last(prompt: Prompt, now: float) -> Said:
    """Leave out what stands before the last sound."""
    last = len(prompt.sounds) - 1
    if prompt.at >= last:
        return prompt, ()
    return _go_on(replace(prompt, at=last, playing=False, until=now + AUDIO_FETCH_SECONDS), now)


def step(prompt: Prompt, event: AppletEvent, now: float) -> Said:
    """One event. What is none of the prompt's business changes nothing."""
    if prompt.over:
        if isinstance(event, SoundReady):  # of a prompt that was stopped, and may be said again
            return _learn(prompt, event)
        return prompt, ()
    sound = prompt.sounds[prompt.at]
    match event:
        case SoundReady():
            return _heard_of(prompt, event, now)
        case Played(play) if prompt.playing and play == sound.play:
            return _next(prompt, now)
        case MediaLost() if prompt.playing:  # it begins anew, in full
            return replace(prompt, until=now + (sound.seconds or 0.0) + GRACE_SECONDS), ()
        case TimePassed() if now >= prompt.until:
            if prompt.playing:
                return _next(prompt, now)
            return _skip(prompt, "it was not ready in time", now)
        case _:
            return prompt, ()


def deadline(prompt: Prompt) -> float | None:
    """When the prompt goes on by itself."""
    return None if prompt.over else prompt.until


def scene(prompt: Prompt) -> Scene:
    """The caller hears the sound whose turn it is, once it is there."""
    if prompt.over or not prompt.playing:
        return Scene()
    sound = prompt.sounds[prompt.at]
    return Scene(((0, Clip(sound.key, sound.play)),))


def _learn(prompt: Prompt, event: SoundReady) -> Said:
    """Note how a sound turned out."""
    seconds = event.seconds if event.status == 200 else 0.0
    sounds = tuple(
        replace(sound, seconds=seconds) if sound.key == event.sound else sound for sound in prompt.sounds
    )
    if sounds == prompt.sounds:
        return prompt, ()
    prompt = replace(prompt, sounds=sounds)
    return prompt, (() if seconds else (_skipped(prompt, event.problem or str(event.status)),))


def _heard_of(prompt: Prompt, event: SoundReady, now: float) -> Said:
    learnt, told = _learn(prompt, event)
    if learnt is prompt or learnt.playing:
        return learnt, told
    learnt, more = _go_on(learnt, now)
    return learnt, (*told, *more)


def _skipped(prompt: Prompt, problem: str) -> Note:
    return Note(f"{prompt.rule}.skipped", f"a sound cannot be played ({problem}), it is skipped", prompt.rule)


def _skip(prompt: Prompt, problem: str, now: float) -> Said:
    note = _skipped(prompt, problem)
    prompt, commands = _next(prompt, now)
    return prompt, (note, *commands)


def _next(prompt: Prompt, now: float) -> Said:
    return _go_on(replace(prompt, at=prompt.at + 1, playing=False, until=now + AUDIO_FETCH_SECONDS), now)


def _go_on(prompt: Prompt, now: float) -> Said:
    """Play the sound whose turn it is when it is there; leave out those that will never be."""
    while not prompt.over:
        seconds = prompt.sounds[prompt.at].seconds
        if seconds is None:
            return prompt, ()
        if seconds:
            return replace(prompt, playing=True, until=now + seconds + GRACE_SECONDS), ()
        prompt = replace(prompt, at=prompt.at + 1, until=now + AUDIO_FETCH_SECONDS)
    return prompt, ()
