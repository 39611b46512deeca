"""Days that phones, networks and the caller make, good ones among them."""

from cordboard.call.causes import Cause
from cordboard.contract.plan import Plan
from cordboard.testing.matrix.scenes import TAKES, TALK, Day, every, lasting, then
from cordboard.testing.scenario import NEVER_REPLIES, RINGS_OUT, Caller, Phone, answers, busy

_DECLINES = Phone(fails=(2.0, Cause.DECLINED))
_UNREACHABLE = Phone(rings=None, fails=(0.3, Cause.FAILED), code=503)
_UNKNOWN = Phone(rings=None, fails=(0.3, Cause.FAILED), code=404)
_REFUSED = Phone(rings=None, fails=(0.2, Cause.REJECTED))
_OUT_OF_SERVICE = Phone(rings=None, early=0.5, fails=(6.0, Cause.NO_ANSWER))


def _two(plan: Plan | None) -> str:
    return "" if plan is not None and len(set(plan.numbers)) > 1 else "the answer names one number"


def _own_list(plan: Plan | None) -> str:
    """With ``fetch_after_attempt`` the second of several later answers is not known."""
    if plan is not None and plan.fetch_after_attempt:
        return "the answer sets fetch_after_attempt, so later answers decide"
    return _two(plan)


PEOPLE: tuple[Day, ...] = (
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
        only=_own_list,
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
        every(lasting(9000.0)),
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
        every(lasting(600.0)),
        caller=Caller(leaves=40.0),
        reach=True,
    ),
    Day(
        "caller.dead-audio",
        "the caller's audio dies in the conversation",
        "telephony-21",
        every(lasting(600.0)),
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
)
