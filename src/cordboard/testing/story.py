"""What happened in a played call, for asserts, for eyes and as JSON. All times are seconds of the call."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cordboard.contract.plan import Problem

LEAST = 0.0005


@dataclass(frozen=True, slots=True)
class Heard:
    """``what``: in words. ``kind``: ``hold_music``, ``ringing``, ``tone`` (custom), ``early_media``,
    ``announcement``, ``talk`` or ``silence``."""

    begins: float
    ends: float
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Leg:
    """A number that was rung. ``number``: E.164; ``shown``: the ExoPhone it saw.

    ``end``: ``busy``, ``declined``, ``no-answer``, ``rejected``, ``failed``, ``canceled`` (the caller left),
    ``elsewhere`` (another phone of the wave answered first), ``normal``, ``limit`` (of the conversation) …
    ``code``: the SIP status it came with, 0 for none. ``by``: who ended it, in the platform's words.
    ``hears``: what the callee heard.
    """

    leg: int
    number: str
    shown: str
    dialled_at: float
    rang_at: float | None = None
    answered_at: float | None = None
    bridged_at: float | None = None
    ended_at: float | None = None
    end: str = ""
    code: int = 0
    by: str = ""
    why: str = ""
    hears: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the application, and what came of it.

    ``role``: ``primary`` or ``fallback``. ``parameters``: as the application reads them; ``sent``: every pair
    in order. ``status`` 0: nothing came, ``error`` says why. ``seconds``: how long it took. ``outcome``:
    ``dial``, ``no_dial``, of a Gather ``gather``, or ``fallback`` (no usable answer). ``applet``: ``connect``
    or ``gather``. ``effective``: the answer's fields with defaults
    filled in; ``numbers``: those it dials.
    """

    at: float
    role: str
    url: str
    parameters: Mapping[str, str]
    sent: tuple[tuple[str, str], ...]
    why: str
    status: int
    media_type: str
    body: str
    error: str
    seconds: float
    outcome: str
    numbers: tuple[str, ...] = ()
    effective: Mapping[str, Any] | None = None
    problems: tuple[Problem, ...] = ()
    applet: str = "connect"


@dataclass(frozen=True, slots=True)
class DialEvent:
    """A request to ``dial_passthru_event_url``. ``status``: of its answer, None where only captured."""

    at: float
    kind: str
    number: str
    url: str
    parameters: Mapping[str, str]
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording. ``channels``: ``single`` or ``dual`` (``left``: caller)."""

    name: str
    begins: float
    ends: float
    channels: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Something the platform did or noted. ``why``: the rule behind it (``settled-14``, ``limit.ring`` …).

    ``kind``: the command in one word (``dial``, ``fetch``, ``release``, ``bridge``, ``note`` …). ``code``: of
    a note.
    """

    at: float
    kind: str
    what: str
    why: str
    code: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Story:
    """A whole call. ``exit``: ``after_conversation``, ``nobody_answers`` or ``not_dialed``; none where the
    platform was stopped.

    ``exit_why``: the rule it was taken by. ``next_request``: what the next applet's request would carry.
    ``ended_by``: ``caller`` or ``platform``; ``final``: the SIP status that refused the caller, 0 where the
    call was answered. ``ladder``: the whole transcript, event by event.
    """

    caller: str
    exophone: str
    sid: str
    exit: str
    exit_why: str
    call_type: str
    dial_status: str
    ended_at: float
    ended_by: str
    final: int
    hears: tuple[Heard, ...]
    legs: tuple[Leg, ...]
    requests: tuple[Request, ...]
    events: tuple[DialEvent, ...]
    recordings: tuple[Recorded, ...]
    decisions: tuple[Decision, ...]
    next_request: Mapping[str, str]
    ladder: str

    @property
    def dialled(self) -> list[str]:
        """Every number that was rung, in order."""
        return [leg.number for leg in self.legs]

    @property
    def talked_to(self) -> str:
        """Who had the conversation; empty: nobody."""
        return next((leg.number for leg in self.legs if leg.bridged_at is not None), "")

    @property
    def talk_seconds(self) -> float:
        """How long caller and callee talked."""
        return sum(heard.ends - heard.begins for heard in self.hears if heard.kind == "talk")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong with the answers, in order."""
        return tuple(problem for request in self.requests for problem in request.problems)

    @property
    def notes(self) -> list[str]:
        """What the platform noted: problems, bounds that were reached, in sentences."""
        return [decision.what for decision in self.decisions if decision.kind == "note"]

    def heard(self, what: str, at: float | None = None) -> bool:
        """Whether the caller heard this (a kind, or a piece of its words), at this second or at all."""
        return any(
            (what == each.kind or what in each.what) and (at is None or each.begins <= at < each.ends)
            for each in self.hears
        )

    def leg(self, number: str, nth: int = 0) -> Leg:
        """The ``nth`` leg to this number. Raises ``AssertionError`` where there is none."""
        found = [leg for leg in self.legs if leg.number == number]
        assert nth < len(found), f"{number} was rung {len(found)} times:\n{self}"
        return found[nth]

    def why(self, kind: str) -> list[str]:
        """The rules behind all decisions of a kind."""
        return [decision.why for decision in self.decisions if decision.kind == kind]

    def as_json(self) -> dict[str, Any]:
        """All of it, ready for ``json.dumps``."""
        told = asdict(self)
        told["dialled"], told["talked_to"], told["talk_seconds"] = (
            self.dialled,
            self.talked_to,
            self.talk_seconds,
        )
        return told

    def lines(self) -> Iterator[str]:
        """What happened, in its order, for eyes."""
        for begins, ends, text in sorted(self._spans(), key=lambda span: span[0]):
            yield f"{begins:7.1f}{f'–{ends:.1f}' if ends is not None else '':<8} {text}"

    def _spans(self) -> Iterator[tuple[float, float | None, str]]:
        for request in self.requests:
            came = f"{request.status} {request.outcome}" if request.status else request.error
            yield request.at, request.at + request.seconds, f"asked the {request.role}: {came}"
            for problem in request.problems:
                told = f"  {problem.severity} {problem.where}: {problem.message} [{problem.rule}]"
                yield request.at, None, told
        for leg in self.legs:
            yield leg.dialled_at, leg.ended_at, f"rang {leg.number}: {leg.end}"
        for heard in self.hears:
            yield heard.begins, heard.ends, f"the caller hears {heard.what}"
        exit = f"exit {self.exit} [{self.exit_why}]"
        yield self.ended_at, None, f"the {self.ended_by} ends the call; {exit}"

    def __repr__(self) -> str:
        return f"<Story exit={self.exit} dialled={self.dialled}\n" + "\n".join(self.lines()) + "\n>"

    __str__ = __repr__
