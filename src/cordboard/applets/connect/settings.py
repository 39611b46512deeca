"""What the flow builder stores for a Connect applet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.contract.account import Account
from cordboard.contract.answer import SHAPES, read_answer
from cordboard.contract.plan import Problem
from cordboard.flow import schema
from cordboard.flow.reading import check_keys, choices, target, web_address
from cordboard.kernel.mistakes import BadInput

EXITS = ("after_conversation", "nobody_answers", "not_dialed")
EVENTS = ("Dial", "Ringing", "Answered", "Terminal")
_KEYS = ("primary_url", "fallback_url", "parameters", "dial_events", "accept", *EXITS)

SCHEMA = schema.settings(
    primary_url=schema.URL,
    fallback_url=schema.URL,
    parameters={"type": "object", "description": "The words of an answer, in place of a URL."},
    dial_events={**schema.TEXTS, "items": {"enum": list(EVENTS)}, "default": ["Dial", "Terminal"]},
    accept={**schema.TEXTS, "items": {"enum": list(SHAPES)}, "default": []},
    **dict.fromkeys(EXITS, schema.EXIT),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """``primary_url`` or ``parameters`` is set, the other is empty.

    ``parameters``: the words of an answer, as the JSON that a URL would have sent. ``accept``: other applets'
    shapes of an answer that are understood (settled 12). ``dial_events``: kinds that are sent (settled 23).
    """

    primary_url: str = ""
    fallback_url: str = ""
    parameters: bytes = b""
    dial_events: tuple[str, ...] = ("Dial", "Terminal")
    accept: frozenset[str] = frozenset()
    exits: tuple[tuple[str, str | None], ...] = ()


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` when there is nothing to ask, or too much."""
    check_keys(raw, _KEYS, where)
    primary = web_address(raw, "primary_url", where)
    fallback = web_address(raw, "fallback_url", where)
    accept = frozenset(choices(raw, "accept", SHAPES, where, ()))
    parameters = b""
    if "parameters" in raw:
        if primary or fallback:
            raise BadInput(
                f"{where}.parameters", "there is a URL too", "either `parameters` or `primary_url` may be set"
            )
        parameters = _parameters(raw["parameters"], accept, f"{where}.parameters")
    elif not primary:
        raise BadInput(f"{where}.primary_url", "this is missing", "`primary_url` or `parameters` must be set")
    return Settings(
        primary,
        fallback,
        parameters,
        choices(raw, "dial_events", EVENTS, where, ("Dial", "Terminal")),
        accept,
        tuple((exit, target(raw, exit, where)) for exit in EXITS),
    )


def _parameters(value: object, accept: frozenset[str], where: str) -> bytes:
    """The answer as bytes. What a URL would be forgiven is refused here, where somebody can still mend it."""
    allowed = "the words of an answer are allowed"
    try:
        body = json.dumps(value).encode()
    except (TypeError, ValueError) as error:
        raise BadInput(where, f"this is no answer ({error})", allowed) from error
    reading = read_answer(200, "application/json", body, Account(), accept=accept)
    for problem in reading.problems:
        if _is_mistake(problem):
            raise BadInput(f"{where}.{problem.where}", problem.message, problem.correction or allowed)
    if reading.outcome == "fallback":
        raise BadInput(where, "this is no answer", allowed)
    return body


def _is_mistake(problem: Problem) -> bool:
    """Numbers are the account's business, whose country is not known here."""
    if problem.where.startswith(("destination.numbers", "outgoing_phone_number")):
        return False
    return problem.severity == "error" or problem.code in ("field.unknown", "field.bounds")
