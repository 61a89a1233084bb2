"""What pages of guests are like: figures of a guest's kernel product, by what its memory is used for.

Pages with the same content are those of kernels of one product, of page caches under one product, of data of one
workload, and zero pages. What nobody says of a kernel is like nothing else.
"""

from __future__ import annotations

from simulator.layers._guest_memory import CACHE, FREE, KERNEL, GuestMemory
from simulator.layers._page_sharing import Kind
from simulator.parameters import Parameter

SIMILARITY = (
    Parameter("kernel_alike_ratio", "ratio", "part of the kernel's memory that is the same in each guest with it", "",
              "", optional=True),
    Parameter("files_alike_ratio", "ratio", "part of the page cache that is the same in each guest with this kernel",
              "", "", optional=True),
    Parameter("data_alike_ratio", "ratio", "part of a program's memory that is the same where it runs in other guests",
              "", "", optional=True),
    Parameter("data_zero_ratio", "ratio", "part of a program's memory that is zero", "", "", optional=True),
    Parameter("free_zero_ratio", "ratio", "part of the memory given up that is zero", "", "", optional=True),
    Parameter("twice_ratio", "ratio", "part of the other memory that is there twice in a guest", "", "",
              optional=True),
    Parameter("rewritten_s", "s", "mean time between two writes to a page that is like another", "", "",
              optional=True),
)  # fmt: skip


def kinds(memory: GuestMemory, present: float = 1.0) -> list[Kind]:
    """Pages of a guest by what they are like; ``present`` is the part of them that is in memory."""
    alike, image, found = memory.alike, memory.image, dict[str, Kind]()

    def add(key: str, size_bytes: float, copies: float = 1.0) -> float:
        pages = size_bytes / memory.page_bytes * present
        if pages:
            had = found.get(key)
            found[key] = Kind(key, pages + (had.pages if had else 0.0), copies, alike.get("rewritten_s", float("inf")))
        return size_bytes

    rest_bytes = 0.0
    for name, region in memory.regions.items():
        size_bytes = region.size_bytes
        if name == KERNEL:
            rest_bytes += size_bytes - add(f"kernel of {image}", alike.get("kernel_alike_ratio", 0.0) * size_bytes)
        elif name == CACHE:
            rest_bytes += size_bytes - add(f"files of {image}", alike.get("files_alike_ratio", 0.0) * size_bytes)
        elif name == FREE:
            rest_bytes += size_bytes - add("zero", alike.get("free_zero_ratio", 0.0) * size_bytes, float("inf"))
        else:
            program = memory.programs.get(name, name)
            same_bytes = add(f"data of {program}", alike.get("data_alike_ratio", 0.0) * size_bytes)
            same_bytes += add("zero", alike.get("data_zero_ratio", 0.0) * size_bytes, float("inf"))
            rest_bytes += size_bytes - same_bytes
    rest_bytes -= add(f"twice in {memory.name}", alike.get("twice_ratio", 0.0) * rest_bytes, 2.0)
    add(f"only in {memory.name}", rest_bytes)
    return list(found.values())
