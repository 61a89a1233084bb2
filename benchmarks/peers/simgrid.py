"""SimGrid as a contender, in its two settings: actions updated lazily (its default), or all at every step.

The lazy one looks at fewer actions where hosts are many and small, the full one is the better where one host is large.
"""

from __future__ import annotations

from pathlib import Path

from measuring import DRAWS
from peers.native import SIMGRID, build

LAZY, FULL = "SimGrid (default)", "SimGrid (Full)"
_QUIET = "--log=xbt_cfg.thresh:warning"


def contenders(folder: Path) -> dict[str, tuple[str, ...]]:
    """Command of each setting; empty where SimGrid is not installed."""
    binary = build(SIMGRID, folder)
    if binary is None:
        return {}
    return {LAZY: (str(binary), DRAWS, _QUIET), FULL: (str(binary), DRAWS, _QUIET, "--cfg=cpu/optim:Full")}
