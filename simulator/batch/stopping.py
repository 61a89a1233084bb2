"""The stopping rule as a batch sees it; its statistics stand with the intervals that it looks at."""

from simulator.results.stopping import Stopping

__all__ = ["Stopping"]
