"""One flow, as file and API tell it: the one checker of it, and what of it a call needs, frozen."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cordboard.contract.plan import Problem
from cordboard.flow import schema
from cordboard.flow.applet import AppletKind
from cordboard.flow.circles import circles
from cordboard.flow.reading import check_keys, choice, flow_id, nearest, required, text
from cordboard.flow.shape import AT_ONCE, LATE, AppletSpec, Flow
from cordboard.kernel.mistakes import BadInput

__all__ = [
    "AT_ONCE",
    "LATE",
    "AppletSpec",
    "Checked",
    "Flow",
    "House",
    "check",
    "first_error",
    "place",
    "read_flow",
]

_KEYS = ("version", "id", "name", "start", "answer", "applets")


@dataclass(frozen=True, slots=True)
class Checked:
    """``flow``: None where there is none that could be played; ``good``: there is no error at all."""

    flow: Flow | None
    problems: tuple[Problem, ...]

    @property
    def good(self) -> bool:
        """It may be published."""
        return all(problem.severity != "error" for problem in self.problems)


def _everything(url: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class House:
    """What a flow is checked against. ``flows``: the others, None where they are not known yet.
    ``objection``: why egress would refuse a URL, empty where it would not."""

    kinds: Mapping[str, AppletKind]
    flows: Mapping[int, Flow] | None = None
    objection: Callable[[str], str] = _everything


def read_flow(
    raw: Mapping[str, object], kinds: Mapping[str, AppletKind], where: str = "flow"
) -> tuple[Flow, tuple[str, ...]]:
    """A flow by itself, and what is wrong with it, one sentence each. Raises ``BadInput`` where it cannot be
    played at all."""
    checked = check(raw, House(kinds))
    if checked.flow is None:
        raise first_error(checked, where)
    return checked.flow, tuple(f"{place(where, told)}: {told.message}" for told in checked.problems)


def first_error(checked: Checked, where: str) -> BadInput:
    """What is refused, in one sentence."""
    error = next(problem for problem in checked.problems if problem.severity == "error")
    return BadInput(place(where, error), error.message, error.correction)


def place(where: str, problem: Problem) -> str:
    """A problem's place within the file."""
    return f"{where}.{problem.where}" if problem.where else where


def check(raw: object, house: House) -> Checked:
    """Everything that is wrong with a flow's document. Never raises.

    Errors, with which it may not run: unknown keys, types, targets and flows, wrong values, circles in which
    a call would spin. Warnings, which hardly were meant: an exit that is unset, an applet that nothing leads
    to, circles in which the caller is asked nothing, URLs that egress refuses.
    """
    found: list[Problem] = []
    if not isinstance(raw, Mapping):
        return Checked(None, (_error("", "flow.not_object", "this is no flow", "a table is allowed"),))
    if objection := _unwritable(raw):
        return Checked(None, (_error("", "flow.text", objection),))
    head = _head(raw, found)
    specs = _applets(raw, house, found)
    if head is None or any(problem.severity == "error" for problem in found):
        return Checked(None, tuple(found))
    names = [spec.name for spec in specs]
    for spec in specs:
        for exit, target in spec.exits:
            if target is not None and target not in names:
                found.append(_no_applet(_place_of(raw, spec.name, exit), target, names))
        for id in spec.transfers:
            if house.flows is not None and id not in house.flows and id != head[0]:
                known = ", ".join(map(str, sorted(house.flows))) or "none"
                told = f"there is no flow {id}"
                found.append(_error(f"applets.{spec.name}", "flow.unknown_flow", told, f"known: {known}"))
    if head[2] not in names:
        found.append(_no_applet("start", head[2], names))
    if any(problem.severity == "error" for problem in found):
        return Checked(None, tuple(found))
    flow = Flow(*head, applets=specs)
    found += _warnings(flow, house)
    found += circles(flow, house.flows or {})
    return Checked(flow, tuple(found))


def _error(where: str, code: str, message: str, allowed: str = "") -> Problem:
    return Problem(where, code, "error", message, "flow", allowed)


def _warning(where: str, code: str, message: str) -> Problem:
    return Problem(where, code, "warning", message, "flow")


def _place_of(raw: Mapping[str, Any], name: str, exit: str) -> str:
    """Where an exit stands: in its applet's table, or in a table of exits there (``keys``, ``cases``)."""
    for key, value in raw["applets"][name].items():
        if isinstance(value, Mapping) and value.get(exit) is not None:
            return f"applets.{name}.{key}.{exit}"
    return f"applets.{name}.{exit}"


def _no_applet(where: str, target: str, names: list[str]) -> Problem:
    told = f"the flow has no applet {target!r}{nearest(target, names)}"
    return _error(where, "flow.unknown_applet", told, f"known: {', '.join(names)}")


def _unwritable(value: object, depth: int = 0) -> str:
    """Why a document cannot be kept: too deep, or a text that no database takes."""
    if depth > schema.DEPTH_MAX:
        return f"it is more than {schema.DEPTH_MAX} levels deep"
    if isinstance(value, str):
        strange = "\0" in value or any("\ud800" <= each <= "\udfff" for each in value)
        return "a text holds NUL or half a character (a lone surrogate)" if strange else ""
    if isinstance(value, Mapping):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        return next((told for each in value if (told := _unwritable(each, depth + 1))), "")
    if value is None or isinstance(value, int | float):
        return "" if value is None or value - value == 0 else "a number is infinite or none"
    return f"{value!r} is no text, number, list or table: write it in quotes"


