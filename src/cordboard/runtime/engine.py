"""The engine: every door opened, the switchboard between them, and the way down again."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from cordboard import __version__
from cordboard.config.settings import Settings
from cordboard.contract.facts import CallFacts
from cordboard.contract.outbound import Order
from cordboard.customer.client import Customer
from cordboard.flow.document import Flow
from cordboard.kernel.clock import Clock, Tokens
from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.legs.beginning import Hindrance
from cordboard.legs.legs import Legs
from cordboard.legs.phones.phones import Phones
from cordboard.legs.words import Hooks
from cordboard.media.embedded.engine import EmbeddedEngine
from cordboard.media.embedded.settings import EmbeddedSettings
from cordboard.media.sounds.sounds import Sounds
from cordboard.net.guard import Policy, network
from cordboard.net.locating import Locator
from cordboard.net.resolver import Resolver
from cordboard.runtime import closing
from cordboard.runtime.alarms import Alarms
from cordboard.runtime.clock import SystemClock, SystemTokens, pause
from cordboard.runtime.collecting import collect
from cordboard.runtime.doors import Doors
from cordboard.runtime.faults import around, faults, sending
from cordboard.runtime.figures import Figures
from cordboard.runtime.flow_desk import desk_of
from cordboard.runtime.keeping import Keeping
from cordboard.runtime.listening import listenings
from cordboard.runtime.outbox import OutboxSender
from cordboard.runtime.phone_facts import phone_facts
from cordboard.runtime.phonebook import Phonebook
from cordboard.runtime.registering import registration_facts, registrations_of
from cordboard.runtime.retention import Retention
from cordboard.runtime.switchboard import Switchboard
from cordboard.runtime.tasks import Tasks
from cordboard.runtime.trunk_facts import trunk_facts
from cordboard.runtime.trunk_names import TrunkNames
from cordboard.runtime.watching import Watch
from cordboard.sip.endpoint.endpoint import Endpoint
from cordboard.sip.endpoint.words import Address, Seen
from cordboard.store.store import Store

_SETTLE_SECONDS = 10.0
_ASK_AGAIN_SECONDS = 2.0


class Engine:
    """One running engine. ``simulator``: where the scripted phones listen, for trunks that name them.

    ``async with`` opens every door; leaving hangs up what is still up and closes them.
    """

    def __init__(
        self, settings: Settings, flows: Mapping[int, Flow], simulator: Address | None = None
    ) -> None:
        self.settings = settings
        self.clock: Clock = SystemClock()
        self.figures = Figures()
        self._alarms = Alarms(self.figures)
        self._tokens: Tokens = SystemTokens()
        self._log = structlog.get_logger("engine")
        self._tasks = Tasks(self._alarms.task_failed)
        kept = settings.store
        self._fault = faults()
        self.store = Store(kept.url, self.clock, node=kept.node, journal=kept.journal, fault=self._fault)
        self.keeping = Keeping(settings, self.store, self.clock, self._tasks, self.figures, self.live_calls)
        self.shelf, self.disks, self.warnings = self.keeping.shelf, self.keeping.disks, self.keeping.warnings
        self._phones: Phones | None = None
        if settings.phones:
            self._phones = Phones(settings, self.clock, self._tokens, self._alarms.security)
        self.flows = desk_of(settings, self.store, self.clock, flows)
        self.legs = Legs(settings, self._hooks(), simulator, self._tokens, self._phones)
        self.endpoint = Endpoint(
            listenings(settings.sip),
            clock=self.clock,
            tokens=self._tokens,
            **self.legs.for_endpoint(),
            on_flow_lost=lambda peer: self.registrations.flow_lost(peer),
            trust=self.legs.trunks.trust,
            full=self.legs.full,
            on_strain=self._alarms.strain,
            advertise=settings.sip.advertise,
            user_agent=f"cordboard/{__version__}",
        )
        self.legs.use(self.endpoint)
        self.watch = Watch(self.endpoint, self.clock, self._trunk_of, settings.sip.hep_id)
        self._resolver = Resolver.of_this_machine(self._tokens)
        locator = Locator(self._resolver)
        self._trunk_names = TrunkNames(settings, self.legs.trunks, locator, self._tasks)
        self.registrations = registrations_of(
            settings, self.legs.trunks, locator, self._tasks, self._tokens, self.figures
        )
        policy = Policy(tuple(network(text) for text in settings.egress.allow), settings.egress.ports)
        self.customer = Customer(
            policy,
            self._resolver,
            self.clock,
            self._tokens,
            signing_secrets=settings.account.signing_secrets,
        )
        run_folder = self.store.folder / ".cordboard"
        self.sounds = Sounds(
            run_folder / "sounds",
            self.customer.audio,
            self.clock,
            voices=settings.voices,
            ask=self.customer.speech,
        )
        self.media = EmbeddedEngine(
            EmbeddedSettings(
                bind=settings.media.bind,
                advertise=settings.media.advertise or settings.media.bind,
                ports=settings.media.port_range(),
                recordings=self.shelf.folder,
                run_folder=run_folder,
                processes=settings.media.processes,
                country=settings.account.country,
                dscp=settings.media.dscp,
                leave_bytes=self.keeping.leave_bytes,
            ),
            self.clock,
            self._tokens,
            structlog.get_logger("media"),
        )
        self.bound: tuple[Address, ...] = ()
        self.draining = False
        self._switchboard: Switchboard | None = None
        self._outbox: OutboxSender | None = None
        self._phonebook: Phonebook | None = None
        self._idle = asyncio.Event()
        self._closed = asyncio.Event()  # what the last run left open

    # --- up ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the doors, the street door (SIP) last. Raises ``Unavailable`` with one sentence."""
        await self.store.open()
        if self.store.late:
            self._tasks.start(self._close_later())
        else:
            await self._close_what_was_left()
        await self.flows.load_surely(self._tasks)
        await self.customer.start()
        await self.sounds.start()
        loop = asyncio.get_running_loop()
        doors = Doors(
            loop,
            self.clock,
            self._tokens,
            self.legs,
            self.media,
            self.customer,
            self.sounds,
            around(self._append, self._fault),
            self.store.note,
            self._tasks,
        )
        self._switchboard = Switchboard(
            self.settings,
            self.flows.table,
            doors,
            self.figures,
            adopt=self.legs.adopt,
            turn_away=self.legs.turn_away,
            file_of=self._file_of,
            examine=self.keeping.keeper.examine,
        )
        self._switchboard.on_idle = self._idle.set
        self.media.on_event = self._switchboard.on_media
        await self.media.start()
        self.keeping.start(self._closed, self._keep_promises)
        self._outbox = OutboxSender(
            self.store.outbox,
            sending(self.customer, self._fault),
            self.clock,
            self._tokens,
            self._tasks,
            self.figures,
        )
        self._tasks.start(self._outbox.run())
        self._tasks.start(Retention(self.store, self.settings, self.clock, self.shelf.remove).run())
        await self._trunk_names.start()
        if self.settings.sip.hep:
            collector = self.settings.sip.collector()
            self._tasks.start(collect(self.watch, self._resolver, *collector))
        self.bound = await self.endpoint.start()
        if self._phones is not None:
            file = self.store.folder / ".cordboard" / "phones.json"
            self._phonebook = Phonebook(self._phones, self.endpoint, self.bound, self.clock, file)
            self._phonebook.restore()
            self._tasks.start(self._phonebook.run())
        self.legs.start_probing()
        self.registrations.start(self.endpoint)

    async def _close_later(self) -> None:
        """The database is away: what the last run left open is closed when it is back."""
        while True:
            try:
                await self.store.settled()
                return await self._close_what_was_left(self.store.journal.began_at)
            except Unavailable:
                await pause(_ASK_AGAIN_SECONDS)

    async def _close_what_was_left(self, before: int | None = None) -> None:
        await closing.close_calls(self.store, self.clock, self._tokens, self.settings, before)
        await self._keep_promises(before)
        self._closed.set()

    async def _keep_promises(self, before: int | None = None) -> None:
        before = before or self.store.journal.began_at
        await closing.keep_promises(self.store, self.clock, self.settings, before)

    def reload_certificates(self) -> None:
        """Take the certificates of the SIP listeners anew from their files; one that cannot be used stays as
        it was."""
        try:
            self.endpoint.reload_certificates()
            self._log.info("certificates were read anew")
        except BadInput as mistake:
            self._log.error("a certificate cannot be used; the old one stays", reason=str(mistake))

    # --- down ----------------------------------------------------------------------------------------

    async def drain(self, seconds: float) -> None:
        """Take no new calls; wait until the live ones are over, at most so long; hang up the rest."""
        self.draining = True
        self.legs.drain()
        self.registrations.stop()
        if self.live_calls():
            self._idle.clear()
            try:
                await asyncio.wait_for(self._idle.wait(), seconds)
            except TimeoutError:
                self._log.warning(
                    "calls are being hung up: the time to drain is over", calls=self.live_calls()
                )

    def hang_up_all(self) -> None:
        """End every call now."""
        if self._switchboard is not None:
            self._switchboard.stop()

    async def close(self) -> None:
        """Hang up what is left, let the last words out, close the doors."""
        self.legs.drain()
        if self.live_calls():
            self.hang_up_all()
            await pause(0.5)  # BYEs and their answers, recordings' last frames
        self.legs.stop_probing()
        await self.registrations.stopped()
        await self.media.close()
        self.watch.close()
        await self.keeping.keeper.close()
        await self.endpoint.close()
        await self._tasks.stop()
        if self._phonebook is not None:
            self._phonebook.close()
        await self.sounds.close()
        await self.customer.close()
        await self._resolver.close()
        try:
            await asyncio.wait_for(self.store.settled(), _SETTLE_SECONDS)
        except TimeoutError:
            self._log.error("the database is behind the journal; the rest is written at the next start")
        except Unavailable as error:
            self._log.error("the last lines of the journal could not be written", reason=str(error))
        await self.store.close()

    # --- what the API asks -----------------------------------------------------------------------------

    def problems(self) -> tuple[str, ...]:
        """Why no call should be sent here now, one sentence each."""
        found = []
        if self.draining:
            found.append("the engine is draining")
        if self.store.journal.problem:  # a database that is away is no reason: calls go on without it
            found.append(self.store.journal.problem)
        now = self.clock.monotonic()
        if not any(route.reachable(now) and route.has_room for route in self.legs.trunks.routes):
            found.append("no trunk can dial")
        return tuple(found)

    def hindrance(self, number: str, exophone: str) -> Hindrance | None:
        """Why a call by API to this number cannot begin now; None: it can."""
        return self.legs.hindrance(number, exophone)

    def order(self, order: Order) -> CallFacts:
        """Begin a call by API. Raises ``Unavailable``."""
        return self._board.order(order)

    def flow_ids(self) -> tuple[int, ...]:
        """The flows that a call may be made to."""
        return self._board.flow_ids()

    def outbox_changed(self) -> None:
        """Something in the outbox is to be sent again."""
        if self._outbox is not None:
            self._outbox.nudge()

    def live_calls(self) -> int:
        """Calls in progress."""
        return self._switchboard.live if self._switchboard is not None else 0

    def trunks(self) -> list[dict[str, Any]]:
        """Every trunk as it is now."""
        now, trunks = self.clock.monotonic(), self.legs.trunks
        return [
            trunk_facts(route, trunks.exophones_of(route), now)
            | registration_facts(route.trunk, self.registrations, self.clock)
            for route in trunks.routes
        ]

    def phones(self) -> list[dict[str, Any]]:
        """The phones and since when they are registered; nothing secret."""
        return phone_facts(self._phones)

    def metrics(self) -> bytes:
        """The figures in Prometheus' text form."""
        self.figures.turned_away(*self.endpoint.turned_away)
        self.figures.behind(self.store.health().behind_seconds)
        now = self.clock.monotonic()
        self.figures.trunk_hosts(
            (route.trunk.name, str(state.host), state.since is None)
            for route in self.legs.trunks.routes
            for state in route.hosts.states(now)
        )
        return self.figures.text()

    # --- between the doors -----------------------------------------------------------------------------

    def _hooks(self) -> Hooks:
        return Hooks(
            event=lambda call, event: self._board.on_event(call, event),
            stream=lambda call, leg, stream: self._board.on_stream(call, leg, stream),
            arrival=lambda arrival: self._board.arrived(arrival),
            seen=self._seen,
            turned_away=self._alarms.turned_away,
            security=self._alarms.security,
            host_changed=self._alarms.host_changed,
        )

    @property
    def _board(self) -> Switchboard:
        assert self._switchboard is not None, "SIP is opened last"
        return self._switchboard

    def _seen(self, call: str, leg: int, seen: Seen) -> None:
        if self.watch.active:
            self.watch.belongs(call, seen.data)
        self._board.on_seen(call, leg, seen)

    def _trunk_of(self, host: str) -> str:
        """The name of the trunk that an address belongs to; empty for none."""
        trunks = self.legs.trunks
        route = trunks.by_source(host) or next((r for r in trunks.routes if r.holds(host)), None)
        return route.trunk.name if route is not None else ""

    def _append(self, line: bytes) -> int:
        position = self.store.append(line)
        if line.startswith(b'{"k":"row","table":"outbox"') and self._outbox is not None:
            self._outbox.nudge()
        return position

    def _file_of(self, path: str) -> str:
        return str(Path(path).relative_to(self.shelf.folder))
