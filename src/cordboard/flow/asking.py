"""Asking a customer's URL, Primary and then Fallback: the same words, each once (settled 2, 3)."""

from dataclasses import dataclass, replace

from cordboard.call.words import Fetch, Fetched, Note
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.plan import Problem
from cordboard.contract.request import connect_url

PRIMARY, FALLBACK = "primary", "fallback"


@dataclass(frozen=True, slots=True)
class Asking:
    """A URL was asked. ``give_up_at``: when it counts as silent, in seconds of the call."""

    request: int
    role: str
    give_up_at: float


def ask(
    facts: CallFacts, account: Account, configured: str, role: str, why: str, now: float
) -> tuple[CallFacts, Asking, Fetch]:
    """Ask a URL what Connect and Gather ask theirs. The facts come back with the id that was used."""
    request, seconds = facts.next_request, account.fetch_seconds
    fetch = Fetch(request, connect_url(configured, facts, account, now), role, seconds, why)
    return replace(facts, next_request=request + 1), Asking(request, role, now + seconds), fetch


def silent(asking: Asking) -> Note:
    """The URL's time is over."""
    return Note("fetch.timeout", f"the {asking.role} URL did not answer in time", "settled-2")


def failed(asking: Asking, event: Fetched) -> Note:
    """No answer came."""
    return Note("fetch.failed", f"{asking.role}: {event.error or 'no answer'}", "settled-3")


def remark(problem: Problem) -> Note:
    """Something that is wrong with an answer."""
    return Note(problem.code, f"{problem.where}: {problem.message}", problem.rule or "settled-8")
