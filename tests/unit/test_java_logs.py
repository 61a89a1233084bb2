"""Logs of the Java virtual machine: those of five collectors and of the compilers, against counts by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalog import Catalog, document
from simulator.errors import MeasurementError
from simulator.measurements import CatalogFile, Measurement, Record, Request, tools

SAMPLES = Path(__file__).parents[1] / "data" / "measurements"
GC, JIT = tools()["gc-log"], tools()["jit-log"]
CATALOG = Catalog()
MIB = 1024.0**2
HZ = CATALOG.machine("epyc-zen4-vm").devices["cpu"].values()["frequency_hz"]


def text_of(sample: str) -> str:
    return (SAMPLES / sample).read_text(encoding="utf-8")


def gc(text: str) -> dict[str, float]:
    return {name: figure.value for name, figure in GC.read(text, "x").records[0].figures.items()}


def jit(text: str) -> dict[str, float]:
    return {name: figure.value for name, figure in JIT.read(text, "x").records[0].figures.items()}


def converted(text: str, **beside: Record) -> CatalogFile:
    names = {name.replace("_", "-"): record for name, record in beside.items()}
    return GC.convert(GC.read(text, "x"), Request("x", "epyc-zen4-vm", beside=names), CATALOG)


# ---------------------------------------------------------------- what was collected


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        # lines of 'Pause Full' and 'Pause Young' with a length, by hand; four attempts of the serial collector were
        # given up, and are pauses but no collections
        ("serial", {"collections": 11, "full collections": 4, "collections given up": 4, "pauses": 15}),
        ("parallel", {"collections": 11, "full collections": 8, "young collections": 3, "pauses": 11}),
        ("g1", {"collections": 18, "full collections": 0, "marking cycles": 3, "pauses": 24, "safepoints": 24}),
        ("z", {"collections": 3, "stalls": 3, "pauses": 11, "max heap": 100 * MIB}),
        ("shenandoah", {"collections": 8, "marking cycles": 8, "pauses": 32, "max heap": 90 * MIB}),
        ("short", {"collections": 14, "full collections": 12, "collections given up": 12, "pauses": 26}),
    ],
)
def test_collections_and_pauses_of_every_collector_are_counted(sample: str, expected: dict[str, float]) -> None:
    found = gc(text_of(f"gc-log-17-{sample}.txt"))
    assert {name: found[name] for name in expected} == expected


def test_the_same_program_allocates_the_same_whoever_collects() -> None:
    """The program makes 198.66 MB; of Z and Shenandoah, which work beside it, the log says so less closely."""
    for sample in ("serial", "parallel", "g1", "z", "shenandoah", "short"):
        figure = GC.read(text_of(f"gc-log-17-{sample}.txt"), "x").records[0].figures["bytes allocated"]
        assert figure.low <= 198.66e6 <= figure.high, sample
    for sample in ("serial", "parallel", "g1"):
        assert gc(text_of(f"gc-log-17-{sample}.txt"))["bytes allocated"] == pytest.approx(198.66e6, rel=0.002)


def test_what_lives_is_what_full_collections_or_marking_leave() -> None:
    """250,000 records of 24 bytes, each with 16 + 80 bytes, and references of 4: 31 MB; marking counts whole MiB."""
    for sample, slack in (("serial", 0.05), ("parallel", 0.05), ("short", 0.05), ("z", 0.15)):
        assert gc(text_of(f"gc-log-17-{sample}.txt"))["live bytes"] == pytest.approx(31e6, rel=slack)
    assert "live bytes" not in gc(text_of("gc-log-17-g1.txt"))
    assert gc(text_of("gc-log-17-g1.txt"))["least occupancy"] == 34 * MIB


LOG = """\
[0.003s][info][gc] Using Serial
[0.100s][info][gc,start] GC(0) Pause Young (Allocation Failure)
[0.110s][info][gc,heap ] GC(0) DefNew: 8192K(9216K)->1024K(9216K) Eden: 8192K(8192K)->0K(8192K)
[0.110s][info][gc,heap ] GC(0) Tenured: 0K(20480K)->3072K(20480K)
[0.110s][info][gc      ] GC(0) Pause Young (Allocation Failure) 8M->4M(29M) 10.000ms
[0.110s][info][gc,cpu  ] GC(0) User=0.01s Sys=0.01s Real=0.01s
[0.300s][info][gc,heap ] GC(1) DefNew: 9216K(9216K)->1024K(9216K) Eden: 8192K(8192K)->0K(8192K)
[0.300s][info][gc,heap ] GC(1) Tenured: 3072K(20480K)->3584K(20480K)
[0.300s][info][gc      ] GC(1) Pause Young (Allocation Failure) 12M->4M(29M) 2.000ms
[0.500s][info][gc      ] GC(2) Pause Full (System.gc()) 10M->3M(29M) 30.000ms
[1.000s][info][gc,heap,exit] Heap
[1.000s][info][gc,heap,exit]  def new generation   total 9216K, used 2048K [0x01, 0x02, 0x03)
[1.000s][info][gc,heap,exit]  tenured generation   total 20480K, used 3072K [0x01, 0x02, 0x03)
"""


def test_allocation_is_what_is_in_use_before_a_collection_and_was_not_after_the_last() -> None:
    """8 MiB; then 12 less 4; then 10 less the 4.5 of both generations; at the end 5 less the 3 that were left."""
    found = gc(LOG)
    assert found["bytes allocated"] == pytest.approx((8 + (12 - 4) + (10 - 4.5) + (5 - 3)) * MIB)
    assert found["allocation rate"] == pytest.approx(23.5 * MIB)
    assert (found["run"], found["pause total"], found["pause share"]) == pytest.approx((1.0, 0.042, 0.042))
    assert (found["median pause"], found["p99 pause"], found["mean young pause"]) == pytest.approx((0.01, 0.03, 0.006))
    assert (found["live bytes"], found["collector processor time"]) == (3 * MIB, 0.02)


@pytest.mark.parametrize(
    "times",
    [
        ("100ms", "300ms", "500ms", "1000ms"),
        tuple(f"2026-11-28T00:00:{each}+0000" for each in ("00.100", "00.300", "00.500", "01.000")),
        ("1790000000100ms", "1790000000300ms", "1790000000500ms", "1790000001000ms"),
    ],
)  # fmt: skip
def test_times_are_read_in_any_decoration(times: tuple[str, ...]) -> None:
    """Dates do not say when the virtual machine was started: the log counts from its first line."""
    lines = ("GC(0) Pause Young (x) 8M->4M(29M) 10.000ms", "GC(1) Pause Young (x) 8M->4M(29M) 10.000ms", "x", "x")
    text = "\n".join(f"[{time}][gc] {line}" for time, line in zip(times, lines, strict=True)) + "\n"
    assert gc(text)["run"] == pytest.approx(0.9 if len(times[0]) > 5 else 1.0)
    assert gc(text)["pause share"] == pytest.approx(0.02 / gc(text)["run"])


def test_a_log_without_times_has_no_rates() -> None:
    found = gc("GC(0) Pause Young (Normal) (G1 Evacuation Pause) 8M->4M(29M) 10.000ms\n")
    assert found["pause total"] == 0.01
    assert not {"run", "allocation rate", "pause share"} & found.keys()


def test_a_young_collection_that_became_a_full_one_is_one_pause() -> None:
    """Until JDK 16 the serial collector prints the full one inside of the young one, whose time holds both."""
    found = gc(
        "[0.1s][gc] GC(1) Pause Full (Allocation Failure) 9M->5M(10M) 20.000ms\n"
        "[0.1s][gc] GC(0) Pause Young (Allocation Failure) 9M->5M(10M) 21.500ms\n"
    )
    assert (found["pauses"], found["full collections"], found["pause total"]) == (1, 1, pytest.approx(0.0215))


def test_generations_of_z_are_added_up() -> None:
    """JDK 21: 16 MiB of the young and 4 of the old generation live; 23 MiB were allocated during the collection."""
    found = gc(
        "[4.1s][info][gc,phases] GC(0) Y: Pause Mark Start (Major) 0.066ms\n"
        "[4.1s][info][gc,heap ] GC(0) Y:      Live:      -         16M (1%)       16M (1%)       16M (1%)\n"
        "[4.1s][info][gc,heap ] GC(0) Y: Allocated:      -          4M (0%)        4M (0%)       23M (1%)\n"
        "[4.2s][info][gc,heap ] GC(0) O:      Live:      -          4M (0%)        4M (0%)        4M (0%)\n"
        "[4.2s][info][gc      ] GC(0) Major Collection (Warmup) 130M(4%)->74M(2%) 0.100s\n"
    )
    assert (found["live bytes"], found["bytes allocated"], found["collections"]) == (20 * MIB, 23 * MIB, 1)


def test_classes_are_counted_where_they_are_logged() -> None:
    found = gc(
        LOG + "[0.01s][info][class,load] java.lang.Object source: shared objects file\n"
        "[0.02s][info][class,load] Main source: file:/x/\n"
    )
    assert (found["classes loaded"], found["classes from the archive"]) == (2, 1)


# ---------------------------------------------------------------- what was compiled


COMPILED = """\
     40    1       3       java.lang.Object::<init> (1 bytes)
     45    4     n 0       jdk.internal.misc.Unsafe::park (native)   (static)
     50    2  s!   3       A::one (100 bytes)
     60    3       4       A::one (100 bytes)
     61    2  s!   3       A::one (100 bytes)   made not entrant
     70    5 %     4       A::loop @ 12 (50 bytes)
