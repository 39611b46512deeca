"""The commands and what they take."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="cordboard",
    help="A call arrives, your URL says whom to dial, cordboard does the rest.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

sip = typer.Typer(help="SIP, looked at.", no_args_is_help=True)
app.add_typer(sip, name="sip")

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT = Path("cordboard.toml")


@app.callback()
def main() -> None:
    """Only gives the commands a common parent."""


@app.command()
def serve(
    config: ConfigFile = DEFAULT,
    drain_seconds: Annotated[
        float, typer.Option(help="On SIGTERM, how long live calls may go on.", min=0)
    ] = 30.0,
) -> None:
    """Run the engine: SIP, HTTP API."""
    from cordboard.cli import serving

    raise typer.Exit(serving.serve(config, drain_seconds))


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Where to write it.")] = Path(".")) -> None:
    """Write a commented starter cordboard.toml."""
    from cordboard.cli import configuring

    raise typer.Exit(configuring.init(folder))


@app.command("config")
def show_config(config: ConfigFile = DEFAULT, json: Json = False) -> None:
    """Check a configuration and its flows; print the effective values, secrets masked."""
    from cordboard.cli import configuring

    raise typer.Exit(configuring.show(config, json))


@app.command()
def demo(
    keep: Annotated[Path | None, typer.Option(help="Keep what the demo made in this folder.")] = None,
    json: Json = False,
) -> None:
    """One real call over loopback through every part, told while it happens."""
    from cordboard.cli import demo as demonstration

    raise typer.Exit(demonstration.demo(keep, json))


@app.command()
def ring(
    exophone: Annotated[str, typer.Argument(help="The ExoPhone to ring, as +918047115777.")],
    from_number: Annotated[str, typer.Option("--from", help="The caller's number.")],
    config: ConfigFile = DEFAULT,
    keys: Annotated[str, typer.Option(help="Keys to press, as 1,2; or 1,3s,2 to wait in between.")] = "",
    hang_up_after: Annotated[float | None, typer.Option(help="Seconds after the answer.", min=0)] = None,
    json: Json = False,
) -> None:
    """Ring a running engine over SIP, speak a tone, print what was heard."""
    from cordboard.cli import ringing

    raise typer.Exit(ringing.ring(exophone, from_number, config, keys, hang_up_after, json))


@app.command()
def call(
    from_number: Annotated[str, typer.Option("--from", help="Whom to call first.")],
    exophone: Annotated[str, typer.Option(help="The ExoPhone that is shown.")],
    flow: Annotated[int, typer.Option(help="The flow that runs when they answer.", min=0)] = 0,
    to: Annotated[str, typer.Option(help="Or: a second number, to be connected with the first.")] = "",
    custom_field: Annotated[str, typer.Option(help="Comes back in requests and callbacks.")] = "",
    ring_seconds: Annotated[int, typer.Option(help="How long each leg may ring; 0: 30.", min=0)] = 0,
    limit_seconds: Annotated[int, typer.Option(help="How long the call may last; 0: 4 hours.", min=0)] = 0,
    config: ConfigFile = DEFAULT,
    url: Annotated[str, typer.Option(help="Where the engine's API is; else as configured.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end and tell it.")] = False,
    json: Json = False,
) -> None:
    """Start an outbound call through the API of a running engine."""
    from cordboard.cli import ordering

    asked = ordering.Asked(from_number, exophone, flow, to, custom_field, ring_seconds, limit_seconds)
    raise typer.Exit(ordering.order(asked, config, url, wait, json))


@app.command()
def check(
    url: Annotated[str, typer.Argument(metavar="URL", help="Play the platform against this URL.")] = "",
    answer: Annotated[str, typer.Option(metavar="FILE", help="Judge this answer; - is standard input.")] = "",
    status: Annotated[int, typer.Option(help="The HTTP status it came with.")] = 200,
    content_type: Annotated[str, typer.Option(help="Its Content-Type.")] = "application/json",
    fallback: Annotated[str, typer.Option(metavar="URL", help="The Fallback URL.")] = "",
    country: Annotated[str, typer.Option(metavar="CC", help="Of numbers written without '+'.")] = "",
    accept: Annotated[str, typer.Option(help="Shapes that are on: ccm,trunk,sip,plain.")] = "",
    strict: Annotated[bool, typer.Option("--strict", help="By the letter of the document.")] = False,
    exophone: Annotated[str, typer.Option(help="The number that is called.")] = "",
    from_number: Annotated[str, typer.Option("--from", help="The caller's number.")] = "",
    number_format: Annotated[
        str, typer.Option(help="How numbers are written in requests: national or e164.")
    ] = "",
    allow: Annotated[
        list[str] | None, typer.Option(metavar="NETWORK", help="A private network that may be called.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Send one request only.")] = False,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The configuration; else cordboard.toml.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Tell every call second by second.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit report here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with the calls drawn here.")] = None,
    json: Json = False,
) -> None:
    """Try a Connect URL as the platform would, or judge one answer of it."""
    if bool(url) == bool(answer):
        raise typer.BadParameter("either URL or --answer FILE is needed")
    if answer:
        from cordboard.cli import judging

        raise typer.Exit(judging.judge(answer, status, content_type, country or "IN", accept, strict, json))
    from cordboard.cli import checking

    options = checking.Options(
        fallback, country, exophone, from_number, number_format, accept, allow or (), strict, read_only
    )
    raise typer.Exit(checking.check_url(url, config, options, checking.Output(json, full, junit, html)))


@app.command()
def replay(
    callsid: Annotated[str, typer.Argument(help="The CallSid.")],
    config: ConfigFile = DEFAULT,
    json: Json = False,
) -> None:
    """Feed a call's journal to the machines again and say where they now decide otherwise."""
    from cordboard.cli import replaying

    raise typer.Exit(replaying.replay_call(callsid, config, json))


