"""Claims: how two readings are judged, which verdict follows, and what a mistake in a file is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import nan
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from simulator import claims
from simulator.catalog import Catalog
from simulator.claims import findings
from simulator.claims.case import Case
from simulator.claims.checking import check
from simulator.claims.findings import FAILS, HOLDS, LIMITED, OPEN, Finding
from simulator.claims.judging import judge
from simulator.claims.kinds.base import kinds
from simulator.claims.kinds.operation import OfOperation
from simulator.claims.reading import Reading, derived
from simulator.claims.telling import summed_up
from simulator.errors import ScenarioError, UsageError
from simulator.results.intervals import NOTHING
from simulator.scenario import Scenario

CATALOG = Catalog()
ROOT = Path(__file__).parents[2]
STACKS = {"native": "linux-6 |", "docker": "linux-6 | docker-27", "kvm": "linux-6 | kvm-6 / linux-6"}
TOGETHER = {"images": "together", "pull": ["nginx-1.27"]}
HELD = {"says": "there is a kernel", "read": {"depth": "kernels"}, "of": "native", "equals": 1}


def sampled(*values: float) -> Reading:
    return Reading(dict(enumerate(values)), "s")


@pytest.mark.parametrize(
    ("relation", "own", "other", "by", "comes_out"),
    [
        ("less_than", (1.0, 1.1, 0.9), (2.0, 2.1, 1.9), 0.0, True),
        ("less_than", (1.0, 1.1, 0.9), (2.0, 2.1, 1.9), 0.6, False),
        ("more_than", (1.0, 1.1, 0.9), (2.0, 2.1, 1.9), 0.0, False),
        # The differences are -1, 1 and 0: the interval reaches to both sides.
        ("less_than", (1.0, 3.0, 2.0), (2.0, 2.0, 2.0), 0.0, None),
        ("equals", (1.0, 3.0, 2.0), (2.0, 2.0, 2.0), 0.1, None),
        ("equals", (2.0, 2.1, 2.0), (2.0, 2.1, 2.0), 0.0, True),
        ("equals", (2.04, 2.05, 2.06), (2.0, 2.0, 2.0), 0.1, True),
        ("equals", (2.5, 2.5, 2.5), (2.0, 2.0, 2.0), 0.1, False),
        # Equal is neither less nor more.
        ("less_than", (2.0, 2.0), (2.0, 2.0), 0.0, False),
        ("more_than", (2.0, 2.0), (2.0, 2.0), 0.0, False),
    ],
)
def test_only_an_interval_that_leaves_no_doubt_decides(
    relation: str, own: Sequence[float], other: Sequence[float], by: float, comes_out: bool | None
) -> None:
    assert judge(relation, sampled(*own), sampled(*other), by).comes_out is comes_out


def test_replications_are_compared_in_pairs() -> None:
    """Their spread is that of the luck that both had, and says nothing about which is more."""
    judged = judge("more_than", sampled(11.0, 21.0, 31.0), sampled(10.0, 20.0, 30.0), 0.0)
    assert judged.comes_out is True
    assert judged.own.mean == 21.0 and judged.ratio.mean == pytest.approx((1.1 * 1.05 * 31 / 30) ** (1 / 3))


def test_what_only_one_of_two_has_is_left_out() -> None:
    own, other = Reading({0: 1.0, 1: 5.0}, "s"), Reading({0: 2.0}, "s")
    assert judge("less_than", own, other, 0.0).own.n == 1
    assert judge("less_than", Reading({1: 5.0}, "s"), other, 0.0).comes_out is None


def test_one_replication_decides_nothing() -> None:
    assert judge("less_than", sampled(1.0), sampled(2.0), 0.0).comes_out is None
    assert judge("less_than", sampled(1.0), 2.0, 0.0).comes_out is None
    assert judge("less_than", sampled(1.0, 1.0), 2.0, 0.0).comes_out is True


def test_how_many_claims_have_which_verdict() -> None:
    def tested(*holds: bool | None) -> findings.Tested:
        made = [Finding("", "", "s", "", "", {}, "equals", "", 0.0, each, NOTHING, NOTHING, NOTHING) for each in holds]
        return findings.Tested("", "further", "", "", made, made, "")

    assert summed_up([tested(True), tested(False), tested(None)]) == "1 holds, 1 does not hold, 1 is not decided"
    assert summed_up([tested(True), tested(True)]) == "2 hold"


def test_what_is_derived_compares_without_replications() -> None:
    assert judge("more_than", derived(3, "count"), derived(2, "count"), 0.0).comes_out is True
    assert judge("equals", derived(True, "bool"), 0.0, 0.0).comes_out is False


@pytest.mark.parametrize(
    ("holds", "fails", "verdict"),
    [
        ([True, True], [True], HOLDS),
        ([True, True], [True, False], LIMITED),
        ([True], [None, False], LIMITED),
        ([True, False], [True], FAILS),
        ([None, False], [True], FAILS),
        ([True, None], [False], OPEN),
        ([True], [True, None], OPEN),
    ],
)
def test_the_verdict_follows_from_what_comes_out(
    holds: list[bool | None], fails: list[bool | None], verdict: str
) -> None:
    made = [
        [Finding("", "", "s", "", "", {}, "equals", "", 0.0, each, NOTHING, NOTHING, NOTHING) for each in outcomes]
        for outcomes in (holds, fails)
    ]
    assert findings.Tested("", "further", "", "", *made, "").verdict == verdict
    assert made[0][0].data()["value"] is None, f"{nan} is no number"


# ---- mistakes


def scenario(*, axes: bool = False, **changed: Any) -> Scenario:
    """One with a claim whose single comparison has other keys than it should."""
    tenants = {"app": {"workload": "compression", "memory": "1 GiB", "vcpus": [1, 2] if axes else 1}}
    comparison = {key: value for key, value in {**HELD, **changed}.items() if value is not None}
    claim = {"topic": "further", "statement": "There is a kernel.", "holds": [comparison], "fails": [HELD]}
    data = {"machine": "laptop-2025", "stacks": STACKS, "tenants": tenants, "claim": claim}
    return Scenario.from_mapping(data, catalog=CATALOG)


@pytest.mark.parametrize(
    ("changed", "path", "said"),
    [
        ({"of": "kvn"}, "of", "no stack is called 'kvn' (did you mean 'kvm'?)"),
        ({"of": ["kvm", "dokker"]}, "of[1]", "did you mean 'docker'?"),
        ({"of": "linux-7 | docker"}, "of", "linux-7"),
        ({"of": "docker-27 | linux-6"}, "of", "put a system under it"),
        ({"equals": "dockr"}, "equals", "'dockr' is neither a stack nor a quantity (did you mean 'docker'?"),
        ({"equals": None}, "", "does not say how it compares (write one of less_than, more_than, equals)"),
        ({"more_than": "docker"}, "", "says more_than and equals at once"),
        ({"tenant": "ap"}, "tenant", "did you mean 'app'?"),
        ({"at": {"vcpu": 2}}, "at.vcpu", "no axis, or more than one, is called 'vcpu'"),
        ({"read": {"deep": "kernels"}}, "read.deep", "'deep' is no kind of evidence (did you mean 'depth'?)"),
        ({"read": {"depth": "kernel"}}, "read.depth", "did you mean 'kernels'"),
        ({"read": {"depth": "kernels", "machine": "x"}}, "read.machine", "is no option of 'depth'"),
        ({"read": {"depth": "kernels", "can": "pause"}}, "read", "at once"),
        ({"read": {"can": "migrat"}, "equals": True}, "read.can", "did you mean 'migrate'?"),
        ({"read": {"metric": "latency_p99"}}, "read.metric", "did you mean 'latency_p99_s'"),
        ({"read": {"metric": "cost", "over": {"x": 1}}}, "read.over", "no axis"),
        ({"read": {"metric": "cost"}, "of": "linux-6 | docker-27"}, "of", "no stack is called"),
        ({"read": {"metric": "boot_s"}, "equals": "2 MB"}, "equals", "neither a stack nor a quantity"),
        ({"read": {"device_time": "copyy"}, "equals": 0}, "read.device_time", "did you mean 'copy'"),
        ({"read": {"operation": "pause"}}, "read.operation", "there are no operations in this scenario"),
        ({"read": {"runs": "xcompression"}}, "read.runs", "did you mean 'compression'?"),
        ({"read": {"images": "moved", "pull": ["nginx-1.72"]}}, "read.pull", "did you mean 'nginx-1.27'?"),
        ({"read": {"images": "moved"}}, "read.pull", "is missing"),
        ({"read": {**TOGETHER, "packages": ["mysql-5.8"]}}, "read.packages", "did you mean 'mysql-5.7'"),
        ({"read": {**TOGETHER, "packages": ["mysql >="]}}, "read.packages", "is no requirement"),
        ({"of": []}, "of", "names no stack"),
        ({"read": {"metric": "cost", "over": {"vcpus": 7}}, "axes": True}, "read.over", "vcpus has no value 7"),
        ({"read": {"metric": "cost", "over": {"vcpus": 2}}, "axes": True, "at": {"vcpus": 2}}, "of", "with itself"),
        ({"read": {"installs": "steps", "there": "linx-6"}}, "read.there", "linx-6"),
        ({"read": {"blast": "mean_lost", "tenants": 1}}, "read.tenants", "write a whole number from 2 to 26"),
    ],
)
def test_a_mistake_is_told_where_it_is_with_what_to_do(changed: dict[str, Any], path: str, said: str) -> None:
    with pytest.raises(ScenarioError) as error:
        check(scenario(**changed))
    (problem,) = error.value.problems
    assert problem.path == f"claim.holds[0].{path}".rstrip(".")
    assert said in str(problem)


def test_values_of_axes_are_checked_and_all_mistakes_told_at_once() -> None:
    check(scenario(axes=True, at={"vcpus": 2}))
    with pytest.raises(ScenarioError) as error:
        check(scenario(axes=True, at={"vcpus": 3}, tenant="nobody", of="nothing"))
    assert len(error.value.problems) == 3 and "axis tenants.app.vcpus has no value 3" in str(error.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"topic": "natve"}, "claim.topic: 'natve' is not known here"),
        ({"fails": []}, "claim.fails: is empty"),
        ({"xstatement": "x"}, "claim.xstatement: is not known here (did you mean 'statement'?)"),
        ({"holds": [{**HELD, "less": "kvm"}]}, "claim.holds[0].less: is not known here (did you mean 'less_than'?)"),
        ({"holds": [{**HELD, "equals": {}}]}, "is nothing to compare with"),
    ],
)
def test_the_schema_refuses_what_no_claim_has(changed: dict[str, Any], said: str) -> None:
    data = scenario().data
    with pytest.raises(ScenarioError) as error:
        Scenario.from_mapping({**data, "claim": {**data["claim"], **changed}}, catalog=CATALOG)
    assert said in str(error.value)


def test_a_claim_decides_nothing_about_the_runs() -> None:
    assert scenario().hash == scenario(of="docker").hash


# ---- readings that need no run


@pytest.mark.parametrize(
    ("read", "of", "comparison", "value"),
    [
        ({"depth": "program"}, "kvm", {"equals": 3}, 3.0),
        ({"depth": "hypervisor"}, "kvm", {"equals": 1}, 1.0),
        ({"depth": "hypervisor"}, "vmware-esxi-7 | linux-6", {"equals": 0}, 0.0),
        ({"depth": "own kernels"}, "docker", {"less_than": "kvm"}, 0.0),
        ({"shared": "kernels"}, "docker", {"equals": 1}, 1.0),
        ({"shared": "kernels"}, "vmware-esxi-7 | linux-6", {"equals": 0}, 0.0),
        ({"shared": "layers"}, "kvm", {"equals": 1}, 1.0),
        ({"can": "pause"}, "docker", {"equals": True}, 1.0),
        ({"can": "migrate"}, "docker", {"less_than": "kvm"}, 0.0),
        ({"can": "anything"}, "docker", {"more_than": "native"}, 7.0),
        ({"runs": "java-server"}, "linux-6 | hotspot-21", {"equals": True}, 1.0),
        ({"runs": "java-server"}, "docker", {"equals": False}, 0.0),
        ({"blast": "boundaries"}, "docker", {"less_than": "kvm"}, 1.0),
        ({"installs": "restarts", "there": "linux-6"}, "docker", {"equals": 0}, 0.0),
        ({"installs": "restarts"}, "linux-6 | virtualbox-7 / linux-6", {"equals": "kvm"}, 2.0),
        ({"images": "together", "pull": ["nginx-1.27"], "packages": ["mysql-5.7"]}, "docker", {"equals": False}, 0.0),
        ({"images": "moved", "pull": ["petclinic-3"], "held": ["petclinic-3"]}, "docker", {"less_than": "1 kB"}, 0.0),
    ],
)
def test_what_follows_from_the_layers_and_the_catalog(
    read: dict[str, Any], of: str, comparison: dict[str, Any], value: float
) -> None:
    made = scenario(**{"read": read, "of": of, "equals": None, **comparison})
    check(made)
    (tested,) = claims.test([made])
    assert [each.comes_out for each in tested.holds] == [True]
    assert tested.holds[0].own.mean == value
    assert tested.folder == "", "nothing had to be run"


def test_an_image_without_an_engine_is_no_contradiction() -> None:
    """What nobody fetches does not contradict anything: it is said, and nothing is decided."""
    (tested,) = claims.test([scenario(read=TOGETHER, of="native", equals=False)])
    assert tested.verdict == OPEN
    assert "fetches images" in tested.holds[0].open_because


def test_an_operation_was_done_only_if_each_of_its_kind_was() -> None:
    made = scenario(of="native")
    rows = [{"run": "r", "tenant": "app", "operation": "pause", "outcome": outcome} for outcome in ("is down", "done")]
    runs = pd.DataFrame([{"run": "r", "point": 0, "replication": 0}])
    results = SimpleNamespace(runs=runs, operations=pd.DataFrame(rows))
    reading = OfOperation("operation", {"operation": "pause"}).read(Case(made, "native", {}, "", results))  # type: ignore[arg-type]
    assert reading.values == {0: 0.0} and reading.note == "is down"


def test_what_cannot_be_read_leaves_the_claim_open() -> None:
    (tested,) = claims.test([scenario(read={"depth": "hypervisor"}, of="docker", equals=1)])
    assert tested.verdict == OPEN
    assert "there is no hypervisor" in tested.holds[0].open_because


# ---- the lecture's claims


def test_all_claims_of_the_lecture_are_without_mistakes_and_in_its_order() -> None:
    found = claims.chosen(())
    topics = [claims.claimed(each).topic for each in found]
    assert topics == sorted(topics, key=list(claims.TOPICS).index)
    assert len(found) >= 25 and set(topics) >= {"native", "hosted", "uses", "jvm", "containers", "comparison"}
    assert found[0].name == "native-is-the-lowest-layer"


def test_a_name_that_no_claim_has() -> None:
    with pytest.raises(UsageError, match="did you mean 'prototyping'"):
        claims.chosen(["xprototyping"])


def test_the_page_has_every_claim_with_each_of_its_comparisons_in_order() -> None:
    page = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    plain = page.replace("\\", "")
    found = claims.chosen(())
    assert re.findall(r"^### (.+)$", page, re.MULTILINE) == [each.name for each in found]
    assert page.count("Verdict: **") == len(found) and "*open*" not in page
    for each in found:
        claim = claims.claimed(each)
        section = plain.partition(f"### {each.name}\n")[2].partition("\n### ")[0]
        assert f"> {claim.statement}" in section
        for comparison in (*claim.holds, *claim.fails):
            assert f": {comparison.says}. " in section, f"{each.name}: write the page anew: virtlab claims --page"


def test_how_to_write_a_claim_tells_every_kind_of_evidence() -> None:
    text = (ROOT / "docs" / "write-a-claim.md").read_text(encoding="utf-8")
    for name, kind in kinds().items():
        (row,) = re.findall(rf"^\| `{name}` \| (.*)$", text, re.MULTILINE)
        assert kind.ABOUT in row
        for option in kind.OPTIONS:
            assert f"`{option}`" in row, (name, option)
