"""How many equal instances of a service fit on one machine, and what the limit is: memory, processors, or a table.

What needs room is added up from the layers (what the hypervisor, the container and the virtual machine of each instance
hold, and what its program does, of which two instances are run). What needs time is found by running: the machine is
filled with more and more instances until their answers take longer than they may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.filling.answer import Density, density
    from simulator.filling.trials import asked_otherwise

__all__ = ["Density", "asked_otherwise", "density"]
_HOMES = {"Density": "answer", "density": "answer", "asked_otherwise": "trials"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"simulator.filling.{_HOMES[name]}"), name)
