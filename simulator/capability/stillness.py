"""What stands still and what goes on while a tenant is stopped: by which layers stand on the one that stops it.

Whoever stops a process or a container stops what is above the kernel; the kernel is not theirs to stop. Whoever stops a
virtual machine stops a kernel with all that it keeps. That, and not a degree of strength, is the difference.
"""

from __future__ import annotations

from simulator.layers.base import Layer

STOPS = frozenset({"pause", "inspect", "debug-system", "save", "snapshot", "roll-back", "checkpoint", "migrate"})
"""Words during which a tenant stands still, if only for a moment."""
_KERNEL_GOES_ON = (
    "its threads stop; the kernel below goes on for it: timers run out (and ring when it goes on), what comes over its "
    "connections is acknowledged and kept, its page cache stays and may be reclaimed, its memory may be swapped"
)
_KERNEL_STOPS = (
    "its threads and its kernel stop: no timer of it runs out, its page cache stays as it is, nobody answers for it on "
    "the network, so that the other ends time out, and its clock is behind until it is set; requests that its devices "
    "have taken are finished outside"
)


def goes_on(word: str, layer: type[Layer], kernel_inside: bool) -> str:
    """What does not stop with a tenant, in a sentence; empty for a word that stops nothing.

    Args:
        word: of ``simulator.control``.
        layer: the family of the layer that does it; what nobody below can keep of it is a kernel's state.
        kernel_inside: whether a kernel stands on that layer, as part of the tenant.
    """
    if word not in STOPS:
        return ""
    return _KERNEL_STOPS if kernel_inside or layer.BARS else _KERNEL_GOES_ON
