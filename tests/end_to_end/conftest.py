"""The command, run in this process; and a workload with bad luck."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.cli import main

Outcome = tuple[int, str, str]
Command = Callable[..., Outcome]

LUCKLESS = """
from simulator.demands import Compute
from simulator.parameters import Parameter
from simulator.workloads.base import Program, ThreadPlan


class Luckless(Program):
    PARAMETERS = (Parameter("failing_ratio", "ratio", "part of the runs that have bad luck"),)

    def threads(self):
        return [ThreadPlan("main", self._main())]

    def _main(self):
        HAPPENS
        start_s = self.context.now
        yield Compute(count=1e6)
        self.context.done("main", "turn", start_s)

    def value(self, operations, elapsed_s):
        return elapsed_s


PROGRAM = Luckless
"""
UNLUCKY = 'self.context.draws("luck").uniform() < self.parameters.failing_ratio'
LUCKLESS_NUMBERS = """
name: NAME
title: Has bad luck now and then
program: NAME
interface: system
metric: {name: elapsed, unit: s, better: lower}
parameters:
  failing_ratio:
    - {value: 0.5, range: [0, 1], kind: assumed, where: "for the tests", measured_on: any}
"""


@pytest.fixture
def virtlab(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command in this process, in a folder of its own; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Outcome:
        code = main(arguments)
        return code, *capsys.readouterr()

    return command


@pytest.fixture
def luckless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Makes a workload: its name, and the statement that it begins with, in which ``UNLUCKY`` is a condition."""
    extra = tmp_path / "extra"

    def make(name: str, happens: str) -> None:
        program = LUCKLESS.replace("HAPPENS", happens.replace("UNLUCKY", UNLUCKY))
        for path, text in ((f"modules/workloads/{name}.py", program), (f"workloads/{name}.yaml", LUCKLESS_NUMBERS)):
            (extra / path).parent.mkdir(parents=True)
            (extra / path).write_text(text.replace("NAME", name))
        monkeypatch.setenv("VIRTLAB_CATALOG", str(extra))

    return make
