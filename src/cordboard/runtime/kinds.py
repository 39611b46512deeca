"""The list of applets that this engine has. ``flow`` knows their protocol; only here are they named."""

from collections.abc import Mapping
from urllib.parse import quote

from cordboard.applets.connect import Connect
from cordboard.applets.gather import Gather
from cordboard.applets.greeting import Greeting
from cordboard.applets.hangup import Hangup
from cordboard.applets.hours import Hours
from cordboard.applets.menu import Menu
from cordboard.applets.passthru import Passthru
from cordboard.applets.switch import Switch
from cordboard.applets.transfer import Transfer
from cordboard.applets.voicemail import Voicemail
from cordboard.config.settings import Settings
from cordboard.contract.account import Account, ExoPhone
from cordboard.flow.applet import AppletKind
from cordboard.flow.document import Flow, House, check, first_error, place, read_flow
from cordboard.kernel.mistakes import BadInput
from cordboard.net.objections import Objections

KINDS: Mapping[str, AppletKind] = {
    "connect": Connect(),
    "gather": Gather(),
    "greeting": Greeting(),
    "hangup": Hangup(),
    "menu": Menu(),
    "hours": Hours(),
    "passthru": Passthru(),
    "switch": Switch(),
    "transfer": Transfer(),
    "voicemail": Voicemail(),
}


def account_of(settings: Settings) -> Account:
    """The account as the contract's rules need it."""
    return Account(
        country=settings.account.country,
        timezone=settings.account.timezone,
        number_format=settings.account.number_format,
        strict=settings.account.strict,
        exophones=tuple(ExoPhone(phone.number, phone.circle) for phone in settings.exophones),
        countries=settings.dialing.countries,
        fetch_seconds=settings.egress.fetch_timeout_seconds,
        recordings_url=f"{settings.http.public_url}/v1/Accounts/{quote(settings.account.sid)}/Recordings/",
    )


def transfers_of(flow: Flow) -> tuple[int, ...]:
    """The ids of the flows that this one leads to."""
    return tuple(id for spec in flow.applets for id in spec.transfers)


def house_of(settings: Settings, flows: Mapping[int, Flow] | None = None) -> House:
    """What the account's flows are checked against. ``flows``: those that transfers may lead to."""
    return House(KINDS, flows, Objections(settings.egress.allow, settings.egress.ports))


def flows_of(settings: Settings) -> tuple[dict[int, Flow], tuple[str, ...]]:
    """Every flow by its id, and the warnings. Raises ``BadInput`` that names file, flow and key."""
    flows: dict[int, Flow] = {}
    for index, table in enumerate(settings.flows):
        where = f"{settings.source}: flows[{index}]"
        flow, _ = read_flow(table, KINDS, where)
        if flow.id in flows:
            raise BadInput(f"{where}.id", f"{flow.id} is used twice", "each flow has its own id")
        flows[flow.id] = flow
    house, warnings = house_of(settings, flows), list[str]()
    for index, table in enumerate(settings.flows):
        where, checked = f"{settings.source}: flows[{index}]", check(table, house)
        if not checked.good:
            raise first_error(checked, where)
        warnings += [f"{place(where, told)}: {told.message}" for told in checked.problems]
    for index, phone in enumerate(settings.exophones):
        if phone.flow not in flows:
            known = ", ".join(str(id) for id in flows) or "none"
            raise BadInput(
                f"{settings.source}: exophones[{index}].flow",
                f"there is no flow {phone.flow}",
                f"known: {known}",
            )
    return flows, tuple(warnings)
