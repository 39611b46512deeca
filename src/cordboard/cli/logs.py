"""Where log lines go: stderr, coloured on a terminal, JSON in a pipe."""

import logging
import sys

import structlog

_LONGEST = 512


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
    """No field is longer than it need be, and none moves a cursor or turns the text's direction."""
    for key, value in event.items():
        if isinstance(value, str) and key != "exception":
            event[key] = "".join(
                c if c.isprintable() and c not in "\u202e\u202d\u2066\u2067" else "?"
                for c in value[:_LONGEST]
            )
    return event
