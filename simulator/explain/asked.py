"""What can be asked for in words: ``read 4 KiB cached``, ``fork``, ``sleep 1 ms``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from simulator import demands as d
from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.layers.base import Transition
from simulator.units import Dimension, parse_quantity

Step = d.Demand | Transition
_NAME = "explained"


class Ground(NamedTuple):
    """What of the machine a demand is put together from: its page size, and where on the disk the file lies."""

    page_bytes: int
    start_bytes: int


@dataclass(frozen=True)
class Asked:
    """A demand in words, understood.

    Attributes:
        text: as written.
        steps: what it stands for, one after the other; a transition where the schedule asks, not the program.
        cached: everything that is read is in the page cache.
    """

    text: str
    steps: tuple[Step, ...]
    cached: bool = False


Make = Callable[[float, Ground], tuple[Step, ...]]


class Phrase(NamedTuple):
    """One way to ask: which quantity follows the words, and what it stands for."""

    make: Make
    wants: Dimension | None = None
    example: str = ""
    optional: bool = False
    interface: str = "system"
    """Who offers it; ``bytecode`` for what only class files ask for."""


def _pages(size_bytes: float, ground: Ground) -> float:
    return float(-(-size_bytes // ground.page_bytes))


def _file(size_bytes: float, ground: Ground) -> d.File:
    """A file that is read as a whole, in one request."""
    whole = int(_pages(size_bytes, ground) * ground.page_bytes)
    return d.File(_NAME, whole, whole, ground.start_bytes)


def _alone(*steps: Step) -> Phrase:
    return Phrase(lambda _, ground: steps)


def _sized(example: str, make: Make, optional: bool = False) -> Phrase:
    return Phrase(make, "size", example, optional)


_CLASS_FILES = d.Portable(_NAME, 1, 1.0, 40.0, 1, deoptimized_ratio=0.05)
"""A program of one class and one method of common length; one in twenty such methods loses its C2 code once."""


PHRASES: Mapping[str, Phrase] = {
    "compute": Phrase(lambda cycles, _: (d.Compute(count=cycles),), "cycles", "compute 1e6 cycles"),
    "read": _sized("read 4 KiB", lambda size, ground: (d.Read(_file(size, ground), 0, int(size)),)),
    "write": _sized("write 4 KiB", lambda size, ground: (d.Write(size, _pages(size, ground)),)),
    "write-through": _sized("write-through 8 KiB", lambda size, g: (d.WriteThrough(_file(size, g), int(size)),)),
    "fault": _alone(d.Fault()),
    "protection fault": _alone(d.Fault("protection")),
    "allocate": _sized("allocate 1 MiB", lambda size, _: (d.Allocate(size),)),
    "touch": _sized("touch 1 MiB", lambda size, _: (d.Touch(size),)),
    "free": _sized("free 1 MiB", lambda size, _: (d.Free(size),)),
    "map": _alone(d.Map()),
    "fork": _alone(d.StartProcess("fork")),
    "exec": _alone(d.StartProcess("exec")),
    "shell": _alone(d.StartProcess("shell")),
    "null": _alone(d.SystemCall("null")),
    "stat": _alone(d.SystemCall("stat")),
    "open": _alone(d.SystemCall("open_close")),
    "select": _alone(d.SystemCall("select")),
    "create": _alone(d.Create()),
    "rename": _alone(d.Rename()),
    "delete": _sized("delete 10 KiB", lambda size, ground: (d.Delete(_pages(size, ground)),), optional=True),
    "send": _sized("send 1 KiB", lambda size, _: (d.SendData(size, size),)),
    "receive": _sized("receive 1 KiB", lambda size, _: (d.ReceiveData(size, size),)),
    "message": _sized("message 1 KiB", lambda size, _: (d.Post(_NAME, size), d.Fetch(_NAME, size)), optional=True),
    "sleep": Phrase(lambda time_s, _: (d.Sleep(time_s),), "time", "sleep 1 ms"),
    "bytecode": Phrase(lambda _, ground: (d.Execute(_CLASS_FILES),), interface="bytecode"),
    "class": Phrase(lambda _, ground: (d.LoadClasses(_CLASS_FILES),), interface="bytecode"),
    "object": Phrase(lambda size, _: (d.NewObjects(size, 0.0, _NAME),), "size", "object 1 KiB", interface="bytecode"),
    "wake": _alone(Transition("resume")),
    "tick": _alone(Transition("tick")),
}
"""Everything that can be asked for. Data that is sent or received is one packet."""

CACHED = "cached"


def understand(text: str, ground: Ground) -> Asked:
    """What a text asks for.

    Raises:
        UsageError: nothing that is known; says what is near.
        UnitError: the quantity is none of its kind.
    """
    words = text.split()
    cached = words[:1] == ["read"] and words[-1:] == [CACHED]
    words = words[:-1] if cached else words
    name = max((name for name in PHRASES if name.split() == words[: len(name.split())]), key=len, default=None)
    if name is None:
        raise UsageError(f"nothing is known of the demand {text!r}; {_near(words)}")
    phrase, quantity = PHRASES[name], " ".join(words[len(name.split()) :])
    return Asked(text, phrase.make(_amount(name, phrase, quantity), ground), cached)


def _amount(name: str, phrase: Phrase, quantity: str) -> float:
    if phrase.wants is None:
        if quantity:
            raise UsageError(f"'{name}' stands alone; leave out {quantity!r}")
        return 0.0
    if not quantity and phrase.optional:
        return 0.0
    if not quantity:
        raise UsageError(f"'{name}' wants a quantity, e.g. '{phrase.example}'")
    amount = parse_quantity(quantity, phrase.wants)
    if amount <= 0.0:
        raise UsageError(f"'{name}' wants more than nothing, e.g. '{phrase.example}'")
    return amount


def _near(words: list[str]) -> str:
    near = suggestion(words[0] if words else "", PHRASES)
    return near if near.startswith("did you") else f"it begins with one of: {', '.join(PHRASES)}"
