"""Header values: names, lists, parameters, addresses. Light on purpose: the hot path reads only what it uses.

``sipmessage`` takes two quoted addresses with a comma between them for one, and its quoted-string pattern
looks back over the whole value; so lists and addresses are cut here, in one pass, and only the URI inside is
given to it.
"""

import re
from collections.abc import Mapping
from itertools import islice

from sipmessage.grammar import C_TOKEN
from sipmessage.message import COMPACT_FORMS

TOKEN = re.compile(f"[{re.escape(C_TOKEN)}]+")
# No value can make these look at a sign more than a few times (reliability.md S24): alternatives begin with
# different signs, and blanks are never given back.
_QUOTED = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
QUOTED = re.compile(_QUOTED, re.DOTALL)
_TAG = re.compile(r";\s*+tag\s*+=\s*+([^\s;,\"]+)", re.IGNORECASE)
_PARAMETER = re.compile(rf';\s*+([^\s;=,"]++)(?:\s*+=\s*+({_QUOTED}|[^\s;,"]*+))?\s*+', re.DOTALL)
_PARAMETERS = re.compile(f"(?:{_PARAMETER.pattern})*", re.DOTALL)
_ELEMENT = re.compile(rf'(?:[^",<]++|{_QUOTED}|<[^>]*+>)*', re.DOTALL)
_LEADING = re.compile(r"\s*([0-9]{1,10})")
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")

MOST_LISTED = 200
"""Elements of one list value that are told apart; more come from nobody, and stay one text."""
MOST_PARAMETERS = 200
"""Parameters of one value that are read."""

_NAMES = [
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Alert-Info",
    "Allow",
    "Allow-Events",
    "Authorization",
    "Call-ID",
    "Call-Info",
    "Contact",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Type",
    "CSeq",
    "Date",
    "Diversion",
    "Error-Info",
    "Event",
    "Expires",
    "From",
    "History-Info",
    "Identity",
    "In-Reply-To",
    "Max-Forwards",
    "MIME-Version",
    "Min-Expires",
    "Min-SE",
    "Organization",
    "P-Access-Network-Info",
    "P-Asserted-Identity",
    "P-Called-Party-ID",
    "P-Charging-Vector",
    "P-Early-Media",
    "P-Preferred-Identity",
    "Path",
    "Priority",
    "Privacy",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Require",
    "RAck",
    "Reason",
    "Record-Route",
    "Refer-To",
    "Referred-By",
    "Remote-Party-ID",
    "Replaces",
    "Require",
    "Retry-After",
    "Route",
    "RSeq",
    "Server",
    "Session-Expires",
    "Session-ID",
    "Subject",
    "Subscription-State",
    "Supported",
    "Timestamp",
    "To",
    "Unsupported",
    "User-Agent",
    "Via",
    "Warning",
    "WWW-Authenticate",
]

PROPER = {name.lower(): name for name in _NAMES}
"""Lower-case key → the name as the RFCs write it."""

KEYS: dict[str, str] = {name: name.lower() for name in _NAMES}
"""A name as it usually comes, compact forms included → its lower-case key. A miss is not an error."""
KEYS.update({short: name.lower() for short, name in COMPACT_FORMS.items()})
KEYS.update({short.upper(): name.lower() for short, name in COMPACT_FORMS.items()})
KEYS.update({name.lower(): name.lower() for name in _NAMES})


def proper(key: str) -> str:
    """How a header is written: ``call-id`` → ``Call-ID``, ``x-thing`` → ``X-Thing``."""
    return PROPER.get(key) or key.title()


def split_list(value: str) -> list[str]:
    """The elements of a comma list, trimmed. Commas in quotes and in angle brackets are text."""
    if "," not in value:
        return [value.strip()]
    if '"' not in value and "<" not in value:
        return [part.strip() for part in value.split(",", MOST_LISTED)]
    parts: list[str] = []
    place = 0
    while len(parts) < MOST_LISTED:
        found = _ELEMENT.match(value, place)
        end = found.end() if found is not None else place
        if value[end : end + 1] != ",":
            break  # the end, or a quote or a bracket that is never closed: the rest is one text
        parts.append(value[place:end].strip())
        place = end + 1
    parts.append(value[place:].strip())
    return parts


