"""What a final refusal of our INVITE says: why, where else to try, and when again (§8.1.3.4, §20.33)."""

from cordboard.sip.dialog.reasons import read_reasons
from cordboard.sip.dialog.words import Refused
from cordboard.sip.message.headers import leading_number, preference, read_parameters, split_address
from cordboard.sip.message.message import Response
from cordboard.sip.message.uri import scheme_of

MOST_CONTACTS = 10
LONGEST_WAIT = 86_400


def refusal(response: Response, unanswerable: str = "") -> Refused:
    """The event that ends the calling session. ``unanswerable``: why a challenge met no answer."""
    return Refused(
        response.code,
        f"{response.phrase}: {unanswerable}" if unanswerable else response.phrase,
        read_reasons(response),
        contacts=contacts_of(response) if response.code < 400 else (),
        retry_after=retry_after(response),
    )


def contacts_of(response: Response) -> tuple[str, ...]:
    """The SIP URIs of its Contact headers, the highest q first, equals in the order they came (§8.1.3.4).
    Those that cannot be read are left out; no q counts as 1 (§20.10)."""
    found: list[tuple[float, str]] = []
    for value in response.listed("contact")[:MOST_CONTACTS]:
        try:
            _, uri, parameters = split_address(value)
        except ValueError:
            continue
        if scheme_of(uri) not in ("sip", "sips") or uri in (known for _, known in found):
            continue
        found.append((preference(read_parameters(parameters)), uri))
    found.sort(key=lambda one: -one[0])
    return tuple(uri for _, uri in found)


def retry_after(response: Response) -> int:
    """Seconds of Retry-After; 0 without one."""
    if "retry-after" not in response.index:
        return 0
    return min(leading_number(response.header("retry-after")) or 0, LONGEST_WAIT)
