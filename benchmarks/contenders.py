"""Who runs the scenarios: virtlab in each way it offers, the references in Python, the peers that are installed."""

from __future__ import annotations

from pathlib import Path

from measuring import DRAWS, Command, python
from peers import native, simgrid

from scenarios import on_processor

NAIVE, SLICES_4_MS, SLICES_1_MS = "naive fluid SimPy", "naive slices SimPy 4 ms", "naive slices SimPy 1 ms"
LIMIT, LAZY, FULL = "C limit", simgrid.LAZY, simgrid.FULL
HOST_BY_HOST = "virtlab, host by host"
EXACT = (NAIVE, LIMIT, LAZY, FULL)
"""What must find the same mean response as virtlab; slices only approach it."""


def named(way: str) -> str:
    """What a way to use the processor is called in tables."""
    return f"virtlab ({way})"


BEST = named(on_processor.ways()[-1])
"""The cheapest public way: reusable events where there are, else new ones."""


def virtlab() -> dict[str, Command]:
    """Each way to use the processor."""
    return {named(way): python("scenarios/on_processor.py", DRAWS, way) for way in on_processor.ways()}


def host_by_host() -> dict[str, Command]:
    """The best way with one environment a host."""
    return {HOST_BY_HOST: python("scenarios/on_processor.py", DRAWS, on_processor.ways()[-1], "host-by-host")}


def references() -> dict[str, Command]:
    """The same work, plainly."""
    return {
        NAIVE: python("references/naive_fluid.py", DRAWS),
        SLICES_4_MS: python("references/naive_slices.py", DRAWS, "0.004"),
        SLICES_1_MS: python("references/naive_slices.py", DRAWS, "0.001"),
    }


def peers(folder: Path) -> dict[str, Command]:
    """Programs in other languages, as far as they can be built here."""
    limit = native.build(native.LIMIT, folder)
    return {**simgrid.contenders(folder), **({LIMIT: (str(limit), DRAWS)} if limit else {})}


def only(commands: dict[str, Command], *names: str) -> dict[str, Command]:
    """Those of these names that there are."""
    return {name: command for name, command in commands.items() if name in names}
