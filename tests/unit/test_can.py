"""What may be done to a tenant: words, who gives them, and the sentences for those that are missing."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import simulator as vl
from simulator import discovery
from simulator.capability import can, frame
from simulator.catalog import Catalog
from simulator.cli.commands import virtlab
from simulator.control import VOCABULARY, WORDS, Grip, giver, held, refusal
from simulator.errors import UsageError

CATALOG = Catalog()
SYSTEM = Grip({"pause", "checkpoint"}, (), own=True, product="os-1")
CONTAINER = Grip({"pause", "package"}, (), own=True, product="box-1", holds="container")
MACHINE = Grip(
    {"pause", "snapshot", "migrate"}, {"migrate"}, own=True, product="vmm-1", holds="virtual machine",
    bars={"checkpoint"},
)  # fmt: skip


def test_the_outermost_layer_does_it_and_a_system_leaves_it_to_whose_process_it_is() -> None:
    assert giver("pause", [SYSTEM]) == 0
    assert giver("pause", [SYSTEM, CONTAINER]) == 1
    assert giver("pause", [SYSTEM, MACHINE, SYSTEM, CONTAINER]) == 1
    assert giver("package", [SYSTEM, MACHINE, SYSTEM, CONTAINER]) == 3
    assert giver("pause", [SYSTEM, Grip((), (), own=True, holds="Java program")]) == 0


def test_what_a_layer_bars_only_those_below_it_cannot_do() -> None:
    assert giver("checkpoint", [SYSTEM, MACHINE]) is None
    assert giver("checkpoint", [SYSTEM, MACHINE, SYSTEM]) == 2
    assert "os-1 cannot reach into vmm-1" in refusal("checkpoint", [SYSTEM, MACHINE])


def test_what_is_shared_is_not_held() -> None:
    shared = MACHINE._replace(own=False)
    assert held([SYSTEM._replace(own=False), shared]) == ()
    assert "vmm-1 can only do it to all that stands on it together" in refusal("snapshot", [shared, SYSTEM, CONTAINER])


def test_a_refusal_has_the_reason_and_what_to_do() -> None:
    text = refusal("snapshot", [SYSTEM, CONTAINER._replace(allows={"checkpoint", "package"})])
    assert text == (
        "a container of box-1 has no snapshot of its memory: part of its state lies in a kernel that it shares with "
        "others; checkpoint it (docker checkpoint, CRIU), or run it in a virtual machine"
    )
    assert refusal("migrate", [SYSTEM, MACHINE]) == (
        "a virtual machine of vmm-1 cannot be moved while it runs: vmm-1 does not offer it; take another product of "
        "its kind"
    )
    assert refusal("pause", [SYSTEM]) == refusal("", []) == ""


@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_given_by_somebody_and_refused_with_a_sentence_where_nobody_can(word: str) -> None:
    families = [discovery.member("layers", name).LAYER for name in discovery.members("layers")]
    adding = {name for name in CATALOG.names("layers") if word in CATALOG.layer(name, "server-2025").adds}
    assert adding or any(word in family.CONTROL for family in families)
    text = refusal(word, [])
    assert text.startswith(f"a program {VOCABULARY[word].denied}: ") and "; " in text


def test_words_that_serve_instead_are_words() -> None:
    assert {other for word in VOCABULARY.values() for other, _ in word.instead} <= set(WORDS)


@pytest.mark.parametrize("name", CATALOG.names("layers"))
def test_a_product_lacks_what_its_family_has_and_adds_what_it_has_not(name: str) -> None:
    product = CATALOG.layer(name, "server-2025")
    family = discovery.member("layers", product.family).LAYER
    assert set(product.lacks) <= family.CONTROL
    assert not set(product.adds) & family.CONTROL


def test_pause_stops_a_kernel_or_leaves_it_running() -> None:
    container, machine = can("linux-6 | docker-27")["pause"], can("linux-6 | kvm-6 / linux-6 / docker-27")["pause"]
    assert (container.by, container.to, container.with_it) == ("docker-27", "container", ())
    assert (machine.by, machine.to, machine.with_it) == ("kvm-6", "virtual machine", ("linux-6", "docker-27"))
    assert "page cache stays and may be reclaimed" in container.goes_on and "timers run out" in container.goes_on
    assert "no timer of it runs out" in machine.goes_on
    assert "no timer of it runs out" in can("linux-6 | gvisor-2024")["pause"].goes_on


def test_a_shared_java_virtual_machine_is_treated_as_a_whole() -> None:
    assert can("linux-6 / hotspot-21 |").words == ()
    own = can("linux-6 | hotspot-21")
    assert own["pause"].by == "linux-6" and own["inspect"].by == "hotspot-21" and own["checkpoint"].by == "linux-6"


def test_virtual_machines_can_what_their_product_can() -> None:
    assert can("linux-6 | kvm-6 / linux-6")["migrate"].can
    assert "save it and restore it there" in can("linux-6 | firecracker-1 / linux-6")["migrate"].why_not
    assert not can("linux-4 | firecracker-0.20 / linux-4")["snapshot"].can
    assert can("linux-6 | qemu-7.2 / linux-6")["replay"].can
    assert can("linux-6 | solo5-hvt-0.6 / unikraft-0.5")["pause"].by == "linux-6"


def test_what_a_scenario_can_do_is_told() -> None:
    machine, other = can("linux-6 | kvm-6 / linux-6"), can("linux-6 | vmware-player-17 / linux-6")
    assert machine["pause"].operations == ("pause", "resume", "step")
    assert "snapshot" in machine["snapshot"].operations and not machine["snapshot"].without_numbers
    assert "save" in other["save"].operations + other["save"].without_numbers
    assert can("linux-6 | uml-2.4 / linux-2.4")["debug-system"].operations == ()


def test_a_frame_and_the_command_say_the_same() -> None:
    stacks = ["linux-6 | docker", "linux-6 | kvm / linux-6"]
    table = frame(vl.can(*stacks))
    assert len(table) == 2 * len(WORDS)
    printed = CliRunner().invoke(virtlab, ["can", *stacks])
    assert printed.exit_code == 0, printed.output
    assert "docker-27: container" in printed.output and "no snapshot: a container" in printed.output
    data = json.loads(CliRunner().invoke(virtlab, ["can", *stacks, "--word", "migrate", "--json"]).output)
    assert [[cell["word"], cell["can"]] for each in data for cell in each["words"]] == [
        ["migrate", False], ["migrate", True],
    ]  # fmt: skip


def test_mistakes_are_told() -> None:
    with pytest.raises(UsageError, match="no way of control"):
        CliRunner().invoke(virtlab, ["can", "linux-6 |", "--word", "snapshoot"], catch_exceptions=False)
    with pytest.raises(UsageError):
        can("linux-6 | linus-6")


@pytest.mark.parametrize("stack", ["linux-6 / hotspot-21 |", "linux-6 | docker-27", "linux-6 | hotspot-21", "linux-6 |",
                                   "xen-4 | linux-6 / docker-27", "linux-6 / kvm-6 / linux-6 | docker-27"])  # fmt: skip
def test_the_table_and_the_check_of_operations_agree(stack: str) -> None:
    from simulator.operations.subjects import holds, subject
    from simulator.scenario import load

    found = can(stack)
    app = {"workload": "compute-kernel", "memory": "1 GiB", "vcpus": 1}
    data = {"machine": "server-2025", "stacks": {"it": found.stack}, "tenants": {"a": app, "b": app}}
    (point,) = load(data).points()
    for word in WORDS:
        hold = subject(holds(point, "a"), word)
        assert ("" if hold is None else hold.product) == found[word].by, word
