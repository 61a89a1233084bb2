"""Memory as space: a capacity, and who holds how many bytes of it."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.parameters import Parameter, Parameters

_ROUNDING = 1e-12
"""Part of a capacity by which sums of its parts may miss it."""


class OutOfMemory(Exception):
    """More was asked for than there is; names the owner."""


class Memory:
    """A space of bytes with owners: the machine's, or what one system was given of it.

    Args:
        parameters: see ``PARAMETERS``.
        name: whose it is, for messages.
        swap_bytes: what may be held beyond it, because whoever manages it writes pages out.
        refuses: whether who asks for more than there is gets none; else whoever holds most is killed for it.
    """

    PARAMETERS = (Parameter("capacity_bytes", "bytes", "size of the memory"),)

    def __init__(
        self, parameters: Mapping[str, float], name: str = "memory", swap_bytes: float = 0.0, *, refuses: bool = True
    ) -> None:
        self.capacity_bytes = Parameters(parameters).capacity_bytes
        self.name, self.swap_bytes, self.refuses = name, swap_bytes, refuses
        self.held_bytes: dict[str, float] = {}

    @property
    def free_bytes(self) -> float:
        """What nobody holds; below 0 where a part of what is held is swapped."""
        return self.capacity_bytes - sum(self.held_bytes.values())

    def lacks(self, size_bytes: float) -> bool:
        """Whether so much more is not there."""
        return size_bytes > self.free_bytes + self.swap_bytes + _ROUNDING * self.capacity_bytes

    def hold(self, owner: str, size_bytes: float) -> None:
        """Give ``size_bytes`` to an owner; a negative size takes it back.

        Raises:
            OutOfMemory: it is not there.
        """
        if self.lacks(size_bytes):
            left_bytes = self.free_bytes + self.swap_bytes
            where = f"{self.name} and its swap" if self.swap_bytes else self.name
            raise OutOfMemory(
                f"{owner} wants {size_bytes / 2**20:.0f} MiB of {where}, {left_bytes / 2**20:.0f} MiB are free"
            )
        self.held_bytes[owner] = max(0.0, self.held_bytes.get(owner, 0.0) + size_bytes)


DEVICE = Memory
