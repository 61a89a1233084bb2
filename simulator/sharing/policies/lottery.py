"""Lottery: at every slice a ticket is drawn, and its holder runs.

The winner is a drawn number modulo all tickets of the queue, counted through in order of arrival (Waldspurger and
Weihl, OSDI 1994; numbers as in OSTEP's lottery.py). Parameters: ``slice_s`` 100 ms (Waldspurger and Weihl's prototype
on Mach; recalled); ``seed`` of the generator; tickets are weights times ``tickets`` (100), in whole numbers. Honours
weight, on average, and cap; a reservation is not known.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import Policy


class Lottery(Policy):
    """Nothing to remember but the generator."""

    DEFAULTS = {"slice_s": 0.1, "seed": 0.0, "tickets": 100.0}
    HONOURS = frozenset({"weight", "cap"})
    CLOSED = False

    def prepare(self) -> None:
        """Numbers from the seed, unless others are given to ``numbers``."""
        self.random.seed(int(self.parameters["seed"]))
        self.numbers: Iterator[int] = iter(lambda: self.random.getrandbits(48), -1)

    def assign(self, queue: RunQueue) -> None:
        """One slice for all."""
        for entity in queue.entities:
            entity.slice_ns = self.time_ns("slice_s")

    def pick(self, queue: RunQueue) -> Entity | None:
        """The holder of the ticket that is drawn; nobody draws for one alone."""
        entities = sorted(queue.entities, key=lambda entity: entity.rank)
        if len(entities) < 2:
            return entities[0] if entities else None
        tickets = [max(1, round(entity.weight * self.parameters["tickets"])) for entity in entities]
        winner = next(self.numbers) % sum(tickets)
        for entity, number in zip(entities, tickets, strict=True):
            winner -= number
            if winner < 0:
                return entity
        raise AssertionError("a ticket without a holder")


POLICY = Lottery
