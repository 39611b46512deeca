"""Stage 2, 'wire': the whole engine in virtual time. Switchboard, machines, legs and the SIP stack are the
real ones; the network is in memory, the customer, the sounds and the audio are pretended, the journal is a
list. It plays the same scenarios as ``world``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from cordboard import sdp
from cordboard.call.words import CallOrdered
from cordboard.config import settings as config
from cordboard.contract.callbacks import Wanted
from cordboard.contract.facts import CallFacts
from cordboard.contract.outbound import Order
from cordboard.legs.legs import Legs
from cordboard.legs.phones.bindings import Binding
from cordboard.legs.phones.phones import Phones
from cordboard.legs.words import Hooks, TurnedAway
from cordboard.runtime.doors import Doors
from cordboard.runtime.figures import Figures
from cordboard.runtime.flow_table import FlowTable
from cordboard.runtime.kinds import account_of, flows_of
from cordboard.runtime.switchboard import Switchboard
from cordboard.runtime.tasks import Tasks
from cordboard.sip.dialog.words import Confirmed, OfferAnswered, Offered
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, Hop, Outgoing
from cordboard.testing.carrier import PLAIN, Carrier, FarCaller, FarPhone, Final, Habits
from cordboard.testing.journal_sink import JournalSink
from cordboard.testing.pretend_doors import Asked, PretendCustomer, PretendSounds, in_turn
from cordboard.testing.pretend_media import PretendEngine
from cordboard.testing.scenario import CALLER, EXOPHONE, Caller, Phone, Reply, Scenario
from cordboard.testing.virtual_time import SeededTokens, VirtualClock, pause, run
from cordboard.testing.wire import Wire
from cordboard.testing.world import WIRE

ENGINE = Address("udp", "198.51.100.1", 5060)
CARRIER = Address("udp", "192.0.2.10", 5060)
EXCHANGE = Address("udp", "192.0.2.20", 5060)
"""Where calls are sent to, and where they come from; both belong to the trunks."""

NO_EVENTS = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
)
"""An offer of A-law without telephone-event: keys come by INFO."""

BEGAN_AT = 1_768_284_894.0
_LONGEST = 4 * 3600.0
_LAST_WORDS = 80.0
"""More than twice 64·T1: every transaction is over, and what lingers is forgotten."""


class StageFigures(Figures):
    """Counts the engine's own faults, which no test may overlook."""

    def __init__(self) -> None:
        super().__init__()
        self.faults = 0

    def fault(self) -> None:
        super().fault()
        self.faults += 1


