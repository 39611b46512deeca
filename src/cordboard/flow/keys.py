"""One try to get keys of the caller: a prompt is said, the first key stops it, and then there is a wait.

Gather and menu keep a ``Turn`` in their state, as they would keep a ``Prompt`` alone. Keys of other legs and
A to D change nothing.
"""

from dataclasses import dataclass

from cordboard.call.words import Command, DigitPressed, TimePassed
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.gather import KEYS
from cordboard.flow import prompt
from cordboard.flow.applet import AppletEvent
from cordboard.flow.prompt import Line, Prompt
from cordboard.kernel.frozen import replace

CALLER = 0
TIMED_OUT = "timed out"
"""What a turn says in place of a key when its time is over."""


@dataclass(frozen=True, slots=True)
class Turn:
    """``timeout``: how long is waited from the end of the prompt, and from each key. ``until``: when that is
    over, in seconds of the call; None while the prompt is said."""

    prompt: Prompt
    timeout: float
    until: float | None = None


Begun = tuple[CallFacts, Turn, tuple[Command, ...]]


def begin(facts: CallFacts, account: Account, line: Line, timeout: float, rule: str, now: float) -> Begun:
    """Say this and listen. The facts come back with the ids that were used."""
    facts, said, commands = prompt.say(facts, account, (line,), rule, now)
    return facts, Turn(said, timeout), commands


def again(facts: CallFacts, turn: Turn, now: float) -> Begun:
    """The same once more."""
    facts, said, commands = prompt.again(facts, turn.prompt, now)
    return facts, _listen(Turn(said, turn.timeout), now), commands


def step(turn: Turn, event: AppletEvent, now: float) -> tuple[Turn, tuple[Command, ...], str]:
    """One event. What came of it: a key, ``TIMED_OUT``, or nothing yet (empty)."""
    match event:
        case DigitPressed(leg, key) if leg == CALLER and key in KEYS:
            return replace(turn, prompt=prompt.hush(turn.prompt), until=now + turn.timeout), (), key
        case TimePassed() if turn.until is not None and now >= turn.until:
            return turn, (), TIMED_OUT
        case _:
            said, commands = prompt.step(turn.prompt, event, now)
            if said is turn.prompt:
                return turn, commands, ""
            return _listen(replace(turn, prompt=said), now), commands, ""


def deadline(turn: Turn) -> float | None:
    """When the prompt goes on by itself, or the wait is over."""
    return prompt.deadline(turn.prompt) if turn.until is None else turn.until


def _listen(turn: Turn, now: float) -> Turn:
    """The wait begins where the prompt ends, or cannot be said at all."""
    if turn.prompt.over and turn.until is None:
        return replace(turn, until=now + turn.timeout)
    return turn
