"""The flash disk, request by request, with numbers that can be checked in the head."""

from __future__ import annotations

from random import Random

import pytest
import simpy

from simulator.devices.base import Request
from simulator.devices.flash_disk import FlashDisk

US, KB, MB, GB = 1e-6, 1e3, 1e6, 1e9


@pytest.fixture
def environment() -> simpy.Environment:
    return simpy.Environment()


def flash(environment: simpy.Environment, **changes: float) -> FlashDisk:
    """Four channels of 100 MB/s (10 kB in 100 us); 1 GB/s in either direction (10 us); pieces of 10 kB.

    A command takes 1 us, the flash 50 us to read; a write costs 2 us beside its bytes and 20 us to be safe.
    """
    parameters = {
        "capacity_bytes": 1 * GB, "channels_count": 4, "stripe_bytes": 10 * KB, "command_s": 1 * US,
        "read_s": 50 * US, "channel_bytes_per_s": 100 * MB, "write_s": 20 * US, "write_command_s": 2 * US,
        "write_bytes_per_s": 500 * MB, "interface_bytes_per_s": 1 * GB,
    }  # fmt: skip
    return FlashDisk(environment, parameters | changes)


def test_a_small_read_alone(environment: simpy.Environment) -> None:
    """1 us command + 50 us flash + 1 kB / (100 MB/s) = 10 us; through the interface meanwhile (1 us)."""
    request = flash(environment).transfer(1 * KB)
    assert request.start_s == 0.0
    assert request.service_s == pytest.approx(61 * US)
    environment.run(until=request.done)
    assert environment.now == pytest.approx(61 * US)
    assert request.served_s(environment.now) == pytest.approx(61 * US)


def test_a_small_write_alone(environment: simpy.Environment) -> None:
    """1 us command + 2 us map + 1 kB / (500 MB/s) = 2 us + 20 us until it is safe."""
    assert flash(environment).transfer(1 * KB, write=True).service_s == pytest.approx(25 * US)


def test_where_it_lies_does_not_matter(environment: simpy.Environment) -> None:
    device = flash(environment)
    assert device.service_s(1 * KB, 0, 0.0) == device.service_s(1 * KB, 0.7 * GB, 3.0) == pytest.approx(61 * US)


def test_a_large_read_is_divided_among_the_channels(environment: simpy.Environment) -> None:
    """40 kB are four pieces of 10 kB: each 1 + 50 + 100 us, and 4 x 10 us of the interface fit into that."""
    device = flash(environment)
    request = device.transfer(40 * KB)
    assert [piece.start_s for piece in request.pieces] == [0.0] * 4
    assert request.service_s == pytest.approx(4 * 151 * US)  # channel-seconds
    environment.run(until=request.done)
    assert environment.now == pytest.approx(151 * US)
    assert device.service_s(40 * KB, 0, 0.0) == pytest.approx(151 * US)


def test_the_interface_bounds_a_large_read(environment: simpy.Environment) -> None:
    """400 kB: pieces of 100 kB would take 200 us at 500 MB/s a channel, the interface takes 400 us."""
    device = flash(environment, channel_bytes_per_s=500 * MB)
    request = device.transfer(400 * KB)
    environment.run(until=request.done)
    assert environment.now == pytest.approx((1 + 50 + 400) * US)
    assert device.service_s(400 * KB, 0, 0.0) == pytest.approx(451 * US)
    # the pieces leave one after the other, 100 us each, and give their channels back as they leave
    ends = [(piece.start_s + piece.service_s) / US for piece in request.pieces]
    assert ends == pytest.approx([251, 251, 351, 451])


def test_what_is_asked_fifth_waits_for_the_channel_that_is_free_first(environment: simpy.Environment) -> None:
    """Commands end at 1, 2, 3 and 4 us; the first channel is free at 61 us; then 1 + 60 us."""
    device = flash(environment)
    first, *_, fifth = [device.transfer(1 * KB) for _ in range(5)]
    environment.run(until=first.done)
    assert fifth.start_s is None
    assert environment.now == pytest.approx(61 * US)
    assert fifth.served_s(environment.now) == 0.0
    environment.run(until=fifth.done)
    assert fifth.start_s == pytest.approx(61 * US)
    assert environment.now == pytest.approx(122 * US)


