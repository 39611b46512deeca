"""The body of a POST as fields, whichever of the usual ways it was written (contract.md §6.2)."""

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl

from cordboard.contract.outbound import flat, parse_json
from cordboard.kernel.mistakes import BadInput

FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
JSON: Final = "application/json"
MOST_FIELDS: Final = 200
BODY_BYTES_MAX: Final = 65_536

_BOUNDARY: Final = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_NAME: Final = re.compile(rb'[;\s]name=(?:"([^"\r\n]*)"|([^\s;"]+))', re.IGNORECASE)


class UnknownKind(BadInput):
    """The body is of a media type that is not read: 415."""


def read_body(content_type: str, body: bytes) -> dict[str, str]:
    """Fields by name. Of a field that came twice the last counts; the items of ``name[]`` are kept apart as
    ``name[0]``, ``name[1]`` … No Content-Type is a form. Raises ``BadInput``."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == JSON:
        value: Any = parse_json(body)
        if not isinstance(value, dict):
            raise BadInput("the body", "it is no object", "an object with the call's parameters is allowed")
        return flat(value)
    if media_type == MULTIPART:
        return _gathered(_parts(content_type, body))
    if media_type not in (FORM, ""):
        raise UnknownKind(
            "Content-Type", f"{media_type[:60]!r} is not read", f"{FORM}, {MULTIPART} or {JSON} is allowed"
        )
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise _too_many() from None
    return _gathered(pairs)


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    fields: dict[str, str] = {}
    counts: dict[str, int] = {}
    for name, value in pairs:
        if name.endswith("[]"):
            count = counts[name] = counts.get(name, -1) + 1
            name = f"{name[:-1]}{count}]"
        fields[name] = value
    return fields


def _parts(content_type: str, body: bytes) -> Iterable[tuple[str, str]]:
    """RFC 7578; files are passed over."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise BadInput("Content-Type", "the multipart body has no boundary", "boundary=… is needed")
    mark = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    parts = (b"\r\n" + body).split(mark)[1:]
    if len(parts) > MOST_FIELDS:
        raise _too_many()
    for part in parts:
        if part.startswith(b"--"):
            return
        head, blank, value = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not blank or name is None:
            raise BadInput("the body", "a part of the multipart body has no name", 'name="…" is needed')
        if b"filename=" not in head.lower():
            raw = name[1] if name[1] is not None else name[2]
            yield raw.decode("utf-8", "replace"), value.decode("utf-8", "replace")


def _too_many() -> BadInput:
    return BadInput("the body", "there are too many fields", f"up to {MOST_FIELDS} are allowed")
