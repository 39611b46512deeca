"""``cordboard check URL``: the platform played against a customer's URL."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.status import Status

from cordboard.cli import check_files, check_page, check_text
from cordboard.cli.files import BAD_USAGE, FAILED, complain, load
from cordboard.cli.judging import region, shapes_of
from cordboard.cli.logs import log_to_stderr
from cordboard.config.settings import Settings
from cordboard.contract.account import Account
from cordboard.contract.numbers import Number, normalise
from cordboard.customer.client import Customer
from cordboard.kernel.mistakes import BadInput
from cordboard.net import urls
from cordboard.net.guard import Policy
from cordboard.net.resolver import Resolver
from cordboard.runtime.clock import SystemClock, SystemTokens
from cordboard.runtime.kinds import account_of
from cordboard.runtime.loop import run
from cordboard.testing.matrix import plan
from cordboard.testing.matrix.check import check
from cordboard.testing.matrix.words import CALLER, EXOPHONE, Case, Report, Setup, Verdict

LOOPBACK = ("127.0.0.0/8", "::1/128")
"""Allowed here, unlike in the engine: developers try what runs on their own machine."""

_FORMATS = ("national", "e164")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was given; empty: as configured, else the default."""

    fallback: str = ""
    country: str = ""
    exophone: str = ""
    caller: str = ""
    number_format: str = ""
    accept: str = ""
    allow: Sequence[str] = ()
    strict: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """Where the report goes."""

    json: bool = False
    full: bool = False
    junit: Path | None = None
    html: Path | None = None


def check_url(url: str, config: Path | None, options: Options, output: Output) -> int:
    """Exit 1 when something would cost a call, 2 for bad usage."""
    try:
        settings = _settings(config)
        setup = setup_of(url, settings, options)
        policy = Policy.of((*settings.egress.allow, *LOOPBACK, *options.allow), settings.egress.ports)
        for path in (output.junit, output.html):
            _writable(path)
    except BadInput as mistake:
        complain(mistake)
        return BAD_USAGE
    log_to_stderr(40)
    screen = Console(highlight=False, soft_wrap=True)
    if not output.json:
        check_text.announce(setup, screen)
    try:
        report = run(_check(setup, policy, settings.account.signing_secrets))
    except KeyboardInterrupt:
        complain("broken off")
        return FAILED
    try:
        if output.junit is not None:
            output.junit.write_text(check_files.junit(report), "utf-8")
        if output.html is not None:
            output.html.write_text(check_page.page(report), "utf-8")
    except OSError as error:
        complain(error)
        return BAD_USAGE
    if output.json:
        print(json.dumps(check_files.as_json(report)))
    else:
        check_text.show(report, screen, full=output.full)
    return FAILED if report.verdict is Verdict.COSTS else 0


def setup_of(url: str, settings: Settings, options: Options) -> Setup:
    """Whom we play: what the options say, else the configuration, else the defaults. Raises ``BadInput``."""
    urls.read(url, "URL")
    applet = _applet(url, settings)
    fallback = options.fallback or str(applet.get("fallback_url", ""))
    if fallback:
        urls.read(fallback, "--fallback")
    account = account_of(settings)
    if options.country:
        account = replace(account, country=region(options.country))
    if options.number_format and options.number_format not in _FORMATS:
        raise BadInput("--number-format", f"{options.number_format!r} is not known", "national or e164")
    account = replace(
        account,
        number_format=options.number_format or account.number_format,
        strict=options.strict or account.strict,
    )
    configured = next((phone.number for phone in account.exophones), EXOPHONE)
    accept = applet.get("accept", ())
    return Setup(
        url=url,
        fallback=fallback,
        account=account,
        caller=_number("--from", options.caller, account) or CALLER,
        exophone=_number("--exophone", options.exophone, account) or configured,
        began_at=SystemClock().wall(),
        accept=shapes_of(options.accept) or frozenset(accept if isinstance(accept, list) else ()),
        read_only=options.read_only,
    )


def _settings(config: Path | None) -> Settings:
    """Those of the file that is named, or of cordboard.toml where there is one; tells its warnings."""
    usual = Path("cordboard.toml")
    if config is None and not usual.exists():
        return Settings()
    settings, _, warnings = load(config or usual)
    for warning in warnings if settings.exophones else ():
        complain(f"warning: {warning}")
    return settings


def _applet(url: str, settings: Settings) -> dict[str, object]:
    """The settings of the configured Connect that asks this URL."""
    for flow in settings.flows:
        applets = flow.get("applets")
        for applet in applets.values() if isinstance(applets, dict) else ():
            if isinstance(applet, dict) and applet.get("primary_url") == url:
                return applet
    return {}


def _number(option: str, text: str, account: Account) -> str:
    if not text:
        return ""
    read = normalise(text, account.country, ())
    if not isinstance(read, Number):
        raise BadInput(option, f"{text!r}: {read.message}", "a number such as +919876500001")
    return read.e164


def _writable(path: Path | None) -> None:
    if path is not None and not path.resolve().parent.is_dir():
        raise BadInput(str(path), "there is no such folder", "a file in a folder that exists")


async def _check(setup: Setup, policy: Policy, secrets: tuple[str, ...]) -> Report:
    tokens = SystemTokens()
    resolver = Resolver.of_this_machine(tokens)
    customer = Customer(policy, resolver, SystemClock(), tokens, signing_secrets=secrets)
    await customer.start()
    try:
        with _Progress(len(plan.all_cases(setup))) as progress:
            return await check(setup, customer, tokens, progress.tell)
    finally:
        await customer.close()
        await resolver.close()


class _Progress:
    """One line on stderr that says what is tried; nothing where that is no terminal."""

    def __init__(self, cases: int) -> None:
        self._cases, self._told = cases, 0
        self._status = Status("", console=Console(stderr=True)) if sys.stderr.isatty() else None

    def __enter__(self) -> "_Progress":
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def tell(self, case: Case) -> None:
        self._told += 1
        if self._status is not None:
            self._status.update(f"{self._told}/{self._cases}  {case.title}")
