"""The steps of ``cordboard trunk check``: names, OPTIONS, registration, a call out, a call in."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cordboard.cli.trunk_bench import IN_HERTZ, OUT_HERTZ, Bench, Talk, hears
from cordboard.contract.numbers import Refusal, normalise, trunk_form
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.hosts import Host
from cordboard.legs.registration import Phase
from cordboard.simulator.caller import ScriptedCaller
from cordboard.simulator.ears import Heard, describe_heard
from cordboard.simulator.simulator import Simulator
from cordboard.simulator.tones import tone_of
from cordboard.sip.endpoint.words import Address, Asking, Reply

RING_SECONDS = 45.0
TALK_SECONDS = 5.0
AUDIO_SECONDS = 5.0
OPTIONS_SECONDS = 6.0
REGISTER_SECONDS = 12.0
SLOW_SECONDS = 8.0
KEYS = "159#"
SIMULATED = "+919812300042"
SIMULATED_CALLER = "+919876500001"

OK, FAULT, SKIPPED = "ok", "fault", "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence. ``state``: ``ok``, ``fault`` or ``skipped`` (not tried, or not to be seen from here)."""

    step: str
    state: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


class TrunkCheck:
    """Runs the steps on an open bench. ``number``: whom to call, as it was typed; empty: nobody, but for the
    simulator. ``wait_seconds``: how long a call in is waited for. ``say`` is told of each finding at once,
    ``doing`` of what takes a while."""

    def __init__(
        self,
        bench: Bench,
        simulator: Simulator | None,
        number: str,
        wait_seconds: float,
        say: Callable[[Finding], None],
        doing: Callable[[str], None],
    ) -> None:
        self._bench, self._simulator = bench, simulator
        self._number, self._wait = number, wait_seconds
        self._say, self._doing = say, doing
        self.findings: list[Finding] = []

    async def run(self) -> None:
        """All steps; a fault in one does not end the others that make sense without it."""
        if self._bench.taken:
            self._tell(
                "listen",
                SKIPPED,
                "the configured SIP ports are taken, an engine seems to run: others are used",
            )
        if not await self._names():
            return
        silent = await self._options()
        await self._registration()
        answered = await self._call_out()
        self._silences(silent, answered)
        await self._call_in()

    def _tell(self, step: str, state: str, text: str, **data: Any) -> None:
        finding = Finding(step, state, text, data)
        self.findings.append(finding)
        self._say(finding)

    # --- names ------------------------------------------------------------------------------------------

    async def _names(self) -> bool:
        hosts = self._bench.route.hosts.all
        named = [place.target.host for _, _, place in self._bench.legs.trunks.unresolved()]
        for trunk, number, place in self._bench.legs.trunks.unresolved():
            why = self._bench.names.problem(trunk.name, number)
            if why:
                self._tell("dns", FAULT, f"{place.target.host} was not found: {why}", host=place.target.host)
        if hosts:
            told = ", ".join(map(str, hosts))
            self._tell(
                "dns", OK, f"{', '.join(named) or 'the trunk'} is at {told}", hosts=list(map(str, hosts))
            )
        elif not named:
            self._tell("dns", FAULT, "the trunk has no host")
        return bool(hosts)

    # --- OPTIONS ------------------------------------------------------------------------------------------

    async def _options(self) -> list[Host]:
        """The hosts that said nothing, which are told of once a call has been tried."""
        self._doing("asking every host by OPTIONS")
        hosts = self._bench.route.hosts.all
        replies = await asyncio.gather(*[self._option(host) for host in hosts])
        return [host for host, answered in zip(hosts, replies, strict=True) if not answered]

    async def _option(self, host: Host) -> bool:
        bench = self._bench
        began = bench.clock.monotonic()
        reply = await self._ask(bench.legs.options_to(bench.route, host), OPTIONS_SECONDS)
        if reply is None or (reply.local and reply.code == 408):
            return False
        took = round(1000 * (bench.clock.monotonic() - began))
        data = {"host": str(host), "code": reply.code, "milliseconds": took}
        kind = host.address.transport
        if reply.local and not any(at.transport == kind for at in bench.bound):
            why = f"none of [sip] listen speaks {kind}, so nothing can be sent to {host}"
            self._tell("options", FAULT, why, **data)
        elif reply.local:
            self._tell("options", FAULT, f"{host} cannot be reached", **data)
        elif reply.code in (503, 408):
            self._tell("options", FAULT, f"{host} answers OPTIONS with {reply.code} {reply.phrase}", **data)
        else:
            self._tell("options", OK, f"{host} answers OPTIONS with {reply.code} in {took} ms", **data)
        return True

    def _silences(self, hosts: Sequence[Host], calls_work: bool) -> None:
        """Some carriers never answer OPTIONS: where calls get through and nobody probes, that is no fault."""
        probed = self._bench.route.trunk.probe_seconds > 0
        for host in hosts:
            if calls_work and not probed:
                text = f"{host} does not answer OPTIONS, but calls get through: leave probe_seconds at 0"
                self._tell("options", SKIPPED, text, host=str(host))
            else:
                self._tell("options", FAULT, f"{host} does not answer OPTIONS", host=str(host))

    async def _ask(self, asking: Asking, seconds: float) -> Reply | None:
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def answered(reply: Reply) -> None:
            if not answer.done():
                answer.set_result(reply)

        try:
            self._bench.endpoint.ask(asking, answered)
            return await asyncio.wait_for(answer, seconds)
        except BadInput as mistake:
            return Reply(503, str(mistake), local=True)
        except TimeoutError:
            return None

    async def _registration(self) -> None:
        bench = self._bench
        trunk = bench.route.trunk
        if not trunk.register:
            return
        if bench.taken:
            why = "not tried: the engine that runs registers, see its /api/trunks"
            self._tell("registration", SKIPPED, why)
            return
        self._doing("registering")
        began = bench.clock.monotonic()
        bench.registrations.start(bench.endpoint)

        def decided() -> bool:
            status = bench.registrations.status(trunk.name)
            return status is not None and status.phase in (Phase.REGISTERED, Phase.FAILED)

        await bench.until(decided, REGISTER_SECONDS)
        status = bench.registrations.status(trunk.name)
        if status is None or status.phase is not Phase.REGISTERED:
            why = status.why if status is not None and status.why else "no answer"
            self._tell("registration", FAULT, f"not registered: {why}")
            return
        now = bench.clock.monotonic()
        granted = round(status.until - now)
        self._tell(
            "registration",
            OK,
            f"registered in {1000 * (now - began):.0f} ms, for {granted} s",
            seconds=granted,
        )

    # --- a call out -----------------------------------------------------------------------------------------

    async def _call_out(self) -> bool:
        """Whether somebody answered."""
        bench = self._bench
        shown = next((phone.number for phone in bench.settings.exophones), "")
        if not shown:
            self._tell("call out", FAULT, "no ExoPhone leaves by this trunk, so no number can be shown")
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
                self._tell("call out", FAULT, read.message)
                return ""
            return read.e164
        if self._simulator is not None:
            return SIMULATED
        self._tell(
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
        self._tell("call out", FAULT, text, code=failure.code if failure else 0)

    def _judge_out(self, talk: Talk, back: Talk | None, loops: bool) -> None:
        assert talk.answered is not None
        delay = talk.ringing if talk.ringing is not None else talk.answered
        self._tell(
            "call out",
            OK,
            f"{talk.number} answered after {talk.answered:.1f} s"
            + (", before it rang" if talk.ringing is None else ""),
            answered_seconds=round(talk.answered, 2),
        )
        slow = delay > SLOW_SECONDS
        text = f"{delay:.2f} s from the INVITE to ringing" + (" is long" if slow else "")
        self._tell("post-dial delay", FAULT if slow else OK, text, seconds=round(delay, 3))
        simulated = self._simulator is not None and not self._number
        hertz = tone_of(talk.number) if simulated else IN_HERTZ if back else None
        self._judge_audio("audio from there", talk, hertz)
        if simulated:
            self._judge_simulated(talk)
        elif back is not None:
            self._judge_loop(talk, back)
        else:
            if loops:
                self._tell("loop", FAULT, f"{talk.number} is ours, but the call did not come back to us")
            if hears(talk.heard, OUT_HERTZ):
                self._tell("audio to there", OK, "our own tone came back: the far side echoes")
            else:
                self._tell("audio to there", SKIPPED, "only who answered can say whether our tone was heard")
            self._tell("caller id", SKIPPED, "only who answered can say which number was shown")
            self._digits_agreed(talk)

    def _judge_audio(self, step: str, talk: Talk, hertz: int | None) -> None:
        report = talk.report
        packets = report.packets_in if report is not None else 0
        data = {
            "packets": packets,
            "lost": report.lost if report is not None else 0,
            "jitter_ms": report.jitter_ms if report is not None else 0.0,
            "foreign": report.foreign if report is not None else 0,
            "heard": [str(part).strip() for part in talk.heard[:8]],
            "codec": talk.stream.codec if talk.stream is not None else "",
            "srtp": bool(talk.stream is not None and talk.stream.suite),
        }
        if not packets:
            why = (
                f", but some came from {talk.foreign}, which is not in media_sources" if talk.foreign else ""
            )
            self._tell(step, FAULT, f"no audio came{why}", **data)
        elif hertz is not None and not hears(talk.heard, hertz):
            self._tell(step, FAULT, f"audio came, but not the tone of {hertz} Hz that was sent", **data)
        elif hertz is None and all(part.what == "silence" for part in talk.heard):
            self._tell(step, FAULT, f"{packets} packets came, and all of them are silence", **data)
        elif report is not None and report.lost > packets // 50:
            self._tell(step, FAULT, f"{report.lost} of {packets + report.lost} packets were lost", **data)
        else:
            heard = ", ".join(
                dict.fromkeys(_named(part.what, part.hertz) for part in talk.heard if part.what != "silence")
            )
            jitter = report.jitter_ms if report is not None else 0.0
            self._tell(
                step, OK, f"{packets} packets of {data['codec']}, jitter {jitter:.1f} ms: {heard}", **data
            )

    def _judge_simulated(self, talk: Talk) -> None:
        assert self._simulator is not None
        phone = self._simulator.of(talk.number)
        self._tone("audio to there", describe_heard(phone.heard.tobytes()), OUT_HERTZ)
        self._digits("digits to there", phone.digits, KEYS)
        self._shown(phone.caller)

    def _judge_loop(self, talk: Talk, back: Talk) -> None:
        self._judge_audio("audio to there", back, OUT_HERTZ)
        self._digits("digits to there", back.digits, KEYS)
        self._digits("digits from there", talk.digits, KEYS[::-1])
        assert back.arrival is not None
        self._shown(back.arrival.caller)

    def _shown(self, caller: str) -> None:
        settings, trunk = self._bench.settings, self._bench.route.trunk
        shown = settings.exophones[0].number
        right = caller in (shown, trunk_form(shown, trunk.number_format, settings.account.country))
        text = f"{caller} was shown" if right else f"{caller} was shown instead of {shown}"
        self._tell("caller id", OK if right else FAULT, text, caller=caller)

    def _digits_agreed(self, talk: Talk) -> None:
        agreed = talk.stream is not None and talk.stream.event_type is not None
        text = (
            "telephone-event is agreed"
            if agreed
            else "telephone-event was not agreed: digits go in the audio"
        )
        self._tell("digits to there", OK if agreed else SKIPPED, text)

    def _digits(self, step: str, came: str, sent: str) -> None:
        right = came == sent
        text = f"{sent} came" if right else f"{sent} was sent, {came or 'nothing'} came"
        self._tell(step, OK if right else FAULT, text, sent=sent, came=came)

    def _tone(self, step: str, heard: Sequence[Heard], hertz: int) -> None:
        right = hears(heard, hertz)
        text = f"our tone of {hertz} Hz was {'' if right else 'not '}heard"
        self._tell(step, OK if right else FAULT, text, heard=[str(part).strip() for part in heard[:8]])

    # --- a call in ------------------------------------------------------------------------------------------

    async def _call_in(self) -> None:
        bench = self._bench
        if self._simulator is not None and not self._wait:
            await self._simulated_call_in()
            return
        if not self._wait:
            self._tell("call in", SKIPPED, "not tried: --wait-call SECONDS waits for one")
            return
        numbers = ", ".join(phone.number for phone in bench.settings.exophones)
        if bench.taken:
            self._tell(
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
        self._tell("audio to there", SKIPPED, text)
        text = f"{talk.digits} came" if talk.digits else "no key was pressed"
        self._tell("digits from there", OK if talk.digits else SKIPPED, text, came=talk.digits)

    def _no_call_in(self, before: int) -> None:
        turned, strangers = self._bench.turned[before:], self._bench.strangers
        for one in turned:
            self._tell("call in", FAULT, f"a call was refused with {one.code}: {one.why}", code=one.code)
        if strangers:
            text = f"a call from {', '.join(strangers)} was dropped: it is not in the trunk's sources"
            self._tell("call in", FAULT, text, strangers=list(strangers))
        if not turned and not strangers:
            self._tell("call in", FAULT, f"no call came within {self._wait:g} s")

    def _judge_in(self, talk: Talk) -> None:
        arrival = talk.arrival
        assert arrival is not None
        self._tell(
            "call in", OK, f"a call to {arrival.exophone} came and was answered", exophone=arrival.exophone
        )
        if arrival.caller == "anonymous":
            self._tell("caller id", SKIPPED, "the caller withholds their number")
        else:
            good = arrival.caller.startswith("+")
            text = f"the caller is {arrival.caller}" + ("" if good else ", which is no number in E.164 form")
            self._tell("caller id", OK if good else FAULT, text, caller=arrival.caller)
        self._judge_audio("audio from there", talk, None)

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
            self._tell("call in", FAULT, f"nobody can call in: {why}")
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
            self._tell("call in", FAULT, f"the simulated call failed with {caller.code}: {turned}")
            return
        await bench.hang_up(talk)
        self._judge_in(talk)
        self._tone("audio to there", caller.describe(), IN_HERTZ)
        self._digits("digits from there", talk.digits, KEYS)


def _named(what: str, hertz: Sequence[int]) -> str:
    return f"{what} of {' + '.join(map(str, hertz))} Hz" if hertz else what


def _reachable(bound: Sequence[Address]) -> Address:
    """The first listener that a caller on this machine can speak to."""
    first = next((at for at in bound if at.transport in ("udp", "tcp")), bound[0])
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(first.host, first.host)
    return Address(first.transport, host, first.port)
