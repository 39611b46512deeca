"""What everybody hears, as a function of the phase. The driver sends media only the difference.

A scene names legs by number (0 is the caller) and sounds by key (see ``PrepareSound``).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is sent: to a leg that is not answered, or is being ended."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Frames of silence are sent: to an answered leg while there is nothing to be heard. Carriers and NATs
    end a call in which no audio goes by for half a minute."""


@dataclass(frozen=True, slots=True)
class HoldMusic:
    """The engine's own hold music, looped."""


@dataclass(frozen=True, slots=True)
class Ringback:
    """The ringing tone of the account's country."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A prepared sound. The same ``play`` in the next scene goes on where it is; a new one starts over.

    Two legs that hear the same ``play`` hear it in step. ``Played(play)`` follows when a clip that does
    not loop is over.
    """

    sound: str
    play: int
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """The audio of another leg; until its first packet arrives, ``until``."""

    leg: int
    until: "Silence | Quiet | HoldMusic | Ringback | Clip" = Silence()


Source = Silence | Quiet | HoldMusic | Ringback | Clip | Party


@dataclass(frozen=True, slots=True)
class Recording:
    """``name`` is unique in the call. Dual: ``left`` leg in the left channel, ``right`` in the right. The
    same leg on both sides: that leg alone, mono (a voicemail). ``silence_seconds`` > 0: ``FellSilent`` is
    told when nothing was said for so long."""

    name: str
    dual: bool
    left: int
    right: int
    silence_seconds: float = 0.0

    @property
    def alone(self) -> bool:
        """One leg and nobody else."""
        return self.left == self.right


@dataclass(frozen=True, slots=True)
class Scene:
    """What each leg hears; a leg that is not named hears silence. ``recording`` while it is recorded."""

    hears: tuple[tuple[int, Source], ...] = ()
    recording: Recording | None = None

    def heard_by(self, leg: int) -> Source:
        """What this leg hears."""
        return dict(self.hears).get(leg, Silence())
