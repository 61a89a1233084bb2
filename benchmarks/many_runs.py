"""What a batch of 100,000 finished runs costs: writing it through the real batch, loading it, and asking it.

usage: python benchmarks/many_runs.py [--points N] [--replications N] [--out FOLDER] [--csv] [STEP...]

The runs cost microseconds (``simulated`` below invents their rows), so all that is measured is in their way. Every
step is a process of its own: seconds, and the peak of its memory. Target: ``list``, ``load`` and ``summary`` together
under 5 s, with less than 500 MB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from measuring import child_environment

POINTS, REPLICATIONS = 10_000, 10
STACKS = {"native": "linux-6 |", "kvm": "linux-6 | kvm-qemu | linux-6"}
TENANTS = ("web", "database")
MECHANISMS = ("program", "exit", "page-walk", "ring-kick", "context-switch")
TARGET = f"{Path(__file__).stem}:simulated"


def simulated(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """A run: rows as wide as real ones, with numbers of as many digits, from a luck of their own."""
    from simulator.records import TABLES, run_id

    run, random = run_id(point["point"], replication), Random(point["point"] * 1009 + replication)
    common = {"run": run, "replication": replication, "machine": point["machine"]["name"], "without": ""}
    known = {**point, **common, "status": "ok", "error": "", "not_modelled": "caches; interrupts"}
    tables = {
        "runs": [_row(TABLES["runs"], known, random)],
        "tenants": [_row(TABLES["tenants"], _tenant(tenant, run), random) for tenant in TENANTS],
        "devices": [_row(TABLES["devices"], {"run": run, "device": name}, random) for name in ("cpu", "disk")],
        "threads": [
            _row(TABLES["threads"], {"run": run, "tenant": tenant, "thread": "main", "kind": "program"}, random)
            for tenant in TENANTS
        ],
        "charges": [
            _row(TABLES["charges"], {**_charge(tenant, mechanism, point), "run": run}, random)
            for tenant in TENANTS
            for mechanism in MECHANISMS
        ],
    }
    return {"tables": tables}


def _row(declared: tuple[Any, ...], known: dict[str, Any], random: Random) -> list[object]:
    invented = {"text": lambda: "", "integer": lambda: 1, "number": lambda: random.random() * 1e3}
    return [known[column.name] if column.name in known else invented[column.kind]() for column in declared]


def _tenant(tenant: str, run: str) -> dict[str, object]:
    about = {"metric": "time", "unit": "s", "better": "lower"} if tenant == "web" else _THROUGHPUT
    named = {"run": run, "tenant": tenant, "copy_of": tenant, "workload": f"{tenant}-server", "build": "machine code"}
    return {**named, **about, "outcome": "ok", "create_s": None, "start_latency_s": None}


_THROUGHPUT = {"metric": "throughput", "unit": "1/s", "better": "higher"}


def _charge(tenant: str, mechanism: str, point: dict[str, Any]) -> dict[str, object]:
    node = f"linux-6/{point['stack']}[{tenant}]/linux-6[{tenant}]"
    cause = "program" if mechanism == "program" else node
    place = {"tenant": tenant, "thread": "main", "device": "cpu", "payer": node}
    return {**place, "cause": cause, "mechanism": mechanism}


@dataclass(frozen=True)
class ManyPoints:
    """Two stacks, each at many sizes of two kinds."""

    count: int
    replications: int
    name: str = "many-runs"
    title: str = "Many runs"
    text: str = "title: Many runs\n"
    hash: str = "0123456789abcdef"
    seed: int = 1
    baseline: str | None = "native"
    stopping: None = None

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        """As detailed as resolved points are: several kilobytes each."""
        wide = max(1, round((self.count / len(STACKS)) ** 0.5))
        places = product(STACKS, range(wide), range(-(-self.count // (len(STACKS) * wide))))
        return [self._point(number, *place) for number, place in enumerate(places)]

    def _point(self, number: int, stack: str, memory: int, load: int) -> dict[str, Any]:
        axes = {"stack": stack, "tenants.web.memory": f"{memory + 1} GiB", "tenants.database.parameters.load": load}
        about = {"scenario": self.name, "seed": self.seed, "point": number, "axes": axes, "stack": stack}
        machine = {"name": "server-2025", "base": "server-2025", "devices": _numbers("device", 8)}
        tenants = {tenant: {"memory_bytes": memory << 30, **_numbers("parameter", 10)} for tenant in TENANTS}
        more = {"machine": machine, "layers": _numbers("layer", 20), "tenants": tenants, "without": []}
        return {**about, "expression": STACKS[stack], "fidelity": "fluid", **more}


@lru_cache
def _numbers(kind: str, count: int) -> dict[str, dict[str, float]]:
    return {f"{kind} {n}": {f"number_{m}_s": 1e-6 * (n + m / 7) for m in range(6)} for n in range(count)}


def scenario(asked: argparse.Namespace) -> ManyPoints:
    """The scenario of as many points as are asked for."""
    return ManyPoints(asked.points, asked.replications)


def batch_folder(asked: argparse.Namespace) -> Path:
    """Where its results are."""
    (found,) = (Path(asked.out) / "many-runs").iterdir()
    return found


def run(asked: argparse.Namespace) -> None:
    """Everything is run (or found finished) and loaded."""
    from simulator import batch

    batch.run(scenario(asked), out=asked.out, jobs=1, progress=None, catalog=object(), target=TARGET)


def of_results(ask: Callable[[Any], object]) -> Callable[[argparse.Namespace], object]:
    """A step that loads the batch and asks it something."""

    def step(asked: argparse.Namespace) -> object:
        from simulator.results import load

        return ask(load(batch_folder(asked)))

    return step


def listed(asked: argparse.Namespace) -> None:
    """What a list of batches needs to know of this one."""
    from simulator.results.folder import read_manifest

    assert read_manifest(batch_folder(asked))["runs"]["failed"] == 0


def report(results: Any) -> None:
    """What ``virtlab run`` prints and draws of a batch."""
    from contextlib import redirect_stdout
    from io import StringIO

    from simulator.cli import run as command

    with redirect_stdout(StringIO()) as printed:
        command._show(results, [])
    lines = printed.getvalue().splitlines()
    print(f"{len(lines)} lines, the longest of {max(map(len, lines))} characters")


def figures(results: Any) -> None:
    """Every figure that has something to show."""
    from simulator.plots import draw

    for path in draw(results):
        print(path)


STEPS: dict[str, Callable[[argparse.Namespace], object]] = {
    "run": run,
    "run again": run,
    "list": listed,
    "load": of_results(lambda results: results.runs),
    "summary": of_results(lambda results: results.summary()),
    "of a column": of_results(lambda results: results.summary("latency_p99_s")),
    "compare": of_results(lambda results: results.compare()),
    "where": of_results(lambda results: results.where()),
    "knock_on": of_results(lambda results: results.knock_on()),
    "report": of_results(report),
    "figures": of_results(figures),
}


def peak_bytes() -> int:
    """The peak of this process's memory; what its parent held before it began does not count."""
    from scenarios.draws import peak_bytes as peak

    return int(peak())


