"""What caller and callee hear in each phase."""

from cordboard.applets.connect.state import CALLER, Announcing, Done, Idle, Ringing, State, Talking
from cordboard.call.scene import Clip, HoldMusic, Party, Quiet, Ringback, Scene, Source


def scene(state: State) -> Scene:
    """The caller is never in silence while somebody is looked for."""
    match state.phase:
        case Idle() | Done():
            return Scene()
        case Ringing(early=early):
            return Scene(((CALLER, _hold(state, early)),))
        case Announcing(leg):
            return _announcement(state, leg)
        case Talking(leg, recording=recording):
            return Scene(((CALLER, Party(leg)), (leg, Party(CALLER))), recording)
        case _:
            return Scene(((CALLER, _hold(state)),))


def _hold(state: State, early: tuple[int, ...] = ()) -> Source:
    """The hold sound (settled 19). ``early``: legs with early media, the first of them owns the sound.

    Before there is an answer: hold music, or ringback for a caller whose own call still rings.
    """
    if state.plan is None:
        return Ringback() if state.facts.answered_at is None else HoldMusic()
    match state.plan.music_on_hold.type:
        case "operator_tone":
            return Party(early[0], until=Ringback()) if early else Ringback()
        case "custom_tone" if state.tone is not None and state.tone.playable:
            return Clip(state.tone.key, state.tone.play, loop=True)
        case _:
            return HoldMusic()


def _announcement(state: State, leg: int) -> Scene:
    """``both`` hear one play, in step; for ``callee`` alone the caller keeps the hold sound (settled 20)."""
    clip, playback = state.clip, state.in_force.playback
    if clip is None or playback is None or not clip.playable:
        return Scene(((CALLER, _hold(state)), (leg, Quiet())))
    sound = Clip(clip.key, clip.play)
    return Scene(((CALLER, sound if playback.to == "both" else _hold(state)), (leg, sound)))
