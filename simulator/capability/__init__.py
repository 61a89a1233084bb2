"""What each way of virtualizing lets one do to a tenant: derived from the layers, word by word, with who does it.

``can("linux-6 | docker")`` asks every layer on the way to a tenant for its words and says for each word which layer
does it to what, and what goes on meanwhile; or why nobody can, and what to do instead.
"""

from __future__ import annotations

from simulator.capability.table import Capability, Cell, can, frame

__all__ = ["Capability", "Cell", "can", "frame"]
