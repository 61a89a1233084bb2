"""An explanation as text: the steps as a tree, what they add up to, and where the numbers come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from textwrap import fill
from typing import NamedTuple

from simulator.explain.columns import columns
from simulator.explain.entry import Entry
from simulator.explain.sourced import Origin
from simulator.explain.totals import Total
from simulator.plans import PROGRAM
from simulator.units import DIMENSIONS, format_quantity

Namer = Callable[[str], str]
WIDTH = 120


class Notes:
    """Footnotes, numbered in the order in which they are first wanted."""

    def __init__(self) -> None:
        self.numbers: dict[Origin, int] = {}

    def mark(self, origins: tuple[Origin, ...]) -> str:
        """The numbers of some entries of the catalog."""
        found = [self.numbers.setdefault(origin, len(self.numbers) + 1) for origin in origins]
        return "".join(f"[{number}]" for number in sorted(found))

    def lines(self) -> Iterator[str]:
        """Every entry once."""
        for origin, number in self.numbers.items():
            yield fill(f"[{number}] {_note(origin)}", WIDTH, subsequent_indent="     ", break_on_hyphens=False)


class Row(NamedTuple):
    """One line of the tree before its columns are known."""

    step: str
    payer: str = ""
    cause: str = ""
    cycles: str = ""
    time: str = ""
    source: str = ""


def tree(entries: tuple[Entry, ...], frequency_hz: float, name: Namer, notes: Notes) -> list[str]:
    """One line a step, indented by what it belongs to."""
    rows = list(_rows(entries, frequency_hz, name, notes, "", top=True))
    return columns(rows, "<<<>><", heads=("step", "payer", "cause", "cycles", "time", "source"))


def _rows(
    entries: tuple[Entry, ...], frequency_hz: float, name: Namer, notes: Notes, margin: str, top: bool = False
) -> Iterator[Row]:
    for number, entry in enumerate(entries, 1):
        last = number == len(entries)
        branch, inner = ("", "") if top else ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield _row(entry, margin + branch, frequency_hz, name, notes)
        yield from _rows(entry.children, frequency_hz, name, notes, margin + inner)


def _row(entry: Entry, margin: str, frequency_hz: float, name: Namer, notes: Notes) -> Row:
    title = margin + _title(entry, name) + (f"  × {entry.times}" if entry.times > 1 else "")
    cause = entry.cause if entry.cause in ("", PROGRAM) else name(entry.cause)
    if entry.kind == "use":
        cycles = format_quantity(entry.cycles, "cycles").removesuffix(" cycles") if entry.cycles else ""
        time = format_quantity(entry.cycles / frequency_hz + entry.stall_s, "s")
        return Row(title, entry.payer, cause, cycles, time, notes.mark(entry.origins))
    if entry.kind == "transfer":
        return Row(title, entry.payer, cause, "", format_quantity(entry.device_s, "s"), notes.mark(entry.origins))
    if entry.wait_s:
        return Row(title, entry.payer, "", "", format_quantity(entry.wait_s, "s"))
    return Row(title)


def _title(entry: Entry, name: Namer) -> str:
    count = f" × {format_quantity(entry.operations, 'count')}" if entry.operations != 1.0 else ""
    if entry.kind == "demand":
        return f"{entry.title}{count} → {name(entry.node)}"
    if entry.kind == "option":
        return f"{entry.title}{'' if entry.children else ': nothing more'}"
    if entry.kind == "choice":
        return f"{entry.title}, as {name(entry.node)} finds"
    if entry.kind == "waking":
        return f"{entry.title} ({entry.payer})"
    return f"{entry.title}{count if entry.kind == 'use' else ''}"


def sums(cases: list[tuple[str, Total]], names: Mapping[str, str]) -> list[str]:
    """What the cases add up to, one line each; the layers from the top down."""
    found = {node for _, total in cases for node in total.overhead_s}
    nodes = [node for node in reversed(list(names)) if node in found]
    layers = [names[node] for node in nodes]
    heads = ["total of processor time", "program", *layers, "by services", "other devices", "elapsed"]
    rows = [
        [label, *_times(total.useful_s, *(total.overhead_s.get(node, 0.0) for node in nodes)),
         *_times(total.services_s, total.waits_s, total.elapsed_s)]
        for label, total in cases
    ]  # fmt: skip
    used = [0, *(index for index in range(1, len(heads)) if any(row[index] for row in rows))]
    picked = [[row[index] for index in used] for row in rows]
    return columns(picked, "<" + ">" * (len(used) - 1), heads=[heads[index] for index in used])


def _times(*seconds: float) -> list[str]:
    return [format_quantity(each, "s") if each else "" for each in seconds]


def _note(origin: Origin) -> str:
    quantity = origin.quantity
    value = _quantity(quantity.value, quantity.unit)
    if quantity.low != quantity.high:
        value += f" ({_quantity(quantity.low, quantity.unit)} to {_quantity(quantity.high, quantity.unit)})"
    kind = quantity.kind + (", transferred" if quantity.transferred else "") + (", fitted" if quantity.fitted else "")
    source = f" {quantity.source}," if quantity.source else ""
    return f"{origin.product}: {quantity.name} = {value}; {kind}:{source} {quantity.where}"


def _quantity(value: float, unit: str) -> str:
    return format_quantity(value, unit) if unit in DIMENSIONS else f"{value:.4g} {unit}"
