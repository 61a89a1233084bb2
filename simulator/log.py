"""What layers write down of what they did, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator import steps


class Log:
    """Lines of all layers of one machine, in the order in which they ended.

    Args:
        now: the time.

    Attributes:
        rows: node, thread, kind, start, duration, amount before, amount after, unit.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.rows: list[list[Any]] = []
        self._now = now
        self._begun: dict[tuple[str, str, str], tuple[float, float]] = {}

    def note(self, thread: str, node: str, line: steps.Log) -> None:
        """A thread begins something, or has ended it.

        What never ends is not in the log. What ends without a beginning is an error of the layer (``KeyError``).
        """
        key = (node, thread, line.kind)
        if not line.ends:
            self._begun[key] = (self._now(), line.amount())
            return
        start_s, before = self._begun.pop(key)
        duration_s, after = (self._now() - start_s) / line.times, line.amount()
        for number in range(line.times):
            begun_s = start_s + number * duration_s
            self.rows.append([node, thread, line.kind, begun_s, duration_s, before, after, line.unit])
