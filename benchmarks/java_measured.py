"""Real Java beside its prediction: two small programs in some settings, measured | predicted | error.

Needs a JDK of version 17 or later; no test does: run it by hand, on a machine that does nothing else, by
``python benchmarks/java_measured.py``. The programs are compiled and run, their logs are read by what ``virtlab
import`` reads them with, and two numbers of each are fitted to two settings (``java_program.py``). The machine is one
of the catalog (``--machine``) with the clock that a loop of dependent instructions finds here.

Each setting is run several times. Of times the least is taken, counts are of the run that took the least time. Where
others had the processors meanwhile, times on the clock say nothing of Java: such rows are marked and not summed up;
processor time and counts are.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from java_program import ITERATIONS, LAYER, Counted, Each, Fitted, each, fitted, started, write
from java_runs import COLLECTORS, Java, Run, Setting, best, clock_hz

from simulator.catalog import Catalog
from simulator.errors import CatalogError
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

FEW, KEPT, SMALLEST_MIB = 6, 250_000, 48
KERNEL, KEEPER = ("Kernel", (str(ITERATIONS), "20")), ("Keeper", (str(ITERATIONS), "60", str(KEPT)))
COUNTED = {
    "Kernel": Counted(19, 20 * 1.75e5, "20 rounds: a heap sort of 4096 words (140,000 calls), 8 calls for each word"),
    "Keeper": Counted(9, 60_000 * 27.75, "60,000 steps: 8 messages of 3 calls, a quarter of a record of 3, 3 others"),
}
MODES = {"int": "interpreter", "c1": "c1", "tiered": "tiered", "comp": "tiered-first"}
"""What the layer calls them."""
FIELDS = ("setting", "figure", "unit", "measured", "predicted", "error_percent", "others_percent")
ON_THE_CLOCK = ("wall_s", "first_iteration_s", "steady_iteration_s", "pause_total_s", "longest_pause_s")
MOST_OTHERS = 0.05
"""Part of the processors' time that others may have before times on the clock are taken to be disturbed."""


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        predicted: None where nothing is.
        others: part of the processors' time that others had while it was measured.
    """

    setting: str
    figure: str
    unit: str
    measured: float
    predicted: float | None
    others: float

    @property
    def counts(self) -> bool:
        """Whether the measurement says something of Java."""
        return self.figure not in ON_THE_CLOCK or self.others <= MOST_OTHERS

    @property
    def error(self) -> float | None:
        """Predicted over measured, less 1."""
        if self.predicted is None or not self.measured:
            return None
        return self.predicted / self.measured - 1.0


# ---- settings


def kernel_settings(processors: int) -> list[Setting]:
    """The kernel in every mode, on one processor and on two."""
    return [
        Setting("Kernel", (str(FEW if mode == "int" else ITERATIONS), *KERNEL[1][1:]), mode, "serial", 64, count)
        for count in range(1, min(2, processors) + 1)
        for mode in ("int", "c1", "tiered", "comp")
    ]


def keeper_settings(live_mib: int, processors: int) -> list[Setting]:
    """The keeper with every collector, in heaps of two to four times what it keeps."""
    count = min(2, processors)
    found = [Setting(*KEEPER, "tiered", each, times * live_mib, count) for each in COLLECTORS for times in (2, 3, 4)]
    return [*found, Setting(*KEEPER, "tiered", "serial", 3 * live_mib, 1)]


# ---- what is compared


def measured(runs: Sequence[Run]) -> dict[str, float]:
    """The figures of several runs of one setting."""
    one = best(runs)
    found = {
        "wall_s": one.wall_s,
        "cpu_s": min(run.cpu_s for run in runs),
        "first_iteration_s": min(run.first_s for run in runs),
        "steady_iteration_s": min(run.steady_s for run in runs),
    }
    if one.figure("pauses"):
        found |= {
            "young_collections": one.figure("young collections") + one.figure("collections given up"),
            "full_collections": one.figure("full collections"),
            "pause_total_s": min(run.figure("pause total") for run in runs),
            "longest_pause_s": min(run.figure("longest pause") for run in runs),
            "allocated_bytes": one.figure("bytes allocated"),
        }
    return found


def predicted(tables: Mapping[str, Sequence[Sequence[Any]]]) -> dict[str, float]:
    """The same figures of a simulated run."""
    rows = {table: [dict(zip(names(table), row, strict=True)) for row in found] for table, found in tables.items()}
    (tenant,) = rows["tenants"]
    if tenant["outcome"] != "ok":
        return {}
    times = [row["latency_s"] for row in rows["requests"] if row["kind"] == "iteration"]
    pauses = [row for row in rows["log"] if str(row["kind"]).lower().startswith("pause")]
    full = [row for row in pauses if "full" in str(row["kind"]).lower()]
    lengths = [float(row["duration_s"]) for row in pauses]
    computed = sum(float(row["service_s"]) for row in rows["charges"] if row["device"] == "cpu")
    return {
        "wall_s": tenant["boot_s"] + tenant["elapsed_s"],
        "cpu_s": computed,
        "first_iteration_s": times[0],
        "steady_iteration_s": median(times[-max(1, len(times) // 3) :]),
        "young_collections": float(len(pauses) - len(full)),
        "full_collections": float(len(full)),
        "pause_total_s": sum(lengths),
        "longest_pause_s": max(lengths, default=0.0),
    }


def scenario(setting: Setting, name: str, machine: str, hz: float) -> dict[str, Any]:
    """A setting as virtlab has it."""
    return {
        "version": 1,
        "title": setting.label,
        "machine": {"base": machine, "devices": {"cpu": {"frequency": f"{hz / 1e6:.6g} MHz"}}},
        "stacks": {"jvm": f"linux-6 | {LAYER}(mode={MODES[setting.mode]}, collector={setting.collector})"},
        "tenants": {
            "app": {
                "workload": name,
                "parameters": {"iterations_count": int(setting.arguments[0])},
                "cpus": "0" if setting.processors == 1 else f"0-{setting.processors - 1}",
                "boot": True,
                "limits": {LAYER: {"heap": f"{setting.heap_mib} MiB", "initial_heap": f"{setting.heap_mib} MiB"}},
            }
        },
        "replications": 1,
    }


def compared(label: str, here: Mapping[str, float], there: Mapping[str, float], others: float) -> list[Row]:
    """A row for each figure that was measured."""
    units = {"s": "s", "bytes": "bytes"}
    return [
        Row(label, name, units.get(name.rpartition("_")[2], "count"), value, there.get(name), others)
        for name, value in here.items()
    ]


# ---- the table


def text(rows: Sequence[Row]) -> str:
    """The table for people, and how large its errors are."""
    lines = [f"{'setting':44} {'figure':20} {'measured':>12} {'predicted':>12} {'error':>8}"]
    for row in rows:
        there = f"{row.predicted:12.5g}" if row.predicted is not None else f"{'-':>12}"
        error = f"{100 * row.error:+7.0f}%" if row.error is not None else f"{'-':>8}"
        disturbed = "" if row.counts else f"  disturbed: others had {100 * row.others:.0f} %"
        lines.append(f"{row.setting:44} {row.figure:20} {row.measured:12.5g} {there} {error}{disturbed}")
    return "\n".join([*lines, *summary(rows)])


def summary(rows: Sequence[Row]) -> list[str]:
    """The errors of each figure, of what was measured undisturbed."""
    lines = []
    for name in dict.fromkeys(row.figure for row in rows):
        errors = [abs(row.error) for row in rows if row.figure == name and row.error is not None and row.counts]
        if errors:
            middle, most = 100 * median(errors), 100 * max(errors)
            lines.append(f"{name}: {len(errors)} rows, error {middle:.0f} % in the median, {most:.0f} % at most")
    disturbed = sum(not row.counts for row in rows)
    if disturbed:
        lines.append(f"{disturbed} times on the clock are left out: others had more than {100 * MOST_OTHERS:.0f} %")
    return lines


def save(rows: Iterable[Row], path: Path) -> None:
    """The table for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        for row in rows:
            error = "" if row.error is None else f"{100 * row.error:.1f}"
            there = "" if row.predicted is None else f"{row.predicted:.6g}"
            writer.writerow((*row[:3], f"{row.measured:.6g}", there, error, f"{100 * row.others:.0f}"))


