"""A container's quota of processor time: throttled until the next period."""

from __future__ import annotations

from math import ceil
from random import Random

from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.quiz.topics._turns import MS, Setting, command, end, job, measure, row, turns

TITLE = "a container's quota of processor time"
LEVELS = {1: "one thread", 2: "two threads with one quota"}
_PERIOD = 100


def case(random: Random, level: int) -> Case:
    """Quotas of whole tens of milliseconds, work of two to four periods."""
    quota = random.choice((20, 30, 40, 50, 60)) if level == 1 else random.choice((20, 40, 60, 80))
    each = quota // level
    work = random.randint(1, 3) * each + random.choice([step for step in (5, 10, 15, 20) if step < each])
    threads = "ab"[:level]
    cap = f"<{quota / _PERIOD}"
    drawn = job("a", work, cap) if level == 1 else f"box:{{{' '.join(job(name, work) for name in threads)}}}{cap}"
    drawing = f"({drawn}){level}"
    setting = Setting(policy="cfs", seconds=(work / each + 1.0) * _PERIOD * MS)
    outcome = measure(drawing, setting)
    found, name = turns(outcome), "a" if level == 1 else "box/a"
    ended = end(found, name)
    throttled = row(outcome, name).throttled * setting.seconds / MS
    mine = [turn for turn in found if turn.thread == name]
    questions = (
        Question("run", "How long does thread a run in the first period until it is stopped?", "ms", mine[0].end,
                 _run(quota, level)),
        Question("end", "When is thread a done?", "ms", ended, _end(quota, level, work)),
        Question("throttled", "How long was it stopped by the quota in all?", "ms", throttled,
                 _throttled(quota, level, work)),
        Question("slowdown", "How many times as long as without a quota did it take?", "", ended / work,
                 _slowdown(quota, level, work)),
    )  # fmt: skip
    plural = "A thread" if level == 1 else "Two threads, each on a processor of its own,"
    rows = (("quota in a period [ms]", number(quota)), ("period [ms]", number(_PERIOD)),
            ("work of each thread [ms]", number(work)))  # fmt: skip
    trace = tuple((number(turn.start), turn.thread.rpartition("/")[2], number(turn.end)) for turn in found)
    return Case(
        (
            f"{plural} in a container may run {quota} ms in each period of {_PERIOD} ms"
            f"{'' if level == 1 else ', both together'}; then it is stopped until the next period begins. Nobody else "
            "wants the processor. The work begins at time 0, which is the beginning of a period.",
        ),
        questions, command(drawing, setting), drawing, Table(("what", "value"), rows),
        Table(("from [ms]", "thread", "until [ms]"), trace, frozenset({"from [ms]", "until [ms]"})),
    )  # fmt: skip


def _run(quota: int, threads: int) -> Working:
    working = Working()
    working.step("the quota over the threads that use it", f"{quota} / {threads}", "ms")
    return working


def _end(quota: int, threads: int, work: int) -> Working:
    working = _run(quota, threads)
    each = working.written
    full = ceil(work / float(each)) - 1
    working.pick(f"periods that it uses up before the last one, {work} / {each} rounded up less 1", float(full))
    left = working.step("left for the last one", f"{work} - {full} * {each}", "ms")
    working.step("done", f"{full} * {_PERIOD} + {left}", "ms")
    return working


def _throttled(quota: int, threads: int, work: int) -> Working:
    working = _end(quota, threads, work)
    working.step("of that it did not run", f"{working.written} - {work}", "ms")
    return working


def _slowdown(quota: int, threads: int, work: int) -> Working:
    working = _end(quota, threads, work)
    working.step("over the work", f"{working.written} / {work}")
    return working
