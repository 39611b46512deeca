"""Sends what the plan says, and never more."""

from collections.abc import Awaitable
from dataclasses import replace
from typing import Protocol

from cordboard.contract.answer import read_answer
from cordboard.contract.facts import CallFacts
from cordboard.contract.request import connect_url
from cordboard.customer.client import Customer
from cordboard.customer.got import Got
from cordboard.kernel.clock import Tokens
from cordboard.kernel.ids import call_sid
from cordboard.testing.matrix.stages import first_facts
from cordboard.testing.matrix.words import Asked, Setup


class _Door(Protocol):
    def __call__(self, url: str, *, seconds: float) -> Awaitable[Got]: ...


class Asker:
    """``planned``: the most it may send; ``sent``: what it did."""

    def __init__(self, customer: Customer, setup: Setup, tokens: Tokens, planned: int) -> None:
        self.planned, self.sent = planned, 0
        self._customer, self._setup, self._tokens = customer, setup, tokens

    def new_call(self) -> CallFacts:
        """An incoming call with a CallSid of its own."""
        return first_facts(self._setup, call_sid(self._tokens))

    async def ask(
        self,
        facts: CallFacts,
        *,
        now: float = 2.0,
        number_format: str = "",
        extra: str = "",
        fallback: bool = False,
    ) -> Asked:
        """One GET of the Primary or Fallback URL, read as the engine would. ``extra``: behind the query."""
        setup = self._setup
        account = setup.account
        written = replace(account, number_format=number_format or account.number_format)
        configured = setup.fallback if fallback else setup.url
        url = connect_url(configured, facts, written, now) + extra
        got = await self._send(self._customer.get, url)
        loops = frozenset((facts.caller, facts.exophone))
        reading = read_answer(got.status, got.media_type, got.body, account, loops=loops, accept=setup.accept)
        return Asked(url, got, reading)

    async def head(self) -> Got:
        """HEAD of the Primary URL, as a call's first request."""
        url = connect_url(self._setup.url, self.new_call(), self._setup.account, 2.0)
        return await self._send(self._customer.head, url)

    async def audio(self, url: str) -> Got:
        """A sound that the answer names."""
        self._count()
        redirects = 0 if self._setup.account.strict else 3
        return await self._customer.audio(url, redirects=redirects, seconds=5.0)

    async def _send(self, door: _Door, url: str) -> Got:
        self._count()
        return await door(url, seconds=self._setup.account.fetch_seconds)

    def _count(self) -> None:
        if self.sent >= self.planned:
            raise AssertionError(f"more than the {self.planned} requests that were announced")
        self.sent += 1
