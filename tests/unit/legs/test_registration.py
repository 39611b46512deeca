"""When a trunk is registered with, and what the answers mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordboard.legs.registration import Answer, Phase, Registration, Send, Status, read_answer
from cordboard.sip.endpoint.words import Reply

TAKEN = Answer(200, "OK", granted=600)
REFUSED = Answer(403, "Forbidden")
SILENT = Answer(408, "Request Timeout", local=True)
AWAY = Answer(503, "Service Unavailable", retry_after=120)


def machine(registrars: int = 1, draw: float = 0.5, wanted: int = 600) -> Registration:
    made = Registration(wanted, registrars, lambda: draw)
    made.start(0.0)
    return made


def asked(made: Registration, now: float, answer: Answer) -> Send:
    """It sends now, and this comes back at once."""
    send = made.poll(now)
    assert send is not None
    assert made.poll(now) is None, "one request at a time"
    made.answered(answer, now)
    return send


def test_it_registers_at_once_and_again_before_what_was_granted_ends() -> None:
    made = machine()
    assert made.status(0) == Status(Phase.TRYING)
    assert asked(made, 0, TAKEN) == Send(0, 600)
    assert made.status(1) == Status(Phase.REGISTERED, 0, 600.0)
    assert made.deadline() == 480.0 and made.poll(479) is None
    assert asked(made, 480, Answer(200, "OK", granted=100)) == Send(0, 600)
    assert made.status(480).until == 580.0


@pytest.mark.parametrize(("draw", "at"), [(0.0, 450.0), (1.0, 510.0)])
def test_refreshes_are_spread(draw: float, at: float) -> None:
    made = machine(draw=draw)
    asked(made, 0, TAKEN)
    assert made.deadline() == at


def test_failures_are_retried_from_30_seconds_doubling_to_30_minutes() -> None:
    made, now, waits = machine(), 0.0, []
    for _ in range(9):
        asked(made, now, SILENT)
        due = made.deadline()
        assert due is not None
        waits.append(due - now)
        now = due
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    assert made.status(now) == Status(Phase.FAILED, 0, 0.0, "the registrar did not answer")


@pytest.mark.parametrize("draw", [0.0, 0.3, 1.0])
def test_the_waits_are_spread_within_their_bounds(draw: float) -> None:
    made, now = machine(draw=draw), 0.0
    for place in range(12):
        asked(made, now, REFUSED)
        due = made.deadline()
        assert due is not None and 30 <= due - now <= 1800
        assert due - now == pytest.approx(min(1800, max(30, 30 * 2**place * (0.75 + draw / 2))))
        now = due


def test_a_success_ends_the_waiting() -> None:
    made = machine()
    asked(made, 0, REFUSED)
    asked(made, 30, REFUSED)
    asked(made, 90, TAKEN)
    assert made.status(91) == Status(Phase.REGISTERED, 0, 690.0)
    asked(made, 570, REFUSED)
    assert made.deadline() == 600.0


def test_the_next_registrar_is_tried_at_once_and_kept() -> None:
    made = machine(registrars=3)
    assert asked(made, 0, SILENT) == Send(0, 600)
    assert asked(made, 0, AWAY) == Send(1, 600)
    assert asked(made, 0, TAKEN) == Send(2, 600)
    assert made.status(1) == Status(Phase.REGISTERED, 2, 600.0)
    assert asked(made, 480, TAKEN) == Send(2, 600)
    # It fails: the first is tried again, which nothing holds back any more.
    assert asked(made, 960, SILENT) == Send(2, 600)
    assert asked(made, 960, TAKEN) == Send(0, 600)


def test_when_all_have_failed_the_round_begins_again_later() -> None:
    made = machine(registrars=2)
    for _ in range(2):
        asked(made, 0, SILENT)
    assert made.deadline() == 30.0
    assert [asked(made, 30, SILENT).registrar for _ in range(2)] == [0, 1]
    assert made.deadline() == 90.0


def test_retry_after_is_honoured() -> None:
    made = machine()
    asked(made, 0, AWAY)
    assert made.deadline() == 120.0
    both = machine(registrars=2)
    asked(both, 0, AWAY)
    asked(both, 0, SILENT)
    assert both.poll(30) == Send(1, 600)
    both.answered(SILENT, 30)
    assert both.poll(119) is None
    assert both.poll(120) == Send(0, 600)
    forever = machine()
    asked(forever, 0, Answer(503, "x", retry_after=10**9))
    assert forever.deadline() == 3600.0


def test_rfc3261_10_2_8_an_interval_too_brief_is_asked_for_longer_at_once() -> None:
    made = machine(wanted=60)
    assert asked(made, 0, Answer(423, "Interval Too Brief", least=300)) == Send(0, 60)
    assert asked(made, 0, TAKEN) == Send(0, 300)


@pytest.mark.parametrize("least", [0, 60, 10**8])
def test_a_423_that_asks_for_nothing_new_is_a_failure(least: int) -> None:
    made = machine(wanted=60)
    asked(made, 0, Answer(423, "Interval Too Brief", least=least))
    assert made.deadline() == 30.0 and made.status(0).phase is Phase.FAILED


def test_no_time_granted_is_a_failure() -> None:
    made = machine()
    asked(made, 0, Answer(200, "OK", granted=0))
    assert made.status(0) == Status(Phase.FAILED, 0, 0.0, "the registrar granted no time")


def test_a_failed_refresh_leaves_the_registration_until_it_ends() -> None:
    made = machine()
    asked(made, 0, TAKEN)
    asked(made, 480, Answer(500, "Server Error"))
    status = made.status(481)
    assert (status.phase, status.until) == (Phase.REGISTERED, 600.0)
    assert status.why == "the registrar answered 500 Server Error"
    assert made.deadline() == 510.0
    asked(made, 510, REFUSED)
    assert made.deadline() == 570.0
    asked(made, 570, REFUSED)
    assert made.deadline() == 600.0, "its end is a deadline of its own"
    assert made.poll(600) is None
    assert made.status(600).phase is Phase.FAILED


def test_a_short_registration_is_retried_soon_while_it_stands() -> None:
    made = machine()
    asked(made, 0, Answer(200, "OK", granted=60))
    asked(made, 48, REFUSED)
    assert made.deadline() == 54.0


def test_a_lost_connection_is_answered_by_registering_anew_within_5_seconds() -> None:
    made = machine()
    made.hurry(0)
    assert made.deadline() == 0.0
    asked(made, 0, TAKEN)
    made.hurry(100)
    assert made.deadline() == 103.0
    assert made.poll(103) == Send(0, 600)
    made.hurry(104)
    made.answered(TAKEN, 105)
    assert made.deadline() == 585.0
    made.hurry(584)
    assert made.deadline() == 585.0


def test_our_binding_is_taken_out_at_the_end() -> None:
    made = machine()
    asked(made, 0, TAKEN)
    made.stop(100)
    assert not made.over
    assert asked(made, 100, Answer(200, "OK")) == Send(0, 0)
    assert made.over and made.status(101) == Status(Phase.UNREGISTERED)
    assert made.deadline() is None and made.poll(1000) is None


def test_leaving_does_not_wait_for_a_registrar_that_refuses() -> None:
    made = machine()
    asked(made, 0, TAKEN)
    made.stop(100)
    asked(made, 100, SILENT)
    assert made.over and made.status(101).phase is Phase.UNREGISTERED


def test_leaving_while_unregistered_sends_nothing() -> None:
    made = machine()
    asked(made, 0, REFUSED)
    made.stop(10)
    assert made.over and made.poll(1000) is None


def test_a_registration_that_crosses_our_leaving_is_taken_out() -> None:
    made = machine()
    assert made.poll(0) == Send(0, 600)
    made.stop(1)
    assert not made.over and made.poll(1) is None
    made.answered(TAKEN, 2)
    assert made.poll(2) == Send(0, 0)
    made.answered(Answer(200, "OK"), 3)
    assert made.over


def test_a_refresh_that_fails_while_we_leave_is_followed_by_our_leaving() -> None:
    made = machine()
    asked(made, 0, TAKEN)
    assert made.poll(480) == Send(0, 600)
    made.stop(481)
    made.answered(SILENT, 512)
    assert made.poll(512) == Send(0, 0)
    made.answered(SILENT, 544)
    assert made.over


@given(
    st.lists(
        st.tuples(
            st.builds(
                Answer,
                st.sampled_from([200, 401, 403, 408, 423, 500, 503]),
                st.just("x"),
                st.integers(0, 10**6),
                st.integers(0, 10**6),
                st.integers(0, 10**6),
                st.booleans(),
            ),
            st.floats(0, 40),
        ),
        max_size=30,
    ),
    st.integers(1, 4),
    st.floats(0, 1),
)
def test_whatever_comes_back_it_goes_on_and_never_hammers(
    answers: list[tuple[Answer, float]], registrars: int, draw: float
) -> None:
    made, now, sent = Registration(600, registrars, lambda: draw), 0.0, []
    made.start(now)
    for answer, took in answers:
        send = None
        while send is None:
            due = made.deadline()
            assert due is not None and due - now <= 86_400
            now = max(now, due)
            send = made.poll(now)
        sent.append(now)
        now += took
        made.answered(answer, now)
        assert (made.status(now).until > now) == (made.status(now).phase is Phase.REGISTERED)
    # A round of registrars with one longer interval each, then a wait of at least 5 s; a grant of a second
    # or two may be refreshed sooner.
    granted = [a.granted for a, _ in answers if a.code == 200]
    if all(seconds == 0 or seconds > 20 for seconds in granted):
        for first, last in zip(sent, sent[2 * registrars + 3 :], strict=False):
            assert last - first >= 5
    made.stop(now)
    for _ in range(3):
        if made.poll(now) is not None:
            made.answered(SILENT, now)
    assert made.over


# --- replies ----------------------------------------------------------------------------------------------

CONTACT = "sip:4021@198.51.100.1:5060"


def reply(*headers: tuple[str, str], code: int = 200) -> Reply:
    return Reply(code, "OK", headers)


@pytest.mark.parametrize(
    ("headers", "granted"),
    [
        ((), 600),
        ((("Expires", "300"),), 300),
        ((("Contact", f"<{CONTACT}>;expires=120"), ("Expires", "300")), 120),
        ((("Contact", f"<sip:4021@10.9.9.9>;expires=5, <{CONTACT}>;q=1;expires=77"),), 77),
        ((("Contact", "<sip:4021@10.9.9.9>;expires=5"), ("Contact", "<sip:4021@198.51.100.1>;expires=9")), 9),
        ((("Contact", "<sip:4021@10.9.9.9>;expires=5"),), 600),
        ((("Contact", f"<{CONTACT}>;expires=soon"), ("Expires", "x")), 600),
        ((("Contact", '"never closed <sip:'),), 600),
        ((("Contact", f"<{CONTACT}>;expires=0"),), 0),
    ],
)
def test_rfc3261_10_2_4_what_was_granted(headers: tuple[tuple[str, str], ...], granted: int) -> None:
    assert read_answer(reply(*headers), CONTACT, 600) == Answer(200, "OK", granted=granted)


def test_what_a_refusal_says() -> None:
    found = read_answer(reply(("Min-Expires", "90"), ("Retry-After", "5 (busy)"), code=423), CONTACT, 60)
    assert found == Answer(423, "OK", least=90, retry_after=5)
    local = read_answer(Reply(503, "it could not be sent", local=True), "", 60)
    assert local.problem == "it could not be sent"


@given(st.text(max_size=80), st.text(max_size=20))
def test_any_reply_can_be_read(contact: str, number: str) -> None:
    found = reply(("Contact", contact), ("Expires", number), ("Min-Expires", number), ("Retry-After", number))
    assert read_answer(found, CONTACT, 60).granted >= 0
    assert read_answer(Reply(423, "x", found.headers), CONTACT, 60).least >= 0
