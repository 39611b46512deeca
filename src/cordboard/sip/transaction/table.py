"""Every transaction that is alive, found by key; bounded, so that a flood cannot fill memory."""

from cordboard.sip.message.address import Hop
from cordboard.sip.transaction.client import Client, client_key
from cordboard.sip.transaction.machine import Machine
from cordboard.sip.transaction.server import Server


class Table:
    """``most`` bounds each side. ``repeats`` finds the transaction of a datagram that came before, byte for
    byte, without reading it: most retransmissions are that."""

    def __init__(self, most: int = 100_000) -> None:
        self.most = most
        self._clients: dict[str, Client] = {}
        self._servers: dict[str, Server] = {}
        self._repeats: dict[int, Server] = {}
        self._prints: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    @property
    def full(self) -> bool:
        """Whether no server transaction can be added."""
        return len(self._servers) >= self.most

    def repeat(self, fingerprint: int) -> Server | None:
        """The transaction of these very bytes from this very source. ``fingerprint`` is their ``hash``, which
        Python keys at random in each process: it cannot be made to collide from outside."""
        return self._repeats.get(fingerprint)

    def server(self, key: str) -> Server | None:
        return self._servers.get(key)

    def client(self, branch: str, method: str) -> Client | None:
        return self._clients.get(client_key(branch, method))

    def clients_to(self, hop: Hop) -> list[Client]:
        """Those whose requests went this way."""
        return [client for client in self._clients.values() if client.hop == hop]

    def add_server(self, server: Server, fingerprint: int) -> None:
        self._servers[server.key] = server
        self._repeats[fingerprint] = server
        self._prints[server.key] = fingerprint

    def add_client(self, client: Client) -> None:
        self._clients[client.key] = client

    def remove(self, machine: Machine) -> None:
        """Take out one that is over. Naming one that is not there is no error."""
        if isinstance(machine, Client):
            self._clients.pop(machine.key, None)
        elif self._servers.get(machine.key) is machine:
            del self._servers[machine.key]
            self._repeats.pop(self._prints.pop(machine.key), None)

    def clear(self) -> None:
        self._clients.clear()
        self._servers.clear()
        self._repeats.clear()
        self._prints.clear()
