"""The HEP collector, found by its name and given to who sends it copies of messages."""

import ipaddress

import structlog

from cordboard.kernel.mistakes import Unavailable
from cordboard.net.resolver import NotFound, Resolver
from cordboard.runtime.clock import pause
from cordboard.runtime.watching import Watch
from cordboard.sip.transport.collector import Collector

_AGAIN_SECONDS = 60.0
_log = structlog.get_logger("hep")


async def collect(watch: Watch, resolver: Resolver, host: str, port: int) -> None:
    """Send it a copy of every message from the moment it is found. Calls do not wait for it."""
    while True:
        try:
            address = host if _is_ip(host) else (await resolver.addresses(host))[0]
        except (NotFound, Unavailable) as error:
            _log.error("the HEP collector was not found", host=host, reason=str(error))
            await pause(_AGAIN_SECONDS)
        else:
            watch.export(Collector(address, port))
            return


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
