"""Overhead from event rates: so many faults a second, at so much each, and a timer that ticks meanwhile."""

from __future__ import annotations

from functools import cache
from random import Random

from simulator import demands as d
from simulator.explain.explanation import MACHINE
from simulator.quiz.bench import US, figures, frequency_hz, run_s
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "overhead from the rate of events"
LEVELS = {1: "faults of a program", 2: "and the timer's ticks"}
_STACK, _SYSTEM, _HYPERVISOR = "xen-1 | linux-2.4", "linux-2.4", "xen-1"
_MS = 1e-3


def case(random: Random, level: int) -> Case:
    """A program that computes for a while and has some thousands of faults."""
    work_ms = random.randint(2, 20) * 50
    faults = work_ms * random.randint(2, 16) * 5
    clock = frequency_hz(MACHINE)
    demands = (d.Compute(count=work_ms * _MS * clock), d.Fault(count=float(faults)))
    native_ms, here_ms = (run_s(stack, MACHINE, *demands) / _MS for stack in (f"{_SYSTEM} |", _STACK))
    kernel, hypervisor = figures(_SYSTEM, MACHINE), figures(_HYPERVISOR, MACHINE)
    prices = {
        "page fault": (kernel["page_fault_cycles"], _SYSTEM), "trap": (hypervisor["trap_cycles"], _HYPERVISOR),
        "update": (hypervisor["update_cycles"], _HYPERVISOR), "tick": (kernel["tick_cycles"], _SYSTEM),
        "timer event": (hypervisor["event_cycles"], _HYPERVISOR),
    }  # fmt: skip
    by_name = {name: number(cycles) for name, (cycles, _) in prices.items()}
    hertz = number(kernel["tick_hz"])
    native = _took(work_ms, faults, [by_name["page fault"]], [by_name["tick"]], hertz)
    here = _took(work_ms, faults, [by_name[each] for each in ("page fault", "trap", "update")],
                 [by_name["tick"], by_name["timer event"]], hertz)  # fmt: skip
    overhead = Working()
    written = [each.written for each in (here, native)]
    overhead.step("longer", f"({written[0]} - {written[1]}) / {written[1]} * 100", "%")
    questions = [
        Question("native", f"How long does the program take on {_SYSTEM} alone?", "ms", native_ms, native),
        Question("here", f"How long does it take on {_STACK}?", "ms", here_ms, here),
        Question("overhead", "By how much longer does it take there?", "%", (here_ms / native_ms - 1.0) * 100.0,
                 overhead),
    ]  # fmt: skip
    if level > 1:
        part = Working()
        each = working_us(part, [by_name["tick"], by_name["timer event"]])
        part.step("of every second", f"{hertz} * {each} / 1000000 * 100", "%")
        questions.append(Question(
            "ticks", "Which part of the processor do ticks take under the hypervisor?", "%", _ticks_part() * 100.0,
            part,
        ))  # fmt: skip
    rows = tuple((name, number(cycles), whose) for name, (cycles, whose) in prices.items())
    return Case(
        (
            f"A program computes for {work_ms} ms and has {faults} page faults. On Xen of 2003 a fault is also trapped "
            "and handed on by Xen (a trap), and has Xen check one entry of a page table (an update). Whatever runs is "
            f"interrupted {hertz} times a second by the kernel's timer (a tick); under Xen each arrives as an event.",
            f"The processor has {number(clock / 1e9)} GHz. Prices are those of virtlab's catalog for {MACHINE}.",
        ),
        tuple(questions),
        f"from simulator import demands as d\nfrom simulator.quiz.bench import run_s\n"
        f"demands = d.Compute(count={number(work_ms * _MS * clock)}), d.Fault(count={faults})\n"
        f"print([run_s(stack, {MACHINE!r}, *demands) for stack in ({_SYSTEM + ' |'!r}, {_STACK!r})])",
        _STACK, Table(("event", "cycles", "whose"), rows),
    )  # fmt: skip


def working_us(working: Working, cycles: list[str]) -> str:
    """What an event takes, in microseconds."""
    together = f"({' + '.join(cycles)})" if len(cycles) > 1 else cycles[0]
    return working.step("one event", f"{together} / {number(frequency_hz(MACHINE) * US)}", "us")


def _took(work_ms: int, faults: int, fault: list[str], tick: list[str], hertz: str) -> Working:
    """Work and faults, and beside them ticks for as long as it takes."""
    working = Working()
    each = working_us(working, fault)
    busy = working.step("work and faults", f"{work_ms} + {faults} * {each} / 1000", "ms")
    each = working_us(working, tick)
    left = working.step("what ticks leave of the processor", f"1 - {hertz} * {each} / 1000000")
    working.step("so that it takes", f"{busy} / {left}", "ms")
    return working


@cache
def _ticks_part() -> float:
    """Two runs of pure computing: what is longer than the work is ticks."""
    work_s = 1.0
    took_s = run_s(_STACK, MACHINE, d.Compute(count=work_s * frequency_hz(MACHINE)))
    return 1.0 - work_s / took_s
