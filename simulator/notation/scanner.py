"""What the parsers of short notations have in common: going from left to right, and saying where they cannot go on."""

from __future__ import annotations

import re
from typing import ClassVar, NoReturn, Self

from simulator.errors import UsageError


class Malformed(UsageError):
    """A text that is not in a notation.

    Attributes:
        text: it, with blanks for all white space.
        position: where in it, from 0.
        message: what is wrong there.
        remedy: what to write instead.
    """

    def __init__(self, text: str, position: int, message: str, remedy: str) -> None:
        self.text, self.position, self.message, self.remedy = text, position, message, remedy
        super().__init__(f"{message}; {remedy}\n    {text}\n    {' ' * position}^")

    def __reduce__(self) -> tuple[type[Self], tuple[str, int, str, str]]:
        return (type(self), (self.text, self.position, self.message, self.remedy))


class Scanner:
    """Reads a text from left to right."""

    MALFORMED: ClassVar[type[Malformed]] = Malformed
    """What is raised where it cannot go on."""

    def __init__(self, text: str) -> None:
        self.text = re.sub(r"\s", " ", text)
        self.position = 0

    def _next(self) -> str:
        """The next character that is no blank, empty at the end; blanks before it are passed."""
        while self.text.startswith(" ", self.position):
            self.position += 1
        return self.text[self.position : self.position + 1]

    def _take(self, mark: str) -> bool:
        found = self._next() == mark
        self.position += found
        return found

    def _match(self, pattern: re.Pattern[str], group: int = 0) -> str:
        self._next()
        match = pattern.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return match[group] if match else ""

    def _fail(self, message: str, remedy: str, position: int | None = None) -> NoReturn:
        raise self.MALFORMED(self.text, self.position if position is None else position, message, remedy)
