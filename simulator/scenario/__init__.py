"""Scenario files: a question as a file, checked as a whole before anything runs."""

from simulator.scenario.lookup import Catalog
from simulator.scenario.scenario import Scenario, load

__all__ = ["Catalog", "Scenario", "load"]
