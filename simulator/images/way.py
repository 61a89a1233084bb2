"""The way to a registry: one link that all who fetch over it share."""

from __future__ import annotations


class Way:
    """A link at a rate; pieces pass one after the other, in the order in which they were asked for.

    Args:
        bytes_per_s: its rate, headers included.
    """

    def __init__(self, bytes_per_s: float) -> None:
        self._bytes_per_s = bytes_per_s
        self._free_at_s = 0.0

    def arrives_s(self, now_s: float, size_bytes: float) -> float:
        """When a piece that may leave now has passed."""
        self._free_at_s = max(now_s, self._free_at_s) + size_bytes / self._bytes_per_s
        return self._free_at_s
