"""A customer's answer: bytes in, a plan or the reason why not out (settled 2, 7 to 13)."""

import re
from typing import Any, Final

from cordboard.contract.account import Account
from cordboard.contract.destination import Asker, read_destination, read_numbers
from cordboard.contract.fields import shown
from cordboard.contract.json_text import Refused, read_json
from cordboard.contract.options import InvalidPlayback, read_options
from cordboard.contract.plan import Plan, Problem, Reading
from cordboard.contract.problems import Problems

_BARE: Final = re.compile(rb"[\s\"']*\+?[0-9][0-9 ,+-]{6,2000}[\s\"']*")


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

    ``status``: of the HTTP answer, 0 for none. ``media_type``: its Content-Type, as it came. ``loops``: the call's
    own numbers, E.164 (settled 13). ``accept``: the options that are on: ``ccm``, ``sip``, ``plain`` (settled 12).
    Strict reading by ``account.strict``. What needs the network is left to the caller: whether the playback's
    ``audio_url`` answers 200, and whose ``outgoing_phone_number`` is.
    """
    problems = Problems(account.strict)
    asker = Asker(account, loops, accept)
    try:
        plan = _read(status, media_type, body, asker, problems)
    except (Refused, InvalidPlayback):
        plan = None
    if plan is None:
        return Reading("fallback", None, problems.all())
    return Reading("dial" if plan.numbers else "no_dial", plan, problems.all())


def effective(plan: Plan | None) -> dict[str, Any]:
    """Every field of an answer but its destination, by the document's names, defaults filled in (interface.md,
    ``parameters`` of ``check --answer --json``); ``{}`` where there is no plan."""
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


def _read(status: int, media_type: str, body: bytes, asker: Asker, problems: Problems) -> Plan | None:
    if status != 200:
        told = f"the answer has status {status}" if status else "there was no answer"
        problems.error("status", "answer.status", f"{told}; only 200 is an answer", "settled-2")
        return None
    media = media_type.partition(";")[0].strip().lower()
    if media != "application/json":
        return _not_json(media, body, asker, problems)
    if _BARE.fullmatch(body):
        return _bare_number(problems, "body")
    answer = read_json(body, problems)
    if not isinstance(answer, dict):
        message = f'the answer is {shown(answer)}, not an object such as {{"destination": {{"numbers": []}}}}'
        problems.error("1:1", "answer.not_object", message, "settled-7")
        return None
    numbers = read_destination(answer, asker, problems)
    if numbers is None:
        return None
    ccm = isinstance(answer["destination"], list)
    return read_options(answer, numbers, asker.account.country, ccm, problems)


def _not_json(media: str, body: bytes, asker: Asker, problems: Problems) -> Plan | None:
    if media == "text/plain" and "plain" in asker.accept and len(body) <= 4096:
        return _plain(body, asker, problems)
    if media.startswith("text/") and _BARE.fullmatch(body[:4096]):
        return _bare_number(problems, "content-type")
    told = f"the Content-Type is {shown(media)}" if media else "there is no Content-Type"
    message = f"{told}; only application/json is an answer"
    problems.error("content-type", "answer.media_type", message, "settled-2", "application/json")
    return None


def _plain(body: bytes, asker: Asker, problems: Problems) -> Plan | None:
    """The Dial Whom applet's answer: numbers as text, nothing for nobody. Other text is never dialled."""
    text = body.decode(errors="replace").strip()
    if not text:
        return Plan(())
    entries = [(f"body[{index}]", entry) for index, entry in enumerate(re.split(r"[,\n]", text)[:100])]
    numbers = read_numbers(entries, asker, problems, names="sip" in asker.accept)
    return Plan(numbers) if numbers else None


def _bare_number(problems: Problems, where: str) -> None:
    message = (
        "this is the Dial Whom applet's bare number (text/plain), not a JSON answer; its option plain is "
    )
    told = "off" if where == "content-type" else "for text/plain"
    problems.error(where, "shape.plain", message + told, "settled-12")