hello from the program
     80    3       4       A::one (100 bytes)   made not entrant: uncommon trap
     90    6       4       A::one (100 bytes)
    100    7       1       A::get (5 bytes)
    110    8       4       A::huge (9000 bytes)   COMPILE SKIPPED: out of nodes (not retryable)
"""


def test_compilations_are_counted_by_level() -> None:
    """Methods: <init>, one, loop, get. C2 made one (twice) and loop; the code of one was given up and made again."""
    found = jit(COMPILED)
    by_level = [found[f"methods compiled at level {level}"] for level in (1, 2, 3, 4)]
    assert by_level == [1, 0, 2, 3]
    assert [found[f"bytecodes compiled at level {level}"] for level in (1, 2, 3, 4)] == [5, 0, 101, 250]
    assert (found["methods compiled"], found["mean method size"]) == (4, pytest.approx((1 + 100 + 50 + 5) / 4))
    assert (found["compiled for a loop"], found["ways into native code"], found["not compilable"]) == (1, 1, 1)
    assert (found["optimized code given up"], found["replaced code"]) == (1, 1)
    assert (found["methods deoptimized"], found["methods optimized again"], found["deoptimized part"]) == (1, 1, 0.5)
    assert found["trivial part"] == 0.25
    assert (found["half compiled after"], found["last compilation"]) == (0.06, 0.1)


def test_the_same_lines_stand_behind_decorations() -> None:
    lines = COMPILED.replace("hello from the program\n", "").splitlines()
    text = "".join(f"[{float(line[:7]) / 1e3:.3f}s][debug][jit,compilation] {line[8:]}\n" for line in lines)
    assert jit(text) == jit(COMPILED)


def test_where_everything_is_compiled_first_all_methods_are_known() -> None:
    text = "     42    1    b  3       A::one (45 bytes)\n     43    2    b  4       A::one (45 bytes)\n"
    found = jit(text + "     44    3   !b  3       A::two (5 bytes)\n")
    assert found["methods executed"] == 2
    assert "trivial part" not in found


def test_a_log_of_the_server_compiler_alone_has_no_levels() -> None:
    found = jit(text_of("jit-log-17-c2.txt"))
    assert found["methods compiled at level 4"] == 40
    assert found["methods compiled at level 3"] == 0


# ---------------------------------------------------------------- what becomes of it


def test_a_program_allocates_for_each_cycle_what_the_log_and_the_time_say() -> None:
    """2.5 s of processor time less 0.02 s of the collector's; 23.5 MiB in all."""
    time, _ = GC.read_beside("real\t0m2.000s\nuser\t0m2.400s\nsys\t0m0.100s\n", "t", "time")
    file = converted(LOG, time=time)
    program, code = file.groups[""], file.groups["bytecode"]
    assert program["iteration_cycles"].value == pytest.approx(2.48 * HZ)
    assert code["cycle_allocated_bytes"].value == pytest.approx(23.5 * MIB / 2.48 / HZ)
    assert (code["live_bytes"].kind, code["live_bytes"].value) == ("measured", 3 * MIB)
    assert code["methods_count"].kind == "assumed"


