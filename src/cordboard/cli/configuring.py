"""``cordboard init`` and ``cordboard config``."""

import json
from pathlib import Path

from cordboard.cli.files import BAD_USAGE, FAILED, complain, load
from cordboard.config.show import as_json, as_text
from cordboard.config.starter import text
from cordboard.kernel.mistakes import BadInput
from cordboard.runtime.clock import SystemTokens


def init(folder: Path) -> int:
    """Write the starter; an existing file is left as it is."""
    path, tokens = folder / "cordboard.toml", SystemTokens()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text(tokens.hex(8), tokens.hex(16)))
    except FileExistsError:
        complain(f"{path}: it exists already and was left as it is")
        return FAILED
    except OSError as error:
        complain(f"{path}: it cannot be written ({error.strerror})")
        return FAILED
    print(
        f"wrote {path}\nnext: cordboard serve -c {path}\n"
        f"then: cordboard ring +918047115777 --from +919876500001 -c {path}"
    )
    return 0


def show(path: Path, wants_json: bool) -> int:
    """Check and print."""
    try:
        settings, flows, warnings = load(path)
    except BadInput as mistake:
        complain(mistake)
        return BAD_USAGE
    if wants_json:
        print(
            json.dumps(
                {"settings": as_json(settings), "flows": sorted(flows), "warnings": list(warnings)}, indent=2
            )
        )
        return 0
    print(as_text(settings))
    for warning in warnings:
        complain(f"warning: {warning}")
    return 0
