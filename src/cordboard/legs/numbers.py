"""Numbers on their way in and out of SIP: which ExoPhone was dialled, who calls, how a trunk wants them.

Pure. Numbers inside the house are E.164; what a header says is only ever compared or taken digit by digit
(reliability.md S14).
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from cordboard.config.settings import Trunk
from cordboard.contract.numbers import known_as
from cordboard.sip.endpoint.words import Invitation
from cordboard.sip.message.headers import proper, read_parameters, split_address, split_list
from cordboard.sip.message.uri import uri_in, user_of

ANONYMOUS = "anonymous"
DIALABLE = re.compile(r"\+?[0-9]{2,20}")
"""What may stand as a user in a header of ours, matched in full (reliability.md S14)."""

_WITHHELD_USERS = frozenset({"anonymous", "unavailable", "restricted", "unknown", "private", "withheld"})
_PRIVATE_WORDS = frozenset({"id", "user", "header", "session", "critical"})
_SEPARATORS = str.maketrans("", "", " -.()")  # visual separators, RFC 3966 §5.1.1
_CONTEXT = re.compile(r";phone-context=(\+[0-9().-]{1,20})(?=[;@>]|$)", re.IGNORECASE)
_NATIONAL = 10
_E164 = 16  # with its plus
_LEAST_MATCH = 7
_LONGEST_NAME = 64


def number_in(uri: str) -> str:
    """The telephone number that a URI's user is: ``+`` where it has one, and digits; else empty.

    A local number whose ``phone-context`` is a number's beginning is put behind it (RFC 3966 §5.1.5).
    """
    user = user_of(uri).partition(";")[0].translate(_SEPARATORS)  # ;npdi and the like say nothing to us
    if not DIALABLE.fullmatch(user):
        return ""
    return user if "phone-context" not in uri.lower() or user.startswith("+") else _in_context(user, uri)


def _in_context(local: str, uri: str) -> str:
    found = _CONTEXT.search(unquote(uri))
    if found is None:
        return local  # a domain: what it stands for is known only there
    context = found.group(1).translate(_SEPARATORS)
    if len(local) > _NATIONAL and local.startswith(context[1:]):
        return f"+{local}"  # it has its country's code already
    whole = context + local.lstrip("0")
    return whole if len(whole) <= _E164 else local


def number_in_header(value: str) -> str:
    """The number in the first address of a header value that has one; empty for none."""
    return next(_numbers_in((value,)), "")


def _numbers_in(values: Iterable[str]) -> Iterator[str]:
    """The number of every address in these header values, in order."""
    for value in values:
        for address in split_list(value) if value else ():
            try:
                number = number_in(uri_in(address))
            except ValueError:
                continue
            if number:
                yield number


def dialled_exophone(invitation: Invitation, trunk: Trunk, exophones: Collection[str]) -> str:
    """The ExoPhone (E.164) that an INVITE names, empty for none (telephony.md 13).

    The Request-URI first, then the header that the trunk's ``did_from`` says. A number is ours when its
    digits are an ExoPhone's; from a trunk that sends national forms also when they are its last ones and
    no other ExoPhone's. Of several addresses (a call that was diverted more than once) the first that is
    an ExoPhone counts.
    """
    for number in _places(invitation, trunk):
        if number and (found := _match(number, exophones, trunk.number_format != "e164")):
            return found
    return ""


def _places(invitation: Invitation, trunk: Trunk) -> Iterator[str]:
    did_from = trunk.did_from
    yield number_in(invitation.request_uri)
    if trunk.register and did_from == "request-uri":
        did_from = "to"  # what we registered stands where the number would
    if did_from == "to":
        yield number_in(invitation.to_uri)
    elif did_from != "request-uri":
        yield from _numbers_in(_values(invitation, proper(did_from)))


def _match(number: str, exophones: Collection[str], national: bool) -> str:
    digits = number.lstrip("+")
    for whole in (f"+{digits}", f"+{digits.removeprefix('00')}"):
        if whole in exophones:
            return whole
    last = digits.lstrip("0")
    if not national or number.startswith("+") or len(last) < _LEAST_MATCH:
        return ""
    found = [exophone for exophone in exophones if exophone.endswith(last)]
    return found[0] if len(found) == 1 else ""


@dataclass(frozen=True, slots=True)
class CallerId:
    """Who calls. ``shown`` goes to customers: E.164, the digits as they came where they cannot be made
    E.164, or ``anonymous``. ``number`` and ``name`` are what the trunk said, for the timeline."""

    shown: str
    number: str
    name: str
    private: bool


def caller_id(invitation: Invitation, country: str) -> CallerId:
    """What the trunk asserts, else From (RFC 3325: a trunk is in our trust domain, its callers are not).

    P-Asserted-Identity goes before Remote-Party-ID, which older switches send. ``country``: the account's,
    for numbers in national form. A caller who withholds their number (From, a Privacy header: RFC 3323 §4.2,
    RFC 3325 §9.3, or Remote-Party-ID's ``privacy``) is ``anonymous``, whatever is asserted.
    """
    asserted: list[str] = []
    wishes: set[str] = set()
    for name, value in invitation.headers:
        if name == "P-Asserted-Identity":
            asserted.append(value)
        elif name == "Privacy":
            wishes |= {word.strip().lower() for word in value.replace(",", ";").split(";")}
    names = [invitation.from_name]
    number, private = _asserted_in(asserted, names), bool(wishes & _PRIVATE_WORDS)
    if not number:
        number, hidden = _remote_party(invitation, names)
        private = private or hidden
    number = number or number_in(invitation.from_uri)
    private = private or _withheld(invitation.from_uri)
    shown = ANONYMOUS if private or not number else known_as(number, country)
    return CallerId(shown, number, shown_name(next(filter(None, names), "")), private)


def _withheld(from_uri: str) -> bool:
    return user_of(from_uri).lower() in _WITHHELD_USERS or from_uri.lower().endswith("@anonymous.invalid")


def _asserted_in(values: list[str], names: list[str]) -> str:
    """The number in these; where it is found its display name is added to ``names``."""
    for value in values:
        for address in split_list(value):
            try:
                name, uri, _ = split_address(address)
            except ValueError:
                continue
            if number := number_in(uri):
                names.append(name)
                return number
    return ""


def _remote_party(invitation: Invitation, names: list[str]) -> tuple[str, bool]:
    """The calling party in Remote-Party-ID (draft-ietf-sip-privacy-04), and whether it is to be kept."""
    for value in _values(invitation, "Remote-Party-ID"):
        for address in split_list(value):
            try:
                name, uri, parameters = split_address(address)
            except ValueError:
                continue
            said = read_parameters(parameters)
            if said.get("party", "calling").lower() != "calling":
                continue
            if number := number_in(uri):
                names.append(name)
                return number, said.get("privacy", "").lower() in ("full", "uri")
    return "", False


def _values(invitation: Invitation, name: str) -> Iterator[str]:
    """The values of a header by its proper name."""
    return (value for key, value in invitation.headers if key == name)


def shown_name(name: str) -> str:
    """A display name that may be kept: printable, of bounded length."""
    return "".join(letter for letter in name[:_LONGEST_NAME] if letter.isprintable()).strip()