def step(name: str, asked: argparse.Namespace) -> None:
    """One step, in this process; says what it took."""
    begin, begin_cpu = perf_counter(), process_time()
    STEPS[name](asked)
    wall_s, cpu_s = perf_counter() - begin, process_time() - begin_cpu
    print(f"{name:12} {wall_s:9.2f} s {cpu_s:9.2f} s of processor {peak_bytes() / 1e6:9.0f} MB", flush=True)


def main() -> int:
    """Each step in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    parser.add_argument("--out", default="", help="keep the results here, and use those that are here")
    parser.add_argument("--only", choices=STEPS, help="this step, in this process")
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of: {', '.join(STEPS)}; by default all")
    asked = parser.parse_args()
    if asked.only:
        step(asked.only, asked)
        return 0
    with TemporaryDirectory() as folder:
        out = asked.out or folder
        common = [sys.executable, __file__, *sizes(asked), "--out", out]
        codes = [
            subprocess.run([*common, "--only", name], env=child_environment(), check=False).returncode
            for name in asked.steps or STEPS
        ]
        for path in sorted(Path(out).glob("many-runs/*/*"), key=lambda path: path.name) if not asked.steps else ():
            print(f"{path.name:30} {size_of(path) / 1e6:9.1f} MB")
    return max(codes)


def sizes(asked: argparse.Namespace) -> list[str]:
    """How large a batch is asked for, as options."""
    return ["--points", str(asked.points), "--replications", str(asked.replications)]


def size_of(path: Path) -> int:
    """Of a file, or of all that is in a folder."""
    return (
        sum(each.stat().st_size for each in path.rglob("*") if each.is_file()) if path.is_dir() else path.stat().st_size
    )


if __name__ == "__main__":
    raise SystemExit(main())
