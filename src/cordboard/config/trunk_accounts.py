"""Keys of a trunk's account that depend on one another: who we are to it, and where we register."""

from cordboard.config.settings import Settings, Trunk
from cordboard.kernel.mistakes import BadInput


def check_accounts(settings: Settings) -> None:
    """Raises ``BadInput`` for the first trunk whose account cannot work."""
    for place, trunk in enumerate(settings.trunks):
        found = _problem(trunk)
        if found is not None:
            key, problem, allowed = found
            raise BadInput(f"{settings.source}: trunks[{place}].{key}", problem, allowed)


def _problem(trunk: Trunk) -> tuple[str, str, str] | None:
    """(key, what is wrong, what is allowed), or None."""
    if not trunk.username:
        needed_by = [key for key in ("register", "password", "auth_realm") if getattr(trunk, key)]
        if needed_by:
            return "username", "this key is missing", f"{needed_by[0]} needs it"
    if trunk.registrars and not trunk.register:
        return "registrars", "register is false", "with register = true they are asked in this order"
    if trunk.simulated and trunk.register:
        return "register", "the simulator takes no registrations", "allowed is false"
    if trunk.simulated and trunk.outbound_proxy:
        return "outbound_proxy", "the simulator is not reached by a proxy", 'allowed is ""'
    if trunk.outbound_proxy and trunk.hosts:
        return "hosts", "every call goes by the outbound_proxy", "allowed is none beside it"
    return None
