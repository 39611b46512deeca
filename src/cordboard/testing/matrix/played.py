"""Plays every day with the answers that were received, and judges how the call went."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cordboard.contract.account import Account, ExoPhone
from cordboard.contract.facts import CallFacts
from cordboard.contract.plan import Plan
from cordboard.testing.applications import Answer
from cordboard.testing.matrix import advice
from cordboard.testing.matrix.acting import Script, act, answer_of, play_of, silence
from cordboard.testing.matrix.days import ALL
from cordboard.testing.matrix.endpoint import Known
from cordboard.testing.matrix.reading import faults_of, nobody, usable
from cordboard.testing.matrix.scenes import TAKES, Day, Phones, longer
from cordboard.testing.matrix.stages import first_facts
from cordboard.testing.matrix.words import Asked, Fault, Result, Setup, Verdict
from cordboard.testing.scenario import NEVER_REPLIES, Sound, busy
from cordboard.testing.story import Story

LONG_WAIT = 90.0
"""Seconds after which most callers have gone."""

_SID = "5f3c9e0b7a614c2d8e91a7d4b0c3f2e1"
_TOLD = ("exophone.", "limit.time", "hold.unusable", "playback.not_200", "playback.skipped")
_TAMPERED: Mapping[str, Answer] = {
    "500": Answer(500, "text/plain", b"", 0.1),
    "refused": Answer(0, "", b"", 0.01, "the connection was refused"),
    "html": Answer(200, "text/html", b"<html><body>Internal error</body></html>", 0.1),
}


@dataclass(frozen=True, slots=True)
class Cast:
    """What all days share. ``plan``: the one in force, the Primary's or else the Fallback's; ``wrong``: the
    faults of an answer that cannot be used."""

    setup: Setup
    known: Known
    first: Asked
    plan: Plan | None
    wrong: tuple[Fault, ...]


def cast_of(setup: Setup, known: Known) -> Cast:
    """After the endpoint was asked."""
    assert known.first is not None
    plan = next(
        (one.reading.plan for one in (known.first, known.fallback) if one is not None and usable(one)), None
    )
    account = setup.account
    if not account.exophones:
        account = replace(account, exophones=_owned(setup, plan))
    wrong = () if usable(known.first) else faults_of(known.first)
    return Cast(replace(setup, account=account), known, known.first, plan, wrong)


def play_all(setup: Setup, known: Known) -> Iterator[Result]:
    """Every day, in the order of the plan."""
    cast = cast_of(setup, known)
    for day in ALL:
        day = longer(day, cast.plan)
        # who is named only when asked again counts, too
        whole = cast.plan and replace(cast.plan, numbers=_numbers(day, cast))
        why_not = day.only(whole) if whole is not None else ""
        if why_not:
            yield Result(day.case, Verdict.NOT_RUN, f"does not apply: {why_not}")
        else:
            yield _judge(day, _play(day, cast), cast)


def _owned(setup: Setup, plan: Plan | None) -> tuple[ExoPhone, ...]:
    """Without a configuration nobody knows the account's ExoPhones: the one that is named counts as owned."""
    shown = plan.outgoing_phone_number if plan is not None else None
    return tuple(ExoPhone(number) for number in dict.fromkeys((setup.exophone, shown)) if number)


# --- one day --------------------------------------------------------------------------------------------


def _play(day: Day, cast: Cast) -> Story:
    setup, facts = cast.setup, first_facts(cast.setup, _SID)
    numbers = _numbers(day, cast)
    phones: Phones = {**_rest(cast), **(day.phones(numbers) if numbers else {})}
    if day.loop and numbers:
        setup, facts = _looped(day.loop, numbers[0], setup)
    setup = replace(setup, account=_account(day, cast, setup.account))
    play = replace(
        play_of(setup, facts, late=day.late),
        phones=phones,
        others=busy(1.0) if day.change == "new" else NEVER_REPLIES,
        caller=day.caller,
        sounds=_sounds(day, cast),
        stops=day.stops,
        media_lost=day.media_lost,
    )
    if day.exophone == "unable":
        play = replace(play, able=(setup.exophone,))
    return act(play, _script(day, cast, setup), setup)


