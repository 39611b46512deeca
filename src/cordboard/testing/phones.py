"""Phones that a test of an application rings: by object, or in plain words.

All seconds are virtual and count from the moment at which the phone is rung, ``talks`` from the moment at
which caller and callee are joined. Words and objects mean the same::

    {"+919812300001": "busy", "+919812300002": Answers(after=3, talks=20)}
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cordboard.call.causes import Cause
from cordboard.contract.numbers import known_as
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.causes import BY_STATUS
from cordboard.testing.scenario import Phone

LONGEST: Final = 24 * 3600.0
"""Seconds: no call lasts longer than a day."""


@dataclass(frozen=True, slots=True)
class Script(Phone):
    """A phone whose conversation is timed. ``talks``: it hangs up so many seconds after the bridge."""

    talks: float | None = None

    def __post_init__(self) -> None:
        fails = self.fails[0] if self.fails is not None else None
        for seconds in (self.rings, self.early, self.answers, self.hangs_up, self.talks, fails):
            if seconds is not None and not 0 <= seconds < LONGEST:
                raise BadInput("phones", f"{seconds} s is no time", f"0 to {LONGEST:.0f} is allowed")


def Answers(
    after: float = 2.0, talks: float | None = 20.0, *, rings: float = 0.0, early: float | None = None
) -> Script:
    """Answers, and hangs up after talking; ``talks=None``: never by itself. ``early``: the network sends
    audio of its own (183) from then on."""
    return Script(rings=min(rings, after), early=early, answers=after, talks=talks)


def Busy(after: float = 0.5) -> Script:
    """486 Busy Here."""
    return Fails(486, after)


def Declines(after: float = 2.0) -> Script:
    """Somebody presses the red button: 603, after it rang."""
    return Script(rings=0.0, fails=(after, Cause.DECLINED), code=603)


def NoAnswer(*, early: float | None = None) -> Script:
    """Rings until our limit ends it."""
    return Script(rings=0.0, early=early)


def Fails(code: int = 503, after: float = 0.5, *, early: float | None = None) -> Script:
    """The network refuses with this SIP status (400 to 699) without ringing; ``early``: after an
    announcement of its own."""
    if not 400 <= code <= 699:
        raise BadInput("phones", f"{code} refuses no call", "400 to 699 is allowed")
    return Script(rings=None, early=early, fails=(after, BY_STATUS.get(code, Cause.FAILED)), code=code)


def NeverReplies() -> Script:
    """Not even a provisional response comes."""
    return Script(rings=None)


def HangsUpDuringPlayback(after: float = 2.0, within: float = 1.0) -> Script:
    """Answers, and hangs up ``within`` so many seconds of its answer, while the announcement is played."""
    return Script(rings=0.0, answers=after, hangs_up=within)


Words = str | Phone
Phones = Mapping[str, Words | Sequence[Words]]

_SECONDS: Final = r"(?:\s+after\s+(?P<after>\d+(?:\.\d+)?)\s*s(?:econds?)?)?"
_TALKS: Final = r"(?:\s*(?:,|and)\s*talks\s+(?P<talks>\d+(?:\.\d+)?)\s*s(?:econds?)?)?"
_GRAMMAR: Final = (
    (re.compile(rf"answers{_SECONDS}{_TALKS}"), "answers"),
    (re.compile(rf"(?:is\s+)?busy{_SECONDS}"), "busy"),
    (re.compile(rf"declines{_SECONDS}"), "declines"),
    (re.compile(r"no answer|rings out|rings"), "rings"),
    (re.compile(rf"fails(?:\s+with\s+(?P<code>\d{{3}}))?{_SECONDS}"), "fails"),
    (re.compile(r"never replies"), "silent"),
    (re.compile(rf"hangs up during (?:the )?playback{_SECONDS}"), "leaves"),
)
ALLOWED: Final = (
    '"answers after 3s and talks 20s", "busy", "declines after 2s", "rings out", "fails with 503", '
    '"never replies" or "hangs up during playback" is allowed'
)


def phone(words: Words, where: str = "phones") -> Phone:
    """A phone of its description. Raises ``BadInput`` for words that say nothing."""
    if isinstance(words, Phone):
        return words
    text = " ".join(words.lower().split())
    for pattern, kind in _GRAMMAR:
        if found := pattern.fullmatch(text):
            return _of(kind, {name: value for name, value in found.groupdict().items() if value is not None})
    raise BadInput(where, f"{words!r} describes no phone", ALLOWED)


def read_phones(phones: Phones, country: str) -> dict[str, Phone | tuple[Phone, ...]]:
    """By E.164 number; several phones for a number are taken one per dial, the last one stays."""
    read: dict[str, Phone | tuple[Phone, ...]] = {}
    for number, words in phones.items():
        where = f"phones[{number}]"
        if isinstance(words, str | Phone):
            read[known_as(number, country)] = phone(words, where)
        elif words:
            read[known_as(number, country)] = tuple(phone(each, where) for each in words)
        else:
            raise BadInput(where, "there is no phone", "one phone or more is allowed")
    return read


def _of(kind: str, told: Mapping[str, str]) -> Phone:
    after = {"after": float(told["after"])} if "after" in told else {}
    match kind:
        case "answers":
            talks = {"talks": float(told["talks"])} if "talks" in told else {}
            return Answers(**after, **talks)
        case "busy":
            return Busy(**after)
        case "declines":
            return Declines(**after)
        case "fails":
            return Fails(int(told.get("code", "503")), **after)
        case "silent":
            return NeverReplies()
        case "leaves":
            return HangsUpDuringPlayback(**after)
        case _:
            return NoAnswer()