class Stage:
    """One engine, its carrier and its customer, set up from a scenario.

    ``trunk``: other settings of the trunks. ``finals``: how numbers refuse where a cause is not enough.
    ``wire``: the network; its ``delay`` should be ``world.WIRE`` where ladders are compared.
    ``replies``: what the customer answers to whom, in place of the scenario's replies in their order.
    ``ports``: how many legs media can have. ``habits``: what both far sides speak.
    """

    def __init__(
        self,
        scenario: Scenario | None = None,
        *,
        wire: Wire | None = None,
        seed: int = 1,
        trunk: Mapping[str, Any] | None = None,
        finals: Mapping[str, Final] | None = None,
        replies: Callable[[Asked], Reply] | None = None,
        ports: int = 4000,
        habits: Habits = PLAIN,
    ) -> None:
        self.scenario = scenario or Scenario()
        self.wire = wire or Wire(seed, delay=WIRE)
        self.settings = _settings(self.scenario, trunk or {})
        self.journal, self.figures = JournalSink(), StageFigures()
        self.failures: list[BaseException] = []
        self.turned: list[TurnedAway] = []
        self.callers: list[FarCaller] = []
        self.media = PretendEngine(legs=ports)
        self.sounds = PretendSounds(self.scenario.sounds)
        self.customer = PretendCustomer(replies or in_turn(self.scenario.replies), self._let_dial)
        self.carrier = Carrier(
            self.wire, CARRIER, self.scenario.phones, finals or {}, 3 * seed, self._audio_dies, habits
        )
        self.exchange = Carrier(self.wire, EXCHANGE, seed=3 * seed + 1)
        # the first INVITE is sent at 0, and the call begins when it arrives
        ahead = 0.0 if self.scenario.order else self.wire.delay
        self.clock, tokens = VirtualClock(BEGAN_AT - ahead), SeededTokens(3 * seed + 2)
        self.tasks = Tasks(self.failures.append)
        self.phones = None
        if self.settings.phones:
            self.phones = Phones(self.settings, self.clock, tokens, lambda event, source: None)
        self.legs = Legs(
            self.settings,
            Hooks(
                event=lambda call, event: self.switchboard.on_event(call, event),
                stream=lambda call, leg, stream: self.switchboard.on_stream(call, leg, stream),
                arrival=lambda arrival: self.switchboard.arrived(arrival),
                seen=lambda call, leg, seen: self.switchboard.on_seen(call, leg, seen),
                turned_away=self.turned.append,
            ),
            phones=self.phones,
        )
        self.endpoint = Endpoint(
            (f"udp:{ENGINE.host}:{ENGINE.port}", f"tcp:{ENGINE.host}:{ENGINE.port}"),
            clock=self.clock,
            tokens=tokens,
            **self.legs.for_endpoint(),
            transports=self.wire.transport,
        )
        self.legs.use(self.endpoint)
        flows, self.warnings = flows_of(self.settings)
        doors = Doors(
            asyncio.get_running_loop(),
            self.clock,
            tokens,
            self.legs,
            self.media,
            self.customer,
            self.sounds,
            self.journal.append,
            self.journal.note,
            self.tasks,
        )
        table = FlowTable(account_of(self.settings), flows, self.settings.flows, _given(self.settings))
        self.switchboard = Switchboard(
            self.settings, table, doors, self.figures, adopt=self.legs.adopt, turn_away=self.legs.turn_away
        )
        self.media.on_event = self.switchboard.on_media

    # --- what happens ----------------------------------------------------------------------------------

    async def __aenter__(self) -> "Stage":
        for endpoint in (self.endpoint, self.carrier.endpoint, self.exchange.endpoint):
            await endpoint.start()
        if self.phones is not None:
            self.phones.restore(_registered(phone) for phone in self.settings.phones)
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self.tasks.stop()
        for endpoint in (self.endpoint, self.carrier.endpoint, self.exchange.endpoint):
            await endpoint.close()

    def ring(
        self,
        number: str = CALLER,
        exophone: str = EXOPHONE,
        script: Caller | None = None,
        *,
        offer: bytes | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> FarCaller:
        """A call to one of our numbers. The script's seconds are those of the call: what the caller does at
        5.0 reaches us 5 s after the INVITE did. ``offer``: another SDP."""
        script = script or Caller()
        caller = self.exchange.caller()
        uri = f"sip:{exophone}@{ENGINE.host}:{ENGINE.port}"
        sender = f"sip:{number}@{EXCHANGE.host}"
        body = sdp.offer(sdp.Local(EXCHANGE.host, 40000)) if offer is None else offer
        self.callers.append(caller)
        habits = self.carrier.habits
        outgoing = Outgoing(
            *(ENGINE, uri, sender, uri, body),
            headers=headers,
            reliable=habits.reliable,
            session_seconds=habits.session_seconds,
        )
        caller.ring(self.exchange.endpoint, outgoing, script)
        return caller

    def order(self, order: CallOrdered, callback: Wanted | None = None) -> CallFacts:
        """A call by API, to the scenario's flow or to its second number."""
        scenario = self.scenario
        asked = Order(
            order.number,
            order.shown,
            0 if scenario.between else int(scenario.flow["id"]),
            scenario.between,
            scenario.flow["applets"]["connect"]["parameters"] if scenario.between else {},
            int(order.ring_seconds),
            int(order.limit_seconds),
            scenario.custom_field,
            callback,
        )
        return self.switchboard.order(asked)

    async def settle(self, last_words: float = _LAST_WORDS) -> None:
        """Until every call is over and nobody has anything left to say; or only so many seconds after."""
        ends = asyncio.get_running_loop().time() + _LONGEST
        while self.switchboard.live or any(caller.ended_at is None for caller in self.callers):
            assert asyncio.get_running_loop().time() < ends, "a call never ends"
            await pause(1.0)
        await pause(last_words)

    async def play(self, callback: Wanted | None = None) -> None:
        """The scenario's one call. ``callback``: what is told of one that the API began."""
        scenario, loop = self.scenario, asyncio.get_running_loop()
        delay = self.wire.delay
        # one source of digits a leg: INFO counts where telephone-event was not agreed (telephony.md 20)
        if scenario.order is not None:
            delay = 0.0
            self.order(scenario.order, callback)
        else:
            caller = self.ring(script=scenario.caller, offer=NO_EVENTS if scenario.caller.info else None)
        if scenario.order is None and scenario.caller.dead is not None:
            loop.call_later(delay + scenario.caller.dead, lambda: self._to_media(self.media.audio_dies, 0))
        for at, digit in scenario.caller.digits:
            if scenario.caller.info:
                loop.call_later(at, lambda digit=digit: caller.press(digit) if caller.state == "up" else None)  # type: ignore[misc]
            else:
                loop.call_later(delay + at, lambda digit=digit: self._to_media(self.media.press, 0, digit))  # type: ignore[misc]
        for start, end in scenario.caller.speaks:
            loop.call_later(delay + start, self._to_media, self.media.speaks, end - start)
        if scenario.stops is not None:
            loop.call_later(delay + scenario.stops, self.switchboard.stop)
        if scenario.media_lost is not None:
            loop.call_later(delay + scenario.media_lost, lambda: self._to_media(self.media.lose))

    def _to_media(self, say: Callable[..., None], *words: Any) -> None:
        """Something happens to a call's audio, while it has some."""
        if self.switchboard.live and self.journal.calls():
            say(self.sid, *words)

    def _audio_dies(self, phone: FarPhone) -> None:
        told = [offered.body for offered in phone.told(Offered) if offered.body]
        told = told or [
            answer.body for answer in phone.told(OfferAnswered)
        ]  # its PRACK, where we offered late
        told = told or [confirmed.body for confirmed in phone.told(Confirmed) if confirmed.body]
        told = told or [phone.invitation.body]
        found = self.media.leg_at(sdp.read(told[-1]).media[0].port)
        if found is not None:
            asyncio.get_running_loop().call_later(self.wire.delay, self.media.audio_dies, *found)

    def _let_dial(self, reply: Reply) -> None:
        """The ExoPhones whose trunk can dial are those that the reply names."""
        for phone in self.settings.exophones:
            self.legs.trunks.resolve(phone.trunk, CARRIER if phone.number in reply.able else None)

    # --- what tests look at ----------------------------------------------------------------------------

    @property
    def sid(self) -> str:
        """The first call's."""
        return self.journal.calls()[0]

    @property
    def caller(self) -> FarCaller:
        """The first caller."""
        return self.callers[0]

    def at(self, loop_time: float) -> float:
        """A moment of the loop's clock as seconds of the first call, as our side of the wire has them."""
        return round(loop_time - (0.0 if self.scenario.order else self.wire.delay), 3)

    def left_over(self) -> dict[str, object]:
        """What should be nothing once all is settled."""
        ends = (self.endpoint, self.carrier.endpoint, self.exchange.endpoint)
        far = [*self.carrier.rung, *self.callers]
        found = {
            "transactions and sessions": [end.load for end in ends if end.load != (0, 0)],
            "media ports": self.media.ports_taken,
            "calls": self.switchboard.live,
            "calls that are over": self.switchboard.kept,
            "counted by legs": {what: many for what, many in self.legs.taken.items() if many},
            "far legs": [leg for leg in far if leg.state != "over"],
            "far legs that heard no end": [leg for leg in far if leg.ended_at is None],
            "faults": self.figures.faults,
            "failed tasks": self.failures,
        }
        return {what: many for what, many in found.items() if many}


def _settings(scenario: Scenario, trunk: Mapping[str, Any]) -> config.Settings:
    """The configuration that says what the scenario says: a trunk for each ExoPhone."""
    account = scenario.account
    phones = [script for script in scenario.phones.values() if isinstance(script, Phone)]
    phones += [one for script in scenario.phones.values() if isinstance(script, tuple) for one in script]
    usual = config.Trunk("", f"sip:{CARRIER.host}:{CARRIER.port}", ("192.0.2.0/24",))
    if any(phone.restarts_limit for phone in phones):
        usual = replace(usual, ring_from="ringing")
    numbers = account.exophones
    return config.Settings(
        account=config.Account(
            country=account.country,
            timezone=account.timezone,
            number_format=account.number_format,
            strict=account.strict,
        ),
        egress=config.Egress(fetch_timeout_seconds=account.fetch_seconds),
        dialing=config.Dialing(countries=account.countries),
        trunks=tuple(replace(usual, name=f"trunk{nth}", **trunk) for nth, _ in enumerate(numbers)),
        exophones=tuple(
            config.ExoPhone(phone.number, int(scenario.flow["id"]), f"trunk{nth}", phone.circle)
            for nth, phone in enumerate(numbers)
        ),
        phones=tuple(
            config.Phone(f"u{number[1:]}", "a password", number, srtp="no")
            for number, script in scenario.phones.items()
            if isinstance(script, Phone) and script.registered
        ),
        flows=(scenario.flow, *scenario.more_flows),
    )


def _given(settings: config.Settings) -> dict[str, int]:
    return {phone.number: phone.flow for phone in settings.exophones}


def _registered(phone: config.Phone) -> Binding:
    """A phone that is where the carrier is, and so keeps to its script."""
    uri = f"sip:{phone.number}@{CARRIER.host}:{CARRIER.port}"
    return Binding(phone.user, uri, Hop(0, CARRIER), "registration", 1, until=1e9, since=0.0)


def play(scenario: Scenario, **options: Any) -> Stage:
    """Play a scenario's call to its end, in no time. ``options``: those of ``Stage``."""
    return act(Stage.play, scenario, **options)


def act(script: Callable[[Stage], Awaitable[object]], scenario: Scenario, **options: Any) -> Stage:
    """Play a script of one's own on a stage; it is settled afterwards."""

    async def whole() -> Stage:
        async with Stage(scenario, **options) as stage:
            await script(stage)
            await stage.settle()
            return stage

    return run(whole())
