"""What is not known exactly: every number of a scenario whose catalog entry has a range, and how to change it.

    space = Space.of(load("scenarios/published/barham_2003_figure_3.yaml"))
    for values in draws(space.parameters, 20, seed=1):
        points = space.with_values(values)

Three rules:

- The catalog's ranges are the distributions. The value is the median: half of the probability lies on each side of it,
  uniform, or uniform on the logarithm where the range spans more than a factor of ten. A number that was measured on
  another machine has the widened range that the catalog gives it.
- One number is one unknown, however many stacks hold it: as the same product (host and guest too), or because one
  product has it from another (``extends``). What a scenario sets itself is given and not uncertain, and what a workload
  only chooses (``Program.CHOSEN``: how much, how many at a time; the length of the simulated part) is not either.
- A number computed from others of its file follows them where its range is just what follows from theirs. Where its
  entry has a range of its own, that range says how wrong it may be for whatever reason: it is an unknown of its own.
"""

from __future__ import annotations

from simulator.uncertainty.space import Space
from simulator.uncertainty.unknown import Unknown, draws

__all__ = ["Space", "Unknown", "draws"]
