"""What a batch would run, and about how long that takes: nothing is kept of it."""

from __future__ import annotations

from simulator.planning.plan import Plan, plan

__all__ = ["Plan", "plan"]
