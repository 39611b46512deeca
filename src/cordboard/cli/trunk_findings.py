"""What ``cordboard trunk check`` found, one sentence each, and what it makes of a call's audio and digits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cordboard.cli.trunk_bench import Talk, hears
from cordboard.simulator.ears import Heard

OK, FAULT, SKIPPED = "ok", "fault", "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence. ``state``: ``ok``, ``fault`` or ``skipped`` (not tried, or not to be seen from here)."""

    step: str
    state: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)


class Findings:
    """All of one check, in order. ``say`` is told of each at once."""

    def __init__(self, say: Callable[[Finding], None]) -> None:
        self._say = say
        self.all: list[Finding] = []

    def tell(self, step: str, state: str, text: str, **data: Any) -> None:
        finding = Finding(step, state, text, data)
        self.all.append(finding)
        self._say(finding)

    def audio(self, step: str, talk: Talk, hertz: int | None) -> None:
        """``hertz``: the tone that was sent; None when nobody here knows what was said."""
        report = talk.report
        packets = report.packets_in if report is not None else 0
        data = {
            "packets": packets,
            "lost": report.lost if report is not None else 0,
            "jitter_ms": report.jitter_ms if report is not None else 0.0,
            "foreign": report.foreign if report is not None else 0,
            "heard": [str(part).strip() for part in talk.heard[:8]],
            "codec": talk.stream.codec if talk.stream is not None else "",
            "srtp": bool(talk.stream is not None and talk.stream.suite),
        }
        if not packets:
            why = (
                f", but some came from {talk.foreign}, which is not in media_sources" if talk.foreign else ""
            )
            self.tell(step, FAULT, f"no audio came{why}", **data)
        elif hertz is not None and not hears(talk.heard, hertz):
            self.tell(step, FAULT, f"audio came, but not the tone of {hertz} Hz that was sent", **data)
        elif hertz is None and all(part.what == "silence" for part in talk.heard):
            self.tell(step, FAULT, f"{packets} packets came, and all of them are silence", **data)
        elif report is not None and report.lost > packets // 50:
            self.tell(step, FAULT, f"{report.lost} of {packets + report.lost} packets were lost", **data)
        else:
            heard = ", ".join(
                dict.fromkeys(_named(part.what, part.hertz) for part in talk.heard if part.what != "silence")
            )
            jitter = report.jitter_ms if report is not None else 0.0
            self.tell(
                step, OK, f"{packets} packets of {data['codec']}, jitter {jitter:.1f} ms: {heard}", **data
            )

    def tone(self, step: str, heard: Sequence[Heard], hertz: int) -> None:
        """Whether the far side heard our tone."""
        right = hears(heard, hertz)
        text = f"our tone of {hertz} Hz was {'' if right else 'not '}heard"
        self.tell(step, OK if right else FAULT, text, heard=[str(part).strip() for part in heard[:8]])

    def digits(self, step: str, came: str, sent: str) -> None:
        """Whether the keys that were sent are the keys that came."""
        right = came == sent
        text = f"{sent} came" if right else f"{sent} was sent, {came or 'nothing'} came"
        self.tell(step, OK if right else FAULT, text, sent=sent, came=came)


def _named(what: str, hertz: Sequence[int]) -> str:
    return f"{what} of {' + '.join(map(str, hertz))} Hz" if hertz else what
