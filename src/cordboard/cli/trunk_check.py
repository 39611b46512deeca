"""The steps of ``cordboard trunk check``: names, OPTIONS, registration, a call out, a call in."""

import asyncio
from collections.abc import Callable, Sequence

from cordboard.cli.trunk_bench import Bench
from cordboard.cli.trunk_calls import CallIn, CallOut
from cordboard.cli.trunk_findings import FAULT, OK, SKIPPED, Finding, Findings
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.hosts import Host
from cordboard.legs.registration import Phase
from cordboard.simulator.simulator import Simulator
from cordboard.sip.endpoint.words import Asking, Reply

OPTIONS_SECONDS = 6.0
REGISTER_SECONDS = 12.0


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
        self._bench, self._doing = bench, doing
        self._findings = Findings(say)
        self._call_out = CallOut(bench, simulator, number, self._findings, doing)
        self._call_in = CallIn(bench, simulator, wait_seconds, self._findings, doing)

    async def run(self) -> list[Finding]:
        """All steps; a fault in one does not end the others that make sense without it."""
        if self._bench.taken:
            self._findings.tell(
                "listen",
                SKIPPED,
                "the configured SIP ports are taken, an engine seems to run: others are used",
            )
        if not await self._names():
            return self._findings.all
        silent = await self._options()
        await self._registration()
        answered = await self._call_out.run()
        self._silences(silent, answered)
        await self._call_in.run()
        return self._findings.all

    async def _names(self) -> bool:
        hosts = self._bench.route.hosts.all
        named = [place.target.host for _, _, place in self._bench.legs.trunks.unresolved()]
        for trunk, number, place in self._bench.legs.trunks.unresolved():
            why = self._bench.names.problem(trunk.name, number)
            if why:
                self._findings.tell(
                    "dns", FAULT, f"{place.target.host} was not found: {why}", host=place.target.host
                )
        if hosts:
            told = ", ".join(map(str, hosts))
            self._findings.tell(
                "dns", OK, f"{', '.join(named) or 'the trunk'} is at {told}", hosts=list(map(str, hosts))
            )
        elif not named:
            self._findings.tell("dns", FAULT, "the trunk has no host")
        return bool(hosts)

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
            self._findings.tell("options", FAULT, why, **data)
        elif reply.local:
            self._findings.tell("options", FAULT, f"{host} cannot be reached", **data)
        elif reply.code in (503, 408):
            self._findings.tell(
                "options", FAULT, f"{host} answers OPTIONS with {reply.code} {reply.phrase}", **data
            )
        else:
            self._findings.tell(
                "options", OK, f"{host} answers OPTIONS with {reply.code} in {took} ms", **data
            )
        return True

    def _silences(self, hosts: Sequence[Host], calls_work: bool) -> None:
        """Some carriers never answer OPTIONS: where calls get through and nobody probes, that is no fault."""
        probed = self._bench.route.trunk.probe_seconds > 0
        for host in hosts:
            if calls_work and not probed:
                text = f"{host} does not answer OPTIONS, but calls get through: leave probe_seconds at 0"
                self._findings.tell("options", SKIPPED, text, host=str(host))
            else:
                self._findings.tell("options", FAULT, f"{host} does not answer OPTIONS", host=str(host))

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
            self._findings.tell("registration", SKIPPED, why)
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
            self._findings.tell("registration", FAULT, f"not registered: {why}")
            return
        now = bench.clock.monotonic()
        granted = round(status.until - now)
        self._findings.tell(
            "registration",
            OK,
            f"registered in {1000 * (now - began):.0f} ms, for {granted} s",
            seconds=granted,
        )
