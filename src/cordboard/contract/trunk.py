"""The SIP trunk applet's answer: ``destination.trunk`` and ``custom_params`` (settled 12, contract.md §2.2).

``trunk`` names a SIP trunk instead of numbers: the call goes to whoever is behind it, for the ExoPhone that
was called. It is told as ``sip:`` and its id. ``custom_params`` (``a=1&b=2``) asks for SIP headers on its
INVITE: at most 3, 200 bytes in all, each as ``X-<name>: <value>``; some prefixes are the platform's own.
"""

import re
from typing import Any, Final
from urllib.parse import unquote_plus

from cordboard.contract.fields import missing, shown, unknown
from cordboard.contract.problems import Problems

PARAMETERS_MAX: Final = 3
BYTES_MAX: Final = 200
RESERVED: Final = ("exotel-", "veeno-", "cordboard-")
"""The last is ours: ``X-Cordboard-Hops`` ends loops between engines (reliability.md S23)."""

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_VALUE: Final = re.compile(r"[\x20-\x7e]+")


def read_trunk(destination: dict[str, Any], problems: Problems) -> tuple[str, ...]:
    """``sip:`` and the trunk's id, or nobody. ``destination`` has a ``trunk`` and no ``numbers``."""
    unknown(problems, "destination", destination, ("trunk",))
    trunk, where = destination["trunk"], "destination.trunk"
    if trunk is None or trunk == "":
        problems.deviation(
            where, "trunk.empty", f"{shown(trunk)} names no trunk: nobody is dialled", '{"numbers": []}'
        )
        return ()
    name = trunk
    if isinstance(trunk, str) and not problems.strict:
        name = trunk.strip().removeprefix("sip:")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        message = f"{shown(trunk)} is no trunk's id; it is not dialled"
        problems.error(where, "trunk.not_dialable", message, "settled-12")
        return ()
    if name != trunk:
        problems.warning(where, "trunk.form", f"{shown(trunk)} is understood as {name}", "settled-12", name)
    return (f"sip:{name}",)


def read_custom_params(answer: dict[str, Any], problems: Problems) -> tuple[tuple[str, str], ...]:
    """The SIP headers that ``custom_params`` asks for; what breaks a rule is left out with an error."""
    where = "custom_params"
    if where not in answer or missing(problems, where, answer[where]):
        return ()
    value = answer[where]
    if not isinstance(value, str):
        message = f"{shown(value)} is no text such as a=1&b=2; no headers are sent"
        problems.unusable(where, "field.type", message)
        return ()
    if len(value.encode(errors="replace")) > BYTES_MAX:
        message = f"it has more than {BYTES_MAX} bytes; no headers are sent"
        problems.unusable(where, "trunk.params_too_long", message)
        return ()
    headers: list[tuple[str, str]] = []
    for pair in filter(None, value.split("&")):
        name, _, content = (unquote_plus(part) for part in pair.partition("="))
        if problem := _problem(name, content, headers):
            problems.unusable(where, "trunk.param", f"{shown(pair)}: {problem}; it is not sent")
        else:
            headers.append((f"X-{name}", content))
    return tuple(headers)


def _problem(name: str, value: str, headers: list[tuple[str, str]]) -> str:
    """Why this parameter becomes no header, empty where it does."""
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        return "a name of letters, digits and dashes and a value of printable ASCII are needed"
    if name.lower().startswith(RESERVED):
        return "names that begin with Exotel-, Veeno- or Cordboard- are reserved"
    if any(known.lower() == f"x-{name.lower()}" for known, _ in headers):
        return "this name stands twice"
    return f"only {PARAMETERS_MAX} are sent" if len(headers) >= PARAMETERS_MAX else ""
