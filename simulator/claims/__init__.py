"""The lecture's claims, tested: each a scenario with a section ``claim``, run and judged by what comes out.

``kinds/`` has a module for each kind of evidence, found by looking: adding one is adding a file.
"""

from __future__ import annotations

from simulator.claims.claims import TOPICS, chosen, claimed, every, test
from simulator.claims.findings import OPEN, Finding, Tested

__all__ = ["OPEN", "TOPICS", "Finding", "Tested", "chosen", "claimed", "every", "test"]
