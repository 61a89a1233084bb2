"""A guest writes its page tables: traced for a shadow, checked one by one, or gathered for one call."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from simulator import demands as d
from simulator.explain.explanation import MACHINE
from simulator.layers._assist import Assist
from simulator.layers.base import Place
from simulator.layers.paravirtual_hypervisor import ParavirtualHypervisor
from simulator.parameters import Parameters
from simulator.quiz.bench import US, figures, frequency_hz
from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.steps import Step, Use

TITLE = "page tables: shadowed, or updated in batches"
LEVELS = {1: "whole batches", 2: "and how large a batch must be"}
_SHADOW, _CHECKED = "vmware-workstation-3.2", "xen-1"
_PRICES = ("traced_write_cycles", "shadow_fill_cycles", "update_cycles", "hypercall_cycles", "batched_update_cycles")


def case(random: Random, level: int) -> Case:
    """So many entries, so many in a batch."""
    batch = random.choice((8, 16, 32, 64, 128))
    entries = batch * random.randint(2, 12)
    price = {each: round(_figure(each)) for each in _PRICES}
    shadow, checked, batched = engine_us(price, batch, entries)
    clock = number(frequency_hz(MACHINE) * US)
    ways = {
        "shadow": (shadow, f"{entries} * ({price['traced_write_cycles']} + {price['shadow_fill_cycles']})"),
        "checked": (checked, f"{entries} * {price['update_cycles']}"),
        "batched": (
            batched,
            f"{entries // batch} * {price['hypercall_cycles']} + {entries} * {price['batched_update_cycles']}",
        ),
    }
    texts = {
        "shadow": f"What do {entries} entries take under shadow paging, if each is written alone?",
        "checked": "What do they take if Xen checks each in a call of its own?",
        "batched": f"What do they take in calls of {batch} entries each?",
    }
    questions = [
        Question(name, texts[name], "us", value, _working(expression, clock))
        for name, (value, expression) in ways.items()
    ]
    questions.append(Question("ratio", "How many times as long does shadow paging take as batches do?", "",
                              shadow / batched, _ratio(ways, clock)))  # fmt: skip
    if level > 1:
        questions.append(_least(price))
    rows = tuple((each.removesuffix("_cycles").replace("_", " "), number(price[each]), _whose(each)) for each in price)
    return Case(
        (
            f"A guest's kernel changes {entries} entries of its page tables. Under shadow paging each write is traced "
            "by the monitor, and the entry of the shadow table is filled by a hidden fault when it is used. Under Xen "
            "the kernel asks for each change, alone (an update), or gathers them and asks for many at a time: one "
            "hypercall for a batch, and a check of each entry in it (a batched update).",
            f"The processor has {number(frequency_hz(MACHINE) / 1e9)} GHz.",
        ),
        tuple(questions),
        "from simulator.quiz.topics import page_tables\n"
        f"print(page_tables.engine_us({{}}, batch={batch}, entries={entries}))",
        table=Table(("event", "cycles", "whose"), rows),
    )  # fmt: skip


def _whose(parameter: str) -> str:
    return _SHADOW if parameter in figures(_SHADOW, MACHINE) else _CHECKED


def _figure(parameter: str) -> float:
    return figures(_whose(parameter), MACHINE)[parameter]


def engine_us(price: Mapping[str, float], batch: int, entries: int) -> list[float]:
    """The layers lower the demand themselves; batches are as large as the case says.

    Args:
        price: figures other than the catalog's.
        batch: entries of one hypercall.
        entries: that are changed.

    Returns:
        the time of all under shadow paging, checked one by one, and in batches.
    """
    own = {**figures(_CHECKED, MACHINE), **price, "batch_count": float(batch)}
    xen = ParavirtualHypervisor(own, {"page_tables": "hypercalls", "driver_place": "hypervisor"}, Place("xen"))
    shadowing = Assist(Parameters({**figures(_SHADOW, MACHINE), **price}), {"paging": "shadow"}, 4096.0)
    steps = (
        shadowing.lower(d.UpdatePageTable()) or (),
        tuple(xen.lower(d.UpdatePageTable())),
        tuple(xen.lower(d.UpdatePageTable(batched=True))),
    )
    return [entries * _cycles(each) / frequency_hz(MACHINE) / US for each in steps]


def _cycles(steps: tuple[Step, ...]) -> float:
    return sum(step.cycles for step in steps if isinstance(step, Use))


def _working(expression: str, clock: str) -> Working:
    working = Working()
    cycles = working.step("cycles", expression, "cycles")
    working.step("at the clock", f"{cycles} / {clock}", "us")
    return working


def _ratio(ways: dict[str, tuple[float, str]], clock: str) -> Working:
    working = Working()
    long, short = (_working(ways[name][1], clock).written for name in ("shadow", "batched"))
    working.step("one over the other", f"{long} / {short}")
    return working


def _least(price: dict[str, int]) -> Question:
    """The smallest batch that is cheaper than single updates: the engine tries them one after the other."""
    batch = next(size for size in range(1, 1000) if (each := engine_us(price, size, 1))[2] < each[1])
    working = Working()
    saved = f"{price['update_cycles']} - {price['batched_update_cycles']}"
    saved = working.step("what each entry saves", saved, "cycles")
    entries = working.step("entries that pay for the call", f"{price['hypercall_cycles']} / {saved}")
    working.pick("more than that many entries", float(int(float(entries)) + 1))
    return Question("least", "How many entries must a batch have so that it takes less than single updates?", "",
                    float(batch), working)  # fmt: skip
