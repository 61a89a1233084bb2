"""What the answers of a scenario hang on: the analysis from a scenario to a table, and the command."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.errors import UsageError
from simulator.experiment import run_point
from simulator.importance import Sensitivity, analyse
from simulator.importance.report import COLUMNS, Finding, Parameter
from simulator.plots import draw_as
from simulator.scenario import Scenario, load

from .conftest import Command

BUILD = {"workload": {"name": "kernel-build", "parameters": {"files": 15, "file_variation": "0 %"}}}
APP = {**BUILD, "memory": "512 MiB", "vcpus": 1}
WORKSTATION = "linux-2.4 | vmware-workstation-3.2 / linux-2.4"
DATA: dict[str, Any] = {
    "title": "A small build",
    "machine": "dell-2650",
    "stacks": {"native": "linux-2.4 |", "hosted": WORKSTATION},
    "tenants": {"app": APP},
    "replications": 2,
}
UNSURE = """\
name: unsure-1
title: Workstation 3.2, of which nobody knows how long a fault takes
extends: vmware-workstation-3.2
family: hosted_hypervisor
parameters:
  shadow_fill_cycles:
    - {value: 9000, range: [3000, 40000], kind: assumed, where: "for this test", measured_on: any}
"""


def scenario(name: str = "small", catalog: Catalog | None = None, **changes: Any) -> Scenario:
    return Scenario.from_mapping({**DATA, **changes}, name=name, catalog=catalog)


def parameter(finding: Finding, key: str) -> Parameter:
    return next(each for each in finding.parameters if each.unknown.key == key)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Sensitivity:
    return analyse(scenario(), samples=4, out=tmp_path_factory.mktemp("results"), jobs=1)


def ratio(files: dict[str, Any], hosted: dict[str, str]) -> float:
    """The overhead with numbers set in the scenario itself."""
    app = {**APP, "workload": {"name": "kernel-build", "parameters": {**BUILD["workload"]["parameters"], **files}}}
    stack = {"stack": WORKSTATION, "parameters": {"vmware-workstation-3.2": hosted}}
    points = scenario(stacks={"native": "linux-2.4 |", "hosted": stack}, tenants={"app": app}).points()
    native_s, hosted_s = (run_point(point, 0)["tables"]["tenants"][0][7] for point in points)
    return float(hosted_s / native_s)


def test_an_end_of_a_range_is_the_scenario_with_that_number(found: Sensitivity) -> None:
    (finding,) = found.findings
    assert finding.answer.label == "hosted" and finding.value == pytest.approx(ratio({}, {}))
    processes = parameter(finding, "kernel-build.file_processes_count")
    assert processes.low_percent == pytest.approx(100 * ratio({"file_processes": 3}, {}) / finding.value - 100)
    assert processes.high_percent == pytest.approx(100 * ratio({"file_processes": 6}, {}) / finding.value - 100)
    assert processes.high_percent > 1.0


def test_what_a_number_was_taken_out_of_moves_against_it(found: Sensitivity) -> None:
    """A fault under Workstation is known as a whole: the dearer its traced writes, the cheaper the rest of it."""
    (finding,) = found.findings
    traced = parameter(finding, "vmware-workstation-3.2.traced_write_cycles")
    alone = 100 * ratio({}, {"traced_write_cycles": "7200 cycles"}) / finding.value - 100
    assert 0.0 < traced.high_percent < 0.2 * alone


def test_without_luck_one_replication_is_enough(found: Sensitivity) -> None:
    assert found.header["replications"] == 1


def test_the_interval_of_all_ranges_holds_the_answer_and_is_made_of_draws(found: Sensitivity) -> None:
    (finding,) = found.findings
    assert finding.low < finding.median < finding.high and finding.low <= finding.value <= finding.high
    assert (finding.draws, finding.lost) == (64, 0)


def test_what_no_run_uses_has_no_effect_and_is_sorted_out_in_groups(found: Sensitivity) -> None:
    keys = {each.unknown.key for each in found.findings[0].parameters}
    idle = ("dell-2650.nic.", "linux-2.4.start.", "linux-2.4.message_cycles", "linux-2.4.nic_driver_cycles")
    assert not {key for key in keys if key.startswith(idle)}
    assert found.header["without_effect"] > found.header["unknowns"] / 2
    assert found.header["runs"] < 600


def test_the_most_important_parameter_comes_first(found: Sensitivity) -> None:
    (finding,) = found.findings
    ranks = [each.mu_star_percent for each in finding.parameters if each.effect]
    assert ranks == sorted(ranks, reverse=True) and ranks[0] > 1.0
    assert finding.parameters[0].unknown.key == "kernel-build.file_processes_count"


def test_a_dominating_number_is_found_by_every_method(tmp_path: Path) -> None:
    """With a fault of 3,000 to 40,000 cycles and some thousands of faults for a file nothing else matters as much."""
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers" / "unsure-1.yaml").write_text(UNSURE, encoding="utf-8")
    (tmp_path / "sources.bib").write_text("", encoding="utf-8")
    stacks = {"native": "linux-2.4 |", "unsure": "linux-2.4 | unsure-1 / linux-2.4"}
    asked = scenario(catalog=Catalog([tmp_path]), stacks=stacks)
    for method, samples in (("tornado", 20), ("morris", 4), ("sobol", 16)):
        (finding,) = analyse(asked, method=method, samples=samples, top=3, out=tmp_path / "out", jobs=1).findings
        first, second = finding.parameters[:2]
        assert first.unknown.key == "unsure-1.shadow_fill_cycles", method
        assert first.high_percent > 4 * second.high_percent
        assert finding.high / finding.low > 1.2
        if method == "sobol":
            assert first.indices is not None and second.indices is not None
            assert first.indices.total > 0.8 > 0.2 > second.indices.total
            assert sum(each.indices is not None for each in finding.parameters) == 3


def test_the_numbers_of_a_mechanism_that_is_off_have_no_effect(tmp_path: Path) -> None:
    """The scenario shows such a stack beside the same with every mechanism on, in which they have one."""
    stacks = {"native": "linux-2.4 |", "off": {"stack": WORKSTATION, "without": ["shadow_paging"]}}
    found = analyse(scenario(stacks=stacks), method="tornado", samples=4, out=tmp_path, jobs=1)
    keys = {each.answer.label: {one.unknown.key for one in each.parameters} for each in found.findings}
    key = "vmware-workstation-3.2.traced_write_cycles"
    assert {label: key in of for label, of in keys.items()} == {"off, every mechanism on": True, "off": False}


def test_one_stack_is_asked_for_its_figure_and_any_column_can_be(tmp_path: Path) -> None:
    alone = scenario(stacks={"native": "linux-2.4 |"})
    (finding,) = analyse(alone, method="tornado", samples=4, out=tmp_path, jobs=1).findings
    assert (finding.answer.unit, finding.answer.base) == ("s", None)
    (memory,) = analyse(alone, method="tornado", metric="memory_kernel_bytes", samples=4, out=tmp_path, jobs=1).findings
    assert memory.answer.unit == "bytes"
    assert [each.unknown.key for each in memory.parameters] == ["linux-2.4.kernel_bytes"]
    assert (memory.parameters[0].low_percent, memory.parameters[0].high_percent) == pytest.approx(
        (100 * 8 / 24 - 100, 100 * 64 / 24 - 100)
    )


def test_one_stack_or_workload_of_several_can_be_asked_about(tmp_path: Path) -> None:
    app = {**APP, "workload": [BUILD["workload"], {"name": "request-response", "parameters": {"transactions": 100}}]}
    stacks = {**DATA["stacks"], "xen": "xen-1 | linux-2.4"}
    both = scenario(stacks=stacks, tenants={"app": app}, replications=1)
    found = analyse(both, method="tornado", stacks=["xen"], workloads=["request-response"], samples=4, out=tmp_path,
                    jobs=1)  # fmt: skip
    (finding,) = found.findings
    assert (finding.answer.stack, finding.answer.workload) == ("xen", "request-response")
    for asked, message in (
        ({"stacks": ["xem"]}, r"no stack .* 'xem'; did you mean 'xen'"),
        ({"workloads": ["dbench"]}, "no workload of this scenario is called 'dbench'"),
        ({"metric": "latency"}, "no metric 'latency'; did you mean 'latency_"),
        ({"stacks": ["native"]}, "nothing is left to ask"),
        ({"method": "guess"}, "no method 'guess'; there are: tornado, morris, sobol"),
        ({"samples": 0}, "0 is no number of samples"),
    ):
        with pytest.raises(UsageError, match=message):
            analyse(both, out=tmp_path, **asked)
    with pytest.raises(UsageError, match="has one stack only"):
        analyse(scenario(stacks={"native": "linux-2.4 |"}), metric="overhead", out=tmp_path)


class Stopping:
    """Watches, and interrupts when so many runs have ended."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.fresh = 0

    def start(self, total: int, done: int) -> None: ...

    def advance(self, run_id: str, status: str) -> None:
        self.fresh += 1
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def finish(self) -> None: ...


