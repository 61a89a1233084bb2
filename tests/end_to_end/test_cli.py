"""The command as people use it: what it prints where, and what it ends with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from simulator.cli.commands import COMMANDS
from simulator.watching import Bar, Heartbeat

ROOT = Path(__file__).parents[2]
SMALL = """
    version: 1
    title: A small question
    machine: dell-2650
    stacks:
      native: linux-2.4 |
      xen: xen-1 | linux-2.4
    tenants:
      app: {workload: [dbench, request-response], memory: 512 MiB, vcpus: 1}
    replications: 2
    """
FIVE_MISTAKES = """
    version: 1
    machine: dell-2651
    stacks:
      native: linux-2.4 |
      xen: {stack: xen-1 | linux-2.4, without: [rng]}
    tenants:
      app: {workload: kernel-bild, memory: 512 MB/s, vcpus: 1}
    replicatons: 3
    """
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def small(tmp_path: Path) -> str:
    return written(tmp_path / "small.yaml", SMALL)


@pytest.fixture
def fragile(tmp_path: Path, luckless: Callable[[str, str], None]) -> Callable[[str], str]:
    """A scenario with a workload that fails in a given part of its runs."""
    luckless("fragile", 'if UNLUCKY: raise ZeroDivisionError("it broke")')
    body = SMALL.replace("[dbench, request-response]", "{name: fragile, parameters: {failing_ratio: PART}}")
    return lambda part: written(tmp_path / "fragile.yaml", body.replace("PART", part).replace(": 2", ": 4"))


def written(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text).lstrip())
    return str(path)


def process(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "simulator", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | options.pop("env", {})
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, **options)


# ---- run


def test_run_prints_costs_with_intervals_where_the_time_went_and_what_was_written(virtlab: Command, small: str) -> None:
    code, out, err = virtlab("run", small, "--jobs", "1")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0] == "A small question"
    assert lines[2].split()[:2] == ["workload", "metric"]
    (dbench,) = (line for line in lines if line.startswith("dbench "))
    assert "throughput, MB/s (higher is better)" in dbench
    assert dbench.count(" ± ") == 2
    assert "overhead, %" in lines[2]
    assert "n = 2 replications; 95 % intervals: t over replications; overhead in % over native: paired t" in out
    assert "xen: % of device time" in out
    assert "everything else" in out
    figures = [Path(line.removeprefix("figure: ")) for line in lines if line.startswith("figure: ")]
    assert [path.name for path in figures] == ["cost.svg", "cost.png", "where.svg", "where.png"]
    assert all(path.exists() for path in figures)
    assert err == ""


def test_run_again_finds_the_batch_finished(virtlab: Command, small: str) -> None:
    first = virtlab("run", small, "--jobs", "1", "--no-figures")
    assert virtlab("run", small, "--jobs", "1", "--no-figures") == first
    assert "figure: " not in first[1]


def test_run_prints_json(virtlab: Command, small: str) -> None:
    code, out, _ = virtlab("run", small, "--jobs", "1", "--json", "--replications", "1", "--seed", "7")
    assert code == 0
    (batch,) = json.loads(out)
    assert batch["status"] == "ok"
    assert len(batch["summary"]) == 4
    assert {row["n"] for row in batch["summary"]} == {1}
    assert batch["summary"][0]["ci_low"] is None, "one replication has no interval"
    assert batch["where"]
    assert len(batch["figures"]) == 4


def test_a_mechanism_switched_off_prints_its_knock_on(virtlab: Command, tmp_path: Path) -> None:
    off = "xen: xen-1 | linux-2.4\n      bare: {stack: xen-1 | linux-2.4, without: [ring]}"
    path = written(tmp_path / "off.yaml", SMALL.replace("xen: xen-1 | linux-2.4", off).replace("[dbench, ", "["))
    code, out, _ = virtlab("run", path.replace("\n", ""), "--jobs", "1", "--no-figures")
    assert code == 0
    (own,) = (line for line in out.splitlines() if "xen-1: ring (left out)" in line)
    assert own.split()[0] == "bare"
    assert " 0 s " in own
    assert "app: rate" in out


def test_five_mistakes_are_five_located_messages_and_nothing_is_written(virtlab: Command, tmp_path: Path) -> None:
    path = written(tmp_path / "bad.yaml", FIVE_MISTAKES)
    code, out, err = virtlab("run", path, "--out", "results")
    assert code == 2
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("error: ") and "bad.yaml:" in line and "(" in line for line in lines)
    assert not (tmp_path / "results").exists()


def test_a_mistake_in_one_scenario_keeps_the_others_from_running(virtlab: Command, small: str, tmp_path: Path) -> None:
    code, _, err = virtlab("run", small, written(tmp_path / "bad.yaml", FIVE_MISTAKES))
    assert code == 2
    assert "bad.yaml" in err
    assert not (tmp_path / "results").exists()


def test_a_wrong_override_is_refused(virtlab: Command, small: str) -> None:
    code, _, err = virtlab("run", small, "--replications", "0")
    assert code == 2
    assert "replications" in err


def test_failed_runs_end_with_three_and_say_how_to_repeat_them(virtlab: Command, fragile: Callable[[str], str]) -> None:
    code, out, err = virtlab("run", fragile("70 %"), "--jobs", "1", "--no-figures")
    assert code == 3
    assert "it broke" in err
    assert "p0000" in err
    assert "elapsed, s (lower is better)" in out


def test_nothing_completed_ends_with_one(virtlab: Command, fragile: Callable[[str], str]) -> None:
    code, out, err = virtlab("run", fragile("100 %"), "--jobs", "1")
    assert code == 1
    assert err.count("failed: ") == 5
    assert "3 more runs failed" in err
    assert "figure: " not in out


def test_one_run_can_be_repeated_and_shows_where_it_fails(
    virtlab: Command, fragile: Callable[[str], str], tmp_path: Path
) -> None:
    code, _, err = virtlab("run", fragile("100 %"), "--only", "p0000-r0002")
    assert code == 1
    assert "Traceback" in err
    assert "ZeroDivisionError: it broke" in err
    assert err.splitlines()[-1].startswith("error: ")
    assert not (tmp_path / "results").exists()


def test_one_run_repeated_prints_its_tables(virtlab: Command, small: str) -> None:
    code, out, _ = virtlab("run", small, "--only", "p0001-r0001", "--json")
    assert code == 0
    tables = json.loads(out)
    assert [row["run"] for row in tables["runs"]] == ["p0001-r0001"]
    assert virtlab("run", small, "--only", "p0001-r0001")[1].count("p0001-r0001") > 2
    assert virtlab("run", small, "--only", "p9")[0] == 2
    assert virtlab("run", small, small, "--only", "p0001-r0001")[0] == 2


# ---- the others


def test_check_counts_points_and_runs(virtlab: Command, small: str) -> None:
    assert virtlab("check", small) == (0, f"{small}: ok: 4 points x 2 replications = 8 runs\n", "")


def test_check_prints_every_mistake(virtlab: Command, tmp_path: Path) -> None:
    code, out, err = virtlab("check", written(tmp_path / "bad.yaml", FIVE_MISTAKES))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 5


def test_compare_pairs_every_stack_with_the_baseline(virtlab: Command, small: str, tmp_path: Path) -> None:
    virtlab("run", small, "--jobs", "1", "--no-figures")
    (batch,) = map(str, (tmp_path / "results" / "small").iterdir())
    code, out, _ = virtlab("compare", batch)
    assert code == 0
    assert out.count("degraded") == 2
    assert "paired t over replications" in out
    code, out, _ = virtlab("compare", batch, "--baseline", "xen", "--json")
    assert [row["stack"] for row in json.loads(out)[0]["rows"]] == ["native", "native"]
    assert virtlab("compare", batch, "--baseline", "zen")[0] == 2
    code, out, _ = virtlab("plot", batch, "--out", "drawn", "--figure", "cost")
    assert (code, out.split()) == (0, ["drawn/cost.svg", "drawn/cost.png"])


def test_a_folder_without_results_is_named(virtlab: Command, tmp_path: Path) -> None:
    for command in ("compare", "plot"):
        code, _, err = virtlab(command, str(tmp_path))
        assert code == 1
        assert err.startswith(f"error: {tmp_path}: not a folder of results")


@pytest.mark.parametrize("kind", ["machines", "layers", "workloads", "hardware", "demands", "figures"])
def test_list_names_what_there_is(virtlab: Command, kind: str) -> None:
    code, out, _ = virtlab("list", kind)
    assert code == 0
    code, data, _ = virtlab("list", kind, "--json")
    assert len(json.loads(data)) == len(out.splitlines())


def test_list_finds_scenarios_here_and_says_which_have_mistakes(virtlab: Command, tmp_path: Path) -> None:
    written(tmp_path / "scenarios" / "small.yaml", SMALL)
    written(tmp_path / "scenarios" / "bad.yaml", FIVE_MISTAKES)
    code, out, _ = virtlab("list")
    assert code == 0
    assert "SCENARIOS" in out
    assert "A small question" in out
    assert "(5 mistakes: virtlab check scenarios/bad.yaml)" in out
    assert virtlab("list", "layer")[0] == 2


def test_show_prints_every_number_with_unit_range_and_source(virtlab: Command) -> None:
    code, out, _ = virtlab("show", "xen-1")
    assert code == 0
    assert "event_channel  emergent  notifications between domains" in out
    (row,) = (line for line in out.splitlines() if line.startswith("batched_update_cycles"))
    assert "240 cycles" in row
    assert "100 cycles to 700 cycles" in row
    assert "assumed" in row
    assert "barham2003: Barham et al. (2003). Xen and the Art of Virtualization" in out
    assert "disk by default, and others: virtio-blk, nvme, ahci, ide, passthrough-disk" in virtlab("show", "kvm-6")[1]
    for name in ("dell-2650", "kernel-build", "virtio-net", "barham2003"):
        assert virtlab("show", name)[0] == 0
        assert json.loads(virtlab("show", name, "--json")[1])
    code, _, err = virtlab("show", "dell-2560")
    assert code == 2
    assert "did you mean 'dell-2650'" in err


def test_explain_refuses_what_a_system_does_not_offer(virtlab: Command) -> None:
    code, _, err = virtlab("explain", "linux-6 | kvm-6 / unikraft-0.5", "--demand", "fork", "--machine", "laptop-2025")
    assert code == 2
    assert err.startswith("error: ") and "unikraft-0.5[app] (Unikernel) has no StartProcess" in err


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("kvm-6 | linux-6", "kvm-6 is a program of a host system and cannot stand on bare hardware"),
        (
            "linux-6 | vmware-fusion-13 / linux-6",
            "vmware-fusion-13 is built for the program interface of macos, and what",
        ),
        ("xen-4 | windows-11", "windows-11 is a kernel for machines as they are, and what it stands on"),
    ],
)
def test_explain_refuses_what_a_scenario_is_refused_for(virtlab: Command, stack: str, message: str) -> None:
    code, _, err = virtlab("explain", stack, "--demand", "read 4 KiB", "--machine", "laptop-2025")
    assert code == 2
    assert message in err


@pytest.mark.parametrize("stack", ["windows-11", "xen-hvm-4.17 | windows-11", "linux-6 | kvm-6 / windows-11"])
def test_a_kernel_for_machines_stands_on_machines_real_and_virtual(virtlab: Command, stack: str) -> None:
    assert virtlab("explain", stack, "--demand", "read 4 KiB", "--machine", "laptop-2025")[0] == 0


def test_explain_prints_the_steps_or_data(virtlab: Command) -> None:
    code, out, _ = virtlab("explain", "xen-2 | linux-2.4", "--demand", "read 4 KiB", "--without", "ring")
    assert code == 0
    assert "block-back-end in domain-0" in out
    assert "  without ring" in out
    code, out, _ = virtlab("explain", "linux-2.4 |", "--demand", "null", "--machine", "dell-2650", "--json")
    assert json.loads(out)["demand"] == "null"
    code, _, err = virtlab("explain", "linux-2.4 |", "--demand", "nul")
    assert code == 2
    assert err == "error: nothing is known of the demand 'nul'; did you mean 'null'?\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["plots"], "did you mean 'plot'?"),
        (["run"], "Missing argument 'SCENARIO...'"),
        (["run", "--jobs", "0", "x.yaml"], "0 is not in the range"),
        (["explain", "linux-2.4 |"], "Missing option '--demand'"),
    ],
)
def test_a_command_that_makes_no_sense_ends_with_two(virtlab: Command, arguments: list[str], says: str) -> None:
    code, out, err = virtlab(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "error: " in err


# ---- as a process


def test_help_imports_nothing_heavy_and_costs_little_more_than_its_command_line_library() -> None:
    """A ratio within one test, the best of interleaved rounds: the machine's speed cancels."""
    heavy = ["pandas", "numpy", "scipy", "matplotlib", "pydantic", "yaml", "simpy", "rich"]
    ours = (
        "import sys, time; from simulator.cli import main; code = main(['--help']);"
        "print(time.process_time(), *({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    bare = "import time, click; print(time.process_time())"

    def last_line(code: str) -> list[str]:
        command = [sys.executable, "-c", code, *heavy]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert code is bare or "explain" in shown.stdout
        return shown.stdout.splitlines()[-1].split()

    seconds: dict[str, list[float]] = {ours: [], bare: []}
    for _ in range(5):
        for code, times in seconds.items():
            used, *imported = last_line(code)
            assert imported == []
            times.append(float(used))
    assert min(seconds[ours]) < 2.0 * min(seconds[bare])


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    running = process("show", "linux-2.4", "--json")
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait(60) == 0
    running.stderr.close()


def test_an_interrupted_batch_ends_with_130_and_goes_on(tmp_path: Path) -> None:
    many = SMALL.replace("replications: 2", "replications: 400").replace("request-response", "osdb-ir")
    path = written(tmp_path / "many.yaml", many)
    heeds = partial(
        signal.signal, signal.SIGINT, signal.SIG_DFL
    )  # a shell's background jobs do not, nor their children
    running = process("run", path, "--jobs", "2", "--no-figures", cwd=tmp_path, preexec_fn=heeds)
    for _ in range(3000):
        if list(tmp_path.glob("results/many/*/replications/*")):
            break
        time.sleep(0.01)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in err
    assert "error: interrupted" in err
    (manifest,) = tmp_path.glob("results/many/*/manifest.json")
    assert json.loads(manifest.read_text())["status"] == "interrupted"


def test_help_and_errors_without_colour(tmp_path: Path) -> None:
    for arguments in (["--help"], ["run", "nowhere.yaml"], ["list"]):
        out, err = process(*arguments, cwd=tmp_path, env={"NO_COLOR": "1"}).communicate(timeout=60)
        assert "\x1b" not in out + err


def test_an_output_that_knows_no_lines_gets_question_marks() -> None:
    arguments = ("explain", "linux-2.4 |", "--demand", "null")
    out, err = process(*arguments, env={"PYTHONIOENCODING": "ascii"}).communicate(timeout=60)
    assert "??" in out
    assert "Traceback" not in err


# ---- progress


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    heart = Heartbeat("small", period_s=0.02)
    heart.start(10, 4)
    heart.advance("p0000-r0000", "ok")
    heart.advance("p0000-r0001", "failed")
    time.sleep(0.1)
    heart.finish()
    err = capsys.readouterr().err
    assert "small: p0000-r0001: failed" in err
    assert re.search(r"small: 6 of 10 runs, 1 failed, 0 s, [\d.e+]+ runs/s, about \d s left", err)


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    bar = Bar("small")
    bar.start(2, 0)
    bar.advance("p0000-r0000", "failed")
    bar.finish()
    out, err = capsys.readouterr()
    assert out == ""
    assert "p0000-r0000: failed" in err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_is_for(virtlab: Command, name: str) -> None:
    status, out, _ = virtlab(name, "--help")
    assert status == 0 and f"virtlab {name}" in out and COMMANDS[name].endswith(".")
    assert len(COMMANDS[name]) <= 60, "so that it fits into a line of a terminal"
