"""OPTIONS to the hosts of trunks: who is out, who is back (telephony.md 9)."""

import asyncio
from collections.abc import Callable

from cordboard.kernel.mistakes import BadInput
from cordboard.legs.hosts import Change, Host
from cordboard.legs.trunks import Route, Trunks
from cordboard.sip.endpoint.words import Address, Asking, Reply

PATIENCE = 4.0
"""Seconds after which a host that said nothing has failed; Timer F would take 32."""
_DEAD = (408, 503)

Ask = Callable[[Asking, Callable[[Reply], None]], None]


class Probing:
    """Asks every host of every trunk with ``probe_seconds``, as often as that says.

    ``ask``: the endpoint's. ``own_host(route, address)``: how we name ourselves there. ``changed(trunk,
    change)``: a host went out or came back.
    """

    def __init__(
        self,
        trunks: Trunks,
        ask: Ask,
        own_host: Callable[[Route, Address], str],
        changed: Callable[[str, Change], None],
    ) -> None:
        self._trunks, self._ask, self._own_host, self._changed = trunks, ask, own_host, changed
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._stopped = False

    def start(self) -> None:
        """Begin; the first round is at once."""
        for route in self._trunks.routes:
            if route.trunk.probe_seconds:
                self._round(route)

    def stop(self) -> None:
        """Ask no more; answers that are still to come change nothing."""
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()

    def _round(self, route: Route) -> None:
        for host in route.hosts.all:
            self._probe(route, host)
        again = asyncio.get_running_loop().call_later(route.trunk.probe_seconds, self._round, route)
        self._timers[route.trunk.name] = again

    def _probe(self, route: Route, host: Host) -> None:
        loop = asyncio.get_running_loop()
        trunk, failed = route.trunk, False

        def fail(why: str) -> None:
            nonlocal failed
            if not failed and not self._stopped:
                failed = True
                self._tell(route, route.hosts.failed(host.address, loop.time(), why))

        def answered(reply: Reply) -> None:
            silence.cancel()
            if reply.local:
                fail("no answer to OPTIONS" if reply.code == 408 else "it could not be reached")
            elif reply.code in _DEAD:
                fail(f"it answered OPTIONS with {reply.code}")
            elif not self._stopped:
                self._tell(route, route.hosts.answered(host.address, loop.time()))

        patience = min(PATIENCE, trunk.probe_seconds)
        silence = loop.call_later(patience, fail, f"no answer to OPTIONS within {patience:g} s")
        try:
            self._ask(asking_of(route, host, self._own_host(route, host.address)), answered)
        except BadInput as mistake:
            silence.cancel()
            fail(str(mistake))

    def _tell(self, route: Route, change: Change | None) -> None:
        if change is not None:
            self._changed(route.trunk.name, change)


def asking_of(route: Route, host: Host, own_host: str) -> Asking:
    """OPTIONS to a host of a trunk. ``own_host``: how we name ourselves there."""
    transport = "" if host.address.transport == "udp" else f";transport={host.address.transport}"
    return Asking(
        "OPTIONS",
        host.address,
        f"sip:{host.authority}{transport}",
        f"sip:cordboard@{own_host}",
        f"sip:{host.authority}",
        headers=(("Accept", "application/sdp"),),
        listener=route.trunk.listener,
    )
