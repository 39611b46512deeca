"""The whole check: ask, then play."""

from collections.abc import Callable

from cordboard.customer.client import Customer
from cordboard.kernel.clock import Tokens
from cordboard.testing.matrix import plan
from cordboard.testing.matrix.asking import Asker
from cordboard.testing.matrix.endpoint import Endpoint
from cordboard.testing.matrix.endpoint_stories import with_stories
from cordboard.testing.matrix.masking import Mask
from cordboard.testing.matrix.played import play_all
from cordboard.testing.matrix.words import Case, Report, Setup


async def check(
    setup: Setup, customer: Customer, tokens: Tokens, tell: Callable[[Case], None] = lambda case: None
) -> Report:
    """``customer``: a started door. ``tell``: hears of every case before it is run. What the URLs' own
    queries hold does not stand in the report."""
    asker = Asker(customer, setup, tokens, plan.planned(setup))
    known = await Endpoint(asker, setup, tell).run()
    results = with_stories(setup, known)
    for result in play_all(setup, known):
        tell(result.case)
        results.append(result)
    report = Report(setup.url, tuple(results), asker.planned, asker.sent, known.first)
    return Mask((setup.url, setup.fallback)).report(report)
