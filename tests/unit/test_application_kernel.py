"""gVisor alone: what the Sentry answers itself, and what is left for the host."""

from __future__ import annotations

import pytest

from simulator import demands as d
from simulator.layers.application_kernel import ApplicationKernel
from simulator.layers.base import Place, Transition
from simulator.steps import Below, Signal, Step, Use

KIB = 1024
FIGURES = {
    "systrap_cycles": 6_000, "kvm_cycles": 1_000, "ptrace_cycles": 80_000, "sentry_call_cycles": 500,
    "gofer_messages_count": 1, "gofer_cycles": 12_000, "sentry_fault_cycles": 5_000,
    "map_unit_bytes": 64 * KIB, "sentry_process_cycles": 60_000,
    "fork_calls_count": 3, "fork_pieces_count": 10, "exec_calls_count": 25, "exec_pieces_count": 40,
    "shell_calls_count": 120, "shell_pieces_count": 150, "message_cycles": 3_000,
    "copy_cycles_per_byte": 0.5, "sentry_packet_cycles": 8_000, "header_bytes": 52, "acknowledgement_ratio": 0.5,
    "socket_window_bytes": 2**20, "segment_bytes": 64 * KIB, "wake_cycles": 5_000, "sandbox_bytes": 40 * 2**20,
}  # fmt: skip
FILE = d.File("file", 64 * KIB, 16 * KIB)


def sentry(platform: str = "systrap", network: str = "sandbox") -> ApplicationKernel:
    return ApplicationKernel(FIGURES, {"platform": platform, "network": network}, Place("gvisor"))


def cycles(steps: list[Step]) -> float:
    return sum(step.cycles for step in steps if isinstance(step, Use))


def below(steps: list[Step]) -> list[d.Demand]:
    return [step.demand for step in steps if isinstance(step, Below)]


@pytest.mark.parametrize(("platform", "interception"), [("systrap", 6_000), ("kvm", 1_000), ("ptrace", 80_000)])
def test_a_null_call_never_reaches_the_host(platform: str, interception: int) -> None:
    steps = list(sentry(platform).lower(d.SystemCall("null")))
    assert below(steps) == []
    assert cycles(steps) == interception + 500


def test_a_file_is_opened_by_the_gofer_and_read_by_the_sentry() -> None:
    """open and close: two interceptions of 6 500, a message of 12 000; a read: one, and the host's read."""
    opened = list(sentry().lower(d.SystemCall("open_close")))
    assert (cycles(opened), below(opened)) == (25_000, [d.SystemCall("open_close")])
    read = d.Read(FILE, 0, 4 * KIB)
    assert (cycles(list(sentry().lower(read))), below(list(sentry().lower(read)))) == (6_500, [read])


def test_memory_is_mapped_in_pieces() -> None:
    """A page is a sixteenth of a piece: (6 000 + 5 000) / 16; the host's own fault remains."""
    steps = list(sentry().lower(d.Fault()))
    assert (cycles(steps), below(steps)) == (687.5, [d.Fault()])


def test_a_fork_is_made_in_the_sentry_and_in_the_host() -> None:
    """Three calls of 6 500, the Sentry's tables 60 000, ten pieces of memory at 11 000; then a process of the host."""
    steps = list(sentry().lower(d.StartProcess("fork")))
    assert (cycles(steps), below(steps)) == (189_500, [d.StartProcess("fork")])


def test_its_own_tcp_hands_whole_packets_to_the_host() -> None:
    """1 000 bytes: one packet of 1 052, one call of the host; half an acknowledgement the other way.

    One interception with its work 6 500, the copy 500, one and a half passes of the stack 12 000.
    """
    steps = list(sentry().lower(d.SendData(1_000, 1_448)))
    assert cycles(steps) == 6_500 + 500 + 12_000
    assert below(steps) == [
        d.SystemCall("null_io"),
        d.TransferPackets("send", 1_052, 2**20, data_bytes=1_000),
        d.TransferPackets("receive", 52, 2**20, data=False, count=0.5),
        d.SystemCall("null_io", count=0.5),
    ]


def test_with_the_hosts_network_the_host_sends() -> None:
    demand = d.SendData(1_000, 1_448)
    assert below(list(sentry(network="host").lower(demand))) == [demand]


def test_messages_stay_inside() -> None:
    steps = list(sentry().lower(d.Post("box", 100)))
    assert (cycles(steps), steps[-1]) == (6_500 + 3_000 + 50, Signal("message", "box"))
    assert list(sentry().react(Transition("switch"))) == [Use("sentry_wake", cycles=5_000)]


def test_no_hypervisor_runs_inside() -> None:
    with pytest.raises(LookupError, match=r"gvisor .* has no TransferPackets"):
        sentry().lower(d.TransferPackets("send", 1_500))
