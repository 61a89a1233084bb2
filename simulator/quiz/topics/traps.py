"""Trap and emulate: what an operation costs on a stack is its events times their prices."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from random import Random
from typing import NamedTuple

from simulator.explain.explanation import MACHINE, explain
from simulator.quiz.bench import US, catalog, figures, frequency_hz
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "trap and emulate: what operations cost on a stack"
LEVELS = {1: "Xen of 2003", 2: "Xen, VMware Workstation 3.2, or KVM with nested paging"}
Events = Mapping[str, Mapping[str, int]]
"""How often an operation has which events, by the parameters that price them."""


class _Stack(NamedTuple):
    """A stack, and what each operation costs there.

    Attributes:
        expression: as virtlab writes it.
        machine: of the catalog.
        system: of the guest.
        hypervisor: under it.
        words: why these events.
        own: what the system itself takes, with and without the hypervisor.
        adds: what the hypervisor adds.
    """

    expression: str
    machine: str
    system: str
    hypervisor: str
    words: str
    own: Events
    adds: Events


_OPERATIONS = {"fault": "page fault", "protection fault": "protection fault", "null": "system call 'null'"}
_PLAIN = {
    "fault": {"page_fault_cycles": 1}, "protection fault": {"protection_fault_cycles": 1}, "null": {"null_cycles": 1},
}  # fmt: skip
_STACKS = (
    _Stack(
        "xen-1 | linux-2.4", MACHINE, "linux-2.4", "xen-1",
        "Every fault is first taken by Xen, which hands it on (a trap). A page fault then writes one entry of a page "
        "table, which Xen checks and carries out (an update). A system call goes straight to the guest's kernel.",
        _PLAIN, {"fault": {"trap_cycles": 1, "update_cycles": 1}, "protection fault": {"trap_cycles": 1}, "null": {}},
    ),
    _Stack(
        "linux-2.4 | vmware-workstation-3.2 / linux-2.4", MACHINE, "linux-2.4", "vmware-workstation-3.2",
        "Every fault is first taken by the monitor, which hands it on (a trap). A page fault then writes one entry of "
        "the guest's page table: the write is traced, and the entry of the shadow page table is filled. A system call "
        "has two sensitive instructions, one on the way in and one on the way out, which are translated.",
        _PLAIN, {
            "fault": {"trap_cycles": 1, "traced_write_cycles": 1, "shadow_fill_cycles": 1},
            "protection fault": {"trap_cycles": 1}, "null": {"sensitive_cycles": 2},
        },
    ),
    _Stack(
        "linux-6 | kvm-6 / linux-6", "server-2025", "linux-6", "kvm-6",
        "The kernel guards itself at each entry against side channels (an entry guard), in a guest or not. With nested "
        "paging nothing of this leaves the guest; but the walks that bring translations back are longer: a little at "
        "every fault (nested trap), and once more when a page fault has entered a page (nested fill).",
        {operation: {**events, "entry_guard_cycles": 1} for operation, events in _PLAIN.items()}, {
            "fault": {"nested_trap_cycles": 1, "nested_fill_cycles": 1},
            "protection fault": {"nested_trap_cycles": 1}, "null": {},
        },
    ),
)  # fmt: skip


def case(random: Random, level: int) -> Case:
    """A program of so many faults and calls."""
    stack = _STACKS[0] if level == 1 else random.choice(_STACKS)
    counts = {operation: random.randint(1, 20) * 100 for operation in _OPERATIONS}
    one = random.choice(["fault", "protection fault"] if level == 1 else list(_OPERATIONS))
    native_us, here_us = (_took_us(each, stack.machine, counts) for each in (f"{stack.system} |", stack.expression))
    questions = (
        Question("one", f"What does one {_OPERATIONS[one]} cost on this stack?", "us",
                 _explained_s(stack.expression, one, stack.machine) / US, _one(stack, one)),
        Question("native", "What do all operations of the program cost without the hypervisor?", "us", native_us,
                 _all(stack, counts, native=True)),
        Question("here", "What do they cost on this stack?", "us", here_us, _all(stack, counts)),
        Question("ratio", "How many times as much is that?", "", here_us / native_us, _ratio(stack, counts)),
    )  # fmt: skip
    rows = tuple(
        (name.removesuffix("_cycles").replace("_", " "), number(figures(product, stack.machine)[name]), product)
        for product, events in ((stack.system, stack.own), (stack.hypervisor, stack.adds))
        for name in dict.fromkeys(name for each in events.values() for name in each)
    )
    faults, checks, calls = counts.values()
    does = f"has {faults} page faults and {checks} protection faults, and makes {calls} system calls ('null')"
    clock = number(frequency_hz(stack.machine) / 1e9)
    return Case(
        (f"A program on {stack.hypervisor} {does}. {stack.words}",
         f"The processor has {clock} GHz. Prices are those of virtlab's catalog for the machine {stack.machine}."),
        questions, f'virtlab explain "{stack.expression}" --demand "{one}" --machine {stack.machine}', stack.expression,
        Table(("event", "cycles", "whose"), rows),
    )  # fmt: skip


@cache
def _explained_s(expression: str, demand: str, machine: str) -> float:
    return explain(expression, demand, machine, catalog=catalog()).totals[0].elapsed_s


def _took_us(expression: str, machine: str, counts: Mapping[str, int]) -> float:
    times = (count * _explained_s(expression, operation, machine) for operation, count in counts.items())
    return sum(times) / US


def _cycles(stack: _Stack, operation: str, native: bool) -> str:
    """What one operation takes, written as a sum."""
    parts = [(stack.system, stack.own[operation])] + [(stack.hypervisor, stack.adds[operation])] * (not native)
    prices = [(number(figures(product, stack.machine)[name]), times) for product, events in parts
              for name, times in events.items()]  # fmt: skip
    return " + ".join(price if times == 1 else f"{times} * {price}" for price, times in prices)


def _one(stack: _Stack, operation: str) -> Working:
    working = Working()
    cycles = working.step(f"one {_OPERATIONS[operation]}", _cycles(stack, operation, native=False), "cycles")
    working.step("at the clock", f"{cycles} / {number(frequency_hz(stack.machine) * US)}", "us")
    return working


def _all(stack: _Stack, counts: Mapping[str, int], native: bool = False) -> Working:
    working, parts = Working(), []
    for operation, count in counts.items():
        each = working.step(f"one {_OPERATIONS[operation]}", _cycles(stack, operation, native), "cycles")
        parts.append(f"{count} * {each}")
    cycles = working.step("all of them", " + ".join(parts), "cycles")
    working.step("at the clock", f"{cycles} / {number(frequency_hz(stack.machine) * US)}", "us")
    return working


def _ratio(stack: _Stack, counts: Mapping[str, int]) -> Working:
    working = Working()
    here, native = (_all(stack, counts, each).written for each in (False, True))
    working.step("here over there", f"{here} / {native}")
    return working
