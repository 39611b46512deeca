"""The four machines and every timer of RFC 3261 §17 and RFC 6026, with time passed in."""

import pytest

from cordboard.sip.message.message import Request, Response
from cordboard.sip.message.outbound import Outbound
from cordboard.sip.message.reader import read
from cordboard.sip.transaction.client import InviteClient, OtherClient
from cordboard.sip.transaction.machine import Machine, State
from cordboard.sip.transaction.server import InviteServer, OtherServer, server_key
from cordboard.sip.transaction.table import Table
from tests.unit.sip.messages import request, response


def outbound(method: str) -> Outbound:
    return Outbound(
        method,
        "sip:bob@10.0.0.2",
        via="UDP 10.0.0.1:5060",
        branch="z9hG4bKa1",
        from_="<sip:alice@10.0.0.1>;tag=from1",
        to="<sip:bob@10.0.0.2>",
        call_id="call1",
        cseq=1,
    )


def answer(code: int, method: str = "INVITE") -> Response:
    found = read(response(code, method=method))
    assert isinstance(found, Response)
    return found


def asked(method: str = "INVITE", **fields: str) -> Request:
    found = read(request(method, **fields))  # type: ignore[arg-type]
    assert isinstance(found, Request)
    return found


def sends(machine: Machine, until: float) -> list[tuple[float, bytes]]:
    """Run a machine by its own deadlines; when it sent what (the first word)."""
    sent: list[tuple[float, bytes]] = []
    now = 0.0
    while True:
        sent += [(now, data.split(b" ")[0]) for data in machine.poll(now)]
        due = machine.deadline()
        if due is None or due > until:
            return sent
        assert due > now, "a machine that is polled at its deadline must move on"
        now = due


def test_timer_a_doubles_without_bound_and_timer_b_gives_up_after_64_t1() -> None:
    client = InviteClient(outbound("INVITE"), False, 0.0)
    assert [at for at, _ in sends(client, 100)] == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert client.timed_out
    assert client.over


def test_timer_e_doubles_up_to_t2_and_timer_f_gives_up() -> None:
    client = OtherClient(outbound("BYE"), False, 0.0)
    assert [at for at, _ in sends(client, 100)] == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert client.timed_out


def test_timer_e_is_t2_once_a_provisional_came() -> None:
    client = OtherClient(outbound("BYE"), False, 0.0)
    client.poll(0)
    assert client.receive(answer(100, "BYE"), 0.1)
    assert [at for at, _ in sends(client, 12)] == [0.5, 4.5, 8.5]


@pytest.mark.parametrize("kind", [InviteClient, OtherClient])
def test_a_reliable_transport_has_no_retransmission(kind: type[InviteClient] | type[OtherClient]) -> None:
    client = kind(outbound("INVITE" if kind is InviteClient else "BYE"), True, 0.0)
    assert [at for at, _ in sends(client, 100)] == [0]
    assert client.timed_out


def test_a_provisional_stops_retransmission_for_good() -> None:
    client = InviteClient(outbound("INVITE"), False, 0.0)
    client.poll(0)
    assert client.receive(answer(100), 0.2)
    assert client.deadline() is None


def test_timer_d_a_refusal_is_acknowledged_again_and_again_but_told_once() -> None:
    client = InviteClient(outbound("INVITE"), False, 0.0)
    client.poll(0)
    assert client.receive(answer(486), 1.0)
    ack = client.poll(1.0)
    assert [data.split(b" ")[0] for data in ack] == [b"ACK"]
    assert b"To: <sip:bob@10.0.0.2>;tag=to1\r\n" in ack[0]
    assert b"branch=z9hG4bKa1" in ack[0]
    assert not client.receive(answer(486), 2.0)
    assert client.poll(2.0) == ack
    assert client.deadline() == 33.0
    client.poll(33.0)
    assert client.over
    assert not client.timed_out


def test_timer_d_is_zero_on_a_reliable_transport() -> None:
    client = InviteClient(outbound("INVITE"), True, 0.0)
    client.poll(0)
    client.receive(answer(486), 1.0)
    assert len(client.poll(1.0)) == 1
    assert client.over


def test_rfc6026_timer_m_every_2xx_goes_to_the_user() -> None:
    client = InviteClient(outbound("INVITE"), False, 0.0)
    client.poll(0)
    assert client.receive(answer(200), 1.0)
    assert client.state is State.ACCEPTED
    assert client.receive(answer(200), 2.0)
    assert not client.receive(answer(486), 2.0)
    assert client.poll(2.0) == []
    client.poll(33.0)
    assert client.over


