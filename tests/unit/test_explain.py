"""Explanations: every step in order with payer, cause, price and source, and the same sums as the plans that run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import simulator
from simulator.catalog import Catalog
from simulator.demands import Demand
from simulator.errors import StackError, UnitError, UsageError
from simulator.explain.asked import PHRASES, understand
from simulator.explain.entry import Entry
from simulator.explain.explanation import MACHINE, Explanation, explain
from simulator.explain.setting import Setting
from simulator.explain.sourced import Origin, Sourced, origins
from simulator.plans import Enqueue, Own, Pick, Plan, Work, compile_demand
from simulator.threads import transition_work

CATALOG = Catalog()
NATIVE = "linux-2.4 |"
XEN = "xen-2 | linux-2.4"
VMWARE = "linux-2.4 | vmware-workstation-3.2 / linux-2.4"
STACKS = (NATIVE, "xen-1 | linux-2.4", XEN, VMWARE)
JAVA = ("linux-2.4 | hotspot-17", "xen-2 | linux-2.4 / hotspot-17(mode=interpreter, collector=serial)")
ASKED = {
    interface: [phrase.example or name for name, phrase in PHRASES.items() if phrase.interface == interface]
    for interface in ("system", "bytecode")
}
EXAMPLES = [
    *((stack, text) for stack in STACKS for text in ASKED["system"]),
    *((stack, text) for stack in JAVA for text in ASKED["bytecode"]),
]

Amounts = dict[tuple[str, str], float]


def everything(entries: tuple[Entry, ...]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        yield from everything(entry.children)


def explained(stack: str, demand: str, *without: str) -> Explanation:
    return explain(stack, demand, without=without, catalog=CATALOG)


def mechanisms(explanation: Explanation) -> set[tuple[str, str]]:
    """Name of the node and mechanism of every step that costs something."""
    steps = everything(explanation.entries)
    return {(explanation.names[step.node], step.mechanism) for step in steps if step.mechanism}


# ---- what must be seen


def test_a_read_in_a_hosted_machine_shows_world_switches_the_hosts_system_call_and_both_page_caches() -> None:
    explanation = explained(VMWARE, "read 4 KiB")
    assert {
        ("linux-2.4", "system_call"),
        ("vmware-workstation-3.2", "world_switch"),
        ("linux-2.4 (host)", "system_call"),
        ("linux-2.4 (host)", "block_stack"),
    } <= mechanisms(explanation)
    choices = [step for step in everything(explanation.entries) if step.kind == "choice"]
    assert [explanation.names[step.node] for step in choices] == ["linux-2.4", "linux-2.4 (host)"]
    for choice in choices:
        assert [option.title for option in choice.children] == ["in the page cache", "not in the page cache"]


def test_a_read_on_xen_shows_the_ring_the_event_channel_and_who_pays_in_domain_0() -> None:
    explanation = explained(XEN, "read 4 KiB")
    assert {("xen-2", "ring"), ("xen-2", "event_channel"), ("domain-0", "driver")} <= mechanisms(explanation)
    kinds = [step.kind for step in everything(explanation.entries)]
    assert kinds.index("kick") < kinds.index("send") < kinds.index("notice")
    back_end = next(step for step in everything(explanation.entries) if step.mechanism == "back_end")
    assert back_end.payer == "block-back-end in domain-0"
    drivers = {step.payer for step in everything(explanation.entries) if step.mechanism == "driver"}
    assert drivers == {"block-back-end in domain-0"}


def test_whoever_waits_pays_for_being_woken_and_a_service_does_not_wait_for_its_last_transfer() -> None:
    steps = list(everything(explained(XEN, "read 4 KiB").entries))
    woken = [step.payer for step in steps if step.kind == "waking"]
    assert woken == ["block-back-end in domain-0", "caller"]


def test_a_page_fault_costs_what_barham_measured() -> None:
    # Table 5, page fault: 1.42 us native; Xen 2.73 us = 1.42 + 0.34 (exception handed on) + 0.97 (checked update).
    (native,), (xen,) = explained(NATIVE, "fault").totals, explained(XEN, "fault").totals
    assert native.elapsed_s == pytest.approx(1.42e-6)
    assert xen.elapsed_s == pytest.approx(2.73e-6)
    assert dict(xen.overhead_s) == pytest.approx({"xen-2/linux-2.4[app]": 1.42e-6, "xen-2": 1.31e-6})


def test_a_read_that_is_not_in_the_cache_takes_a_mean_seek_half_a_turn_and_the_transfer() -> None:
    # command 0.2 ms; seek over a third of the disk 0.5 + 9.5 x sqrt(1/3) = 5.98 ms; half a turn 3 ms; 4096 B / 60 MB/s.
    hit, miss = explained(NATIVE, "read 4 KiB").totals
    assert hit.waits_s == 0.0
    assert miss.devices_s["disk"] == pytest.approx(0.2e-3 + 5.98e-3 + 3e-3 + 4096 / 60e6, rel=2e-3)


def test_blocks_that_follow_each_other_on_the_disk_are_one_entry_that_stands_there_several_times() -> None:
    explanation = explained(VMWARE, "read 1 MiB")
    host = [s for s in everything(explanation.entries) if s.kind == "choice" and s.node == "linux-2.4"]
    assert [step.times for step in host] == [1, 15]
    assert len(explanation.totals) == 3


def test_cached_leaves_the_disk_out() -> None:
    explanation = explained(VMWARE, "read 4 KiB cached")
    assert len(explanation.totals) == 1
    assert explanation.totals[0].waits_s == 0.0


def test_a_tick_costs_every_kernel_its_own_and_the_guest_the_hosts() -> None:
    (total,) = explained(VMWARE, "tick").totals
    assert set(total.overhead_s) == set(explained(VMWARE, "tick").names) - {"machine"}
    guest, host = (step for step in everything(explained(VMWARE, "tick").entries) if step.kind == "branch")
    assert [step.mechanism for step in everything(host.children)][:2] == ["tick", "world_switch"]
    assert guest.title.startswith("timer of linux-2.4,")


# ---- the same sums as the plans that run


def plan_amounts(plan: Plan, option: int) -> Amounts:
    """Cycles by cause and mechanism with every choice going the same way; kicks and notices apart."""
    amounts: Amounts = defaultdict(float)
    for operation in plan:
        inner: Amounts = {}
        if isinstance(operation, Work):
            inner = {(part.key.cause, part.key.mechanism): part.cycles for part in operation.parts}
        elif isinstance(operation, Pick):
            inner = plan_amounts(operation.options[option], option)
        elif isinstance(operation, Enqueue):
            inner = plan_amounts(operation.work, option)
        elif isinstance(operation, Own):
            inner = plan_amounts(compile_demand(operation.node, operation.demand, operation.node.path), option)
        for key, cycles in inner.items():
            amounts[key] += cycles
    return {key: cycles for key, cycles in amounts.items() if cycles}


def entry_amounts(entries: tuple[Entry, ...], option: int) -> Amounts:
    amounts: Amounts = defaultdict(float)
    for entry in entries:
        if entry.kind in ("waking", "kick", "notice"):
            continue
        if entry.kind == "use" and entry.cycles:
            amounts[entry.cause, entry.mechanism] += entry.times * entry.cycles
        chosen = (entry.children[option],) if entry.kind == "choice" else entry.children
        for key, cycles in entry_amounts(chosen, option).items():
            amounts[key] += entry.times * cycles
    return amounts


@pytest.mark.parametrize("option", [0, -1])
@pytest.mark.parametrize(("stack", "text"), EXAMPLES)
def test_the_steps_add_up_to_the_plan_that_runs(stack: str, text: str, option: int) -> None:
    setting = Setting(CATALOG, stack, MACHINE)
    demands = [step for step in understand(text, setting.ground).steps if isinstance(step, Demand)]
    compiled: Plan = tuple(op for demand in demands for op in compile_demand(setting.top, demand))
    entries = explained(stack, text).entries
    assert dict(entry_amounts(entries, option)) == pytest.approx(plan_amounts(compiled, option))


@pytest.mark.parametrize("stack", STACKS)
def test_being_woken_costs_what_every_layer_says(stack: str) -> None:
    setting = Setting(CATALOG, stack, MACHINE)
    path = setting.path(setting.top)
    expected = sum(transition_work(node, kind).cycles for node in path for kind in ("switch", "resume"))
    (total,) = explained(stack, "wake").totals
    assert total.processor_s == pytest.approx(expected / setting.frequency_hz + setting.idle_exit_s)


# ---- where the numbers come from


@pytest.mark.parametrize(("stack", "text"), EXAMPLES)
def test_every_price_has_a_source(stack: str, text: str) -> None:
    for step in everything(explained(stack, text).entries):
        if step.mechanism and step.mechanism != "compute":
            assert step.origins, step
        for product, quantity in step.origins:
            assert quantity.where and product


def test_a_source_is_that_of_the_number_itself() -> None:
    step = next(s for s in everything(explained(VMWARE, "null").entries) if s.mechanism == "translation")
    assert [(product, quantity.name) for product, quantity in step.origins] == [
        ("vmware-workstation-3.2", "sensitive_cycles"),
        ("linux-2.4", "null_sensitive_count"),
    ]


numbers = st.floats(min_value=0.001, max_value=1e6)


@given(numbers, numbers)
def test_sourced_numbers_reckon_like_floats_and_keep_their_origins(a: float, b: float) -> None:
    (first, second) = (
        Origin(name, CATALOG.machine(MACHINE).devices["cpu"].parameters["frequency_hz"]) for name in "ab"
    )
    x, y = Sourced(a, (first,)), Sourced(b, (second,))
    for mine, plain in ((x + y, a + b), (x - y, a - b), (x * y, a * b), (x / y, a / b)):
        assert mine == plain
        assert origins(mine) == (first, second)
    for mine, plain in ((2.0 * x, 2.0 * a), (1.0 - x, 1.0 - a), (1.0 / x, 1.0 / a), (1.0 + x, 1.0 + a)):
        assert mine == plain
        assert origins(mine) == (first,)
    assert origins(1.0) == ()


# ---- mechanisms left out


def test_a_mechanism_left_out_leaves_nothing_and_the_sums_stand_side_by_side() -> None:
    explanation = explained(XEN, "read 4 KiB", "ring")
    assert "ring" not in {mechanism for _, mechanism in mechanisms(explanation)}
    assert explanation.complete is not None
    gap_s = explanation.complete.totals[-1].elapsed_s - explanation.totals[-1].elapsed_s
    assert gap_s == pytest.approx(1440 / 2.4e9)
    assert str(explanation).count("  without ring") == 2


def test_leaving_out_an_unknown_mechanism_says_what_was_meant() -> None:
    with pytest.raises(UsageError, match="did you mean 'ring'"):
        explained(XEN, "fault", "rings")


# ---- asking


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("reed 4 KiB", "did you mean 'read'"),
        ("frobnicate", "begins with one of: compute, read"),
        ("", "begins with one of"),
        ("read", "'read' wants a quantity, e.g. 'read 4 KiB'"),
        ("read 0 B", "more than nothing"),
        ("fault 3", "'fault' stands alone"),
    ],
)
def test_what_is_not_understood_is_answered(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        explained(NATIVE, text)


def test_a_wrong_unit_is_a_unit_error() -> None:
    with pytest.raises(UnitError, match="unit of time; here a size is wanted"):
        explained(NATIVE, "read 4 ms")


def test_a_stack_that_does_not_parse_is_a_stack_error() -> None:
    with pytest.raises(StackError):
        explained("linux-2.4 / |", "null")


# ---- as text and as data


@pytest.mark.parametrize("stack", STACKS)
def test_the_text_has_steps_sums_and_numbered_sources(stack: str) -> None:
    text = str(explained(stack, "read 4 KiB"))
    assert text.startswith("read 4 KiB on ")
    assert "in the page cache: nothing more" in text
    assert "[1] linux-2.4: null_io_cycles = 1.2 k cycles; published: barham2003, Table 3" in text
    assert max(len(line) for line in text.splitlines() if line.startswith("[")) <= 120


def test_the_data_are_plain_and_complete() -> None:
    data: dict[str, Any] = json.loads(json.dumps(explained(XEN, "read 4 KiB", "ring").data()))
    assert data["stack"] == "xen-2(domain-0=linux-2.4) | linux-2.4"
    assert data["without"] == ["ring"]
    first = data["steps"][0]["steps"][0]
    assert (first["mechanism"], first["payer"], first["cycles"]) == ("system_call", "caller", 1200.0)
    assert first["sources"][0]["source"] == "barham2003"
    assert len(data["totals"]) == len(data["totals_with_every_mechanism"]) == 2


def test_the_package_itself_can_be_called() -> None:
    assert isinstance(simulator.explain(NATIVE, "null"), Explanation)


# ---- the public names


def test_every_public_name_is_there_and_nothing_else_is_promised() -> None:
    assert len(set(simulator.__all__)) == len(simulator.__all__)
    for name in simulator.__all__:
        assert getattr(simulator, name) is not None
    assert sorted(dir(simulator)) == sorted(simulator.__all__)
    with pytest.raises(AttributeError):
        simulator.nothing  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, simulator; print(*sorted(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    heavy = {"simpy", "pandas", "numpy", "scipy", "matplotlib", "pydantic", "yaml", "click", "rich"}
    assert heavy & {name.partition(".")[0] for name in shown.stdout.split()} == set()
