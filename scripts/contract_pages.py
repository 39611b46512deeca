"""Writes docs/contract/ from the code: pages, JSON Schema, OpenAPI. usage: contract_pages.py"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cordboard.contract.account import Account
from cordboard.contract.answer import read_answer
from cordboard.contract.asked import EVENT_PARAMETERS, HEADERS, NOW, PARAMETERS, STAGES, Parameter
from cordboard.contract.codes import CODES
from cordboard.contract.events import dial_event_url
from cordboard.contract.openapi import request_openapi
from cordboard.contract.request import connect_url
from cordboard.contract.rules import RULES
from cordboard.contract.schema import EXAMPLE, answer_schema
from cordboard.contract.table import TABLE, Field

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "contract"
ONE, TWO = "+919812300001", "+919812300002"
_MADE = "\nThis page is made from the code by `scripts/contract_pages.py`; a test holds it to the code.\n"
_JSON = "application/json"

# what is sent, status, media type, options
ANSWERS: tuple[tuple[str, Any, int, str, str], ...] = (
    ("the document's least", {"destination": {"numbers": [ONE]}}, 200, _JSON, ""),
    ("nobody", {"destination": {"numbers": []}}, 200, _JSON, ""),
    ("nobody, as some write it", {"destination": {"numbers": None}}, 200, _JSON, ""),
    ("no destination", {"status": "ok"}, 200, _JSON, ""),
    ("numbers in the wrong place", {"numbers": [ONE]}, 200, _JSON, ""),
    ("another status", {"destination": {"numbers": [ONE]}}, 201, _JSON, ""),
    ("another media type", {"destination": {"numbers": [ONE]}}, 200, "text/html", ""),
    ("a missing comma", b'{"destination": {"numbers": ["+919812300001"]} "record": true}', 200, _JSON, ""),
    ("an error page", b"<html>Bad Gateway</html>", 200, _JSON, ""),
    ("0 and ten digits", {"destination": {"numbers": ["09812300001"]}}, 200, _JSON, ""),
    ("ten digits", {"destination": {"numbers": ["9812300001"]}}, 200, _JSON, ""),
    ("a JSON integer", {"destination": {"numbers": [9812300001]}}, 200, _JSON, ""),
    ("one number, no list", {"destination": {"numbers": ONE}}, 200, _JSON, ""),
    ("one good, one bad", {"destination": {"numbers": ["+91XXXXXXXXXX", ONE]}}, 200, _JSON, ""),
    ("only bad ones", {"destination": {"numbers": ["unknown"]}}, 200, _JSON, ""),
    ("an emergency number", {"destination": {"numbers": ["112"]}}, 200, _JSON, ""),
    ("the country's code twice", {"destination": {"numbers": ["+91919812300001"]}}, 200, _JSON, ""),
    ("flags and numbers as text", {"destination": {"numbers": [ONE]}, "record": "true",
                                   "max_ringing_duration": "45"}, 200, _JSON, ""),
    ("too long", {"destination": {"numbers": [ONE]}, "max_ringing_duration": 75}, 200, _JSON, ""),
    ("a misspelt field", {"destination": {"numbers": [ONE]}, "recrod": True}, 200, _JSON, ""),
    ("a playback for the caller", {"destination": {"numbers": [ONE]}, "start_call_playback":
     {"playback_to": "caller", "type": "text", "value": "hello"}}, 200, _JSON, ""),
    ("audio by a path", {"destination": {"numbers": [ONE]}, "start_call_playback":
     {"playback_to": "both", "type": "audio_url", "value": "/hello.wav"}}, 200, _JSON, ""),
    ("the same key twice", b'{"destination": {"numbers": ["+919812300001"]}, "record": true, "record": true}',
     200, _JSON, ""),
    ("the CCM applet's list", {"destination": [{"contact_uri": ONE}]}, 200, _JSON, ""),
    ("the same, `accept = [\"ccm\"]`", {"destination": [{"contact_uri": ONE}]}, 200, _JSON, "ccm"),
    ("a phone's name", {"destination": {"numbers": ["sip:asha"]}}, 200, _JSON, ""),
    ("the same, `accept = [\"sip\"]`", {"destination": {"numbers": ["sip:asha"]}}, 200, _JSON, "sip"),
    ("a SIP trunk", {"destination": {"trunk": "trunk-2134"}}, 200, _JSON, ""),
    ("the same, `accept = [\"trunk\"]`", {"destination": {"trunk": "trunk-2134"}}, 200, _JSON, "trunk"),
    ("a bare number as text", b"09812300001", 200, "text/plain", ""),
    ("the same, `accept = [\"plain\"]`", b"09812300001", 200, "text/plain", "plain"),
)  # fmt: skip


def pages() -> Mapping[str, str]:
    """Every file that is made, by its name in docs/contract."""
    return {
        "request.md": request_page(),
        "answer.md": answer_page(),
        "rules.md": rules_page(),
        "connect-answer.schema.json": _json(answer_schema()),
        "connect-request.openapi.json": _json(request_openapi()),
    }


def request_page() -> str:
    """What you are asked."""
    text = (
        "# What your Connect URL is asked\n\n"
        "One `GET`. Your URL's own query comes first, byte for byte; these parameters follow, URL-encoded "
        "(`+91…` is `%2B91…`, a space is `+`). You have 5 seconds, everything included.\n" + _MADE
    )
    headers = [f"| `{name}` | {about} |" for name, about in HEADERS]
    text += "\n## Headers\n\n| header | meaning |\n|---|---|\n" + "\n".join(headers)
    text += "\n\n## Parameters, in this order\n\n| parameter | sent | meaning | values |\n|---|---|---|---|\n"
    text += "".join(_parameter(one) for one in PARAMETERS)
    text += (
        "\nTimes are in the account's time zone. Telephone numbers are written as `[account] number_format` "
        'says: `"national"` (the default) writes +91 numbers as `0` and ten digits, all others as E.164; '
        '`"e164"` writes all as E.164. A caller who withholds their number is `anonymous`.\n\n'
        "Frameworks differ in how they read `Legs[0][Number]`: PHP and Express make nested values of it, "
        "Flask, FastAPI and Spring a flat key with its brackets.\n"
        "\n## The stages of a call, as they are on the wire\n"
    )
    for stage, facts in STAGES.items():
        for form in ("national", "e164"):
            url = connect_url("/connect?key=secret", facts, Account(number_format=form), NOW)
            wire = url.replace("&", "\n  &")
            text += f"\n### {stage[0].upper()}{stage[1:]}, {form}\n\n```\nGET {wire}\n```\n"
    told = [
        dial_event_url("/events?key=secret", STAGES["first"], Account(), at, kind, ONE)
        for at, kind in ((3.0, "Dial"), (33.0, "Terminal"))
    ]
    text += (
        "\n## Dial events\n\n"
        "Where an answer names a `dial_passthru_event_url`, that URL gets a `GET` when a number starts being "
        "rung and when that leg is over, for whatever reason; with several numbers, for each of them. At "
        "least once, in order per call. What you answer is not read; anything but 2xx is tried again later. "
        "Events do not tell how a leg went: `busy`, then `free`, is an answered call as well as a missed "
        "one.\n\n"
        "| parameter | sent | meaning | values |\n|---|---|---|---|\n"
    )
    text += "".join(_parameter(one) for one in EVENT_PARAMETERS)
    return (
        text + "\n```\n" + "\n".join(f"GET {url.replace('&', chr(10) + '  &')}" for url in told) + "\n```\n"
    )


_KINDS = {"integer": "a whole number", "number": "a telephone number", "time": "`yyyy-mm-dd hh:mm:ss`"}


def _parameter(one: Parameter) -> str:
    values = ", ".join(f"`{word}`" for word in one.choices) or _KINDS.get(one.kind, "any text")
    return f"| `{one.name}` | {one.when or 'always'} | {one.about} | {values} |\n"


def answer_page() -> str:
    """What you may answer."""
    text = (
        "# What your Connect URL may answer\n\n"
        "HTTP 200, `Content-Type: application/json`, one JSON object, at most 64 kB. Only `destination` is "
        f"needed.\n{_MADE}\n```json\n{json.dumps(EXAMPLE, indent=2)}\n```\n\n"
        "[connect-answer.schema.json](connect-answer.schema.json) says the same for editors and tests. "
        "`cordboard check --answer FILE` judges an answer and says what to write instead.\n"
        "\n## Fields\n\n| field | value | default | meaning | also understood (`strict = false`) |\n"
        "|---|---|---|---|---|\n"
    )
    for field in TABLE:
        default = "needed" if field.needed else _code(field.default)
        text += f"| `{field.name}` | {_value(field)} | {default} | {field.about} | {field.lenient} |\n"
    text += (
        "\n## What becomes of an answer\n\n"
        "*Fallback*: this is no answer; the Fallback URL is asked the same, and after it nobody is dialled. "
        "*Nobody*: the call leaves by `not_dialed`, the Fallback URL is not asked.\n\n"
        "| you answer | | by default | with `strict = true` |\n|---|---|---|---|\n"
    )
    for name, body, status, media, accept in ANSWERS:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        shown = raw.decode().replace("|", "\\|")
        how = f"{status}, " * (status != 200) + f"{media}, " * (media != _JSON)
        cells = [_outcome(raw, status, media, accept, strict) for strict in (False, True)]
        text += f"| {name} | {how}`{shown}` | {cells[0]} | {cells[1]} |\n"
    text += (
        "\n`sip:asha` rings the phone of this engine (`[[phones]]`) whose `user` is asha; where it is not "
        "registered, its number is dialled. `destination.trunk` sends the call to the trunk of this engine "
        "(`[[trunks]]`) of that `name`, for the ExoPhone that was called, with the headers of "
        "`custom_params`. A name that is neither fails at once, as a number that is out of service does.\n"
        "\n## Problems\n\nA problem has a place (`destination.numbers[2]`, or `line:column` where the bytes "
        "are no JSON), a code, a severity and a sentence. An *error* means that something you meant is lost, "
        "a *warning* that it was understood all the same. In strict mode most warnings are errors. Codes "
        "stay as they are from version to version.\n\n| code | meaning |\n|---|---|\n"
    )
    return text + "".join(f"| `{code}` | {meaning} |\n" for code, meaning in CODES.items())


def rules_page() -> str:
    """Rule by rule, with the tests."""
    tests = _tests()
    text = (
        "# Rule by rule\n\n"
        "What the public page on the Connect applet (dynamic URL, version 1.0) says, how cordboard reads it, "
        "and the tests that fail when it is broken. Problems and timelines name a rule as `settled-14`.\n"
        + _MADE
    )
    for rule in RULES:
        text += f"\n## {rule.number}. {rule.title}\n\n*The document*: {rule.document}\n\n"
        text += f"*Here* (`{rule.id}`): {rule.reading}\n\n"
        text += "".join(f"- {clause}: {', '.join(named)}\n" for clause, named in tests[rule.number])
    return text


def _tests() -> dict[int, list[tuple[str, list[str]]]]:
    """Of each rule its clauses with links to their tests, from docs/rules.md."""
    table = (ROOT / "docs" / "rules.md").read_text().split("\n## ")[1]
    found: dict[int, list[tuple[str, list[str]]]] = {}
    for number, clause, cell in re.findall(r"^\| (\d+) \| (.+?) \| (.*) \|$", table, re.M):
        named = [f"[{test}](../../{file})" for file, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", cell)]
        found.setdefault(int(number), []).append((clause, named))
    return found


def _outcome(body: bytes, status: int, media: str, accept: str, strict: bool) -> str:
    shapes = frozenset(filter(None, [accept]))
    reading = read_answer(status, media, body, Account(strict=strict), accept=shapes)
    codes = ", ".join(dict.fromkeys(f"`{problem.code}`" for problem in reading.problems))
    numbers = ", ".join(f"`{number}`" for number in reading.plan.numbers) if reading.plan else ""
    told = {"dial": f"dials {numbers}", "no_dial": "nobody", "fallback": "Fallback"}[reading.outcome]
    return f"{told} ({codes})" if codes else told


def _value(field: Field) -> str:
    match field.kind:
        case "integer":
            return f"a whole number, {field.low} to {field.high}"
        case "choice":
            return " or ".join(f"`{word}`" for word in field.choices)
        case "number":
            return "a number in E.164 format"
        case "numbers":
            return f"a list of numbers in E.164 format, at most {field.high}"
        case "url" | "hold":
            return "an http(s) URL"
        case "boolean":
            return "`true` or `false`"
        case kind:
            return f"{'an' if kind == 'object' else 'a'} {kind}"


def _code(value: Any) -> str:
    return "–" if value is None else f"`{json.dumps(value)}`"


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
