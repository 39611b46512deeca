"""Names the likely slip behind bytes that are no JSON: what to write, and where."""

import re
from typing import Final

_QUOTES: Final = "“”„‘’′″`"
_PYTHON: Final = {"True": "true", "False": "false", "None": "null", "undefined": "null", "NULL": "null"}
_WORD: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_NUMBER: Final = re.compile(r"0[0-9]+|\+[0-9]+")
_KNOWN_SLIP: Final = " (so it is in the document's own sample)"
_SHOWN_MAX: Final = 60


def place(text: str, index: int) -> int:
    """Where the slip is, of where a decoder stopped: a trailing comma is the slip, not the bracket behind it
    (Python's decoder stops at the one or the other, by its version)."""
    if text[index : index + 1] in ("]", "}"):
        before = text[:index].rstrip()
        if before.endswith(","):
            return len(before) - 1
    if text[index - 1 : index] == "0" and text[index : index + 1].isdigit():
        return index - 1  # a number with a leading 0, of which the decoder took the 0 alone
    return index


def explain(text: str, index: int, message: str) -> tuple[str, str, str]:
    """Code, sentence, and the corrected text where one is likely.

    ``index`` is from :func:`place`, ``message`` the decoder's. Only the first 64 kB of a body ever come here.
    What is told is one line, and no sign of a body's rules the terminal that shows it.
    """
    code, told, correction = _explained(text, index, message)
    told = "".join(sign if sign.isprintable() else " " for sign in told)
    return code, told, correction if correction.isprintable() else ""


def _explained(text: str, index: int, message: str) -> tuple[str, str, str]:
    if not text.strip():
        return (
            "json.empty",
            'the body is empty; an answer to dial nobody is {"destination": {"numbers": []}}',
            "",
        )
    if "\0" in text[:4]:
        return "json.not_utf8", "the body is UTF-16 or UTF-32; JSON is sent as UTF-8", ""
    if text.lstrip()[0] == "<":
        return "json.markup", "the body is HTML or XML, not JSON", ""
    sign = text[index : index + 1]
    line = _line(text, index)
    if not sign:
        return "json.truncated", "the JSON ends too early: a bracket, brace or quote is left open", ""
    if number := _NUMBER.match(text, index):
        return (
            "json.number",
            f"{number.group()[:_SHOWN_MAX]} is no JSON number; a telephone number is text in double quotes",
            f'"{number.group()[:_SHOWN_MAX]}"',
        )
    if message.startswith("Unterminated string"):
        return "json.truncated", "this string is never closed by a double quote", ""
    if sign == "," and text[index + 1 :].lstrip()[:1] in ("]", "}"):
        return "json.comma_trailing", "a comma stands behind the last entry, which takes none", ""
    if sign in _QUOTES:
        return (
            "json.quotes",
            f'{sign} is no JSON quote; write "',
            line.translate(dict.fromkeys(map(ord, _QUOTES), '"')),
        )
    if sign == "'":
        return "json.quotes", "JSON takes double quotes, not single ones", line.replace("'", '"')
    if sign in "/#":
        return "json.comment", "JSON has no comments", ""
    if message.startswith("Extra data"):
        return "json.extra", "something follows the JSON value", ""
    if message.startswith("Invalid control"):
        return "json.control", "a line break or control character stands inside a string; write \\n", ""
    if message.startswith("Invalid \\"):
        return (
            "json.escape",
            "this backslash begins no escape that JSON knows; write \\\\ for a backslash",
            "",
        )
    return _expected(text, index, message, line)


def _expected(text: str, index: int, message: str, line: str) -> tuple[str, str, str]:
    word = _WORD.match(text, index)
    if message.startswith("Expecting ','") and text[index - 1] == '"' and word:
        return "json.quotes", 'a double quote inside text is written \\"', ""
    if message.startswith("Expecting ','"):
        correction = _previous_line(text, index) + ","
        after = text[:index].rstrip()[-_SHOWN_MAX:].rsplit("\n", 1)[-1].strip()
        known = _KNOWN_SLIP if '"playback_to"' in after else ""
        return (
            "json.comma_missing",
            f"a comma is missing after {after}{known}",
            correction if len(correction) > 1 else "",
        )
    if message.startswith("Expecting ':'"):
        return "json.colon_missing", "a colon is missing between key and value", ""
    if word and word.group() in _PYTHON:
        meant = _PYTHON[word.group()]
        return (
            "json.constant",
            f"{word.group()} is not JSON; write {meant}",
            line.replace(word.group(), meant),
        )
    if word and message.startswith("Expecting property name"):
        key = word.group()
        return "json.quotes", f"the key {key} needs double quotes", line.replace(key, f'"{key}"', 1)
    if word and not text[:index].strip():
        return "json.quotes", f"the body is text that begins with {word.group()[:_SHOWN_MAX]}, not JSON", ""
    if word:
        return "json.quotes", f"{word.group()[:_SHOWN_MAX]} is no JSON value; text needs double quotes", ""
    return "json.syntax", f"this is no JSON: {message[0].lower()}{message[1:]}", ""


def _line(text: str, index: int) -> str:
    """The line around ``index``, if it is short enough to be shown."""
    start = text.rfind("\n", 0, index) + 1
    end = text.find("\n", index)
    line = text[start : end if end >= 0 else len(text)].strip()
    return line if len(line) <= 2 * _SHOWN_MAX else ""


def _previous_line(text: str, index: int) -> str:
    """What stands before ``index`` on its own or on the line before, ready for a comma."""
    line = text[:index].rstrip().rsplit("\n", 1)[-1].strip()
    return line if len(line) <= 2 * _SHOWN_MAX else ""
