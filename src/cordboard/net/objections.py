"""Why egress would refuse a URL, as far as that can be told without asking for its name. Pure."""

from cordboard.kernel.mistakes import BadInput
from cordboard.net import urls
from cordboard.net.guard import Policy, network


class Objections:
    """``allow``, ``ports``: as in ``[egress]``."""

    def __init__(self, allow: tuple[str, ...], ports: tuple[int, ...]) -> None:
        self._policy = Policy(tuple(network(text) for text in allow), ports)

    def __call__(self, url: str) -> str:
        """Empty where nothing is known against it."""
        try:
            read = urls.read(url)
        except BadInput as mistake:
            return mistake.what
        if read.literal:
            return self._policy.judge(read.host, read.port)
        # on networks that are allowed every port is, and a name may lead there
        if not self._policy.allow and read.port not in self._policy.ports:
            return f"port {read.port} may not be called"
        return ""
