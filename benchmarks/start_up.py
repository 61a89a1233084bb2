"""What it costs to begin: the command against its libraries alone, and what a worker process holds."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from measuring import HERE, Command, child_environment, once

from simulator.scenario import load

SCENARIO = """\
version: 1
title: One small run
machine: dell-2650
stacks: {native: linux-2.4 |}
tenants:
  app: {workload: dbench, memory: 512 MiB, vcpus: 1}
replications: 1
"""
LIBRARIES = "import simpy, pydantic, yaml"
_SAY = """
import json, sys
sys.path.insert(0, {here!r})
from scenarios.draws import peak_bytes
def package(module):
    parts = (getattr(module, "__file__", None) or "").replace("\\\\", "/").split("/site-packages/")
    return parts[1].partition("/")[0] if len(parts) == 2 else ""
found = sorted({{package(module) for module in list(sys.modules.values())}} - {{""}})
print(json.dumps({{"peak_mib": peak_bytes() / 2**20, "packages": found}}))
"""
_WORKER = """
import pickle
from simulator.batch.worker import run_one
with open({point!r}, "rb") as file:
    line = run_one(pickle.load(file), 0)
assert b'"ok"' in line, line
"""


def libraries() -> Command:
    """A process that imports what reading a scenario needs, and nothing else."""
    return (sys.executable, "-c", LIBRARIES)


def command(scenario: Path, out: Path, *options: str) -> Command:
    """``virtlab run`` of the small scenario."""
    return (sys.executable, "-m", "simulator", "run", str(scenario), "--out", str(out), "--jobs", "1", *options)


def measure(rounds: int, figures: bool) -> dict[str, Any]:
    """Processor seconds of each in turn, their ratios, and packages and memory of a worker over bare Python."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        scenario = folder / "small.yaml"
        scenario.write_text(SCENARIO)
        times = _in_turn(scenario, folder, rounds, figures)
        (folder / "point").write_bytes(pickle.dumps(next(iter(load(scenario).points()))))
        worker = _held(_WORKER.format(point=str(folder / "point")))
    bare = _held("")
    return {
        "cpu_s": {what: median(column) for what, column in times.items()},
        "cpu_s_rounds": times,
        "over_libraries": {
            what: [one / alone for one, alone in zip(column, times["libraries"], strict=True)]
            for what, column in times.items()
            if what.startswith("virtlab")
        },
        "worker": {
            "packages": [package for package in worker["packages"] if package not in bare["packages"]],
            "mib_over_bare": worker["peak_mib"] - bare["peak_mib"],
        },
    }


def _in_turn(scenario: Path, folder: Path, rounds: int, figures: bool) -> dict[str, list[float]]:
    """A new folder of results each time: what is there already is not run again."""
    times: dict[str, list[float]] = {}
    for number in range(rounds):
        commands = {
            "bare python": (sys.executable, "-c", ""),
            "libraries": libraries(),
            "virtlab run": command(scenario, folder / f"plain {number}", "--no-figures"),
        }
        if figures:
            commands["virtlab run, figures"] = command(scenario, folder / f"drawn {number}")
        for what, each in commands.items():
            times.setdefault(what, []).append(once(each).cpu_s)
    return times


def _held(program: str) -> dict[str, Any]:
    """Packages outside the standard library that a program has loaded, and its peak of memory."""
    text = program + _SAY.format(here=str(HERE))
    ended = subprocess.run(
        (sys.executable, "-c", text), capture_output=True, text=True, check=True, env=child_environment()
    )
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found
