"""Reads all of an answer but its destination: only a playback's URL can cost the call (settled 8 to 11)."""

from collections.abc import Mapping
from typing import Any, Final

from cordboard.contract import limits
from cordboard.contract.fields import boolean, choice, http_url, missing, shown, unknown, whole
from cordboard.contract.numbers import known_as
from cordboard.contract.plan import Hold, Plan, Playback
from cordboard.contract.problems import Problems
from cordboard.contract.table import BY_NAME, Field, inside

FIELDS: Final = inside("")
_FIELDS_OF: Final = {
    "": FIELDS,
    "ccm": (*FIELDS, "recording", "state_management", "sticky_agent", "destination_type"),
    "trunk": (*FIELDS, "custom_params"),
}
_OWN_PLACES: Final = {name: name for name in ("record", "recording_channels")}
_CHANNELS: Final = BY_NAME["recording_channels"].choices
_RINGING: Final = BY_NAME["max_ringing_duration"]
_TALKING: Final = BY_NAME["max_conversation_duration"]
_AT_ONCE: Final = BY_NAME["parallel_ringing.max_parallel_attempts"]
_HOLD: Final = inside("music_on_hold")
_TONES: Final = BY_NAME["music_on_hold.type"].choices
_PARALLEL: Final = inside("parallel_ringing")
_PLAYBACK: Final = inside("start_call_playback")
_HEARERS: Final = BY_NAME["start_call_playback.playback_to"].choices
_KINDS: Final = BY_NAME["start_call_playback.type"].choices


def read_options(
    answer: dict[str, Any], numbers: tuple[str, ...], country: str, shape: str, problems: Problems
) -> Plan:
    """The plan. ``shape``: whose answer it is, of this applet (empty) or of ``SHAPES``.

    Raises ``Invalid`` for a playback's ``audio_url`` that is not http(s) (settled 10), unless there is nobody
    to dial, for then nothing is played.
    """
    unknown(problems, "", answer, _FIELDS_OF[shape])
    values, places = _ccm(answer, problems) if shape == "ccm" else (answer, _OWN_PLACES)
    fetch_again = _flag(values, "fetch_after_attempt", problems)
    record = _flag(values, "record", problems, places["record"])
    channels = values.get("recording_channels", "single")
    if channels != "single":
        channels = _choice(channels, problems, places["recording_channels"])
    parallel, at_once = _parallel(values, problems)
    if len(numbers) > 1:
        _warn_of_bounds(numbers, parallel, at_once, problems)
    return Plan(
        numbers,
        fetch_again,
        _outgoing(values, country, problems),
        record,
        channels,
        _seconds(values, _RINGING, problems),
        _seconds(values, _TALKING, problems),
        _hold(values, problems),
        parallel,
        at_once,
        _event_url(values, problems),
        _playback(values, bool(numbers), problems),
    )


def _flag(values: dict[str, Any], name: str, problems: Problems, where: str = "") -> bool:
    where = where or name
    if name not in values or missing(problems, where, values[name]):
        return False
    return boolean(problems, where, values[name], False)


def _choice(channels: Any, problems: Problems, where: str) -> str:
    if missing(problems, where, channels):
        return "single"
    return choice(problems, where, channels, _CHANNELS, "single")


def _seconds(values: dict[str, Any], field: Field, problems: Problems) -> int:
    name = field.name
    if name not in values or missing(problems, name, values[name]):
        return int(field.default)
    return whole(problems, name, values[name], field.default, field.low, field.high)


def _outgoing(values: dict[str, Any], country: str, problems: Problems) -> str | None:
    """E.164, or None for the first leg's ExoPhone. Whose it is, is asked when it is shown (settled 17)."""
    where = "outgoing_phone_number"
    if where not in values or missing(problems, where, values[where]):
        return None
    value = values[where]
    text = (
        str(value) if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**16 else value
    )
    number = known_as(text, country) if isinstance(text, str) else ""
    if number[:1] != "+" or not number[1:].isdigit() or not 7 < len(number) <= limits.DIGITS_MAX + 1:
        problems.unusable(
            where, "exophone.not_a_number", f"{shown(value)} is no ExoPhone; the first leg's is shown"
        )
        return None
    if number != value:
        problems.deviation(where, "number.not_e164", f"{shown(value)} is not in E.164 format", number)
        if problems.strict:
            return None
    return number


def _hold(values: dict[str, Any], problems: Problems) -> Hold:
    where = "music_on_hold"
    if where not in values or missing(problems, where, values[where]):
        return Hold()
    value = values[where]
    if not isinstance(value, dict):
        problems.unusable(where, "field.type", f"{shown(value)} is no object; default_tone is played")
        return Hold()
    unknown(problems, where, value, _HOLD)
    if "type" not in value:
        problems.unusable(
            "music_on_hold.type", "field.missing", "the type is missing; default_tone is played"
        )
        return Hold()
    tone = choice(problems, "music_on_hold.type", value["type"], _TONES, "default_tone")
    if tone != "custom_tone":
        return Hold(tone)
    url = value.get("value")
    usable = http_url(problems, url) if isinstance(url, str) else None
    if usable is None:
        message = f"custom_tone needs the http(s) URL of its audio, not {shown(url)}; default_tone is played"
        problems.error("music_on_hold.value", "hold.url", message, "settled-10")
        return Hold()
    return Hold(tone, usable)