def test_a_stopped_analysis_goes_on_where_it_was_and_finds_the_same(tmp_path: Path) -> None:
    asked = {"method": "tornado", "samples": 8, "jobs": 1}
    whole, again = Stopping(-1), Stopping(-1)
    first = analyse(scenario(), out=tmp_path / "a", watch=lambda _: whole, **asked)
    stopping = Stopping(whole.fresh - 10)
    with pytest.raises(KeyboardInterrupt):
        analyse(scenario(), out=tmp_path / "b", watch=lambda _: stopping, **asked)
    second = analyse(scenario(), out=tmp_path / "b", watch=lambda _: again, **asked)
    assert 0 < again.fresh <= 10  # what was under way together with the last run is kept as well
    assert second.data() == first.data()
    assert [path.read_bytes() for path in sorted(second.folder.glob("sensitivity.*"))] == [
        path.read_bytes() for path in sorted(first.folder.glob("sensitivity.*"))
    ]


def test_lost_runs_are_counted_and_named(tmp_path: Path) -> None:
    """Of 2,048 MiB the guest has 1,970; 24 for the host's kernel and 32 for the monitor fit beside it, 64 for each do
    not."""
    app = {**APP, "memory": "1970 MiB"}
    found = analyse(scenario(tenants={"app": app}), method="tornado", samples=8, out=tmp_path, jobs=1)
    (finding,) = found.findings
    assert finding.lost and found.exit_code == 3
    assert "point 1 of small with" in found.header["failures"][0]