def split_address(value: str, *, strict: bool = False) -> tuple[str, str, str]:
    """(display name, URI, parameters with their leading semicolon) of a name-addr or addr-spec (§25.1).

    Raises ``ValueError`` when quotes or brackets do not balance; when ``strict`` also for an empty value,
    blanks beside the URI in its brackets, and a comma in a name without quotes (RFC 4475 §3.1.2.14,
    §3.1.2.15).
    """
    value = value.strip()
    name = ""
    rest = value
    if value.startswith('"'):
        quoted = QUOTED.match(value)
        if quoted is None:
            raise ValueError("a quote is not closed")
        name, rest = unquote(quoted.group()), value[quoted.end() :].lstrip()
        if not rest.startswith("<"):
            raise ValueError("a quoted name is not followed by <")
    opened = rest.find("<")
    if opened < 0:
        uri, semicolon, parameters = rest.partition(";")
        if ">" in uri or '"' in uri:
            raise ValueError("brackets or quotes do not balance")
        if strict and not uri:
            raise ValueError("there is no address")
        return name, uri.strip(), semicolon + parameters
    closed = rest.find(">", opened)
    before = rest[:opened]
    if closed < 0 or '"' in before or ";" in before:
        raise ValueError("brackets or quotes do not balance")
    parameters = rest[closed + 1 :].strip()
    if parameters and not parameters.startswith(";"):
        raise ValueError("text follows the address")
    uri = rest[opened + 1 : closed]
    if strict and (uri != uri.strip() or "," in before):
        raise ValueError("blanks beside the URI, or a comma in a name without quotes")
    return name or before.strip(), uri.strip(), parameters


def tag_of(value: str) -> str:
    """The tag of a From or To value; empty when it has none. Raises ``ValueError`` as a strict
    ``split_address``."""
    if '"' not in value and " " not in value:
        # The common form needs no more than this: parameters follow the bracket, or the first semicolon.
        closed = value.find(">")
        if closed >= 0 and "<" in value:
            place = value.find(";tag=", closed)
            if place >= 0 and "\t" not in value[place:]:
                tag = value[place + 5 :].partition(";")[0].partition(",")[0]
                if not tag:
                    raise ValueError("the tag is empty")
                return tag
            found = _TAG.search(value, closed)
            return found.group(1) if found else ""
    parameters = split_address(value, strict=True)[2]
    if '"' in parameters:
        return read_parameters(parameters).get("tag", "")
    found = _TAG.search(parameters)
    return found.group(1) if found else ""


def read_parameters(text: str) -> dict[str, str]:
    """``;a=1;b;c="x"`` as a dictionary with lower-case names; flags have an empty value. The first of a
    name wins; those behind the two-hundredth are not read."""
    found: dict[str, str] = {}
    for part in islice(_PARAMETER.finditer(text), MOST_PARAMETERS):
        found.setdefault(part.group(1).lower(), unquote(part.group(2) or ""))
    return found


def are_parameters(text: str) -> bool:
    """Whether this is nothing but parameters."""
    return _PARAMETERS.fullmatch(text) is not None


def quote(text: str) -> str:
    """A quoted-string. Control characters cannot be quoted in SIP and are left out (§25.1)."""
    plain = "".join(sign for sign in text if sign >= " " and sign != "\x7f")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquote(text: str) -> str:
    """The text of a quoted-string; anything else as it is."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    if "\\" not in text:
        return text[1:-1]
    # A backslash goes, what follows it stays; of two together one stays.
    return "\\".join(part.replace("\\", "") for part in text[1:-1].split("\\\\"))


def leading_number(text: str) -> int | None:
    """The number that a value begins with, as Retry-After does: a comment and parameters may follow
    (§20.33)."""
    found = _LEADING.match(text)
    return number(found[1]) if found else None


def preference(parameters: Mapping[str, str]) -> float:
    """The ``q`` of a Contact: 0 to 1, 1 where there is none that can be read (§20.10)."""
    weight = parameters.get("q", "")
    return float(weight) if _WEIGHT.fullmatch(weight) else 1.0


def number(text: str) -> int | None:
    """A decimal number of at most ten digits, leading zeros apart; None for anything else."""
    if not (text.isascii() and text.isdigit()):
        return None
    if len(text) > 10:
        text = text.lstrip("0") or "0"
        if len(text) > 10:
            return None
    return int(text)