# ---- all of it


def simulate(setting: Setting, name: str, machine: str, hz: float) -> dict[str, float]:
    """The prediction of a setting."""
    (point,) = load(scenario(setting, name, machine, hz)).points()
    return predicted(run_point(point, 0)["tables"])


class Found(NamedTuple):
    """All that was measured: runs by setting, the programs, the clock, and the runs that the starts are fitted to."""

    runs: dict[Setting, list[Run]]
    programs: dict[str, Fitted]
    hz: float
    starts: dict[str, tuple[Setting, Run]]


def measure(java: Java, repeats: int, processors: int, say: Callable[[str], None]) -> Found:
    """All runs, what was fitted, and the clock."""
    hz = clock_hz(java)
    say(f"{java.version()}; clock {hz / 1e9:.3f} GHz")

    def runs(setting: Setting) -> list[Run]:
        say(setting.label)
        return [java.run(setting) for _ in range(repeats)]

    kept = Setting(*KEEPER, "tiered", "serial", SMALLEST_MIB, 1)
    live_bytes = max(run.figure("live bytes") for run in runs(kept))
    live_mib = round(live_bytes / 1024**2)
    settings = [*kernel_settings(processors), *keeper_settings(live_mib, processors)]
    programs, starts = {}, {}
    for (program, arguments), kept_bytes in ((KERNEL, 0.0), (KEEPER, live_bytes)):
        heap_mib = 6 * live_mib if kept_bytes else 64
        interpreted = Setting(program, arguments, "int", "serial", heap_mib, 1).longer(1)
        slow = _each(runs, interpreted, 1, 4)
        fast = _each(runs, replace(interpreted, mode="tiered"), ITERATIONS, 3 * ITERATIONS)
        every = best(runs(replace(interpreted, mode="comp")))
        programs[program] = fitted(program, COUNTED[program], slow, fast, every, kept_bytes, hz)
        starts[program] = (interpreted, slow.first)
    return Found({setting: runs(setting) for setting in settings}, programs, hz, starts)


