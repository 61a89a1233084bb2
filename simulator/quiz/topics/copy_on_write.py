"""The first write to what lies in an image: a whole file is copied, a block, or a cluster of a virtual disk."""

from __future__ import annotations

from random import Random

from simulator import demands as d
from simulator.layers._container_storage import Storage
from simulator.layers.base import Place
from simulator.operations.overlay import Overlay
from simulator.parameters import Parameters
from simulator.quiz.bench import figures
from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.steps import Below, Choice, Step
from simulator.threads import Thread

TITLE = "copy on write: the whole file, or the block"
LEVELS = {1: "writes within a block", 2: "writes that reach into the next block"}
_PRODUCT, _MACHINE = "docker-27", "server-2025"
_KIB = 1024
Write = tuple[int, int]
"""Place and size, in KiB."""


def case(random: Random, level: int) -> Case:
    """A database file of the image, and a few writes of some pages."""
    size_mib = random.choice((16, 32, 64, 100, 200, 256))
    block = random.choice((32, 64, 128))
    writes = _writes(random, block, size_mib * _KIB // block, level)
    touched = sorted(set().union(*(_reached(block, each) for each in writes)))
    union, clusters, copied = copied_kib(size_mib, block, writes)
    whole, count, of_disk, ratio = Working(), Working(), Working(), Working()
    whole.step("the file as a whole, at its first write", f"{size_mib} * 1024", "KiB")
    count.pick("blocks that writes reach into, each once", " ".join(map(str, touched)))
    blocks = count.pick("their number", float(len(touched)))
    held = Working(count)
    all_kib = held.step("all of them", f"{blocks} * {block}", "KiB")
    brought = [number(each) for each in _brought(block, writes)]
    rest = of_disk.step("what first writes bring themselves", " + ".join(brought), "KiB")
    of_disk.step("the rest of the clusters", f"{all_kib} - {rest}", "KiB")
    ratio.step("one over the other", f"{whole.written} / {all_kib}")
    questions = (
        Question("union", "How much does a container's union file system copy?", "KiB", union, whole),
        Question("blocks", f"How many clusters of {block} KiB does a virtual disk's overlay have after it?", "",
                 clusters, count),
        Question("held", "How much room does it take for them?", "KiB", clusters * block, held),
        Question("filled", "How much of that is copied from what was there before?", "KiB", copied, of_disk),
        Question("ratio", "How many times the room of the overlay does the union take?", "", union / (clusters * block),
                 ratio),
    )  # fmt: skip
    trace = tuple(
        (str(place), number(at), number(size), str(at // block), str((at + size - 1) // block))
        for place, (at, size) in enumerate(writes, 1)
    )
    heads = ("write", "at [KiB]", "size [KiB]", "first block", "last block")
    return Case(
        (
            f"A file of {size_mib} MiB came with an image. A program writes into it {len(writes)} times. In a "
            "container on a union file system the file is copied as a whole to the top layer before the first write. "
            f"On a virtual disk with an overlay it is done by clusters of {block} KiB, counted from the beginning of "
            "the file: the first write to a cluster finds room for it, and what of it the write does not bring is "
            "copied.",
        ),
        questions,
        f"from simulator.quiz.topics.copy_on_write import copied_kib\nprint(copied_kib({size_mib}, {block}, {writes}))",
        trace=Table(heads, trace, frozenset(heads[3:])),
    )  # fmt: skip


def _writes(random: Random, block: int, blocks: int, level: int) -> list[Write]:
    """Places and sizes; some come to where one was before. None reaches from a cluster that is there into a new one."""
    found: list[Write] = []
    there: set[int] = set()
    while len(found) < 6:
        size = random.choice((4, 8, 16))
        before = found and random.random() < 0.3
        place = random.choice(found)[0] // block if before else random.randrange(min(blocks, 400) - 1)
        room = block - (4 if level > 1 else size)
        write = place * block + random.randint(0, room // 4) * 4, size
        reached = _reached(block, write)
        if reached <= there or not reached & there:
            found.append(write)
            there |= reached
    return found


def _reached(block: int, write: Write) -> set[int]:
    """The blocks that a write reaches into."""
    at, size = write
    return set(range(at // block, (at + size - 1) // block + 1))


def _brought(block: int, writes: list[Write]) -> list[int]:
    """KiB that a write puts into each block that it is the first to write to."""
    found, seen = [], set[int]()
    for at, size in writes:
        for each in sorted(_reached(block, (at, size)) - seen):
            found.append(min(at + size, (each + 1) * block) - max(at, each * block))
            seen.add(each)
    return found


def copied_kib(size_mib: int, block: int, writes: list[Write]) -> tuple[float, float, float]:
    """What virtlab's storages do: KiB that a union copies, clusters of an overlay, KiB that are copied for these.

    Args:
        size_mib: of the file.
        block: KiB of a cluster.
        writes: place and size of each, in KiB.
    """
    size = size_mib * _KIB * _KIB
    file = d.File("data", size, size, shipped=True)
    asked = [d.DirectTransfer(file, at * _KIB, size * _KIB, write=True) for at, size in writes]
    union = Storage(Parameters(figures(_PRODUCT, _MACHINE)), {"storage": "overlay"}, Place("box"))
    read = sum(_read_bytes(union.steps(each)) for each in asked)
    copied: list[float] = []

    def price(clusters: float, copied_bytes: float) -> tuple[()]:
        copied.append(copied_bytes)
        return ()

    overlay = Overlay(block * _KIB, price)
    nobody = object.__new__(Thread)
    for each in asked:
        overlay(nobody, each)
    return read / _KIB, overlay.clusters, sum(copied) / _KIB


def _read_bytes(steps: tuple[Step, ...]) -> float:
    """What is read of the file to be copied, where the choice falls on that."""
    found = 0.0
    for step in steps:
        if isinstance(step, Choice):
            found += _read_bytes(step.options[step.decide()])
        if isinstance(step, Below) and isinstance(step.demand, d.Read):
            found += step.demand.size_bytes
    return found
