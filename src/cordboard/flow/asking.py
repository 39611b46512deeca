"""Asking a customer's URL, each once (settled 2, 3): Primary and then Fallback, or an applet's only one."""

from dataclasses import dataclass

from cordboard.call.words import Fetch, Fetched, Note
from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.plan import Problem
from cordboard.contract.request import connect_url
from cordboard.kernel.frozen import replace

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
    url = connect_url(configured, facts, account, now)
    return fetch(facts, url, role, account.fetch_seconds, why, now, versioned=True)


def fetch(
    facts: CallFacts, url: str, role: str, seconds: float, why: str, now: float, versioned: bool = False
) -> tuple[CallFacts, Asking, Fetch]:
    """Ask a complete URL, which has so many seconds. The facts come back with the id that was used."""
    request = facts.next_request
    command = Fetch(request, url, role, seconds, why, versioned)
    return replace(facts, next_request=request + 1), Asking(request, role, now + seconds), command


def silent(asking: Asking, rule: str = "settled-2") -> Note:
    """The URL's time is over."""
    return Note("fetch.timeout", f"the {asking.role} URL did not answer in time", rule)


def failed(asking: Asking, event: Fetched, rule: str = "settled-3") -> Note:
    """No answer came."""
    return Note("fetch.failed", f"{asking.role}: {event.error or 'no answer'}", rule)


def remark(problem: Problem, rule: str = "settled-8") -> Note:
    """Something that is wrong with an answer. ``rule``: where the problem names none."""
    return Note(problem.code, f"{problem.where}: {problem.message}", problem.rule or rule)
