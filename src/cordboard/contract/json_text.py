"""Reads an answer's bytes as JSON, with what a customer needs to know when they are none (settled 8, 9)."""

import json
import re
from typing import Any, Final, NoReturn

from cordboard.contract import limits
from cordboard.contract.fields import shown_key
from cordboard.contract.json_slips import explain, place
from cordboard.contract.problems import Invalid, Problems


class Repeated(dict[str, Any]):
    """A JSON object in which keys came twice (the last one wins); ``keys_twice`` names them."""

    keys_twice: tuple[str, ...] = ()


_Place = tuple[Any, str | int]
_MARKS: Final = re.compile(r'["\\\[\]{}]')


def read_json(body: bytes, problems: Problems) -> Any:
    """The value in ``body``. NaN and infinities come as floats, in lenient mode only.

    Raises ``Invalid`` after noting why: too large, not UTF-8, too deep, no JSON.
    """
    if len(body) > limits.BODY_BYTES_MAX:
        problems.invalid(
            "body", "json.too_large", f"the body has {len(body)} bytes, more than 64 kB", "settled-8"
        )
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
            message = "the body is UTF-16 or UTF-32; JSON is sent as UTF-8"
            problems.invalid("1:1", "json.not_utf8", message, "settled-3")
        where = f"{body.count(10, 0, error.start) + 1}:{error.start - body.rfind(10, 0, error.start)}"
        problems.invalid(where, "json.not_utf8", "this byte is not UTF-8", "settled-3")
    if text.startswith("\ufeff"):
        problems.deviation("1:1", "json.byte_order_mark", "a byte order mark stands before the JSON")
        if problems.strict:
            raise Invalid
        text = text[1:]
    _check_depth(text, problems)
    value = _decode(text, problems)
    _look_for_repeats(value, problems)
    return value


def position(text: str, index: int) -> str:
    """``line:column``, both from 1."""
    return f"{text.count(chr(10), 0, index) + 1}:{index - text.rfind(chr(10), 0, index)}"


def _decode(text: str, problems: Problems) -> Any:
    quick, slow = _STRICT if problems.strict else _LENIENT
    try:
        try:
            return quick.decode(text)
        except json.JSONDecodeError:
            raise
        except ValueError:  # an integer of more digits than Python converts
            return slow.decode(text)
    except _Constant as constant:
        index = _find_constant(text, constant.name)
        message = f"JSON has no {constant.name}"
        problems.invalid(position(text, index), "json.not_finite", message, "settled-9")
    except json.JSONDecodeError as error:
        index = place(text, error.pos)
        code, message, correction = explain(text, index, error.msg)
        problems.invalid(position(text, index), code, message, "settled-3", correction)


def _check_depth(text: str, problems: Problems) -> None:
    if text.count("[") + text.count("{") <= limits.DEPTH_MAX:
        return
    depth, inside, skipped = 0, False, -1
    for mark in _MARKS.finditer(text):
        index, sign = mark.start(), mark.group()
        if index == skipped:
            continue
        if sign == "\\":
            skipped = index + 1
        elif sign == '"':
            inside = not inside
        elif inside:
            continue
        elif sign in "[{":
            depth += 1
            if depth > limits.DEPTH_MAX:
                problems.invalid(
                    position(text, index), "json.too_deep", "more than 32 levels of nesting", "settled-8"
                )
        else:
            depth -= 1


def _look_for_repeats(value: Any, problems: Problems) -> None:
    seen = False
    waiting: list[tuple[_Place | None, Any]] = [(None, value)]
    while waiting:
        place, item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item, Repeated):
                seen = True
                for key in item.keys_twice[: limits.PROBLEMS_MAX]:
                    message = "this key stands twice; the last one counts"
                    problems.deviation(_path((place, key)), "json.key_twice", message)
            waiting += [((place, key), sub) for key, sub in item.items() if isinstance(sub, (dict, list))]
        elif isinstance(item, list):
            waiting += [
                ((place, index), sub) for index, sub in enumerate(item) if isinstance(sub, (dict, list))
            ]
    if seen and problems.strict:
        raise Invalid


def _path(place: "_Place | None") -> str:
    """``a.b[0]``; made only for what is told, since paths of a hostile answer would fill memory."""
    path = ""
    while place is not None:
        place, part = place
        path = f"[{part}]{path}" if isinstance(part, int) else f".{shown_key(part)}{path}"
    return path.removeprefix(".")


class _Constant(Exception):
    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = Repeated(found)
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for key, _ in pairs:
        if key in seen:
            twice[key] = None
        seen.add(key)
    repeated.keys_twice = tuple(twice)
    return repeated


def _no_constant(name: str) -> NoReturn:
    raise _Constant(name)


def _bounded_integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 400 else float(digits)


def _find_constant(text: str, name: str) -> int:
    """Where a constant stands outside strings."""
    inside, skipped = False, -1
    for mark in re.finditer(rf'["\\]|{re.escape(name)}', text):
        index, sign = mark.start(), mark.group()
        if index == skipped:
            continue
        if sign == "\\":
            skipped = index + 1
        elif sign == '"':
            inside = not inside
        elif not inside:
            return index
    return 0


_LENIENT: Final = (
    json.JSONDecoder(object_pairs_hook=_object),
    json.JSONDecoder(object_pairs_hook=_object, parse_int=_bounded_integer),
)
_STRICT: Final = (
    json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant),
    json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_bounded_integer),
)