def predict(found: Found, folder: Path, machine: str) -> tuple[list[Fitted], list[Row]]:
    """The starts fitted, and every setting as virtlab has it; the programs' entries are written into ``folder``."""
    os.environ["VIRTLAB_CATALOG"] = str(folder)
    year = date.today().year
    write(list(found.programs.values()), folder, found.hz, year)
    programs = {}
    for name, (setting, run) in found.starts.items():
        there = simulate(setting, found.programs[name].name, machine, found.hz)
        programs[name] = started(found.programs[name], run.cpu_s, there["cpu_s"], found.hz)
    write(list(programs.values()), folder, found.hz, year)
    rows = []
    for setting, runs in found.runs.items():
        there = simulate(setting, programs[setting.program].name, machine, found.hz)
        rows += compared(setting.label, measured(runs), there, best(runs).others)
    return list(programs.values()), rows


def _each(runs: Callable[[Setting], list[Run]], setting: Setting, few: int, many: int) -> Each:
    """What further iterations take of the processor: the start and what is compiled on the way are in both runs."""
    less, more = (runs(setting.longer(count)) for count in (few, many))
    return each(less, more)


def asked_for(words: Sequence[str] | None = None) -> argparse.Namespace:
    """What the command line says.

    Raises:
        SystemExit: it asks for what there is not; nothing was run.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--machine", default="epyc-zen4-vm", help="of the catalog, that this one is most like")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each setting")
    parser.add_argument("--out", type=Path, default=Path("results/java_measured.csv"))
    asked = parser.parse_args(words)
    if asked.repeats < 1:
        parser.error("--repeats: at least one run of each setting is needed")
    try:
        Catalog().machine(asked.machine)
        asked.out.parent.mkdir(parents=True, exist_ok=True)
    except CatalogError as error:
        parser.error(f"--machine: {error}")
    except OSError as error:
        parser.error(f"--out: {asked.out} cannot be written: {error.strerror}; take another place")
    return asked


def main() -> None:
    """Measures, predicts, prints and saves."""
    asked = asked_for()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        processors = len(os.sched_getaffinity(0))
        found = measure(Java(folder), asked.repeats, processors, _tell)
        programs, rows = predict(found, folder / "catalog", asked.machine)
    for program in programs:
        print(program.summary())
    print(text(rows))
    save(rows, asked.out)


def _tell(said: str) -> None:
    print(said, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
