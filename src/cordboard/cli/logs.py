"""Where log lines go: stderr, coloured on a terminal, JSON in a pipe."""

import logging
import sys

import structlog

_LONGEST = 512
_LONGEST_TRACE = 16_384


def log_to_stderr(level: int = logging.INFO) -> None:
    """Fixed texts with named fields; control characters never reach a terminal (reliability.md S16)."""
    on_terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if on_terminal
        else structlog.processors.JSONRenderer(ensure_ascii=True)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _harmless,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def _harmless(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """No field is longer than it need be, and none moves a cursor, turns the text's direction or begins a
    line. Only a traceback has several lines, and in JSON those are escaped."""
    for key, value in event.items():
        if isinstance(value, int | float | None):
            continue
        if key == "exception":
            lines = str(value)[-_LONGEST_TRACE:].split("\n")
            event[key] = "\n".join(_plain(line) for line in lines)
        else:
            event[key] = _plain(str(value)[:_LONGEST])
    return event


def _plain(text: str) -> str:
    """Printable signs only: control characters, line and paragraph ends, and those that turn the direction
    are none (``str.isprintable``)."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
