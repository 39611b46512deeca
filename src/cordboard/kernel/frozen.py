"""``replace`` for the frozen values that a call's state is made of.

``dataclasses.replace`` asks every field anew whether it may be changed and calls the constructor by names:
with the thirty fields of a call's facts that is the dearest thing that a decision does. Here a class's copy
is written once, as ``dataclasses`` itself writes a class's ``__init__``.
"""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import replace as replace  # so that types are checked as there
else:

    def replace(value, /, **changes):
        """The same value with these fields changed. Raises ``TypeError`` for a field that it has not."""
        kind = type(value)
        copy = _COPIES.get(kind)
        if copy is None:
            copy = _COPIES[kind] = _copier(kind)
        return copy(value, changes)


_COPIES: dict[type, Callable[[Any, dict[str, Any]], Any]] = {}


def _copier(kind: type) -> Callable[[Any, dict[str, Any]], Any]:
    fields = dataclasses.fields(kind)
    if "__slots__" not in vars(kind) or hasattr(kind, "__post_init__") or not all(one.init for one in fields):
        return lambda value, changes: dataclasses.replace(value, **changes)
    lines = [
        "def copy(value, changes):",
        " made = new(kind)",
        *(f" set(made, {one.name!r}, value.{one.name})" for one in fields),
        " for name, field in changes.items():",
        "  if name not in names:",
        "   raise TypeError(f'{kind.__name__} has no field {name!r}')",
        "  set(made, name, field)",
        " return made",
    ]
    room: dict[str, Any] = {
        "kind": kind,
        "new": object.__new__,
        "set": object.__setattr__,
        "names": frozenset(one.name for one in fields),
    }
    exec("\n".join(lines), room)
    made: Callable[[Any, dict[str, Any]], Any] = room["copy"]
    return made