def _parallel(values: dict[str, Any], problems: Problems) -> tuple[bool, int]:
    where = "parallel_ringing"
    if where not in values or missing(problems, where, values[where]):
        return False, limits.PARALLEL_DEFAULT
    value = values[where]
    if not isinstance(value, dict):
        problems.unusable(where, "field.type", f"{shown(value)} is no object; numbers are dialled one by one")
        return False, limits.PARALLEL_DEFAULT
    unknown(problems, where, value, _PARALLEL)
    active = False
    if "activate" in value and not missing(problems, "parallel_ringing.activate", value["activate"]):
        active = boolean(problems, "parallel_ringing.activate", value["activate"], False)
    at_once = limits.PARALLEL_DEFAULT
    name = "parallel_ringing.max_parallel_attempts"
    if "max_parallel_attempts" in value and not missing(problems, name, value["max_parallel_attempts"]):
        asked = value["max_parallel_attempts"]
        at_once = whole(problems, name, asked, at_once, _AT_ONCE.low, _AT_ONCE.high)
    return active, at_once


def _warn_of_bounds(numbers: tuple[str, ...], parallel: bool, at_once: int, problems: Problems) -> None:
    if parallel and at_once == 1:
        message = "with max_parallel_attempts 1 the numbers are rung one after the other"
        problems.warning(
            "parallel_ringing.max_parallel_attempts", "parallel.one_at_a_time", message, "settled-14"
        )
    reach = limits.ATTEMPTS_MAX * at_once if parallel else limits.ATTEMPTS_MAX
    reach = min(reach, limits.LEGS_MAX)
    count = len(set(numbers)) if parallel else len(numbers)
    if count > reach:
        message = f"only the first {reach} of these {count} numbers are ever dialled"
        problems.warning("destination.numbers", "numbers.out_of_reach", message, "settled-15")


def _event_url(values: dict[str, Any], problems: Problems) -> str | None:
    where = "dial_passthru_event_url"
    if where not in values or missing(problems, where, values[where]):
        return None
    value = values[where]
    url = http_url(problems, value) if isinstance(value, str) else None
    if url is None:
        problems.unusable(where, "events.url", f"{shown(value)} is no http(s) URL; no dial events are sent")
    return url


def _playback(values: dict[str, Any], dialling: bool, problems: Problems) -> Playback | None:
    """Read alike in both modes: strict may not dial what lenient sends to the Fallback (settled 9, 10)."""
    where = "start_call_playback"
    if where not in values or missing(problems, where, values[where]):
        return None
    value = values[where]
    if not isinstance(value, dict):
        return _skipped(where, "field.type", f"{shown(value)} is no object", problems)
    unknown(problems, where, value, _PLAYBACK)
    kind, content = value.get("type"), value.get("value")
    if kind not in _KINDS:
        return _skipped(f"{where}.type", "field.choice", f"{shown(kind)} is not audio_url or text", problems)
    if not isinstance(content, str) or not content.strip():
        return _skipped(f"{where}.value", "playback.value", f"{shown(content)} cannot be played", problems)
    if kind == "audio_url":
        content = _audio_url(content, dialling, problems)
    else:
        content = content.encode(errors="replace").decode().strip()  # half a surrogate pair is no text
    to = value.get("playback_to")
    if to is None:
        message = "playback_to is missing; the callee hears it"
        problems.deviation(f"{where}.playback_to", "playback.to_missing", message, "callee")
        to = "callee"
    if to not in _HEARERS:
        return _skipped(
            f"{where}.playback_to", "field.choice", f"{shown(to)} is not callee or both", problems
        )
    return Playback(to, kind, content)


def _audio_url(value: str, dialling: bool, problems: Problems) -> str:
    url = http_url(problems, value)
    if url is not None:
        return url
    message = f"{shown(value)} is no http(s) URL, which makes the answer invalid"
    where = "start_call_playback.value"
    if dialling:
        problems.invalid(where, "playback.url", message, "settled-10")
    problems.warning(where, "playback.url", f"{message} once there is somebody to dial", "settled-10")
    return value


def _skipped(where: str, code: str, message: str, problems: Problems) -> Playback | None:
    problems.unusable(where, code, f"{message}; no playback")
    return None


def _ccm(answer: dict[str, Any], problems: Problems) -> tuple[dict[str, Any], Mapping[str, str]]:
    """The CCM applet's ``recording: {record, channels}`` under this applet's names, and where they stood;
    a field of this applet beside it counts (settled 12)."""
    recording = answer.get("recording")
    if not isinstance(recording, dict):
        if "recording" in answer:
            problems.unusable(
                "recording", "field.type", f"{shown(recording)} is no object; nothing is recorded"
            )
        return answer, _OWN_PLACES
    unknown(problems, "recording", recording, ("record", "channels"))
    values, places = dict(answer), dict(_OWN_PLACES)
    for name, theirs in (("record", "record"), ("recording_channels", "channels")):
        if name not in answer and recording.get(theirs) is not None:
            values[name], places[name] = recording[theirs], f"recording.{theirs}"
    return values, places
