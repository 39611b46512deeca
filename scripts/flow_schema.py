"""Writes docs/flow.schema.json from the code."""

import json
from pathlib import Path

from cordboard.api.flows import flow_schema

PAGE = Path(__file__).resolve().parents[1] / "docs/flow.schema.json"


def page() -> str:
    """The file's text."""
    return json.dumps(flow_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
