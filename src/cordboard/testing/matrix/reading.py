"""From an exchange to its faults."""

from dataclasses import replace
from urllib.parse import urlsplit

from cordboard.contract.plan import Problem, Reading
from cordboard.testing.matrix import advice
from cordboard.testing.matrix.words import Asked, Fault, Verdict

SLOW_SECONDS = 2.5
"""Half of what there is: a busy day doubles it."""

_DROPS = ("number.", "shape.sip")


def faults_of(asked: Asked, *, grave: Verdict = Verdict.COSTS) -> tuple[Fault, ...]:
    """All that is wrong with one exchange. ``grave``: what an answer that cannot be used means here."""
    path = urlsplit(asked.url).path or "/"
    if asked.got.status != 200:
        told = advice.of_status if asked.got.status else advice.of_failure
        code, message, change = told(asked.got, path)
        return (Fault(code, grave, "exchange", message, change, "settled-2"),)
    lost = asked.reading.outcome == "fallback" or _lost_all(asked.reading)
    found = [_fault(problem, lost, grave) for problem in asked.reading.problems]
    if found and found[0].code == "answer.media_type":
        found[0] = _of_body(found[0], asked.got.body)
    if asked.got.elapsed > SLOW_SECONDS:
        message = f"the answer took {asked.got.elapsed:.1f} s of the 5 s that there are"
        found.append(
            Fault(
                "answer.slow",
                Verdict.WARNS,
                "exchange",
                message,
                advice.change_for("fetch.timeout"),
                "settled-2",
            )
        )
    return tuple(found)


def usable(asked: Asked) -> bool:
    """It dials somebody."""
    return asked.reading.outcome == "dial"


def nobody(asked: Asked) -> bool:
    """It says on purpose that nobody is to be dialled."""
    return asked.reading.outcome == "no_dial" and not _lost_all(asked.reading)


def _lost_all(reading: Reading) -> bool:
    """Numbers were named and none is left."""
    return reading.outcome == "no_dial" and any(
        problem.severity == "error" and _names_a_number(problem) for problem in reading.problems
    )


def _names_a_number(problem: Problem) -> bool:
    return problem.where.startswith("destination") or problem.code.startswith(_DROPS)


def _of_body(fault: Fault, body: bytes) -> Fault:
    """Another media type: is it JSON all the same, or a page?"""
    start = body.lstrip()[:1]
    if start == b"{":
        return replace(fault, message=f"{fault.message} (the body looks like JSON)")
    if start == b"<":
        change = (
            "Look whether the URL is the right one: a website's page, a login or an error page came. "
            "The answer has to be JSON with Content-Type: application/json."
        )
        return replace(fault, message=f"{fault.message} (the body is a page)", change=change)
    return fault


def _fault(problem: Problem, lost: bool, grave: Verdict) -> Fault:
    fatal = lost and problem.severity == "error"
    verdict = grave if fatal else Verdict.WARNS
    return Fault(
        problem.code, verdict, problem.where, problem.message, advice.change_of(problem), problem.rule
    )
