"""The check's report as one page of HTML: faults, cases, and every call drawn. No scripts, nothing loaded."""

from html import escape

from cordboard.cli.check_text import TOLD, headline, place_of, rule_of
from cordboard.testing.matrix.words import Case, Fault, Report, Result, Verdict
from cordboard.testing.story import Leg, Story

_WIDTH, _LEFT, _ROW, _BAR = 900.0, 170.0, 22.0, 14.0
_LETTER = 6.5
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_MOST_TICKS = 8
_COLOURS = {
    "hold_music": "#8fa8c8",
    "ringing": "#c9b458",
    "tone": "#b08fc8",
    "early_media": "#c98f58",
    "announcement": "#d07ba0",
    "talk": "#5aa469",
    "silence": "#d9d9d9",
    "recording": "#d9a0a0",
}
_CLASSES = {Verdict.OK: "ok", Verdict.WARNS: "warns", Verdict.COSTS: "costs", Verdict.NOT_RUN: "not-run"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light dark;--ink:#222;--paper:#fff;--quiet:#666;--line:#ddd;--box:#f2f2f2;
--good:#1e6b34;--warn:#8a6500;--bad:#c0392b}
@media (prefers-color-scheme:dark){:root{--ink:#e4e4e4;--paper:#16181c;--quiet:#a0a4ab;--line:#3a3d44;
--box:#2a2d33;--good:#7fc894;--warn:#e0b84a;--bad:#ff8373}}
body{font:15px/1.45 system-ui,sans-serif;max-width:1000px;margin:2em auto;padding:0 1em;
color:var(--ink);background:var(--paper)}
h1{font-size:1.3em;overflow-wrap:anywhere}
h2{font-size:1.1em;margin-top:2em}
code{background:var(--box);padding:0 .25em;overflow-wrap:anywhere}
.fault{border-left:5px solid var(--line);padding:.2em .8em;margin:.8em 0;overflow-wrap:anywhere}
.fault.costs{border-color:var(--bad)}
.fault.warns{border-color:var(--warn)}
.change{color:var(--good)}
.quiet{color:var(--quiet);font-size:.9em}
details,.case{border-bottom:1px solid var(--line);padding:.3em 0;overflow-wrap:anywhere}
.case{padding-left:1.05em}
summary{cursor:pointer}
.v{display:inline-block;min-width:6.5em;font-weight:600}
.v.ok{color:var(--good)}
.v.warns{color:var(--warn)}
.v.costs{color:var(--bad)}
.v.not-run{color:var(--quiet)}
.key{padding:.1em .5em;margin-right:.4em;color:#222;white-space:nowrap;display:inline-block}
.drawn{overflow-x:auto}
svg{width:100%;min-width:700px;height:auto;display:block}
text{font:12px system-ui,sans-serif;fill:var(--ink)}
text.in{fill:#111}
text.axis{fill:var(--quiet)}
@media (max-width:640px){.v{min-width:0;margin-right:.5em}}
"""


def page(report: Report) -> str:
    """The whole document."""
    head, told = headline(report)
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>cordboard check {escape(report.url)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>cordboard check <code>{escape(report.url)}</code></h1>",
        f'<p><strong class="v {_CLASSES[report.verdict]}">{escape(head)}</strong> {escape(told)}; '
        f"{report.sent} of at most {report.planned} requests sent.</p>",
        "<h2>Faults</h2>",
        *(_fault(fault, cases) for fault, cases in report.faults()),
        "" if report.faults() else "<p>None.</p>",
    ]
    parts.append(_legend())
    for kind, title in (("endpoint", "Asked of the URL"), ("played", "Played with its answers")):
        parts.append(f"<h2>{title}</h2>")
        parts += [_result(result) for result in report.results if result.case.kind == kind]
    return "\n".join([*parts, "</body></html>", ""])


def _legend() -> str:
    """What the colours mean."""
    keys = "".join(
        f'<span class="key" style="background:{colour}">{escape(kind.replace("_", " "))}</span>'
        for kind, colour in _COLOURS.items()
    )
    return f'<p class="quiet">{keys} Dotted lines: a URL is asked. Bars tell more when pointed at.</p>'


def _fault(fault: Fault, cases: list[Case]) -> str:
    seen = "; ".join(case.title for case in cases)
    return (
        f'<div class="fault {_CLASSES[fault.verdict]}"><strong>{escape(fault.message)}</strong> '
        f'<span class="quiet">{fault.verdict}, <code>{escape(fault.code)}</code>, '
        f"{escape(fault.rule)}</span><br>"
        f'<span class="change">{escape(fault.change)}</span><br>'
        f'<span class="quiet">{escape(place_of(fault))}seen: {escape(seen)}</span></div>'
    )


def _result(result: Result) -> str:
    story = result.story
    head = (
        f'<span class="v {_CLASSES[result.verdict]}">{result.verdict}</span> '
        f'{escape(result.case.title)} <span class="quiet">{escape(result.says)} '
        f"[{escape(rule_of(result))}]</span>"
    )
    if story is None:
        if not result.asked:
            return f'<div class="case">{head}</div>'
        return f"<details><summary>{head}</summary>{_asked(result)}</details>"
    carried = ", ".join(f"{name}={story.next_request[name]}" for name in TOLD if story.next_request.get(name))
    changes = "".join(f'<p class="change">{escape(fault.change)}</p>' for fault in result.faults)
    opened = " open" if result.verdict is Verdict.COSTS and result.case.kind == "played" else ""
    return (
        f'<details{opened}><summary>{head}</summary><div class="drawn">{timeline(story)}</div>{changes}'
        f"{_asked(result)}"
        f'<p class="quiet">Exit <code>{escape(story.exit or "none")}</code> [{escape(story.exit_why)}]; '
        f"the next request would carry {escape(carried)}.</p></details>"
    )


def _asked(result: Result) -> str:
    """Each request that was sent, and what came."""
    return "".join(
        f'<p class="quiet"><code>GET {escape(asked.url)}</code><br>'
        f"{escape(str(asked.got.status) if asked.got.status else asked.got.error)} "
        f"after {asked.got.elapsed:.3f} s</p>"
        for asked in result.asked
    )


# --- a call, drawn --------------------------------------------------------------------------------------


def timeline(story: Story) -> str:
    """One row for what the caller hears, one for each leg, requests as marks above."""
    whole = max(story.ended_at, 1.0)
    rows = len(story.legs) + (2 if story.recordings else 1)
    height = _ROW * (rows + 2)
    parts = [
        f'<svg viewBox="0 0 {_LEFT + _WIDTH + 20:.0f} {height:.0f}" role="img" '
        f'aria-label="a call of {story.ended_at:.1f} seconds">'
    ]
    for request in story.requests:
        x, told = _x(request.at, whole), f"{request.role} asked: {request.status or request.error}"
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{_ROW * (rows + 1):.0f}" stroke="#c0392b" '
            f'stroke-dasharray="2 3"><title>{escape(told)}</title></line>'
        )
    parts.append(_label(1, "the caller hears"))
    for heard in story.hears:
        colour = _COLOURS.get(heard.kind, "#999")
        parts.append(_bar(1, heard.begins, heard.ends, whole, colour, heard.what))
    for index, leg in enumerate(story.legs):
        parts += [_label(index + 2, leg.number), *_leg(index + 2, leg, story.ended_at, whole)]
    for recording in story.recordings:
        told = f"recorded, {recording.channels}"
        parts += [
            _label(rows, "recording"),
            _bar(rows, recording.begins, recording.ends, whole, _COLOURS["recording"], told),
        ]
    parts.append(_axis(rows, whole))
    return "".join([*parts, "</svg>"])


def _leg(row: int, leg: Leg, ended_at: float, whole: float) -> list[str]:
    end = leg.ended_at if leg.ended_at is not None else ended_at
    up = leg.answered_at if leg.answered_at is not None else end
    rung = "rung" if up < end else f"rung: {leg.end}"
    bars = [_bar(row, leg.dialled_at, min(up, end), whole, _COLOURS["ringing"], rung)]
    if up < end:
        bars.append(_bar(row, up, end, whole, _COLOURS["talk"], f"answered: {leg.end}"))
    return bars


def _x(at: float, whole: float) -> float:
    return _LEFT + _WIDTH * min(at, whole) / whole


def _bar(row: int, begins: float, ends: float, whole: float, colour: str, what: str) -> str:
    x, width = _x(begins, whole), max(1.0, _x(ends, whole) - _x(begins, whole))
    y = _ROW * row
    told = escape(f"{begins:.1f}–{ends:.1f} s: {what}")
    shown = escape(what if len(what) * _LETTER < width else "")
    return (
        f'<rect x="{x:.1f}" y="{y:.0f}" width="{width:.1f}" height="{_BAR:.0f}" fill="{colour}">'
        f"<title>{told}</title></rect>"
        f'<text class="in" x="{x + 3:.1f}" y="{y + 11:.0f}">{shown}</text>'
    )


def _label(row: int, text: str) -> str:
    return f'<text x="0" y="{_ROW * row + 11:.0f}">{escape(text[:24])}</text>'


def _axis(rows: int, whole: float) -> str:
    y = _ROW * (rows + 1)
    step = next((step for step in _STEPS if whole / step <= _MOST_TICKS), _STEPS[-1])
    marks = []
    for tick in range(int(whole / step) + 1):
        anchor, x = ("start" if tick == 0 else "middle"), _x(tick * step, whole)
        told = f"{tick * step:g} s"
        marks.append(f'<text class="axis" x="{x:.1f}" y="{y + 14:.0f}" text-anchor="{anchor}">{told}</text>')
    line = f'<line x1="{_LEFT:.0f}" x2="{_LEFT + _WIDTH:.0f}" y1="{y:.0f}" y2="{y:.0f}" stroke="#999"/>'
    return line + "".join(marks)
