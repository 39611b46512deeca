"""The two forms of a REST answer: JSON, where the path ends in ``.json``, else XML (contract.md §6.1)."""

import json
import re
from html import escape
from typing import Any, Final

JSON: Final = "application/json"
XML: Final = "application/xml"

# What XML 1.0 cannot hold at all, not even as a reference (section 2.2).
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_json(document: dict[str, Any]) -> bytes:
    """The document as JSON."""
    return json.dumps(document, separators=(",", ":")).encode()


def to_xml(document: dict[str, Any]) -> bytes:
    """The document inside ``TwilioResponse``, with the same names as elements; null is an empty element."""
    body = "".join(_element(name, value) for name, value in document.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<TwilioResponse>{body}</TwilioResponse>\n'.encode()


def _element(name: str, value: Any) -> str:
    if value is None or value == "":
        return f"<{name}/>"
    return f"<{name}>{_content(value)}</{name}>"


def _content(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_element(name, inner) for name, inner in value.items())
    if isinstance(value, list):
        return "".join(_content(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_FORBIDDEN.sub("\ufffd", str(value)), quote=False)