def test_without_processor_time_it_is_said_what_is_needed() -> None:
    found = GC.read(LOG, "x")
    file = GC.convert(found, Request("x", "epyc-zen4-vm"), CATALOG)
    assert file.groups[""]["iteration_cycles"].value == pytest.approx(0.958 * HZ)
    assert any("--time FILE tells" in note.reason for note in found.unused)


def test_compilations_beside_say_how_many_methods_there_are() -> None:
    record, _ = GC.read_beside(COMPILED, "jit.txt", "jit-log")
    code = converted(LOG, jit_log=record).groups["bytecode"]
    assert (code["methods_count"].value, code["methods_count"].kind) == (4, "derived")
    assert code["methods_count"].where.startswith("jit.txt, lines 1 to 10, methods compiled")


def test_what_gets_old_is_told_from_what_passes_by_the_ages() -> None:
    """389,584 bytes survive their first collection, 378,480 the last: what the program keeps, and 11 kB that pass.

    Keeper puts a record of 120 bytes in the place of another in one step of four, which makes some 1,330 bytes.
    """
    code = converted(text_of("gc-log-17-serial.txt")).groups["bytecode"]
    assert code["passing_bytes"].value == pytest.approx(389_584 - 378_480)
    assert code["tenured_ratio"].value == pytest.approx(120 / 4 / 1330, rel=0.1)


