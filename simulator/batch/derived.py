"""What a batch wants of a scenario that is made from another one: whose text and luck it has, and a name of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulator.budget import Budget
from simulator.results.stopping import Stopping
from simulator.scenario import Scenario


@dataclass(frozen=True)
class Derived:
    """A scenario that asks something of further points.

    Args:
        scenario: the one that it is made from.
    """

    scenario: Scenario

    @property
    def text(self) -> str:
        """Of the scenario."""
        return self.scenario.text

    @property
    def includes(self) -> Mapping[str, str]:
        """Of the scenario."""
        return self.scenario.includes

    @property
    def seed(self) -> int:
        """Of the scenario."""
        return self.scenario.seed

    @property
    def budget(self) -> Budget:
        """Of the scenario."""
        return self.scenario.budget

    @property
    def stopping(self) -> Stopping | None:
        """What is asked of further points has a fixed number of replications."""
        return None

    def digest(self, parts: Iterable[str]) -> str:
        """A digest of the scenario's own and of what is asked beside."""
        return hashlib.sha256("\n".join([self.scenario.hash, *parts]).encode()).hexdigest()
