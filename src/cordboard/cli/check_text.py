"""The check's report for people: each fault first, worst first; then the table of cases."""

import re

from rich.console import Console
from rich.text import Text

from cordboard.testing.matrix import plan
from cordboard.testing.matrix.masking import masked_url
from cordboard.testing.matrix.words import Case, Fault, Report, Result, Setup, Verdict
from cordboard.testing.story import Story

STYLES = {
    Verdict.OK: "green",
    Verdict.WARNS: "yellow",
    Verdict.COSTS: "bold red",
    Verdict.NOT_RUN: "dim",
}
_CASES_NAMED = 3
_FAULTS_TOLD_AT_ONCE = 5
"""More would not fit the first screen: then each is named in one line first."""

_SENTENCE = 300
_LINE = re.compile(r"([0-9]+):([0-9]+)")
_PARTS = frozenset(
    ("call", "exchange", "content-type", "status", "CallSid", "digits", "parameters", "fallback")
)
"""Where a fault is that is in no place of the answer."""


def announce(setup: Setup, console: Console) -> None:
    """What will be done, before it is."""
    requests, cases = plan.planned(setup), len(plan.all_cases(setup))
    many = f"up to {requests} requests are" if requests != 1 else "one request is"
    console.print(
        Text(f"{masked_url(setup.url)}: {cases} cases; {many} sent, all else is played without a network.")
    )
    if not setup.read_only:
        console.print(Text("Each request looks like a call of its own (--read-only sends one).", "dim"))


def show(report: Report, console: Console, *, full: bool = False) -> None:
    """All of it. ``full``: every call second by second."""
    console.print()
    _verdict(report, console)
    if len(report.faults()) > _FAULTS_TOLD_AT_ONCE:
        console.print()
        for fault, _ in report.faults():
            _in_short(fault, console)
    for fault, cases in report.faults():
        console.print()
        _fault(fault, cases, console)
    console.print()
    for kind, title in (("endpoint", "asked of the URL"), ("played", "played with its answers")):
        console.print(Text(title, "bold underline"))
        for result in report.results:
            if result.case.kind == kind:
                _line(result, console)
                if full and result.story is not None:
                    _story(result.story, console)
        console.print()
    console.print(Text(f"{report.sent} of at most {report.planned} requests sent.", "dim"))
    console.print(Text("Rules such as settled-2: docs/contract/rules.md.", "dim"))
    if not full:
        console.print(Text("--full tells every call second by second, --html FILE draws them.", "dim"))


def headline(report: Report) -> tuple[str, str]:
    """The verdict in capitals, and how many cases are how."""
    counts = {one: sum(result.verdict is one for result in report.results) for one in Verdict}
    faults = len(report.faults())
    head = {
        Verdict.COSTS: "THIS COSTS CALLS",
        Verdict.WARNS: "NO CALL IS LOST, BUT",
        Verdict.OK: "ALL IS WELL",
    }[report.verdict]
    told = (
        f"{faults} fault{'s' if faults != 1 else ''} in {len(report.results) - counts[Verdict.NOT_RUN]} cases"
    )
    apart = f"{counts[Verdict.COSTS]} cost a call, {counts[Verdict.WARNS]} warn, {counts[Verdict.OK]} are ok"
    return head, f"{told}: {apart}"


def _verdict(report: Report, console: Console) -> None:
    head, told = headline(report)
    console.print(Text(head, STYLES[report.verdict]), Text(told))


def _in_short(fault: Fault, console: Console) -> None:
    """One line that fits a screen."""
    line = Text.assemble(
        (f"{fault.verdict:<13}", STYLES[fault.verdict]), f"{fault.code}: {_short(fault.message)}"
    )
    line.truncate(max(console.width, 80), overflow="ellipsis")
    console.print(line)


def _fault(fault: Fault, cases: list[Case], console: Console) -> None:
    """Three lines: what, where it was seen, what to change."""
    console.print(
        Text.assemble(
            (f"{fault.verdict:<13}", STYLES[fault.verdict]),
            (_short(fault.message), "bold"),
            (f"  [{fault.code}, {fault.rule}]", "dim"),
        )
    )
    named = "; ".join(case.title for case in cases[:_CASES_NAMED])
    more = f" and {len(cases) - _CASES_NAMED} more" if len(cases) > _CASES_NAMED else ""
    console.print(Text(f"             {place_of(fault)}seen: {named}{more}", "dim"))
    console.print(Text.assemble("             ", (f"change: {fault.change}", "green")))


def place_of(fault: Fault) -> str:
    """Where in the answer, with a semicolon; empty where the sentence says it all."""
    if found := _LINE.fullmatch(fault.where):
        return f"in line {found[1]}, column {found[2]} of the answer; "
    if fault.where in _PARTS or fault.where in fault.message:
        return ""
    return f"in {fault.where}; "


def _line(result: Result, console: Console) -> None:
    line = Text.assemble(
        (f"  {result.verdict:<13}", STYLES[result.verdict]),
        f"{result.case.title:<62} ",
        (f"{_short(result.says)}  [{rule_of(result)}]", "dim"),
    )
    if console.is_terminal:
        line.truncate(console.width, overflow="ellipsis")
    console.print(line)


def rule_of(result: Result) -> str:
    """The rule behind what happened: of the exit that was taken, else of the case."""
    if result.case.kind == "played" and result.story is not None:
        return result.story.exit_why
    return result.case.rule


def _story(story: Story, console: Console) -> None:
    for line in story.lines():
        console.print(Text(f"      {_short(line)}", "dim"))
    carried = {
        name: value for name, value in story.next_request.items() if name in TOLD or name[:5] == "Legs["
    }
    told = " ".join(f"{name}={value}" for name, value in carried.items() if value)
    console.print(Text(f"               the next request would carry {_short(told)}", "dim"))
    console.print()


TOLD = ("CallType", "DialCallStatus", "DialCallDuration", "DialWhomNumber")
"""What tells a later request from the first one."""


def _short(text: str) -> str:
    """One line without control characters: what a server says must not rule the terminal."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= _SENTENCE else clean[: _SENTENCE - 1] + "…"