Head = tuple[int, str, str, str]


def _head(raw: Mapping[str, object], found: list[Problem]) -> Head | None:
    """Id, name, start and answer."""
    told: list[Any] = []
    readers: tuple[Callable[[], Any], ...] = (
        lambda: check_keys(raw, _KEYS, ""),
        lambda: _version(raw),
        lambda: flow_id(raw, "id", ""),
        lambda: _name(text(raw, "name", "", default=""), ".name"),
        lambda: text(raw, "start", ""),
        lambda: choice(raw, "answer", (AT_ONCE, LATE), "", AT_ONCE),
    )
    for read in readers:
        try:
            told.append(read())
        except BadInput as mistake:
            found.append(_mistaken(mistake))
    return None if len(told) < len(readers) else (told[2], told[3], told[4], told[5])


def _mistaken(mistake: BadInput) -> Problem:
    return _error(mistake.where.removeprefix("."), "flow.setting", mistake.what, mistake.allowed)


def _version(raw: Mapping[str, object]) -> None:
    version = raw.get("version", schema.FORMAT_VERSION)
    if version != schema.FORMAT_VERSION or isinstance(version, bool):
        told = f"the format {version!r} of flows is not known here"
        raise BadInput(".version", told, f"{schema.FORMAT_VERSION} is allowed")


def _name(name: str, where: str) -> str:
    if len(name) > schema.NAME_MAX or not name.isprintable():
        allowed = f"at most {schema.NAME_MAX} characters, none of them a control character"
        raise BadInput(where, f"{name[:20]!r}… cannot be a name", allowed)
    return name


def _applets(raw: Mapping[str, object], house: House, found: list[Problem]) -> tuple[AppletSpec, ...]:
    try:
        tables = required(raw, "applets", "")
    except BadInput as mistake:
        found.append(_mistaken(mistake))
        return ()
    if not isinstance(tables, Mapping) or not tables:
        found.append(_error("applets", "flow.setting", "there is no applet", "at least one table is needed"))
        return ()
    if len(tables) > schema.APPLETS_MAX:
        allowed = f"at most {schema.APPLETS_MAX} are allowed"
        found.append(_error("applets", "flow.too_many", f"there are {len(tables)} applets", allowed))
        return ()
    read = (_applet(str(name), table, house, found) for name, table in tables.items())
    return tuple(spec for spec in read if spec is not None)


def _applet(name: str, table: object, house: House, found: list[Problem]) -> AppletSpec | None:
    where = f"applets.{name}"
    try:
        _name(name, where)
        if not isinstance(table, Mapping):
            raise BadInput(where, "this is no table", "an applet is a table with a `type`")
        type = text(table, "type", where)
        if type not in house.kinds:
            told = f"there is no applet type {type!r}{nearest(type, house.kinds)}"
            raise BadInput(f"{where}.type", told, f"known: {', '.join(sorted(house.kinds))}")
    except BadInput as mistake:
        found.append(_mistaken(mistake))
        return None
    kind, given = house.kinds[type], {str(key): value for key, value in table.items() if key != "type"}
    settings = _settings(kind, given, where, found)
    if settings is None:
        return None
    for path, url in (
        each for format in ("uri", "audio") for each in schema.values_of(format, kind.schema, given)
    ):
        if "://" in url and (objection := house.objection(url)):
            found.append(_warning(f"{where}.{path}", "flow.url_refused", f"this is never asked: {objection}"))
    flows = tuple(id for _, id in schema.values_of("flow", kind.schema, given))
    return AppletSpec(name, type, settings, tuple(kind.exits(settings).items()), flows, kind.pace)


def _settings(kind: AppletKind, given: dict[str, object], where: str, found: list[Problem]) -> Any:
    """The settings; None where there is an error. A wrong value is taken out and the rest is read, so that
    every error is told; what is then missing only because of that is not."""
    left, wrong = dict(given), False
    while True:
        try:
            settings = kind.settings(left, where)
            return None if wrong else settings
        except BadInput as mistake:
            path = mistake.where.removeprefix(where).lstrip(".")
            key = next((key for key in left if path == key or path.startswith((f"{key}.", f"{key}["))), None)
            if key is None and path == "":  # an unknown key is told at its table's place
                key = next((key for key in left if f"unknown key `{key}`" in mistake.what), None)
            if not wrong or key is not None:
                found.append(_mistaken(mistake))
            if key is None:
                return None
            wrong = True
            del left[key]


def _warnings(flow: Flow, house: House) -> Iterator[Problem]:
    for spec in flow.applets:
        for exit, target in spec.exits:
            stand_in = house.kinds[spec.type].instead.get(exit)
            if target is None and (stand_in is None or spec.target(stand_in) is None):
                told = f"the exit `{exit}` is unset, the call is hung up there"
                yield _warning(f"applets.{spec.name}", "flow.unset_exit", told)
    reached = _reached(flow)
    for spec in flow.applets:
        if spec.name not in reached:
            yield _warning(f"applets.{spec.name}", "flow.unreachable", "no exit leads to this applet")


def _reached(flow: Flow) -> set[str]:
    seen: set[str] = set()
    left = [flow.start]
    while left:
        name = left.pop()
        if name not in seen:
            seen.add(name)
            left.extend(target for _, target in flow.applet(name).exits if target)
    return seen
