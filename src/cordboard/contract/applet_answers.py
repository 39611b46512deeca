"""What the URLs of the applets around Connect may answer: a case to take, lines to say (§5.3, §5.4)."""

from dataclasses import dataclass
from typing import Final

from cordboard.contract.account import Account
from cordboard.contract.fields import URL, said, shown
from cordboard.contract.json_text import read_json
from cordboard.contract.limits import SAID_LINES_MAX
from cordboard.contract.plan import Problem
from cordboard.contract.problems import Invalid, Problems

_CHARSETS: Final = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "cp1252",  # as browsers read it (WHATWG Encoding §4.2)
    "latin1": "cp1252",
    "windows-1252": "cp1252",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """``name``: the case that a Switch is to take; empty for none."""

    name: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """What a greeting says, in order: (``text`` or ``url``, the words or the address). None: nothing."""

    lines: tuple[tuple[str, str], ...]
    problems: tuple[Problem, ...] = ()


def read_selection(media_type: str, body: bytes, account: Account) -> Selection:
    """The case that a Passthru's answer of 200 names: ``{"select": "…"}`` as ``text/plain``.

    Lenient also understands it as ``application/json``. A body that is no JSON object selects nothing, which
    is no mistake: most Passthrus are not followed by a Switch. Never raises.
    """
    if not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return Selection("")
    problems = Problems(account.strict)
    try:
        return Selection(_selected(media_type, body, problems), problems.all())
    except Invalid:
        return Selection("", problems.all())


def _selected(media_type: str, body: bytes, problems: Problems) -> str:
    answer = read_json(body, problems)
    if not isinstance(answer, dict) or "select" not in answer:
        return ""
    media, _ = _media(media_type)
    if media == "application/json" and not problems.strict:
        told = "a selection is sent as text/plain"
        problems.deviation("content-type", "select.media_type", told, "text/plain")
    elif media != "text/plain":
        told = f"a selection as {shown(media)} is not read"
        problems.invalid("content-type", "select.media_type", told, "contract-5.3", "text/plain")
    name = answer["select"]
    if isinstance(name, int) and not isinstance(name, bool) and not problems.strict:
        problems.deviation("select", "select.number", "write the name of the case in quotes")
        name = str(name)
    if not isinstance(name, str):
        problems.invalid("select", "select.not_text", f"{shown(name)} is no name of a case", "contract-5.3")
    if not problems.strict:
        name = name.strip()
    return name


def read_lines(status: int, media_type: str, body: bytes) -> Lines:
    """What a greeting's URL wants to have said: one line each, text or the address of audio, in order.

    Only 200 and ``text/plain`` count, parameters but the charset ignored; empty lines are left out.
    Never raises.
    """
    problems = Problems(strict=False)
    try:
        return Lines(_lines(status, media_type, body, problems), problems.all())
    except Invalid:
        return Lines((), problems.all())


def _lines(status: int, media_type: str, body: bytes, problems: Problems) -> tuple[tuple[str, str], ...]:
    if status != 200:
        problems.invalid(
            "status", "answer.status", f"the answer has status {status}; only 200 is an answer", "settled-2"
        )
    media, charset = _media(media_type)
    if media != "text/plain":
        told = f"the Content-Type is {shown(media)}" if media else "there is no Content-Type"
        problems.invalid(
            "content-type", "answer.media_type", f"{told}; only text/plain is said", "greeting", "text/plain"
        )
    text = body.decode(_CHARSETS.get(charset, "utf-8"), "replace").removeprefix("\ufeff")
    said = [line for line in (line.strip() for line in text.splitlines()) if line]
    if not said:
        problems.invalid("body", "greeting.empty", "the answer holds nothing to say", "greeting")
    if len(said) > SAID_LINES_MAX:
        message = f"the answer has {len(said)} lines; the first {SAID_LINES_MAX} are said"
        problems.warning("body", "greeting.too_many_lines", message, "limit.lines")
    return tuple(_line(line, f"line {at}", problems) for at, line in enumerate(said[:SAID_LINES_MAX], 1))


def _line(line: str, where: str, problems: Problems) -> tuple[str, str]:
    if URL.fullmatch(line):
        return "url", line
    return "text", said(problems, where, line, "greeting.too_long")


def _media(media_type: str) -> tuple[str, str]:
    """The media type and its charset, in lower case."""
    media, *parameters = (part.strip().lower() for part in media_type.split(";"))
    charsets = (
        name.removeprefix("charset=").strip("\"' ") for name in parameters if name.startswith("charset=")
    )
    return media, next(charsets, "")
