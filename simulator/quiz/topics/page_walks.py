"""How many references to memory a miss of the translation buffer takes, natively and under nested paging."""

from __future__ import annotations

from random import Random

from simulator import demands as d
from simulator.layers.base import Place
from simulator.layers.hardware import Hardware
from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.steps import Use

TITLE = "page walks: references to memory, native and nested"
LEVELS = {1: "pages of 4 KiB", 2: "or larger pages of the hypervisor"}
_NS, _KIB, _MIB = 1e-9, 1024, 1024**2
_ENTRY_BYTES = 8
_PAGES = {4: ("4 KiB", 4 * _KIB), 3: ("2 MiB", 2 * _MIB)}
"""Levels of a table of four, and the pages of such a one."""


def case(random: Random, level: int) -> Case:
    """Levels of both tables, a working set larger than what the translation buffer covers."""
    guest, host = 4, random.choice((4, 3)) if level > 1 else 4
    entries, times = random.choice((512, 1024, 1536)), random.choice((2, 4, 5, 8, 10))
    cached = random.choice((2, 4, 5, 8, 10))
    set_kib = entries * 4 * times
    walked, nested = references(guest, 0), references(guest, host)
    walk_s, more_s = stalls_s(entries, set_kib, cached, host)
    misses = Working()
    misses.step("what the buffer covers", f"{entries} * 4", "KiB")
    misses.step("part of the accesses outside of it", f"1 - {entries * 4} / {set_kib}")
    missed = misses.written
    questions = (
        Question("native", "How many references to memory does one miss take natively?", "", float(len(walked)),
                 _native(guest)),
        Question("nested", "How many at most under nested paging?", "", float(len(nested)), _nested(guest, host)),
        Question("wait", "How long does a mean access wait for page walks natively?", "ns", walk_s / _NS,
                 _waits(misses, f"{missed} * 1 * {cached}")),
        Question("more", "How much longer does it wait under nested paging?", "ns", more_s / _NS,
                 _waits(misses, f"{missed} * 2 * {cached}")),
    )  # fmt: skip
    rows = (("entries of the translation buffer", number(entries)), ("page [KiB]", "4"),
            ("working set [KiB]", number(set_kib)), ("a reference that is waited for [ns]", number(cached)),
            ("levels of the guest's table", number(guest)),
            ("levels of the hypervisor's table", number(host)))  # fmt: skip
    trace = tuple((str(place), table, what) for place, (table, what) in enumerate(nested, 1))
    return Case(
        (
            "A program reads words at random places of its working set. What the translation buffer does not hold is "
            f"looked up in the guest's page table of {guest} levels. Under nested paging every address in that table, "
            f"and the data's own, is one of the guest's memory and is translated by the hypervisor's table of {host} "
            f"levels (pages of {_PAGES[host][0]}).",
            "The levels above the last lie in the walker's own caches: as virtlab prices it a native miss waits for "
            "one reference, and a nested one for two more: the last level of the second translation of the data, and "
            "that of the guest's table. All tables lie in the processor's cache.",
        ),
        questions,
        "from simulator.quiz.topics import page_walks\n"
        f"print(len(page_walks.references({guest}, {host})), "
        f"page_walks.stalls_s({entries}, {set_kib}, {cached}, {host}))",
        table=Table(("what", "value"), rows),
        trace=Table(("reference", "table", "entry of level"), trace, frozenset({"table", "entry of level"})),
    )  # fmt: skip


def references(guest: int, host: int) -> list[tuple[str, str]]:
    """Walk both tables, one entry after the other.

    Args:
        guest: levels of the guest's table.
        host: levels of the hypervisor's; 0: there is none.
    """
    found: list[tuple[str, str]] = []
    for level in range(guest, -1, -1):
        found += [("hypervisor", str(each)) for each in range(host, 0, -1)]
        if level:
            found.append(("guest", str(level)))
    return found


def stalls_s(entries: int, set_kib: int, cached_ns: float, host: int) -> tuple[float, float]:
    """What the hardware says a mean access waits for its own page walk, and for the second translation.

    Args:
        entries: of the translation buffer.
        set_kib: what is accessed at random.
        cached_ns: a reference to the cache, in which all of it lies.
        host: levels of the hypervisor's table.
    """
    set_bytes = float(set_kib * _KIB)
    figures = {
        "cache_bytes": set_bytes, "cache_line_bytes": 64.0, "tlb_entries_count": float(entries),
        "table_entry_bytes": float(_ENTRY_BYTES), "page_bytes": 4096.0, "cached_access_s": cached_ns * _NS,
        "memory_access_s": 100 * _NS, "memory_bytes_per_s": 1e10,
    }  # fmt: skip
    hardware = Hardware(figures, {}, Place("machine"))
    access = d.AccessMemory("random", set_bytes, page_bytes=4096.0)
    walk = d.NestedWalk("random", set_bytes, 4096.0, float(_PAGES[host][1]), False)
    steps = [*hardware.lower(access), *hardware.lower(walk)]
    stalls = {step.mechanism: step.stall_s for step in steps if isinstance(step, Use)}
    return stalls["page_walk"], stalls["nested_walk"]


def _native(guest: int) -> Working:
    working = Working()
    working.pick("one entry of each level", float(guest))
    return working


def _nested(guest: int, host: int) -> Working:
    working = Working()
    each = working.step("an entry of the guest's table: its address translated, and itself", f"{host} + 1")
    working.step("all levels, and the address of the data", f"{guest} * {each} + {host}")
    return working


def _waits(misses: Working, expression: str) -> Working:
    working = Working(misses)
    working.step("each miss waits", expression, "ns")
    return working
