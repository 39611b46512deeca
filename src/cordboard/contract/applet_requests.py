"""The requests of the applets around Connect: a Passthru's and a greeting URL's (contract.md §5.2, §5.4)."""

from cordboard.contract.account import Account
from cordboard.contract.facts import CallFacts
from cordboard.contract.numbers import written
from cordboard.contract.request import append, encoded, stage_query
from cordboard.contract.times import letter_stamp

RECORDING_SECONDS = 60.0
"""From the end of what is recorded to the moment at which its recording can surely be fetched."""


def passthru_url(configured: str, facts: CallFacts, account: Account, now: float) -> str:
    """The complete URL of a Passthru: the parameters of the call's stage, as a Connect would send them, and
    the latest recording with the time from which it can be had. ``now``: seconds since the call began."""
    recording = ""
    if facts.recording_url:
        recording = f"&RecordingUrl={encoded(facts.recording_url)}"
        if facts.recording_by is not None:
            by = letter_stamp(facts.began_at + facts.recording_by, account.timezone)
            recording += f"&RecordingAvailableBy={encoded(by)}"
    return append(configured, stage_query(facts, account, now, recording))


def recording_url(account: Account, sid: str, name: str) -> str:
    """Where the call's recording of this name will be; empty where no API serves recordings."""
    return f"{account.recordings_url}{sid}{name}" if account.recordings_url else ""


def recording_told(facts: CallFacts, account: Account) -> str:
    """The name of the call's recording that a request of this stage tells of; empty for none."""
    return (
        facts.recording_url.removeprefix(recording_url(account, facts.sid, "")) if facts.recording_url else ""
    )


def greeting_url(configured: str, facts: CallFacts, account: Account) -> str:
    """The complete URL of a greeting: who calls, and whom the call dialled last, if it dialled."""
    form = account.number_format
    whom = encoded(written(facts.dial_whom, form)) if facts.dial_whom else ""
    query = (
        f"CallSid={encoded(facts.sid)}&From={encoded(written(facts.caller, form))}"
        f"&To={encoded(written(facts.called, form))}&DialWhomNumber={whom}"
    )
    if facts.custom_field:
        query += f"&CustomField={encoded(facts.custom_field)}"
    return append(configured, query)
