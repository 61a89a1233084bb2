"""``virtlab import``: files of other tools become entries of the catalog, and give back what was measured."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from simulator.catalog import Catalog
from simulator.measurements import tools
from simulator.validation.published import load

Command = Callable[..., tuple[int, str, str]]

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "data" / "measurements"
BLOCK = re.compile(r"^```(yaml|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ON_THE_PAGE = {
    "perf.txt": "perf-6.1.txt",
    "strace.txt": "strace-6.1.txt",
    "lmbench.txt": "lmbench-3-raw.txt",
    "fio.json": "fio-3.33-disk.json",
    "sysbench.txt": "sysbench-1.0.20-cpu.txt",
    "threads.txt": "sysbench-1.0.20-threads.txt",
    "gc.txt": "gc-log-17-serial.txt",
    "jit.txt": "jit-log-17.txt",
    "time.txt": "time-bash.txt",
}
SCENARIO = """
version: 1
title: What fio measured, on what it measured
machine: box
stacks: {{native: linux-6 |}}
tenants:
  app: {{workload: [{workloads}], memory: 4 GiB, vcpus: 2}}
replications: 1
"""

JAVA = """
version: 1
title: What the log of a Java program says, on what it was made on
machine: epyc-zen4-vm
stacks: {jvm: "linux-6 | hotspot-17(collector=serial)"}
tenants:
  app: {workload: keeper, memory: 4 GiB, vcpus: 2}
replications: 1
"""

CLOCK = """
from simulator.measurements import CatalogFile, Measurement, Number, Record, Tool


class Clock(Tool):
    NAME, TITLE, BECOMES, MADE_BY = "clock", "a clock", ("machine",), "clock > FILE"

    def recognise(self, text):
        return "a clock" if text.startswith("clock says") else ""

    def read(self, text, file):
        record = Record("clock")
        record.add("clock", float(text.split()[2]) * 1e9, "hz", "line 1")
        return Measurement("clock", file, records=[record])

    def convert(self, measurement, request, catalog):
        base = catalog.machine(request.machine)
        file = CatalogFile("machines", request.name, request.name)
        file.head = {"title": "A clock", "year": base.year, "extends": base.name}
        file.key, file.source = "a-clock", {"title": "A clock", "year": 2026}
        figure = measurement.records[0].figures["clock"]
        file.device_kinds["cpu"] = "processor"
        file.groups["cpu"] = {"frequency_hz": Number("measured", measurement.place(figure), figure.value)}
        return file


