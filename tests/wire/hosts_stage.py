"""A trunk with several hosts: legs on the real SIP stack, one scripted carrier at each address."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from cordboard.call.words import LegAnswered, LegFailed
from cordboard.config.settings import Dialing, ExoPhone, Settings, Trunk
from cordboard.legs.hosts import Change
from cordboard.legs.legs import Legs
from cordboard.sip.dialog.words import Reason
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, IncomingSession, Verdict
from cordboard.testing.virtual_time import run
from cordboard.testing.wire import Passed
from tests.wire.legs_stage import AUDIO, CALLEE, ENGINE, EXOPHONE, Side, Stage, after, far

FIRST = Address("udp", "192.0.2.10", 5060)
SECOND = Address("udp", "192.0.2.11", 5060)
THIRD = Address("udp", "192.0.2.12", 5060)
TRUNK = Trunk(
    "carrier",
    "sip:192.0.2.10:5060",
    ("192.0.2.0/24",),
    hosts=("sip:192.0.2.11:5060;priority=1",),
    next_host_after_seconds=5.0,
)
Script = Callable[[IncomingSession], None]


def answers(session: IncomingSession) -> None:
    """Rings and answers."""
    session.progress(180)
    session.accept(far())


def rings(session: IncomingSession) -> None:
    """Rings for ever."""
    session.progress(180)


def refuses(code: int, *reasons: Reason, headers: tuple[tuple[str, str], ...] = ()) -> Script:
    """Refuses at once."""
    return lambda session: session.release(*reasons, code=code, headers=headers)


class HostsStage(Stage):
    """``hosts``: what is at each address; an address that is not there says nothing."""

    def __init__(self, hosts: Mapping[Address, Script], trunk: Trunk = TRUNK, **dialing: Any) -> None:
        super().__init__(trunk)
        self.changes: list[Change] = []
        self.legs = Legs(
            Settings(
                dialing=Dialing(**dialing),
                trunks=(trunk,),
                exophones=(ExoPhone(EXOPHONE, 1, trunk.name),),
            ),
            replace(self.legs._hooks, host_changed=lambda name, change: self.changes.append(change)),
            tokens=self.tokens,
        )
        self.endpoint = Endpoint(
            [f"{kind}:{ENGINE.host}:{ENGINE.port}" for kind in ("udp", "tcp")],
            clock=self.clock,
            tokens=self.tokens,
            **self.legs.for_endpoint(),
            transports=self.wire.transport,
        )
        self.legs.use(self.endpoint)
        self.asked: list[Address] = []
        self.sides: dict[Address, list[Side]] = {}
        self.peers = [self._peer(address, script) for address, script in hosts.items()]

    def _peer(self, address: Address, script: Script) -> Endpoint:
        def rung(session: IncomingSession) -> None:
            side = Side()
            side.session, session.owner = session, side.happened
            self.sides.setdefault(address, []).append(side)
            self.asked.append(address)
            script(session)

        return Endpoint(
            (f"{address.transport}:{address.host}:{address.port}",),
            clock=self.clock,
            tokens=self.tokens,
            screen=lambda source, method: Verdict.TAKE,
            on_invite=rung,
            may_send_in_dialog=lambda session, source: True,
            transports=self.wire.transport,
        )

    def dial(self, leg: int = 1, seconds: float = 30.0, number: str = CALLEE, call: str = "c1") -> None:
        """The engine rings somebody."""
        self.legs.dial(call, leg, number, EXOPHONE, AUDIO, seconds)

    def invites(self) -> list[tuple[float, Address, str]]:
        """(when, to whom, Request-URI) of each INVITE of ours, repeats left out."""
        found: dict[tuple[Address, str], tuple[float, Address, str]] = {}
        for one in self.wire.passed:
            if one.line == "INVITE" and one.source.host == ENGINE.host:
                uri = one.data.split(b" ", 2)[1].decode()
                call_id = header(one, b"Call-ID")
                found.setdefault((one.target, call_id), (round(one.at, 2), one.target, uri))
        return list(found.values())

    def to(self, address: Address) -> list[str]:
        """What we sent there, in order."""
        return [one.line for one in self.wire.passed if one.target == address]

    @property
    def answered(self) -> bool:
        return any(isinstance(event, LegAnswered) for event in self.events)

    @property
    def failed(self) -> list[LegFailed]:
        return [event for event in self.events if isinstance(event, LegFailed)]


def header(one: Passed, name: bytes) -> str:
    """A header's value in a message."""
    lines = one.data.split(b"\r\n")
    return next((line.partition(b":")[2].strip().decode() for line in lines if line.startswith(name)), "")


def on_stage(
    stage_of: Callable[[], HostsStage], script: Callable[[HostsStage], Coroutine[Any, Any, None]]
) -> HostsStage:
    """Run a script on a started stage, in virtual time, and let the last words be said."""

    async def whole() -> HostsStage:
        stage = stage_of()
        ends = [stage.endpoint, *stage.peers]
        for end in ends:
            await end.start()
        await script(stage)
        await after(150)
        left = [end.load for end in ends if end.load != (0, 0)]
        assert not left, f"sessions stay: {left}"
        assert stage.legs._routes == {}
        for end in ends:
            await end.close()
        return stage

    return run(whole())
