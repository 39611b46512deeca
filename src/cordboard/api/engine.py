"""What the API needs of the engine behind it."""

from typing import Any, Protocol

from cordboard.config.settings import Settings
from cordboard.contract.facts import CallFacts
from cordboard.contract.outbound import Order
from cordboard.kernel.clock import Clock
from cordboard.legs.beginning import Hindrance
from cordboard.recordings.shelf import Shelf
from cordboard.runtime.disks import Disks
from cordboard.runtime.flow_desk import FlowDesk
from cordboard.runtime.watching import Watch
from cordboard.store.store import Store


class ApiEngine(Protocol):
    """A running engine as the API sees it. All of it may be asked at any time, and answers at once."""

    @property
    def settings(self) -> Settings: ...

    @property
    def store(self) -> Store:
        """Open for as long as the API is served."""
        ...

    @property
    def clock(self) -> Clock: ...

    @property
    def draining(self) -> bool:
        """No new calls are taken."""
        ...

    @property
    def watch(self) -> Watch:
        """Who looks at SIP messages as they pass."""
        ...

    @property
    def shelf(self) -> Shelf:
        """Where recordings lie."""
        ...

    @property
    def disks(self) -> Disks:
        """The disks that are written to."""
        ...

    def warnings(self) -> tuple[str, ...]:
        """What should be seen to, though calls can be taken, one sentence each."""
        ...

    @property
    def flows(self) -> FlowDesk:
        """The flows, and what may be done with them."""
        ...

    def outbox_changed(self) -> None:
        """Something in the outbox is to be sent: look at it."""
        ...

    def problems(self) -> tuple[str, ...]:
        """Why no call should be sent here now, one sentence each; empty when ready."""
        ...

    def hindrance(self, number: str, exophone: str) -> Hindrance | None:
        """Why a call by API to this number cannot begin now; None: it can."""
        ...

    def order(self, order: Order) -> CallFacts:
        """Begin a call by API. Raises ``Unavailable``."""
        ...

    def flow_ids(self) -> tuple[int, ...]:
        """The flows that a call may be made to."""
        ...

    def live_calls(self) -> int:
        """Calls in progress."""
        ...

    def trunks(self) -> list[dict[str, Any]]:
        """Every trunk as it is now, as ``/api/trunks`` shows it."""
        ...

    def phones(self) -> list[dict[str, Any]]:
        """Every phone: user, number, how many contacts are registered, since when and until when."""
        ...

    def metrics(self) -> bytes:
        """The figures in Prometheus' text form."""
        ...