def test_rows_say_what_was_measured_where() -> None:
    found = GC.read(text_of("gc-log-17-g1.txt"), "gc-log-17-g1.txt")
    rows = list(csv.DictReader(GC.rows(found, Request("keeper", "epyc-zen4-vm")).splitlines()))
    (row,) = (row for row in rows if row["metric"] == "pause_total")
    assert (row["platform"], row["benchmark"], row["condition"]) == (
        "hotspot-17", "keeper", "g1, heap 64 MiB, processors 2",
    )  # fmt: skip
    assert (row["unit"], row["value"], row["use"]) == ("s", "0.110349", "judges")
    assert row["notes"] == "lines 33 to 377"


# ---------------------------------------------------------------- what cannot be read


def test_a_log_that_is_cut_off_counts_as_far_as_it_goes() -> None:
    text = text_of("gc-log-17-serial.txt")[:6000]
    found = GC.read(text, "x")
    assert 0 < found.records[0].figures["collections"].value < 11
    assert ("the last line", "is cut off: the log counts as far as it goes") in noted(found)


def test_a_log_without_its_beginning_does_not_count_what_was_before() -> None:
    text = "".join(line for line in LOG.splitlines(keepends=True) if "Using" not in line and "GC(0)" not in line)
    assert gc(text)["bytes allocated"] == pytest.approx((10 - 4.5 + 5 - 3) * MIB)
    assert "the beginning" in [what for what, _ in noted(GC.read(text, "x"))]