@sip.command()
def trace(
    config: ConfigFile = DEFAULT,
    call: Annotated[str, typer.Option(help="Of this CallSid or Call-ID.")] = "",
    number: Annotated[str, typer.Option(help="From or to this number, by its last digits.")] = "",
    trunk: Annotated[str, typer.Option(help="Of this trunk.")] = "",
    peer: Annotated[str, typer.Option(help="From or to this host, or host:port.")] = "",
    method: Annotated[str, typer.Option(help="Of this method, answers included.")] = "",
    full: Annotated[bool, typer.Option("--full", help="Print the messages themselves.")] = False,
    count: Annotated[int, typer.Option(help="End after so many messages; 0: never.", min=0)] = 0,
    url: Annotated[str, typer.Option(help="Where the engine's API is; else as configured.")] = "",
    json: Json = False,
) -> None:
    """SIP messages of a running engine as they pass, those of no call included."""
    from cordboard.cli import tracing

    filters = {"call": call, "number": number, "trunk": trunk, "peer": peer, "method": method}
    raise typer.Exit(tracing.trace(config, url, filters, full, json, count))


trunks = typer.Typer(help="Carriers and PBXs.", no_args_is_help=True)
app.add_typer(trunks, name="trunk")


@trunks.command("check")
def trunk_check(
    name: Annotated[str, typer.Argument(help="The trunk's name in the configuration.")],
    config: ConfigFile = DEFAULT,
    number: Annotated[
        str, typer.Option(help="Whom to call; one of the trunk's own ExoPhones gets the call back.")
    ] = "",
    wait_call: Annotated[float, typer.Option(help="Seconds to wait for a call in.", min=0)] = 0.0,
    json: Json = False,
) -> None:
    """Try a trunk: DNS, OPTIONS, registration, calls both ways with audio, digits, caller id."""
    from cordboard.cli import trunks as checking

    raise typer.Exit(checking.check(name, config, number, wait_call, json))


db = typer.Typer(help="The store.", no_args_is_help=True)
app.add_typer(db, name="db")


@db.command("upgrade")
def db_upgrade(
    config: ConfigFile = DEFAULT,
    to: Annotated[str, typer.Option(metavar="REVISION", help="Up or down to it; base: no tables.")] = "head",
    json: Json = False,
) -> None:
    """Bring the tables to the newest shape, or to a named one. `serve` does it by itself."""
    from cordboard.cli import keeping

    raise typer.Exit(keeping.upgrade(config, to, json))


@db.command("backup")
def db_backup(
    target: Annotated[Path, typer.Argument(help="The file to write; TARGET.journal comes beside it.")],
    config: ConfigFile = DEFAULT,
    json: Json = False,
) -> None:
    """Copy the store while the engine runs."""
    from cordboard.cli import keeping

    raise typer.Exit(keeping.backup(config, target, json))


@db.command("prune")
def db_prune(
    config: ConfigFile = DEFAULT,
    days: Annotated[int, typer.Option(help="Remove what is older; else as configured.", min=0)] = 0,
    before: Annotated[str, typer.Option(metavar="DATE", help="What ended before, as 2026-01-31.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how much it would be.")] = False,
    json: Json = False,
) -> None:
    """Remove calls, timelines, events and recordings that were kept long enough."""
    from cordboard.cli import keeping

    raise typer.Exit(keeping.prune(config, days, before, dry_run, json))
