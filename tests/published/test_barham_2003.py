"""Barham et al. 2003: what was fitted comes out, what judges is met as far as docs/barham-2003.md says."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.catalog import Catalog
from simulator.validation import barham_2003, by_hand, published, single_events
from simulator.validation.barham_2003 import Predictions, Row


@pytest.fixture(scope="module")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    return barham_2003.predictions(tmp_path_factory.mktemp("barham"), jobs=2)


@pytest.fixture(scope="module")
def rows(predicted: Predictions) -> list[Row]:
    return barham_2003.rows(predicted)


def one(rows: list[Row], benchmark: str, platform: str) -> Row:
    (row,) = (row for row in rows if (row.figure.benchmark, row.figure.platform) == (benchmark, platform))
    return row


def test_workstations_build_follows_from_counts_fitted_on_xen(rows: list[Row]) -> None:
    """Published 334 s; the counts were fitted on native (263 s) and Xen (271 s) only."""
    error = one(rows, "Linux 2.4.21 build", "vmware-workstation-3.2").error_percent
    assert error is not None
    assert abs(error) < 2.0


def test_spec_int_is_within_two_points(predicted: Predictions) -> None:
    """Published losses: Xen 0 %, Workstation 1 - 554 / 567 = 2.3 %."""
    native = predicted["native", "spec-int"][0]
    for stack, published_percent in (("Xen", 0.0), ("VMware Workstation", 2.3)):
        loss_percent = (1.0 - predicted[stack, "spec-int"][0] / native) * 100.0
        assert loss_percent == pytest.approx(published_percent, abs=2.0)
        assert loss_percent > 0.0


def test_a_context_switch_costs_xen_one_to_three_microseconds_more(rows: list[Row]) -> None:
    (row,) = (row for row in rows if row.figure.benchmark == "extra cost of a context switch")
    assert row.predicted is not None
    assert 1.0 <= row.predicted <= 3.0


def test_many_domains_lose_by_cold_caches_at_short_slices(predicted: Predictions) -> None:
    """Published 7.5 % at 5 ms; "with a 50 ms slice the gap nearly vanishes". Nothing of it was fitted."""
    assert 4.0 < predicted["Xen", barham_2003.MANY][0] < 8.0
    assert -1.0 < predicted["Xen, 50 ms", barham_2003.MANY][0] < 1.0


@pytest.mark.parametrize("benchmark", barham_2003.WORKLOADS)
def test_what_was_fitted_comes_out(rows: list[Row], benchmark: str) -> None:
    """Native by fit of user cycles, Xen by fit of one event count; the web server's stands at its bound (1.1 % off).

    The packets of User-Mode Linux carry its kernel's notices as well (1.9 % off).
    """
    for row in rows:
        if row.figure.benchmark == benchmark and row.figure.use in ("baseline", "calibrates"):
            assert row.error_percent == pytest.approx(0.0, abs=2.0)


def test_fork_exec_shell_and_mmap_on_workstation_follow_from_xen() -> None:
    """Counts of faults were fitted on Xen's lmbench; Workstation's four rows are within 11 %."""
    point = barham_2003.points()["VMware Workstation", "kernel-build"]
    figures = {
        (f.benchmark, f.platform): float(f.value) for f in published.load("overhead_barham2003") if "-" not in f.value
    }
    for benchmark in ("fork proc", "exec proc", "sh proc", "mmap latency"):
        model = single_events.cost_us(point, benchmark)
        assert model == pytest.approx(figures[benchmark, "vmware-workstation-3.2"], rel=0.11)
        assert model > 1.5 * single_events.cost_us(barham_2003.points()["native", "kernel-build"], benchmark)


@pytest.mark.parametrize(
    ("workload", "still", "tolerance"),
    [("kernel-build", {"file_variation_ratio": 0.0}, 0.003), ("spec-web99", {"answer_variation_ratio": 0.0}, 0.003)],
)
def test_arithmetic_by_hand_gives_the_same_number(workload: str, still: dict[str, float], tolerance: float) -> None:
    """The build's rest is the disk's arm, which write-back moves away between two reads; the web server's is the
    first and the last requests, during which its processor is not saturated."""
    for stack, hand, run in barham_2003.by_hand_against_run(workload, still):
        assert run == pytest.approx(hand, rel=tolerance), stack


def test_every_row_that_judges_is_predicted_or_excluded_with_a_reason(rows: list[Row]) -> None:
    judges = [figure for figure in published.load("overhead_barham2003") if figure.use in ("judges", "control")]
    shown = [row for row in rows if row.figure in judges]
    assert len(shown) == len(judges)
    assert all((row.predicted is None) == bool(row.reason) for row in shown)


def test_counts_are_fitted_on_native_and_on_one_other_platform_at_most() -> None:
    """On Xen one count of a workload; each count that is fitted elsewhere has its platform before the first comma."""
    fitted = [fit for fit in Catalog().fitted() if fit.kind == "workloads"]
    for workload in {fit.product for fit in fitted}:
        on = [fit.fitted_on.split(",")[0] for fit in fitted if fit.product == workload]
        assert on.count("Xen") <= 1
        assert len({place for place in on if place.split(" ")[0] != "native"}) <= 1


def test_the_page_is_what_the_program_writes_now(rows: list[Row], predicted: Predictions) -> None:
    from simulator.validation.page import page

    text = Path(barham_2003.PAGE).read_text(encoding="utf-8")
    assert page(rows, predicted, Catalog().fitted()) == text, "run: python -m simulator.validation.barham_2003"


def test_hand_and_house_agree_on_what_timers_take() -> None:
    """100 ticks a second of 2 us natively: 0.02 %."""
    found = barham_2003.points()
    costs = by_hand.Costs([found[stack, "kernel-build"] for stack in by_hand.STACKS])
    assert costs.ticks(0) == pytest.approx(100 * 4800 / 2.4e9)
