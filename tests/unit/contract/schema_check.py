"""As much of JSON Schema (draft 2020-12) as our own schemas use; a word that it does not know is an error."""

import re
from typing import Any

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "integer": int,
}  # fmt: skip
_SILENT = {"$schema", "$id", "title", "description", "default", "examples", "then"}


def faults(schema: dict[str, Any], value: Any, where: str = "") -> list[str]:
    """What the schema has against a value; empty when it is valid."""
    found: list[str] = []
    for word, rule in schema.items():
        if word not in _SILENT:
            found += [f"{where or 'answer'}: {word} {said}" for said in _WORDS[word](rule, value, schema)]
    if isinstance(value, dict) and "properties" in schema:
        for name, sub in schema["properties"].items():
            if name in value:
                found += faults(sub, value[name], f"{where}.{name}".lstrip("."))
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            found += faults(schema["items"], item, f"{where}[{index}]")
    if "if" in schema and not faults(schema["if"], value):
        found += faults(schema["then"], value, where)
    return found


def _type(rule: str, value: Any, schema: Any) -> list[str]:
    whole = rule == "integer" and isinstance(value, float) and value.is_integer()
    right = isinstance(value, _TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool))
    return [] if right or whole else [rule]


def _additional(rule: bool, value: Any, schema: Any) -> list[str]:
    assert rule is False
    return [key for key in value if key not in schema["properties"]] if isinstance(value, dict) else []


_NUMBER = (int, float)
_WORDS: dict[str, Any] = {
    "type": _type,
    "properties": lambda rule, value, schema: [],
    "items": lambda rule, value, schema: [],
    "if": lambda rule, value, schema: [],
    "additionalProperties": _additional,
    "required": lambda rule, value, schema: (
        [name for name in rule if name not in value] if isinstance(value, dict) else []
    ),
    "enum": lambda rule, value, schema: [] if value in rule else [str(rule)],
    "const": lambda rule, value, schema: [] if value == rule else [rule],
    "minimum": lambda rule, value, schema: [str(rule)] if isinstance(value, _NUMBER) and value < rule else [],
    "maximum": lambda rule, value, schema: [str(rule)] if isinstance(value, _NUMBER) and value > rule else [],
    "maxItems": lambda rule, value, schema: (
        [str(rule)] if isinstance(value, list) and len(value) > rule else []
    ),
    "pattern": lambda rule, value, schema: (
        [rule] if isinstance(value, str) and not re.search(rule, value) else []
    ),
}
