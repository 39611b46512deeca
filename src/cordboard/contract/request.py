"""The request to a Connect URL: what is asked, in the platform's words and order (settled 1, 4, 5, 6)."""

from urllib.parse import quote_plus

from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts, LegFacts
from cordboard.contract.numbers import written
from cordboard.contract.times import END_TIME_QUERY, query_stamp


def connect_url(configured: str, facts: CallFacts, account: Account, now: float) -> str:
    """The complete URL to GET; to be sent as it is, byte for byte, without quoting it again.

    ``now``: seconds since the call began. The stage is in the facts: ``call_type``, ``dial_status``,
    ``dial_seconds``, ``dial_whom`` are those of this applet's last attempt, or else of the call's earlier
    Connect; ``legs`` those rung in this applet (none on its first fetch). ``RecordingUrl`` is told only after
    a Voicemail.
    """
    told = f"&RecordingUrl={encoded(facts.recording_url)}" if facts.call_type == "voicemail" else ""
    return append(configured, stage_query(facts, account, now, told if facts.recording_url else ""))


def append(url: str, query: str) -> str:
    """``url`` with ``query`` behind its own, which stays byte for byte (settled 4); without its fragment."""
    url = url.partition("#")[0]
    if "?" not in url:
        return f"{url}?{query}"
    return f"{url}{query}" if url[-1] in "?&" else f"{url}&{query}"


def encoded(text: str) -> str:
    """A query's value: all but letters, digits and ``-._~`` percent-encoded, a space as ``+`` (settled 4)."""
    if text.isalnum() and text.isascii():
        return text
    return quote_plus(text, safe="", errors="replace")


def stage_query(facts: CallFacts, account: Account, now: float, recording: str) -> str:
    """The parameters of a call's stage, in the platform's order. ``recording``: those that tell of one, each
    with its ``&``, or nothing."""
    form, zone, began = account.number_format, account.timezone, facts.began_at
    caller = encoded(written(facts.caller, form))
    called = encoded(written(facts.called, form))
    created = query_stamp(began, zone)
    started = created if facts.answered_at is None else query_stamp(began + facts.answered_at, zone)
    whom = encoded(written(facts.dial_whom, form)) if facts.dial_whom else ""
    query = (
        f"CallSid={encoded(facts.sid)}&CallFrom={caller}&CallTo={called}&Direction={encoded(facts.direction)}"
        f"&Created={created}&DialCallDuration={facts.dial_seconds}&StartTime={started}&EndTime={END_TIME_QUERY}"
        f"&CallType={encoded(facts.call_type)}&DialWhomNumber={whom}&flow_id={facts.flow_id}"
        f"&From={caller}&To={called}&CurrentTime={query_stamp(began + now, zone)}"
    )
    if facts.dial_status:
        query += f"&DialCallStatus={encoded(facts.dial_status)}"
    if facts.digits:
        query += f"&digits=%22{encoded(facts.digits)}%22"  # the double quotes belong to the value (settled 5)
    if facts.custom_field:
        query += f"&CustomField={encoded(facts.custom_field)}"
    query += recording
    for index, leg in enumerate(facts.legs):
        query += _leg(index, leg, form)
    return query


def _leg(index: int, leg: LegFacts, form: str) -> str:
    name = f"&Legs%5B{index}%5D%5B"
    cause = encoded(leg.cause_code.lower().replace("_", " "))
    return (
        f"{name}Number%5D={encoded(written(leg.number, form))}{name}Type%5D={encoded(leg.type)}"
        f"{name}OnCallDuration%5D={leg.on_call_seconds}{name}Cause%5D={cause}"
        f"{name}CauseCode%5D={encoded(leg.cause_code)}{name}DisconnectedBy%5D={encoded(leg.disconnected_by)}"
    )
