"""What the flow builder stores for a Menu applet."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.contract.gather import KEYS
from cordboard.contract.limits import INPUT_REPEATS_MAX, INPUT_TIMEOUT_DEFAULT, INPUT_TIMEOUT_MAX
from cordboard.flow import schema
from cordboard.flow.prompt import Line, read_line
from cordboard.flow.reading import check_keys, required, target, whole
from cordboard.kernel.mistakes import BadInput

NO_INPUT, INVALID = "no_input", "invalid"

SCHEMA = schema.settings(
    ("prompt", "keys"),
    prompt=schema.PROMPT,
    keys=schema.about(schema.EXITS, "0 to 9, * and #, each with its applet."),
    timeout=schema.whole(1, INPUT_TIMEOUT_MAX, INPUT_TIMEOUT_DEFAULT, "Seconds to wait for a key."),
    repeats=schema.whole(0, INPUT_REPEATS_MAX, 0, "How often is asked again."),
    no_input=schema.EXIT,
    invalid=schema.EXIT,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """``keys``: (key, applet it leads to). ``timeout``: seconds from the end of the prompt. ``repeats``: how
    many more times is asked, after no key and after a wrong one."""

    prompt: Line
    keys: tuple[tuple[str, str | None], ...]
    timeout: int = INPUT_TIMEOUT_DEFAULT
    repeats: int = 0
    exits: tuple[tuple[str, str | None], ...] = ()


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` for a menu without a prompt or a key."""
    check_keys(raw, ("prompt", "keys", "timeout", "repeats", NO_INPUT, INVALID), where)
    return Settings(
        read_line(raw, "prompt", where),
        _keys(required(raw, "keys", where), f"{where}.keys"),
        whole(raw, "timeout", 1, INPUT_TIMEOUT_MAX, where, INPUT_TIMEOUT_DEFAULT),
        whole(raw, "repeats", 0, INPUT_REPEATS_MAX, where, 0),
        tuple((exit, target(raw, exit, where)) for exit in (NO_INPUT, INVALID)),
    )


def _keys(table: object, where: str) -> tuple[tuple[str, str | None], ...]:
    if not isinstance(table, Mapping) or not table:
        raise BadInput(where, f"{table!r} has no key", 'keys = { "1" = "applet" } is allowed')
    for key in table:
        if not isinstance(key, str) or key not in KEYS:
            raise BadInput(f"{where}.{key}", f"{key!r} is no key", "0 to 9, * and # are allowed")
    return tuple((key, target(table, key, where)) for key in table)
