"""Values held in memory up to a limit of bytes; what was held or used longest ago makes room."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Held(Generic[K, V]):
    """``most``: bytes; the newest value stays, however large it is. ``size``: what a value takes."""

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self._most, self._size_of = most, size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._size = 0

    def __iter__(self) -> Iterator[K]:
        """Keys, the next to make room first."""
        return iter(self._values)

    def get(self, key: K) -> V | None:
        """What is held, wherever it stands in the order; for any thread."""
        return self._values.get(key)

    def used(self, key: K) -> V | None:
        """What is held; it is the last to make room from now on."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Hold it, in place of what the key had."""
        if (old := self._values.pop(key, None)) is not None:
            self._size -= self._size_of(old)
        self._values[key] = value
        self._size += self._size_of(value)
        while self._size > self._most and len(self._values) > 1:
            self._size -= self._size_of(self._values.popitem(last=False)[1])
