"""What follows from a garbage collection log: counts, pauses, allocation, what lived and what got old."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil
from statistics import median

from simulator.measurements._gc_lines import Change, Log, Pause
from simulator.measurements._java_log import Span
from simulator.measurements.base import Measurement, Record

_KIB = 1024.0
_LEAST = 4
"""So many young collections, and the first half of them is taken for the time in which the live data arrive."""
_TOLD = "the log has no digits for it: log gc*, not gc alone"


def fill(record: Record, log: Log, time: Span | None, found: Measurement) -> None:
    """All figures of a log."""
    _sizes(record, log)
    pauses = merged(log.pauses)
    vain = given_up(pauses, log.heap)
    _collections(record, log, pauses, vain)
    _pauses(record, pauses, time)
    _kinds(record, [pause for pause in pauses if pause.collection not in vain])
    changes = [_finer(change, log) for change in log.heap]
    _allocation(record, log, changes, time)
    _live(record, log, changes)
    _young(record, log, [pause for pause in pauses if pause.collection not in vain])
    _beside(record, log)
    if log.cycles and not log.pauses:
        found.drop("the file", "pauses", _TOLD)


def merged(pauses: Sequence[Pause]) -> list[Pause]:
    """The times that the program stood still: a young collection that became a full one is one pause (until JDK 16)."""
    kept: list[Pause] = []
    for pause in pauses:
        inner = kept[-1] if kept else None
        if inner and inner.is_full and pause.is_young and inner.collection == pause.collection + 1:
            kept[-1] = inner._replace(line=pause.line, end_s=pause.end_s, length_s=max(pause.length_s, inner.length_s))
            continue
        kept.append(pause)
    return kept


def given_up(pauses: Sequence[Pause], heap: Iterable[Change]) -> set[int]:
    """Young collections that were given up at once, as the old generation might not have had room: a full one follows.

    The serial collector (since JDK 17) counts such an attempt as a collection of its own, with a pause.
    """
    changed = {change.collection: change for change in heap}
    found = set()
    for pause, after in pairwise(pauses):
        own, full = changed.get(pause.collection), changed.get(after.collection)
        follows = pause.is_young and after.is_full and after.collection == pause.collection + 1
        if follows and own and full and own.before_bytes == own.after_bytes == full.before_bytes:
            found.add(pause.collection)
    return found


def _sizes(record: Record, log: Log) -> None:
    for name, (value, line) in log.sizes.items():
        record.add(name, value, "bytes" if "heap" in name else "count", f"line {line}")


def _collections(record: Record, log: Log, pauses: Sequence[Pause], vain: set[int]) -> None:
    stopped = {
        pause.collection: pause.line
        for pause in pauses
        if (pause.is_young and pause.collection not in vain) or pause.is_full
    }
    beside = any("Final Mark" in pause.what for pause in pauses)
    concurrent = log.cycles or (log.marking if beside else {})
    numbers = {**concurrent, **stopped}
    where = _where(numbers.values())
    record.add("collections", len(numbers), "count", where)
    young = sum(pause.is_young and pause.collection not in vain for pause in pauses)
    record.add("young collections", young, "count", where)
    record.add("full collections", sum(pause.is_full for pause in pauses), "count", where)
    marked = log.marking or log.cycles
    record.add("marking cycles", len(marked), "count", _where(marked.values()))
    if vain:
        lines = [pause.line for pause in pauses if pause.collection in vain]
        remark = "young ones, for which the old generation might not have had room"
        record.add("collections given up", len(vain), "count", _where(lines), remark=remark)
    if log.failures:
        remark = "collections that found no room for what lived"
        record.add("failed evacuations", len(log.failures), "count", _where(log.failures), remark=remark)


def _pauses(record: Record, pauses: Sequence[Pause], time: Span | None) -> None:
    if not pauses:
        return
    where = _where(pause.line for pause in pauses)
    lengths = sorted(pause.length_s for pause in pauses)
    total_s = sum(lengths)
    record.add("pauses", len(lengths), "count", where)
    record.add("pause total", total_s, "s", where)
    record.add("mean pause", total_s / len(lengths), "s", where)
    record.add("median pause", median(lengths), "s", where)
    record.add("p99 pause", lengths[ceil(0.99 * len(lengths)) - 1], "s", where)
    longest = max(pauses, key=lambda pause: pause.length_s)
    record.add("longest pause", longest.length_s, "s", f"line {longest.line}")
    if time is not None and time.length_s > 0.0:
        record.add("pause share", total_s / time.length_s, "ratio", where, remark="pauses over the time of the log")


def _kinds(record: Record, pauses: Sequence[Pause]) -> None:
    """Young and full collections apart."""
    young, full = [each for each in pauses if each.is_young], [each for each in pauses if each.is_full]
    for kind, kept in (("young", young), ("full", full)):
        if kept:
            kind_s, where = sum(pause.length_s for pause in kept), _where(pause.line for pause in kept)
            record.add(f"{kind} pause total", kind_s, "s", where)
            record.add(f"mean {kind} pause", kind_s / len(kept), "s", where)


def _finer(change: Change, log: Log) -> Change:
    """Before and after in the digits of the generations, where these are kibibytes."""
    young, old = log.young.get(change.collection), log.old.get(change.collection)
    if young is None or old is None or young.grain_bytes > _KIB:
        return change
    before, after = young.before_bytes + old.before_bytes, young.after_bytes + old.after_bytes
    return change._replace(before_bytes=before, after_bytes=after, grain_bytes=2.0 * _KIB)


def _allocation(record: Record, log: Log, changes: Sequence[Change], time: Span | None) -> None:
    """What was used more before a collection than after the one before it, and during those beside the program."""
    if time is not None and time.length_s > 0.0:
        remark = "from the start of the virtual machine" if time.since_start and time.first_s == 0.0 else ""
        record.add("run", time.length_s, "s", "first and last line", remark=remark)
    if not changes:
        if log.end_bytes is not None:
            record.add("bytes allocated", log.end_bytes, "bytes", "heap at the end", remark="there was no collection")
        return
    first = changes[0].before_bytes if log.begins else 0.0
    value = first + sum(max(0.0, later.before_bytes - sooner.after_bytes) for sooner, later in pairwise(changes))
    value += sum(log.during_bytes.values())
    if log.end_bytes is not None:
        value += max(0.0, log.end_bytes - changes[-1].after_bytes)
    slack = sum(change.grain_bytes for change in changes)
    where = _where(change.line for change in changes)
    remark = ""
    if log.cycles and not log.during_bytes:
        remark, slack = "without what was allocated during the collections", max(slack, value)
    elif log.marking and log.collector == "Shenandoah":
        remark = "what was copied meanwhile is in it"
    elif log.during_bytes:
        remark, slack = "pages taken to move objects to are in it", slack + sum(log.during_bytes.values())
    ends = (max(0.0, value - slack), value + slack)
    record.add("bytes allocated", value, "bytes", where, ends, remark)
    if time is not None and time.length_s > 0.0:
        rates = (ends[0] / time.length_s, ends[1] / time.length_s)
        record.add("allocation rate", value / time.length_s, "bytes_per_s", where, rates, remark)
    capacity = max(change.capacity_bytes for change in changes)
    if capacity:
        record.add("largest heap", capacity, "bytes", where)


def _live(record: Record, log: Log, changes: Sequence[Change]) -> None:
    """What lived: as marking found it, or as full collections left it; otherwise the least that was left in use."""
    full = {pause.collection for pause in log.pauses if pause.is_full}
    after_full = [change for change in changes if change.collection in full]
    if log.live:
        found = [(size, line, 1024.0 * _KIB) for size, line in log.live.values()]
        remark = "as marking found it"
    elif after_full:
        found = [(change.after_bytes, change.line, change.grain_bytes) for change in after_full]
        remark = "left by full collections"
    else:
        _least(record, changes)
        return
    late = found[len(found) // 2 :]
    sizes = [size for size, _, _ in late]
    grain = late[0][2]
    ends = (min(sizes), max(sizes) + grain)
    record.add("live bytes", median(sizes), "bytes", _where(line for _, line, _ in late), ends, remark)


def _least(record: Record, changes: Sequence[Change]) -> None:
    late = changes[len(changes) // 2 :]
    if late:
        least = min(late, key=lambda change: change.after_bytes)
        remark = "dead objects of the old generation are in it"
        ends = (0.0, least.after_bytes + least.grain_bytes)
        record.add("least occupancy", least.after_bytes, "bytes", f"line {least.line}", ends, remark)


def _young(record: Record, log: Log, pauses: Sequence[Pause]) -> None:
    """Survivors and promotion, once the live data have arrived."""
    _late_pauses(record, pauses)
    known = log.young.keys() & log.old.keys()
    numbers = [
        pause.collection
        for pause in pauses
        if pause.is_young and "(Mixed)" not in pause.what and pause.collection in known
    ]
    late = numbers[len(numbers) // 2 :] if len(numbers) >= _LEAST else []
    if not late:
        return
    young, old = [log.young[number] for number in late], [log.old[number] for number in late]
    where, grain = _where(change.line for change in young), max(change.grain_bytes for change in young)
    left = [change.after_bytes for change in young]
    size = median(left)
    record.add("survivors", size, "bytes", where, (max(0.0, size - grain), size + grain), "after a young collection")
    edens = [change.before_bytes - earlier.after_bytes for earlier, change in pairwise(young)]
    promoted = sum(max(0.0, change.after_bytes - change.before_bytes) for change in old)
    made = sum(max(0.0, each) for each in edens) * len(young) / max(1, len(edens))
    record.add("promoted", promoted / len(old), "bytes", where, remark="in a young collection")
    if made > 0.0:
        slack = grain * len(old) / made
        ratio = min(1.0, promoted / made)
        ends = (max(0.0, ratio - slack), min(1.0, ratio + slack))
        record.add(
            "promoted ratio",
            ratio,
            "ratio",
            where,
            ends,
            "promoted over allocated, second half of the young collections",
        )
        record.add("eden", made / len(young), "bytes", where, remark="allocated between two young collections")
    _ages(record, [log.ages[number] for number in late if 1 in log.ages.get(number, {})], where)


def _late_pauses(record: Record, pauses: Sequence[Pause]) -> None:
    """What a young pause takes in the second half of them."""
    young = [pause for pause in pauses if pause.is_young]
    late = young[len(young) // 2 :] if len(young) >= _LEAST else []
    if late:
        where = _where(pause.line for pause in late)
        record.add("late young pause", sum(pause.length_s for pause in late) / len(late), "s", where)


def _ages(record: Record, ages: Sequence[Mapping[int, float]], where: str) -> None:
    """Survivors of their first collection, and of as many as any are kept young for."""
    if ages:
        remark = "survivors of their first collection"
        record.add("first age", median(sizes[1] for sizes in ages), "bytes", where, remark=remark)
    old = [sizes[max(sizes)] for sizes in ages if len(sizes) > 1]
    if old:
        record.add("last age", median(old), "bytes", where, remark="survivors of the oldest age")


def _beside(record: Record, log: Log) -> None:
    """What went on beside the program, and why else it stood still."""
    if log.concurrent_s:
        record.add(
            "concurrent work",
            sum(log.concurrent_s),
            "s",
            "lines 'Concurrent ...'",
            remark="time of the phases beside the program",
        )
    if log.classes["loaded"]:
        where = f"from line {log.classes['line']} on"
        record.add("classes loaded", log.classes["loaded"], "count", where)
        record.add("classes from the archive", log.classes["archive"], "count", where)
        record.add("classes of the JDK", log.classes["library"], "count", where)
    if log.cpu_s:
        ends = (max(0.0, sum(log.cpu_s) - 0.01 * len(log.cpu_s)), sum(log.cpu_s) + 0.01 * len(log.cpu_s))
        record.add(
            "collector processor time",
            sum(log.cpu_s),
            "s",
            "lines 'User=... Sys=...'",
            ends,
            "of pauses; in hundredths of a second",
        )
    if log.stalls_s:
        record.add("stalls", len(log.stalls_s), "count", "lines '... Stall'")
        record.add("stall total", sum(log.stalls_s), "s", "lines '... Stall'", remark="threads waited for free memory")
    if log.safepoints:
        where = "lines 'Safepoint'"
        record.add("safepoints", len(log.safepoints), "count", where)
        record.add("safepoint total", sum(total for _, _, total in log.safepoints), "s", where)
        record.add("longest way to a safepoint", max(reaching for _, reaching, _ in log.safepoints), "s", where)


def _where(numbers: Iterable[int]) -> str:
    """Places in the file."""
    lines = sorted(numbers)
    if not lines:
        return "no line"
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"
