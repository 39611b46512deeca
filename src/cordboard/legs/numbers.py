"""Numbers on their way in and out of SIP: which ExoPhone was dialled, who calls, how a trunk wants them.

Pure. Numbers inside the house are E.164; what a header says is only ever compared or taken digit by digit
(reliability.md S14).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cordboard.config.settings import Trunk
from cordboard.contract.numbers import known_as
from cordboard.sip.endpoint.words import Invitation
from cordboard.sip.message.headers import split_list
from cordboard.sip.message.uri import uri_in, user_of

ANONYMOUS = "anonymous"
DIALABLE = re.compile(r"\+?[0-9]{2,20}")
"""What may stand as a user in a header of ours, matched in full (reliability.md S14)."""

_WITHHELD_USERS = frozenset({"", "anonymous", "unavailable", "restricted", "unknown", "private", "withheld"})
_PRIVATE_WORDS = frozenset({"id", "user", "header", "session", "critical"})
_SEPARATORS = str.maketrans("", "", " -.()")  # visual separators, RFC 3966 §5.1.1
_LEAST_MATCH = 7
_LONGEST_NAME = 64


def number_in(uri: str) -> str:
    """The telephone number that a URI's user is: ``+`` where it has one, and digits; else empty."""
    user = user_of(uri).partition(";")[0].translate(_SEPARATORS)  # ;npdi and the like say nothing to us
    return user if DIALABLE.fullmatch(user) else ""


def number_in_header(value: str) -> str:
    """The number in the first address of a header value; empty for none."""
    try:
        return number_in(uri_in(split_list(value)[0])) if value else ""
    except ValueError:
        return ""


def dialled_exophone(invitation: Invitation, trunk: Trunk, exophones: Collection[str]) -> str:
    """The ExoPhone (E.164) that an INVITE names, empty for none (telephony.md 13).

    The Request-URI first, then the header that the trunk's ``did_from`` says. A number is ours when its
    digits are an ExoPhone's; from a trunk that sends national forms also when they are its last ones and
    no other ExoPhone's.
    """
    for number in _places(invitation, trunk.did_from):
        if number and (found := _match(number, exophones, trunk.number_format != "e164")):
            return found
    return ""


def _places(invitation: Invitation, did_from: str) -> Iterator[str]:
    yield number_in(invitation.request_uri)
    if did_from == "to":
        yield number_in(invitation.to_uri)
    elif did_from != "request-uri":
        yield number_in_header(invitation.header(did_from))


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
    """From, and where it names no number P-Asserted-Identity (RFC 3325: a trunk is in our trust domain).

    ``country``: the account's, for numbers in national form. A caller who withholds their number (From, or
    a Privacy header: RFC 3323 §4.2, RFC 3325 §9.3) is ``anonymous``, whatever the asserted identity says.
    """
    user = user_of(invitation.from_uri).lower()
    withheld = user in _WITHHELD_USERS or invitation.from_uri.lower().endswith("@anonymous.invalid")
    wishes = {word.strip().lower() for word in invitation.header("privacy").replace(",", ";").split(";")}
    private = withheld or bool(wishes & _PRIVATE_WORDS)
    asserted = invitation.header("p-asserted-identity")
    number = number_in(invitation.from_uri) or number_in_header(asserted)
    shown = ANONYMOUS if private or not number else known_as(number, country)
    return CallerId(shown, number, shown_name(invitation.from_name), private)


def shown_name(name: str) -> str:
    """A display name that may be kept: printable, of bounded length."""
    return "".join(letter for letter in name[:_LONGEST_NAME] if letter.isprintable()).strip()
