"""What the flow builder stores for a Transfer applet."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordboard.flow import schema
from cordboard.flow.reading import check_keys, flow_id

SCHEMA = schema.settings(
    ("flow",), flow=schema.about(schema.FLOW_ID, "Where the call goes on.", format="flow")
)


@dataclass(frozen=True, slots=True)
class Settings:
    """``flow``: the id of the flow that the call goes on in."""

    flow: int


def read_settings(raw: Mapping[str, object], where: str) -> Settings:
    """Raises ``BadInput`` unless the id of a flow is set."""
    check_keys(raw, ("flow",), where)
    return Settings(flow_id(raw, "flow", where))
