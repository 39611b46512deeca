"""What is known of a call, in the contract's terms. Applets read it, change it and hand it on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LegFacts:
    """A leg that was rung, as ``Legs[i][…]`` tells of it (settled 4)."""

    number: str
    type: str = "pstn"  # or "sip": a registered phone
    on_call_seconds: int = 0
    cause_code: str = ""
    disconnected_by: str = "NA"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """``began_at``: wall-clock instant of the INVITE or API request, seconds since the epoch (UTC). All other
    times are seconds since then, on a monotonic clock. Numbers are E.164 (or ``anonymous``, or a phone's
    ``sip:`` name); how they are written in requests is the writer's business.

    ``caller`` is CallFrom and From; ``called`` is CallTo and To (the ExoPhone for an incoming call).
    ``caller_phone``: the user of the registered phone that has the caller's number; empty for none.
    ``call_type``, ``dial_status``, ``dial_seconds``, ``dial_whom``, ``legs``: of the latest attempt or
    Connect. ``next_*``: the call's counters, so that ids never repeat within a call. ``talk_limit``: seconds
    that a conversation may last whatever an answer says, 0: as the answer says (an API call between two
    numbers, whose TimeLimit counts).
    """

    sid: str
    caller: str
    called: str
    exophone: str
    direction: str  # "incoming" or "outbound-dial"
    flow_id: int
    began_at: float
    answered_at: float | None = None
    caller_gone: bool = False
    caller_phone: str = ""
    custom_field: str = ""
    digits: str = ""
    selected: str = ""  # what the latest Passthru's body asked the next Switch for (contract.md §5.3)
    call_type: str = "call-attempt"
    dial_status: str = ""
    dial_seconds: int = 0
    dial_whom: str = ""
    recording_url: str = ""  # of the latest Connect or Voicemail, if that was recorded
    recording_by: float | None = None  # from when on it can surely be fetched, in seconds of the call
    legs: tuple[LegFacts, ...] = ()
    next_leg: int = 1
    next_request: int = 1
    next_sound: int = 1
    next_play: int = 1
    next_recording: int = 1
    talk_limit: int = 0

    @property
    def loops(self) -> frozenset[str]:
        """What must not be dialled in this call, for it would come back to it (settled 13): the caller's
        number, the ExoPhone, and the ``sip:`` name of the caller's own phone."""
        if self.caller_phone:
            return frozenset((self.caller, self.exophone, f"sip:{self.caller_phone}"))
        return frozenset((self.caller, self.exophone))
