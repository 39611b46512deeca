"""What a customer's answer means, after it has been read and checked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hold:
    """``type``: ``default_tone``, ``operator_tone`` or ``custom_tone`` (then ``value`` is its URL)."""

    type: str = "default_tone"
    value: str = ""


@dataclass(frozen=True, slots=True)
class Playback:
    """``to``: ``callee`` or ``both``. ``type``: ``audio_url`` or ``text``."""

    to: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One valid answer with every default filled in.

    ``numbers``: dialable, E.164, in order, repeats kept; with the options of settled 12 also ``sip:`` and a
    phone's user. ``trunk``: the trunk that is to be dialled as a whole; ``numbers`` is then ``sip:`` and its
    id. ``custom_headers``: the SIP headers that ``custom_params`` asks for beside it, ``X-`` and the name.
    """

    numbers: tuple[str, ...]
    fetch_after_attempt: bool = False
    outgoing_phone_number: str | None = None
    record: bool = False
    recording_channels: str = "single"
    max_ringing_duration: int = 30
    max_conversation_duration: int = 900
    music_on_hold: Hold = Hold()
    parallel: bool = False
    max_parallel_attempts: int = 5
    dial_event_url: str | None = None
    playback: Playback | None = None
    trunk: str = ""
    custom_headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A deviation, in one sentence. ``where``: ``a.b[0]`` or ``line:column``. ``code``: stable. ``severity``:
    ``error`` (something that was meant is lost) or ``warning``. ``rule``: the id behind it. ``correction``:
    what to write instead, where that helps."""

    where: str
    code: str
    severity: str
    message: str
    rule: str = ""
    correction: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """``outcome``: ``dial`` (a plan with numbers), ``no_dial`` (a plan without), ``fallback`` (no plan)."""

    outcome: str
    plan: Plan | None
    problems: tuple[Problem, ...] = ()
