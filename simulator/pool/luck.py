"""All luck of a pool: streams that depend on their names only, drawn in blocks and kept in arrays."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator
from math import log
from random import Random

from simulator.pool.plan import TaskProgram

_FIRST, _BLOCK = 8, 64
"""How many tasks are drawn at first, and at most, at once: few instances live as long as 64 tasks."""


class Luck:
    """The luck of one replication.

    Args:
        seed: of the pool.
        replication: from 0.
    """

    def __init__(self, seed: int, replication: int) -> None:
        self._names = f"{seed}|{replication}"

    def _random(self, purpose: str) -> Random:
        digest = hashlib.sha256(f"{self._names}|{purpose}".encode()).digest()
        return Random(int.from_bytes(digest[:8], "big"))

    def units(self, purpose: str) -> Iterator[float]:
        """Exponential draws of mean 1, without end."""
        draw = self._random(purpose).random
        while True:
            yield -log(1.0 - draw())

    def tasks(self, instance: int, thread: int, done: int, program: TaskProgram) -> array[float]:
        """A block of a thread's tasks: for each the pause before it and its size in cycles, in turn.

        Args:
            instance: its number.
            thread: its number in the instance.
            done: how many tasks it has done already.
            program: what is drawn.
        """
        count = min(_BLOCK, _FIRST + done)
        if program.count is not None:
            count = min(count, program.count - done)
        sizes, think_s = program.sizes_cycles, program.think_s
        many = len(sizes)
        block = array("d", bytes(16 * count))
        if not program.drawn:
            for number in range(count):
                block[2 * number] = think_s
                block[2 * number + 1] = sizes[(thread + done + number) % many]
            return block
        draw = self._random(f"{instance}|{thread}|{done}").random
        for number in range(count):
            block[2 * number] = -think_s * log(1.0 - draw())
            block[2 * number + 1] = -sizes[(thread + done + number) % many] * log(1.0 - draw())
        return block
