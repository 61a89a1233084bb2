"""What follows from a log of compilations: methods and bytecodes by level, loops, what was given up, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simulator.measurements._jit_lines import C2, Compilations, Task
from simulator.measurements.base import Record

LEVELS = (1, 2, 3, 4)
_PARTS = {"half": 0.5, "nine tenths": 0.9}
_ALL_WAIT = 0.5
"""Where the program waited for more than this part of all compilations, everything was compiled first (-Xcomp)."""


def fill(record: Record, found: Compilations) -> None:
    """All figures of a log."""
    compiled = found.compiled
    _methods(record, compiled)
    for level in LEVELS:
        _level(record, level, [task for task in compiled if task.level == level])
    loops = [task for task in compiled if task.is_loop]
    record.add("compiled for a loop", len(loops), "count", _where(loops))
    natives = [task for task in found.tasks if task.level == 0 and not task.said]
    record.add("ways into native code", len(natives), "count", _where(natives))
    if found.skipped:
        where = f"line {found.skipped[0]}" + (" and others" if len(found.skipped) > 1 else "")
        record.add("not compilable", len(found.skipped), "count", where)
    _given_up(record, found, compiled)
    _over_time(record, compiled)


def _methods(record: Record, compiled: Sequence[Task]) -> None:
    sizes = {task.key: task.code_bytes for task in compiled}
    where = _where(compiled)
    record.add("methods compiled", len(sizes), "count", where, remark="each once")
    if not sizes:
        return
    record.add(
        "mean method size", sum(sizes.values()) / len(sizes), "bytes", where, remark="of bytecodes, each method once"
    )
    waited = sum(task.waits for task in compiled) / len(compiled)
    if waited > _ALL_WAIT:
        record.add("methods executed", len(sizes), "count", where, remark="everything was compiled at its first call")
        return
    if any(task.level in (2, 3) for task in compiled):
        trivial = {task.key for task in compiled if task.level == 1}
        remark = "level 1 in tiered mode, where profiling cannot help"
        record.add("trivial methods", len(trivial), "count", where, remark=remark)
        record.add("trivial part", len(trivial) / len(sizes), "ratio", where, remark=remark)


def _level(record: Record, level: int, tasks: Sequence[Task]) -> None:
    record.add(f"methods compiled at level {level}", len(tasks), "count", _where(tasks))
    size = sum(task.code_bytes for task in tasks)
    record.add(f"bytecodes compiled at level {level}", size, "bytes", _where(tasks))


def _given_up(record: Record, found: Compilations, compiled: Sequence[Task]) -> None:
    """Code that met what its profile had not shown: C2's code that is not entered any longer."""
    optimized = {task.key for task in compiled if task.level == C2}
    left = [task for task in found.tasks if task.left and task.level == C2]
    record.add("optimized code given up", len(left), "count", _where(left))
    record.add(
        "replaced code",
        sum(task.left and task.level != C2 for task in found.tasks),
        "count",
        "lines 'made not entrant'",
    )
    if not optimized:
        return
    methods = {task.key for task in left}
    again = {
        task.key
        for task in compiled
        if task.level == C2 and any(each.key == task.key and each.line < task.line for each in left)
    }
    record.add("methods deoptimized", len(methods), "count", _where(left), remark="each once")
    record.add("methods optimized again", len(again), "count", _where(left), remark="each once")
    remark = "of the methods that C2 compiled, those whose code was given up"
    record.add(
        "deoptimized part",
        min(1.0, len(methods) / len(optimized)),
        "ratio",
        _where(left) if left else _where(compiled),
        remark=remark,
    )


def _over_time(record: Record, compiled: Sequence[Task]) -> None:
    """When the compilers had done most of their work."""
    timed = [(task.time_s, task.code_bytes) for task in compiled if task.time_s is not None]
    if not timed:
        return
    timed.sort()
    record.add("last compilation", timed[-1][0], "s", _where(compiled))
    total, done, left = sum(size for _, size in timed), 0, dict(_PARTS)
    for time_s, size in timed:
        done += size
        for name in [name for name, part in left.items() if done >= part * total]:
            del left[name]
            record.add(f"{name} compiled after", time_s, "s", _where(compiled), remark="of the bytes of bytecodes")


def _where(tasks: Iterable[Task]) -> str:
    lines = [task.line for task in tasks]
    if not lines:
        return "no line"
    return f"line {lines[0]}" if len(lines) == 1 else f"lines {min(lines)} to {max(lines)}"
