"""Reads an answer's bytes as JSON, with what a customer needs to know when they are none (settled 8, 9)."""

import json
import re
from typing import Any, Final, NoReturn

from cordboard.contract import limits
from cordboard.contract.fields import shown_key
from cordboard.contract.json_slips import explain
from cordboard.contract.problems import Problems


class Repeated(dict[str, Any]):
    """A JSON object in which keys came twice (the last one wins); ``keys_twice`` names them."""

    keys_twice: tuple[str, ...] = ()


class Refused(Exception):
    """The bytes are no JSON that is read; the problem has been noted."""


_Place = tuple[Any, str | int]
_MARKS: Final = re.compile(r'["\\\[\]{}]')


def read_json(body: bytes, problems: Problems) -> Any:
    """The value in ``body``. NaN and infinities come as floats, in lenient mode only.

    Raises ``Refused`` after noting why: too large, not UTF-8, too deep, no JSON.
    """
    if len(body) > limits.BODY_BYTES_MAX:
        _refuse(problems, "body", "json.too_large", f"the body has {len(body)} bytes, more than 64 kB")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        where = f"{body.count(10, 0, error.start) + 1}:{error.start - body.rfind(10, 0, error.start)}"
        _refuse(problems, where, "json.not_utf8", "this byte is not UTF-8")
    if text.startswith("\ufeff"):
        if problems.strict:
            _refuse(problems, "1:1", "json.byte_order_mark", "a byte order mark stands before the JSON")
        problems.deviation("1:1", "json.byte_order_mark", "a byte order mark stands before the JSON")
        text = text[1:]
    _check_depth(text, problems)
    value = _decode(text, problems)
    _look_for_repeats(value, problems)
    return value


def position(text: str, index: int) -> str:
    """``line:column``, both from 1."""
    return f"{text.count(chr(10), 0, index) + 1}:{index - text.rfind(chr(10), 0, index)}"


def _decode(text: str, problems: Problems) -> Any:
    decoder = _STRICT if problems.strict else _LENIENT
    try:
        return decoder.decode(text)
    except _Constant as constant:
        index = _find_constant(text, constant.name)
        message = f"JSON has no {constant.name}"
        _refuse(problems, position(text, index), "json.not_finite", message, "settled-9")
    except json.JSONDecodeError as error:
        code, message, correction = explain(text, error.pos, error.msg)
        problems.error(position(text, error.pos), code, message, "settled-3", correction)
        raise Refused from None
    except ValueError:  # an integer of more digits than Python converts
        return _SLOW.decode(text)


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
                _refuse(problems, position(text, index), "json.too_deep", "more than 32 levels of nesting")
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
        raise Refused


def _path(place: "_Place | None") -> str:
    """``a.b[0]``; made only for what is told, since paths of a hostile answer would fill memory."""
    path = ""
    while place is not None:
        place, part = place
        path = f"[{part}]{path}" if isinstance(part, int) else f".{shown_key(part)}{path}"
    return path.lstrip(".")


def _refuse(problems: Problems, where: str, code: str, message: str, rule: str = "settled-8") -> NoReturn:
    problems.error(where, code, message, rule)
    raise Refused


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


_LENIENT: Final = json.JSONDecoder(object_pairs_hook=_object)
_STRICT: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_no_constant)
_SLOW: Final = json.JSONDecoder(object_pairs_hook=_object, parse_int=_bounded_integer)
