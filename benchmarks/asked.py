"""What is asked: every target as numbers that one run of the benchmarks gives.

Targets of the solver alone, of time slices and of traces are asked by ``fluid_solver.py``, ``quantum.py`` and
``tracing.py`` themselves.
"""

from __future__ import annotations

import contenders as who
import reading as read
from scenarios.closed_loop import s1, s2
from targets import Target

S1_100, S1_CURVE, S2_PART = s1(100), s1(1000, 10), s2(200)
ALL, EACH = who.BEST, who.HOST_BY_HOST
TARGETS = (
    Target(
        "T1",
        "S1 N=1000, SimGrid over virtlab, whole process",
        20,
        "least",
        read.whole("S1 N=1000", who.LAZY, ALL),
        S1_CURVE,
    ),
    Target("T1", "the same, SimGrid's Full setting", 10, "least", read.whole("S1 N=1000", who.FULL, ALL), S1_CURVE),
    Target(
        "T2", "S1 N=100, instructions a change over SimGrid's", 1.0, "most", read.instructions(ALL, who.LAZY), S1_100
    ),
    Target("T2", "S1 N=100, time a change over SimGrid's", 1.0, "most", read.growth(100, ALL, who.LAZY), S1_100),
    Target(
        "T3", "S2 over SimGrid, all hosts in one environment", 0.9, "most", read.whole("S2", ALL, who.LAZY), S2_PART
    ),
    Target("T3", "S2 over SimGrid, host by host", 0.3, "most", read.whole("S2", EACH, who.LAZY), S2_PART),
    Target(
        "T3", "S2, memory over SimGrid's, host by host", 0.3, "most", read.whole("S2", EACH, who.LAZY, "peak_bytes")
    ),
    Target(
        "T3", "S2, memory over SimGrid's, one environment", 0.3, "most", read.whole("S2", ALL, who.LAZY, "peak_bytes")
    ),
    Target("T3", "S2 host by host, processor seconds", 8, "most", read.cpu_s("S2", EACH), S2_PART),
    Target("T3", "S2 host by host, MiB", 100, "most", read.peak_mib("S2", EACH)),
    Target("T4", "S1, a change of the run at N=1000 over N=10", 2.0, "most", read.flatness(1000, 10), S1_CURVE),
    Target("T4", "S1, a change of the run at N=10,000 over N=10", 3.0, "most", read.flatness(10000, 10), S1_CURVE),
    Target("T5", "S1 N=1000, naive fluid SimPy over virtlab", 80, "least", read.growth(1000, who.NAIVE, ALL), S1_CURVE),
    Target("T5", "S1 N=100, naive fluid SimPy over virtlab", 2.5, "least", read.growth(100, who.NAIVE, ALL), S1_100),
    Target(
        "T7", "S1 N=1000, virtlab over the limit in C, run", 15, "most", read.growth(1000, ALL, who.LIMIT), S1_CURVE
    ),
    Target("T7", "S1 N=100, instructions over the limit's", 15, "most", read.instructions(ALL, who.LIMIT), S1_100),
    Target(
        "T7", "S2, virtlab over the limit in C, run", 12, "most", read.whole("S2", ALL, who.LIMIT, "run_s"), S2_PART
    ),
    Target(
        "T9", "`virtlab run` of one small run over its libraries", 1.3, "most", read.command_over_libraries, "start-up"
    ),
    Target("T9", "MiB of a worker over bare Python", 22, "most", read.worker_mib),
    Target("T9", "packages of a worker beside SimPy", 0, "most", read.worker_packages),
    Target("stack", "a change of a whole stack over the bare solver's", 2.0, "most", read.stack, "stack"),
)
