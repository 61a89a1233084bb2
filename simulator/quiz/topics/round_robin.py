"""Round robin: jobs take turns of one slice."""

from __future__ import annotations

from math import ceil
from random import Random
from statistics import fmean

from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.quiz.topics._turns import MS, Setting, command, end, job, measure, turns

TITLE = "round robin: who runs when, and when each job ends"
LEVELS = {1: "jobs of whole slices", 2: "last turns that are shorter"}
_NAMES = "abcd"


def case(random: Random, level: int) -> Case:
    """Three or four jobs of a few slices."""
    slice_ms = random.choice((4, 10, 20))
    jobs = {name: random.randint(1, 4) * slice_ms for name in _NAMES[: random.choice((3, 4))]}
    if level > 1:
        jobs = {name: work + random.choice((0, slice_ms // 2)) for name, work in jobs.items()}
    drawing = f"({' '.join(job(name, work) for name, work in jobs.items())})1"
    total = sum(jobs.values())
    setting = Setting(policy="round_robin", slice_s=slice_ms * MS, seconds=(total + slice_ms) * MS)
    found = turns(measure(drawing, setting))
    ends = {name: end(found, name) for name in jobs}
    questions = [
        Question(f"end_{name}", f"When is job {name} done?", "ms", ends[name], _end(jobs, name, slice_ms))
        for name in jobs
    ]
    mean = Working()
    written = [_end(jobs, name, slice_ms).written for name in jobs]
    mean.step("mean of the ends", f"({' + '.join(written)}) / {len(jobs)}", "ms")
    questions.append(Question("mean", "What is the mean of these times?", "ms", fmean(ends.values()), mean))
    rows = tuple((str(place), number(each.start), each.thread, number(each.end)) for place, each in enumerate(found, 1))
    return Case(
        (
            f"Jobs {', '.join(jobs)} come at time 0 in this order and take turns on one processor by round robin, "
            f"{slice_ms} ms at a time. A job that is done leaves at once; going on with another one costs nothing. A "
            "job that is alone goes on without a break, which is one line of the trace.",
        ),
        tuple(questions), command(drawing, setting), drawing,
        Table(("job", "work [ms]"), tuple((name, number(work)) for name, work in jobs.items())),
        Table(("turn", "from [ms]", "job", "until [ms]"), rows, frozenset({"from [ms]", "job", "until [ms]"})),
    )  # fmt: skip


def _end(jobs: dict[str, int], name: str, slice_ms: int) -> Working:
    """Until its last turn is over everybody before it has had as many turns, everybody behind it one less."""
    working, names = Working(), list(jobs)
    own = ceil(jobs[name] / slice_ms)
    working.pick(f"{name} needs {jobs[name]} ms, in turns", float(own))
    parts = [number(jobs[name])]
    for other in names:
        if other == name:
            continue
        before = names.index(other) < names.index(name)
        count = own if before else own - 1
        got = min(jobs[other], count * slice_ms)
        place = "before" if before else "behind"
        working.pick(f"{other} stands {place} it and has had at most {count} × {slice_ms} ms", float(got), "ms")
        parts.append(number(got))
    working.step(f"{name} is done", " + ".join(parts), "ms")
    return working
