"""Our registrations with trunks: REGISTER is sent when a registration says so, and what it means for calls is
told to the trunks (telephony.md 16)."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from cordboard.config.address import Place, trunk_place
from cordboard.config.settings import Trunk
from cordboard.kernel.clock import Tokens
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.registration import Phase, Registration, Send, Status, read_answer
from cordboard.legs.trunks import Route, Trunks, account_user, authority_of, route_header
from cordboard.sip.endpoint.words import Address, Asking, Reply

_LAST_WAIT = 2.0
_MOST_ADDRESSES = 8
_USER = "!$&'()*+,;=-_.~"  # what may stand in a URI's user unescaped (§25.1), "?" and "/" aside

Found = Callable[[Sequence[Address], str], None]
"""Told the addresses of a place, best first, or why there are none."""


class Asker(Protocol):
    """What registrations ask of the SIP endpoint."""

    def ask(self, asking: Asking, answered: Callable[[Reply], None]) -> None: ...


@dataclass(slots=True)
class _Account:
    """One trunk that wants us to register."""

    route: Route
    registrars: tuple[Place, ...]
    machine: Registration
    call_id: str
    cseq: int = 0
    target: Address | None = None  # what took us
    timer: asyncio.TimerHandle | None = None
    told: Status | None = None


class Registrations:
    """``find(place, found)`` looks up where a registrar's URI leads, and may answer at once. ``changed`` is
    told a trunk's name whenever its status is another one."""

    def __init__(
        self,
        trunks: Trunks,
        tokens: Tokens,
        find: Callable[[Place, Found], None],
        changed: Callable[[str, Status], None] = lambda name, status: None,
    ) -> None:
        self._trunks, self._find, self._changed = trunks, find, changed
        self._accounts: dict[str, _Account] = {}
        self._endpoint: Asker | None = None
        self._gone: asyncio.Event | None = None
        for route in trunks.routes:
            trunk = route.trunk
            if trunk.register:
                route.registered = False
                registrars = tuple(trunk_place(text) for text in trunk.registrars or (trunk.uri,))
                machine = Registration(trunk.register_seconds, len(registrars), lambda: _part(tokens))
                self._accounts[trunk.name] = _Account(route, registrars, machine, tokens.hex(16))

    def start(self, endpoint: Asker) -> None:
        """Register every trunk that wants it, from now on."""
        self._endpoint = endpoint
        now = asyncio.get_running_loop().time()
        for account in self._accounts.values():
            account.machine.start(now)
            self._go_on(account)

    def flow_lost(self, peer: Address) -> None:
        """A connection to this peer is gone: who is registered by it registers anew."""
        for account in self._accounts.values():
            if account.target == peer:
                account.machine.hurry(asyncio.get_running_loop().time())
                self._go_on(account)

    def status(self, name: str) -> Status | None:
        """Of a trunk; None for one that does not register."""
        account = self._accounts.get(name)
        return account.machine.status(asyncio.get_running_loop().time()) if account is not None else None

    def stop(self) -> None:
        """Take our bindings out, so that no new calls are sent here."""
        if self._endpoint is None:
            return
        now = asyncio.get_running_loop().time()
        for account in self._accounts.values():
            account.machine.stop(now)
            self._go_on(account)

    async def stopped(self) -> None:
        """After ``stop``: wait a little for the registrars' answers."""
        self.stop()
        self._gone = asyncio.Event()
        self._see_who_is_left()
        with contextlib.suppress(TimeoutError):  # what was granted runs out by itself
            await asyncio.wait_for(self._gone.wait(), _LAST_WAIT)
        for account in self._accounts.values():
            if account.timer is not None:
                account.timer.cancel()
                account.timer = None
        self._endpoint = None

    # --- inside ---------------------------------------------------------------------------------------------

    def _go_on(self, account: _Account) -> None:
        """Send what is due, tell what changed, sleep until the next deadline."""
        loop = asyncio.get_running_loop()
        if self._endpoint is None:
            return
        if account.timer is not None:
            account.timer.cancel()
            account.timer = None
        send = account.machine.poll(loop.time())
        self._tell(account, loop.time())
        if send is not None:
            self._send(account, send)
        due = account.machine.deadline()
        if due is not None and not account.machine.over:
            account.timer = loop.call_at(due, self._go_on, account)
        self._see_who_is_left()

    def _send(self, account: _Account, send: Send) -> None:
        trunk = account.route.trunk
        place = account.registrars[send.registrar]
        where = trunk_place(trunk.outbound_proxy) if trunk.outbound_proxy else place

        def found(addresses: Sequence[Address], problem: str) -> None:
            if addresses:
                known = account.route.registrars
                if len(known) > _MOST_ADDRESSES * len(account.registrars):
                    known.clear()  # names lead to ever new addresses
                known.update(dict.fromkeys(addresses[:_MOST_ADDRESSES], where.target.host))
                self._ask(account, send, place, addresses[:_MOST_ADDRESSES])
            else:
                self._fail(account, send, f"the registrar's address was not found: {problem}")

        self._find(where, found)

    def _ask(self, account: _Account, send: Send, place: Place, targets: Sequence[Address]) -> None:
        """Ask the first of these addresses; the others where it does not answer (RFC 3263 §4.3)."""
        if self._endpoint is None:
            return
        trunk, target = account.route.trunk, targets[0]
        account.cseq += 1
        who = f"sip:{address_of_record(trunk, place)}"
        asking = Asking(
            "REGISTER",
            target,
            f"sip:{authority_of(place)}",
            who,
            who,
            call_id=account.call_id,
            cseq=account.cseq,
            headers=(("Expires", str(send.seconds)),),
            contact_user=quote(account_user(trunk), safe=_USER),
            listener=trunk.listener,
            routes=route_header(trunk),
            credentials=account.route.credentials,
        )

        def answered(reply: Reply) -> None:
            account.cseq = reply.cseq
            if reply.local and len(targets) > 1:
                self._ask(account, send, place, targets[1:])
            else:
                self._answered(account, send, target, reply)

        try:
            self._endpoint.ask(asking, answered)
        except BadInput as mistake:
            self._fail(account, send, str(mistake))

    def _fail(self, account: _Account, send: Send, why: str) -> None:
        """Nothing could be sent. Told later, for we may be in the midst of sending."""
        reply = Reply(503, why, local=True, cseq=account.cseq)
        asyncio.get_running_loop().call_soon(self._answered, account, send, None, reply)

    def _answered(self, account: _Account, send: Send, target: Address | None, reply: Reply) -> None:
        answer = read_answer(reply, reply.contact, send.seconds)
        if send.seconds and answer.granted:
            account.target = target
        account.machine.answered(answer, asyncio.get_running_loop().time())
        self._go_on(account)

    def _tell(self, account: _Account, now: float) -> None:
        status = account.machine.status(now)
        if status == account.told:
            return
        registered = status.phase is Phase.REGISTERED
        account.route.registered = registered
        took = account.target if registered else None
        self._trunks.registrar(account.route, "" if took is None else took.host)
        before, account.told = account.told, status
        if before is None or (before.phase, before.why) != (status.phase, status.why):
            self._changed(account.route.trunk.name, status)

    def _see_who_is_left(self) -> None:
        if self._gone is not None and all(one.machine.over for one in self._accounts.values()):
            self._gone.set()


def address_of_record(trunk: Trunk, place: Place) -> str:
    """Whom we register: ``user@host``; a username may name its own host."""
    user, at, host = trunk.username.rpartition("@")
    if at:
        return f"{quote(user, safe=_USER)}@{host}"
    name = place.target.host
    return f"{quote(trunk.username, safe=_USER)}@{f'[{name}]' if ':' in name else name}"


def _part(tokens: Tokens) -> float:
    return int(tokens.hex(2), 16) / 0xFFFF
