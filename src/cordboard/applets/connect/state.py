"""The phases of a Connect. Each holds only what is true in it; what outlives a phase stands in the State."""

from dataclasses import dataclass

from cordboard.applets.connect.settings import Settings
from cordboard.call.causes import Cause
from cordboard.call.scene import Recording
from cordboard.call.words import Command
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts, LegFacts
from cordboard.contract.plan import Plan
from cordboard.flow.asking import Asking

CALLER = 0


@dataclass(frozen=True, slots=True)
class Idle:
    """Not entered yet."""


@dataclass(frozen=True, slots=True)
class Preparing:
    """The answer names an announcement that must be there before anybody is dialled (settled 10)."""

    role: str
    give_up_at: float


@dataclass(frozen=True, slots=True)
class Ready:
    """For a moment: the answer stands, the next attempt may begin."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A number that is being rung. ``rang``: a 18x came (100 alone is none, telephony.md 3)."""

    leg: int
    number: str
    give_up_at: float
    rang: bool = False


@dataclass(frozen=True, slots=True)
class Ringing:
    """One attempt: a number, or a wave. ``began_at``: its first INVITE; ``whom``: its last number.

    ``lost``: how the legs that are over ended; ``early``: legs with early media, the first owns the sound.
    """

    began_at: float
    whom: str
    legs: tuple[Leg, ...]
    lost: tuple[Cause, ...] = ()
    early: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """For a moment: an attempt is over, nobody talked."""


@dataclass(frozen=True, slots=True)
class Announcing:
    """Somebody answered and hears the announcement. ``end_at``: when it is over, whatever media says."""

    leg: int
    number: str
    began_at: float
    end_at: float


@dataclass(frozen=True, slots=True)
class Talking:
    """Caller and callee are joined."""

    leg: int
    number: str
    began_at: float
    bridged_at: float
    end_at: float
    recording: Recording | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The applet has said ``Finish``."""


Phase = Idle | Asking | Preparing | Ready | Ringing | Failed | Announcing | Talking | Done


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound that was asked for. ``seconds``: None until the answer comes, 0 when it cannot be played."""

    key: str
    play: int
    seconds: float | None = None

    @property
    def playable(self) -> bool:
        """It may stand in a scene."""
        return bool(self.seconds)


@dataclass(frozen=True, slots=True)
class State:
    """One call in one Connect. ``entered_at`` in seconds of the call, as every time here.

    ``plan`` with ``shown`` (the ExoPhone that legs show), ``tone`` and ``clip`` is the answer in force;
    ``queue`` what it still has to dial; ``asked``: the numbers of the last answer that was dialled.
    ``attempts`` and ``dialled`` count attempts and legs; ``over``: the legs that are over, by id;
    ``phones``: the legs that ring a phone registered here.
    """

    settings: Settings
    account: Account
    facts: CallFacts
    phase: Phase = Idle()
    entered_at: float = 0.0
    plan: Plan | None = None
    shown: str = ""
    tone: Sound | None = None
    clip: Sound | None = None
    queue: tuple[str, ...] = ()
    asked: tuple[str, ...] | None = None
    attempts: int = 0
    dialled: int = 0
    over: tuple[tuple[int, LegFacts], ...] = ()
    phones: tuple[int, ...] = ()

    @property
    def in_force(self) -> Plan:
        """The plan, in phases that have one."""
        assert self.plan is not None, "only after an answer was accepted"
        return self.plan


Step = tuple[State, tuple[Command, ...]]
