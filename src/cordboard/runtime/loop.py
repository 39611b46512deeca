"""Starting the event loop: uvloop where it is present."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on a new loop."""
    # A call makes few cycles: collecting after every 700 objects costs more than it frees.
    gc.set_threshold(50_000, 20, 50)
    with asyncio.Runner(loop_factory=_factory()) as runner:
        return runner.run(work)


def settle() -> None:
    """What is there now stays: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
