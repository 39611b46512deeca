"""The request of every stage that a Connect can be asked in (settled 4 to 6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cordboard.contract.facts import CallFacts, LegFacts
from cordboard.testing.matrix.words import Setup

NOBODY = "+919812300002"
"""Rung in pretended attempts where the answer names nobody."""


@dataclass(frozen=True, slots=True)
class Stage:
    """``now``: seconds into the call. ``national``: how numbers are written, None as the account says.
    ``refetch``: asked only by an application that sets ``fetch_after_attempt``."""

    ident: str
    title: str
    facts: CallFacts
    rule: str = "settled-4"
    now: float = 2.0
    number_format: str = ""
    extra: str = ""
    refetch: bool = False


def first_facts(setup: Setup, sid: str) -> CallFacts:
    """An incoming call that has just been answered, Connect its first applet."""
    return CallFacts(
        sid=sid,
        caller=setup.caller,
        called=setup.exophone,
        exophone=setup.exophone,
        direction="incoming",
        flow_id=setup.flow_id,
        began_at=setup.began_at,
        answered_at=0.0,
    )


def stages(setup: Setup, numbers: Sequence[str]) -> tuple[Stage, ...]:
    """All but the first request; CallSids are filled in later. ``numbers``: of the first answer."""
    first = first_facts(setup, "")
    whom = numbers[0] if numbers else NOBODY
    outbound = replace(first, direction="outbound-dial", custom_field="order-42 & more")
    talked = LegFacts(whom, "pstn", 42, "NORMAL_CLEARING", "Callee")
    after = replace(
        first, call_type="completed", dial_status="completed", dial_seconds=51, dial_whom=whom, legs=(talked,)
    )
    voicemail = replace(
        first, call_type="voicemail", recording_url="https://recordings.example/5f3c.mp3?a=1&b=2"
    )
    legs = tuple(LegFacts(number, "pstn", 0, "NO_ANSWER", "Exotel") for number in _ten(numbers, whom))
    many = replace(_failed(first, whom, "no-answer", "NO_ANSWER", 30), legs=legs)
    other = "e164" if setup.account.number_format == "national" else "national"
    return (
        Stage(
            "stage.unknown",
            "parameters that the document does not name",
            first,
            "settled-4",
            extra="&tenant_id=1409&ForwardedFrom=&Stream%5BStatus%5D=none&FutureField=1",
        ),
        Stage(
            "stage.gather",
            "after a Gather: digits in double quotes",
            replace(first, digits="12345"),
            "settled-5",
        ),
        Stage(
            "stage.gather-keys",
            "after a Gather: digits with * and #",
            replace(first, digits="1*2#"),
            "settled-5",
        ),
        Stage("stage.outbound", "a call made by API, with a CustomField", outbound, "settled-6"),
        Stage(
            "stage.withheld",
            "a caller who withholds the number",
            replace(first, caller="anonymous"),
            "settled-6",
        ),
        Stage("stage.other-format", f"numbers written as {other}", first, "settled-6", number_format=other),
        Stage(
            "stage.busy",
            "asked again after a busy number",
            _failed(first, whom, "busy", "USER_BUSY", 3),
            "settled-15",
            8.0,
            refetch=True,
        ),
        Stage(
            "stage.no-answer",
            "asked again after a number that rang out",
            _failed(first, whom, "no-answer", "NO_ANSWER", 30),
            "settled-15",
            34.0,
            refetch=True,
        ),
        Stage(
            "stage.failed",
            "asked again after a number that could not be reached",
            _failed(first, whom, "failed", "NETWORK_FAILURE", 1),
            "settled-15",
            5.0,
            refetch=True,
        ),
        Stage(
            "stage.many-legs",
            "asked again after ten legs (2,000 characters of query)",
            many,
            "settled-4",
            300.0,
            refetch=True,
        ),
        Stage(
            "stage.connect", "in a second Connect, after a conversation", replace(after, legs=()), now=60.0
        ),
        Stage("stage.voicemail", "after a Voicemail, with its RecordingUrl", voicemail, now=40.0),
    )


def _failed(first: CallFacts, whom: str, status: str, code: str, seconds: int) -> CallFacts:
    by = "Callee" if code == "USER_BUSY" else "Exotel"
    leg = LegFacts(whom, "pstn", 0, code, by)
    return replace(
        first, call_type="incomplete", dial_status=status, dial_seconds=seconds, dial_whom=whom, legs=(leg,)
    )


def _ten(numbers: Sequence[str], whom: str) -> list[str]:
    given = list(numbers) or [whom]
    return [given[index % len(given)] for index in range(10)]
