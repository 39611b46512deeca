"""The calls of ``cordboard trunk check``: one out and one in, and what is made of them."""

import asyncio
from collections.abc import Callable, Sequence

from cordboard.cli.trunk_bench import IN_HERTZ, OUT_HERTZ, Bench, Talk, hears
from cordboard.cli.trunk_findings import FAULT, OK, SKIPPED, Findings
from cordboard.contract.numbers import Refusal, normalise, trunk_form
from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.ears import describe_heard
from cordboard.simulator.simulator import Simulator
from cordboard.simulator.tones import tone_of
from cordboard.sip.endpoint.words import Address

RING_SECONDS = 45.0
TALK_SECONDS = 5.0
AUDIO_SECONDS = 5.0
SLOW_SECONDS = 8.0
KEYS = "159#"
SIMULATED = "+919812300042"
SIMULATED_CALLER = "+919876500001"


class CallOut:
    """``number``: whom to call, as it was typed; empty: nobody, but for the simulator."""

    def __init__(
        self,
        bench: Bench,
        simulator: Simulator | None,
        number: str,
        findings: Findings,
        doing: Callable[[str], None],
    ) -> None:
        self._bench, self._simulator, self._number = bench, simulator, number
        self._findings, self._doing = findings, doing

    async def run(self) -> bool:
        """Whether somebody answered."""
        bench = self._bench
        shown = next((phone.number for phone in bench.settings.exophones), "")
        if not shown:
            self._findings.tell(
                "call out", FAULT, "no ExoPhone leaves by this trunk, so no number can be shown"
            )
            return False
        number = self._whom()
        if not number:
            return False
        self._doing(f"calling {number}, showing {shown}")
        loops = any(number == phone.number for phone in bench.settings.exophones)
        bench.takes_calls = loops
        talk = bench.dial(number, shown, RING_SECONDS)
        await bench.until(lambda: talk.answered is not None or talk.over is not None, RING_SECONDS)
        if talk.answered is None:
            await self._not_answered(talk)
            return False
        back = await bench.come(2.0) if loops else None
        bench.takes_calls = False
        await bench.until(lambda: talk.audio is not None or talk.over is not None, AUDIO_SECONDS)
        bench.press(talk, KEYS)
        if back is not None:
            bench.press(back, KEYS[::-1])
        await bench.until(lambda: talk.over is not None, TALK_SECONDS)
        await bench.hang_up(talk)
        if back is not None:
            await bench.hang_up(back)
        self._judge_out(talk, back, loops)
        return True

    def _whom(self) -> str:
        """The number to call, E.164; empty with a finding that says why."""
        if self._number:
            settings = self._bench.settings
            read = normalise(self._number, settings.account.country, settings.dialing.countries)
            if isinstance(read, Refusal):
                self._findings.tell("call out", FAULT, read.message)
                return ""
            return read.e164
        if self._simulator is not None:
            return SIMULATED
        self._findings.tell(
            "call out",
            SKIPPED,
            "not tried: --number says whom to call, one of the trunk's own ExoPhones to get the call back",
        )
        return ""

    async def _not_answered(self, talk: Talk) -> None:
        bench, failure = self._bench, talk.failure
        bench.takes_calls = False
        rang = "it rang" if talk.ringing is not None else "without ringing"
        await bench.hang_up(talk)
        text = f"{talk.number} was not answered within {RING_SECONDS:g} s ({rang})"
        if failure is not None:
            said = f"{failure.code} {failure.text}".strip(" 0") or failure.cause.value
            text = f"the call to {talk.number} failed ({rang}): {said}"
        self._findings.tell("call out", FAULT, text, code=failure.code if failure else 0)

    def _judge_out(self, talk: Talk, back: Talk | None, loops: bool) -> None:
        assert talk.answered is not None
        delay = talk.ringing if talk.ringing is not None else talk.answered
        self._findings.tell(
            "call out",
            OK,
            f"{talk.number} answered after {talk.answered:.1f} s"
            + (", before it rang" if talk.ringing is None else ""),
            answered_seconds=round(talk.answered, 2),
        )
        slow = delay > SLOW_SECONDS
        text = f"{delay:.2f} s from the INVITE to ringing" + (" is long" if slow else "")
        self._findings.tell("post-dial delay", FAULT if slow else OK, text, seconds=round(delay, 3))
        simulated = self._simulator is not None and not self._number
        hertz = tone_of(talk.number) if simulated else IN_HERTZ if back else None
        self._findings.audio("audio from there", talk, hertz)
        if simulated:
            self._judge_simulated(talk)
        elif back is not None:
            self._judge_loop(talk, back)
        else:
            if loops:
                self._findings.tell(
                    "loop", FAULT, f"{talk.number} is ours, but the call did not come back to us"
                )
            if hears(talk.heard, OUT_HERTZ):
                self._findings.tell("audio to there", OK, "our own tone came back: the far side echoes")
            else:
                self._findings.tell(
                    "audio to there", SKIPPED, "only who answered can say whether our tone was heard"
                )
            self._findings.tell("caller id", SKIPPED, "only who answered can say which number was shown")
            self._digits_agreed(talk)

    def _judge_simulated(self, talk: Talk) -> None:
        assert self._simulator is not None
        phone = self._simulator.of(talk.number)
        self._findings.tone("audio to there", describe_heard(phone.heard.tobytes()), OUT_HERTZ)
        self._findings.digits("digits to there", phone.digits, KEYS)
        self._shown(phone.caller)

    def _judge_loop(self, talk: Talk, back: Talk) -> None:
        self._findings.audio("audio to there", back, OUT_HERTZ)
        self._findings.digits("digits to there", back.digits, KEYS)
        self._findings.digits("digits from there", talk.digits, KEYS[::-1])
        assert back.arrival is not None
        self._shown(back.arrival.caller)

    def _shown(self, caller: str) -> None:
        settings, trunk = self._bench.settings, self._bench.route.trunk
        shown = settings.exophones[0].number
        right = caller in (shown, trunk_form(shown, trunk.number_format, settings.account.country))
        text = f"{caller} was shown" if right else f"{caller} was shown instead of {shown}"
        self._findings.tell("caller id", OK if right else FAULT, text, caller=caller)

    def _digits_agreed(self, talk: Talk) -> None:
        agreed = talk.stream is not None and talk.stream.event_type is not None
        text = (
            "telephone-event is agreed"
            if agreed
            else "telephone-event was not agreed: digits go in the audio"
        )
        self._findings.tell("digits to there", OK if agreed else SKIPPED, text)


