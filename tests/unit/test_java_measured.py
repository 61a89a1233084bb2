"""The script that sets real Java beside its prediction: its parts that need no Java."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import java_measured as script
import java_program
import java_runs
import pytest

from simulator.catalog import Catalog
from simulator.measurements import tools

SAMPLES = Path(__file__).parents[1] / "data" / "measurements"
PRINTED = "setup ns 5\niteration 0 ns 30000000\niteration 1 ns 12000000\niteration 2 ns 10000000\nresult -5\n"
HZ = 4e9


def run(cpu_s: float = 1.0, wall_s: float = 1.1, others: float = 0.0, count: int = 3) -> java_runs.Run:
    """A run whose log is the sample's."""
    gc = tools()["gc-log"].read((SAMPLES / "gc-log-17-serial.txt").read_text(encoding="utf-8"), "gc.txt")
    return java_runs.Run((java_runs.iterations(PRINTED) * count)[:count], wall_s, cpu_s, others, gc, None)


def test_iterations_are_read_as_the_programs_print_them() -> None:
    assert java_runs.iterations(PRINTED) == pytest.approx([0.03, 0.012, 0.01])
    assert (run().first_s, run().steady_s) == pytest.approx((0.03, 0.01))


def test_without_java_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SystemExit, match="there is no java: install a JDK of version 17 or later"):
        java_runs.Java(tmp_path)


def test_every_setting_is_one_that_virtlab_can_be_asked() -> None:
    settings = [*script.kernel_settings(2), *script.keeper_settings(32, 2)]
    assert len(settings) == len(set(settings)) == 8 + 10
    assert len(script.kernel_settings(1)) == 4
    layer = Catalog().layer(java_program.LAYER, java_program.MACHINE)
    for setting in settings:
        point = script.scenario(setting, "x", "epyc-zen4-vm", HZ)
        assert f"collector={setting.collector}" in point["stacks"]["jvm"]
        assert f"-Xmx{setting.heap_mib}m" in setting.command("java", Path("a/b"))
    assert layer.family == "jvm"


def test_of_several_runs_the_least_disturbed_counts() -> None:
    found = script.measured([run(1.0, 1.5), run(0.9, 1.2)])
    assert (found["wall_s"], found["cpu_s"]) == (1.2, 0.9)
    # 7 young collections and 4 that were given up; 4 full ones
    assert (found["young_collections"], found["full_collections"]) == (11, 4)
    assert found["pause_total_s"] == pytest.approx(0.209117)


def test_what_one_more_iteration_takes_is_a_difference_of_runs() -> None:
    """Both have 0.17 s of the collector; the start is in both."""
    each = java_program.each([run(1.0, count=3)], [run(1.6, count=6), run(1.9, count=6)])
    assert each.program_s == pytest.approx(0.2)
    assert each.run.cpu_s == 1.6


def test_bytecodes_and_work_are_fitted_to_two_settings() -> None:
    """In 0.5 s more of 4 GHz the interpreter does 2e9 / its cycles; C2's code takes 0.1 s for as many."""
    layer = Catalog().layer(java_program.LAYER, java_program.MACHINE).values()
    slow, fast = (java_program.Each(seconds, 1e6, run(), run()) for seconds in (0.6, 0.1))
    found = java_program.fitted("Keeper", java_program.Counted(9, 1e6, "by hand"), slow, fast, run(), 3e7, HZ)
    assert found.bytecodes == pytest.approx(2e9 / layer["interpreter_cycles"])
    assert found.work_ratio * layer["c2_cycles"] * found.bytecodes / HZ == pytest.approx(0.1)
    assert (found.heap["live_bytes"], found.allocated_bytes) == (3e7, 1e6)
    assert found.heap["tenured_ratio"] > 0.0
    assert "work_ratio" in found.summary()


def test_a_program_is_predicted_from_its_entry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Four iterations of 0.1 s in C2's code, which the interpreter takes 0.6 s for, on a processor of its own."""
    slow, fast = (java_program.Each(seconds, 1e6, run(), run()) for seconds in (0.6, 0.1))
    kernel = java_program.fitted("Kernel", java_program.Counted(19, 1e6, "by hand"), slow, fast, run(), 0.0, HZ)
    java_program.write([kernel], tmp_path, HZ, 2026)
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))
    setting = java_runs.Setting("Kernel", ("4", "20"), "int", "serial", 64, 1)
    found = script.simulate(setting, "java-kernel", "epyc-zen4-vm", HZ)
    assert found["steady_iteration_s"] == pytest.approx(0.6, rel=0.02)
    assert found["wall_s"] > 4 * 0.6


ROWS = [
    script.Row("a", "wall_s", "s", 2.0, 1.0, 0.01),
    script.Row("b", "wall_s", "s", 2.0, 8.0, 0.5),
    script.Row("b", "full_collections", "count", 4.0, 5.0, 0.5),
    script.Row("c", "allocated_bytes", "bytes", 4.0, None, 0.0),
]


def test_the_table_has_errors_and_marks_what_others_disturbed() -> None:
    printed = script.text(ROWS).splitlines()
    assert printed[1].endswith("-50%")
    assert printed[2].endswith("+300%  disturbed: others had 50 %")
    assert printed[4].rstrip().endswith("-")
    assert script.summary(ROWS) == [
        "wall_s: 1 rows, error 50 % in the median, 50 % at most",
        "full_collections: 1 rows, error 25 % in the median, 25 % at most",
        "1 times on the clock are left out: others had more than 5 %",
    ]


def test_the_table_is_written(tmp_path: Path) -> None:
    script.save(ROWS, tmp_path / "found" / "java.csv")
    rows = list(csv.DictReader((tmp_path / "found" / "java.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["error_percent"] for row in rows] == ["-50.0", "300.0", "25.0", ""]
    assert tuple(rows[0]) == script.FIELDS


def test_times_of_processes_are_told_from_those_of_others() -> None:
    command = [sys.executable, "-c", "sum(range(3_000_000))"]
    process, wall_s, cpu_s, others = java_runs._timed(command, 1)
    assert process.returncode == 0
    assert 0.0 < cpu_s < 1.2 * wall_s + 0.02
    assert others >= 0.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--repeats", "0"), "--repeats: at least one run"),
        (("--machine", "my-box"), "--machine: "),
        (("--out", "taken/found.csv"), "--out: taken/found.csv cannot be written: File exists; take another place"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_run(
    words: tuple[str, str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("taken").touch()
    with pytest.raises(SystemExit):
        script.asked_for(words)
    assert said in capsys.readouterr().err
