"""A kind of evidence: what can be read on a stack, and what has to be run for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from simulator import discovery
from simulator.catalog.suggestion import suggestion
from simulator.claims.case import Case
from simulator.claims.reading import Reading
from simulator.scenario import Scenario

Asked = Mapping[str, Any]
Complaint = tuple[str, str, str]
"""Under which key, what is wrong, what to do."""


class Kind(ABC):
    """A kind of evidence.

    Args:
        name: what scenarios call it.
        asked: the mapping ``read`` of a comparison.
    """

    ABOUT: ClassVar[str]
    """What it reads, in a line."""
    RUNS: ClassVar[bool] = False
    """Whether the scenario is run for it; otherwise it follows from the layers and the catalog."""
    FITTING: ClassVar[bool] = True
    """Whether the layers of a stack that is written out must fit; otherwise what they are refused for is read."""
    WORDS: ClassVar[Mapping[str, str]] = {}
    """What can be read, with its meaning; empty where other names are meant."""
    OPTIONS: ClassVar[Mapping[str, str]] = {}
    """Further keys of ``read``, with their meaning."""

    def __init__(self, name: str, asked: Asked) -> None:
        self.name, self.asked = name, asked

    @property
    def word(self) -> str:
        """What is read."""
        return str(self.asked[self.name])

    @abstractmethod
    def read(self, case: Case) -> Reading:
        """Reads it.

        Raises:
            UsageError: it cannot be read there.
        """

    def title(self) -> str:
        """What is read, for a reader."""
        return self.WORDS.get(self.word, f"{self.name} {self.word}")

    def unit(self) -> str | None:
        """The unit of what is read; None where only a run says it."""
        return None

    def skips(self, place: Mapping[str, Any]) -> bool:
        """Whether there is nothing to be read at a place on the axes."""
        return False

    def problem(self, scenario: Scenario) -> Complaint | None:
        """What cannot be meant."""
        words = self.words(scenario)
        if words and self.word not in words:
            return self.name, f"{self.word!r} is nothing that {self.name!r} reads", suggestion(self.word, words)
        return None

    def words(self, scenario: Scenario) -> Mapping[str, str]:
        """What can be read there."""
        return self.WORDS


def kinds() -> dict[str, type[Kind]]:
    """All kinds of evidence by name."""
    return {name: discovery.member("claims.kinds", name).KIND for name in discovery.members("claims.kinds")}


def kind_of(read: Asked) -> Kind | None:
    """The kind of evidence that a mapping ``read`` names; None where it names none, or several."""
    known = kinds()
    named = [name for name in read if name in known]
    return known[named[0]](named[0], read) if len(named) == 1 else None
