"""A model: one stack of a scenario with everything that is compared, and what it is as a row of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.choice.installation import Effort
from simulator.choice.measures import Measure


@dataclass(frozen=True)
class Model:
    """One way of virtualizing.

    Attributes:
        label: the stack's label in the scenario.
        expression: the victim's stack.
        classes: families of the layers that are no plain system, from the hardware up.
        overhead: what the same work takes more than on the baseline, in percent.
        loss: what the victim loses to the worst neighbour, in percent of its performance.
        worst: what that neighbour runs.
        losses: the loss to every neighbour.
        cannot: aggressors that cannot run there.
        footprint: memory of the layers under the tenant's program, in bytes.
        start: time until the tenant's own systems are up, in seconds.
        control: what may be done to the tenant.
        effort: what it takes to the first tenant, from an empty machine.
        effort_low_s: its time with every number at the lower end of its range.
        effort_high_s: the same at the upper end.
    """

    label: str
    expression: str
    classes: tuple[str, ...]
    overhead: Measure
    loss: Measure
    worst: str
    losses: Mapping[str, Measure]
    cannot: tuple[str, ...]
    footprint: Measure
    start: Measure
    control: tuple[str, ...]
    effort: Effort
    effort_low_s: float
    effort_high_s: float

    def row(self) -> dict[str, Any]:
        """Everything, with units in the names."""
        effort = self.effort
        return {
            "model": self.label,
            "expression": self.expression,
            "class": " + ".join(self.classes) or "bare metal",
            **self.overhead.columns("overhead", "percent"),
            **self.loss.columns("loss", "percent"),
            "loss_to": self.worst,
            "losses": {name: each.columns("loss", "percent") for name, each in self.losses.items()},
            "cannot_run": list(self.cannot),
            **self.footprint.columns("footprint", "bytes"),
            **self.start.columns("start", "s"),
            "control_count": len(self.control),
            "control": list(self.control),
            "install_steps_count": effort.steps_count,
            "install_privileged_count": effort.privileged_count,
            "install_reboots_count": effort.reboots_count,
            "install_bytes": effort.size_bytes,
            "install_s": effort.elapsed_s,
            "install_range_low_s": self.effort_low_s,
            "install_range_high_s": self.effort_high_s,
            "install_unknown": list(effort.unknown),
        }
