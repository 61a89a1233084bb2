"""A heap of generations: how often it is collected, and what each collection takes."""

from __future__ import annotations

from random import Random

from simulator.layers._jvm_heap import Habits, Heap
from simulator.layers.base import Place
from simulator.layers.collectors.serial import Serial
from simulator.parameters import Parameters
from simulator.quiz.bench import figures
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "a heap's collections: how often, how long"
LEVELS = {1: "the serial collector's young collections", 2: "and a heap twice as large"}
_PRODUCT, _MACHINE = "hotspot-17", "epyc-zen4-vm"
_MB, _MS, _CYCLES = 1e6, 1e-3, 1e6


def case(random: Random, level: int) -> Case:
    """A heap whose eden is a round number of megabytes; a program that keeps little."""
    eden = random.choice((16, 32, 48, 64, 80))
    heap = eden * 15 // 4
    passing = eden // 16 * random.choice((1, 2)) / 2.0
    rate, seconds = random.randint(2, 8) * 50, random.choice((10, 20, 30))
    copy, fixed, clock = random.choice((4, 5, 6)), random.choice((0.5, 1.0, 2.0)), random.choice((2.0, 3.0, 4.0))
    made = rate * seconds
    count, copied, pause = collect(heap, passing, made, copy, fixed)
    pause_ms = pause * _CYCLES / (clock * 1e9) / _MS
    eden_size, collections, each, part = Working(), Working(), Working(), Working()
    young = eden_size.step("the young generation", f"{heap} / (1 + 2)", "MB")
    eden_size.step("without its two survivor spaces", f"{young} * 8 / (8 + 2)", "MB")
    made_mb = collections.step("made in all", f"{rate} * {seconds}", "MB")
    edens = collections.step("in edens", f"{made_mb} / {eden_size.written}")
    whole = collections.pick("each of which was full", float(int(float(edens))))
    cycles = each.step("fixed part and copying", f"{number(fixed)} + {number(passing)} * {copy}", "M cycles")
    long = each.step("at the clock", f"{cycles} / {number(clock)}", "ms")
    part.step("of the time of the program", f"{whole} * {long} / ({seconds} * 1000) * 100", "%")
    questions = [
        Question("eden", "How large is eden?", "MB", _eden_mb(heap), eden_size),
        Question("count", "How many young collections are there?", "", float(count), collections),
        Question("pause", "How long is each?", "ms", pause_ms, each),
        Question("part", "How much longer does the program take for them?", "%",
                 count * pause_ms * _MS / seconds * 100.0, part),
    ]  # fmt: skip
    if level > 1:
        twice, _, longer = collect(2 * heap, passing, made, copy, fixed)
        questions.append(_twice(heap, made_mb, cycles, clock, twice * longer * _CYCLES / (clock * 1e9) / _MS))
    assert abs(copied - passing) < 1e-3 * passing
    rows = (
        ("heap [MB]", number(heap)), ("old generation over young", "2"), ("eden over one survivor space", "8"),
        ("made in a second of the program [MB]", number(rate)), ("the program computes [s]", number(seconds)),
        ("in use at any one time [MB]", number(passing)), ("fixed part of a collection [M cycles]", number(fixed)),
        ("copying [cycles a byte]", number(copy)), ("clock [GHz]", number(clock)),
    )  # fmt: skip
    return Case(
        (
            "A Java program makes short-lived objects only, and runs under the serial collector: when eden is full, "
            "what is in use is copied to a survivor space, while the program waits. Of a full eden that is all that is "
            "in use at any one time, however large eden is. Nothing gets old. MB are 1000² bytes.",
        ),
        tuple(questions),
        f"from simulator.quiz.topics.heap import collect\nprint(collect({heap}, {passing}, {made}, {copy}, "
        f"{fixed}))",
        table=Table(("what", "value"), rows),
    )  # fmt: skip


def _collector(heap_mb: float, copy: int, fixed: float) -> Serial:
    own = {**figures(_PRODUCT, _MACHINE), "copy_cycles_per_byte": float(copy), "pause_cycles": fixed * _CYCLES,
           "stop_cycles": 0.0, "worker_cycles": 0.0}  # fmt: skip
    parameters = Parameters(own)
    size_bytes = heap_mb * _MB
    return Serial(parameters, Heap(parameters, size_bytes, size_bytes), Place(), 1, 1)


def _eden_mb(heap_mb: float) -> float:
    return _collector(heap_mb, 1, 0.0).eden_bytes / _MB


def collect(heap_mb: float, passing_mb: float, made_mb: float, copy: int, fixed: float) -> tuple[int, float, float]:
    """virtlab's heap, filled again and again: how many collections, what each copies (MB) and takes (M cycles).

    Args:
        heap_mb: size.
        passing_mb: in use at any one time.
        made_mb: in all.
        copy: cycles for a byte.
        fixed: M cycles of each.
    """
    collector = _collector(heap_mb, copy, fixed)
    heap, left, count, copied = collector.heap, made_mb * _MB, 0, 0.0
    heap.keep("app", Habits(0.0, passing_mb * _MB))
    while left > 0.0:
        part = heap.reserve(heap.room_bytes(collector.eden_bytes), left)
        heap.made("app", part)
        left -= part
        if heap.is_full(collector.eden_bytes):
            found = heap.find(collector.space_bytes)
            heap.copied(found, collector.space_bytes)
            count, copied = count + 1, found.copied_bytes
    own = collector.parameters
    return count, copied / _MB, (own.pause_cycles + copied * own.copy_cycles_per_byte) / _CYCLES


def _twice(heap: int, made_mb: str, cycles: str, clock: float, answer_ms: float) -> Question:
    working = Working()
    eden = working.step("eden", f"2 * {heap} / 3 * 8 / 10", "MB")
    edens = working.step("in edens", f"{made_mb} / {eden}")
    whole = working.pick("each of which was full", float(int(float(edens))))
    working.step("each as long as before", f"{whole} * {cycles} / {number(clock)}", "ms")
    text = "How long are all collections together if the heap is twice as large?"
    return Question("twice", text, "ms", answer_ms, working)
