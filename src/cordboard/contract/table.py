"""The fields of an answer: the one table that the reader, the JSON Schema and the pages are made of."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from cordboard.contract import limits


@dataclass(frozen=True, slots=True)
class Field:
    """``name``: a path as in ``a.b``. ``needed``: within its object. ``about``: one sentence for a developer;
    ``lenient``: what else is understood by default.

    ``kind``: ``boolean``, ``integer`` (``low`` to ``high``), ``choice`` (of ``choices``), ``number`` (E.164),
    ``numbers`` (a list of them), ``url`` (http or https), ``hold`` (a URL that counts beside
    ``custom_tone``), ``text`` or ``object``.
    """

    name: str
    kind: str
    about: str
    default: Any = None
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    needed: bool = False
    lenient: str = ""


_AS_TEXT: Final = '`"true"` and `"false"` as text'
_SECONDS: Final = (
    'a whole number as text (`"45"`) or float (`45.0`); above the bound: the bound; 0, less or a fraction: '
    "the default"
)
_LOST: Final = "not usable: the default"

TABLE: Final = (
    Field(
        "fetch_after_attempt",
        "boolean",
        "`true`: your URL is asked again after each failed attempt, and the new answer replaces this one; "
        "two successive answers with the same set of numbers end it.",
        default=False,
        lenient=_AS_TEXT,
    ),
    Field("destination", "object", "Whom to dial.", needed=True, lenient="`{}`: nobody"),
    Field(
        "destination.numbers",
        "numbers",
        "Telephone numbers in E.164 format, dialled in this order; `[]` means nobody, and the Fallback URL "
        "is not asked.",
        needed=True,
        high=limits.NUMBERS_MAX,
        lenient="numbers as the account's country writes them (`09812300001`, `9812300001`, `919812300001`, "
        "spaces, dashes), JSON integers, a single number instead of the list; `null` and `\"\"`: nobody; the "
        "first 100 of a longer list",
    ),
    Field(
        "outgoing_phone_number",
        "number",
        "The ExoPhone that the dialled side sees: one of the account's, of the same circle as the one that "
        "was called, its trunk able to dial. Otherwise the call's own ExoPhone is shown.",
        lenient="any way of writing it",
    ),
    Field(
        "record",
        "boolean",
        "Record the conversation, from the moment both sides are joined.",
        default=False,
        lenient=_AS_TEXT,
    ),
    Field(
        "recording_channels",
        "choice",
        "`single`: both sides mixed; `dual`: the caller left, the callee right.",
        default="single",
        choices=("single", "dual"),
        lenient="any case",
    ),
    Field(
        "max_ringing_duration",
        "integer",
        "Seconds that a number (or a parallel wave) may ring, from the moment it is dialled.",
        default=limits.RING_DEFAULT,
        low=1,
        high=limits.RING_MAX,
        lenient=_SECONDS,
    ),
    Field(
        "max_conversation_duration",
        "integer",
        "Seconds that the two may talk, from the moment they are joined.",
        default=limits.TALK_DEFAULT,
        low=1,
        high=limits.TALK_MAX,
        lenient=_SECONDS,
    ),
    Field(
        "music_on_hold",
        "object",
        "What the caller hears until the conversation begins.",
        default={"type": "default_tone"},
        lenient=_LOST,
    ),
    Field(
        "music_on_hold.type",
        "choice",
        "`default_tone`: our hold music; `operator_tone`: what the dialled network sends, ringback until "
        "then; `custom_tone`: your audio, looped.",
        choices=("default_tone", "operator_tone", "custom_tone"),
        needed=True,
        lenient="any case",
    ),
    Field(
        "music_on_hold.value",
        "hold",
        "The URL of the audio of `custom_tone`. Audio that cannot be had is replaced by the default tone.",
    ),
    Field(
        "parallel_ringing",
        "object",
        "Ring several numbers at once, in waves; the first to answer wins.",
        default={"activate": False, "max_parallel_attempts": limits.PARALLEL_DEFAULT},
        lenient=_LOST,
    ),
    Field("parallel_ringing.activate", "boolean", "`true`: in waves; `false`: one number after the other.",
          default=False, lenient=_AS_TEXT),
    Field(
        "parallel_ringing.max_parallel_attempts",
        "integer",
        "How many numbers one wave rings.",
        default=limits.PARALLEL_DEFAULT,
        low=limits.PARALLEL_MIN,
        high=limits.PARALLEL_MAX,
        lenient=_SECONDS,
    ),
    Field(
        "dial_passthru_event_url",
        "url",
        "Gets a GET when a number starts being rung and when that leg is over: the dial events.",
        lenient=_LOST,
    ),
    Field(
        "start_call_playback",
        "object",
        "Heard after a callee answers, before the conversation.",
        lenient="not usable: no playback, the call is dialled",
    ),
    Field(
        "start_call_playback.playback_to",
        "choice",
        "`callee`: the callee alone, the caller keeps the hold sound; `both`: the two together.",
        choices=("callee", "both"),
        needed=True,
        lenient="absent: `callee`",
    ),
    Field(
        "start_call_playback.type",
        "choice",
        "`text`: `value` is spoken; `audio_url`: the audio at `value` is played.",
        choices=("audio_url", "text"),
        needed=True,
    ),
    Field(
        "start_call_playback.value",
        "text",
        "The text, or the http(s) URL of the audio (WAV, 8 kHz, 16 bit, mono). An `audio_url` that is not "
        "http(s), or does not answer 200 within 5 s, makes the whole answer invalid, in both modes.",
        needed=True,
    ),
)  # fmt: skip

BY_NAME: Final = MappingProxyType({field.name: field for field in TABLE})


def inside(path: str) -> tuple[str, ...]:
    """The names of the fields of an object (``parallel_ringing``), or of the answer itself (empty)."""
    start = f"{path}." if path else ""
    rests = (field.name.removeprefix(start) for field in TABLE if field.name.startswith(start))
    return tuple(rest for rest in rests if "." not in rest)
