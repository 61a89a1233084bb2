"""A virtual network card, as a guest's driver meets it."""

from __future__ import annotations

from simulator.parameters import Parameter
from simulator.virtual_hardware import STYLES

_EMULATED = "style=emulated"


class VirtualNetworkCard:
    """Declarations only: the guest's kernel and the hypervisor's layer say what a packet costs."""

    STRUCTURE = {"style": STYLES}
    PARAMETERS = (
        Parameter(
            "registers_count",
            "count",
            "registers that the driver touches for a unit, the one that starts it apart",
            "",
            _EMULATED,
        ),
        Parameter(
            "interrupt_registers_count",
            "count",
            "registers that the driver touches at an interrupt, for all units that share it",
            "",
            _EMULATED,
        ),
        Parameter("driver_cycles", "cycles", "the guest driver's work for a unit sent or received"),
        Parameter("queue_count", "count", "units that fit into its ring"),
        Parameter("handed_bytes", "bytes", "largest unit that its model hands on as it is; 0: packet by packet"),
        Parameter("offload_bytes", "bytes", "largest unit that it cuts into packets by itself; 0: packet by packet"),
    )


DEVICE = VirtualNetworkCard