# ---- the command


def write(folder: Path) -> None:
    (folder / "small.yaml").write_text(json.dumps({"version": 1, **DATA}), encoding="utf-8")


def test_the_command_prints_the_interval_and_the_table_and_draws(virtlab: Command, tmp_path: Path) -> None:
    write(tmp_path)
    code, out, err = virtlab(
        "sensitivity", "small.yaml", "--samples", "4", "--top", "3", "--jobs", "1", "--plot", "figures/tornado.svg"
    )
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0] == "A small build"
    assert "hosted: 1.2" in out and "times the time on native" in out
    assert "given the catalog's ranges the overhead is between +" in out
    table = lines[lines.index(next(line for line in lines if line.startswith("parameter"))) :]
    assert table[2].split()[0] == "kernel-build.file_processes_count"
    assert table[5].startswith("and ") and "count as exact" in out
    assert "runs: screening" in err and "runs of stars" in err
    text = (tmp_path / "figures" / "tornado.svg").read_text(encoding="utf-8")
    assert "file_processes_count" in text and "5 to 95 % of 64 draws of all" in text
    (folder,) = (tmp_path / "results" / "small-sensitivity").glob("*/sensitivity.json")
    code, out, _ = virtlab("plot", str(folder.parent), "--figure", "tornado")
    assert code == 0 and "tornado.png" in out


def test_the_command_prints_json_and_keeps_a_tidy_table(virtlab: Command, tmp_path: Path) -> None:
    write(tmp_path)
    code, out, err = virtlab(
        "sensitivity", "small.yaml", "--method", "sobol", "--samples", "3", "--top", "2", "--json", "--jobs", "1",
        "-o", "other",
    )  # fmt: skip
    assert code == 0, err
    data = json.loads(out)
    assert (data["method"], data["metric"], data["baseline"]) == ("sobol", "overhead", "native")
    (answer,) = data["answers"]
    assert answer["low"] <= answer["median"] <= answer["high"]
    first = answer["parameters"][0]
    assert first["rank"] == 1 and first["total_order_low"] <= first["total_order"] <= first["total_order_high"]
    with (Path(data["folder"]) / "sensitivity.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [column.name for column in COLUMNS]
    assert [row["parameter"] for row in rows] == [each["parameter"] for each in answer["parameters"]]
    assert rows[0]["mu_star_percent"] == "" and float(rows[0]["low_percent"]) == first["low_percent"]


def test_the_command_refuses_a_figure_of_another_kind_before_it_runs(virtlab: Command, tmp_path: Path) -> None:
    write(tmp_path)
    code, _, err = virtlab("sensitivity", "small.yaml", "--plot", "tornado.pdf")
    assert code == 2 and "end its name in .svg or .png" in err
    assert not (tmp_path / "results").exists()


def test_a_batch_without_an_analysis_has_no_tornado(found: Sensitivity, tmp_path: Path) -> None:
    draw_as("tornado", found.folder, tmp_path / "a.svg")
    draw_as("tornado", found.folder, tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    from simulator import batch

    results = batch.run(load({**DATA, "version": 1, "replications": 1}), out=tmp_path, jobs=1)
    with pytest.raises(UsageError, match="nothing to show as 'tornado'"):
        draw_as("tornado", results.folder, tmp_path / "c.svg")


def test_the_table_as_a_frame(found: Sensitivity) -> None:
    frame = found.frame()
    assert list(frame.columns) == [column.name for column in COLUMNS]
    assert len(frame) == len(found.findings[0].parameters)
