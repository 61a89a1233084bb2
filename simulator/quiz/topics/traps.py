"""Trap and emulate: what an operation costs on a stack is its events times their prices."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from random import Random
from typing import NamedTuple

from simulator.explain.explanation import MACHINE, explain
from simulator.quiz.bench import US, figures, frequency_hz
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "trap and emulate: what operations cost on a stack"
LEVELS = {1: "Xen of 2003", 2: "Xen or VMware Workstation 3.2"}
_SYSTEM = "linux-2.4"


class _Stack(NamedTuple):
    """A stack, its hypervisor, and what each operation adds there: events and the parameters that price them."""

    expression: str
    product: str
    words: str
    adds: Mapping[str, Mapping[str, int]]


_NATIVE = {"fault": "page_fault_cycles", "protection fault": "protection_fault_cycles", "null": "null_cycles"}
_OPERATIONS = {"fault": "page fault", "protection fault": "protection fault", "null": "system call 'null'"}
_STACKS = (
    _Stack(
        "xen-1 | linux-2.4", "xen-1",
        "Every fault is first taken by Xen, which hands it on (a trap). A page fault then writes one entry of a page "
        "table, which Xen checks and carries out (an update). A system call goes straight to the guest's kernel.",
        {"fault": {"trap_cycles": 1, "update_cycles": 1}, "protection fault": {"trap_cycles": 1}, "null": {}},
    ),
    _Stack(
        "linux-2.4 | vmware-workstation-3.2 / linux-2.4", "vmware-workstation-3.2",
        "Every fault is first taken by the monitor, which hands it on (a trap). A page fault then writes one entry of "
        "the guest's page table: the write is traced, and the entry of the shadow page table is filled. A system call "
        "has two sensitive instructions, one on the way in and one on the way out, which are translated.",
        {
            "fault": {"trap_cycles": 1, "traced_write_cycles": 1, "shadow_fill_cycles": 1},
            "protection fault": {"trap_cycles": 1}, "null": {"sensitive_cycles": 2},
        },
    ),
)  # fmt: skip


def case(random: Random, level: int) -> Case:
    """A program of so many faults and calls."""
    stack = _STACKS[0] if level == 1 else random.choice(_STACKS)
    counts = {operation: random.randint(1, 20) * 100 for operation in _NATIVE}
    one = random.choice(["fault", "protection fault"] if level == 1 else list(_NATIVE))
    native_us, here_us = _took_us(f"{_SYSTEM} |", counts), _took_us(stack.expression, counts)
    questions = (
        Question("one", f"What does one {_OPERATIONS[one]} cost on this stack?", "us",
                 _explained_s(stack.expression, one) / US, _one(stack, one)),
        Question("native", "What do all operations of the program cost without the hypervisor?", "us", native_us,
                 _all(None, counts)),
        Question("here", "What do they cost on this stack?", "us", here_us, _all(stack, counts)),
        Question("ratio", "How many times as much is that?", "", here_us / native_us, _ratio(stack, counts)),
    )  # fmt: skip
    used = [*_NATIVE.values(), *dict.fromkeys(each for adds in stack.adds.values() for each in adds)]
    rows = tuple((_event(each), number(_price(stack, each)), _who(stack, each)) for each in used)
    faults, checks, calls = counts.values()
    does = f"has {faults} page faults and {checks} protection faults, and makes {calls} system calls ('null')"
    clock = number(frequency_hz(MACHINE) / 1e9)
    return Case(
        (f"A program on {stack.product} {does}. {stack.words}",
         f"The processor has {clock} GHz. Prices are those of virtlab's catalog for the machine {MACHINE}."),
        questions, f'virtlab explain "{stack.expression}" --demand "{one}"', stack.expression,
        Table(("event", "cycles", "whose"), rows),
    )  # fmt: skip


@cache
def _explained_s(expression: str, demand: str) -> float:
    return explain(expression, demand).totals[0].elapsed_s


def _took_us(expression: str, counts: Mapping[str, int]) -> float:
    return sum(count * _explained_s(expression, operation) for operation, count in counts.items()) / US


def _price(stack: _Stack, parameter: str) -> float:
    own = figures(_SYSTEM, MACHINE)
    return own[parameter] if parameter in _NATIVE.values() else figures(stack.product, MACHINE)[parameter]


def _who(stack: _Stack, parameter: str) -> str:
    return _SYSTEM if parameter in _NATIVE.values() else stack.product


def _event(parameter: str) -> str:
    return parameter.removesuffix("_cycles").replace("_", " ")


def _cycles(stack: _Stack | None, operation: str) -> str:
    """What one operation takes, written as a sum."""
    parts = [number(figures(_SYSTEM, MACHINE)[_NATIVE[operation]])]
    for parameter, times in stack.adds[operation].items() if stack else ():
        price = number(_price(stack, parameter)) if stack else ""
        parts.append(price if times == 1 else f"{times} * {price}")
    return " + ".join(parts)


def _one(stack: _Stack, operation: str) -> Working:
    working = Working()
    cycles = working.step(f"one {_OPERATIONS[operation]}", _cycles(stack, operation), "cycles")
    working.step("at the clock", f"{cycles} / {number(frequency_hz(MACHINE) * US)}", "us")
    return working


def _all(stack: _Stack | None, counts: Mapping[str, int]) -> Working:
    working, parts = Working(), []
    for operation, count in counts.items():
        each = working.step(f"one {_OPERATIONS[operation]}", _cycles(stack, operation), "cycles")
        parts.append(f"{count} * {each}")
    cycles = working.step("all of them", " + ".join(parts), "cycles")
    working.step("at the clock", f"{cycles} / {number(frequency_hz(MACHINE) * US)}", "us")
    return working


def _ratio(stack: _Stack, counts: Mapping[str, int]) -> Working:
    working = Working()
    here, native = (number(float(_all(each, counts).value)) for each in (stack, None))
    working.step("here over there", f"{here} / {native}")
    return working
