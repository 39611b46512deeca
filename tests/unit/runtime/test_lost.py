"""What a call's journal tells of a call that never came to its end."""

from cordboard.call.words import AnswerCaller, CallerArrived, LegRinging, Note
from cordboard.runtime.lost import Known, last_known
from cordboard.store import lines

BEGIN = lines.begin("c1", 1000.0, {})


def test_a_call_that_was_answered_is_known_to_have_been() -> None:
    steps = [
        BEGIN,
        lines.step("c1", 1, 0.5, CallerArrived(), (Note("a", "b", "c"), AnswerCaller("flow.answer"))),
        lines.step("c1", 2, 3.25, LegRinging(1), ()),
        lines.entry("sip", "c1", 3, 4.5, {"what": "→ INVITE"}),
    ]
    assert last_known(steps) == Known(0.5, 4.5)


def test_a_call_that_was_not_answered_ends_where_it_was_last_heard_of() -> None:
    assert last_known([BEGIN, lines.step("c1", 1, 2.0, LegRinging(1), ())]) == Known(None, 2.0)
    assert last_known([BEGIN]) == last_known([]) == Known(None, 0.0)
