"""The blast radius of a stack, and what lies between two tenants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.blast import blast
from simulator.cli.commands import virtlab
from simulator.errors import UsageError


@pytest.mark.parametrize(
    ("stack", "mean_lost", "boundaries"),
    [
        ("linux-6 |", 4.0, 1),
        ("linux-6 | docker-27", (4 + 4 + 4 * 1) / 6, 1),  # kernel, daemon, four first processes
        ("linux-6 | hotspot-17", (4 + 4 * 1) / 5, 2),
        ("linux-6 / hotspot-17 |", 4.0, 1),  # kernel and process: all in either
        ("xen-4 | linux-6", (4 + 0 + 4 * 1) / 6, 2),  # a driver domain takes no guest down
        ("linux-6 | kvm-6 / linux-6", (4 + 8 * 1) / 9, 2),
    ],
)
def test_the_blast_radius_by_hand(stack: str, mean_lost: float, boundaries: int) -> None:
    found = blast(stack)
    assert found.mean_lost == pytest.approx(mean_lost)
    assert (found.worst_lost, found.boundaries) == (4, boundaries)


def test_without_times_the_structure_is_the_same_and_nothing_is_set_up_anew() -> None:
    plain, timed = (blast("linux-6 | docker-27", tenants=2, times=times) for times in (False, True))
    assert {row.restart_s for row in plain.rows} == {None}
    assert None not in {row.restart_s for row in timed.rows}
    assert [(row.component, row.hits, row.reaches) for row in plain.rows] == [
        (row.component, row.hits, row.reaches) for row in timed.rows
    ]


def test_the_way_out_of_a_microvm_is_narrowed_by_the_filter_of_its_monitor() -> None:
    """Through the monitor's process three interfaces, the last with 50 calls; QEMU's process may make them all."""
    for product, calls in (("firecracker-1", 50.0), ("kvm-6", 342.0)):
        (longest,) = [each for each in blast(f"linux-6 | {product} / linux-6", tenants=2).routes if len(each) == 3]
        assert [reach.interface for reach in longest] == ["system calls", "virtual devices", "system calls"]
        assert longest[-1].width.value == calls


def test_weights_are_sourced_or_plainly_unknown_and_can_be_set() -> None:
    (route,) = blast("linux-6 | docker-27", tenants=2).routes
    assert (route[0].width.value, route[0].width.source) == (294.0, "mobyprofiles")
    (bytecode,) = blast("linux-6 / hotspot-17 |", tenants=2).routes
    assert (bytecode[0].width.value, bytecode[0].width.kind) == (None, "unknown")
    (other,) = blast("linux-6 | docker-27", tenants=2, numbers={("docker-27", "calls_count"): 100.0}).routes
    assert other[0].width.value == 100.0


def test_a_guest_s_start_is_in_that_of_all_it_stands_on() -> None:
    rows = {(row.part, row.owner): row for row in blast("xen-4 | linux-6", tenants=2).rows}
    guest, host = rows["kernel", "a"].restart_s, rows["hypervisor", ""].restart_s
    driver = rows["domain-0", ""].restart_s
    assert guest is not None and host is not None and driver is not None
    assert host == pytest.approx(guest + driver, rel=0.05)
    assert rows["domain-0", ""].in_place_s == 0.26


def test_the_command_prints_compares_and_draws(tmp_path: Path) -> None:
    figure = tmp_path / "blast.svg"
    arguments = ["blast", "linux-6 | docker", "linux-6 |", "--tenants", "2", "--figure", str(figure)]
    result = CliRunner().invoke(virtlab, arguments)
    assert result.exit_code == 0, result.output
    assert "docker-27 daemon" in result.output and "2 of 2 lost" in result.output
    assert "between a and b: at least 1 to break" in result.output
    assert figure.read_text().startswith("<?xml")
    (data,) = json.loads(CliRunner().invoke(virtlab, [*arguments[:2], "--json"]).output)
    assert data["worst_lost"] == 4 and data["rows"][0]["hits"]


def test_mistakes_are_told() -> None:
    with pytest.raises(UsageError, match="take 2 to 26"):
        blast("linux-6 |", tenants=1)
    with pytest.raises(UsageError):
        blast("linux-66 |")
    result = CliRunner().invoke(virtlab, ["blast", "linux-6 |", "--set", "linux-6.width=3"])
    assert isinstance(result.exception, UsageError)
