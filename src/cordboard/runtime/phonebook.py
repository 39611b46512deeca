"""What registered phones need between calls: their flows kept open, their bindings kept over a restart."""

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import structlog

from cordboard.kernel.clock import Clock
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.phones.bindings import Binding
from cordboard.legs.phones.phones import Phones, keep_alive_after
from cordboard.runtime.clock import pause
from cordboard.sip.endpoint.words import Address, Asking, Hop, Reply

_ROUND_SECONDS = 1.0
_SAVE_SECONDS = 5.0
_VERSION = 1
_MOST_BYTES = 16 * 1024 * 1024


class Asker(Protocol):
    """What it needs of the endpoint."""

    def ask(self, asking: Asking, answered: Callable[[Reply], None]) -> None: ...

    def host_for(self, target: Address) -> str: ...


class Phonebook:
    """``file``: where bindings outlive the engine. ``bound``: the endpoint's listeners, in order; a binding
    is only taken back on a listener that is there again. ``aside``: runs what writes beside the loop."""

    def __init__(
        self,
        phones: Phones,
        endpoint: Asker,
        bound: Sequence[Address],
        clock: Clock,
        file: Path,
        aside: Callable[[Callable[[str], None], str], Awaitable[None]] = asyncio.to_thread,
    ) -> None:
        self._phones, self._endpoint, self._clock, self._file = phones, endpoint, clock, file
        self._bound, self._aside = tuple(bound), aside
        self._due: dict[Hop, float] = {}
        self._waiting: set[Hop] = set()  # an OPTIONS is out
        self._save_at: float | None = None
        self._writing = threading.Lock()  # one that was cancelled goes on in its thread
        self._log = structlog.get_logger("phones")

    async def run(self) -> None:
        """Once a second: sweep, keep alive, write what changed. Until it is cancelled."""
        while True:
            await pause(_ROUND_SECONDS)
            now = self._clock.monotonic()
            self._phones.sweep()
            self.keep_alive(now)
            if self._phones.registrar.changed:
                self._phones.registrar.changed = False
                self._save_at = self._save_at or now + _SAVE_SECONDS
            if self._save_at is not None and now >= self._save_at:
                self._save_at = None
                await self._aside(self._write, self.text())

    def keep_alive(self, now: float) -> None:
        """An OPTIONS over each flow that needs one: its answer is what keeps a NAT open, for many only count
        what comes from inside (RFC 4787 §4.3)."""
        flows = {binding.hop: binding for binding in self._phones.registrar.bindings}
        for hop in [hop for hop in self._due if hop not in flows]:
            del self._due[hop]
        for hop, binding in flows.items():
            every = keep_alive_after(binding)
            if every is None:
                continue
            due = self._due.setdefault(hop, now + every)
            if now >= due and hop not in self._waiting:
                self._due[hop] = now + every
                self._ask(hop, binding)

    def close(self) -> None:
        """Write what there is now."""
        self._write(self.text())

    # --- the file -------------------------------------------------------------------------------------------

    def restore(self) -> None:
        """Take back what an earlier run had. A file that cannot be used is left out, with a word in the
        log."""
        try:
            with self._file.open("rb") as file:
                found = [self._binding(one) for one in json.loads(file.read(_MOST_BYTES))["bindings"]]
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._log.error("the phones' bindings cannot be read; they register again", reason=str(error))
            return
        self._phones.restore(one for one in found if one is not None)

    def text(self) -> str:
        """All that a restart does not end, times by the wall."""
        ahead = self._clock.wall() - self._clock.monotonic()
        bindings = [_told(one, ahead, self._bound[one.hop.listener]) for one in self._phones.kept()]
        return json.dumps({"version": _VERSION, "bindings": bindings}, ensure_ascii=False)

    def _write(self, text: str) -> None:
        """Whole or not at all."""
        new = self._file.with_suffix(".new")
        with self._writing:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(self._file)
            except OSError as error:
                self._log.error("the phones' bindings cannot be written", reason=str(error))

    def _binding(self, told: dict[str, Any]) -> Binding | None:
        ours, peer = told.pop("listener"), told.pop("peer")
        known = [[at.transport, at.host, at.port] for at in self._bound]
        listener = known.index(ours) if ours in known else None
        if listener is None:
            return None
        behind = self._clock.monotonic() - self._clock.wall()
        told["until"], told["since"] = told["until"] + behind, told["since"] + behind
        told["path"] = tuple(told["path"])
        transport, host, port = peer
        return Binding(hop=Hop(listener, Address(str(transport), str(host), int(port))), **told)

    # --- keeping alive --------------------------------------------------------------------------------------

    def _ask(self, hop: Hop, binding: Binding) -> None:
        own = f"sip:cordboard@{self._endpoint.host_for(hop.peer)}"
        asking = Asking(
            "OPTIONS",
            hop.peer,
            binding.uri,
            own,
            binding.uri,
            contact="-",
            routes=binding.path,
            flow=hop,
        )
        self._waiting.add(hop)
        try:
            self._endpoint.ask(asking, lambda reply: self._waiting.discard(hop))
        except BadInput:
            self._waiting.discard(hop)


def _told(binding: Binding, ahead: float, listener: Address) -> dict[str, Any]:
    peer = binding.hop.peer
    return {
        "user": binding.user,
        "uri": binding.uri,
        "listener": [listener.transport, listener.host, listener.port],
        "peer": [peer.transport, peer.host, peer.port],
        "call_id": binding.call_id,
        "cseq": binding.cseq,
        "until": round(binding.until + ahead, 3),
        "since": round(binding.since + ahead, 3),
        "q": binding.q,
        "instance": binding.instance,
        "reg_id": binding.reg_id,
        "path": list(binding.path),
        "natted": binding.natted,
    }
