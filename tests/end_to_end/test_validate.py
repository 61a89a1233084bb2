"""``virtlab validate`` as a user meets it: on an experiment of two workloads, with figures that are made up."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Command

SCENARIO = """\
# Nobody: a paper that was never written.
version: 1
machine: dell-2650
stacks:
  native: linux-2.4 |
  Xen: xen-1 | linux-2.4
  Workstation: linux-2.4 | vmware-workstation-3.2 / linux-2.4
tenants:
  app: {workload: [kernel-build, spec-int], memory: 512 MiB, vcpus: 1}
replications: 1
published:
  table: nobody2003
  platforms: {bare: native, xen: Xen, workstation: Workstation}
  rows:
    - {benchmark: build, at: {workload: kernel-build}}
    - {benchmark: build against native, at: {workload: kernel-build}, against: {stack: native}, as: ratio}
    - {benchmark: int, at: {workload: spec-int}}
  missed:
    - {benchmark: int, platform: workstation, reason: somebody invented the figure}
  excluded:
    - {benchmark: secret, reason: nobody says what it is}
"""
FIGURES = """\
source,table_or_figure,platform,model_class,benchmark,metric,unit,value,notes,use
Nobody,Table 1,bare,bare,build,elapsed,s,263,,baseline
Nobody,Table 1,xen,type1,build,elapsed,s,271,,judges
Nobody,Table 1,workstation,type2,build,elapsed,s,334,,judges
Nobody,Table 1,workstation,type2,build against native,elapsed,ratio,1.27,,judges
Nobody,Table 1,workstation,type2,int,score,score,100,,judges
Nobody,Table 1,xen,type1,secret,elapsed,s,1,,judges
Nobody,Table 1,xen,type1,forgotten,elapsed,s,1,,judges
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The experiment, and its figures in a table of the user's own."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "nobody_2003.yaml").write_text(SCENARIO)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "nobody2003.csv").write_text(FIGURES)
    return tmp_path


def validate(virtlab: Command, *more: str) -> tuple[int, str, str]:
    return virtlab("validate", "nobody", "--scenarios", "scenarios", "--figures", "figures", "--jobs", "1", *more)


def test_rows_scores_and_what_is_open(virtlab: Command, folder: Path) -> None:
    code, out, err = validate(virtlab, "--json")
    assert code == 0
    found = json.loads(out)
    rows = {(row["benchmark"], row["platform"]): row for row in found["rows"]}
    build = rows["build", "workstation"]
    assert build["verdict"] == "close"
    assert build["predicted"] == pytest.approx(334, rel=0.05)
    assert build["cost"] == pytest.approx(334 / 263)
    assert "kernel-build" in build["fitted"] or "Xen" in build["fitted"]
    ratio = rows["build against native", "workstation"]
    assert ratio["predicted"] == pytest.approx(build["predicted"] / rows["build", "bare"]["predicted"])
    assert rows["int", "workstation"]["verdict"] == "wrong"
    assert rows["int", "workstation"]["reason"] == "somebody invented the figure"
    assert rows["secret", "xen"]["reason"] == "nobody says what it is"
    assert rows["forgotten", "xen"]["verdict"] == "open"
    assert "1 figures that judge are open" in err
    overall = found["scores"]["overall"][0]
    assert (overall["judged"], overall["notable"]) == (4, 2)
    assert overall["skill_native"] > 0.9
    with (folder / "results" / "validation" / "rows.csv").open() as file:
        assert [line["benchmark"] for line in csv.DictReader(file)] == [row["benchmark"] for row in found["rows"]]


def test_what_was_measured_is_not_measured_again(virtlab: Command, folder: Path) -> None:
    first = validate(virtlab, "--json")
    readings = folder / "results" / "validation" / "readings.jsonl"
    lines = readings.read_text().splitlines()
    readings.write_text("\n".join(lines[:-1]) + "\n" + lines[-1][:30])
    assert validate(virtlab, "--json")[1] == first[1]
    assert readings.read_text().splitlines()[: len(lines) - 1] == lines[:-1]


def test_ablation_ranges_page_and_figure(virtlab: Command, folder: Path) -> None:
    code, out, _ = validate(virtlab, "--ablation", "--draws", "2", "--page", "page.md")
    assert code == 0
    assert out.startswith("skill ")
    assert "shadow_paging" in out
    page = (folder / "page.md").read_text()
    assert "`virtlab validate --draws 2 --ablation --page page.md`" in page
    assert "![Predicted against published](page.png)" in page
    assert "`shadow_paging`" in page
    assert "somebody invented the figure" in page
    assert (folder / "page.png").read_bytes().startswith(b"\x89PNG")


def test_mistakes(virtlab: Command, folder: Path) -> None:
    assert validate(virtlab, "--plot", "figure.bmp")[0] == 2
    code, _, err = virtlab("validate", "nothing", "--scenarios", "scenarios", "--figures", "figures")
    assert code == 2
    assert "no experiment is called 'nothing'; there are: nobody_2003" in err
    code, _, err = virtlab("validate", "nobody", "--scenarios", "scenarios")
    assert code == 2
    assert "there is no table 'nobody2003'" in err
    (folder / "empty").mkdir()
    code, _, err = virtlab("validate", "--scenarios", "empty")
    assert code == 2
    assert "no scenario with a section 'published'" in err
    assert not (folder / "results").exists()


def test_check_says_what_a_scenario_repeats(virtlab: Command) -> None:
    code, out, _ = virtlab("list", "published")
    assert code == 0
    assert "overhead_barham2003" in out
    assert "cores" in virtlab("list", "readings")[1]
    assert "SPEC INT2000" in virtlab("show", "overhead_barham2003")[1]
