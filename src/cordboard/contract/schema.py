"""The JSON Schema of an answer: the document's letter, as strict mode reads it, for editors and tests.

Made from ``table``. What a schema cannot say (whose an ExoPhone is, whether audio answers 200, numbers that
are never dialled) is left to ``answer.read_answer`` and to the call.
"""

from typing import Any, Final

from cordboard.contract import limits
from cordboard.contract.fields import URL
from cordboard.contract.numbers import E164
from cordboard.contract.table import BY_NAME, Field, inside

ANSWER_ID: Final = f"urn:cordboard:connect-answer:{limits.VERSION}"
"""Names the version of the format, which ``Exotel-Version`` of the request names too."""

EXAMPLE: Final[dict[str, Any]] = {
    "fetch_after_attempt": False,
    "destination": {"numbers": ["+919812345678", "+919812345679"]},
    "outgoing_phone_number": "+918047115777",
    "record": True,
    "recording_channels": "dual",
    "max_ringing_duration": 45,
    "max_conversation_duration": 3600,
    "music_on_hold": {"type": "operator_tone"},
    "start_call_playback": {"playback_to": "both", "type": "text", "value": "This call is recorded"},
}
"""An answer that uses most of the fields."""

_NUMBER: Final = {"type": "string", "pattern": f"^{E164.pattern}$"}
_ADDRESS: Final = {"type": "string", "pattern": f"^{URL.pattern}$"}


def answer_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of an answer's JSON."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ANSWER_ID,
        "title": f"Answer to a Connect URL, version {limits.VERSION}",
        "description": "Sent with HTTP 200 and Content-Type application/json, at most 64 kB.",
        **_object("", ("destination",)),
        "examples": [EXAMPLE, {"destination": {"numbers": []}}],
    }


def _object(path: str, needed: tuple[str, ...]) -> dict[str, Any]:
    prefix = f"{path}." if path else ""
    made: dict[str, Any] = {
        "type": "object",
        "properties": {name: _property(BY_NAME[prefix + name]) for name in inside(path)},
        "additionalProperties": False,
    }
    if needed:
        made["required"] = list(needed)
    return made


def _property(field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {**_type(field), "description": field.about.replace("`", "")}
    if field.default is not None:
        told["default"] = field.default
    return told


def _type(field: Field) -> dict[str, Any]:
    match field.kind:
        case "integer":
            return {"type": "integer", "minimum": field.low, "maximum": field.high}
        case "choice":
            return {"type": "string", "enum": list(field.choices)}
        case "number":
            return dict(_NUMBER)
        case "hold":
            return {}  # counts with custom_tone only
        case "numbers":
            return {"type": "array", "items": dict(_NUMBER), "maxItems": field.high}
        case "url":
            return dict(_ADDRESS)
        case "text":
            return {"type": "string", "pattern": "\\S"}
        case "object":
            names = inside(field.name)
            needed = tuple(name for name in names if BY_NAME[f"{field.name}.{name}"].needed)
            return _object(field.name, needed) | _WHERE.get(field.name, {})
        case kind:
            return {"type": kind}


def _where(kind: str, then: dict[str, Any]) -> dict[str, Any]:
    """What holds besides where ``type`` is this word."""
    when = {"properties": {"type": {"const": kind}}, "required": ["type"]}
    return {"if": when, "then": then}


_WHERE: Final = {
    "music_on_hold": _where("custom_tone", {"required": ["value"], "properties": {"value": dict(_ADDRESS)}}),
    "start_call_playback": _where("audio_url", {"properties": {"value": dict(_ADDRESS)}}),
}
