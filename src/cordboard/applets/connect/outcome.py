"""What is reported: of a leg that is over, of an attempt that failed, of the whole Connect; dial events."""

from cordboard.applets.connect.state import Done, Failed, State, Step
from cordboard.call import verdicts
from cordboard.call.causes import Cause, Side
from cordboard.call.verdicts import Verdict
from cordboard.call.words import Command, Finish, SendEvent
from cordboard.contract.applet_requests import RECORDING_SECONDS
from cordboard.contract.events import dial_event_url
from cordboard.contract.facts import LegFacts
from cordboard.contract.times import letter_stamp
from cordboard.kernel.frozen import replace


def tell(state: State, kind: str, number: str, now: float, recorded: bool = False) -> tuple[Command, ...]:
    """The dial event of this kind, where a URL was named and the kind is enabled (settled 23)."""
    base = state.in_force.dial_event_url
    if base is None or kind not in state.settings.dial_events:
        return ()
    facts, account = state.facts, state.account
    available_by = (
        letter_stamp(facts.began_at + now + RECORDING_SECONDS, account.timezone) if recorded else ""
    )
    return (
        SendEvent(dial_event_url(base, facts, account, now, kind, number, available_by), kind, "settled-23"),
    )


def leg_over(
    state: State,
    leg: int,
    number: str,
    cause: Cause,
    by: Side,
    now: float,
    talked: float = 0.0,
    recorded: bool = False,
) -> Step:
    """Keep what ``Legs[i]`` will say of a leg, and send its Terminal. ``talked``: since the bridge."""
    facts = LegFacts(
        number,
        "sip" if leg in state.phones or number.startswith("sip:") else "pstn",
        whole_seconds(talked),
        verdicts.cause_code(cause),
        by.value,
    )
    state = replace(state, over=(*state.over, (leg, facts)))
    return state, tell(state, "Terminal", number, now, recorded)


def attempt_failed(state: State, status: str, whom: str, began_at: float, now: float) -> State:
    """The attempt as the next request will tell of it (settled 4). ``began_at``: its first INVITE."""
    facts = replace(
        state.facts,
        call_type="incomplete",
        dial_status=status,
        dial_seconds=whole_seconds(now - began_at),
        dial_whom=whom,
        legs=legs_in_order(state),
    )
    return replace(state, phase=Failed(), facts=facts)


def finish(state: State, verdict: Verdict, why: str, before: tuple[Command, ...] = ()) -> Step:
    """Leave by the verdict's exit. Duration and number are those of the last attempt, if there was one."""
    facts = replace(
        state.facts,
        call_type=verdict.call_type,
        dial_status=verdict.status,
        legs=legs_in_order(state),
    )
    if not state.dialled:
        facts = replace(facts, dial_seconds=0, dial_whom="")
    if verdict is not verdicts.COMPLETED and facts.recording_url:
        facts = replace(facts, recording_url="", recording_by=None)  # it was an earlier applet's
    return replace(state, phase=Done(), facts=facts), (*before, Finish(verdict.exit, why))


def finish_unanswered(state: State, why: str, before: tuple[Command, ...] = ()) -> Step:
    """Nobody is left to dial: ``nobody_answers`` when somebody was dialled here, else ``not_dialed``."""
    verdict = verdicts.unanswered(state.facts.dial_status) if state.dialled else verdicts.NOT_DIALED
    return finish(state, verdict, why, before)


def legs_in_order(state: State) -> tuple[LegFacts, ...]:
    """All legs of this applet that are over, in the order in which they were rung."""
    return tuple(facts for _, facts in sorted(state.over, key=lambda entry: entry[0]))


def whole_seconds(seconds: float) -> int:
    """Full seconds; a hair's breadth below one, from adding floats, counts as full."""
    return int(seconds + 0.001)
