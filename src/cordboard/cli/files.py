"""Reading the configuration file, and saying what is wrong with it in one line."""

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from cordboard.config.read import read, warnings
from cordboard.config.settings import Settings
from cordboard.flow.document import Flow
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.kinds import flows_of
from cordboard.runtime.listening import listenings
from cordboard.sip.transport.secure import serving

FAILED, BAD_USAGE = 1, 2


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
    return settings, flows, (*warnings(settings), *told)


def complain(problem: object) -> None:
    """One line on stderr."""
    print(f"cordboard: {problem}", file=sys.stderr)
