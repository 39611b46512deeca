"""The check's report for programs: JSON, and JUnit for a CI."""

from typing import Any
from xml.etree import ElementTree

from cordboard.testing.matrix.words import Asked, Fault, Report, Result, Verdict

_LEGAL = frozenset("\t\n\r")


def as_json(report: Report) -> dict[str, Any]:
    """The object that ``--json`` prints (docs/checking-your-url.md)."""
    return {
        "url": report.url,
        "verdict": report.verdict,
        "requests": {"planned": report.planned, "sent": report.sent},
        "faults": [
            {**_fault(fault), "cases": [case.ident for case in cases]} for fault, cases in report.faults()
        ],
        "cases": [_result(result) for result in report.results],
    }


def _fault(fault: Fault) -> dict[str, str]:
    return {
        "code": fault.code,
        "verdict": fault.verdict,
        "where": fault.where,
        "message": fault.message,
        "change": fault.change,
        "rule": fault.rule,
    }


def _result(result: Result) -> dict[str, Any]:
    story = result.story
    told: dict[str, Any] = {
        "id": result.case.ident,
        "title": result.case.title,
        "kind": result.case.kind,
        "rule": result.case.rule,
        "verdict": result.verdict,
        "says": result.says,
        "faults": [_fault(fault) for fault in result.faults],
        "asked": [_asked(asked) for asked in result.asked],
    }
    if story is not None:
        told |= {
            "hears": [
                {"from": part.begins, "to": part.ends, "kind": part.kind, "what": part.what}
                for part in story.hears
            ],
            "dialled": [{"at": leg.dialled_at, "number": leg.number, "end": leg.end} for leg in story.legs],
            "exit": story.exit,
            "exit_rule": story.exit_why,
            "seconds": story.ended_at,
            "next_request": dict(story.next_request),
        }
    return told


def _asked(asked: Asked) -> dict[str, Any]:
    got = asked.got
    return {
        "url": asked.url,
        "status": got.status,
        "seconds": round(got.elapsed, 3),
        "error": got.error,
        "outcome": asked.reading.outcome,
        "numbers": list(asked.reading.plan.numbers) if asked.reading.plan is not None else [],
    }


def junit(report: Report) -> str:
    """A test suite, each case a test: what costs a call fails, what was not run is skipped."""
    counts = {one: sum(result.verdict is one for result in report.results) for one in Verdict}
    suite = ElementTree.Element(
        "testsuite",
        name="cordboard check",
        tests=str(len(report.results)),
        failures=str(counts[Verdict.COSTS]),
        errors="0",
        skipped=str(counts[Verdict.NOT_RUN]),
    )
    for result in report.results:
        seconds = sum(asked.got.elapsed for asked in result.asked)
        name = f"{result.case.ident}: {result.case.title}"
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"check.{result.case.kind}", name=name, time=f"{seconds:.3f}"
        )
        told = _clean("\n".join(f"{fault.message}\n  change: {fault.change}" for fault in result.faults))
        if result.verdict is Verdict.COSTS:
            ElementTree.SubElement(case, "failure", message=_clean(result.says)).text = told
        elif result.verdict is Verdict.NOT_RUN:
            ElementTree.SubElement(case, "skipped", message=_clean(result.says))
        elif told:
            ElementTree.SubElement(case, "system-out").text = told
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    """Without what XML 1.0 cannot hold (§2.2)."""
    return "".join(letter if letter.isprintable() or letter in _LEGAL else "�" for letter in text)
