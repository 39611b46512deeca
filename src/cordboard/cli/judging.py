"""``cordboard check --answer``: one answer judged, without a network."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console
from rich.text import Text

from cordboard.cli.files import BAD_USAGE, complain
from cordboard.config.regions import REGIONS
from cordboard.contract.account import Account
from cordboard.contract.answer import SHAPES, effective, not_checked, read_answer
from cordboard.contract.plan import Problem, Reading
from cordboard.kernel.mistakes import BadInput

STDIN = "-"
_BYTES_MAX = 16 * 1024 * 1024  # more is not read: 64 kB are the most that an answer may have
_VERDICTS = {
    "dial": ("DIAL", "bold green", "these numbers are dialled:"),
    "no_dial": (
        "NO DIAL",
        "bold yellow",
        "nobody is dialled; the call leaves by not_dialed (after an attempt: nobody_answers), "
        "and the Fallback URL is not asked",
    ),
    "fallback": (
        "FALLBACK",
        "bold red",
        "this is no answer: the Fallback URL is asked; if there is none, nobody is dialled",
    ),
}
_SEVERITIES = {"error": "bold red", "warning": "yellow"}


def judge(
    file: str, status: int, content_type: str, country: str, accept: str, strict: bool, wants_json: bool
) -> int:
    """Exit 0 when it could be judged, whatever the verdict; 2 for a file that cannot be read or bad usage."""
    try:
        account = Account(country=region(country), strict=strict)
        shapes = shapes_of(accept)
        body = _bytes_of(file)
    except BadInput as mistake:
        complain(mistake)
        return BAD_USAGE
    reading = with_unchecked(read_answer(status, content_type, body, account, accept=shapes))
    if wants_json:
        print(json.dumps(as_json(reading)))
    else:
        show(reading, Console(highlight=False, soft_wrap=True))
    return 0


def with_unchecked(reading: Reading) -> Reading:
    """With a warning for what only a network could tell."""
    warning = None if reading.plan is None else not_checked(reading.plan)
    if warning is None or reading.outcome != "dial":
        return reading
    return Reading(reading.outcome, reading.plan, (*reading.problems, warning))


def as_json(reading: Reading) -> dict[str, Any]:
    """The object that ``--json`` prints (see docs/contract)."""
    return {
        "outcome": reading.outcome,
        "numbers": list(reading.plan.numbers) if reading.plan is not None else [],
        "parameters": effective(reading.plan),
        "problems": [_told(problem) for problem in reading.problems],
    }


def show(reading: Reading, console: Console) -> None:
    """The verdict, whom it dials, each problem with what to write instead, and what holds in the end."""
    word, style, meaning = _VERDICTS[reading.outcome]
    console.print(Text(f"{word:<9}", style), Text(meaning))
    plan = reading.plan
    if plan is not None:
        for number in plan.numbers:
            console.print(Text(f"          {number}", "bold"))
    if reading.problems:
        console.print()
        show_problems(reading.problems, console)
    if plan is not None and plan.numbers:
        console.print()
        for name, value in effective(plan).items():
            console.print(Text(f"  {name:<26}{json.dumps(value, ensure_ascii=False)}", "dim"))


def show_problems(problems: Sequence[Problem], console: Console) -> None:
    """One or two lines for each, worst first."""
    for problem in sorted(problems, key=lambda one: one.severity != "error"):
        style = _SEVERITIES[problem.severity]
        head = Text.assemble(
            (f"  {problem.severity:<9}", style),
            (problem.where, "bold"),
            f"  {problem.message}",
            (f"  [{problem.code}, {problem.rule}]", "dim"),
        )
        console.print(head)
        if problem.correction:
            console.print(Text.assemble("           write  ", (problem.correction, "green")))


def _told(problem: Problem) -> dict[str, str]:
    message, correction = problem.message, problem.correction
    if correction and correction not in message:
        message = f"{message} (write: {correction})"
    return {
        "where": problem.where,
        "code": problem.code,
        "severity": problem.severity,
        "message": message,
    }


def shapes_of(accept: str) -> frozenset[str]:
    """The options that ``--accept`` names. Raises ``BadInput``."""
    named = frozenset(filter(None, (word.strip() for word in accept.split(","))))
    for word in sorted(named):
        if word not in SHAPES:
            raise BadInput("--accept", f"{word!r} is not known", f"{', '.join(SHAPES)} are allowed")
    return named


def region(country: str) -> str:
    """The country's code in capitals. Raises ``BadInput``."""
    code = country.upper()
    if code not in REGIONS:
        raise BadInput("--country", f"{country!r} is not known", 'an ISO 3166 code such as "IN"')
    return code


def _bytes_of(file: str) -> bytes:
    try:
        if file == STDIN:
            return _bounded(sys.stdin.buffer)
        with Path(file).open("rb") as opened:
            return _bounded(opened)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise BadInput(file, f"it cannot be read ({said})", "a file, or - for standard input") from None


def _bounded(opened: BinaryIO) -> bytes:
    return opened.read(_BYTES_MAX)
