"""Words of a call as JSON, and back: for the journal, the store and the console.

A value is a list: its class's name, then its fields in order. Fields are only ever added at the end and
with a default, so a shorter list from an older version still reads; ``VERSION`` changes with anything else.
Bytes are written as text where they are UTF-8, else as ``{"base64": …}``.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from operator import attrgetter
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from cordboard.call import scene, words
from cordboard.kernel.mistakes import BadInput

VERSION = 1

Encoder = Callable[[Any], Any]
Decoder = Callable[[Any], Any]


class Codec:
    """Reads and writes frozen dataclasses. Types named in fields must be given too, or be plain ones."""

    def __init__(self, types: Iterable[type]) -> None:
        self._types = {kind.__name__: kind for kind in types}
        self._encoders: dict[type, Encoder] = {kind: self._encoder_of(kind) for kind in self._types.values()}
        self._decoders: dict[str, tuple[int, int, list[Decoder]]] = {
            name: self._decoders_of(kind) for name, kind in self._types.items()
        }

    def also(self, *types: type) -> "Codec":
        """A codec that knows these types too, with all they name."""
        return Codec([*self._types.values(), *types])

    def encode(self, value: Any) -> list[Any]:
        """A dataclass as lists, strings, numbers, booleans and None."""
        encoded: list[Any] = self._encoders[type(value)](value)
        return encoded

    def decode(self, raw: Any) -> Any:
        """The value that ``encode`` was given. Raises ``BadInput`` for what it never wrote."""
        if not isinstance(raw, list) or not raw or raw[0] not in self._types:
            raise BadInput(
                "journal", f"{str(raw)[:60]!r} is no word of a call", f"known in version {VERSION}"
            )
        name, *values = raw
        least, most, decoders = self._decoders[name]
        if not least <= len(values) <= most:
            raise BadInput(
                "journal", f"{name} has {len(values)} fields", f"{least} to {most} in version {VERSION}"
            )
        try:
            return self._types[name](*[read(value) for read, value in zip(decoders, values, strict=False)])
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise BadInput(
                "journal", f"{name} cannot be read ({error})", f"as of version {VERSION}"
            ) from error

    def dumps(self, value: Any) -> str:
        """``encode`` as one line of JSON."""
        return _json(self.encode(value))

    def loads(self, line: str | bytes) -> Any:
        """``decode`` of one line of JSON."""
        try:
            raw = json.loads(line)
        except ValueError as error:
            raise BadInput("journal", f"a line is no JSON ({error})", "one JSON list") from error
        return self.decode(raw)

    # --- made once per type ----------------------------------------------------------------------------

    def _encoder_of(self, kind: type) -> Encoder:
        name = kind.__name__
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        special = [
            (at, self._encoder(hints[field])) for at, field in enumerate(names, 1) if not _plain(hints[field])
        ]
        if not names:
            return lambda value: [name]
        if len(names) == 1:
            only = attrgetter(names[0])
            write = special[0][1] if special else _same
            return lambda value: [name, write(only(value))]
        getter = attrgetter(*names)
        if not special:
            return lambda value: [name, *getter(value)]

        def encode(value: Any) -> list[Any]:
            encoded = [name, *getter(value)]
            for at, write in special:
                encoded[at] = write(encoded[at])
            return encoded

        return encode

    def _encoder(self, hint: Any) -> Encoder:
        origin, arguments = get_origin(hint), get_args(hint)
        if _plain(hint):
            return _same
        if hint is bytes:
            return _encode_bytes
        if isinstance(hint, type) and issubclass(hint, Enum):
            return lambda value: value.value
        if origin in (tuple, frozenset):
            inner = [self._encoder(argument) for argument in arguments if argument is not Ellipsis]
            if len(inner) == 1:
                one = inner[0]
                return lambda value: [one(item) for item in value]
            return lambda value: [write(item) for write, item in zip(inner, value, strict=True)]
        if origin in (Union, UnionType) and (whole := _only_other(arguments)):
            write = self._encoder(whole)
            return lambda value: None if value is None else write(value)
        # a dataclass, or one of several: told apart by the value's own type, at the moment of writing
        return lambda value: None if value is None else self._encoders[type(value)](value)

    def _decoders_of(self, kind: type) -> tuple[int, int, list[Decoder]]:
        hints = get_type_hints(kind)
        every = fields(kind)
        least = sum(field.default is MISSING and field.default_factory is MISSING for field in every)
        return least, len(every), [self._decoder(hints[field.name]) for field in every]

    def _decoder(self, hint: Any) -> Decoder:
        origin, arguments = get_origin(hint), get_args(hint)
        if hint is float:
            return float
        if _plain(hint):
            return _checked(hint) if hint in (int, str, bool) else _same
        if hint is bytes:
            return _decode_bytes
        if isinstance(hint, type) and issubclass(hint, Enum):
            return hint
        if origin in (tuple, frozenset):
            inner = [self._decoder(argument) for argument in arguments if argument is not Ellipsis]
            if len(inner) == 1 and (origin is frozenset or Ellipsis in arguments):
                one, make = inner[0], origin
                return lambda raw: make([one(item) for item in raw])
            return lambda raw: tuple(read(item) for read, item in zip(inner, raw, strict=True))
        if origin in (Union, UnionType) and (whole := _only_other(arguments)):
            read = self._decoder(whole)
            return lambda raw: None if raw is None else read(raw)
        return self.decode


def _plain(hint: Any) -> bool:
    """JSON has it as it is: a number, text, a truth value, or one of these or None."""
    if get_origin(hint) in (Union, UnionType):
        return all(_plain(argument) for argument in get_args(hint))
    return hint in (int, float, str, bool, type(None))


def _only_other(arguments: tuple[Any, ...]) -> Any:
    """``X`` of ``X | None``; None for a choice between several."""
    others = [argument for argument in arguments if argument is not type(None)]
    return others[0] if len(others) == 1 and len(arguments) == 2 else None


def _same(value: Any) -> Any:
    return value


def _checked(kind: type) -> Decoder:
    def read(raw: Any) -> Any:
        if type(raw) is not kind:
            raise TypeError(f"{raw!r} is not {kind.__name__}")
        return raw

    return read


def _encode_bytes(value: bytes) -> Any:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode("ascii")}


def _decode_bytes(raw: Any) -> bytes:
    return raw.encode() if isinstance(raw, str) else b64decode(raw["base64"], validate=True)


_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _dataclasses_in(module: Any) -> list[type]:
    return [kind for kind in vars(module).values() if isinstance(kind, type) and is_dataclass(kind)]


WORDS = Codec([*_dataclasses_in(words), *_dataclasses_in(scene)])
"""Events, commands and scenes. What stands above this room (facts, a flow's state) is added by ``also``."""

encode, decode, dumps, loads = WORDS.encode, WORDS.decode, WORDS.dumps, WORDS.loads
