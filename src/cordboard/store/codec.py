"""Events and commands as JSON and back, so that a call can be replayed from its journal."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from cordboard.call import scene, words
from cordboard.kernel.mistakes import BadInput


def pack(value: Any) -> Any:
    """A dataclass becomes an object whose `is` names its class; bytes become text, or `{"b64": …}`."""
    kind: type = type(value)
    if kind in _PLAIN:
        return value
    packer = _PACKERS.get(kind)
    if packer is None:
        packer = _PACKERS[kind] = _packer(kind)
    return packer(value)


_PLAIN = frozenset((str, int, float, bool, type(None)))
_PACKERS: dict[type, Callable[[Any], Any]] = {}


def _packer(kind: type) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        return _object_packer(kind.__name__, _names(kind))
    if issubclass(kind, bytes):
        return _pack_bytes
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, tuple | list):
        return lambda value: [pack(item) for item in value]
    if issubclass(kind, dict):
        return lambda value: {str(key): pack(item) for key, item in value.items()}
    raise TypeError(f"{kind.__name__} cannot be written to the journal")


def _object_packer(name: str, names: tuple[str, ...]) -> Callable[[Any], Any]:
    def packed(value: Any) -> dict[str, Any]:
        made = {"is": name}
        for field in names:
            made[field] = item = getattr(value, field)
            if type(item) not in _PLAIN:
                made[field] = pack(item)
        return made

    return packed


def _pack_bytes(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"b64": b64encode(value).decode("ascii")}


def unpack(packed: Any) -> Any:
    """What `pack` was given, for the words of `call`. Fields that are gone are left out, new ones defaulted.

    Raises `BadInput` for what cannot be read (any more).
    """
    kind = _known().get(str(packed.get("is"))) if isinstance(packed, dict) else None
    if kind is None:
        raise BadInput("journal", f"{str(packed)[:80]} is no event or command that is known here")
    readers = _readers(kind)
    try:
        return kind(**{name: read(packed[name]) for name, read in readers.items() if name in packed})
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise BadInput("journal", f"{kind.__name__} cannot be read: {error}") from error


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _known() -> dict[str, type]:
    return {
        name: kind
        for module in (words, scene)
        for name, kind in vars(module).items()
        if isinstance(kind, type) and is_dataclass(kind)
    }


@cache
def _readers(kind: type) -> dict[str, Callable[[Any], Any]]:
    hints = get_type_hints(kind, vars(words) | vars(scene))
    return {name: _reader(hints[name]) for name in _names(kind)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    if hint is bytes:
        return _bytes
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if get_origin(hint) is tuple:
        return _tuple_reader(get_args(hint))
    return _nested


def _tuple_reader(kinds: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        inner = _reader(kinds[0])
        return lambda items: tuple(inner(item) for item in items)
    each = [_reader(kind) for kind in kinds]
    return lambda items: tuple(read(item) for read, item in zip(each, items, strict=True))


def _bytes(packed: Any) -> bytes:
    return b64decode(packed["b64"]) if isinstance(packed, dict) else packed.encode("utf-8")


def _nested(packed: Any) -> Any:
    return unpack(packed) if isinstance(packed, dict) and "is" in packed else packed
