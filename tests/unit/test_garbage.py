"""Processes of ours look for garbage in cycles seldom; one that only imports us goes on as it was."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

OWN = "import gc; before = gc.get_threshold()\n"
SAY = "\nprint(before[0] < gc.get_threshold()[0], before[1:] == gc.get_threshold()[1:])"
COMMAND = "from simulator.cli import main; main(['list', 'schedulers', '--json'])"
WORKER = (
    "from multiprocessing import Pipe; from simulator.batch import worker; ends = Pipe(); worker.prepare({}, ends[0])"
)
LIBRARY = "import simulator as vl; vl.Catalog().names('machines')"


@pytest.mark.parametrize(("program", "seldom"), [(COMMAND, True), (WORKER, True), (LIBRARY, False)])
def test_only_a_process_of_ours_is_changed(program: str, seldom: bool) -> None:
    command = [sys.executable, "-c", f"{OWN}{program}{SAY}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout
    assert said.splitlines()[-1] == f"{seldom} True"


def test_the_tests_themselves_look_seldom() -> None:
    assert gc.get_threshold()[0] > 10_000 and gc.get_freeze_count() > 0
