"""What goes into the store and comes out. Times are seconds since the epoch (UTC), None while not known."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call. Numbers are E.164 (or `anonymous`, `sip:…`).

    `direction`: `incoming` or `outbound-dial`. `status`: `in-progress`, then `completed`, `failed`, `busy`,
    `no-answer` or `canceled`; of the caller's leg. `answered_by`: the number of the callee that was bridged.
    `talk_seconds`: bridged time. `leg2_status`: of the dialled side, empty while nobody was dialled.
    `outcome`: how the call was closed where that is not by itself (`lost`, `stopped`), else empty.
    `callback`: what the API asked to be told of the call (StatusCallback …), as JSON; empty for nothing.
    `node`: whose engine holds the call; written by the store.
    """

    sid: str
    caller: str = ""
    called: str = ""
    exophone: str = ""
    direction: str = "incoming"
    flow_id: int = 0
    trunk: str = ""
    status: str = "in-progress"
    created_at: float = 0.0
    updated_at: float = 0.0
    answered_at: float | None = None
    ended_at: float | None = None
    talk_seconds: int = 0
    leg2_status: str = ""
    answered_by: str = ""
    call_type: str = ""
    dial_status: str = ""
    custom_field: str = ""
    caller_name: str = ""
    disconnected_by: str = ""
    outcome: str = ""
    callback: str = ""
    node: str = "local"


@dataclass(frozen=True, slots=True)
class LegRow:
    """A leg of a call. Leg 0 is the caller.

    `cause`: a word of `call.causes`, empty while it lives. `code`: the final SIP status, 0 for none.
    """

    call_sid: str
    leg: int
    number: str = ""
    shown: str = ""
    type: str = "pstn"
    trunk: str = ""
    status: str = ""
    began_at: float | None = None
    ringing_at: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    talk_seconds: int = 0
    cause: str = ""
    code: int = 0
    disconnected_by: str = ""
    packets_in: int = 0
    packets_out: int = 0
    lost: int = 0
    jitter_ms: float = 0.0
    mos: float = 0.0
    foreign_packets: int = 0


@dataclass(frozen=True, slots=True)
class FetchRow:
    """What was asked of a customer's URL and what came. `status` 0: no answer, `error` says why."""

    call_sid: str
    request: int
    role: str = ""
    url: str = ""
    began_at: float | None = None
    elapsed: float = 0.0
    status: int = 0
    media_type: str = ""
    body: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A recording. `state`: `recording`, then `whole`, `partial` or `failed`. `file`: its name in the
    recordings folder, made by us, without any folder. `gaps`: (channel, start, length), seconds.
    `mp3`: the same as MP3, empty until it is there; `mp3_problem`: why it never will be. `place`: where both
    lie: empty for the folder, else the store they were moved to (`s3`). `kind`: `conversation` or
    `voicemail`. `certificate`: JSON, empty until the state is decided; `sha256`: of `file`, hexadecimal."""

    sid: str
    call_sid: str
    name: str = ""
    file: str = ""
    state: str = "recording"
    channels: int = 1
    began_at: float | None = None
    ended_at: float | None = None
    seconds: float = 0.0
    size: int = 0
    gaps: tuple[tuple[int, float, float], ...] = ()
    problem: str = ""
    mp3: str = ""
    mp3_problem: str = ""
    place: str = ""
    kind: str = "conversation"
    sha256: str = ""
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One thing that happened, for the feed. `number` counts within the call; `seq` over all, given by the
    database in the order of its commits, and never again to another. `data`: JSON."""

    call_sid: str
    number: int
    kind: str = ""
    at: float = 0.0
    data: str = "{}"
    seq: int = 0


@dataclass(frozen=True, slots=True)
class FlowRow:
    """A version of a flow that was published by API. `document`: JSON, as it was given. `version` from 1."""

    id: int
    version: int
    name: str = ""
    document: str = ""
    published_at: float = 0.0


@dataclass(frozen=True, slots=True)
class ExoPhoneRow:
    """What the API set of an ExoPhone. `flow_id`: the flow that its calls begin in; 0: the file's."""

    number: str
    flow_id: int = 0
    changed_at: float = 0.0


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """An event for a customer. `number` orders the events of a call. `state`: `due`, `done`, `dead`.
    `method`: `GET`, or `POST` with `body` (text) of `content_type`. `node`: whose engine sends it; written by
    the store. `host`: who receives it, of `url`."""

    id: str
    call_sid: str
    number: int
    kind: str = ""
    url: str = ""
    created_at: float = 0.0
    state: str = "due"
    due_at: float = 0.0
    attempts: int = 0
    error: str = ""
    method: str = "GET"
    content_type: str = ""
    body: str = ""
    node: str = "local"
    host: str = ""
