"""Reading the configuration file, and saying what is wrong with it in one line."""

import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import ParamSpec

from cordboard.config.read import read, warnings
from cordboard.config.settings import Settings
from cordboard.flow.document import Flow
from cordboard.kernel.mistakes import BadInput, Unavailable
from cordboard.media.sounds.missing import what_is_missing
from cordboard.runtime.kinds import flows_of
from cordboard.runtime.listening import listenings
from cordboard.sip.transport.secure import serving

FAILED, BAD_USAGE = 1, 2

Words = ParamSpec("Words")


def load(
    path: Path, environ: Mapping[str, str] | None = None
) -> tuple[Settings, dict[int, Flow], tuple[str, ...]]:
    """Settings, flows by id, warnings. Raises ``BadInput``: file, key, value, what is allowed."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadInput(str(path), "there is no such file", "`cordboard init` writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(str(path), f"it cannot be read ({error})", "a TOML file in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(
            str(path), f"it is no TOML: {error}", "see the starter that `cordboard init` writes"
        ) from None
    settings = read(tables, os.environ if environ is None else environ, str(path))
    for listening in listenings(settings.sip):
        try:
            serving(listening)
        except BadInput as mistake:
            raise BadInput(f"{path}: {mistake.where}", mistake.what, mistake.allowed) from None
    flows, told = flows_of(settings)
    return settings, flows, (*warnings(settings), *told, *what_is_missing(settings))


def exits(command: Callable[Words, int]) -> Callable[Words, int]:
    """A command that ends with its exit code, or with one line on stderr and the code of what stopped it."""

    @wraps(command)
    def whole(*given: Words.args, **named: Words.kwargs) -> int:
        try:
            return command(*given, **named)
        except BadInput as mistake:
            complain(mistake)
            return BAD_USAGE
        except Unavailable as problem:
            complain(problem)
            return FAILED
        except KeyboardInterrupt:
            complain("broken off")
            return FAILED

    return whole


def complain(problem: object) -> None:
    """One line on stderr."""
    print(f"cordboard: {problem}", file=sys.stderr)
