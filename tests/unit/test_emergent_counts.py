"""Counted or emergent, never both."""

from pathlib import Path

import pytest

from simulator.catalog import Catalog
from simulator.errors import CatalogError

MODULE = """
from simulator.workloads.base import Program

class Switcher(Program):
    COUNTS = ("compute", "context_switch")
    def threads(self): return []
    def value(self, operations, elapsed_s): return 0.0

PROGRAM = Switcher
"""
SHEET = """
name: switcher
title: Counts what the schedule decides
program: switcher
interface: system
metric: {name: nothing, unit: s, better: lower}
parameters: {}
"""


def test_a_workload_that_counts_an_emergent_event_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "modules" / "workloads").mkdir(parents=True)
    (tmp_path / "modules" / "workloads" / "switcher.py").write_text(MODULE)
    (tmp_path / "workloads").mkdir()
    (tmp_path / "workloads" / "switcher.yaml").write_text(SHEET)
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))
    with pytest.raises(CatalogError, match=r"switcher\.yaml:4:1: program: .*'context_switch', which emerges"):
        Catalog().workload("switcher", "dell-2650")
