"""What is read from the files of other tools: the numbers in them, and for any other text an error with a remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulator.catalog import Catalog, document
from simulator.errors import MeasurementError
from simulator.measurements import CatalogFile, Measurement, Number, Request, tools
from simulator.measurements._calls import Calls
from simulator.measurements._numerals import count, decimal, prefixed

SAMPLES = Path(__file__).parents[1] / "data" / "measurements"
TOOLS = tools()
WORDS = sorted({word for path in SAMPLES.iterdir() for word in path.read_text(encoding="utf-8").split(" ") if word})


def text_of(sample: str) -> str:
    return (SAMPLES / sample).read_text(encoding="utf-8")


def read(tool: str, sample: str) -> Measurement:
    return TOOLS[tool].read(text_of(sample), sample)


def values(tool: str, sample: str, record: int = 0) -> dict[str, float]:
    return {name: figure.value for name, figure in read(tool, sample).records[record].figures.items()}


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234,567", 1234567.0), ("1.234.567", 1234567.0), ("1'234'567", 1234567.0), ("12,34,567", 1234567.0),
        ("1\u202f234\u202f567", 1234567.0), ("1\u00a0234,56", 1234.56), ("2,841.17", 2841.17), ("2.841,17", 2841.17),
        ("876.27", 876.27), ("83,204", 83204.0), ("131", 131.0), ("1 234", 1234.0), ("x", None), ("", None),
    ],
)  # fmt: skip
def test_counts_are_read_in_the_digits_of_any_language(text: str, value: float | None) -> None:
    assert count(text) == value


@pytest.mark.parametrize(
    ("text", "value"), [("0.00306", 0.00306), ("0,00306", 0.00306), ("1.106760", 1.10676), ("1,000,000", None)]
)
def test_a_decimal_number_has_one_separator(text: str, value: float | None) -> None:
    assert decimal(text) == value


@pytest.mark.parametrize(("text", "value"), [("31.K", 31e3), ("13.6k", 13.6e3), ("106.9K", 106.9e3), ("6569", 6569.0)])
def test_numbers_have_prefixes(text: str, value: float) -> None:
    assert prefixed(text) == pytest.approx(value)


# ---------------------------------------------------------------- perf stat


def test_perf_text_is_read_with_its_places_and_times() -> None:
    found = read("perf-stat", "perf-6.1.txt")
    figures = found.records[0].figures
    assert found.year == 2026
    assert found.records[0].texts["command"] == "python3 -S prog.py"
    assert {name: figure.value for name, figure in figures.items()} == pytest.approx({
        "task-clock": 0.3686, "context-switches": 117.0, "cpu-migrations": 0.0, "page-faults": 2063.0,
        "duration_time": 1.807043231, "user_time": 0.34493, "system_time": 0.020151,
    })  # fmt: skip
    assert figures["page-faults"].where == "line 9"
    assert [note.what for note in found.unused] == ["cycles", "instructions", "branches", "branch-misses"]


def test_every_form_of_perf_gives_the_same_events() -> None:
    counted = {"task-clock", "context-switches", "cpu-migrations", "page-faults"}
    for sample in ("perf-6.1.txt", "perf-6.1-r5.txt", "perf-6.1.csv", "perf-6.1-r3.csv", "perf-6.1.json"):
        assert counted <= values("perf-stat", sample).keys(), sample
    assert values("perf-stat", "perf-6.1.csv")["user_time"] == pytest.approx(0.343356)


def test_languages_do_not_change_what_is_read() -> None:
    english = values("perf-stat", "perf-6.8-hardware.txt")
    assert english["cycles:u"] == 9612400771.0
    assert english["task-clock"] == pytest.approx(2.84117)
    assert values("perf-stat", "perf-6.8-hardware-de.txt") == english
    assert values("perf-stat", "perf-6.8-hardware-fr.txt") == english


def test_multiplexing_and_repetition_are_kept() -> None:
    figure = read("perf-stat", "perf-6.8-hardware.txt").records[0].figures["cycles:u"]
    assert figure.remark == "counted 49.87 % of the time and scaled by perf"
    text = "\n Performance counter stats for 'x' (5 runs):\n\n   1,000      page-faults:u   ( +-  2.00% )\n"
    figure = TOOLS["perf-stat"].read(text, "x").records[0].figures["page-faults:u"]
    assert (figure.low, figure.value, figure.high) == pytest.approx((960.0, 1000.0, 1040.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            " Performance counter stats for 'system wide':\n 1 page-faults\n",
            "counts everything that ran",
        ),
        (" Performance counter stats for 'x':\nCPU0     12  page-faults\n", "counts by processor or thread"),
        (" Performance counter stats for 'x':\n  0.100226023   12  page-faults\n", "is printed at intervals (-I)"),
        (" Performance counter stats for 'x':\n <not counted>  page-faults\n", "has no counter with a value"),
    ],
)
def test_what_is_not_one_program_is_refused(text: str, said: str) -> None:
    with pytest.raises(MeasurementError, match="x.*" + said.replace("(", r"\(").replace(")", r"\)")):
        TOOLS["perf-stat"].read(text, "x")


def test_hybrid_processors_are_added_up() -> None:
    text = " Performance counter stats for 'x':\n 1,000 cpu_core/cycles/u\n 200 cpu_atom/cycles/u\n"
    figures = TOOLS["perf-stat"].read(text, "x").records[0].figures
    assert figures["cycles:u"].value == 1200.0
    assert figures["cycles:u"].where == "line 2 + 3"


def test_strace_tells_kinds_of_calls() -> None:
    record, unused = TOOLS["perf-stat"].read_beside(text_of("strace-6.1.txt"), "strace-6.1.txt")
    calls = Calls(record)
    assert unused == []
    assert record.figures["newfstatat"].value == 2078.0
    assert record.figures["newfstatat errors"].value == 11.0
    # 31 openat, 7 of them failed: these only look a name up
    assert calls.count("open") == 24.0
    assert calls.count("null_io") == 500.0 + 29.0 + 26.0 + 2.0
    # five clones that execute nothing; the only execve is that of the program itself
    assert calls.started == (5.0, 0.0)


def test_a_trace_tells_files_from_pipes_and_processes_from_threads() -> None:
    text = (
        '12 openat(AT_FDCWD</home/me>, "new", O_WRONLY|O_CREAT, 0666) = 3</home/me/new>\n'
        '12 write(3</home/me/new>, "..."..., 4096) = 4096\n'
        '12 write(1<pipe:[77]>, "..."..., 100) = 100\n'
        "12 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_THREAD) = 13\n"
        "12 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n"
        "13 read(4</home/me/old>,  <unfinished ...>\n"
        "12 <... clone resumed>) = 14\n"
        '13 <... read resumed>"..."..., 8192) = 512\n'
        "12 read(4</home/me/gone>, 0x7ff, 10) = -1 EIO (Input/output error)\n"
        "--- SIGCHLD {si_signo=SIGCHLD} ---\n"
        "14 +++ exited with 0 +++\n"
        "nonsense\n"
    )
    record, unused = TOOLS["perf-stat"].read_beside(text, "x")
    assert {name: figure.value for name, figure in record.figures.items()} == {
        "open of a new file": 1.0, "write of a file": 1.0, "bytes written to files": 4096.0, "write": 1.0,
        "clone of a thread": 1.0, "clone": 1.0, "read of a file": 1.0, "bytes read of files": 512.0, "read": 1.0,
        "read errors": 1.0,
    }  # fmt: skip
    assert [(note.where, note.what) for note in unused] == [("x, line 12", "nonsense")]


def test_a_trace_of_a_shell_has_what_the_shell_did() -> None:
    record, unused = TOOLS["perf-stat"].read_beside(text_of("strace-6.1-trace.txt"), "strace-6.1-trace.txt")
    calls = Calls(record)
    assert unused == []
    # cat, cat | wc and rm: four programs started by the shell, which is the fifth execve
    assert calls.started == (0.0, 4.0)
    assert (calls.count("creates"), calls.count("deletes")) == (1.0, 1.0)
    assert calls.moved_bytes("bytes read of files") > 300_000  # the copy, read once by the second cat


def test_another_summary_of_strace_is_refused() -> None:
    with pytest.raises(MeasurementError, match="is neither a trace of strace nor its summary"):
        TOOLS["perf-stat"].read_beside("% time  calls  syscall\n 50.00  3  read\n", "x")


# ---------------------------------------------------------------- lmbench


def test_a_result_of_lmbench_is_read() -> None:
    found = read("lmbench", "lmbench-3-raw.txt")
    figures = found.records[0].figures
    assert (found.version, found.year, len(found.records)) == ("3.0", 2026, 1)
    assert figures["Mhz"].value == 3658e6
    assert figures["null call"].value == pytest.approx(0.1690e-6)
    assert figures["null I/O"].value == pytest.approx((0.2112e-6 + 0.2004e-6) / 2)
    assert figures["fork"].value == pytest.approx(118.4375e-6)
    assert figures["0K create"].value == pytest.approx(1 / 72540)
    assert figures["2p/0K"].value == pytest.approx(2.13e-6)
    assert figures["mmap 8.388608 MB"].value == pytest.approx(76e-6)
    assert figures["read bandwidth 0.524288 MB"].value == pytest.approx(14920.60e6)
    assert figures["Random load latency stride=16 64.00000 MB"].value == pytest.approx(176.310e-9)


def test_the_summary_of_lmbench_puts_repeated_rows_together() -> None:
    (record,) = read("lmbench", "lmbench-3-summary.txt").records
    stat, shell, missing = record.figures["stat"], record.figures["shell"], record.figures["2p/64K"]
    assert (stat.low, stat.value, stat.high) == pytest.approx((1.035e-6, 1.05e-6, 1.065e-6))
    assert shell.value == pytest.approx((1031e-6 + 11e-3) / 2)
    # empty in the first row
    assert missing.value == pytest.approx(2.66e-6)
    assert "RPC/UDP" not in record.figures
    assert record.figures["random memory"].value == pytest.approx(176.65e-9)


def test_the_summary_of_lmbench_2_has_hosts() -> None:
    quad, limited = read("lmbench", "lmbench-2-summary.txt").records
    assert quad.name == "quad Linux 2.6.26-"
    assert quad.figures["select 100 TCP"].value == pytest.approx(4.03e-6)
    assert "select 100 TCP" not in limited.figures
    assert limited.figures["fork"].value == pytest.approx(128e-6)
    assert limited.figures["page fault"].value == pytest.approx(1e-6)


def costs(text: str, **request: str) -> dict[str, Number]:
    found = TOOLS["lmbench"].read(text, "x")
    wanted = Request("x", "epyc-zen4-vm", **{"product": "linux-6", "to": "layer", **request})
    return TOOLS["lmbench"].convert(found, wanted, Catalog()).groups[""]


def test_what_contains_other_figures_is_taken_apart() -> None:
    numbers = costs(text_of("lmbench-3-raw.txt"))
    # half of a round trip of 7.044 us less a switch of 2.13, halved between the two sides, at 3658 MHz
    assert numbers["message_cycles"].value == pytest.approx((7.044 / 2 - 2.13) / 2 * 3658)
    assert numbers["message_cycles"].kind == "derived"
    assert numbers["fork_cycles"].includes == ("page_fault", "context_switch")


def test_faults_dearer_than_the_fork_that_contains_them_are_not_taken() -> None:
    head = "[lmbench3.0 results for Linux a 6.1.0 x]\n[MHZ: 1000 MHz, 1 nanosec clock]\n"
    numbers = costs(
        head + "Process fork+exit: 200.0 microseconds\nPagefaults on f: 10.0 microseconds\n", product="linux-3"
    )
    # 25 faults in a fork: 250 us are more than 200
    assert "page_fault_cycles" not in numbers
    assert numbers["fork_cycles"].value == pytest.approx(200_000)


def test_faults_on_a_file_are_no_first_touches_where_the_kernel_maps_around_them() -> None:
    text = "Pagefaults on f: 0.5 microseconds\nSimple syscall: 0.1 microseconds\n"
    assert costs(text, product="linux-3")["page_fault_cycles"].kind == "measured"
    assert "page_fault_cycles" not in costs(text, product="linux-6")


def test_what_a_kernel_does_against_leaks_is_taken_out_of_what_was_measured_with_it() -> None:
    kernel = Catalog().layer("linux-6", "epyc-zen4-vm").values()
    guard = kernel["entry_guard_cycles"] + kernel["table_switch_cycles"]
    assert guard > 0.0
    numbers = costs(text_of("lmbench-3-raw.txt"))
    assert numbers["open_close_cycles"].value == pytest.approx(2.3180 * 3658 - 2 * guard)
    assert numbers["fork_cycles"].value == pytest.approx(118.4375 * 3658 - kernel["fork_faults_count"] * guard)
    assert numbers["context_switch_cycles"].value == pytest.approx(2.13 * 3658)


def test_single_programs_of_lmbench_are_read_and_take_the_clock_of_the_machine() -> None:
    found = TOOLS["lmbench"].read("Simple syscall: 0.1000 microseconds\n", "x")
    file = TOOLS["lmbench"].convert(found, Request("x", "epyc-zen4-vm", to="layer"), Catalog())
    hz = Catalog().machine("epyc-zen4-vm").devices["cpu"].values()["frequency_hz"]
    guard = Catalog().layer("linux", "epyc-zen4-vm").values()["entry_guard_cycles"]
    assert file.groups[""]["null_cycles"].value == pytest.approx(0.1e-6 * hz - guard)
    assert found.unused[0].reason == "not said; that of epyc-zen4-vm is taken"


# ---------------------------------------------------------------- fio and sysbench


def test_fio_says_the_same_in_json_and_text() -> None:
    for tool_sample in ("fio-3.33-disk.json", "fio-3.33-disk.txt"):
        records = read("fio", tool_sample).records
        assert [record.name for record in records] == ["lat-read", "lat-write", "deep-read", "seq-read", "seq-write"]
        assert [record.texts["rw"] for record in records] == ["randread", "randwrite", "randread", "read", "write"]
        assert [record.texts["iodepth"] for record in records] == ["1", "1", "32", "8", "8"]
    text = values("fio", "fio-3.33-disk.txt")
    assert text["read iops"] == pytest.approx(13.6e3)
    assert text["read lat"] == pytest.approx(72.50e-6)
    assert text["read bandwidth"] == pytest.approx(53.2 * 1024**2)
    data = json.loads(text_of("fio-3.33-disk.json"))["jobs"][2]
    deep = values("fio", "fio-3.33-disk.json", 2)
    assert deep["read iops"] == data["read"]["iops"]
    assert deep["read lat"] == pytest.approx(data["read"]["lat_ns"]["mean"] * 1e-9)


def test_json_that_is_cut_off_is_refused_with_its_line() -> None:
    text = text_of("fio-3.33-disk.json")
    with pytest.raises(MeasurementError, match=r"^x:41:\d+: is not complete JSON \(let fio end"):
        TOOLS["fio"].read("\n".join(text.splitlines()[:41]), "x")


def test_fio_2_is_read() -> None:
    text = (
        "job: (g=0): rw=randread, bs=4K-4K/4K-4K/4K-4K, ioengine=libaio, iodepth=1\nfio-2.1.11\n"
        "job: (groupid=0, jobs=1): err= 0: pid=1: Mon Mar  2 10:00:00 2015\n"
        "  read : io=1024.0MB, bw=5120.0KB/s, iops=1280, runt=204800msec\n"
        "    clat (usec): min=90, max=900, avg=750.10, stdev=10.00\n"
        "  cpu          : usr=1.00%, sys=2.00%, ctx=1, majf=0, minf=1\n"
    )
    found = TOOLS["fio"].read(text, "x")
    figures = found.records[0].figures
    assert (found.version, found.year) == ("2.1.11", 2015)
    assert figures["read bandwidth"].value == 5120.0 * 1024
    assert figures["read iops"].value == 1280.0
    assert figures["read clat"].value == pytest.approx(750.1e-6)


def convert(tool: str, sample: str, machine: str = "epyc-zen4-vm", **request: str) -> CatalogFile:
    return TOOLS[tool].convert(read(tool, sample), Request("x", machine, **request), Catalog())


def test_a_mixed_job_is_a_workload_of_both() -> None:
    numbers = convert("fio", "fio-3.33-mixed.json", to="workload").groups[""]
    # two processes, four requests each; 13,296.9 writes of 44,377.8 requests a second
    assert numbers["threads_count"].value == 8.0
    assert numbers["write_ratio"].value == pytest.approx(13296.851574 / (13296.851574 + 31080.959520))
    assert numbers["block_bytes"].value == 4096.0


def test_a_rotating_disk_has_the_seek_that_its_latency_leaves() -> None:
    job = {
        "jobname": "seek", "groupid": 0, "error": 0,
        "job options": {"rw": "randread", "bs": "4k", "iodepth": "1", "direct": "1"},
        "read": {"total_ios": 1000, "iops": 75.0, "bw_bytes": 307200, "runtime": 13333, "lat_ns": {"mean": 13.3e6}},
    }  # fmt: skip
    text = json.dumps({"fio version": "fio-3.33", "jobs": [job]}, indent=2)
    found = TOOLS["fio"].read(text, "x")
    file = TOOLS["fio"].convert(found, Request("x", "lenny-2009", to="disk"), Catalog())
    seek = file.groups["disk"]["seek_longest_s"]
    disk = Catalog().machine("lenny-2009").devices["disk"].values()
    # 13.3 ms less half a turn (3 ms), the command and the shortest seek is 8/15 of what the longest has beyond it
    rest = 13.3e-3 - 3e-3 - disk["command_s"] - disk["seek_shortest_s"]
    assert seek.value == pytest.approx(disk["seek_shortest_s"] + rest * 15 / 8, rel=0.02)


@pytest.mark.parametrize(
    ("sample", "name", "expected"),
    [
        ("sysbench-1.0.20-cpu.txt", "events", 17790.0),
        ("sysbench-1.0.20-cpu.txt", "sum of latencies", 3.99508),
        ("sysbench-1.0.20-memory.txt", "memory rate", 6806.83 * 1024**2),
        ("sysbench-1.0.20-memory.txt", "memory block", 1024.0),
        ("sysbench-1.0.20-fileio.txt", "writes per second", 8844.91),
        ("sysbench-1.0.20-fileio.txt", "file block", 16384.0),
        ("sysbench-1.0.20-oltp.txt", "transactions", 8311.0),
        ("sysbench-0.4.12-oltp.txt", "write queries", 0.0),
        ("sysbench-0.4.12-oltp.txt", "mean latency", 5.85e-3),
        ("sysbench-0.4.12-oltp.txt", "sum of latencies", 479.873),
    ],
)
def test_sysbench_is_read(sample: str, name: str, expected: float) -> None:
    assert values("sysbench", sample)[name] == pytest.approx(expected)


@pytest.mark.parametrize("test", ["cpu", "memory", "threads", "mutex", "fileio", "oltp"])
def test_sysbench_tells_its_tests_apart(test: str) -> None:
    assert read("sysbench", f"sysbench-1.0.20-{test}.txt").records[0].name == test


def test_an_event_of_sysbench_takes_what_it_took() -> None:
    numbers = convert("sysbench", "sysbench-1.0.20-cpu.txt", to="workload").groups[""]
    hz = Catalog().machine("epyc-zen4-vm").devices["cpu"].values()["frequency_hz"]
    assert numbers["chunk_cycles"].value == pytest.approx(2 * 2.0002 / 17790 * hz)


def test_the_cycles_of_a_transaction_are_marked_as_fitted() -> None:
    number = convert("sysbench", "sysbench-1.0.20-oltp.txt", to="workload").groups[""]["tuple_cycles"]
    assert (number.kind, number.fitted_on[:41]) == ("derived", "the rate measured natively: 415.4 transac")


# ---------------------------------------------------------------- any text


def test_every_tool_knows_its_samples_and_no_others() -> None:
    for path in SAMPLES.iterdir():
        text = path.read_text(encoding="utf-8")
        known = [name for name, tool in TOOLS.items() if tool.recognise(text)]
        owner = "perf-stat" if path.name.startswith("perf") else path.name
        assert known == [name for name in TOOLS if owner.startswith(name)], path.name


ANYTHING = st.one_of(
    st.text(),
    st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join),
    st.tuples(st.sampled_from(sorted(SAMPLES.iterdir())), st.integers(0, 4000), st.text(max_size=20)).map(
        lambda cut: cut[0].read_text(encoding="utf-8")[: cut[1]] + cut[2]
    ),
    st.tuples(st.sampled_from(sorted(SAMPLES.iterdir())), st.integers(0, 30000), st.integers(0, 99)).map(
        lambda cut: (text := cut[0].read_text(encoding="utf-8"))[: cut[1]] + text[cut[1] + cut[2] :]
    ),
)


@settings(deadline=None)
@given(text=ANYTHING)
@example(text='{"fio version": 1, "jobs": [1, {}, {"read": {"total_ios": 1e999}}]}')
@example(text='{\n"fio version" : "x", "jobs" : [' + "[" * 5000)
@example(text=" Performance counter stats for 'x':\n" + "9" * 400 + " cycles\n")
@example(text="sysbench 1.0\ntotal number of events: " + "9" * 400)
def test_any_text_is_read_or_refused(text: str) -> None:
    for tool in TOOLS.values():
        if tool.recognise(text):
            try:
                found = tool.read(text, "x")
            except MeasurementError as error:
                assert str(error)
            else:
                assert found.records
                if tool.ROWS:
                    assert tool.rows(found, Request("x", "")).count("\n") > 1


CATALOG = Catalog()


@settings(deadline=None)
@given(text=ANYTHING)
def test_whatever_is_read_is_converted_or_refused(text: str) -> None:
    for tool in TOOLS.values():
        if tool.recognise(text):
            for to in tool.BECOMES:
                try:
                    found = tool.read(text, "x")
                    file = tool.convert(found, Request("x", "epyc-zen4-vm", to=to), CATALOG)
                except MeasurementError as error:
                    assert str(error)
                else:
                    assert document.parse(file.text(), "x.yaml").problems == []


@given(title=st.text(), where=st.text(), value=st.floats(min_value=0.0, max_value=1e30))
def test_whatever_is_written_is_read_back(title: str, where: str, value: float) -> None:
    file = CatalogFile(
        "workloads", "x", "any", head={"title": f"a{title}"}, key="k", source={"title": title, "year": 1}
    )
    file.groups[""] = {"count": Number("measured", where, value, ends=(value, value))}
    data = document.parse(file.text(), "x.yaml")
    assert data.problems == []
    (entry,) = data.data["parameters"]["count"]
    assert entry["value"] == pytest.approx(value, rel=1e-9)
    assert entry["where"] == "".join(each if each.isprintable() else " " for each in where).strip()
