"""The bad days, and some good ones, that are played with the answer just received."""

from cordboard.call.causes import Cause
from cordboard.contract.plan import Plan
from cordboard.testing.matrix.scenes import TAKES, TALK, Day, every, then
from cordboard.testing.scenario import NEVER_REPLIES, RINGS_OUT, Caller, Phone, answers, busy

_DECLINES = Phone(fails=(2.0, Cause.DECLINED))
_UNREACHABLE = Phone(rings=None, fails=(0.3, Cause.FAILED), code=503)
_UNKNOWN = Phone(rings=None, fails=(0.3, Cause.FAILED), code=404)
_REFUSED = Phone(rings=None, fails=(0.2, Cause.REJECTED))
_OUT_OF_SERVICE = Phone(rings=None, early=0.5, fails=(6.0, Cause.NO_ANSWER))


def _two(plan: Plan | None) -> str:
    return "" if plan is not None and len(set(plan.numbers)) > 1 else "the answer names one number"


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


def _long(seconds: float) -> Phone:
    return answers(3.0, hangs_up=seconds)


ALL: tuple[Day, ...] = (
    # --- the numbers
    Day("busy.every", "every number is busy", "settled-14", every(busy(1.0)), again="stage.busy"),
    Day("rings-out.every", "nobody answers", "settled-18", every(RINGS_OUT)),
    Day("fails.every", "no number can be reached", "settled-14", every(_UNKNOWN), again="stage.failed"),
    Day("declines.every", "everybody declines", "settled-16", every(_DECLINES), again="stage.busy"),
    Day(
        "silent.every", "the network never replies", "telephony-3", every(NEVER_REPLIES), again="stage.failed"
    ),
    Day("trunk.down", "the trunk is down", "telephony-16", every(_UNREACHABLE), again="stage.failed"),
    Day(
        "trunk.refuses",
        "the trunk refuses our credentials",
        "settled-4",
        every(_REFUSED),
        again="stage.failed",
    ),
    Day(
        "announcement.network",
        "the network plays an announcement and gives up",
        "settled-19",
        every(_OUT_OF_SERVICE),
    ),
    Day("first.answers", "the first number answers", "settled-22", then(TAKES, RINGS_OUT), reach=True),
    Day(
        "second.after-busy",
        "the first is busy, the second answers",
        "settled-14",
        then(busy(1.0)),
        reach=True,
        again="stage.busy",
        only=_two,
    ),
    Day(
        "second.after-ringing",
        "the first rings out, the second answers",
        "settled-14",
        then(RINGS_OUT),
        reach=True,
        only=_two,
    ),
    Day(
        "second.after-failure",
        "the first cannot be reached, the second answers",
        "settled-14",
        then(_UNKNOWN),
        reach=True,
        again="stage.failed",
        only=_two,
    ),
    Day(
        "second.after-silence",
        "the first never replies, the second answers",
        "settled-14",
        then(NEVER_REPLIES),
        reach=True,
        again="stage.failed",
        only=_two,
    ),
    Day(
        "last.answers",
        "only the last number answers",
        "settled-15",
        lambda numbers: {n: TAKES if n == numbers[-1] else busy(1.0) for n in numbers},
        reach=True,
        again="stage.busy",
        only=_two,
    ),
    Day(
        "mixed.nobody",
        "one is busy, the others ring out",
        "settled-16",
        then(busy(1.0), RINGS_OUT),
        again="stage.busy",
        only=_two,
    ),
    Day("both.answer", "all answer at the same moment", "settled-14", every(answers(2.0, TALK)), reach=True),
    # --- ringing and talking
    Day(
        "answers.at-once",
        "the callee answers without ringing",
        "settled-22",
        every(Phone(rings=None, answers=0.0, hangs_up=TALK)),
        reach=True,
    ),
    Day(
        "answers.last-second",
        "the callee answers in the last second of ringing",
        "settled-18",
        every(Phone(answers=28.5, hangs_up=TALK)),
        reach=True,
        only=lambda plan: (
            "" if plan is None or plan.max_ringing_duration >= 30 else "it rings for less than 30 s"
        ),
    ),
    Day(
        "answers.late",
        "the callee picks up just after the ringing has ended",
        "settled-18",
        every(Phone(answers=60.5, hangs_up=TALK)),
    ),
    Day(
        "early.media",
        "the callee's network sends audio while it rings",
        "settled-19",
        every(Phone(early=0.5, answers=6.0, hangs_up=TALK)),
        reach=True,
    ),
    Day(
        "callee.hangs-up-at-once",
        "the callee answers and hangs up after a second",
        "settled-22",
        every(answers(2.0, 1.0)),
    ),
    Day(
        "conversation.limit",
        "the conversation reaches its limit",
        "settled-18",
        every(_long(9000.0)),
        reach=True,
    ),
    Day(
        "callee.holds",
        "the callee puts the caller on hold",
        "telephony-7",
        every(Phone(answers=2.0, hangs_up=40.0, holds=((10.0, True), (25.0, False)))),
        reach=True,
    ),
    Day(
        "callee.dead-audio",
        "the callee's audio dies",
        "telephony-21",
        every(Phone(answers=2.0, dead=35.0)),
        reach=True,
    ),
    # --- the caller
    Day(
        "caller.leaves-asking",
        "the caller hangs up before your URL has answered",
        "settled-22",
        every(TAKES),
        caller=Caller(leaves=0.001),
    ),
    Day(
        "caller.leaves-ringing",
        "the caller hangs up while it rings",
        "settled-22",
        every(RINGS_OUT),
        caller=Caller(leaves=9.0),
    ),
    Day(
        "caller.leaves-talking",
        "the caller hangs up in the conversation",
        "settled-22",
        every(_long(600.0)),
        caller=Caller(leaves=40.0),
        reach=True,
    ),
    Day(
        "caller.dead-audio",
        "the caller's audio dies in the conversation",
        "telephony-21",
        every(_long(600.0)),
        caller=Caller(dead=60.0),
        reach=True,
    ),
    Day(
        "caller.presses",
        "the caller presses keys while it rings",
        "settled-5",
        every(TAKES),
        reach=True,
        caller=Caller(digits=((6.0, "1"), (6.5, "#"))),
    ),
    Day("caller.is-dialled", "the caller is one of the numbers", "settled-13", every(TAKES), loop="caller"),
    Day(
        "exophone.is-dialled",
        "the ExoPhone itself is one of the numbers",
        "settled-13",
        every(TAKES),
        loop="exophone",
    ),
    Day(
        "answer.late-flow",
        "in a flow that answers the caller only with the callee",
        "telephony-5",
        every(TAKES),
        reach=True,
        late=True,
    ),
    # --- your URL on a bad day
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
        every(_long(60.0)),
        reach=True,
        media_lost=25.0,
        only=_recorded,
    ),
    Day(
        "media.lost",
        "the audio has to be set up anew in the conversation",
        "telephony-29",
        every(_long(60.0)),
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
        every(_long(600.0)),
        stops=30.0,
    ),
)
"""In the order in which they are told."""
