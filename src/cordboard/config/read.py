"""From the tables of a file and the environment to settings, or one sentence about the first mistake."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from cordboard.config.checks import NotBuilt
from cordboard.config.keys import SECTIONS, Section
from cordboard.config.profiles import with_profile
from cordboard.config.settings import Settings
from cordboard.config.trunk_accounts import check_accounts
from cordboard.kernel.mistakes import BadInput

PREFIX = "CORDBOARD_"
_SHORT_PASSWORD = 12
Tables = Mapping[str, object]


def parse(data: bytes, source: str) -> dict[str, object]:
    """The tables of a file's bytes. Raises `BadInput`."""
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadInput(source, f"byte {error.start} is not UTF-8", "allowed is TOML in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(source, f"this is not TOML: {error}", "see https://toml.io") from None


def read(tables: Tables, environ: Mapping[str, str], source: str) -> Settings:
    """Settings from a file's tables, with the environment over them. Raises `BadInput`."""
    for name in tables:
        if name not in SECTIONS and name != "flows":
            raise BadInput(source, f"[{name}] is unknown", _nearest(name, [*SECTIONS, "flows"]))
    over = _environment(environ)
    values: dict[str, Any] = {"source": source}
    for name, section in SECTIONS.items():
        if section.many:
            many = _list_of_tables(tables.get(name, []), f"{source}: {name}")
            if name == "trunks":
                many = [dict(with_profile(table)) for table in many]
            values[name] = tuple(
                _table(section, table, {}, f"{source}: {name}[{place}]") for place, table in enumerate(many)
            )
        else:
            table = tables.get(name, {})
            if not isinstance(table, Mapping):
                raise BadInput(f"{source}: {name}", "this is no section", f"write [{name}]")
            values[name] = _table(section, table, over.get(name, {}), f"{source}: {name}")
    values["flows"] = tuple(_list_of_tables(tables.get("flows", []), f"{source}: flows"))
    settings = Settings(**values)
    _cross_check(settings)
    return settings


def warnings(settings: Settings) -> tuple[str, ...]:
    """What may be meant, but is worth a sentence."""
    source, said = settings.source, []
    for phone in settings.exophones:
        if phone.number.startswith("+91") and not phone.circle:
            said.append(
                f"{source}: exophones: {phone.number} has no circle, so the same-circle rule is off for it"
            )
    for trunk in settings.trunks:
        if trunk.profile.startswith("exotel") and not trunk.domain:
            said.append(
                f"{source}: trunks: {trunk.name} has no domain; Exotel answers 403 to a From that is not "
                "ACCOUNTSID.pstn.exotel.com"
            )
        if trunk.profile and not trunk.sources:
            said.append(f"{source}: trunks: {trunk.name} has no sources, so it cannot send us calls")
    for caller in settings.phones:
        if len(caller.password) < _SHORT_PASSWORD:
            said.append(
                f"{source}: phones: the password of {caller.user} has fewer than {_SHORT_PASSWORD} "
                "characters, so it may be guessed from one message that somebody overhears"
            )
    if not settings.exophones:
        said.append(f"{source}: there are no [[exophones]], so no call can be taken")
    return tuple(said)


def _environment(environ: Mapping[str, str]) -> dict[str, dict[str, tuple[str, str]]]:
    """CORDBOARD_SECTION__KEY → section → key → (name of the variable, text)."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for variable, value in sorted(environ.items()):
        name, separator, key = variable.removeprefix(PREFIX).lower().partition("__")
        if not variable.startswith(PREFIX) or not separator:
            continue
        where = f"environment variable {variable}"
        if name == "flows" or (name in SECTIONS and SECTIONS[name].many):
            raise BadInput(where, f"[[{name}]] are set in the file only", "unset it")
        if name not in SECTIONS:
            single = [known for known, section in SECTIONS.items() if not section.many]
            raise BadInput(where, f"section {name!r} is unknown", _nearest(name, single))
        if key in SECTIONS[name].tables:
            raise BadInput(where, f"[[{name}.{key}]] are set in the file only", "unset it")
        if key not in SECTIONS[name].checks:
            raise BadInput(where, f"{name}.{key} is unknown", _nearest(key, SECTIONS[name].checks))
        found.setdefault(name, {})[key] = (variable, value)
    return found


def _table(section: Section, table: Tables, over: Mapping[str, tuple[str, str]], where: str) -> object:
    """One dataclass of settings."""
    for key in table:
        if key not in section.checks:
            _unknown(key, section, where)
    for key in section.needed:
        if key not in table:
            raise BadInput(f"{where}.{key}", "this key is missing", f"needed are {', '.join(section.needed)}")
    values = {
        key: _value(section, key, value, f"{where}.{key}") for key, value in table.items() if key not in over
    }
    defaults = {field.name: field.default for field in fields(section.kind)}
    for key, (variable, text) in over.items():
        where = f"environment variable {variable}"
        values[key] = _value(section, key, _typed(text, defaults[key]), where)
    return section.kind(**values)


def _unknown(key: str, section: Section, where: str) -> None:
    raise BadInput(f"{where}.{key}", "this key is unknown", _nearest(key, section.checks))


def _value(section: Section, key: str, value: object, where: str) -> object:
    if key in section.tables:
        inner, many = section.tables[key], _list_of_tables(value, where)
        return tuple(_table(inner, table, {}, f"{where}[{place}]") for place, table in enumerate(many))
    shown = "this value" if key in section.secret else _shown(value)
    try:
        return section.checks[key](value)
    except NotBuilt as error:
        raise BadInput(where, f"{shown} is not built yet", f"allowed is {error}") from None
    except ValueError as error:
        raise BadInput(where, f"{shown} cannot be used", f"allowed is {error}") from None


def _typed(text: str, default: object) -> object:
    """A variable's text as TOML would have given it; what does not fit is left for the check to refuse."""
    if isinstance(default, bool):
        return {"true": True, "false": False, "1": True, "0": False}.get(text.strip().lower(), text)
    if isinstance(default, int | float | tuple):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _list_of_tables(value: object, where: str) -> list[dict[str, object]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadInput(where, "this is no list of tables", f"write [[{where.rpartition(' ')[2]}]]")
    return value


def _cross_check(settings: Settings) -> None:
    source = settings.source
    _no_twins([trunk.name for trunk in settings.trunks], f"{source}: trunks", "name")
    for place, trunk in enumerate(settings.trunks):
        if trunk.privacy and trunk.identity == "none":
            problem = '"none" leaves nobody to vouch for a caller who is withheld'
            allowed = 'with privacy allowed is "pai" or "ppi"'
            raise BadInput(f"{source}: trunks[{place}].identity", problem, allowed)
    _no_twins([phone.number for phone in settings.exophones], f"{source}: exophones", "number")
    _check_phones(settings)
    flows = [flow.get("id") for flow in settings.flows]
    for place, flow in enumerate(flows):
        if isinstance(flow, bool) or not isinstance(flow, int) or flow < 1:
            where = f"{source}: flows[{place}].id"
            raise BadInput(where, f"{_shown(flow)} cannot be used", "allowed is a whole number from 1")
    _no_twins(flows, f"{source}: flows", "id")
    trunks = [trunk.name for trunk in settings.trunks]
    for place, phone in enumerate(settings.exophones):
        where = f"{source}: exophones[{place}]"
        if phone.trunk not in trunks:
            raise BadInput(f"{where}.trunk", f"there is no trunk {phone.trunk!r}", _known(trunks, "trunks"))
        if phone.flow not in flows:
            raise BadInput(f"{where}.flow", f"there is no flow {phone.flow}", _known(flows, "flows"))
    for place, trunk in enumerate(settings.trunks):
        if trunk.simulated and trunk.hosts:
            raise BadInput(
                f"{source}: trunks[{place}].hosts", "the simulator has no other hosts", "allowed is none"
            )
    check_accounts(settings)
    _check_sections(settings)


def _check_phones(settings: Settings) -> None:
    source = settings.source
    _no_twins([phone.user for phone in settings.phones], f"{source}: phones", "user")
    _no_twins([phone.number for phone in settings.phones], f"{source}: phones", "number")
    exophones = {phone.number for phone in settings.exophones}
    for place, phone in enumerate(settings.phones):
        if phone.number in exophones:
            where = f"{source}: phones[{place}].number"
            raise BadInput(where, f"{phone.number} is an ExoPhone", "a phone has a number of its own")


def _check_sections(settings: Settings) -> None:
    """Keys that depend on one another."""
    source, http, voices = settings.source, settings.http, settings.voices
    _check_listeners(settings)
    if voices.engine == "http" and "{text}" not in voices.url + voices.body:
        key = "url" if not voices.url else "body"
        raise BadInput(f"{source}: voices.{key}", "no text would be sent", "{text} stands where it goes")
    if voices.engine == "http" and not voices.url:
        raise BadInput(f"{source}: voices.url", "this key is missing", "a provider needs it")
    if voices.engine == "piper" and not voices.voice:
        raise BadInput(
            f"{source}: voices.voice", "this key is missing", "piper needs a voice file, name.onnx"
        )
    if bool(http.certificate) != bool(http.private_key):
        missing = "private_key" if http.certificate else "certificate"
        raise BadInput(
            f"{source}: http.{missing}", "this key is missing", "HTTPS needs certificate and private_key"
        )
    given = settings.recordings
    if bool(given.s3_access_key) != bool(given.s3_secret_key):
        missing = "s3_secret_key" if given.s3_access_key else "s3_access_key"
        raise BadInput(f"{source}: recordings.{missing}", "this key is missing", "it needs the other one too")
    if settings.account.api_token == "token" and not _loopback(http.address()[0]):
        problem = "the default token cannot guard an API that others can reach"
        raise BadInput(f"{source}: account.api_token", problem, "set one, or let http.listen be on 127.0.0.1")


def _loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _check_listeners(settings: Settings) -> None:
    """Listeners, and the trunks that name one."""
    source, sip = settings.source, settings.sip
    if not sip.listen:
        raise BadInput(
            f"{source}: sip.listen", "[] cannot be used", 'allowed is at least one "udp:host:port"'
        )
    _no_twins([entry for entry in sip.listen if not entry.endswith(":0")], f"{source}: sip.listen", "entry")
    every = sip.every_listener()
    _no_twins([one.listen for one in every if not one.listen.endswith(":0")], f"{source}: sip", "listener")
    _no_twins([one.name for one in sip.listeners if one.name], f"{source}: sip.listeners", "name")
    for one in every:
        if bool(one.certificate) != bool(one.private_key):
            missing = "private_key" if one.certificate else "certificate"
            raise BadInput(
                f"{source}: sip.{missing}", "this key is missing", f"{one.listen} needs it beside the other"
            )
        if one.listen.startswith("wss:") and not one.certificate:
            raise BadInput(
                f"{source}: sip.certificate", "this key is missing", f"{one.listen} needs it and private_key"
            )
    named = {one.name: one for one in sip.listeners if one.name}
    for place, trunk in enumerate(settings.trunks):
        if not trunk.listener:
            continue
        where, found = f"{source}: trunks[{place}].listener", named.get(trunk.listener)
        if found is None:
            raise BadInput(where, f"there is no {trunk.listener!r}", _known(named, "sip.listeners"))
        if not trunk.simulated and found.address()[0] != trunk.target().transport:
            wanted = f"the trunk's uri asks for {trunk.target().transport}"
            raise BadInput(where, f"{trunk.listener!r} is {found.listen}", wanted)


def _no_twins(values: Iterable[object], where: str, key: str) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise BadInput(where, f"{key} {value} is there twice", f"every {key} may be there once")
        seen.add(value)


def _known(values: Iterable[object], what: str) -> str:
    known = ", ".join(str(value) for value in values)
    return f"known are {known}" if known else f"there are no [[{what}]]"


def _nearest(name: str, known: Iterable[str]) -> str:
    choices = list(known)
    close = get_close_matches(name, choices, 1, 0.5)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(choices)}"


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
