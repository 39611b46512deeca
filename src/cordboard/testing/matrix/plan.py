"""What will be asked and played, before anything is."""

from cordboard.testing.matrix.days import ALL
from cordboard.testing.matrix.stages import stages
from cordboard.testing.matrix.words import Case, Setup

LATENCY_CALLS = 20
TOGETHER = 5
SOUNDS = 2


def _case(ident: str, title: str, rule: str, requests: int = 0) -> Case:
    return Case(ident, title, "endpoint", rule, requests)


FIRST = _case("first", "the first request of a call", "settled-4", 1)
TRANSPORT = _case("transport", "address, connection, TLS", "settled-2")
REDIRECT = _case("redirect", "no redirect", "settled-2")
MEDIA_TYPE = _case("media-type", "the media type is application/json", "settled-2")
STRICT = _case("strict", "the answer by the letter of the document", "settled-9")
SOUND = _case("sounds", "the audio files that the answer names", "settled-10", SOUNDS)
LATENCY = _case(
    "latency", f"{LATENCY_CALLS} calls, one after another, against 5 s", "settled-2", LATENCY_CALLS
)
TOGETHER_CASE = _case("together", f"{TOGETHER} calls at the same moment", "settled-2", TOGETHER)
TWICE = _case("twice", "the same CallSid a second time", "settled-4", 1)
HEAD = _case("head", "HEAD", "settled-2", 1)
FALLBACK = _case("fallback", "the Fallback URL, asked in the Primary's place", "settled-3", 1)
FALLBACK_AGAIN = _case("fallback.again", "the Fallback URL after a failed attempt", "settled-3", 1)
DIGITS = "stage.gather"


def endpoint_cases(setup: Setup) -> list[Case]:
    """Those that are asked, in their order; ``first`` is always among them."""
    by_stage = [
        # digits that cannot be used with their quotes are asked a second time without them
        _case(stage.ident, stage.title, stage.rule, 2 if stage.ident == DIGITS else 1)
        for stage in stages(setup, ())
    ]
    cases = [FIRST, TRANSPORT, REDIRECT, MEDIA_TYPE, STRICT, SOUND]
    cases += [*by_stage, TWICE, HEAD, LATENCY, TOGETHER_CASE]
    return [*cases, FALLBACK, FALLBACK_AGAIN]


def requests_of(case: Case, setup: Setup) -> int:
    """The most that a case sends under this setup."""
    if setup.read_only:
        return 1 if case is FIRST else 0
    if case in (FALLBACK, FALLBACK_AGAIN) and not setup.fallback:
        return 0
    return case.requests


def all_cases(setup: Setup) -> list[Case]:
    """The whole matrix."""
    return [*endpoint_cases(setup), *(day.case for day in ALL)]


def planned(setup: Setup) -> int:
    """The most requests that this check sends."""
    return sum(requests_of(case, setup) for case in all_cases(setup))
