"""What a day in a caller's life is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cordboard.contract.plan import Plan
from cordboard.testing.matrix.words import Case
from cordboard.testing.scenario import Caller, Phone, answers

Phones = Mapping[str, Phone]
TALK = 20.0
TAKES = answers(3.0, hangs_up=TALK)


@dataclass(frozen=True, slots=True)
class Day:
    """What happens to a call. ``reach``: somebody would take it, so only ``after_conversation`` will do.

    ``phones``: of the numbers in their order. ``again``: the stage whose real answer is used when the URL is
    asked again. ``url``: how the Primary behaves instead (``late``, ``500``, ``refused``, ``html``,
    ``in-time``, ``both``). ``change``: how the answer to a later request differs (``same``, ``none``,
    ``500``, ``late``, ``new``). ``sounds``: fate of the answer's audio. ``exophone``: what is wrong with the
    one that is named. ``loop``: who is dialled, the ``caller`` or the ``exophone``. ``only``: why it does not
    apply to an answer. ``late``: in a flow that answers late. ``stops``, ``media_lost``: seconds.
    """

    ident: str
    title: str
    rule: str
    phones: Callable[[Sequence[str]], Phones]
    reach: bool = False
    caller: Caller = field(default_factory=Caller)
    again: str = "stage.no-answer"
    url: str = ""
    change: str = ""
    sounds: str = ""
    exophone: str = ""
    loop: str = ""
    only: Callable[[Plan | None], str] = lambda plan: ""
    late: bool = False
    stops: float | None = None
    media_lost: float | None = None

    @property
    def case(self) -> Case:
        """Its line of the plan."""
        return Case(self.ident, self.title, "played", self.rule)


def every(phone: Phone) -> Callable[[Sequence[str]], Phones]:
    """All numbers alike."""
    return lambda numbers: dict.fromkeys(numbers, phone)


def then(first: Phone, rest: Phone = TAKES) -> Callable[[Sequence[str]], Phones]:
    """The first number, and all others."""
    return lambda numbers: {number: rest if index else first for index, number in enumerate(numbers)}


def lasting(seconds: float) -> Phone:
    """Answers and hangs up so much later."""
    return answers(3.0, hangs_up=seconds)


def longer(day: Day, plan: Plan | None) -> Day:
    """Fitted to the answer's own limits."""
    if plan is None or day.ident not in ("answers.last-second", "answers.late"):
        return day
    at = plan.max_ringing_duration + (0.5 if day.ident == "answers.late" else -1.5)
    return replace(day, phones=every(Phone(answers=at, hangs_up=TALK)))
