"""Inclusion of shared parts: what wins, where mistakes are said to stand, and what is kept of it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.batch.manifest import describe
from simulator.catalog import Catalog
from simulator.cli import main
from simulator.errors import ScenarioError
from simulator.scenario import Scenario, load

CATALOG = Catalog()
MACHINE = "machine: laptop-2025\n"
STACKS = "stacks: {native: linux-6 |}\n"
TENANTS = "tenants: {app: {workload: kernel-build}}\n"


def write(folder: Path, **files: str) -> Path:
    """Writes files; the first is the scenario."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.yaml"


def mistakes(path: Path) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load(path, catalog=CATALOG)
    return [str(problem).replace(f"{path.parent}/", "") for problem in caught.value.problems]


def test_a_scenario_is_the_same_in_one_file_and_in_parts(tmp_path: Path) -> None:
    whole = write(tmp_path, whole="version: 1\ntitle: t\n" + MACHINE + STACKS + TENANTS)
    parted = write(
        tmp_path,
        parted="version: 1\ntitle: t\ninclude: [parts/machine.yaml, parts/stacks.yaml]\n" + TENANTS,
        parts__machine=MACHINE,
        parts__stacks=STACKS,
    )
    one, other = load(whole, catalog=CATALOG), load(parted, catalog=CATALOG)
    assert [{**each, "scenario": ""} for each in one.points()] == [{**each, "scenario": ""} for each in other.points()]


def test_mappings_are_merged_key_by_key_and_lists_replaced(tmp_path: Path) -> None:
    scenario = write(
        tmp_path,
        mine="version: 1\ninclude: part.yaml\ntenants: {app: {weight: [3, 4]}, more: {workload: kernel-build}}\n",
        part=MACHINE + STACKS + "tenants: {app: {workload: kernel-build, weight: [1, 2, 5], vcpus: 2}}\n",
    )
    data = load(scenario, catalog=CATALOG).data
    app = {"workload": "kernel-build", "weight": [3, 4], "vcpus": 2}
    assert data["tenants"] == {"app": app, "more": {"workload": "kernel-build"}}
    assert "include" not in data and load(data, catalog=CATALOG).points()


def test_a_later_part_wins_over_an_earlier_one_and_the_file_over_all(tmp_path: Path) -> None:
    scenario = write(
        tmp_path,
        mine="version: 1\ninclude: [one.yaml, two.yaml]\nseed: 3\n" + TENANTS,
        one=MACHINE + STACKS + "seed: 1\nreplications: 1\nduration: 1 s\n",
        two="seed: 2\nreplications: 2\n",
    )
    found = load(scenario, catalog=CATALOG)
    assert (found.seed, found.replications, found.data["duration"]) == (3, 2, "1 s")


def test_an_override_of_a_part_leaves_the_order_of_its_tenants_and_stacks(tmp_path: Path) -> None:
    scenario = write(
        tmp_path,
        mine="version: 1\ninclude: part.yaml\nstacks: {second: linux-6 | docker-27}\n",
        part=MACHINE + TENANTS + "stacks: {first: linux-6 |, second: linux-6 |}\n",
    )
    assert load(scenario, catalog=CATALOG).baseline == "first"


def test_what_a_file_says_of_itself_stays_its_own(tmp_path: Path) -> None:
    part = "version: 1\ntitle: A part\nquestion: none\n" + MACHINE + STACKS
    scenario = load(write(tmp_path, mine="version: 1\ninclude: part.yaml\n" + TENANTS, part=part), catalog=CATALOG)
    assert (scenario.title, scenario.question) == ("mine", "")


def test_paths_are_relative_to_the_file_in_which_they_stand(tmp_path: Path) -> None:
    scenario = write(
        tmp_path,
        mine="version: 1\ninclude: parts/all.yaml\n" + TENANTS,
        parts__all="include: [deeper/machine.yaml, ../stacks.yaml]\n",
        parts__deeper__machine=MACHINE,
        stacks=STACKS,
    )
    found = load(scenario, catalog=CATALOG)
    assert list(found.includes) == ["parts/all.yaml", "parts/deeper/machine.yaml", "stacks.yaml"]


@pytest.mark.parametrize("form", ["text", "mapping"])
def test_texts_and_mappings_include_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    write(tmp_path, part=MACHINE + STACKS)
    monkeypatch.chdir(tmp_path)
    text = "version: 1\ninclude: part.yaml\n" + TENANTS
    mapping = {"include": ["part.yaml"], "tenants": {"app": {"workload": "kernel-build"}}}
    found = load(text if form == "text" else mapping, catalog=CATALOG)
    assert found.includes == {"part.yaml": MACHINE + STACKS}


def test_the_texts_of_the_parts_are_kept_in_the_manifest(tmp_path: Path) -> None:
    found = load(write(tmp_path, mine="version: 1\ninclude: part.yaml\n" + TENANTS, part=MACHINE + STACKS))
    kept = json.loads(json.dumps(describe(found, found.points(), "identity", "code", "command")))["scenario"]
    assert kept["includes"] == {"part.yaml": MACHINE + STACKS} and "include: part.yaml" in kept["text"]


# ---------------------------------------------------------------- mistakes


def test_a_mistake_is_said_to_stand_in_the_file_where_it_stands(tmp_path: Path) -> None:
    scenario = write(
        tmp_path,
        mine="version: 1\ninclude: part.yaml\ntenants:\n  app: {wait: 3}\n",
        part=MACHINE + "stacks:\n  native: linux-66 |\ntenants:\n  app:\n    workload: kernel-bild\n",
    )
    found = "\n".join(mistakes(scenario))
    assert "part.yaml:3:3: stacks.native: no layer is called 'linux-66'" in found
    assert "mine.yaml:4:9: tenants.app.wait: is not known here" in found
    assert "part.yaml:6:5: tenants.app.workload: no workload is called 'kernel-bild'" in found or "wait" in found


