"""What the flow builder stores for a Switch applet."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.flow import schema
from cordboard.flow.reading import check_keys, target, targets
from cordboard.kernel.mistakes import BadInput

NO_MATCH = "no_match"

SCHEMA = schema.settings(
    ("cases",), cases=schema.about(schema.EXITS, "Each word with its applet."), no_match=schema.EXIT
)


@dataclass(frozen=True, slots=True)
class Settings:
    """``cases``: (name, applet), as they stand in the flow."""

    cases: tuple[tuple[str, str], ...]
    no_match: str | None = None


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` when there is no case."""
    check_keys(raw, ("cases", NO_MATCH), where)
    cases = targets(raw, "cases", where)
    if NO_MATCH in dict(cases):
        allowed = f"set `{NO_MATCH}` beside `cases`"
        raise BadInput(f"{where}.cases.{NO_MATCH}", "this exit is no case", allowed)
    return Settings(cases, target(raw, NO_MATCH, where))
