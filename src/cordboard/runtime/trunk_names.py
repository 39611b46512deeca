"""The names of trunks' hosts, looked up in the background for as long as the engine runs (RFC 3263).

What was found stays until something else is found: neither a nameserver that is away nor an empty answer
takes a trunk's hosts from it (reliability.md F9). Live calls are not touched by a change.
"""

import asyncio

import structlog

from cordboard.config.address import Place
from cordboard.config.settings import Settings, Trunk
from cordboard.kernel.mistakes import Unavailable
from cordboard.legs.trunks import Trunks
from cordboard.net.locating import Located, Locator
from cordboard.net.resolver import NotFound
from cordboard.runtime.clock import pause
from cordboard.runtime.tasks import Tasks
from cordboard.sip.endpoint.words import Address

FIRST_SECONDS = 5.0
"""How long the start of the engine waits for the first answers."""
AGAIN_SECONDS = 10.0
"""After a look-up that failed or was not whole."""
_ORDER = ("udp", "tcp", "tls")


class TrunkNames:
    """Keeps the ``hosts`` of every trunk that names them by a name."""

    def __init__(self, settings: Settings, trunks: Trunks, locator: Locator, tasks: Tasks) -> None:
        self._trunks, self._locator, self._tasks = trunks, locator, tasks
        listeners = settings.sip.every_listener()
        self._kinds = {one.name: one.address()[0] for one in listeners if one.name}
        spoken = {one.address()[0] for one in listeners}
        self._spoken = tuple(kind for kind in _ORDER if kind in spoken)
        self._six = any(":" in one.address()[1] for one in listeners)
        self._log = structlog.get_logger("trunks")
        self._problems: dict[tuple[str, int], str] = {}

    async def start(self) -> None:
        """Look all up for the first time, at most ``FIRST_SECONDS``, and go on in the background."""
        tried = []
        for trunk, number, place in self._trunks.unresolved():
            once = asyncio.Event()
            self._tasks.start(self._keep(trunk, number, place, once))
            tried.append(self._tasks.start(once.wait()))
        if tried:
            _, late = await asyncio.wait(tried, timeout=FIRST_SECONDS)
            for one in late:
                one.cancel()

    def problem(self, trunk: str, number: int) -> str:
        """Why the last look-up of a trunk's URI of this number failed; empty when it did not."""
        return self._problems.get((trunk, number), "")

    async def _keep(self, trunk: Trunk, number: int, place: Place, once: asyncio.Event) -> None:
        known: Located | None = None
        failing = False
        while True:
            try:
                found = await self._look(trunk, place)
            except (NotFound, Unavailable) as problem:
                what = str(problem) if isinstance(problem, Unavailable) else "the name has no address"
                self._problems[trunk.name, number] = what
                if not failing:
                    kept = "the last good ones stay" if known else "there is none yet"
                    self._log.error(
                        "a trunk's hosts could not be looked up",
                        trunk=trunk.name,
                        host=place.target.host,
                        reason=f"{what}; {kept}",
                    )
                failing, seconds = True, AGAIN_SECONDS
            else:
                self._problems.pop((trunk.name, number), None)
                failing, seconds = False, float(found.ttl if found.whole else AGAIN_SECONDS)
                if (found.whole or known is None) and (known is None or found.endpoints != known.endpoints):
                    self._put(trunk, number, found, known is not None)
                    known = found
            once.set()
            await pause(seconds)

    async def _look(self, trunk: Trunk, place: Place) -> Located:
        target = place.target
        fixed = self._kinds.get(trunk.listener) if trunk.listener else None
        able = (fixed,) if fixed else self._spoken
        named = target.transport if target.pinned or target.transport == "tls" else fixed
        port = target.port if place.port_named else None
        return await self._locator.locate(target.host, port, named, able, self._six)

    def _put(self, trunk: Trunk, number: int, found: Located, news: bool) -> None:
        self._trunks.put(
            trunk.name,
            number,
            [
                (one.priority, one.weight, [Address(one.transport, host, one.port) for host in one.addresses])
                for one in found.endpoints
            ],
        )
        if news:
            hosts = [
                f"{one.transport}:{host}:{one.port}" for one in found.endpoints for host in one.addresses
            ]
            self._log.info("a trunk's hosts have changed", trunk=trunk.name, hosts=hosts[:16])
