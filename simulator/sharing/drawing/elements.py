"""What a drawing consists of, and how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from simulator.sharing.tree import INFINITE
from simulator.units import format_quantity

Kind = Literal["machine", "guest", "group", "thread"]

BRACKETS: Mapping[Kind, str] = {"machine": "()", "guest": "[]", "group": "{}"}
"""What stands around the members of each kind."""
STEMS: Mapping[Kind, str] = {"machine": "m", "guest": "vm", "group": "group", "thread": "o"}
"""What the names of elements without one begin with."""
PERIOD_S = 0.1
"""After which a quota is refilled, if the drawing does not say: the default of Linux's bandwidth control."""
_PLAIN_RUN = 3
"""So many equal threads are written one by one, more with their number."""


@dataclass(frozen=True, slots=True)
class Element:
    """A machine, guest, group or thread.

    Attributes:
        kind: which of them.
        name: one that none of its siblings has.
        processors: of a machine or guest; 0: it has none of its own.
        weight: its part beside its siblings.
        cap: processors it gets at most.
        period_s: after which its quota is refilled.
        reservation: processors it gets before weights count.
        cpus: numbers of the processors of the machine or guest it stands on that it may use; None: all.
        computes_s: processor time of a thread's burst.
        sleeps_s: how long the thread then sleeps.
        children: what stands in it.
    """

    kind: Kind
    name: str
    processors: int = 0
    weight: float = 1.0
    cap: float = INFINITE
    period_s: float = PERIOD_S
    reservation: float = 0.0
    cpus: frozenset[int] | None = None
    computes_s: float = INFINITE
    sleeps_s: float = 0.0
    children: tuple[Element, ...] = field(default=())

    def threads(self, path: str = "") -> Iterator[tuple[str, Element]]:
        """Its threads, each with its path: the names from below the machine to it, joined by "/"."""
        for child in self.children:
            below = f"{path}{child.name}"
            if child.kind == "thread":
                yield below, child
            else:
                yield from child.threads(f"{below}/")

    def everything(self) -> Iterator[Element]:
        """It, and all that stands in it."""
        yield self
        for child in self.children:
            yield from child.everything()


def default_name(kind: Kind, before: Iterable[Element]) -> str:
    """The name of an element that was given none: its number among its siblings of the same kind."""
    return f"{STEMS[kind]}{1 + sum(sibling.kind == kind for sibling in before)}"


def text(elements: Sequence[Element]) -> str:
    """The shortest drawing of elements side by side; ``parse`` reads it back."""
    written = [_one(element, elements[:number]) for number, element in enumerate(elements)]
    return " ".join(_run(each, len(list(run))) for each, run in groupby(written))


def _run(written: str, times: int) -> str:
    """Equal elements one after the other."""
    if written == "o" and times <= _PLAIN_RUN:
        return written * times
    return written if times == 1 else f"{written}^{times}"


def _one(element: Element, before: Sequence[Element]) -> str:
    name = "" if element.name == default_name(element.kind, before) else f"{element.name}:"
    if element.kind == "thread":
        return f"{name}o{_modifiers(element)}"
    opening, closing = tuple(BRACKETS[element.kind])
    return f"{name}{opening}{text(element.children)}{closing}{element.processors or ''}{_modifiers(element)}"


def _modifiers(element: Element) -> str:
    period = "" if element.period_s == PERIOD_S else f"/{_time(element.period_s)}"
    parts = [
        f"*{number(element.weight)}" if element.weight != 1.0 else "",
        f"<{number(element.cap)}{period}" if element.cap < INFINITE else "",
        f">{number(element.reservation)}" if element.reservation else "",
        f"@{ranges(element.cpus)}" if element.cpus is not None else "",
        f"~{_time(element.computes_s)}/{_time(element.sleeps_s)}" if element.computes_s < INFINITE else "",
    ]
    return "".join(parts)


def number(value: float) -> str:
    """A number without an exponent and without the rounding of a product with a clock frequency."""
    return f"{value:.12f}".rstrip("0").rstrip(".")


def _time(seconds: float) -> str:
    return format_quantity(seconds, "s").replace(" ", "")


def ranges(cpus: Iterable[int]) -> str:
    """Numbers of processors as a list of ranges: ``0-2,5``."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and cpu == runs[-1][-1] + 1:
            runs[-1].append(cpu)
        else:
            runs.append([cpu])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
