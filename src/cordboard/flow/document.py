"""One flow, as the file tells it: read, checked, frozen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cordboard.flow.applet import AppletKind
from cordboard.flow.reading import check_keys, choice, flow_id, nearest, required, text
from cordboard.kernel.mistakes import BadInput

AT_ONCE, LATE = "at_once", "late"


@dataclass(frozen=True, slots=True)
class AppletSpec:
    """One applet of a flow. ``exits``: (exit, applet it leads to or None)."""

    name: str
    type: str
    settings: Any
    exits: tuple[tuple[str, str | None], ...] = ()

    def target(self, exit: str) -> str | None:
        """Where an exit leads; None when it is unset or unknown."""
        return dict(self.exits).get(exit)


@dataclass(frozen=True, slots=True)
class Flow:
    """``answer``: ``at_once`` (the caller's leg is answered when the flow starts) or ``late``."""

    id: int
    name: str
    start: str
    answer: str = AT_ONCE
    applets: tuple[AppletSpec, ...] = ()

    def applet(self, name: str) -> AppletSpec:
        """The applet of that name; ``read_flow`` has seen to it that every target exists."""
        for spec in self.applets:
            if spec.name == name:
                return spec
        raise KeyError(name)


def read_flow(
    raw: Mapping[str, object], kinds: Mapping[str, AppletKind], where: str = "flow"
) -> tuple[Flow, tuple[str, ...]]:
    """Read one ``[[flows]]`` table. Returns the flow and its warnings, one sentence each.

    Raises ``BadInput`` for what cannot run: unknown keys, types and targets. What can run but hardly was
    meant is a warning: an exit that is unset (the call is hung up there), an applet nobody leads to, a
    loop (it ends at the runner's limit of applets per call).
    """
    check_keys(raw, ("id", "name", "start", "answer", "applets"), where)
    id = flow_id(raw, "id", where)
    tables = required(raw, "applets", where)
    if not isinstance(tables, Mapping) or not tables:
        raise BadInput(f"{where}.applets", "there is no applet", "at least one table is needed")
    specs = tuple(
        _applet(str(name), table, kinds, f"{where}.applets.{name}") for name, table in tables.items()
    )
    names = [spec.name for spec in specs]
    for spec in specs:
        for exit, target in spec.exits:
            if target is not None and target not in names:
                raise BadInput(f"{where}.applets.{spec.name}.{exit}", *_no_applet(target, names))
    start = text(raw, "start", where)
    if start not in names:
        raise BadInput(f"{where}.start", *_no_applet(start, names))
    flow = Flow(
        id,
        text(raw, "name", where, default=""),
        start,
        choice(raw, "answer", (AT_ONCE, LATE), where, AT_ONCE),
        specs,
    )
    return flow, tuple(_warnings(flow, kinds, where))


def _applet(name: str, table: object, kinds: Mapping[str, AppletKind], where: str) -> AppletSpec:
    if not isinstance(table, Mapping):
        raise BadInput(where, "this is no table", "an applet is a table with a `type`")
    type = text(table, "type", where)
    if type not in kinds:
        raise BadInput(
            f"{where}.type",
            f"there is no applet type {type!r}{nearest(type, kinds)}",
            f"known: {', '.join(sorted(kinds))}",
        )
    kind = kinds[type]
    settings = kind.settings({key: value for key, value in table.items() if key != "type"}, where)
    return AppletSpec(name, type, settings, tuple(kind.exits(settings).items()))


def _no_applet(target: str, names: list[str]) -> tuple[str, str]:
    return f"the flow has no applet {target!r}{nearest(target, names)}", f"known: {', '.join(names)}"


def _warnings(flow: Flow, kinds: Mapping[str, AppletKind], where: str) -> Iterator[str]:
    for spec in flow.applets:
        for exit, target in spec.exits:
            stand_in = kinds[spec.type].instead.get(exit)
            if target is None and (stand_in is None or spec.target(stand_in) is None):
                yield f"{where}.applets.{spec.name}: the exit `{exit}` is unset, the call is hung up there"
    reached = _reached(flow, flow.start)
    for spec in flow.applets:
        if spec.name not in reached:
            yield f"{where}.applets.{spec.name}: no exit leads to this applet"
        if any(target and spec.name in _reached(flow, target) for _, target in spec.exits):
            yield f"{where}.applets.{spec.name}: this applet leads back to itself, calls may go in circles"


def _reached(flow: Flow, start: str) -> set[str]:
    seen: set[str] = set()
    left = [start]
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left.extend(target for _, target in flow.applet(name).exits if target)
    return seen
