"""A played world told as a Story."""

from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from cordboard.applets.connect.settings import EXITS
from cordboard.call import verdicts
from cordboard.call.causes import Cause, Side
from cordboard.call.scene import Clip, HoldMusic, Party, Recording, Ringback, Source
from cordboard.call.words import (
    AnswerCaller,
    Bridge,
    CallerHungUp,
    Command,
    Dial,
    EndCall,
    Event,
    Fetch,
    Finish,
    HangUpCaller,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegProgressed,
    LegRinging,
    Note,
    PrepareSound,
    ProgressCaller,
    RejectCaller,
    Release,
    SendEvent,
    Transfer,
)
from cordboard.contract.answer import effective, read_answer
from cordboard.contract.gather import read_gather
from cordboard.contract.plan import Problem
from cordboard.contract.request import connect_url
from cordboard.testing.playing import Asking, PlayedWorld
from cordboard.testing.story import LEAST, Decision, DialEvent, Heard, Leg, Recorded, Request, Story


def tell(world: PlayedWorld, accept: frozenset[str]) -> Story:
    """The story of a world that has been run. ``accept``: the applet's options (settled 12)."""
    facts, account = world.facts, world.scenario.account
    exits = (finish for finish in world.seen(Finish) if finish.exit in EXITS)
    finish = next(exits, None) or Finish("", world.seen(EndCall)[-1].why)
    ended_at, ended_by, final = _end(world)
    following = urlsplit(connect_url("http://x", facts, account, ended_at)).query
    return Story(
        caller=facts.caller,
        exophone=facts.exophone,
        sid=facts.sid,
        exit=finish.exit,
        exit_why=finish.why,
        call_type=facts.call_type,
        dial_status=facts.dial_status,
        ended_at=_round(ended_at),
        ended_by=ended_by,
        final=final,
        hears=_heard(world, 0, _begins(world), ended_at),
        legs=_legs(world),
        requests=tuple(_request(world, asking, accept) for asking in world.asked),
        events=tuple(_dial_event(*sent) for sent in world.sent),
        recordings=_recordings(world, ended_at),
        decisions=tuple(_decisions(world)),
        next_request=dict(parse_qsl(following, keep_blank_values=True)),
        ladder=world.ladder(),
    )


def _round(seconds: float) -> float:
    """Milliseconds are enough for anybody who reads."""
    return round(seconds, 3)


# --- the caller -----------------------------------------------------------------------------------------


def _begins(world: PlayedWorld) -> float:
    """From when on the caller hears what we send."""
    return next(
        (entry.at for entry in world.transcript if isinstance(entry.what, AnswerCaller | ProgressCaller)), 0.0
    )


def _end(world: PlayedWorld) -> tuple[float, str, int]:
    """When and by whom the call was ended, and the status that refused an unanswered caller."""
    for entry in world.transcript:
        match entry.what:
            case CallerHungUp():
                return entry.at, "caller", 0
            case HangUpCaller():
                return entry.at, "platform", 0
            case RejectCaller(code):
                return entry.at, "platform", code
            case _:
                pass
    return world.now, "platform", 0


def _heard(world: PlayedWorld, leg: int, begins: float, ends: float) -> tuple[Heard, ...]:
    """What a leg heard between two moments, each piece with its end."""
    pieces = world.heard(leg)
    heard = []
    for (at, source), until in zip(pieces, [at for at, _ in pieces[1:]] + [ends], strict=True):
        start, stop = max(at, begins), min(until, ends)
        if stop - start > LEAST:
            kind, what = _sound(world, source, start)
            heard.append(Heard(_round(start), _round(stop), kind, what))
    return tuple(heard)


def _sound(world: PlayedWorld, source: Source, at: float) -> tuple[str, str]:
    match source:
        case HoldMusic():
            return "hold_music", "hold music"
        case Ringback():
            return "ringing", "ringing tone"
        case Clip(sound, _, loop):
            asked, _ = world.sounds[sound]
            if loop:
                return "tone", f"hold tone {asked.value}"
            return "announcement", f"announcement “{asked.value}”"
        case Party(0):
            return "talk", f"the caller {world.facts.caller}"
        case Party(leg):
            dial = next(dial for dial in world.seen(Dial) if dial.leg == leg)
            bridged = any(
                isinstance(entry.what, Bridge) and entry.what.leg == leg and entry.at <= at
                for entry in world.transcript
            )
            if bridged:
                return "talk", dial.number
            return "early_media", f"the network of {dial.number}"
        case _:
            return "silence", "silence"


# --- legs -----------------------------------------------------------------------------------------------


def _legs(world: PlayedWorld) -> tuple[Leg, ...]:
    legs: dict[int, Leg] = {}
    for entry in world.transcript:
        match entry.what:
            case Dial(leg, number, shown, why=why):
                legs[leg] = Leg(leg, number, shown, _round(entry.at), why=why)
            case Bridge(leg):
                legs[leg] = replace(legs[leg], bridged_at=_round(entry.at))
            case Release(leg, cause, why):
                legs[leg] = _released(legs[leg], cause, why, _round(entry.at))
            case LegRinging() | LegProgressed() | LegAnswered() | LegFailed() | LegEnded() as event:
                legs[event.leg] = _said(legs[event.leg], event, _round(entry.at))
            case _:
                pass
    return tuple(_with_ears(world, leg) for leg in legs.values())


