"""What a container's storage adds: names, first writes, first reads; by hand."""

from __future__ import annotations

import pytest

from simulator import demands as d
from simulator.layers._container_storage import Storage
from simulator.layers.base import Place
from simulator.parameters import Parameters
from simulator.steps import Below, Choice, Signal, Step, Use, Wait

FIGURES = Parameters({
    "overlay_lookup_cycles": 400, "overlay_change_cycles": 20_000, "overlay_exec_cycles": 60_000,
    "overlay_copy_cycles": 100_000, "overlay_touches_count": 2, "aufs_lookup_cycles": 900,
    "aufs_change_cycles": 30_000, "aufs_exec_cycles": 90_000, "aufs_copy_cycles": 180_000, "aufs_touches_count": 4,
    "aufs_call_touches_count": 4, "aufs_write_touches_count": 50, "exec_components_count": 30,
    "mapper_copy_cycles": 300_000, "mapper_block_bytes": 65_536, "mapper_request_cycles": 150_000,
    "mapper_unit_bytes": 131_072,
})  # fmt: skip
SMALL = d.File("small", 512 * 100, 512 * 100, shipped=True, pieces=100, directories=20)


def storage(kind: str) -> Storage:
    return Storage(FIGURES, {"storage": kind}, Place("docker"))


def work(steps: tuple[Step, ...]) -> Use:
    (use,) = (step for step in steps if isinstance(step, Use))
    return use


def copied(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """What is done first, with all others waiting, and only once."""
    wait, choice, signal = steps[:3]
    assert isinstance(wait, Wait) and isinstance(choice, Choice) and isinstance(signal, Signal)
    assert wait.by == "lock" and wait.name == signal.name
    assert [choice.decide(), choice.decide()] == [1, 0] and choice.options[0] == ()
    return choice.options[1]


def test_each_name_of_a_path_changes_a_counter_of_the_union() -> None:
    """Ten names: overlay 20 changes; aufs 40, and 4 for the call itself. The host's own files: nothing."""
    call = d.SystemCall("stat", 10)
    for kind, cycles, touches in (("overlay", 400, 20), ("aufs", 900, 44)):
        use = work(storage(kind).steps(call))
        assert (use.cycles, use.traffic.touches, use.traffic.line) == (cycles, touches, "docker")
    assert storage("host").steps(call) == () and storage("device-mapper").steps(call) == ()


def test_a_program_started_looks_up_its_libraries() -> None:
    assert work(storage("overlay").steps(d.StartProcess("exec"))).traffic.touches == 60
    assert storage("overlay").steps(d.StartProcess("fork")) == ()


def test_aufs_takes_its_lock_for_reads_and_writes_too() -> None:
    file = d.File("f", 4096, 4096)
    assert work(storage("aufs").steps(d.Read(file, 0, 4096, calls=3))).traffic.touches == 12
    assert work(storage("aufs").steps(d.Write(5, calls=2))).traffic.touches == 108
    assert storage("overlay").steps(d.Write(5, calls=2)) == ()


def test_small_files_are_copied_up_with_their_directories() -> None:
    """A hundred files and twenty directories of 100,000 cycles; 51,200 bytes read and written."""
    made, read, written = copied(storage("overlay").steps(d.Write(500, calls=100, file=SMALL)))
    assert isinstance(made, Use) and made.cycles == 120 * 100_000
    assert read == Below(d.Read(SMALL, 0, 51_200), own=True)
    assert written == Below(d.Write(51_200, new_pages=12.5), own=True)


def test_a_block_device_copies_the_blocks_that_the_files_end_in() -> None:
    """A hundred files of a page each lie in 6.25 blocks of 64 KiB; each file's page is read first, by a request."""
    read, made, written = copied(storage("device-mapper").steps(d.Write(500, calls=100, file=SMALL)))
    assert isinstance(read, Use) and read.cycles == 100 * 150_000
    assert isinstance(made, Use) and made.cycles == 6.25 * 300_000
    assert written == Below(d.Write(409_600, new_pages=100), own=True)


def test_what_a_block_device_holds_is_read_by_requests_once() -> None:
    """A megabyte by 128 KiB: eight requests, and 256 new pages in memory."""
    file = d.File("big", 2**20, 2**20, shipped=True)
    read, written = copied(storage("device-mapper").steps(d.Read(file, 0, 2**20)))
    assert isinstance(read, Use) and read.cycles == pytest.approx(8 * 150_000)
    assert written == Below(d.Write(2**20, new_pages=256, kept=False), own=True)
    assert storage("overlay").steps(d.Read(file, 0, 2**20)) == ()