def test_commands_are_taken_up_one_after_the_other(environment: simpy.Environment) -> None:
    device = flash(environment, command_s=30 * US)
    requests = [device.transfer(1 * KB) for _ in range(3)]
    assert [request.service_s for request in requests] == pytest.approx([90 * US, 120 * US, 150 * US])


def test_writes_enter_one_after_the_other_and_reads_do_not_wait_for_them(environment: simpy.Environment) -> None:
    """500 kB take 1002 us of the way in, the next write 4 us more; a read goes out meanwhile, after three commands."""
    device = flash(environment)
    large, small = device.transfer(500 * KB, write=True), device.transfer(1 * KB, write=True)
    read = device.transfer(1 * KB)
    assert large.service_s == pytest.approx((1 + 1002 + 20) * US)
    assert small.service_s == pytest.approx((1 + 1002 + 4 + 20) * US)
    assert read.service_s == pytest.approx((3 + 50 + 10) * US)


def mixed(random: Random, environment: simpy.Environment, device: FlashDisk) -> list[tuple[float, Request]]:
    """Three hundred requests of all kinds at random times, with the time at which each was made."""
    made = []
    for _ in range(300):
        environment.run(until=environment.now + random.expovariate(1 / (20 * US)))
        size_bytes, write = random.choice([1 * KB, 25 * KB, 300 * KB]), random.random() < 0.3
        made.append((environment.now, device.transfer(size_bytes, write=write)))
    return made


def test_starts_never_run_backwards(environment: simpy.Environment) -> None:
    requests = [request for _, request in mixed(Random(5), environment, flash(environment))]
    environment.run()
    starts = [piece.start_s for request in requests for piece in (request.pieces or (request,))]
    assert starts == sorted(starts)


def test_its_ledger_is_in_channel_seconds(environment: simpy.Environment) -> None:
    """40 kB on four channels and 1 kB behind them: at 100 us 4 x 100 us are held; in the end 604 + 61 us."""
    device = flash(environment)
    large, small = device.transfer(40 * KB), device.transfer(1 * KB)
    environment.run(until=100 * US)
    (row,) = device.rows()
    assert (row.device, row.capacity) == ("disk", 4.0)
    assert row.busy_s == pytest.approx(400 * US) == pytest.approx(large.served_s(100 * US))
    assert row.idle_s == pytest.approx(0.0, abs=1e-12)
    environment.run(until=1.0)
    (row,) = device.rows()
    assert row.busy_s == pytest.approx(large.service_s + small.service_s) == pytest.approx((604 + 61) * US)
    assert row.busy_s + row.idle_s == pytest.approx(4.0)


def test_no_channel_is_idle_while_a_request_waits(environment: simpy.Environment) -> None:
    """Just before a request that had to wait begins, all four channels are held."""
    made = mixed(Random(6), environment, flash(environment))
    environment.run()
    pieces = [piece for _, request in made for piece in (request.pieces or (request,))]
    waited = [request.start_s for made_s, request in made if request.start_s > made_s]
    assert len(waited) > 100
    for start_s in waited:
        assert sum(piece.start_s < start_s <= piece.start_s + piece.service_s + 1e-12 for piece in pieces) >= 4


def test_what_requests_have_had_is_what_the_disk_has_given(environment: simpy.Environment) -> None:
    device = flash(environment)
    made = mixed(Random(7), environment, device)
    while environment.peek() < float("inf"):
        (row,) = device.rows()
        served_s = sum(request.served_s(environment.now) for _, request in made)
        assert row.busy_s == pytest.approx(served_s, abs=1e-12)
        assert -1e-12 <= row.idle_s <= row.capacity * row.time_s
        environment.step()
