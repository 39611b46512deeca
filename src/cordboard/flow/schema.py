"""The flow document as JSON Schema (draft 2020-12), from the words in which kinds tell their settings.

Three formats of our own beside ``uri``: ``applet`` (the name of an applet of the flow: an exit), ``flow``
(the id of a flow), ``audio`` (a URI, or the name of a recorded prompt).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cordboard.contract.limits import SAID_CHARACTERS_MAX
from cordboard.flow.reading import FLOW_ID_MAX

Schema = Mapping[str, Any]

FORMAT_VERSION: Final = 1
APPLETS_MAX: Final = 200
NAME_MAX: Final = 100
DEPTH_MAX: Final = 32

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
SAID: Final[Schema] = {"type": "string", "pattern": "\\S", "maxLength": SAID_CHARACTERS_MAX}
URL: Final[Schema] = {"type": "string", "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
AUDIO: Final[Schema] = {"type": "string", "format": "audio", "minLength": 1}
EXIT: Final[Schema] = {"type": "string", "format": "applet"}
EXITS: Final[Schema] = {"type": "object", "minProperties": 1, "additionalProperties": EXIT}
FLAG: Final[Schema] = {"type": "boolean"}
FLOW_ID: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": FLOW_ID_MAX}
TEXTS: Final[Schema] = {"type": "array", "items": {"type": "string"}}
PROMPT: Final[Schema] = {
    "type": "object",
    "description": "What is said: a text, or audio.",
    "properties": {"text": SAID, "audio_url": AUDIO},
    "additionalProperties": False,
}


def about(schema: Schema, description: str, **more: Any) -> Schema:
    """The same, told."""
    return {**schema, **more, "description": description}


def whole(low: int, high: int, default: int, description: str) -> Schema:
    """A whole number."""
    bounds = {"minimum": low, "maximum": high, "default": default}
    return {"type": "integer", **bounds, "description": description}


def settings(needed: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    """What an applet's table may hold beside its ``type``; a key that is a word of Python ends in ``_``."""
    told = {name.removesuffix("_"): schema for name, schema in properties.items()}
    return {"properties": told, "required": list(needed)}


def document_schema(kinds: Mapping[str, Schema]) -> dict[str, Any]:
    """The schema of a whole flow. ``kinds``: type → the schema of its settings."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:cordboard:flow:1",
        "title": "A flow",
        "description": "What callers go through: applets, and which exit leads where.",
        "type": "object",
        "properties": {
            "version": about({"const": FORMAT_VERSION}, "Of this format.", default=FORMAT_VERSION),
            "id": about(FLOW_ID, "flow_id in requests."),
            "name": {"type": "string", "maxLength": NAME_MAX, "default": ""},
            "start": about(TEXT, "The applet that calls begin at.", format="applet"),
            "answer": {
                "enum": ["at_once", "late"],
                "default": "at_once",
                "description": "When the caller's leg is answered; late: early media until somebody "
                "answers or an applet needs an answered caller.",
            },
            "applets": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": APPLETS_MAX,
                "additionalProperties": {"oneOf": [_applet(type, told) for type, told in kinds.items()]},
            },
        },
        "required": ["id", "start", "applets"],
        "additionalProperties": False,
    }


def _applet(type: str, told: Schema) -> dict[str, Any]:
    return {
        "type": "object",
        "title": type,
        "properties": {"type": {"const": type}, **told["properties"]},
        "required": ["type", *told["required"]],
        "additionalProperties": False,
    }


def values_of(format: str, schema: Schema, value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of this format in a table, with its path: ``prompt.audio_url``."""
    if schema.get("format") == format:
        yield path, value
    if isinstance(value, Mapping):
        inner, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key, each in value.items():
            below = inner.get(key, others if isinstance(others, Mapping) else None)
            if below is not None:
                yield from values_of(format, below, each, f"{path}.{key}".lstrip("."))
