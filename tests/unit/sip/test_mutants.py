"""Messages that were valid once, five thousand of them; `make drill` takes a hundred thousand."""

from collections.abc import Iterable

from tests.unit.sip.mutants import mutant
from tests.unit.sip.using import quickest, same_however_cut, use

LIMIT = 0.005


def examine(numbers: Iterable[int]) -> float:
    """No exception but those that are meant, nothing above 5 ms of CPU. The dearest, in seconds."""
    dearest = 0.0
    for number in numbers:
        data = mutant(number)
        try:
            taken = quickest(lambda data=data: use(data), 1)  # type: ignore[misc]
            if taken > LIMIT:
                taken = quickest(lambda data=data: use(data))  # type: ignore[misc]
            assert taken < LIMIT, f"{taken * 1000:.1f} ms"
        except Exception as problem:
            raise AssertionError(f"mutant {number}: {data[:2000]!r}") from problem
        dearest = max(dearest, taken)
    return dearest


def test_f10_s24_mutants_are_read_or_refused_and_cost_little() -> None:
    assert examine(range(5_000)) < LIMIT


def test_mutants_are_cut_from_a_stream_alike_however_they_come() -> None:
    for number in range(0, 5_000, 2):
        same_however_cut(mutant(number))
