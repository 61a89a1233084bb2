"""The machine itself, as the lowest layer: demands of a kernel become processor time and device transfers.

Scope and limits: one pool of processors, one disk, one network card.

Mechanism: traps, page-table updates and address-space switches cost nothing here: a native kernel's measured
figures include them. Leaving an idle state is emergent and paid by the thread that wakes; the refill of the
cache after a switch likewise (both are computed by the processor).

Parameters: none; they belong to the devices.

Validation: closed forms of LAWS in the tests.

References: none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator.demands import (
    AccessRegister,
    Compute,
    Demand,
    SensitiveInstruction,
    SwitchAddressSpace,
    TimerTick,
    TouchKernelPage,
    TransferBlocks,
    TransferPackets,
    Trap,
    UpdatePageTable,
)
from simulator.layers.base import Layer, Mechanism
from simulator.steps import DISK, NIC_RECEIVE, NIC_SEND, Step, Transfer, Use

_IN_THE_KERNELS_OWN_FIGURES = (
    AccessRegister,
    SensitiveInstruction,
    SwitchAddressSpace,
    TimerTick,
    TouchKernelPage,
    Trap,
    UpdatePageTable,
)


class Hardware(Layer):
    """Bare metal."""

    OFFERS = "machine"
    NEEDS = ""
    MECHANISMS = {
        "compute": Mechanism("the program's own cycles"),
        "transfer": Mechanism("bytes moved by a device"),
        "cache_refill": Mechanism("lines of the working set fetched again after others ran", "emergent"),
        "idle_exit": Mechanism("an idle core wakes", "emergent"),
    }

    def lower(self, demand: Demand) -> Iterable[Step]:
        """Device time."""
        if isinstance(demand, Compute):
            return (Use("compute", cycles=1.0, program=True),)
        if isinstance(demand, TransferBlocks):
            position, stream = demand.position_bytes, demand.stream
            return (Transfer(DISK, "transfer", demand.size_bytes, position, demand.write, stream),)
        if isinstance(demand, TransferPackets):
            device = NIC_SEND if demand.direction == "send" else NIC_RECEIVE
            return (Transfer(device, "transfer", demand.size_bytes, window_bytes=demand.window_bytes),)
        if isinstance(demand, _IN_THE_KERNELS_OWN_FIGURES):
            return ()
        raise self.not_offered(demand)

    def presents(self) -> Mapping[str, str]:
        """Real devices."""
        return {"disk": "physical", "nic": "physical"}


LAYER = Hardware
