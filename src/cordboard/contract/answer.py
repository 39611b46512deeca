"""A customer's answer: bytes in, a plan or the reason why not out (settled 2, 7 to 13)."""

import re
from typing import Any, Final, NoReturn

from cordboard.contract.account import Account
from cordboard.contract.destination import Asker, bounded, read_destination, read_numbers
from cordboard.contract.envelope import JSON, bare_media_type, expect_200, refuse_media_type
from cordboard.contract.fields import shown
from cordboard.contract.json_text import read_json
from cordboard.contract.options import read_options
from cordboard.contract.plan import Plan, Problem, Reading
from cordboard.contract.problems import Invalid, Problems
from cordboard.contract.trunk import read_custom_params
from cordboard.kernel.frozen import replace

SHAPES: Final = ("ccm", "trunk", "sip", "plain")
"""Other applets' shapes of an answer, each understood where its option is on (settled 12)."""

_BARE: Final = re.compile(rb"[\s\"']*\+?[0-9][0-9 ,+-]{6,}[\s\"']*")
_BARE_MAX: Final = 256
_SEPARATOR: Final = re.compile(r"[,\n]")
_PLAIN_MAX: Final = 4096
_PLAIN_SHAPE: Final = "this is the bare number of a Dial Whom applet's answer (text/plain)"


def read_answer(
    status: int,
    media_type: str,
    body: bytes,
    account: Account,
    *,
    loops: frozenset[str] = frozenset(),
    accept: frozenset[str] = frozenset(),
) -> Reading:
    """Judge one answer. Never raises, and the same input always gives the same reading.

    ``status``: of the HTTP answer, 0 for none. ``media_type``: its Content-Type, as it came. ``loops``: see
    ``CallFacts.loops``. ``accept``: the options that are on, of ``SHAPES`` (settled 12). ``account.strict``
    chooses the reading. What needs the network is left to the caller: whether the playback's ``audio_url``
    answers 200, and whose ``outgoing_phone_number`` is.
    """
    problems = Problems(account.strict)
    asker = Asker(account, loops, accept)
    try:
        plan = _read(status, media_type, body, asker, problems)
    except Invalid:
        return Reading("fallback", None, problems.all())
    return Reading("dial" if plan.numbers else "no_dial", plan, problems.all())


def effective(plan: Plan | None) -> dict[str, Any]:
    """Every field of an answer but its destination, by the document's names, defaults filled in: the
    ``parameters`` of ``check --answer --json``. ``{}`` where there is no plan."""
    if plan is None:
        return {}
    hold, playback = plan.music_on_hold, plan.playback
    return {
        "fetch_after_attempt": plan.fetch_after_attempt,
        "outgoing_phone_number": plan.outgoing_phone_number,
        "record": plan.record,
        "recording_channels": plan.recording_channels,
        "max_ringing_duration": plan.max_ringing_duration,
        "max_conversation_duration": plan.max_conversation_duration,
        "music_on_hold": {"type": hold.type, "value": hold.value} if hold.value else {"type": hold.type},
        "parallel_ringing": {"activate": plan.parallel, "max_parallel_attempts": plan.max_parallel_attempts},
        "dial_passthru_event_url": plan.dial_event_url,
        "start_call_playback": playback
        and {"playback_to": playback.to, "type": playback.type, "value": playback.value},
    }


def not_checked(plan: Plan) -> Problem | None:
    """The warning of a judge without a network: an ``audio_url`` counts as good (interface.md)."""
    if plan.playback is None or plan.playback.type != "audio_url":
        return None
    message = f"whether {shown(plan.playback.value)} answers 200 was not asked"
    return Problem("start_call_playback.value", "playback.not_checked", "warning", message, "settled-10")


def _read(status: int, media_type: str, body: bytes, asker: Asker, problems: Problems) -> Plan:
    expect_200(status, problems)
    media = bare_media_type(media_type)
    if media != JSON:
        if media == "text/plain" and "plain" in asker.accept:
            return _plain(body, asker, problems)
        _not_json(media, body, problems)
    if _is_bare_number(body):
        problems.invalid("1:1", "shape.plain", f"{_PLAIN_SHAPE}, not a JSON answer", "settled-12")
    answer = read_json(body, problems)
    if not isinstance(answer, dict):
        what = shown(answer)
        if isinstance(answer, str) and answer.lstrip()[:1] == "{":
            what = "an object inside a text: it was turned into JSON twice"
        message = f'the answer is {what}, not an object such as {{"destination": {{"numbers": []}}}}'
        problems.invalid("1:1", "answer.not_object", message, "settled-7")
    numbers = read_destination(answer, asker, problems)
    destination = answer["destination"]
    if isinstance(destination, list):
        return read_options(answer, numbers, asker.account.country, "ccm", problems)
    if "trunk" in asker.accept and "trunk" in destination and "numbers" not in destination:
        plan = read_options(answer, numbers, asker.account.country, "trunk", problems)
        trunk = numbers[0].removeprefix("sip:") if numbers else ""
        return replace(plan, trunk=trunk, custom_headers=read_custom_params(answer, problems))
    return read_options(answer, numbers, asker.account.country, "", problems)


def _not_json(media: str, body: bytes, problems: Problems) -> NoReturn:
    if media == "text/plain" and _is_bare_number(body):
        message = f"{_PLAIN_SHAPE}; the option plain of the applet is off"
        problems.invalid("content-type", "shape.plain", message, "settled-12")
    refuse_media_type(media, problems)


def _plain(body: bytes, asker: Asker, problems: Problems) -> Plan:
    """The Dial Whom applet's answer: numbers as text, or nothing for nobody. Other text is never dialled."""
    if len(body) > _PLAIN_MAX:
        problems.invalid("body", "shape.plain", "this text is too long for telephone numbers", "settled-12")
    text = body.decode(errors="replace").strip()
    if not text:
        return Plan(())
    listed = bounded("body", _SEPARATOR.split(text), problems)
    entries = [(f"body[{index}]", entry) for index, entry in enumerate(listed)]
    numbers = read_numbers(entries, asker, problems, names="sip" in asker.accept)
    if not numbers:
        problems.invalid("body", "shape.plain", "this text holds no number that is dialled", "settled-12")
    return Plan(numbers)


def _is_bare_number(body: bytes) -> bool:
    return len(body) < _BARE_MAX and _BARE.fullmatch(body) is not None
