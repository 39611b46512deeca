"""Whatever comes is one line of the log, short and harmless to a terminal (reliability.md S16)."""

import contextlib
import io
import json
from collections.abc import Callable

import pytest
import structlog

from cordboard.cli.logs import log_to_stderr

HOSTILE = (
    "\x1b[2J\x1b]0;title\x07",
    '\n{"level":"info","event":"ok"}',
    "a\r\nb\x0bc\x0cd\x85e\u2028f\u2029g",
    "\u202egnp.exe\u2066\u2069\u200f\u061c\ufeff",
    "\0\x7f\x9b1m",
    "\ud800",
    "x" * 64_000,
    ["\x1b[2J", "y" * 64_000],
    {"a": b"\n" * 2000},
    b"\x1b" * 2000,
    ("\u202e",),
)


class Screen(io.StringIO):
    """Stands in for stderr. ``terminal``: whether somebody looks at it."""

    terminal = False

    def isatty(self) -> bool:
        return self.terminal


def lines_of(say: Callable[[], object], *, terminal: bool = False) -> list[str]:
    """What is written while ``say`` runs."""
    screen = Screen()
    screen.terminal = terminal
    with contextlib.redirect_stderr(screen):
        log_to_stderr()
        say()
    return screen.getvalue().splitlines()


def turned_away(value: object) -> Callable[[], object]:
    return lambda: structlog.get_logger().warning("a call was turned away", reason=value, code=404)


@pytest.mark.parametrize("value", HOSTILE)
def test_s16_a_hostile_field_is_one_parseable_line(value: object) -> None:
    (line,) = lines_of(turned_away(value))
    found = json.loads(line)
    assert found["event"] == "a call was turned away" and found["level"] == "warning" and found["code"] == 404
    assert len(found["reason"]) <= 512 and found["reason"].isprintable()
    assert line.isascii() and line.isprintable()


@pytest.mark.parametrize("value", HOSTILE)
def test_s16_nor_does_a_terminal_obey_it(value: object) -> None:
    (line,) = lines_of(turned_away(value), terminal=True)
    plain = line
    for style in range(100):
        plain = plain.replace(f"\x1b[{style}m", "")  # the renderer's own colours
    assert plain.isprintable() and len(plain) < 1600  # a quote doubles every backslash


def test_s16_nor_does_an_exception_break_the_line() -> None:
    def stumble() -> None:
        try:
            raise ValueError("\x1b[2J\n" + "z" * 100_000 + "\u202e")
        except ValueError:
            structlog.get_logger().exception("a SIP message could not be handled")

    (line,) = lines_of(stumble)
    found = json.loads(line)
    assert "\x1b" not in found["exception"] and "\u202e" not in found["exception"]
    assert len(line) < 20_000
