"""Whether an INVITE may become a call, and what it says. Pure, but for the answer to one that may not.

The order: room, loops, the ExoPhone, the audio. Each refusal is a final status and one sentence.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from cordboard import sdp
from cordboard.kernel.mistakes import BadInput
from cordboard.legs.causes import reason_for_status
from cordboard.legs.numbers import caller_id, dialled_exophone
from cordboard.legs.speech import Elsewhere, check_address, warning
from cordboard.legs.trunks import Route, names_account
from cordboard.legs.words import HOPS_HEADER, Arrival, TurnedAway
from cordboard.sip.endpoint.words import IncomingSession, Invitation
from cordboard.sip.message.uri import user_of

MOST_HOPS = 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """``why``: one sentence for the log. ``headers`` go along with the status."""

    code: int
    phrase: str
    why: str
    dialled: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def send(self, session: IncomingSession, route: Route | None) -> TurnedAway:
        """Answer with it; what is to be told of it."""
        reason = reason_for_status(self.code)
        reasons = () if reason is None else (reason,)
        session.release(*reasons, code=self.code, phrase=self.phrase, headers=self.headers)
        trunk = route.trunk.name if route is not None else ""
        return TurnedAway(trunk, self.code, self.why, self.dialled, session.invitation.call_id)


def judged(
    invitation: Invitation,
    route: Route | None,
    exophones: Collection[str],
    codecs: tuple[str, ...],
    full: bool,
    draining: bool = False,
    audio_host: str = "",
) -> str | Refusal:
    """The ExoPhone that was dialled, or why there is no call. ``full``: no new calls are taken now.
    ``audio_host``: where our audio would come in."""
    if route is None:
        return Refusal(403, "Forbidden", f"{invitation.source.host} is in no trunk's sources")
    if full or not route.has_room:
        what = "the engine drains" if draining else "the limit of calls is reached"
        why = f"{what}: no new calls are taken"
        return Refusal(503, "Service Unavailable", why, headers=retry_after(route))
    if refusal := _loop(invitation):
        return refusal
    if route.trunk.reliable != "allowed" and (refusal := _extensions(invitation, route.trunk.reliable)):
        return refusal
    exophone = dialled_exophone(invitation, route.trunk, exophones)
    if not exophone and names_account(invitation.request_uri, route.trunk):
        exophone = route.only_exophone
    if not exophone:
        dialled = user_of(invitation.request_uri)[:40]
        return Refusal(404, "Not Found", f"{dialled!r} is none of the ExoPhones", dialled)
    return _bad_audio(invitation, route, codecs, audio_host, exophone) or exophone


def retry_after(route: Route) -> tuple[tuple[str, str], ...]:
    """What goes with a 503. By default nothing: the peer would send us nothing at all for that time
    (telephony.md 10, §21.5.4)."""
    seconds = route.trunk.retry_after_seconds
    return (("Retry-After", str(seconds)),) if seconds else ()


def _loop(invitation: Invitation) -> Refusal | None:
    """A call that comes round again (reliability.md S23)."""
    if invitation.header("max-forwards").strip() == "0":
        return Refusal(483, "Too Many Hops", "the INVITE may not be forwarded any more (Max-Forwards 0)")
    if hops_of(invitation) > MOST_HOPS:
        return Refusal(482, "Loop Detected", f"the call went through more than {MOST_HOPS} cordboards")
    return None


def _extensions(invitation: Invitation, reliable: str) -> Refusal | None:
    """Reliable provisional answers where the trunk's setting is ``no`` or ``required`` (RFC 3262 §3)."""
    lines = {"supported": "", "require": ""}
    for name, value in invitation.headers:
        if name.lower() in lines:
            lines[name.lower()] += f",{value.lower()}"
    supported, required = ({one.strip() for one in line.split(",")} for line in lines.values())
    if reliable == "no" and "100rel" in required:
        why = "the INVITE requires reliable provisional answers, the trunk's reliable is no"
        return Refusal(420, "Bad Extension", why, headers=(("Unsupported", "100rel"),))
    if reliable == "required" and "100rel" not in supported | required:
        why = "the INVITE does not support reliable provisional answers, the trunk's reliable is required"
        return Refusal(421, "Extension Required", why, headers=(("Require", "100rel"),))
    return None


def hops_of(invitation: Invitation) -> int:
    """How many cordboards the call went through before; what cannot be read counts as none."""
    text = invitation.header(HOPS_HEADER).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _bad_audio(
    invitation: Invitation, route: Route, codecs: tuple[str, ...], audio_host: str, exophone: str
) -> Refusal | None:
    if not invitation.body:
        return None  # the offer is ours to make, in the 2xx
    trunk = route.trunk
    local = sdp.Local(audio_host, 0, trunk.codecs or codecs, srtp=trunk.srtp)
    try:
        terms = sdp.understand(invitation.body, local)
        if terms.receives:
            check_address(terms.address, invitation.source.host, route)
    except sdp.NotAcceptable as mistake:
        return Refusal(488, "Not Acceptable Here", mistake.told, exophone, warning(mistake))
    except Elsewhere as mistake:
        return Refusal(488, "Not Acceptable Here", str(mistake), exophone)
    except BadInput as mistake:
        return Refusal(400, "Bad Session Description", str(mistake), exophone)
    return None


def read_arrival(number: int, invitation: Invitation, exophone: str, trunk: str, country: str) -> Arrival:
    """What the INVITE says, in the house's words."""
    caller = caller_id(invitation, country)
    return Arrival(
        number,
        exophone,
        caller.shown,
        trunk,
        invitation.call_id,
        caller.number,
        caller.name,
        caller.private,
        bool(invitation.body),
        hops_of(invitation),
    )


def of_phone(arrival: Arrival, number: str) -> Arrival:
    """A phone that proved who it is calls as itself, whatever its From says."""
    return replace(arrival, caller=number, caller_number=number, private=False)
