"""The runs that advise a warm-up: the points of a scenario without one, with luck of their own.

Were it the luck of the scenario, the advice would depend on the very replications that it is for, and their intervals
would cover less often than they say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from simulator.batch.derived import Derived

_AXIS = "warmup"


@dataclass(frozen=True)
class Pilot(Derived):
    """The points of a scenario without warm-up, as a batch wants them.

    Args:
        scenario: the one that they are of.
        replications: of each point.
    """

    replications: int

    @property
    def name(self) -> str:
        return f"{self.scenario.name}-warmup"

    @property
    def title(self) -> str:
        return f"{self.scenario.title}: from the beginning on"

    @property
    def baseline(self) -> str:
        return self.scenario.baseline

    @property
    def stopping(self) -> None:
        """Their number is fixed."""
        return None

    @property
    def seed(self) -> int:
        """Another one than the scenario's, and always the same."""
        return int(hashlib.sha256(f"warm-up {self.scenario.seed}".encode()).hexdigest()[:12], 16)

    @cached_property
    def hash(self) -> str:
        """A digest of the scenario's own and of what is asked."""
        return self.digest(["warm-up", str(self.replications)])

    @cached_property
    def originals(self) -> list[Mapping[str, Any]]:
        """The scenario's points; of those that differ in their warm-up only, the first."""
        found: dict[str, Mapping[str, Any]] = {}
        for point in self.scenario.points():
            found.setdefault(json.dumps(_place(point), sort_keys=True), point)
        return list(found.values())

    def points(self, _: Any = None, /) -> list[dict[str, Any]]:
        """One for each of the originals."""
        return [
            {
                **point,
                "scenario": self.name,
                "point": number,
                "axes": _place(point),
                "warmup_s": 0.0,
                "seed": self.seed,
                "differs": f"point {point['point']} of {self.scenario.name} with seed {self.seed} and without warm-up",
            }
            for number, point in enumerate(self.originals)
        ]


def _place(point: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in point["axes"].items() if name != _AXIS}
