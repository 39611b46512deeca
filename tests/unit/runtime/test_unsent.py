"""What a call that was cut off still owes: told from its journal."""

from cordboard.call import words as w
from cordboard.runtime.unsent import unsent
from cordboard.store import lines
from cordboard.store.records import OutboxRow

DIAL = w.SendEvent("http://a/e?EventType=Dial", "Dial", "settled-23")
OVER = w.SendEvent("http://a/e?EventType=Terminal", "Terminal", "settled-23", "POST", "text/plain", b"x")
STEPS = (
    lines.begin("ab12", 1000.0),
    lines.step("ab12", 1, 0.5, w.CallerArrived(), [w.AnswerCaller("settled-1"), DIAL]),
    lines.entry("sip", "ab12", 2, 0.6, {"what": "INVITE"}),
    lines.step("ab12", 3, 2.5, w.LegEnded(1), [OVER, DIAL]),
)


def row(number: int, event: w.SendEvent) -> OutboxRow:
    return OutboxRow(f"m{number}", "ab12", number, event.kind, event.url)


def test_f2_what_was_decided_and_is_not_in_the_outbox_is_owed() -> None:
    assert [(one.at, one.event) for one in unsent(STEPS, [])] == [(0.5, DIAL), (2.5, OVER), (2.5, DIAL)]
    assert [one.event for one in unsent(STEPS, [row(1, DIAL)])] == [OVER, DIAL]
    assert [one.event for one in unsent(STEPS, [row(1, DIAL), row(2, OVER)])] == [DIAL]


def test_f2_what_is_in_the_outbox_is_owed_no_second_time() -> None:
    assert unsent(STEPS, [row(1, DIAL), row(2, OVER), row(3, DIAL)]) == ()


def test_a_journal_without_a_beginning_owes_what_it_says() -> None:
    assert [one.event for one in unsent(STEPS[1:], [])] == [DIAL, OVER, DIAL]
    assert unsent((), []) == ()
