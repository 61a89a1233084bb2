"""The parser: from a text to the machines it draws, or to the place where it stops being a drawing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from simulator.notation.scanner import Malformed, Scanner
from simulator.sharing.drawing.elements import BRACKETS, Element, Kind, default_name
from simulator.units import UNITS, parse_quantity

_NAME = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)\s*:")
_COUNT = re.compile(r"[0-9]+")
_NUMBER = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
_SYMBOLS = sorted(UNITS["time"], key=len, reverse=True)
_TIME = re.compile(rf"({_NUMBER.pattern})\s*({'|'.join(_SYMBOLS)})")
_MOST_TIMES = 10_000
_OPENINGS: Mapping[str, Kind] = {brackets[0]: kind for kind, brackets in BRACKETS.items()}
_CLOSINGS: Mapping[str, Kind] = {brackets[1]: kind for kind, brackets in BRACKETS.items()}
_ELEMENTS = "write 'o' for a thread, '[...]1' for a guest, '{...}' for a group"
_MODIFIERS = "modifiers are '*2' weight, '<0.5' cap, '>0.25' reservation, '@0-1' processors, '~1ms/9ms' computes/sleeps"

Fields = Mapping[str, Any]


class MalformedDrawing(Malformed):
    """A text that is no drawing."""


def parse(drawing: str) -> tuple[Element, ...]:
    """The machines that a text draws.

    Raises:
        MalformedDrawing: the text is no drawing; says where, and what to write.
    """
    return _Parser(drawing).machines()


class _Parser(Scanner):
    MALFORMED = MalformedDrawing

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.pins: list[list[tuple[int, int]]] = []
        """For each machine and guest that is open: the processors that were named, and where."""
        self.modifiers: Mapping[str, Callable[[], Fields]] = {
            "*": self._weight, "<": self._cap, ">": self._reservation, "@": self._cpus, "~": self._bursts,
        }  # fmt: skip

    def machines(self) -> tuple[Element, ...]:
        machines = self._siblings(None, 0)
        if not machines:
            self._fail("nothing is drawn", "write a machine, e.g. '(oo)1': two threads on one processor", 0)
        return machines

    # ---- elements

    def _siblings(self, around: Kind | None, opened_at: int) -> tuple[Element, ...]:
        """Everything up to the bracket that closes, which is passed too."""
        siblings: list[Element] = []
        while mark := self._next():
            if mark in _CLOSINGS:
                self._check_closing(mark, around)
                self.position += 1
                return tuple(siblings)
            self._add(siblings, around)
        if around:
            self._fail(f"this {around} is never closed", f"write {BRACKETS[around][1]!r} behind its last", opened_at)
        return tuple(siblings)

    def _add(self, siblings: list[Element], around: Kind | None) -> None:
        """One element, as often as it is wanted."""
        start, name = self.position, self._match(_NAME, group=1)
        element = self._modified(self._element(around))
        times = self._times()
        for number in range(1, times + 1):
            written = f"{name}{number}" if name and times > 1 else name
            sibling = replace(element, name=written or default_name(element.kind, siblings))
            if any(sibling.name == other.name for other in siblings):
                self._fail(f"the name {sibling.name!r} is taken", "give one of the two another, e.g. 'web:o'", start)
            siblings.append(sibling)

    def _element(self, around: Kind | None) -> Element:
        mark, start = self._next(), self.position
        kind = "thread" if mark == "o" else _OPENINGS.get(mark)
        if kind is None:
            self._unexpected(mark)
        if around is None and kind != "machine":
            self._fail(f"this {kind} stands on no machine", "write one around it: '(...)2' has two processors")
        if around is not None and kind == "machine":
            self._fail("a machine cannot stand in another", "write '[...]2' for a guest of two processors")
        self.position += 1
        if kind == "thread":
            return Element("thread", "")
        if kind == "group":
            return self._group(start)
        self.pins.append([])
        children = self._siblings(kind, start)
        processors = self._whole(f"the number of processors of this {kind}", f"{BRACKETS[kind][1]}2")
        self._check_pins(processors, kind)
        return Element(kind, "", processors, children=children)

    def _group(self, start: int) -> Element:
        children = self._siblings("group", start)
        if not children:
            self._fail("this group is empty", "put a thread into it, '{o}', or leave it out", start)
        return Element("group", "", children=children)

    def _times(self) -> int:
        at = self.position
        if not self._take("^"):
            return 1
        times = self._whole("how often it is repeated", "^3")
        if times > _MOST_TIMES:
            self._fail(f"{times} are too many", f"repeat it {_MOST_TIMES} times at most", at)
        if self._next() in self.modifiers:
            self._fail(f"{self._next()!r} comes too late", "write it before '^'")
        return times

    # ---- modifiers

    def _modified(self, element: Element) -> Element:
        given: set[str] = set()
        while (mark := self._next()) in self.modifiers:
            if element.kind == "machine":
                self._fail(f"{mark!r} cannot stand behind a machine", "write it behind what stands on the machine")
            if mark == "~" and element.kind != "thread":
                self._fail(f"a {element.kind} does not sleep", "write '~' behind each of its threads that does")
            if mark in given:
                self._fail(f"{mark!r} is given twice", "keep one of the two")
            given.add(mark)
            self.position += 1
            element = replace(element, **self.modifiers[mark]())
        return element

    def _weight(self) -> Fields:
        return {"weight": self._positive("the weight", "*2")}

    def _cap(self) -> Fields:
        cap = self._positive("the cap in processors", "<0.5")
        return {"cap": cap, "period_s": self._time("the period", "<0.5/20ms")} if self._take("/") else {"cap": cap}

    def _reservation(self) -> Fields:
        return {"reservation": self._positive("the reservation in processors", ">0.25")}

    def _cpus(self) -> Fields:
        cpus: set[int] = set()
        while True:
            first = last = self._processor()
            if self._take("-"):
                last = self._processor()
            cpus.update(range(min(first, last), max(first, last) + 1))
            if not self._take(","):
                return {"cpus": frozenset(cpus)}

    def _processor(self) -> int:
        self._next()
        at, number = self.position, self._match(_COUNT)
        if not number:
            self._fail("the number of a processor is missing", "write e.g. '@0' or '@0-1' or '@0,2'")
        self.pins[-1].append((int(number), at))
        return int(number)

    def _bursts(self) -> Fields:
        computes_s = self._time("the time it computes", "~1ms/9ms")
        if not self._take("/"):
            self._fail("how long it sleeps is missing", "write e.g. '~1ms/9ms': computes 1 ms, sleeps 9 ms")
        return {"computes_s": computes_s, "sleeps_s": self._time("the time it sleeps", "~1ms/9ms")}

    # ---- numbers

    def _whole(self, what: str, example: str) -> int:
        return int(self._checked(self._match(_COUNT), what, example))

    def _positive(self, what: str, example: str) -> float:
        return float(self._checked(self._match(_NUMBER), what, example))

    def _checked(self, written: str, what: str, example: str) -> str:
        if not written:
            self._fail(f"{what} is missing", f"write e.g. '{example}'")
        if not float(written):
            self._fail(f"{what} is 0", f"write at least a little more, e.g. '{example}'", self.position - len(written))
        return written

    def _time(self, what: str, example: str) -> float:
        self._next()
        at, written = self.position, self._match(_TIME)
        if not written:
            self._fail(f"{what} is missing", f"write a number with its unit, e.g. '{example}'")
        seconds = parse_quantity(written, "time")
        if not seconds:
            self._fail(f"{what} is 0", f"write e.g. '{example}'", at)
        return seconds

    # ---- checks

    def _check_closing(self, mark: str, around: Kind | None) -> None:
        if around is None:
            self._fail(f"{mark!r} closes nothing", "remove it")
        if mark != BRACKETS[around][1]:
            self._fail(f"{mark!r} does not close a {around}", f"write {BRACKETS[around][1]!r} first")

    def _check_pins(self, processors: int, kind: Kind) -> None:
        for cpu, at in self.pins.pop():
            if cpu >= processors:
                last = f"0 to {processors - 1}" if processors > 1 else "only 0"
                self._fail(f"there is no processor {cpu}", f"the {kind} has {last}", at)

    def _unexpected(self, mark: str) -> NoReturn:
        if not mark or mark in _CLOSINGS:
            self._fail("what has this name is missing", _ELEMENTS)
        if mark == "^":
            self._fail("'^' cannot stand here", "write it once, behind an element and its modifiers")
        if mark in self.modifiers:
            self._fail(f"{mark!r} stands behind nothing", _MODIFIERS)
        if mark.isalnum():
            self._fail(f"{mark!r} is no element", _ELEMENTS)
        self._fail(f"{mark!r} is no modifier", _MODIFIERS)
