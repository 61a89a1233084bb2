"""What each fault takes down on a stack, and what lies between two tenants: structure, sizes, times, no chances.

``blast("linux-6 | docker")`` puts equal tenants on a stack, finds its components in the tree, asks every kind of
fault what it does to whom, and lets one crash of each component happen in simulated time to see how long setting it up
anew takes.
"""

from __future__ import annotations

from simulator.blast.analysis import Blast, Hit, Reach, Row, blast

__all__ = ["Blast", "Hit", "Reach", "Row", "blast"]