class CallIn:
    """``wait_seconds``: how long one is waited for; 0: not at all, but for the simulator, which calls."""

    def __init__(
        self,
        bench: Bench,
        simulator: Simulator | None,
        wait_seconds: float,
        findings: Findings,
        doing: Callable[[str], None],
    ) -> None:
        self._bench, self._simulator, self._wait = bench, simulator, wait_seconds
        self._findings, self._doing = findings, doing

    async def run(self) -> None:
        """Adds what it found."""
        bench = self._bench
        if self._simulator is not None and not self._wait:
            await self._simulated_call_in()
            return
        if not self._wait:
            self._findings.tell("call in", SKIPPED, "not tried: --wait-call SECONDS waits for one")
            return
        numbers = ", ".join(phone.number for phone in bench.settings.exophones)
        if bench.taken:
            self._findings.tell(
                "call in", SKIPPED, "calls in go to the engine that runs, so none can be waited for here"
            )
            return
        self._doing(f"waiting {self._wait:g} s for a call to {numbers}; press some keys when it is answered")
        bench.takes_calls = True
        before = len(bench.turned)
        talk = await bench.come(self._wait)
        bench.takes_calls = False
        if talk is None:
            self._no_call_in(before)
            return
        await bench.until(lambda: talk.over is not None, 3 * TALK_SECONDS)
        await bench.hang_up(talk)
        self._judge_in(talk)
        text = f"only the caller can say whether the tone of {IN_HERTZ} Hz was heard"
        self._findings.tell("audio to there", SKIPPED, text)
        text = f"{talk.digits} came" if talk.digits else "no key was pressed"
        self._findings.tell("digits from there", OK if talk.digits else SKIPPED, text, came=talk.digits)

    def _no_call_in(self, before: int) -> None:
        turned, strangers = self._bench.turned[before:], self._bench.strangers
        for one in turned:
            self._findings.tell(
                "call in", FAULT, f"a call was refused with {one.code}: {one.why}", code=one.code
            )
        if strangers:
            text = f"a call from {', '.join(strangers)} was dropped: it is not in the trunk's sources"
            self._findings.tell("call in", FAULT, text, strangers=list(strangers))
        if not turned and not strangers:
            self._findings.tell("call in", FAULT, f"no call came within {self._wait:g} s")

    def _judge_in(self, talk: Talk) -> None:
        arrival = talk.arrival
        assert arrival is not None
        self._findings.tell(
            "call in", OK, f"a call to {arrival.exophone} came and was answered", exophone=arrival.exophone
        )
        if arrival.caller == "anonymous":
            self._findings.tell("caller id", SKIPPED, "the caller withholds their number")
        else:
            good = arrival.caller.startswith("+")
            text = f"the caller is {arrival.caller}" + ("" if good else ", which is no number in E.164 form")
            self._findings.tell("caller id", OK if good else FAULT, text, caller=arrival.caller)
        self._findings.audio("audio from there", talk, None)

    async def _simulated_call_in(self) -> None:
        bench = self._bench
        exophone = next((phone.number for phone in bench.settings.exophones), "")
        target = _reachable(bench.bound)
        if not exophone or not bench.route.sends_from(target.host):
            why = (
                "no ExoPhone is on this trunk"
                if not exophone
                else f"{target.host} is not in the trunk's sources"
            )
            self._findings.tell("call in", FAULT, f"nobody can call in: {why}")
            return
        self._doing(f"a simulated caller rings {exophone}")
        caller = ScriptedCaller(
            target, exophone, SIMULATED_CALLER, clock=bench.clock, tokens=bench.tokens, bind=target.host
        )
        bench.takes_calls = True
        ringing = asyncio.gather(caller.ring(list(KEYS), 1.0 + TALK_SECONDS, 20.0))
        talk = await bench.come(5.0)
        await ringing
        bench.takes_calls = False
        if talk is None:
            turned = bench.turned[-1].why if bench.turned else "it did not come"
            self._findings.tell("call in", FAULT, f"the simulated call failed with {caller.code}: {turned}")
            return
        await bench.hang_up(talk)
        self._judge_in(talk)
        self._findings.tone("audio to there", caller.describe(), IN_HERTZ)
        self._findings.digits("digits from there", talk.digits, KEYS)


def _reachable(bound: Sequence[Address]) -> Address:
    """The first listener that a caller on this machine can speak to."""
    first = next((at for at in bound if at.transport in ("udp", "tcp")), bound[0])
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(first.host, first.host)
    return Address(first.transport, host, first.port)
