"""Ends the process at a named point of writing, for drills (reliability.md F2).

`CORDBOARD_FAULT=point:n` in the environment ends it, as a kill would, when the point is reached for the n-th
time. Whoever may set the environment of a process may end it anyway; without it nothing of this runs.
"""

import os
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from cordboard.customer.got import Got
from cordboard.runtime.outbox import Sends

VARIABLE = "CORDBOARD_FAULT"
STATUS = 9
_KIND = re.compile(rb'\{"k":"(\w+)"(?:,"table":"(\w+)")?')


def _none(point: str) -> None:
    """Nothing is to happen."""


def faults(environ: Mapping[str, str] = os.environ) -> Callable[[str], None]:
    """What doors call at their points; any thread may."""
    point, _, number = environ.get(VARIABLE, "").partition(":")
    return _End(point, int(number or 1)) if point else _none


def around(append: Callable[[bytes], Any], fault: Callable[[str], None]) -> Callable[[bytes], Any]:
    """``append`` with a point before and after it, named by what is written: ``begin``, ``step``, a table."""
    if fault is _none:
        return append

    def appended(line: bytes) -> Any:
        found = _KIND.match(line)
        kind = (found[2] or found[1]).decode() if found is not None else "line"
        fault(f"{kind}-before")
        done = append(line)
        fault(f"{kind}-after")
        return done

    return appended


def sending(sends: Sends, fault: Callable[[str], None]) -> Sends:
    """The customer's door, with a point before and after each event."""
    return sends if fault is _none else _Sending(sends, fault)


class _Sending:
    def __init__(self, sends: Sends, fault: Callable[[str], None]) -> None:
        self._sends, self._fault = sends, fault
        self.event_wait = sends.event_wait

    async def send_event(
        self, url: str, message_id: str, *, method: str, content_type: str, body: str
    ) -> Got:
        """As the door's own."""
        self._fault("send-before")
        sent = self._sends.send_event(url, message_id, method=method, content_type=content_type, body=body)
        got = await sent
        self._fault("send-after")
        return got


class _End:
    def __init__(self, point: str, number: int) -> None:
        self._point, self._left = point, number
        self._lock = threading.Lock()

    def __call__(self, point: str) -> None:
        if point == self._point:
            with self._lock:
                self._left -= 1
                if self._left <= 0:
                    os._exit(STATUS)
