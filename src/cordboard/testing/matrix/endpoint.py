"""The cases that are asked of the customer's own endpoint."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from cordboard.contract.answer import read_answer
from cordboard.contract.facts import CallFacts
from cordboard.customer.got import Got
from cordboard.testing.matrix import advice, plan
from cordboard.testing.matrix.asking import Asker
from cordboard.testing.matrix.endpoint_faults import (
    judge_sound,
    loopback,
    nobody_here,
    of_many,
    of_the_fallback,
    plain_http,
    quoted_digits,
    unknown_parameters,
)
from cordboard.testing.matrix.reading import faults_of, nobody, usable
from cordboard.testing.matrix.stages import Stage, stages
from cordboard.testing.matrix.words import Asked, Case, Fault, Result, Setup, Verdict
from cordboard.testing.scenario import Sound

_STRIKES = 3
"""So many silences in a row, and the URL is not asked any more."""

_OFF = "not asked: --read-only"
_OUTCOMES = {
    "dial": "numbers are dialled",
    "no_dial": "nobody is dialled",
    "fallback": "the Fallback URL is asked",
}
_HEAD_FINE = (200, 204, 405, 501)


@dataclass
class Known:
    """What the endpoint has said. ``stages``: by ident; ``sounds``: by URL, for the pretend world."""

    results: list[Result] = field(default_factory=list)
    first: Asked | None = None
    fallback: Asked | None = None
    stages: dict[str, Asked] = field(default_factory=dict)
    sounds: dict[str, Sound] = field(default_factory=dict)


class Endpoint:
    """Asks one after another. ``tell``: hears of each case before it is asked."""

    def __init__(self, asker: Asker, setup: Setup, tell: Callable[[Case], None] = lambda case: None) -> None:
        self.known = Known()
        self._asker, self._setup, self._tell = asker, setup, tell
        self._quotes: tuple[Fault, ...] = ()
        self._strikes = 0
        self._why_not = _OFF if setup.read_only else ""

    async def run(self) -> Known:
        """Every endpoint case, in the order of the plan."""
        facts = self._asker.new_call()
        self._tell(plan.FIRST)
        first = self.known.first = await self._ask(facts)
        await self._ask_fallback()
        self._add(plan.FIRST, (first,), self._of_the_first(first), _said(first))
        self._from_the_first(first)
        if not first.got.status and not self._why_not and not _late(first.got):
            self._why_not = "not asked: nothing answers at the URL"
        await self._sounds(first)
        numbers = first.reading.plan.numbers if first.reading.plan is not None else ()
        for stage in stages(self._setup, numbers):
            await self._stage(stage, first)
        await self._twice(first, facts.sid)
        await self._head()
        await self._latency()
        await self._together()
        await self._fallback_results()
        return self.known

    def _grave(self) -> Verdict:
        """What an unusable answer of the Primary means: the Fallback may save the call."""
        saved = self.known.fallback is not None and usable(self.known.fallback)
        return Verdict.WARNS if saved else Verdict.COSTS

    def _of_the_first(self, first: Asked) -> tuple[Fault, ...]:
        faults = faults_of(first, grave=self._grave())
        if usable(first) or nobody(first) or self._grave() is Verdict.COSTS:
            return faults
        return tuple(
            replace(fault, message=f"{fault.message}; only the Fallback URL saves the call")
            for fault in faults
        )

    def _add(self, case: Case, asked: tuple[Asked, ...], faults: tuple[Fault, ...], says: str) -> None:
        """A result. What the first answer warned of already is not told of every later one again."""
        if self.known.results and asked and all(usable(one) for one in asked):
            known = {(fault.code, fault.where) for fault in self.known.results[0].faults}
            faults = tuple(
                fault
                for fault in faults
                if fault.verdict is Verdict.COSTS or (fault.code, fault.where) not in known
            )
        verdicts = [fault.verdict for fault in faults]
        worst = next((one for one in (Verdict.COSTS, Verdict.WARNS) if one in verdicts), Verdict.OK)
        self.known.results.append(Result(case, worst, says, faults, asked))

    def _skip(self, case: Case, why: str) -> None:
        self.known.results.append(Result(case, Verdict.NOT_RUN, why))

    # --- from the first answer -------------------------------------------------------------------------

    def _from_the_first(self, first: Asked) -> None:
        got, grave = first.got, self._grave()
        faults = faults_of(first, grave=grave)
        connection = tuple(fault for fault in faults if fault.code.startswith(("connect.", "tls.")))
        if first.url.startswith("http:") and not got.error and not loopback(first.url):
            connection += (plain_http(first),)
        says = connection[0].message if connection else "the connection was made"
        self._add(plan.TRANSPORT, (), connection, says)
        if not got.status:
            for case in (plan.REDIRECT, plan.MEDIA_TYPE, plan.STRICT):
                self._skip(case, "there is no answer to judge")
            return
        moved = tuple(fault for fault in faults if fault.code == "answer.redirect")
        self._add(plan.REDIRECT, (), moved, moved[0].message if moved else "the URL answers itself")
        if got.status != 200:
            self._skip(plan.MEDIA_TYPE, "there is no answer to judge")
            self._skip(plan.STRICT, "there is no answer to judge")
            return
        typed = tuple(fault for fault in faults if fault.where == "content-type")
        self._add(plan.MEDIA_TYPE, (), typed, got.media_type or "there is none")
        self._strict(first)

    def _strict(self, first: Asked) -> None:
        """What strict mode would do, told as a warning."""
        setup, got = self._setup, first.got
        account = replace(setup.account, strict=True)
        reading = read_answer(
            got.status, got.media_type, got.body, account, loops=setup.loops, accept=setup.accept
        )
        if reading.outcome == first.reading.outcome:
            self._add(plan.STRICT, (), (), f"strict mode reads it alike: {_OUTCOMES[reading.outcome]}")
            return
        reason = next((one for one in reading.problems if one.severity == "error"), None)
        if reason is None:
            self._add(plan.STRICT, (), (), f"in strict mode {_OUTCOMES[reading.outcome]}")
            return
        told = Fault(
            reason.code, Verdict.WARNS, reason.where, reason.message, advice.change_of(reason), reason.rule
        )
        self._add(plan.STRICT, (), (told,), f"in strict mode {_OUTCOMES[reading.outcome]}: {reason.message}")

    async def _sounds(self, first: Asked) -> None:
        read = first.reading.plan
        wanted: list[tuple[str, str]] = []
        if read is not None and read.numbers:
            if read.playback is not None and read.playback.type == "audio_url":
                wanted.append(("playback", read.playback.value))
            if read.music_on_hold.value:
                wanted.append(("hold", read.music_on_hold.value))
        if not wanted or self._why_not:
            self._skip(plan.SOUND, self._why_not or "the answer names no audio")
            return
        self._tell(plan.SOUND)
        faults: list[Fault] = []
        for kind, url in wanted:
            if url not in self.known.sounds:
                sound, fault = judge_sound(kind, await self._asker.audio(url), self._grave())
                self.known.sounds[url] = sound
                faults += fault
        says = faults[0].message if faults else "fetched, and good to play"
        self._add(plan.SOUND, (), tuple(faults), says)

    # --- stages ------------------------------------------------------------------------------------------

    async def _ask(
        self, facts: CallFacts, *, now: float = 2.0, number_format: str = "", extra: str = ""
    ) -> Asked:
        """One request to the Primary. Silences in a row end the asking."""
        asked = await self._asker.ask(facts, now=now, number_format=number_format, extra=extra)
        self._strikes = self._strikes + 1 if _late(asked.got) else 0
        if self._strikes >= _STRIKES:
            self._why_not = f"not asked: no answer {_STRIKES} times in a row"
        return asked

    async def _stage(self, stage: Stage, first: Asked) -> None:
        case = next(case for case in plan.endpoint_cases(self._setup) if case.ident == stage.ident)
        if self._why_not:
            return self._skip(case, self._why_not)
        self._tell(case)
        facts = replace(stage.facts, sid=self._asker.new_call().sid)
        asked = await self._ask(facts, now=stage.now, number_format=stage.number_format, extra=stage.extra)
        self.known.stages[stage.ident] = asked
        first_asks_again = first.reading.plan is not None and first.reading.plan.fetch_after_attempt
        grave = Verdict.WARNS if stage.refetch and not first_asks_again else self._grave()
        faults = faults_of(asked, grave=grave)
        tried: tuple[Asked, ...] = (asked,)
        if facts.digits and usable(first) and not usable(asked):
            if stage.ident == plan.DIGITS:
                bare = await self._ask(replace(facts, digits=""), extra=f"&digits={facts.digits}")
                tried += (bare,)
                self._quotes = (quoted_digits(asked, grave),) if usable(bare) else ()
            faults = self._quotes or faults
        elif stage.ident == "stage.unknown" and usable(first) and not usable(asked):
            faults = (unknown_parameters(asked, grave),)
        elif usable(first) and nobody(asked) and not stage.refetch:
            faults += (nobody_here(stage.title),)
        elif usable(first):
            faults = tuple(replace(fault, message=f"{stage.title}: {fault.message}") for fault in faults)
        self._add(case, tried, faults, _said(asked))

    async def _twice(self, first: Asked, sid: str) -> None:
        if self._why_not:
            return self._skip(plan.TWICE, self._why_not)
        self._tell(plan.TWICE)
        again = await self._ask(replace(self._asker.new_call(), sid=sid))
        if usable(first) and not usable(again):
            what = faults_of(again)
            said = what[0].message if what else "nobody is to be dialled"
            message = f"the second request of the same call is answered otherwise: {said}"
            change = "Answer a repeated CallSid as the first time: a call can ask more than once."
            fault = Fault("repeat.refused", Verdict.WARNS, "CallSid", message, change, "settled-4")
            self._add(plan.TWICE, (again,), (fault,), message)
        elif usable(again) and _numbers(first) != _numbers(again):
            message = (
                f"the second request of the same call names {_numbers(again)[0]} instead of "
                f"{_numbers(first)[0]}: each request takes somebody else"
            )
            change = (
                "Remember by CallSid whom a call was given and answer the same again, unless DialCallStatus "
                "says that an attempt has failed."
            )
            fault = Fault("repeat.differs", Verdict.WARNS, "CallSid", message, change, "settled-4")
            self._add(plan.TWICE, (again,), (fault,), message)
        else:
            self._add(plan.TWICE, (again,), faults_of(again, grave=Verdict.WARNS), "the same answer")

    async def _head(self) -> None:
        if self._why_not:
            return self._skip(plan.HEAD, self._why_not)
        self._tell(plan.HEAD)
        got = await self._asker.head()
        first = self.known.first
        if got.status in _HEAD_FINE or (first is not None and got.status == first.got.status):
            return self._add(plan.HEAD, (), (), f"{got.status}")
        message = f"HEAD is answered {got.status}" if got.status else f"HEAD: {got.error}"
        change = "Answer HEAD as GET without the body, or 405: builders try a URL that way."
        fault = Fault("head", Verdict.WARNS, "exchange", message, change, "settled-2")
        self._add(plan.HEAD, (), (fault,), message)

    # --- many calls --------------------------------------------------------------------------------------

    async def _latency(self) -> None:
        if self._why_not:
            return self._skip(plan.LATENCY, self._why_not)
        self._tell(plan.LATENCY)
        asked: list[Asked] = []
        while len(asked) < plan.LATENCY_CALLS and not self._why_not:
            asked.append(await self._ask(self._asker.new_call()))
        self._add(plan.LATENCY, tuple(asked), of_many(asked, self._grave()), profile(asked))

    async def _together(self) -> None:
        if self._why_not:
            return self._skip(plan.TOGETHER_CASE, self._why_not)
        self._tell(plan.TOGETHER_CASE)
        calls = [self._asker.ask(self._asker.new_call()) for _ in range(plan.TOGETHER)]
        asked = list(await asyncio.gather(*calls))
        self._add(plan.TOGETHER_CASE, tuple(asked), of_many(asked, self._grave()), profile(asked))

    # --- the Fallback ------------------------------------------------------------------------------------

    async def _ask_fallback(self) -> None:
        if self._setup.fallback and not self._why_not:
            self._tell(plan.FALLBACK)
            self.known.fallback = await self._asker.ask(self._asker.new_call(), fallback=True)

    async def _fallback_results(self) -> None:
        if not self._setup.fallback or self._setup.read_only:
            why = _OFF if self._setup.read_only else "no Fallback URL was named (--fallback URL)"
            self._skip(plan.FALLBACK, why)
            self._skip(plan.FALLBACK_AGAIN, why)
            return
        asked = self.known.fallback
        assert asked is not None
        self._add(plan.FALLBACK, (asked,), of_the_fallback(faults_of(asked)), _said(asked))
        if not asked.got.status:
            return self._skip(plan.FALLBACK_AGAIN, "not asked: nothing answers at the URL")
        self._tell(plan.FALLBACK_AGAIN)
        stage = next(one for one in stages(self._setup, _numbers(asked)) if one.ident == "stage.busy")
        facts = replace(stage.facts, sid=self._asker.new_call().sid)
        again = await self._asker.ask(facts, now=stage.now, fallback=True)
        self._add(plan.FALLBACK_AGAIN, (again,), of_the_fallback(faults_of(again)), _said(again))


def profile(asked: list[Asked]) -> str:
    """The answer times in words."""
    times = sorted(one.got.elapsed for one in asked)
    middle, most = times[len(times) // 2], times[-1]
    late = sum(_late(one.got) for one in asked)
    told = f"{len(times)} calls: {middle * 1000:.0f} ms in the middle, {most * 1000:.0f} ms at the most"
    return f"{told}; {late} not in time" if late else told


def _numbers(asked: Asked) -> tuple[str, ...]:
    return asked.reading.plan.numbers if asked.reading.plan is not None else ()


def _late(got: Got) -> bool:
    return got.error.startswith("no answer in")


def _said(asked: Asked) -> str:
    got, outcome = asked.got, asked.reading.outcome
    if not got.status:
        return got.error
    told = {"no_dial": "nobody is dialled", "fallback": "no answer that can be used"}
    numbers = ", ".join(_numbers(asked)[:4]) + (" …" if len(_numbers(asked)) > 4 else "")
    return f"{got.status} in {got.elapsed * 1000:.0f} ms: " + told.get(outcome, f"dials {numbers}")
