"""Gathers what is wrong with an answer while it is read."""

from typing import NoReturn

from cordboard.contract import limits
from cordboard.contract.plan import Problem


class Invalid(Exception):
    """The answer cannot be used: the Fallback is asked. Why has been noted."""


class Problems:
    """The problems of one answer, in the order they were seen; ``strict`` is the reading they are seen in."""

    __slots__ = ("_found", "hints_left", "strict")

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.hints_left = limits.HINTS_MAX
        self._found: list[Problem] = []

    def error(self, where: str, code: str, message: str, rule: str, correction: str = "") -> None:
        """Something the author meant is lost: a number, a field, the answer."""
        self._add(Problem(where, code, "error", message, rule, correction))

    def invalid(self, where: str, code: str, message: str, rule: str, correction: str = "") -> NoReturn:
        """The whole answer is lost; why is told whatever was found before."""
        del self._found[limits.PROBLEMS_MAX - 1 :]
        self.error(where, code, message, rule, correction)
        raise Invalid

    def warning(self, where: str, code: str, message: str, rule: str, correction: str = "") -> None:
        """Something is off, but what was meant is done."""
        self._add(Problem(where, code, "warning", message, rule, correction))

    def deviation(self, where: str, code: str, message: str, correction: str = "") -> None:
        """Something lenient mode understands or overlooks and strict mode does not (settled 8, 9)."""
        if self.strict:
            self.error(where, code, message, "settled-9", correction)
        else:
            self.warning(where, code, message, "settled-8", correction)

    def unusable(self, where: str, code: str, message: str, correction: str = "") -> None:
        """An optional field that is replaced by its default."""
        self.error(where, code, message, "settled-9" if self.strict else "settled-8", correction)

    def all(self) -> tuple[Problem, ...]:
        """What was found, bounded: one answer of 64 kB can deviate thousands of times."""
        return tuple(self._found)

    def _add(self, problem: Problem) -> None:
        if len(self._found) < limits.PROBLEMS_MAX:
            self._found.append(problem)
