"""Several devices of one phone seen as one leg (§16.7, telephony.md 2)."""

import pytest

from cordboard.call.causes import Cause
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.causes import COMPLETED_ELSEWHERE, reason_for
from cordboard.legs.phones.fork import Fork, best
from cordboard.sip.dialog.words import Accepted, Ended, OfferAnswered, Progressed, Refused, SessionEvent
from cordboard.sip.endpoint.words import Address, Outgoing
from tests.unit.legs.fakes import FakeEndpoint, FakeSession


class Rung:
    """A fork over so many devices; what its owner was told."""

    def __init__(self, devices: int = 3) -> None:
        self.told: list[SessionEvent] = []
        self.open: list[str] = []
        endpoint = FakeEndpoint()
        outgoings = [
            Outgoing(Address("udp", f"10.0.0.{n}", 5060), f"sip:a@10.0.0.{n}", "sip:x@y", "sip:a@y", b"offer")
            for n in range(devices)
        ]
        self.fork = Fork(
            endpoint.invite,
            outgoings,
            self.told.append,
            None,
            opened=lambda session: self.open.append(session.call_id),
            closed=self.open.remove,
        )
        self.devices: list[FakeSession] = endpoint.sessions


def test_the_first_that_answers_is_it_and_the_others_are_told_why() -> None:
    rung = Rung()
    rung.devices[1].tell(Progressed(180, "Ringing"))
    rung.devices[2].tell(Accepted(200, b"answer"))
    assert rung.told == [Progressed(180, "Ringing"), Accepted(200, b"answer")]
    for loser in rung.devices[:2]:
        assert loser.reasons == (COMPLETED_ELSEWHERE,)
    assert rung.devices[2].names == []
    assert rung.fork.call_id == rung.devices[2].call_id
    rung.devices[0].tell(Refused(487, "Request Terminated"))
    rung.devices[1].tell(Ended(False))  # its 200 crossed the CANCEL
    assert len(rung.told) == 2
    rung.fork.offer(b"hold")
    rung.devices[2].tell(OfferAnswered(b"held"))
    rung.devices[2].tell(Ended(True))
    assert rung.devices[2].names == ["offer"]
    assert rung.told[2:] == [OfferAnswered(b"held"), Ended(True)]
    assert rung.open == []


def test_failures_are_told_once_as_the_best_of_them() -> None:
    rung = Rung()
    rung.devices[0].tell(Refused(408, "Request Timeout", local=True))
    rung.devices[1].tell(Refused(486, "Busy Here"))
    assert rung.told == []
    rung.devices[2].tell(Refused(480, "Temporarily Unavailable"))
    assert rung.told == [Refused(486, "Busy Here")]


def test_a_6xx_speaks_for_the_person_and_stops_the_others() -> None:
    rung = Rung()
    rung.devices[1].tell(Refused(603, "Decline"))
    assert rung.told == []
    assert rung.devices[0].names == rung.devices[2].names == ["release 480"]
    rung.devices[0].tell(Refused(487, "Request Terminated"))
    rung.devices[2].tell(Refused(487, "Request Terminated"))
    assert rung.told == [Refused(603, "Decline")]


def test_a_release_reaches_every_device_and_ends_once_all_are_over() -> None:
    rung = Rung()
    reason = reason_for(Cause.CANCELED, answered=False)
    rung.devices[0].tell(Refused(404, "Not Found"))
    rung.fork.release(reason)
    rung.fork.release(reason)
    assert [device.names for device in rung.devices] == [[], ["release 480"], ["release 480"]]
    assert rung.devices[1].reasons == (reason,)
    rung.devices[1].tell(Refused(487, "Request Terminated"))
    assert rung.told == []
    rung.devices[2].tell(Ended(False, why="answered after the release"))
    assert len(rung.told) == 1 and isinstance(rung.told[0], Refused)


def test_a_release_after_the_answer_goes_to_the_one_that_answered() -> None:
    rung = Rung(2)
    rung.devices[0].tell(Accepted(200, b"answer"))
    rung.fork.release()
    assert rung.devices[0].names == ["release 480"]


def test_telephony_23_the_first_device_with_early_media_is_heard_until_it_fails() -> None:
    rung = Rung()
    rung.devices[0].tell(Progressed(183, "", b"one"))
    rung.devices[1].tell(Progressed(183, "", b"two"))
    rung.devices[0].tell(Refused(480, ""))
    rung.devices[2].tell(Progressed(183, "", b"three"))
    assert [event.body for event in rung.told if isinstance(event, Progressed)] == [b"one", b"", b"three"]


@pytest.mark.parametrize(
    ("codes", "code"),
    [((486, 503), 486), ((503, 404, 480), 480), ((302, 503), 503), ((603, 486), 603), ((401, 408), 408)],
)
def test_the_best_of_several_answers(codes: tuple[int, ...], code: int) -> None:
    assert best([Refused(one, "") for one in codes]).code == code


def test_an_answer_that_came_counts_before_one_that_our_stack_made_up() -> None:
    assert best([Refused(408, "", local=True), Refused(500, "")]).code == 500


def test_a_contact_that_cannot_be_written_is_left_out_and_none_at_all_is_an_error() -> None:
    def refuse(*anything: object) -> FakeSession:
        raise BadInput("Request-URI", "no URI")

    outgoing = Outgoing(Address("udp", "10.0.0.1", 5060), "x", "sip:x@y", "sip:a@y", b"")
    told: list[SessionEvent] = []
    with pytest.raises(BadInput):
        Fork(refuse, [outgoing], told.append, None, opened=lambda session: None, closed=lambda name: None)
