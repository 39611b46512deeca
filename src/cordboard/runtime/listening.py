"""From the settings' listeners to the stack's."""

from cordboard.config.settings import Sip
from cordboard.sip.endpoint.words import Listening


def listenings(sip: Sip) -> tuple[Listening, ...]:
    """Every listener, those of `listen` first."""
    made = []
    for one in sip.every_listener():
        kind, host, port = one.address()
        secure = kind in ("tls", "wss")
        made.append(
            Listening(
                kind,
                host,
                port,
                one.name,
                one.advertise,
                one.certificate if secure else "",
                one.private_key if secure else "",
                sip.dscp,
            )
        )
    return tuple(made)
