"""The quick ``replace`` does what that of ``dataclasses`` does."""

import dataclasses
from dataclasses import dataclass, field

import pytest

from cordboard.contract.facts import CallFacts
from cordboard.kernel import frozen

FACTS = CallFacts("c1", "+919876500001", "+918047115777", "+918047115777", "incoming", 1, 0.5)


@dataclass(frozen=True, slots=True)
class Checked:
    """Has something to do when it is made."""

    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("negative")


@dataclass(frozen=True)
class Plain:
    """Without slots, with a field of its own."""

    size: int
    twice: int = field(init=False, default=2)


@pytest.mark.parametrize("changes", [{}, {"digits": "42"}, {"next_leg": 7, "legs": (), "caller_gone": True}])
def test_a_copy_is_equal_to_that_of_the_library(changes: dict[str, object]) -> None:
    made = frozen.replace(FACTS, **changes)  # type: ignore[arg-type]
    assert made == dataclasses.replace(FACTS, **changes)  # type: ignore[arg-type]
    assert made is not FACTS and hash(made) == hash(dataclasses.replace(FACTS, **changes))  # type: ignore[arg-type]
    assert FACTS.digits == "" and FACTS.next_leg == 1


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match="CallFacts has no field 'digit'"):
        frozen.replace(FACTS, digit="1")  # type: ignore[call-arg]


def test_what_has_something_to_check_is_checked() -> None:
    assert frozen.replace(Checked(1), size=2) == Checked(2)
    with pytest.raises(ValueError, match="negative"):
        frozen.replace(Checked(1), size=-1)
    assert frozen.replace(Plain(1), size=3) == Plain(3)


def test_a_copy_cannot_be_changed_either() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        frozen.replace(FACTS, digits="1").digits = "2"  # type: ignore[misc]