def _numbers(day: Day, cast: Cast) -> tuple[str, ...]:
    """Everybody who may be rung, in the order of being named; of the Fallback only where it is in force."""
    plan, again = cast.plan, cast.known.stages.get(day.again)
    named = list(plan.numbers) if plan is not None else []
    if plan is not None and plan.fetch_after_attempt and again is not None and again.reading.plan is not None:
        named += again.reading.plan.numbers
    return tuple(dict.fromkeys(named))


def _rest(cast: Cast) -> Phones:
    """Whom the Fallback names takes the call."""
    fallback = cast.known.fallback
    plan = fallback.reading.plan if fallback is not None else None
    return dict.fromkeys(plan.numbers, TAKES) if plan is not None else {}


def _looped(who: str, number: str, setup: Setup) -> tuple[Setup, CallFacts]:
    if who == "caller":
        setup = replace(setup, caller=number)
    else:
        owned = (*setup.account.exophones, ExoPhone(number))
        setup = replace(setup, exophone=number, account=replace(setup.account, exophones=owned))
    return setup, first_facts(setup, _SID)


def _account(day: Day, cast: Cast, account: Account) -> Account:
    shown = cast.plan.outgoing_phone_number if cast.plan is not None else None
    if day.exophone == "not-owned":
        return replace(account, exophones=tuple(one for one in account.exophones if one.number != shown))
    if day.exophone == "circle":
        circles = tuple(
            ExoPhone(one.number, "MH" if one.number == shown else "KA") for one in account.exophones
        )
        return replace(account, exophones=circles)
    return account


def _script(day: Day, cast: Cast, setup: Setup) -> Script:
    first, known = answer_of(cast.first.got, setup), cast.known.fallback
    fallback = answer_of(known.got, setup) if known is not None else silence(setup)
    if day.url in ("", "in-time"):
        if day.url:
            first = replace(first, seconds=setup.account.fetch_seconds - 0.1)
        return Script(first, _again(day, cast, first, setup), fallback)
    bad = _TAMPERED.get(day.url) or silence(setup)
    return Script(bad, (bad,), silence(setup) if day.url == "both" else fallback)


def _again(day: Day, cast: Cast, first: Answer, setup: Setup) -> tuple[Answer, ...]:
    if day.change == "late":
        return (silence(setup),)
    if day.change in _TAMPERED:
        return (_TAMPERED[day.change],)
    if day.change == "none":
        return (_with_numbers(first, []),)
    if day.change == "new":
        return tuple(_with_numbers(first, [f"+9198124{index:05d}"]) for index in range(12))
    asked = cast.known.stages.get(day.again)
    return (first if asked is None or day.change == "same" else answer_of(asked.got, setup),)


def _with_numbers(answer: Answer, numbers: list[str]) -> Answer:
    """The same answer with other numbers; one that is no JSON object stays as it is."""
    try:
        words = json.loads(answer.body)
    except ValueError:
        return answer
    if not isinstance(words, dict):
        return answer
    return replace(answer, body=json.dumps({**words, "destination": {"numbers": numbers}}).encode())


def _sounds(day: Day, cast: Cast) -> Mapping[str, Sound]:
    sounds = dict(cast.known.sounds)
    plan = cast.plan
    if plan is None:
        return sounds
    fates = {
        "404": Sound(0.0, 404, problem="404"),
        "late": Sound(0.0, 0, after=None),
        "broken": Sound(0.0, 200, problem="it is no audio"),
    }
    if day.sounds in fates and plan.playback is not None:
        sounds[plan.playback.value] = fates[day.sounds]
    elif day.sounds == "404-tone":
        sounds[plan.music_on_hold.value] = fates["404"]
    return sounds


# --- the verdict ----------------------------------------------------------------------------------------


def _judge(day: Day, story: Story, cast: Cast) -> Result:
    if cast.plan is None:
        return _with_nobody(day, story, cast)
    if _asks_what_nobody_knows(day, story, cast):
        why = "not known: your URL was not really asked for its answer after a failed attempt"
        return Result(day.case, Verdict.NOT_RUN, why)
    if day.url and day.url not in ("in-time", "both"):
        return _on_a_bad_day(day, story, cast)
    if day.reach and story.exit != "after_conversation":
        if _given_up(day, cast):
            message = (
                "asked again after a failed attempt (fetch_after_attempt is true), your URL names nobody"
            )
            change = advice.change_for("again.nobody")
            fault = Fault("again.nobody", Verdict.WARNS, "call", message, change, story.exit_why)
            return Result(day.case, Verdict.WARNS, _told(story), (fault,), story=story)
        fault = _lost(day, story)
        return Result(day.case, Verdict.COSTS, _told(story), (fault,), story=story)
    faults = _noticed(day, story)
    verdict = Verdict.WARNS if faults else Verdict.OK
    return Result(day.case, verdict, _told(story), faults, story=story)


