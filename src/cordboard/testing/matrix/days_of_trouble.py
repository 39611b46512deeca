"""Days on which the customer's own parts fail: the URL, its later answers, its sounds, its ExoPhone."""

from cordboard.contract.plan import Plan
from cordboard.testing.matrix.scenes import TAKES, Day, every, lasting
from cordboard.testing.scenario import Caller, answers, busy


def _audio(plan: Plan | None) -> str:
    good = plan is not None and plan.playback is not None and plan.playback.type == "audio_url"
    return "" if good else "the answer names no announcement to fetch"


def _playback(plan: Plan | None) -> str:
    return "" if plan is not None and plan.playback is not None else "the answer names no announcement"


def _tone(plan: Plan | None) -> str:
    named = plan is not None and plan.music_on_hold.type == "custom_tone"
    return "" if named else "the answer names no hold tone to fetch"


def _recorded(plan: Plan | None) -> str:
    return "" if plan is not None and plan.record else "the answer asks for no recording"


def _shows(plan: Plan | None) -> str:
    named = plan is not None and plan.outgoing_phone_number is not None
    return "" if named else "the answer names no outgoing_phone_number"


def _asks_again(plan: Plan | None) -> str:
    return (
        "" if plan is not None and plan.fetch_after_attempt else "the answer does not set fetch_after_attempt"
    )


TROUBLE: tuple[Day, ...] = (
    Day("url.silent", "your URL does not answer within 5 s", "settled-3", every(TAKES), url="late"),
    Day("url.500", "your URL answers 500", "settled-3", every(TAKES), url="500"),
    Day("url.refused", "your server is down", "settled-3", every(TAKES), url="refused"),
    Day("url.html", "your URL answers with a page of HTML", "settled-3", every(TAKES), url="html"),
    Day("url.in-time", "your URL needs 4.9 s", "settled-2", every(TAKES), reach=True, url="in-time"),
    Day("url.both", "neither your URL nor the Fallback URL answers", "settled-3", every(TAKES), url="both"),
    # --- asked again
    Day(
        "again.same",
        "asked again, your URL names the same numbers",
        "settled-15",
        every(busy(1.0)),
        change="same",
        only=_asks_again,
    ),
    Day(
        "again.none",
        "asked again, your URL names nobody",
        "settled-7",
        every(busy(1.0)),
        change="none",
        only=_asks_again,
    ),
    Day(
        "again.invalid",
        "asked again, your URL answers 500",
        "settled-3",
        every(busy(1.0)),
        change="500",
        only=_asks_again,
    ),
    Day(
        "again.late",
        "asked again, your URL is silent",
        "settled-3",
        every(busy(1.0)),
        change="late",
        only=_asks_again,
    ),
    Day(
        "again.new",
        "asked again, your URL names somebody new every time",
        "settled-15",
        every(busy(1.0)),
        change="new",
        only=_asks_again,
    ),
    # --- sounds, recording, ExoPhone, engine
    Day(
        "playback.404",
        "the announcement's file is gone (404)",
        "settled-10",
        every(TAKES),
        sounds="404",
        only=_audio,
    ),
    Day(
        "playback.late",
        "the announcement's file takes more than 5 s",
        "settled-10",
        every(TAKES),
        sounds="late",
        only=_audio,
    ),
    Day(
        "playback.broken",
        "the announcement's file cannot be decoded",
        "settled-10",
        every(TAKES),
        reach=True,
        sounds="broken",
        only=_audio,
    ),
    Day(
        "playback.callee-leaves",
        "the callee hangs up during the announcement",
        "settled-20",
        every(answers(2.0, 0.5)),
        only=_playback,
    ),
    Day(
        "playback.caller-leaves",
        "the caller hangs up during the announcement",
        "settled-20",
        every(TAKES),
        caller=Caller(leaves=3.6),
        only=_playback,
    ),
    Day(
        "tone.404",
        "the hold tone's file is gone (404)",
        "settled-10",
        every(TAKES),
        reach=True,
        sounds="404-tone",
        only=_tone,
    ),
    Day(
        "recording.lost",
        "the recording breaks off in the conversation",
        "telephony-29",
        every(lasting(60.0)),
        reach=True,
        media_lost=25.0,
        only=_recorded,
    ),
    Day(
        "media.lost",
        "the audio has to be set up anew in the conversation",
        "telephony-29",
        every(lasting(60.0)),
        reach=True,
        media_lost=25.0,
    ),
    Day(
        "exophone.not-owned",
        "outgoing_phone_number is none of the account's",
        "settled-17",
        every(TAKES),
        reach=True,
        exophone="not-owned",
        only=_shows,
    ),
    Day(
        "exophone.unable",
        "the trunk of outgoing_phone_number cannot dial",
        "telephony-16",
        every(TAKES),
        reach=True,
        exophone="unable",
        only=_shows,
    ),
    Day(
        "exophone.circle",
        "outgoing_phone_number is of another circle",
        "settled-17",
        every(TAKES),
        reach=True,
        exophone="circle",
        only=_shows,
    ),
    Day(
        "engine.stopped",
        "the platform is stopped during the conversation",
        "engine.stopped",
        every(lasting(600.0)),
        stops=30.0,
    ),
)