def _said(leg: Leg, event: Event, at: float) -> Leg:
    """What its phone told, before we let it go."""
    if leg.ended_at is not None:
        return leg
    match event:
        case LegRinging() | LegProgressed() if leg.rang_at is None:
            return replace(leg, rang_at=at)
        case LegAnswered():
            return replace(leg, answered_at=at)
        case LegFailed(_, cause, code):
            by = verdicts.disconnected_by(cause).value
            return replace(leg, ended_at=at, end=cause.value, code=code, by=by)
        case LegEnded(_, cause, by=side):
            early = leg.bridged_at is None and cause is Cause.NORMAL
            end = Cause.NO_ANSWER if early else cause  # it left during the announcement (settled 20)
            return replace(leg, ended_at=at, end=end.value, by=side.value)
        case _:
            return leg


def _released(leg: Leg, cause: Cause, why: str, at: float) -> Leg:
    if leg.ended_at is not None:
        return leg
    end = cause
    if cause is Cause.LIMIT and leg.answered_at is None:
        end = verdicts.rang_out(leg.rang_at is not None)
    by = Side.CALLER if why == "settled-22" else Side.PLATFORM
    return replace(leg, ended_at=at, end=end.value, by=by.value, why=why)


def _with_ears(world: PlayedWorld, leg: Leg) -> Leg:
    if leg.answered_at is None or leg.ended_at is None:
        return leg
    return replace(leg, hears=_heard(world, leg.leg, leg.answered_at, leg.ended_at))


# --- requests, events, recordings -----------------------------------------------------------------------


def _request(world: PlayedWorld, asking: Asking, accept: frozenset[str]) -> Request:
    fetch, answer = asking.fetch, asking.answer
    sent = tuple(parse_qsl(urlsplit(fetch.url).query, keep_blank_values=True))
    seconds = answer.seconds or 0.0
    late = answer.status != 0 and seconds >= fetch.seconds
    status = 0 if late else answer.status
    error = f"no answer in {fetch.seconds:g} seconds" if late else answer.error
    told = Request(
        at=_round(asking.at),
        role=fetch.role,
        url=fetch.url,
        parameters=dict(sent),
        sent=sent,
        why=fetch.why,
        status=status,
        media_type=answer.media_type,
        body=answer.body.decode(errors="replace"),
        error=error,
        seconds=_round(seconds),
        outcome="fallback",
        applet=asking.applet,
    )
    if not status:
        text = f"the {fetch.role} URL gave no answer: {error}"
        code = "fetch.timeout" if late or seconds >= fetch.seconds else "fetch.failed"
        return replace(told, problems=(Problem("url", code, "error", text, "settled-2"),))
    account = world.scenario.account
    if asking.applet == "gather":
        gathered = read_gather(status, answer.media_type, answer.body, account)
        if gathered.gather is None:
            return replace(told, problems=gathered.problems)
        effect = gathered.gather.effective()
        return replace(told, outcome="gather", effective=effect, problems=gathered.problems)
    reading = read_answer(
        status, answer.media_type, answer.body, account, loops=world.facts.loops, accept=accept
    )
    return replace(
        told,
        outcome=reading.outcome,
        numbers=reading.plan.numbers if reading.plan is not None else (),
        effective=effective(reading.plan),
        problems=reading.problems,
    )


def _dial_event(at: float, event: SendEvent, answer: object) -> DialEvent:
    parameters = dict(parse_qsl(urlsplit(event.url).query, keep_blank_values=True))
    status = getattr(answer, "status", None)
    return DialEvent(
        _round(at), event.kind, parameters.get("DialWhomNumber", ""), event.url, parameters, status
    )


def _recordings(world: PlayedWorld, ended_at: float) -> tuple[Recorded, ...]:
    began: dict[str, tuple[float, Recording]] = {}
    ended: dict[str, float] = {}
    for at, scene in world.scenes:
        now = scene.recording
        if now is not None:
            began.setdefault(now.name, (at, now))
        for name in began:
            if now is None or now.name != name:
                ended.setdefault(name, at)
    return tuple(
        Recorded(name, _round(at), _round(ended.get(name, ended_at)), "dual" if recording.dual else "single")
        for name, (at, recording) in began.items()
    )


# --- decisions ------------------------------------------------------------------------------------------


def _decisions(world: PlayedWorld) -> list[Decision]:
    numbers = {dial.leg: dial.number for dial in world.seen(Dial)}
    decisions = []
    for entry in world.transcript:
        why = getattr(entry.what, "why", "")
        if why:
            kind, what = _decided(entry.what, numbers)  # type: ignore[arg-type]
            code = entry.what.code if isinstance(entry.what, Note) else ""
            decisions.append(Decision(_round(entry.at), kind, what, why, code))
    return decisions


def _decided(command: Command, numbers: dict[int, str]) -> tuple[str, str]:
    """The command in one word and in a few."""
    match command:
        case AnswerCaller():
            return "answer", "the caller is answered"
        case ProgressCaller():
            return "progress", "the caller gets early media"
        case RejectCaller(code, text):
            return "reject", f"the caller is refused: {code} {text}"
        case HangUpCaller():
            return "hang_up", "the caller is hung up"
        case Fetch(_, _, role):
            return "fetch", f"the {role} URL is asked"
        case PrepareSound(_, kind, value):
            return "sound", f"{value or kind} is {'spoken' if kind == 'text' else 'fetched'}"
        case Dial(_, number, shown, seconds):
            return "dial", f"{number} is rung for {seconds:g} s and sees {shown}"
        case Release(leg, cause):
            return "release", f"{numbers.get(leg, leg)} is let go: {cause.value}"
        case Bridge(leg):
            return "bridge", f"the caller and {numbers.get(leg, leg)} are joined"
        case SendEvent(_, kind):
            return "event", f"the event {kind} is sent"
        case Note(code, text):
            return "entered" if code == "applet.entered" else "note", text
        case Transfer(flow):
            return "transfer", f"the call goes on in flow {flow}"
        case Finish(exit):
            return "exit", f"the exit {exit} is taken"
        case EndCall():
            return "end", "the call is over"
