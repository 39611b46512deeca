"""Makes Python keep what it knows of a thread that is not its own.

The library's worker asks for a Python thread state before each packet and gives it back after it. The last
one to give it back destroys it: a map and an unmap of memory, and more, for each packet (seen by counting
system calls). One more asking that is never given back keeps it alive as long as the thread.
"""

import ctypes
import socket
import threading
from typing import Any

_SECONDS = 2.0


def keep_this_thread() -> None:
    """To be called in the thread itself, once."""
    ctypes.pythonapi.PyGILState_Ensure()


def keep_worker_of(server: Any, host: str) -> None:
    """Send the library's worker one packet, in whose callback it is kept."""
    kept = threading.Event()

    def first(_packet: bytes, _source: tuple[str, int], _now: int) -> None:
        if not kept.is_set():
            keep_this_thread()
            kept.set()

    family = 6 if ":" in host else 4
    channel = server.create_channel(first, bind_host=host, bind_port=0, queue_size=8, bind_family=family)
    place = channel.local_addr
    with socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM) as knock:
        for _ in range(20):  # a datagram may be lost
            knock.sendto(b"knock", place)
            if kept.wait(_SECONDS / 20):
                break
    channel.close()
