"""How many instances fit on a machine, and what the limit is."""

from __future__ import annotations

from math import floor
from random import Random

from simulator.filling.footprint import Footprint
from simulator.filling.limits import MEMORY, PROCESSES, Limit, of_memory
from simulator.quiz.bench import figures
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "density: how many instances fit, and what the limit is"
LEVELS = {1: "containers and virtual machines", 2: "and memory is promised more than once"}
_MACHINE, _KERNEL, _MONITOR = "server-2025", "linux-6", "firecracker-1"
_MIB = 2**20


def case(random: Random, level: int) -> Case:
    """A service of some MiB on a machine of some GiB."""
    capacity, fixed = random.choice((8, 16, 32, 64)), random.choice((256, 384, 512, 768))
    program, box = random.choice((8, 12, 16, 24, 32)), random.choice((2, 3, 4))
    guest = random.choice((64, 96, 128)) + program
    monitor = round(figures(_MONITOR, _MACHINE)["monitor_bytes"] / _MIB, 2)
    table = random.choice((1000, 2000, 4000))
    tasks = random.choice((2, 3, 4, 5))
    promise = random.choice((1.25, 1.5, 2.0)) if level > 1 else 1.0
    room = Working()
    free = room.step("for instances", f"{number(promise)} * ({capacity} * 1024 - {fixed})", "MiB")
    boxes = _fits(capacity, fixed, {"program": program, "container": box}, promise)
    guests = _fits(capacity, fixed, {"guest": guest, "monitor": monitor}, promise)
    processes = Limit(PROCESSES, floor(table / tasks), "")
    least = min(boxes, processes, key=lambda limit: limit.count)
    by_memory = _divided(room, free, f"{program} + {box}")
    by_table = Working()
    by_table.step("over the table", f"{table} / {tasks}")
    by_table.pick("whole ones", float(int(float(by_table.value))))
    smaller, which, machines = Working(), Working(), _divided(room, free, f"{guest} + {monitor}")
    for each in (smaller, which):
        each.pick("by memory", by_memory.value)
        each.pick("by the table of processes", by_table.value)
    smaller.pick("the smaller one", min(float(by_memory.value), float(by_table.value)))
    which.pick("the smaller one is that of", MEMORY if float(by_memory.value) <= float(by_table.value) else PROCESSES)
    more = Working()
    written = [each.written for each in (smaller, machines)]
    more.step("containers over virtual machines", f"{written[0]} / {written[1]}")
    questions = (
        Question("memory", "How many containers fit into the memory?", "", boxes.count, by_memory),
        Question("fit", "How many containers fit in all?", "", least.count, smaller),
        Question("limit", "What is the limit?", "", least.by, which, (MEMORY, PROCESSES)),
        Question("machines", "How many virtual machines fit?", "", guests.count, machines),
        Question("ratio", "How many times as many containers are that?", "", least.count / guests.count, more),
    )
    rows = (
        ("memory of the machine [GiB]", number(capacity)), ("its own system [MiB]", number(fixed)),
        ("the program [MiB]", number(program)), ("what a container takes beside [MiB]", number(box)),
        ("a guest with the program [MiB]", number(guest)), ("its monitor [MiB]", number(monitor)),
        ("entries of the host's table of processes", number(table)),
        ("entries that a container takes", number(tasks)), ("entries that a virtual machine takes", "1"),
    )  # fmt: skip
    promised = f" Memory is promised {number(promise)} times." if level > 1 else ""
    return Case(
        (
            "A machine is filled with equal instances of a service, as containers on its own kernel, or as small "
            f"virtual machines whose memory is theirs alone.{promised} The monitor's figure is that of {_MONITOR} in "
            "virtlab's catalog. A virtual machine's processes are in its own kernel's table.",
        ),
        questions,
        "from simulator.filling.footprint import Footprint\n"
        f"room = {number(promise)} * ({capacity} * 1024 - {fixed})\n"
        f"print(Footprint(room, 0, {{'program': {program}, 'container': {box}}}).count, {table} // {tasks})\n"
        f"print(Footprint(room, 0, {{'guest': {guest}, 'monitor': {monitor}}}).count)",
        table=Table(("what", "value"), rows),
    )  # fmt: skip


def _fits(capacity_gib: int, fixed_mib: float, parts_mib: dict[str, float], promise: float) -> Limit:
    """What virtlab's own account of memory says."""
    room = promise * (capacity_gib * 1024.0 - fixed_mib) * _MIB
    return of_memory(Footprint(room, 0.0, {name: size * _MIB for name, size in parts_mib.items()}))


def _divided(room: Working, free: str, parts: str) -> Working:
    working = Working(room)
    each = working.step("each takes", parts, "MiB")
    working.step("over that", f"{free} / {each}")
    working.pick("whole ones", float(int(float(working.value) * (1.0 + 1e-9))))
    return working
