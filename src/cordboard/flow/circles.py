"""Circles of applets in which a caller is asked nothing, within a flow and through transfers."""

from collections.abc import Iterator, Mapping

from cordboard.contract.plan import Problem
from cordboard.flow.applet import AT_ONCE, BY_CALLER
from cordboard.flow.shape import Flow

Node = tuple[int, str]
Graph = Mapping[Node, list[Node]]


def circles(flow: Flow, others: Mapping[int, Flow]) -> Iterator[Problem]:
    """A circle in which a call spins without waiting for anything is an error; one in which it waits, but
    never for the caller, is a warning: such a call ends only when the caller hangs up, or at the runner's
    limit of applets."""
    flows = {**others, flow.id: flow}
    told: set[Node] = set()
    for paces, severity in (((AT_ONCE,), "error"), (None, "warning")):
        graph = _graph(flow.id, flows, paces)
        for node in [node for node in graph if node[0] == flow.id and node not in told]:
            circle = _circle(graph, node) if node not in told else None
            if circle is not None:
                told.update(circle)
                yield _problem(circle, severity, flow.id)


def _graph(id: int, flows: Mapping[int, Flow], paces: tuple[str, ...] | None) -> Graph:
    """Applets of these paces (None: all that do not wait for the caller), with those that each leads to."""
    graph: dict[Node, list[Node]] = {}
    left, seen = [id], set[int]()
    while left:
        here = left.pop()
        if here in seen or here not in flows:
            continue
        seen.add(here)
        for spec in flows[here].applets:
            left.extend(spec.transfers)
            if spec.pace == BY_CALLER or (paces is not None and spec.pace not in paces):
                continue
            onward = [(here, target) for _, target in spec.exits if target]
            onward += [(other, flows[other].start) for other in spec.transfers if other in flows]
            graph[here, spec.name] = onward
    return graph


def _circle(graph: Graph, start: Node) -> list[Node] | None:
    """The shortest way from an applet back to itself."""
    came: dict[Node, Node] = {}
    row = [start]
    while row:
        following: list[Node] = []
        for node in row:
            for onward in graph[node]:
                if onward == start:
                    way = [node]
                    while way[-1] != start:
                        way.append(came[way[-1]])
                    return way[::-1]
                if onward in graph and onward not in came:
                    came[onward] = node
                    following.append(onward)
        row = following
    return None


def _problem(circle: list[Node], severity: str, id: int) -> Problem:
    names = [name if flow == id else f"{name} (flow {flow})" for flow, name in (*circle, circle[0])]
    way = " → ".join(names)
    if severity == "error":
        message = f"calls would spin in circles: {way}"
    else:
        message = f"calls may go in circles in which the caller is asked nothing: {way}"
    return Problem(f"applets.{circle[0][1]}", "flow.circle", severity, message, "limit.applets")
