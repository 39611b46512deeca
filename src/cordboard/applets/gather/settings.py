"""What the flow builder stores for a Gather applet."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.contract.gather import USUAL, Entry, is_finish_key
from cordboard.contract.limits import (
    GATHER_DIGITS_MAX,
    INPUT_REPEATS_MAX,
    INPUT_TIMEOUT_MAX,
)
from cordboard.flow import schema
from cordboard.flow.prompt import Line, read_line
from cordboard.flow.reading import check_keys, target, text, web_address, whole
from cordboard.kernel.mistakes import BadInput

EXITS = ("digits", "nothing")
_KEYS = (
    "prompt",
    "primary_url",
    "fallback_url",
    "max_input_digits",
    "finish_on_key",
    "input_timeout",
    "repeat_menu",
    "repeat_prompt",
    *EXITS,
)

SCHEMA = schema.settings(
    prompt=schema.PROMPT,
    repeat_prompt=schema.PROMPT,
    primary_url=schema.URL,
    fallback_url=schema.URL,
    max_input_digits=schema.whole(1, GATHER_DIGITS_MAX, USUAL.max_input_digits, "So many keys are enough."),
    finish_on_key={"type": "string", "maxLength": 1, "default": USUAL.finish_on_key},
    input_timeout=schema.whole(1, INPUT_TIMEOUT_MAX, USUAL.input_timeout, "Seconds to wait for a key."),
    repeat_menu=schema.whole(0, INPUT_REPEATS_MAX, USUAL.repeat_menu, "How often is asked again."),
    **dict.fromkeys(EXITS, schema.EXIT),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """``primary_url`` or ``prompt`` is set. ``entry``: how keys are waited for; beside a URL it stands for
    what the URL's answer leaves out. ``repeat_prompt``: None for the prompt itself."""

    prompt: Line | None = None
    repeat_prompt: Line | None = None
    primary_url: str = ""
    fallback_url: str = ""
    entry: Entry = USUAL
    exits: tuple[tuple[str, str | None], ...] = ()


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` when there is nothing to say, or two sources of it."""
    check_keys(raw, _KEYS, where)
    primary, fallback = web_address(raw, "primary_url", where), web_address(raw, "fallback_url", where)
    for key in ("prompt", "repeat_prompt"):
        if key in raw and (primary or fallback):
            raise BadInput(
                f"{where}.{key}", "there is a URL too", "either `prompt` or `primary_url` may be set"
            )
    if not primary and "prompt" not in raw:
        raise BadInput(f"{where}.prompt", "this is missing", "`prompt` or `primary_url` must be set")
    return Settings(
        read_line(raw, "prompt", where) if "prompt" in raw else None,
        read_line(raw, "repeat_prompt", where) if "repeat_prompt" in raw else None,
        primary,
        fallback,
        _entry(raw, where),
        tuple((exit, target(raw, exit, where)) for exit in EXITS),
    )


def _entry(raw: Mapping[str, object], where: str) -> Entry:
    key = text(raw, "finish_on_key", where, default=USUAL.finish_on_key)
    if not is_finish_key(key):
        raise BadInput(
            f"{where}.finish_on_key",
            f"{key!r} is no key",
            'one of 0 to 9, * and # is allowed, or "" for none',
        )
    return Entry(
        whole(raw, "max_input_digits", 1, GATHER_DIGITS_MAX, where, USUAL.max_input_digits),
        key,
        whole(raw, "input_timeout", 1, INPUT_TIMEOUT_MAX, where, USUAL.input_timeout),
        whole(raw, "repeat_menu", 0, INPUT_REPEATS_MAX, where, USUAL.repeat_menu),
    )
