"""What a program writes: how much of its memory is not any more as it was at some moment.

Counted in whole pages: a program that changes one byte in each of a thousand pages has written a thousand pages. It
follows the program's progress, its useful processor time and its operations, and not the clock: a program that is
slowed down writes less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import expm1

from simulator.parameters import Parameter

WRITES = tuple(
    Parameter(name, unit, meaning, optional=True)
    for name, unit, meaning in (
        ("swept_bytes_per_s", "bytes_per_s", "pages written in a row that is gone through again and again, in each "
         "second of useful processor time"),
        ("swept_operation_bytes", "bytes", "the same for each operation, beside what its processor time says"),
        ("swept_set_bytes", "bytes", "length of that row"),
        ("random_bytes_per_s", "bytes_per_s", "pages written anywhere in a set, in each second of useful processor "
         "time, one and the same page counted each time"),
        ("random_operation_bytes", "bytes", "the same for each operation, beside what its processor time says"),
        ("random_set_bytes", "bytes", "size of that set"),
    )
)  # fmt: skip
"""What a workload's file says in its section ``writes``. What follows from its demands by itself is not in it: memory
that it takes, and pages of files that are read or written."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A program's writes to memory that it holds; of nothing that is not given it writes nothing.

    Attributes:
        swept_bytes_per_s: pages written in turn in a second of useful processor time.
        swept_operation_bytes: the same for an operation.
        swept_set_bytes: what they go round in.
        random_bytes_per_s: pages written at random in such a second.
        random_operation_bytes: the same for an operation.
        random_set_bytes: what they lie in.
    """

    swept_bytes_per_s: float = 0.0
    swept_operation_bytes: float = 0.0
    swept_set_bytes: float = 0.0
    random_bytes_per_s: float = 0.0
    random_operation_bytes: float = 0.0
    random_set_bytes: float = 0.0

    @classmethod
    def of(cls, figures: Mapping[str, float] | None) -> Writing:
        """From a section ``writes``, if there is one."""
        return cls(**(figures or {}))

    @property
    def set_bytes(self) -> float:
        """The writable working set: most that can ever be written anew."""
        return self.swept_set_bytes + self.random_set_bytes

    def written(self, useful_s: float, operations: float = 0.0) -> tuple[float, float]:
        """What of either set is not as it was, after so much useful processor time and so many operations.

        LAWS: ``min(x, W)`` for x bytes written in turn, ``W (1 - exp(-x / W))`` for x bytes at random.
        """
        swept = self.swept_bytes_per_s * useful_s + self.swept_operation_bytes * operations
        at_random = self.random_bytes_per_s * useful_s + self.random_operation_bytes * operations
        anywhere = -self.random_set_bytes * expm1(-at_random / self.random_set_bytes) if self.random_set_bytes else 0.0
        return min(swept, self.swept_set_bytes), anywhere

    def written_bytes(self, useful_s: float, operations: float = 0.0) -> float:
        """Both together."""
        return sum(self.written(useful_s, operations))
