"""Our registrations with trunks as the engine runs them: names looked up, news told to log and figures."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from cordboard.config.address import Place
from cordboard.config.settings import Settings, Trunk
from cordboard.kernel.clock import Clock, Tokens
from cordboard.kernel.mistakes import Unavailable
from cordboard.legs.registration import Phase, Status
from cordboard.legs.registrations import Found, Registrations
from cordboard.legs.trunks import Trunks
from cordboard.net.locating import Locator
from cordboard.net.resolver import NotFound
from cordboard.runtime.figures import Figures
from cordboard.runtime.tasks import Tasks
from cordboard.sip.endpoint.words import Address


def registrations_of(
    settings: Settings, trunks: Trunks, locator: Locator, tasks: Tasks, tokens: Tokens, figures: Figures
) -> Registrations:
    """Of every trunk with ``register``; to be started once the endpoint listens."""
    log = structlog.get_logger("registrations")

    def changed(name: str, status: Status) -> None:
        figures.registered(name, status.phase is Phase.REGISTERED)
        if status.why:
            log.warning("a trunk's registration failed", trunk=name, state=status.phase.value, why=status.why)
        else:
            log.info("a trunk's registration changed", trunk=name, state=status.phase.value)

    return Registrations(trunks, tokens, finder(settings, locator, tasks), changed)


def registration_facts(trunk: Trunk, registrations: Registrations, clock: Clock) -> dict[str, Any]:
    """What the API tells of a trunk's registration; nothing for a trunk that does not register."""
    status = registrations.status(trunk.name)
    if status is None:
        return {}
    until = None
    if status.until:
        moment = datetime.fromtimestamp(clock.wall() + status.until - clock.monotonic(), UTC)
        until = moment.isoformat(timespec="seconds").replace("+00:00", "Z")
    registrars = trunk.registrars or (trunk.uri,)
    told = {
        "state": status.phase.value,
        "registrar": registrars[status.registrar],
        "until": until,
        "why": status.why,
    }
    return {"registration": told}


def finder(settings: Settings, locator: Locator, tasks: Tasks) -> Callable[[Place, Found], None]:
    """Where a registrar's or a proxy's URI leads now (RFC 3263); the answer comes later."""
    listeners = [one.address() for one in settings.sip.every_listener()]
    able = tuple(dict.fromkeys(kind for kind, _, _ in listeners))
    six = any(":" in host for _, host, _ in listeners)

    async def look(place: Place, found: Found) -> None:
        target = place.target
        named = target.transport if target.pinned or target.transport == "tls" else None
        port = target.port if place.port_named else None
        try:
            located = await locator.locate(target.host, port, named, able, six)
        except NotFound:
            found((), f"{target.host} has no address")
        except Unavailable as problem:
            found((), str(problem))
        else:
            ordered = sorted(located.endpoints, key=lambda one: one.priority)
            found([Address(one.transport, host, one.port) for one in ordered for host in one.addresses], "")

    def find(place: Place, found: Found) -> None:
        tasks.start(look(place, found))

    return find
