"""Somebody elsewhere who knows all that was said sends requests into live calls (reliability.md S8)."""

from cordboard.sip.endpoint.words import Address
from cordboard.testing.scenario import Scenario, answer, answers, connect_flow
from cordboard.testing.stage import CARRIER, ENGINE, EXCHANGE, Stage, act
from cordboard.testing.virtual_time import pause
from cordboard.testing.wire import Passed
from tests.wire.engine import PLAIN, header
from tests.world.helpers import A

STRANGER = Address("udp", "203.0.113.66", 5060)
TALK = 30.0
METHODS = ("BYE", "INVITE", "UPDATE", "INFO", "REFER")


def attacked(calls: int) -> tuple[Stage, int]:
    """So many calls at once, each attacked while it rings and while it talks. The stage, and how many
    messages were sent by the attacker."""
    sent = 0

    async def story(stage: Stage) -> None:
        nonlocal sent
        for nth in range(calls):
            stage.ring(f"+9198765{nth:05d}")
        await pause(4)
        for invite in _first(stage, "INVITE", EXCHANGE, ENGINE).values():
            for source in (STRANGER, Address("udp", STRANGER.host, EXCHANGE.port + 1)):
                stage.wire.inject(_cancel(invite.data), source, ENGINE)
                sent += 1
        await pause(10)
        for data in (one for dialog in _dialogs(stage) for one in dialog):
            stage.wire.inject(data, STRANGER, ENGINE)
            sent += 1

    scenario = Scenario(flow=connect_flow(answer="late"), phones={A: answers(6.0, TALK)})
    return act(story, scenario, replies=lambda asked: answer(A), ports=4 * calls), sent


def check(stage: Stage, calls: int) -> None:
    """Every call went as it would have gone."""
    assert stage.left_over() == {}
    rows = stage.journal.rows("calls")
    assert len(rows) == calls
    assert all((row["call_type"], row["talk_seconds"]) == ("completed", round(TALK)) for row in rows)
    told = {one.line.split(" ")[0] for one in stage.wire.passed if one.target.host == STRANGER.host}
    assert told <= {"481"}
    # nothing of ours went anywhere but to those who belong to the calls
    places = {one.target for one in stage.wire.passed if one.source == ENGINE} - {CARRIER, EXCHANGE}
    assert {place.host for place in places} <= {STRANGER.host}


def _first(stage: Stage, line: str, source: Address, target: Address) -> dict[str, Passed]:
    """The first message of this kind, by Call-ID."""
    found: dict[str, Passed] = {}
    for one in stage.wire.passed:
        if one.line == line and one.source == source and one.target == target:
            found.setdefault(header(one.data, "Call-ID"), one)
    return found


def _cancel(invite: bytes) -> bytes:
    head = invite.partition(b"\r\n\r\n")[0].split(b"\r\n")
    kept = [line for line in head if line.startswith((b"Via", b"From", b"To", b"Call-ID", b"Max"))]
    start = head[0].replace(b"INVITE", b"CANCEL", 1)
    number = header(invite, "CSeq").split()[0].encode()
    return b"\r\n".join([start, *kept, b"CSeq: " + number + b" CANCEL", b"Content-Length: 0", b"", b""])


def _dialogs(stage: Stage) -> list[list[bytes]]:
    """Requests in each dialog as its far end would write them."""
    found = []
    answers_of_ours = _first(stage, "200 INVITE", ENGINE, EXCHANGE)
    for call_id, invite in _first(stage, "INVITE", EXCHANGE, ENGINE).items():
        to = header(answers_of_ours[call_id].data, "To")
        found.append(_requests(header(invite.data, "From"), to, call_id))
    answers_of_theirs = _first(stage, "200 INVITE", CARRIER, ENGINE)
    for call_id, invite in _first(stage, "INVITE", ENGINE, CARRIER).items():
        sender = header(answers_of_theirs[call_id].data, "To")
        found.append(_requests(sender, header(invite.data, "From"), call_id))
    return found


def _requests(sender: str, to: str, call_id: str) -> list[bytes]:
    requests = []
    for cseq, method in enumerate(METHODS, 50):
        body = PLAIN if method in ("INVITE", "UPDATE") else b""
        lines = [
            f"{method} sip:cordboard@{ENGINE.host}:{ENGINE.port} SIP/2.0",
            f"Via: SIP/2.0/UDP {STRANGER.host}:5060;branch=z9hG4bK{call_id}{cseq};rport",
            "Max-Forwards: 70",
            f"From: {sender}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:evil@{STRANGER.host}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        requests.append("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    return requests
