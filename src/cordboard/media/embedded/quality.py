"""How well audio arrives: an estimate of what people would say of it (ITU-T G.107, G.113 for G.711)."""

from cordboard.media.control import LegReport

_BEST = 93.2
_ROBUSTNESS = 25.1  # G.711 with loss concealed
_CODING_MS = 20.0


def mos(lost_share: float, jitter_ms: float, delay_ms: float = 0.0) -> float:
    """1.0 to 4.4 from the share of lost packets (0..1), jitter and one-way network delay."""
    percent = 100.0 * min(max(lost_share, 0.0), 1.0)
    delay = delay_ms + 2 * jitter_ms + _CODING_MS
    late = 0.024 * delay + (0.11 * (delay - 177.3) if delay > 177.3 else 0.0)
    rating = _BEST - late - 95.0 * percent / (percent + _ROBUSTNESS)
    if rating <= 0:
        return 1.0
    return round(1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6, 2)


def report(leg: int, came: int, sent: int, missed: int, jitter: float, foreign: int) -> LegReport:
    """How a leg went. ``jitter`` in samples."""
    expected = came + missed
    jitter_ms = round(jitter / 8, 2)
    return LegReport(
        leg=leg,
        packets_in=came,
        packets_out=sent,
        lost=missed,
        jitter_ms=jitter_ms,
        mos=mos(missed / expected if expected else 0.0, jitter_ms),
        foreign=foreign,
    )
