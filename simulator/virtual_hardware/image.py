"""A system image: what a machine boots from, beside the kernel itself.

The start of a system is that of its kernel (the layer's own ``start`` section) and then that of its image.
"""

from __future__ import annotations

from simulator.effort import START
from simulator.parameters import Parameter


class Image:
    """Declarations only."""

    STRUCTURE: dict[str, tuple[str, ...]] = {}
    PARAMETERS = (
        Parameter("size_bytes", "bytes", "its size on the disk it is kept on"),
        *START,
        Parameter(
            "start_bursts_count",
            "count",
            "how often computing and reading take turns, each for exponentially distributed amounts; once if not given",
            optional=True,
        ),
    )


DEVICE = Image
