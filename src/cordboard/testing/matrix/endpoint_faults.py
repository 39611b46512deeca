"""The faults that only an exchange with the endpoint shows."""

from dataclasses import replace

from cordboard.customer.got import Got
from cordboard.media.sounds import wav
from cordboard.testing.matrix import advice
from cordboard.testing.matrix.reading import SLOW_SECONDS, faults_of
from cordboard.testing.matrix.words import Asked, Fault, Verdict
from cordboard.testing.scenario import Sound

_DOWN = ("answer.crash", "answer.late", "answer.broken", "connect.")
_APART = " Let it need nothing that the Primary URL needs: it is there for the day on which that is down."


def of_many(asked: list[Asked], grave: Verdict) -> tuple[Fault, ...]:
    """The faults of many like requests, each once; time is judged by the slowest."""
    found: dict[tuple[str, str], Fault] = {}
    for one in asked:
        for fault in faults_of(one, grave=grave):
            found.setdefault((fault.code, fault.where), fault)
    slow = found.get(("answer.slow", "exchange"))
    if slow is not None:
        count = sum(one.got.elapsed > SLOW_SECONDS for one in asked)
        message = (
            f"{count} of {len(asked)} answers took more than {SLOW_SECONDS:g} s of the 5 s that there are"
        )
        found["answer.slow", "exchange"] = replace(slow, message=message)
    return tuple(found.values())


def of_the_fallback(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """Of the Fallback URL: faults of their own beside the Primary's."""
    return tuple(
        replace(
            fault,
            code=f"fallback.{fault.code}",
            message=f"the Fallback URL: {fault.message}",
            change=f"{fault.change}{_APART if fault.code.startswith(_DOWN) else ''}",
            verdict=Verdict.WARNS,
        )
        for fault in faults
    )


def nobody_here(title: str) -> Fault:
    """A later stage dials nobody."""
    message = f"{title}: the answer names nobody, though the first one did"
    change = "Dial in every stage of a call, or say on purpose that nobody is to be dialled."
    return Fault("stage.nobody", Verdict.WARNS, title, message, change, "settled-7")


def quoted_digits(asked: Asked, grave: Verdict) -> Fault:
    """The application reads digits with their quotes."""
    what = faults_of(asked)
    said = what[0].message if what else "nobody is dialled"
    message = (
        f"digits come in double quotes (digits=%2212345%22), and with them the answer cannot be used: {said}"
    )
    change = "Take the double quotes off digits before using it, as digits.strip('\"')."
    return Fault("digits.quotes", grave, "digits", message, change, "settled-5")


def unknown_parameters(asked: Asked, grave: Verdict) -> Fault:
    """The application refuses what it does not know."""
    what = faults_of(asked)
    said = what[0].message if what else "nobody is dialled"
    message = f"parameters that your application does not know make its answer unusable: {said}"
    change = (
        "Ignore parameters that you do not know: platforms add some, such as tenant_id or Legs[0][Cause]."
    )
    return Fault("parameters.unknown", grave, "parameters", message, change, "settled-4")


def plain_http(first: Asked) -> Fault:
    """Callers' numbers pass unencrypted."""
    message = "the URL is plain http: callers' numbers pass the internet unencrypted"
    return Fault("connect.plain", Verdict.WARNS, "exchange", message, "Serve it over https.", "settled-2")


def loopback(url: str) -> bool:
    """It stays on this machine."""
    host = url.partition("://")[2].partition("/")[0].partition("?")[0]
    return host.startswith(("127.", "localhost", "[::1]"))


def judge_sound(kind: str, got: Got, grave: Verdict) -> tuple[Sound, list[Fault]]:
    """Its fate in the pretend world, and what is wrong with it."""
    where = "start_call_playback.value" if kind == "playback" else "music_on_hold.value"
    what = "the announcement" if kind == "playback" else "the hold tone"
    if got.status != 200:
        said = f"answers {got.status}" if got.status else got.error
        code = "playback.not_200" if kind == "playback" else "hold.unusable"
        verdict = grave if kind == "playback" else Verdict.WARNS
        fault = Fault(code, verdict, where, f"{what}: its file {said}", advice.change_for(code), "settled-10")
        return Sound(0.0, got.status, problem=said), [fault]
    try:
        wave = wav.read(got.body)
    except (wav.Broken, wav.Foreign) as error:
        said = str(error) or "it is no WAV file"
        code = "playback.form" if kind == "playback" else "hold.unusable"
        fault = Fault(code, Verdict.WARNS, where, f"{what}: {said}", advice.change_for(code), "settled-10")
        return Sound(3.0), [fault]
    sound = Sound(max(0.1, wave.seconds))
    if (wave.rate, wave.bits, wave.channels) == (8000, 16, 1):
        return sound, []
    said = f"{what} is {wave.rate} Hz, {wave.bits} bit, {wave.channels} channels"
    fault = Fault(
        "playback.form", Verdict.WARNS, where, said, advice.change_for("playback.form"), "settled-10"
    )
    return sound, [fault]
