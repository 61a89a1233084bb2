"""A virtual disk with its controller, as a guest's driver meets it."""

from __future__ import annotations

from simulator.parameters import Parameter
from simulator.virtual_hardware import STYLES

_EMULATED = "style=emulated"


class VirtualDisk:
    """Declarations only: the guest's kernel and the hypervisor's layer say what a request costs."""

    STRUCTURE = {"style": STYLES}
    PARAMETERS = (
        Parameter(
            "registers_count",
            "count",
            "registers that the driver touches for a request, the one that starts it apart",
            "",
            _EMULATED,
        ),
        Parameter("driver_cycles", "cycles", "the guest driver's work for a request"),
        Parameter("queue_count", "count", "requests that fit into its queue"),
        Parameter("request_bytes", "bytes", "largest request; more is divided"),
    )


DEVICE = VirtualDisk
