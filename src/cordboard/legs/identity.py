"""How an outgoing leg names us and whom it calls, as its trunk wants it (telephony.md 14). Pure.

Numbers come in as E.164 and leave in the trunk's form. Header names are fixed here, values are made of
digits and of the configuration only (reliability.md S14).
"""

from dataclasses import dataclass

from cordboard.config.settings import Trunk
from cordboard.contract.numbers import trunk_form

ANONYMOUS_URI = "sip:anonymous@anonymous.invalid"
"""From of a caller who is withheld (RFC 3323 §4.1.1.3)."""
_UNCONDITIONAL = 302  # RFC 4458 §2: the ``cause`` of a call that was forwarded unconditionally

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """What an INVITE of ours says about who calls whom. ``headers`` go beside From, To and Request-URI."""

    request_uri: str
    to_uri: str
    from_uri: str
    from_name: str
    headers: Headers


def dialled_form(number: str, trunk: Trunk, country: str) -> str:
    """The number as this trunk wants it dialled: in its form, behind its prefix. A ``+`` would say that the
    number is E.164, which one behind a prefix is not."""
    form = trunk_form(number, trunk.number_format, country)
    return f"{trunk.prefix}{form.removeprefix('+')}" if trunk.prefix else form


def identify(
    trunk: Trunk,
    country: str,
    number: str,
    shown: str,
    own_host: str,
    far: str,
    transport: str = "",
    rung: str = "",
) -> Identity:
    """``number`` is called (E.164), the ExoPhone ``shown`` is who calls. ``own_host`` and ``far`` are the
    hosts of both sides as URIs name them, ``transport`` is a URI parameter with its semicolon. ``rung``: the
    ExoPhone that a caller rang, empty for a call that we began."""
    dialled = dialled_form(number, trunk, country)
    host = trunk.domain or own_host
    ours = f"sip:{trunk_form(shown, trunk.number_format, country)}@{host}"
    headers: list[tuple[str, str]] = []
    if trunk.identity == "pai":
        headers.append(("P-Asserted-Identity", f"<{ours}>"))
    elif trunk.identity == "ppi":
        headers.append(("P-Preferred-Identity", f"<{ours}>"))
    if trunk.privacy:
        headers.append(("Privacy", "id"))  # the identity stays between us and the trunk: RFC 3325 §7
    to = f"sip:{dialled}@{far}"
    if rung and trunk.diverted_by != "none":
        by = f"sip:{trunk_form(rung, trunk.number_format, country)}@{host}"
        headers.append(_diverted(trunk.diverted_by, by, to))
    return Identity(
        f"{to}{transport}",
        to,
        ANONYMOUS_URI if trunk.privacy else ours,
        "Anonymous" if trunk.privacy else "",
        tuple(headers),
    )


def _diverted(how: str, by: str, to: str) -> tuple[str, str]:
    """The ExoPhone forwarded the call, to everybody's knowledge and without a condition."""
    if how == "diversion":  # RFC 5806 §4
        return "Diversion", f"<{by}>;reason=unconditional;counter=1;screen=no;privacy=off"
    # RFC 7044 §5: whom the caller meant, then whom we map it to (§7.1). No ``Supported: histinfo``: it would
    # ask for the history of the responses.
    return "History-Info", f"<{by}>;index=1, <{to};cause={_UNCONDITIONAL}>;index=1.1;mp=1"
