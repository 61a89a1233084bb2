"""What a virtual machine is given beside processors and memory: disk, network card, image; one module per kind."""

from __future__ import annotations

STYLES = ("emulated", "paravirtual", "passthrough")
"""How a device is shown to a guest: by registers that trap, by a ring shared with the hypervisor, or as it is."""