def test_timer_k_absorbs_late_responses() -> None:
    client = OtherClient(outbound("BYE"), False, 0.0)
    client.poll(0)
    assert client.receive(answer(200, "BYE"), 1.0)
    assert not client.receive(answer(200, "BYE"), 2.0)
    client.poll(6.0)
    assert client.over
    assert not client.timed_out


def test_a_cancelled_invite_still_takes_a_very_late_2xx() -> None:
    client = InviteClient(outbound("INVITE"), False, 0.0)
    client.poll(0)
    client.receive(answer(180), 1.0)
    client.stop_waiting(40.0)
    assert client.deadline() == 72.0
    assert client.receive(answer(200), 50.0)


def test_a_repeated_invite_gets_the_last_provisional() -> None:
    server = InviteServer(asked(), False)
    server.repeated(0.0)
    assert server.poll(0.0) == []
    server.respond(180, b"180", 0.0)
    assert server.poll(0.0) == [b"180"]
    server.repeated(0.6)
    assert server.poll(0.6) == [b"180"]


def test_timer_g_and_h_a_refusal_is_repeated_until_its_ack() -> None:
    server = InviteServer(asked(), False)
    server.respond(486, b"486", 0.0)
    assert [at for at, _ in sends(server, 100)] == [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert server.unacknowledged


def test_timer_i_after_the_ack_all_is_absorbed() -> None:
    server = InviteServer(asked(), False)
    server.respond(486, b"486", 0.0)
    server.poll(0.0)
    assert not server.acknowledged(1.0)
    server.repeated(2.0)
    assert server.poll(2.0) == []
    assert server.deadline() == 6.0
    server.poll(6.0)
    assert server.over
    assert not server.unacknowledged


def test_timer_i_and_j_are_zero_on_a_reliable_transport() -> None:
    invite = InviteServer(asked(), True)
    invite.respond(486, b"486", 0.0)
    assert [at for at, _ in sends(invite, 10)] == [0]
    invite.acknowledged(1.0)
    assert invite.over
    bye = OtherServer(asked("BYE"), True)
    bye.respond(200, b"200", 0.0)
    assert bye.poll(0.0) == [b"200"]
    assert bye.over


def test_rfc6026_timer_l_accepted_absorbs_repeats_and_lets_the_user_repeat_its_2xx() -> None:
    server = InviteServer(asked(), False)
    server.respond(200, b"200", 0.0)
    assert server.poll(0.0) == [b"200"]
    server.repeated(0.5)
    assert server.poll(0.5) == []
    server.respond(200, b"200", 0.5)
    assert server.poll(0.5) == [b"200"]
    server.respond(486, b"486", 1.0)
    assert server.poll(1.0) == []
    assert server.acknowledged(1.0)
    assert server.deadline() == 32.0


def test_timer_j_a_repeated_bye_gets_the_same_answer_for_64_t1() -> None:
    server = OtherServer(asked("BYE"), False)
    server.respond(200, b"200", 0.0)
    server.respond(500, b"500", 0.0)
    assert server.poll(0.0) == [b"200"]
    server.repeated(31.0)
    assert server.poll(31.0) == [b"200"]
    server.poll(32.0)
    assert server.over


def test_rfc3261_17_2_3_matching_is_by_branch_sent_by_and_method() -> None:
    invite = server_key(asked())
    assert server_key(asked("ACK"), "INVITE") == invite
    assert server_key(asked("CANCEL"), "INVITE") == invite
    assert server_key(asked("CANCEL")) != invite
    assert server_key(asked(via="SIP/2.0/UDP 10.0.0.7:5060")) != invite
    assert server_key(asked(branch="z9hG4bKother")) != invite


def test_rfc2543_matching_without_the_cookie() -> None:
    invite = server_key(asked(branch="1"))
    assert server_key(asked("ACK", branch="1", to="<sip:bob@10.0.0.2>;tag=ours"), "INVITE") == invite
    assert server_key(asked(branch="1", call_id="other")) != invite
    assert server_key(asked(branch="1", cseq="2 INVITE")) != invite
    assert server_key(asked(branch="z9hG4b", call_id="other")) != server_key(asked(branch="z9hG4b"))


def test_the_table_is_bounded_and_forgets_what_is_over() -> None:
    table = Table(most=2)
    first, second = InviteServer(asked(), False), OtherServer(asked("BYE"), False)
    table.add_server(first, 11)
    table.add_server(second, 12)
    assert table.full
    assert table.repeat(11) is first
    table.remove(first)
    table.remove(first)
    assert not table.full
    assert table.repeat(11) is None
    assert table.server(second.key) is second
    assert len(table) == 1
