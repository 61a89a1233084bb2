"""So many equal tenants on one stack of one machine, as a point that can be run."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any

from simulator import notation
from simulator.catalog import Catalog
from simulator.errors import UsageError
from simulator.scenario import load
from simulator.units import format_quantity

MACHINE = "server-2025"
MOST = 26
_PROGRAMS = ("compute-kernel", "windows-office", "key-value-store", "cpu-hog")
"""Programs that are tried, one after the other, until one runs on the stack: what it does makes no difference here."""


def point(catalog: Catalog, stack: str, tenants: int, machine: str = MACHINE) -> dict[str, Any]:
    """The point.

    Args:
        catalog: where names are looked up.
        stack: the expression.
        tenants: how many.
        machine: of the catalog.

    Raises:
        UsageError: there is no such stack or machine, or not so many fit.
    """
    if not 2 <= tenants <= MOST:
        raise UsageError(f"{tenants} tenants: take 2 to {MOST}, so that there are two to compare")
    memory = catalog.machine(machine).devices["memory"].parameters["capacity_bytes"].value / (2 * tenants)
    two_bars = sum(scope == "group" for scope, _ in notation.parse(stack).placed()) > 0
    problem: UsageError | None = None
    for program in _PROGRAMS:
        form = {"workload": program, "memory": format_quantity(memory // 2**20 * 2**20, "bytes"), "vcpus": 1}
        each = {
            name: {**form, **({"group": f"g{number // 2 + 1}"} if two_bars else {})}
            for number, name in enumerate(ascii_lowercase[:tenants])
        }
        data = {
            "version": 1, "title": "what breaks together", "machine": machine, "stacks": {stack: stack},
            "tenants": each, "duration": "600 s",
        }  # fmt: skip
        try:
            return load(data).points()[0]
        except UsageError as error:
            problem = problem or error
    assert problem is not None
    raise problem