def test_a_value_that_replaces_one_is_blamed_in_its_own_file(tmp_path: Path) -> None:
    scenario = write(
        tmp_path,
        mine="version: 1\ninclude: part.yaml\n" + TENANTS + "duration: 3 GHz\n",
        part="duration: [1 s, 2 s]\n" + MACHINE + STACKS,
    )
    assert mistakes(scenario) == [
        "mine.yaml:4:1: duration: 'GHz' is a unit of frequency (here a time is wanted, e.g. '30 ms')"
    ]


@pytest.mark.parametrize(
    ("include", "message"),
    [
        ("party.yaml", "mine.yaml:2:1: include: there is no file party.yaml (did you mean 'part.yaml'"),
        ("[part.yaml, no]", "mine.yaml:2:22: include[1]: there is no file no (there are: "),
        ("[.]", "mine.yaml:2:11: include[0]: "),
        ("[3]", "mine.yaml:2:11: include[0]: 3 is no path of a file"),
        ("[[part.yaml]]", "mine.yaml:2:11: include[0]: ['part.yaml'] is no path of a file"),
        ("null", "mine.yaml:2:1: include: None is no path of a file"),
        ("{a: b}", "mine.yaml:2:1: include: {'a': 'b'} is no path of a file"),
        ("broken.yaml", "broken.yaml:2:1: is not YAML: "),
        ("list.yaml", "list.yaml:1:1: ['a'] is not a mapping"),
        ("other.yaml", "other.yaml:1:1: version: of a part is not known"),
        ("mine.yaml", "mine.yaml:2:1: include: includes itself: mine.yaml -> mine.yaml (remove one of these"),
        ("ring.yaml", "ring.yaml:1:11: include[0]: includes itself: ring.yaml -> gnir.yaml"),
        ('"a\\nb"', "mine.yaml:2:1: include: 'a\\nb' is no path of a file"),
        ("x" * 5000, "cannot be read: File name too long"),
    ],
)
def test_an_include_that_cannot_be(tmp_path: Path, include: str, message: str) -> None:
    scenario = write(
        tmp_path,
        mine=f"version: 1\ninclude: {include}\n" + MACHINE + STACKS + TENANTS,
        part="seed: 1\n",
        broken="a: [\n",
        list="[a]\n",
        other="version: 2\n",
        ring="include: [gnir.yaml]\n",
        gnir="include: [ring.yaml]\n",
    )
    found = "\n".join(mistakes(scenario))
    place, _, rest = message.partition("includes itself")
    assert message in found or (rest and place.split(":", 1)[1] in found and "includes itself" in found)
    assert len(found) < 2000


def test_a_chain_of_parts_ends_somewhere(tmp_path: Path) -> None:
    links = {f"part{number}": f"include: part{number + 1}.yaml\n" for number in range(50)}
    scenario = write(tmp_path, mine="version: 1\ninclude: part0.yaml\n" + TENANTS, **links)
    assert any("part in a row, and 10 are the most" in each for each in mistakes(scenario))


def test_parts_of_parts_do_not_multiply_without_end(tmp_path: Path) -> None:
    names = [f"part{number}" for number in range(9)]
    links = {name: f"include: [{after}.yaml, {after}.yaml, {after}.yaml]\n" for name, after in pairwise(names)}
    scenario = write(tmp_path, mine="version: 1\ninclude: part0.yaml\n" + TENANTS, **links, part8="seed: 1\n")
    assert any("is one part too many: 100 are the most" in each for each in mistakes(scenario))


def test_thousands_of_mistakes_of_a_part_are_told_once_however_often_it_is_included(tmp_path: Path) -> None:
    part = "seed: 1\n" * 10_001
    scenario = write(tmp_path, mine="version: 1\ninclude: [part.yaml, part.yaml, part.yaml]\n" + TENANTS, part=part)
    found = mistakes(scenario)
    assert len(found) == 101 and "has 9,902 more mistakes" in found[-1]


def test_an_include_cannot_be_overridden(tmp_path: Path) -> None:
    scenario = write(tmp_path, mine="version: 1\n" + MACHINE + STACKS + TENANTS)
    with pytest.raises(ScenarioError, match="include: is read before anything is overridden"):
        load(scenario, overrides={"include": "part.yaml"}, catalog=CATALOG)


# ---------------------------------------------------------------- commands


def test_check_takes_a_part_for_a_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, parts__good=MACHINE, parts__bad="machinee: laptop-2025\ntenants: {app: {weight: -1}}\n")
    assert main(["check", str(tmp_path / "parts" / "good.yaml")]) == 0
    assert "ok: a part with machine" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "parts" / "bad.yaml")]) == 2
    said = capsys.readouterr().err
    assert "bad.yaml:1:1: machinee: is not known here (did you mean 'machine'?)" in said
    assert "bad.yaml:2:17: tenants.app.weight: -1 is not a weight" in said


def test_no_part_is_listed_as_a_scenario(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "scenarios", mine="version: 1\ninclude: parts/part.yaml\n" + TENANTS, parts__part=MACHINE + STACKS)
    monkeypatch.chdir(tmp_path)
    assert main(["list", "scenarios"]) == 0
    listed = capsys.readouterr().out
    assert "mine.yaml" in listed and "part.yaml" not in listed


def test_a_mapping_with_an_include_names_its_mistakes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError, match=r"<mapping>: include: there is no file no\.yaml"):
        Scenario.from_mapping({"include": "no.yaml"}, catalog=CATALOG)