def noted(found: Measurement) -> list[tuple[str, str]]:
    return [(note.what, note.reason) for note in found.unused]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LOG + LOG, r"^x:14:1: holds the log of a second run \(give each run a file of its own"),
        ("\n0.9: [GC (Allocation Failure)  6144K->808K(15872K), 0.0058 secs]\n", r"^x:2:1: is a log in the form of J"),
    ],
)  # fmt: skip
def test_other_logs_of_collectors_are_refused_with_line_and_remedy(text: str, said: str) -> None:
    assert GC.recognise(text)
    with pytest.raises(MeasurementError, match=said):
        GC.read(text, "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (COMPILED + COMPILED, r"^x:12:1: holds the compilations of a second run"),
        ("     45    4     n 0       A::park (native)   (static)\n", r"^x: has no compilation in it \(leave out -Xint"),
    ],
)
def test_other_logs_of_compilers_are_refused_with_line_and_remedy(text: str, said: str) -> None:
    with pytest.raises(MeasurementError, match=said):
        JIT.read(text, "x")


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("gc-log", COMPILED, "^y: is no gc-log \\(make it by 'java -Xlog:gc"),
        ("jit-log", LOG, "^y: is no jit-log \\(make it by 'java -XX"),
        ("time", LOG, "^y: says nothing of processor time \\(take the output of 'perf stat"),
    ],
)
def test_a_wrong_file_beside_is_refused(option: str, text: str, said: str) -> None:
    with pytest.raises(MeasurementError, match=said):
        GC.read_beside(text, "y", option)


@pytest.mark.parametrize(
    "text",
    [
        " Performance counter stats for 'java':\n\n  2,500.00 msec task-clock  # 0.9 CPUs utilized\n",
        "2.40user 0.10system 0:02.60elapsed 96%CPU (0avgtext+0avgdata 35000maxresident)k\n",
        "\tUser time (seconds): 2.40\n\tSystem time (seconds): 0.10\n",
        "real\t0m2.600s\nuser\t0m2.400s\nsys\t0m0.100s\n",
    ],
)
def test_processor_time_is_read_from_any_of_the_usual_tools(text: str) -> None:
    record, _ = GC.read_beside(text, "t", "time")
    assert record.figures["processor time"].value == pytest.approx(2.5)


# ---------------------------------------------------------------- any text

LINES = sorted(
    {line for path in SAMPLES.glob("*-log-17*.txt") for line in path.read_text(encoding="utf-8").splitlines()}
)
ANY_LINE = st.one_of(
    st.sampled_from(LINES),
    st.tuples(
        st.sampled_from(LINES), st.sampled_from("0123456789KM.,>()["), st.sampled_from(("", "9" * 25, "-", "G"))
    ).map(lambda parts: parts[0].replace(parts[1], parts[2])),
    st.text(max_size=40),
)
ANY_LOG = st.lists(ANY_LINE, max_size=40).map("\n".join)


@settings(deadline=None)
@given(first=ANY_LOG, second=ANY_LOG, option=st.sampled_from(("gc-log", "jit-log", "time")))
def test_lines_in_any_order_become_a_program_or_are_refused(first: str, second: str, option: str) -> None:
    for tool in (GC, JIT):
        if not tool.recognise(first):
            continue
        try:
            record, _ = tool.read_beside(second, "y", option)
        except MeasurementError as error:
            assert str(error)
            record = None
        try:
            beside = {option: record} if record is not None and option != tool.NAME else {}
            found = tool.read(first, "x")
            assert tool.rows(found, Request("x", "")).startswith("source,")
            file = tool.convert(found, Request("x", "epyc-zen4-vm", beside=beside), CATALOG)
        except MeasurementError as error:
            assert str(error)
        else:
            assert document.parse(file.text(), "x.yaml").problems == []
