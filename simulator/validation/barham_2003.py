"""Barham et al. 2003 on the Dell 2650: every row that judges, predicted, and the page that shows it.

``python -m simulator.validation.barham_2003`` writes ``docs/barham-2003.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from simulator import batch
from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load
from simulator.validation import by_hand, published, single_events

ROOT = Path(__file__).parent.parent.parent
SCENARIO = ROOT / "scenarios" / "published" / "barham_2003_figure_3.yaml"
DOMAINS = ROOT / "scenarios" / "published" / "barham_2003_many_domains.yaml"
PAGE = ROOT / "docs" / "barham-2003.md"
TENANT = "app"

STACKS = {
    "native": "native", "native-up": "native", "xen-pv": "Xen", "vmware-workstation-3.2": "VMware Workstation",
    "uml-skas3": "User-Mode Linux",
}  # fmt: skip
"""The paper's platforms and the scenario's stacks."""

WORKLOADS = {
    "SPEC INT2000": "spec-int",
    "Linux 2.4.21 build": "kernel-build",
    "OSDB-IR": "osdb-ir",
    "OSDB-OLTP": "osdb-oltp",
    "dbench (1 client)": "dbench",
    "SPEC WEB99": "spec-web99",
    "TCP TX MTU1500": "ttcp-send",
    "TCP RX MTU1500": "ttcp-receive",
    "TCP TX MTU500": "ttcp-send-500",
    "TCP RX MTU500": "ttcp-receive-500",
}
"""The paper's benchmarks and the catalog's workloads."""

MANY = "SPEC CINT2000 subset x128 domains"
ECHO = "hangs on the rate of the echo and on what its domain may borrow, neither of which the paper gives"
SETTING = "a setting of the system, not a result; nothing here predicts it"
NEIGHBOURS = "needs the aggressors of the paper (fork bomb, memory, disk), which this version does not have"
EXCLUDED = {
    "UDP echo to a busy domain among 128 busy": ECHO,
    "UDP echo to an idle 129th domain": ECHO,
    "Xen default scheduling slice": SETTING,
    "ESX default slice as quoted": SETTING,
    "PT update batching": SETTING,
    "minimum domain footprint, no swap": "the memory that a kernel takes is an input here (kernel_bytes)",
    "minimum domain footprint, with swap": "swap takes programs' pages; what a kernel takes is an input",
    "hypervisor state per domain": "an input of the same kind (assumed 16 to 256 KiB), so not a prediction",
    "OSDB-IR with two antisocial domains": NEIGHBOURS,
    "SPEC WEB99 with two antisocial domains": NEIGHBOURS,
}
"""Rows that judge and are not predicted, with the reason."""


class Row(NamedTuple):
    """One published figure beside its prediction; half_width is of the 95 % interval over replications."""

    figure: published.Figure
    predicted: float | None
    half_width: float | None
    reason: str = ""

    @property
    def error_percent(self) -> float | None:
        """Prediction over figure, less one; None where there is no prediction or the figure is a range."""
        if self.predicted is None or "-" in self.figure.value:
            return None
        return (self.predicted / float(self.figure.value) - 1.0) * 100.0


Predictions = Mapping[tuple[str, str], tuple[float, float]]


def predictions(folder: Path, jobs: int | None = None) -> Predictions:
    """Mean and half width for each stack and workload of the paper's scenarios; of many domains what they lose."""
    table = batch.run(load(SCENARIO), out=folder, jobs=jobs).summary()
    records = table[["stack", "workload", "mean", "ci_high"]].to_dict("records")
    found = {
        (str(r["stack"]), str(r["workload"])): (float(r["mean"]), float(r["ci_high"] - r["mean"])) for r in records
    }
    table = batch.run(load(DOMAINS), out=folder, jobs=jobs).summary()
    for record in table[["stack", "ratio_mean", "ratio_high"]].to_dict("records"):
        loss, half = 1.0 - float(record["ratio_mean"]), float(record["ratio_high"] - record["ratio_mean"])
        found[str(record["stack"]), MANY] = (100.0 * loss, 100.0 * half)
    return found


def points() -> dict[tuple[str, str], Mapping[str, Any]]:
    """The resolved points by stack and workload."""
    return {(point["stack"], point["tenants"][TENANT]["workload"]): point for point in load(SCENARIO).points()}


def rows(predicted: Predictions) -> list[Row]:
    """Every figure of the paper that is a result of a workload here, or that judges."""
    switch_us = single_events.cost_us(points()["Xen", "kernel-build"], single_events.SWITCH)
    native_us = single_events.cost_us(points()["native", "kernel-build"], single_events.SWITCH)
    found = []
    for figure in published.load("overhead_barham2003"):
        benchmark = MANY if figure.benchmark == MANY else WORKLOADS.get(figure.benchmark, "")
        key = (STACKS.get(figure.platform, ""), benchmark)
        if key in predicted:
            found.append(Row(figure, *predicted[key]))
        elif figure.benchmark == "extra cost of a context switch":
            found.append(Row(figure, switch_us - native_us, None))
        elif figure.use in ("judges", "control"):
            found.append(Row(figure, None, None, EXCLUDED[figure.benchmark]))
    return found


def by_hand_against_run(workload: str, parameters: Mapping[str, float]) -> Iterator[tuple[str, float, float]]:
    """For each stack: the figure by hand, and that of one run with the same counts and no luck."""
    found = points()
    three = [found[stack, workload] for stack in by_hand.STACKS]
    costs = by_hand.Costs(three)
    for number, point in enumerate(three):
        tenant = point["tenants"][TENANT]
        still = {**tenant["parameters"], **parameters}
        steady = {**point, "tenants": {TENANT: {**tenant, "parameters": still}}}
        tables = run_point(steady, 0)["tables"]
        if workload == "kernel-build":
            hand = by_hand.build_seconds(costs, still, number)
        else:
            hand = by_hand.web_clients(costs, still, number, *schedule(tables))
        yield by_hand.STACKS[number], hand, _first(tables, "value")


def _first(tables: Mapping[str, list[list[Any]]], column: str) -> float:
    """A number of the only tenant."""
    return float(tables["tenants"][0][names("tenants").index(column)])


def schedule(tables: Mapping[str, list[list[Any]]]) -> tuple[float, float]:
    """What the schedule decided, from a run: wakes for one operation, and microseconds of cold cache for each."""
    operations = _first(tables, "operations")
    charges = [row for row in tables["charges"] if row[1] == TENANT]
    top = max((row[5] for row in charges if row[6] == "context_switch"), key=len)
    wakes = sum(row[9] for row in charges if row[6] == "context_switch" and row[5] == top) / operations
    cold_s = sum(row[10] for row in charges if row[6] in ("cache_refill", "idle_exit")) / operations
    return wakes, cold_s / wakes * 1e6


def main() -> None:
    """Write the page."""
    from simulator.validation.page import page

    with TemporaryDirectory() as folder:
        predicted = predictions(Path(folder))
    text = page(rows(predicted), predicted, Catalog().fitted())
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()
