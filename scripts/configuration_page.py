"""Writes docs/configuration.md from the settings' own docstrings. usage: configuration_page.py > docs/configuration.md"""

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any

from cordboard.config import settings
from cordboard.config.voices import Voices

_SECTIONS = (
    ("account", settings.Account),
    ("sip", settings.Sip),
    ("[sip.listeners]", settings.Listener),
    ("media", settings.Media),
    ("http", settings.Http),
    ("store", settings.Store),
    ("recordings", settings.Recordings),
    ("voices", Voices),
    ("egress", settings.Egress),
    ("dialing", settings.Dialing),
    ("[trunks]", settings.Trunk),
    ("[phones]", settings.Phone),
    ("[exophones]", settings.ExoPhone),
)

_HEAD = """# cordboard.toml

`cordboard init` writes a starter, `cordboard config` checks a file and prints the effective values. A key that is
left out has its default; an unknown key is an error that names the nearest known one. Every key outside `[[…]]`
can be set by the environment: `CORDBOARD_SIP__MAX_CALLS=100`, lists as JSON.

This page is made from the code (`scripts/configuration_page.py`); a test holds it to it.
"""

_FLOWS = """
## [[flows]]

| key | default | meaning |
|---|---|---|
| `id` | needed | `flow_id` in requests, a positive whole number |
| `name` | `""` | for people |
| `start` | needed | the applet it begins with |
| `answer` | `"at_once"` | `at_once`: the caller's leg is answered when the flow starts; `late`: early media until a callee answers or an applet needs an answered caller |
| `applets` | needed | a table for each: `type`, its settings, its exits |

| type | settings | exits |
|---|---|---|
| `connect` | `primary_url` and `fallback_url`, or `parameters` (the words of the answer); `dial_events`; `accept` | `after_conversation`, `nobody_answers`, `not_dialed` |
| `greeting` | `text` or `audio` | `next` |
| `voicemail` | `prompt`, `max_seconds`, `silence_seconds`, `notify_url` | `next` |
| `hangup` | – | – |

An exit names the next applet; left out, it hangs up (`not_dialed` takes `nobody_answers`).
"""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_section(name, kind) for name, kind in _SECTIONS) + _FLOWS


def _section(name: str, kind: type) -> str:
    told = _told(kind.__doc__ or "")
    rows = [
        f"| `{field.name}` | {_default(field)} | {told.get(field.name, '')} |\n" for field in fields(kind)
    ]
    return f"\n## [{name}]\n\n| key | default | meaning |\n|---|---|---|\n{''.join(rows)}"


def _told(text: str) -> dict[str, str]:
    """``key: meaning`` and ``key, key: meaning`` of a docstring, meanings over several lines."""
    found: dict[str, str] = {}
    keys: list[str] = []
    for line in (raw.strip() for raw in text.splitlines()):
        for head, meaning in _entries(line):
            if head:
                keys = [key.strip() for key in head.split(",")]
            for key in keys:
                found[key] = f"{found.get(key, '')} {meaning}".strip()
    return {key: meaning.replace("|", "\\|") for key, meaning in found.items()}


def _entries(line: str) -> Iterator[tuple[str, str]]:
    """The entries of one line: most have one, some several after a full stop."""
    match = re.match(r"([a-z0-9_]+(?:, [a-z0-9_]+)*): (.*)", line)
    if match is None:
        yield "", line
        return
    head, rest = match.groups()
    parts = re.split(r"(?<=\.) (?=[a-z0-9_]+: )", rest)
    yield head, parts[0]
    for part in parts[1:]:
        yield from _entries(part)


def _default(field: "Field[Any]") -> str:
    if field.default is MISSING:
        return "needed"
    value = field.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        inner = ", ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in value)
        return f"`[{inner}]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


if __name__ == "__main__":
    print(page(), end="")
