"""What a customer is told when somebody has left a message: a notice of ours, POST with a JSON body.

The platform documents no format for it (it sends an e-mail); the names are those of its other requests.
"""

import json
from typing import Final

from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.numbers import written
from cordboard.contract.times import stamp

JSON: Final = "application/json"
ENDS: Final = ("hangup", "key", "silence", "limit", "stopped")
"""``EndedBy``: the caller hung up or pressed #, fell silent, spoke too long; or we had to stop."""


def message_left(
    facts: CallFacts, account: Account, now: float, url: str, seconds: float, ended_by: str
) -> bytes:
    """The body. ``now``: seconds since the call began. ``url``: of the recording, ``seconds`` long.
    ``ended_by``: one of ``ENDS``."""
    form, zone = account.number_format, account.timezone
    caller, called = written(facts.caller, form), written(facts.called, form)
    answered = facts.began_at + (facts.answered_at or 0.0)
    told: dict[str, object] = {
        "CallSid": facts.sid,
        "CallFrom": caller,
        "CallTo": called,
        "From": caller,
        "To": called,
        "Direction": facts.direction,
        "CallType": "voicemail",
        "flow_id": str(facts.flow_id),
        "Created": stamp(facts.began_at, zone),
        "StartTime": stamp(answered, zone),
        "CurrentTime": stamp(facts.began_at + now, zone),
        "RecordingUrl": url,
        "RecordingDuration": max(0, round(seconds)),
        "EndedBy": ended_by,
    }
    if facts.digits:
        told["digits"] = f'"{facts.digits}"'
    if facts.custom_field:
        told["CustomField"] = facts.custom_field
    return json.dumps(told, ensure_ascii=False).encode()