TOOL = Clock
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own, which the catalog reads."""
    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.setenv("VIRTLAB_CATALOG", str(folder))
    return folder


def imported(virtlab: Command, tool: str, sample: str, *options: str, machine: str = "epyc-zen4-vm") -> str:
    """Imports a sample; what it says on stderr."""
    code, _, stderr = virtlab("import", tool, str(SAMPLES / sample), "--machine", machine, *options)
    assert code == 0, stderr
    return stderr


def test_the_page_on_importing_does_what_it_says(
    virtlab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, sample in ON_THE_PAGE.items():
        shutil.copy(SAMPLES / sample, tmp_path / name)
    (tmp_path / "mine").mkdir()
    ran = 0
    for kind, text in BLOCK.findall((ROOT / "docs" / "importing.md").read_text(encoding="utf-8")):
        if kind == "yaml":
            name, _, body = text.removeprefix("# ").partition("\n")
            if name == "seen.yaml":
                assert body in (tmp_path / "mine" / "machines" / "box.yaml").read_text(encoding="utf-8")
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
            continue
        for line, *shown in (part.splitlines() for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]):
            if line.startswith("export "):
                monkeypatch.setenv(*line.removeprefix("export ").split("="))
                continue
            program, *arguments = shlex.split(line)
            assert program == "virtlab", line
            code, stdout, stderr = virtlab(*arguments)
            ran += 1
            said = [each for each in (stdout + stderr).splitlines() if not each.startswith("# not used")]
            assert code == 2 * bool(shown and shown[0].startswith("error:")), (line, stderr)
            assert not shown or said == shown, line
    assert ran >= 14


@pytest.mark.parametrize(
    ("tool", "sample", "options"),
    [
        ("perf-stat", "perf-6.1.txt", ()),
        ("perf-stat", "perf-6.1.csv", ()),
        ("perf-stat", "perf-6.1-r3.csv", ()),
        ("perf-stat", "perf-6.1.json", ()),
        ("perf-stat", "perf-6.8-hardware-fr.txt", ()),
        ("perf-stat", "perf-6.1.txt", ("--strace", str(SAMPLES / "strace-6.1-trace.txt"))),
        ("lmbench", "lmbench-3-summary.txt", ()),
        ("lmbench", "lmbench-2-summary.txt", ("--only", "quad")),
        ("lmbench", "lmbench-3-raw.txt", ("--as", "machine")),
        ("fio", "fio-3.33-disk.txt", ()),
        ("fio", "fio-3.33-depth1.json", ()),
        ("fio", "fio-3.33-mixed.txt", ("--as", "workload")),
        ("fio", "fio-3.33-both.txt", ("--as", "workload")),
        ("sysbench", "sysbench-1.0.20-memory-large.txt", ()),
        ("sysbench", "sysbench-1.0.20-fileio-direct.txt", ()),
        ("sysbench", "sysbench-1.0.20-oltp.txt", ()),
        ("sysbench", "sysbench-0.4.12-oltp.txt", ()),
        ("gc-log", "gc-log-17-serial.txt", ("--jit-log", str(SAMPLES / "jit-log-17.txt"))),
        ("gc-log", "gc-log-17-parallel.txt", ("--time", str(SAMPLES / "time-bash.txt"))),
        ("gc-log", "gc-log-17-g1.txt", ()),
        ("gc-log", "gc-log-17-z.txt", ()),
        ("gc-log", "gc-log-17-shenandoah.txt", ()),
        ("gc-log", "gc-log-17-short.txt", ()),
        ("jit-log", "jit-log-17-tags.txt", ()),
        ("jit-log", "jit-log-17-c2.txt", ("--gc-log", str(SAMPLES / "gc-log-17-g1.txt"))),
    ],
)
def test_what_is_printed_loads_wherever_it_lies(
    virtlab: Command, mine: Path, tool: str, sample: str, options: tuple[str, ...]
) -> None:
    code, stdout, stderr = virtlab(
        "import", tool, str(SAMPLES / sample), "--machine", "epyc-zen4-vm", "--name", "entry", *options
    )
    assert code == 0, stderr
    kind = "machines" if "\ndevices:" in stdout else "layers" if "\nfamily:" in stdout else "workloads"
    (mine / kind).mkdir()
    (mine / kind / "entry.yaml").write_text(stdout, encoding="utf-8")
    code, checked, stderr = virtlab("check", str(mine / kind / "entry.yaml"))
    assert (code, stderr) == (0, "")
    assert checked == f"{mine / kind / 'entry.yaml'}: ok: {kind.removesuffix('s')} entry\n"
    code, shown, _ = virtlab("show", "entry")
    assert code == 0
    assert "own measurement (2026)" in shown
    assert sample in shown


def test_a_disk_gives_back_the_jobs_that_it_was_made_of(virtlab: Command, mine: Path, tmp_path: Path) -> None:
    imported(virtlab, "fio", "fio-3.33-disk.json", "-o", "mine/machines/box.yaml")
    jobs = ("lat-read", "lat-write", "deep-read", "seq-read", "seq-write")
    for job in jobs:
        options = ("--as", "workload", "--only", job, "-o", f"mine/workloads/{job}.yaml")
        imported(virtlab, "fio", "fio-3.33-disk.json", *options, machine="box")
    (tmp_path / "scenario.yaml").write_text(SCENARIO.format(workloads=", ".join(jobs)), encoding="utf-8")
    code, _, stderr = virtlab("run", "scenario.yaml", "--out", "results")
    assert code == 0, stderr
    (table,) = (tmp_path / "results").rglob("tenants.csv")
    predicted = pd.read_csv(table).set_index("workload")["value"]
    measured = {name: record.figures for name, record in read("fio", "fio-3.33-disk.json").items()}
    for job in ("lat-read", "lat-write", "deep-read"):
        figure = measured[job].get("read iops") or measured[job]["write iops"]
        # one request: exact but for fio's own loop; 32 at a time: the number of channels is a whole number
        assert predicted[job] == pytest.approx(figure.value, rel=0.08), job
    for job in ("seq-read", "seq-write"):
        figure = measured[job].get("read bandwidth") or measured[job]["write bandwidth"]
        assert predicted[job] * 1e6 == pytest.approx(figure.value, rel=0.08), job


def read(tool: str, sample: str) -> dict[str, object]:
    """The records of a sample by name."""
    found = tools()[tool].read((SAMPLES / sample).read_text(encoding="utf-8"), sample)
    return {record.name: record for record in found.records}


def test_a_kernel_takes_for_a_fork_what_lmbench_measured(virtlab: Command, mine: Path) -> None:
    imported(virtlab, "lmbench", "lmbench-3-raw.txt", "-o", "mine/layers/lab-6.12.yaml")
    code, stdout, stderr = virtlab("explain", "lab-6.12 |", "--demand", "fork", "--machine", "epyc-zen4-vm")
    assert code == 0, stderr
    assert re.search(r"^in all +118\.4 us", stdout, re.MULTILINE)
    kernel = Catalog().layer("lab-6.12", "epyc-zen4-vm").parameters
    assert kernel["null_cycles"].kind == "measured"
    guard = kernel["entry_guard_cycles"].value  # the model adds it at each entry
    assert kernel["null_cycles"].value == pytest.approx(0.1690 * 3658 - guard)
    assert kernel["null_cycles"].where == "lmbench-3-raw.txt, line 18, null call"
    assert kernel["tick_cycles"] == Catalog().layer("linux-6", "epyc-zen4-vm").parameters["tick_cycles"]


def test_a_machine_that_extends_another_is_that_machine_otherwise(virtlab: Command, mine: Path) -> None:
    imported(virtlab, "fio", "fio-3.33-disk.json", "-o", "mine/machines/box.yaml")
    catalog = Catalog()
    box, base = catalog.machine("box"), catalog.machine("epyc-zen4-vm")
    assert box.devices["cpu"].parameters == base.devices["cpu"].parameters
    assert box.devices["disk"].parameters["capacity_bytes"] == base.devices["disk"].parameters["capacity_bytes"]
    assert box.devices["disk"].parameters["write_bytes_per_s"].value == 2738948394
    assert not catalog.layer("linux-6", "box").parameters["null_cycles"].transferred


def test_what_cannot_be_used_is_listed_with_its_reason(virtlab: Command) -> None:
    stderr = imported(virtlab, "fio", "fio-3.33-mixed.json", "--as", "workload")
    assert "# not used, is a result to hold the run against, it is no input: read bandwidth (jobs[0]" in stderr
    stderr = imported(virtlab, "lmbench", "lmbench-3-summary.txt")
    assert "Pipe latency (lines 44, 45)" in stderr
    assert "only a mapping of 8 MiB touches as many pages as map_cycles stands for: mmap of the largest file" in stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fio", "perf-6.1.csv"), "this looks like perf stat CSV; use 'virtlab import perf-stat'"),
        (("perf-stat", "lmbench-3-raw.txt"), "this looks like a result of lmbench; use 'virtlab import lmbench'"),
        (("lmbench", "strace-6.1.txt"), "is no output of lmbench; make it by"),
        (("fio", "fio-3.33-terse.txt"), "terse form, which does not say what the jobs were (take JSON"),
        (("fio", "fio-3.33-disk.json", "--as", "workload"), "holds 5 jobs, and a workload is one (say which by --only"),
        (("fio", "fio-3.33-disk.json", "--only", "lat"), "has no job 'lat' (take one of: lat-read, lat-write"),
        (("fio", "fio-3.33-mixed.json"), "says nothing of a disk (measure past the page cache"),
        (("lmbench", "lmbench-2-summary.txt"), "say which by --only: quad Linux 2.6.26-, quadlim Linux 2.6.26-"),
        (("lmbench", "lmbench-3-raw.txt", "--product", "docker-27"), "docker-27 is no kernel"),
        (("lmbench", "lmbench-3-raw.txt", "--name", "linux-6"), "the name 'linux-6' is taken by"),
        (("lmbench", "lmbench-3-raw.txt", "--name", "My Box"), "is no catalog name; take lower-case words"),
        (
            ("lmbench", "lmbench-3-raw.txt", "--name", "a", "-o", "b.yaml"),
            "must stand in a file of this name: -o a",
        ),
        (("lmbench", "lmbench-3-raw.txt", "-o", "a.yml"), "a.yml: a catalog file ends in .yaml: -o a.yaml"),
        (("sysbench", "sysbench-1.0.20-fileio.txt"), "read through the page cache: it measured memory (run it with"),
        (("sysbench", "sysbench-1.0.20-memory.txt"), "which lie in the cache of epyc-zen4-vm"),
        (("gc-log", "jit-log-17.txt"), "this looks like a log of -XX:+PrintCompilation; use 'virtlab import jit-log'"),
        (("gc-log", "gc-log-17-g1.txt", "--time", str(SAMPLES / "jit-log-17.txt")), "says nothing of processor time"),
        (("gc-log", "gc-log-17-g1.txt", "--as", "rows", "-o", "a.yaml"), "a.yaml: a table ends in .csv: -o a.csv"),
        (("sysbench", "missing.txt"), "cannot be read: No such file or directory"),
        (("iostat", "perf-6.1.txt"), "no tool 'iostat' can be read; there are"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_remedy(virtlab: Command, arguments: tuple[str, ...], said: str) -> None:
    tool, sample, *options = arguments
    code, stdout, stderr = virtlab("import", tool, str(SAMPLES / sample), "--machine", "epyc-zen4-vm", *options)
    assert (code, stdout) == (2, "")
    assert said in stderr


def test_a_java_program_makes_what_its_log_says(virtlab: Command, mine: Path, tmp_path: Path) -> None:
    """The heap of the log, with the collector of the log: as many bytes, the same live data, some of the pauses."""
    beside = ("--jit-log", str(SAMPLES / "jit-log-17.txt"), "--time", str(SAMPLES / "time-bash.txt"))
    imported(virtlab, "gc-log", "gc-log-17-serial.txt", *beside, "-o", "mine/workloads/keeper.yaml")
    (tmp_path / "scenario.yaml").write_text(JAVA, encoding="utf-8")
    code, _, stderr = virtlab("run", "scenario.yaml", "--out", "results")
    assert code == 0, stderr
    (table,) = (tmp_path / "results").rglob("tenants.csv")
    elapsed_s = pd.read_csv(table)["value"][0]
    time_s = 0.37 + 0.08  # what the program took of the processors, by the shell
    assert 0.4 * time_s < elapsed_s < 2.5 * time_s


def test_rows_are_a_table_that_predictions_are_held_against(virtlab: Command, mine: Path, tmp_path: Path) -> None:
    target = tmp_path / "figures" / "keeper.csv"
    options = ("--as", "rows", "--name", "keeper", "-o", str(target))
    code, _, stderr = virtlab("import", "gc-log", str(SAMPLES / "gc-log-17-g1.txt"), *options)
    assert code == 0, stderr
    assert "figures to hold predictions against (virtlab validate --figures" in stderr
    (figure,) = (each for each in load("keeper", target.parent) if each.metric == "pauses")
    assert (figure.platform, figure.value, figure.judges) == ("hotspot-17", "24", True)
    assert figure.benchmark == "keeper, g1, heap 64 MiB, processors 2"


def test_another_tool_is_one_module(virtlab: Command, mine: Path, tmp_path: Path) -> None:
    (mine / "modules" / "measurements").mkdir(parents=True)
    (mine / "modules" / "measurements" / "clock.py").write_text(CLOCK, encoding="utf-8")
    (tmp_path / "clock.txt").write_text("clock says 3 GHz\n", encoding="utf-8")
    arguments = ("import", "clock", "clock.txt", "--machine", "epyc-zen4-vm", "--name", "clocked")
    code, _, stderr = virtlab(*arguments, "-o", "mine/machines/clocked.yaml")
    assert code == 0, stderr
    frequency = Catalog().machine("clocked").devices["cpu"].parameters["frequency_hz"]
    assert (frequency.value, frequency.kind, frequency.where) == (3e9, "measured", "clock.txt, line 1, clock")
    code, _, stderr = virtlab("import", "fio", "clock.txt", "--machine", "epyc-zen4-vm")
    assert code == 2
    assert "this looks like a clock; use 'virtlab import clock'" in stderr


def test_a_machine_must_be_named_and_known(virtlab: Command) -> None:
    code, _, stderr = virtlab("import", "fio", str(SAMPLES / "fio-3.33-disk.json"))
    assert code == 2
    assert "say by --machine what" in stderr
    code, _, stderr = virtlab("import", "fio", str(SAMPLES / "fio-3.33-disk.json"), "--machine", "my-box")
    assert code == 2
    assert "for a machine of your own write machines/NAME.yaml" in stderr


def test_a_file_is_written_over_only_by_force(virtlab: Command, mine: Path) -> None:
    arguments = ("import", "fio", str(SAMPLES / "fio-3.33-disk.json"), "--machine", "epyc-zen4-vm")
    arguments += ("-o", "mine/machines/box.yaml")
    assert virtlab(*arguments)[0] == 0
    code, _, stderr = virtlab(*arguments)
    assert code == 2
    assert "exists; take another name, or --force" in stderr
    assert virtlab(*arguments, "--force")[0] == 0