def _asks_what_nobody_knows(day: Day, story: Story, cast: Cast) -> bool:
    """The Primary is asked again, and that stage's answer was never fetched (``--read-only``, say)."""
    if day.change or day.url or day.again in cast.known.stages:
        return False
    return sum(request.role == "primary" for request in story.requests) > 1


def _given_up(day: Day, cast: Cast) -> bool:
    """The application itself said after the failed attempt that nobody is left."""
    again = cast.known.stages.get(day.again)
    asks = cast.plan is not None and cast.plan.fetch_after_attempt
    return asks and again is not None and nobody(again)


def _with_nobody(day: Day, story: Story, cast: Cast) -> Result:
    """The first answer dials nobody, and no Fallback does."""
    if nobody(cast.first):
        message = "the answer names nobody, so nobody is dialled"
        change = advice.change_for("numbers.none")
        fault = Fault("numbers.none", Verdict.WARNS, "destination.numbers", message, change, "settled-7")
        faults: tuple[Fault, ...] = (fault,) if day.reach else ()
        return Result(day.case, Verdict.WARNS if faults else Verdict.OK, _told(story), faults, story=story)
    if not day.reach:
        return Result(day.case, Verdict.OK, _told(story), story=story)
    costly = tuple(fault for fault in cast.wrong if fault.verdict is Verdict.COSTS)
    return Result(day.case, Verdict.COSTS, _told(story), costly, story=story)


def _on_a_bad_day(day: Day, story: Story, cast: Cast) -> Result:
    if story.exit == "after_conversation":
        return Result(day.case, Verdict.OK, _told(story), story=story)
    message = "there is no Fallback URL: whenever yours fails, the call is lost"
    if cast.setup.fallback:
        message = "the Fallback URL does not save the call when yours fails"
    change = advice.change_for("fallback.missing")
    fault = Fault("fallback.missing", Verdict.WARNS, "fallback", message, change, "settled-3")
    return Result(day.case, Verdict.WARNS, _told(story), (fault,), story=story)


def _lost(day: Day, story: Story) -> Fault:
    """Somebody would have taken this call."""
    last = next((one for one in reversed(story.decisions) if one.kind == "note"), None)
    code = last.code if last is not None else "call.lost"
    if code == "limit.same-set":
        message = (
            "asked again after a failed attempt (fetch_after_attempt is true), your URL names the same "
            "numbers: that ends the dialling, and the numbers after the first are never rung"
        )
    else:
        message = f"{day.title}, and yet the caller talks to nobody" + (f": {last.what}" if last else "")
    return Fault(code, Verdict.COSTS, "call", message, advice.change_for(code), story.exit_why)


def _noticed(day: Day, story: Story) -> tuple[Fault, ...]:
    """What is off in a call that went as it had to."""
    found = []
    own = day.ident.partition(".")[0]
    if own not in ("exophone", "playback", "tone", "again"):
        for note in story.decisions:
            if note.code.startswith(_TOLD):
                change = advice.change_for(note.code)
                found.append(Fault(note.code, Verdict.WARNS, "call", note.what, change, note.why))
    waited = story.ended_at - story.talk_seconds
    if story.exit != "after_conversation" and waited > LONG_WAIT and not day.change:
        message = f"when {day.title}, the caller waits {waited:.0f} s for nothing"
        found.append(
            Fault("wait.long", Verdict.WARNS, "call", message, advice.change_for("wait.long"), "settled-18")
        )
    return tuple(found)


def _told(story: Story) -> str:
    """One sentence."""
    rung, exit = f"{len(story.legs)} rung", f"exit {story.exit}" if story.exit else "the call is ended"
    if story.talked_to:
        return f"{rung}, a conversation of {story.talk_seconds:.0f} s, {exit}"
    return f"{rung}, {exit} after {story.ended_at:.0f} s"
