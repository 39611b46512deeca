"""Settings to be looked at: every effective value, nothing secret."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from cordboard.config.keys import SECTIONS
from cordboard.config.settings import Settings

MASK = "***"
_USER = re.compile(r"(?<=://)[^/@\s]+@")
_LAST_USER = re.compile(r"(?<=://)\S+@")  # a database's password may hold any sign
_QUERY = re.compile(
    r"(?i)([?&][^=&#]*(?:token|key|secret|password|passwd|pwd|sig|signature|auth)[^=&#]*=)[^&#]*"
)


def masked_url(text: str) -> str:
    """A URL without its user and password, and without the values of query keys that sound secret."""
    user = _LAST_USER if text.startswith("postgres") else _USER
    return _QUERY.sub(rf"\1{MASK}", user.sub(f"{MASK}@", text))


def as_json(settings: Settings) -> dict[str, Any]:
    """All settings, as values that JSON can hold."""
    shown: dict[str, Any] = {}
    for name, section in SECTIONS.items():
        value = getattr(settings, name)
        if section.many:
            shown[name] = [_section(item, section.secret) for item in value]
        else:
            shown[name] = _section(value, section.secret)
    shown["flows"] = [_flow(flow) for flow in settings.flows]
    return shown


def as_text(settings: Settings) -> str:
    """In the form of the file."""
    lines = [f"# effective settings of {settings.source}, secrets masked"]
    for name, value in as_json(settings).items():
        for table in value if isinstance(value, list) else [value]:
            _write(lines, name, table, "[[{}]]" if isinstance(value, list) else "[{}]")
    return "\n".join(lines) + "\n"


def _section(value: Any, secret: tuple[str, ...]) -> dict[str, Any]:
    return {field.name: _shown(getattr(value, field.name), field.name in secret) for field in fields(value)}


def _shown(value: Any, secret: bool) -> Any:
    if secret and value:
        return MASK
    if is_dataclass(value):
        return _section(value, ())
    if isinstance(value, tuple):
        return [_shown(item, False) for item in value]
    return masked_url(value) if isinstance(value, str) else value


def _flow(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _flow(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_flow(item) for item in value]
    return masked_url(value) if isinstance(value, str) else value


def _write(lines: list[str], name: str, table: Mapping[str, Any], header: str) -> None:
    lines += ["", header.format(name)]
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines += [f"{_key(key)} = {_toml(value)}" for key, value in table.items() if key not in inner]
    for key, value in inner.items():
        _write(lines, f"{name}.{_key(key)}", value, "[{}]")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False)
    return str(value)  # TOML's own dates and times, which no setting takes
