"""A trunk as it is now, in the words of the API."""

from collections.abc import Sequence
from typing import Any

from cordboard.legs.trunks import Route


def trunk_facts(route: Route, exophones: Sequence[str], now: float) -> dict[str, Any]:
    """``now``: the loop's clock. Secrets are not among it."""
    trunk = route.trunk
    facts: dict[str, Any] = {
        "name": trunk.name,
        "uri": trunk.uri,
        "state": _state(route, now),
        "can_dial": route.can_dial(now),
        "live_calls": route.live,
        "max_calls": trunk.max_calls,
        "calls_per_second": trunk.calls_per_second,
        "exophones": list(exophones),
        "hosts": [
            {
                "address": str(state.host),
                "name": state.host.name,
                "in_use": state.alive,
                "answers": state.since is None,
                "out_for_seconds": None if state.since is None else round(max(0.0, now - state.since), 1),
                "why": state.why,
            }
            for state in route.hosts.states(now)
        ],
    }
    if trunk.register:
        facts["registered"] = route.registered
    return facts


def _state(route: Route, now: float) -> str:
    """``up``, or the first reason why no call should leave by it."""
    if not route.registered:
        return "unregistered"
    if route.hosts.down(now):
        return "down"
    return "up" if route.has_room else "full"
