"""Where a 3xx may send us: to its trunk's own hosts and sources, and for numbers that may be dialled
(reliability.md S5, S15). Pure.
"""

from dataclasses import replace

from cordboard.contract.numbers import Number, known_as, normalise
from cordboard.kernel.hosts import bracketed, literal
from cordboard.legs.hosts import Host, Try
from cordboard.legs.numbers import number_in
from cordboard.legs.trunks import Route
from cordboard.sip.endpoint.words import Address
from cordboard.sip.message.uri import parse

_HIGHEST_PORT = 65535
_LOWEST_PORT = 1024  # nothing is sent to a service port because a Contact says so


def followed(
    contact: str, near: Host, route: Route, number: str, country: str, countries: tuple[str, ...]
) -> Try | None:
    """Where this Contact of ``near``'s 3xx leads, None for where it may not. ``number``: the one that was
    dialled, E.164; another one has to pass the policy that every number passes (``country``,
    ``countries``)."""
    try:
        uri = parse(contact)
    except ValueError:
        return None
    transport = str({key.lower(): value for key, value in uri.parameters.items()}.get("transport") or "")
    transport = transport.lower() or near.address.transport
    secure = near.address.transport in ("tls", "wss")
    if uri.scheme != "sip" or (secure and transport != near.address.transport):
        return None  # sips would be a promise of its own; a secure trunk is not left for an open one
    user = number_in(contact)
    bare = user.removeprefix(route.trunk.prefix)
    if not bare or not _may_be_dialled(bare, number, country, countries):
        return None
    host = _own(uri.host.strip("[]"), uri.port, transport, near, route)
    return None if host is None else Try(host, user)


def _may_be_dialled(user: str, number: str, country: str, countries: tuple[str, ...]) -> bool:
    if known_as(user, country) == number:
        return True
    return isinstance(normalise(user, country, countries), Number)


def _own(name: str, port: int | None, transport: str, near: Host, route: Route) -> Host | None:
    """The host of the trunk that is named, by its name in the configuration or by its address."""
    if literal(name) is None:
        named = [host for host in route.hosts.all if host.name.lower() == name.lower()]
        if not named:
            return None
        known = near if near in named else named[0]
        at = replace(known.address, transport=transport, port=port or known.address.port)
        authority = known.authority if port is None else f"{name}:{port}"
    elif route.holds(name):
        at = Address(transport, name, port or (5061 if transport == "tls" else 5060))
        authority = f"{bracketed(name)}:{at.port}"
    else:
        return None
    known_ports = {host.address.port for host in route.hosts.all}
    if not _LOWEST_PORT <= at.port <= _HIGHEST_PORT and at.port not in known_ports:
        return None
    return Host(at, name, authority, near.pinned)
