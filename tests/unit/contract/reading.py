"""What the contract's tests share: an answer's bytes, read leniently or strictly."""

import json
from typing import Any

from cordboard.contract.account import Account
from cordboard.contract.answer import read_answer
from cordboard.contract.plan import Plan, Reading

LENIENT = Account()
STRICT = Account(strict=True)
ONE = "+919812300001"
TWO = "+919812300002"

SAMPLE = b"""{
"fetch_after_attempt":false,
"destination": {
"numbers":["+919812300001"]
},
"outgoing_phone_number":"+918047100001",
"record": true,
"recording_channels":"dual",
"max_ringing_duration":45,
"max_conversation_duration":3600,
"music_on_hold": {
"type":"operator_tone"
},
"start_call_playback": {
"playback_to":"both",
"type":"text",
"value":"This is said to the callee"
}
}"""
"""The document's sample, mended: it lacks the comma after ``"both"``."""


def read(answer: Any, account: Account = LENIENT, **options: frozenset[str]) -> Reading:
    """Read a JSON answer; bytes are taken as they are."""
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return read_answer(200, "application/json", body, account, **options)


def dialling(**fields: Any) -> dict[str, Any]:
    """An answer that dials one number, with these fields beside."""
    return {"destination": {"numbers": [ONE]}, **fields}


def plan(reading: Reading) -> Plan:
    """The plan of a reading that has one."""
    assert reading.plan is not None, reading
    return reading.plan


def numbers(answer: Any, account: Account = LENIENT, **options: frozenset[str]) -> tuple[str, ...]:
    """The numbers of an answer that has a plan."""
    return plan(read(answer, account, **options)).numbers


def codes(reading: Reading) -> list[tuple[str, str, str]]:
    """(where, code, severity) of each problem."""
    return [(problem.where, problem.code, problem.severity) for problem in reading.problems]
