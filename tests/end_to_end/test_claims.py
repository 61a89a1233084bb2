"""``virtlab claims`` as a lecturer uses it: a claim of the lecture, one of one's own, and what cannot be decided."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

OWN = """
    version: 1
    title: Does a hosted hypervisor double the cost of a disk's reads?
    machine: dell-2650
    stacks:
      native: linux-2.4 |
      xen: xen-2 | linux-2.4
      hosted: linux-2.4 | vmware-workstation-3.2 / linux-2.4
    tenants:
      app:
        workload: {name: request-response, parameters: {transactions_count: [50, 100]}}
        memory: 256 MiB
        vcpus: 1
    replications: 2
    claim:
      topic: further
      statement: A round trip costs more in a virtual machine.
      because: It exits for each packet.
      holds:
        - {says: it does, read: {metric: cost}, of: [xen, hosted], more_than: native}
        - {says: the hypervisor works for it, read: {device_time: world_switch}, of: hosted, more_than: native}
      fails:
        - {says: all cost alike, read: {metric: cost}, of: hosted, equals: xen, at: {transactions_count: 50}, by: 5 %}
    """
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of results for all tests here: what one has run, the others find again."""
    return str(tmp_path_factory.mktemp("claims") / "results")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "my-claim.yaml"
    path.write_text(dedent(OWN).lstrip())
    return path


def answered(virtlab: Command, out: str, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    status, printed, err = virtlab("claims", *arguments, "--jobs", "1", "--out", out, "--json")
    assert status == code, err
    found: list[dict[str, Any]] = json.loads(printed)
    return found


def test_claims_of_the_lecture_come_in_its_order_and_runs_are_found_again(virtlab: Command, out: str) -> None:
    names = ("containers-less-control", "testing-and-debugging", "native-is-the-lowest-layer")
    first = answered(virtlab, out, *names)
    assert [each["name"] for each in first] == [*reversed(names)]
    assert [each["verdict"] for each in first] == ["holds with limits"] * 3
    layers, _, control = first
    assert layers["folder"] == "" and Path(control["folder"], "runs.csv").exists()
    assert {each["comes_out"] for each in control["fails"]} == {False}
    before = {path: path.stat().st_mtime_ns for path in Path(out).rglob("*.csv")}
    assert answered(virtlab, out, *names) == first
    assert before and {path: path.stat().st_mtime_ns for path in Path(out).rglob("*.csv")} == before


def test_a_claim_of_ones_own_is_one_file(virtlab: Command, out: str, own: Path) -> None:
    status, printed, err = virtlab("check", str(own))
    assert status == 0 and "a claim with 2 + 1 comparisons" in printed, err
    (found,) = answered(virtlab, out, str(own))
    assert found["verdict"] == "holds with limits" and found["topic"] == "further"
    costs = [each for each in found["holds"] if each["read"] == "cost of the same work"]
    # Two stacks at two places: an axis that is not named is looked at everywhere.
    assert [(each["of"], *each["at"].values()) for each in costs] == [
        ("xen", 50), ("xen", 100), ("hosted", 50), ("hosted", 100)
    ]  # fmt: skip
    assert all(each["n"] == 2 and each["ratio"] > 1.0 and each["ratio_low"] > 1.0 for each in costs)
    exits = found["holds"][-1]
    assert exits["value"] > 0.0 and exits["than"] == "native" and exits["other_low"] == 0.0
    assert [each["comes_out"] for each in found["fails"]] == [False]


def test_what_is_printed_and_written(virtlab: Command, out: str, own: Path, tmp_path: Path) -> None:
    arguments = ("claims", str(own), "native-is-the-lowest-layer", "--jobs", "1", "--out", out)
    status, printed, _ = virtlab(*arguments, "--page", str(tmp_path / "docs" / "page.md"))
    assert status == 0
    for text in ("NATIVE HYPERVISORS", "FURTHER CLAIMS", "=> holds with limits", "where it may fail:", "n = 2"):
        assert text in printed
    assert "2 claims: 2 hold with limits" in printed
    page = (tmp_path / "docs" / "page.md").read_text()
    assert page.index("## Native hypervisors") < page.index("## Further claims") < page.index("### my-claim")
    assert "*no*: all cost alike" in page and "It exits for each packet." in page
    status, printed, _ = virtlab("claims", "--list")
    assert status == 0 and "native-is-the-lowest-layer" in printed and "containers-lighter" in printed


def test_what_is_not_decided_is_said_and_is_no_success(virtlab: Command, out: str, own: Path) -> None:
    """A metric that no run has a number for; and the claim is not called refuted."""
    text = own.read_text().replace("{device_time: world_switch}", "{metric: energy_j}")
    own.write_text(text)
    (found,) = answered(virtlab, out, str(own), code=3)
    assert found["verdict"] == "not decided"
    assert "no replication has a number on both sides" in found["holds"][-1]["open_because"]


def test_mistakes_are_told_with_their_place_before_anything_runs(virtlab: Command, own: Path, tmp_path: Path) -> None:
    own.write_text(own.read_text().replace("of: hosted, equals: xen", "of: hostd, equals: xen"))
    for command in ("check", "claims"):
        status, _, err = virtlab(command, str(own))
        assert status == 2
        assert "my-claim.yaml:22:" in err and "no stack is called 'hostd' (did you mean 'hosted'?)" in err
    own.write_text(own.read_text().partition("claim:")[0])
    status, _, err = virtlab("claims", str(own))
    assert status == 2 and "has no section 'claim'" in err
    (tmp_path / "file").touch()
    status, _, err = virtlab("claims", "native-is-the-lowest-layer", "--page", str(tmp_path / "file" / "page.md"))
    assert status == 2 and "page.md cannot be written" in err
    status, _, err = virtlab("claims", "containers-ligter")
    assert status == 2 and "did you mean 'containers-lighter'" in err
    assert not (tmp_path / "results").exists()
