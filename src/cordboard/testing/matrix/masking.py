"""Keeps what the configured URLs' own queries hold out of reports: reports lie in a CI's logs, and many URLs
carry a secret there, for the platform signs nothing by default."""

import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import unquote_plus

from cordboard.testing.matrix.words import Fault, Report, Result

HIDDEN = "***"
_SECRET_LEAST = 6
"""A shorter value, such as the 1 of ``?digit=1``, would be found in texts that have nothing to do with it."""


def masked_url(url: str) -> str:
    """The URL with every value of its query hidden, the names kept."""
    base, mark, query = url.partition("?")
    return f"{base}{mark}{_masked_query(query)}" if query else url


def _masked_query(query: str) -> str:
    return "&".join(_masked_pair(pair) for pair in query.split("&"))


def _masked_pair(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        return HIDDEN if name else ""
    return f"{name}={HIDDEN if value else ''}"


class Mask:
    """``urls``: as they are configured; their queries are hidden, whatever else is told of them."""

    def __init__(self, urls: Iterable[str]) -> None:
        queries = [query for query in (url.partition("?")[2].partition("#")[0] for url in urls) if query]
        self._queries = {query: _masked_query(query) for query in queries}
        values = {value for query in queries for value in _values(query) if len(value) >= _SECRET_LEAST}
        longest_first = sorted(values, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, longest_first))) if values else None

    def text(self, text: str) -> str:
        """A sentence, or a URL that was asked."""
        for query, hidden in self._queries.items():
            text = text.replace(query, hidden)
        return self._values.sub(HIDDEN, text) if self._values is not None else text

    def report(self, report: Report) -> Report:
        """All that a report tells in words."""
        if not self._queries:
            return report
        results = tuple(self._result(result) for result in report.results)
        return replace(report, url=masked_url(report.url), results=results)

    def _result(self, result: Result) -> Result:
        return replace(
            result,
            says=self.text(result.says),
            faults=tuple(self._fault(fault) for fault in result.faults),
            asked=tuple(replace(asked, url=self.text(asked.url)) for asked in result.asked),
        )

    def _fault(self, fault: Fault) -> Fault:
        return replace(fault, message=self.text(fault.message), change=self.text(fault.change))


def _values(query: str) -> Iterable[str]:
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        raw = value if equals else name
        yield raw
        yield unquote_plus(raw)
