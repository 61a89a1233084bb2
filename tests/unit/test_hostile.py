"""Files that nobody means well with, one kind each: refused where the mistake stands, before it costs anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.errors import ScenarioError
from simulator.scenario import Scenario, load

CATALOG = Catalog()
HEAD = "version: 1\nmachine: laptop-2025\nstacks: {native: linux-6 |}\n"
TENANTS = "tenants: {app: {workload: kernel-build}}\n"
MAPPING: dict[str, Any] = {
    "machine": "laptop-2025", "stacks": {"native": "linux-6 |"}, "tenants": {"app": {"workload": "kernel-build"}},
}  # fmt: skip
LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


def brief(value: object) -> str:
    """The name of a case."""
    return ascii(value[:30]) if isinstance(value, str | bytes) else type(value).__name__


def said(text: str | bytes | Path, folder: Path) -> list[str]:
    """What is said about a file."""
    file = text if isinstance(text, Path) else folder / "bad.yaml"
    if not isinstance(text, Path):
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ScenarioError) as caught:
        load(file, catalog=CATALOG)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "bad.yaml:16:18: has more than 200,000 values, the most that is read, aliases written out"),
        ("a: " + "[" * 100_000, "bad.yaml:1:67: stands more than 64 levels deep"),
        ("- " * 100_000, "bad.yaml:1:129: stands more than 64 levels deep"),
        ("a: [" + "1, " * 201_000 + "]", "bad.yaml:1:599996: has more than 200,000 values"),
        ("a: " + "x" * 5_000_000, "bad.yaml:1:1: is longer than 4,000,000 bytes"),
        ("a: &a [*a]", "bad.yaml:1:4: a[0]: contains itself"),
        ("a: *b", "bad.yaml:1:4: is not YAML: no anchor is called 'b'"),
        ("a: 1\n---\nb: 1", "bad.yaml:2:1: is not YAML: a second document begins here"),
        ("a: 1\nb: \0", "bad.yaml:2:4: has a character that no text has, U+0000"),
        (b"a: 1\nb: \xff\xfe", "bad.yaml:2:4: is not UTF-8: invalid start byte"),
        ("a: 1".encode("utf-16"), "bad.yaml:1:1: is not UTF-8: invalid start byte"),
        ('a: "\\0"', "bad.yaml:1:1: a: has a character that no text has, U+0000"),
        ('a: "\\ud800"', "bad.yaml:1:7: is not YAML: found invalid Unicode character escape code"),
        ('"a\\nb": 1', "bad.yaml:1:1: a\\nb: has line breaks"),
        ("? " + "k" * 1000 + "\n: 1", "is longer than 200 characters, the most that a name may have"),
        ("? [a, b]\n: 1", "bad.yaml:1:3: (sequence): is a sequence and so no key"),
        ("a: !!python/object:os.system x", "bad.yaml:1:1: a: has the tag 'tag:yaml.org,2002:python/object:os.system'"),
        (HEAD + TENANTS + f"seed: {'9' * 5000}", "bad.yaml:5:1: seed: 99999999999"),
        (HEAD + TENANTS + f"seed: {'9' * 50}", "bad.yaml:5:1: seed: 9999999999"),
        (HEAD + TENANTS + f"duration: {'9' * 5000} s", "bad.yaml:5:1: duration: '9999999"),
        (HEAD + TENANTS + "replications: 1000000000", "bad.yaml:5:1: replications: 1 points give 1,000,000,000 runs"),
        ("", "bad.yaml:1:1: is empty (begin with 'version: 1')"),
    ],
    ids=brief,
)  # fmt: skip
def test_a_file_that_is_too_much_is_refused_at_its_place(tmp_path: Path, text: str | bytes, message: str) -> None:
    found = said(text, tmp_path)
    assert any(message in each for each in found), found
    assert all(len(each) < 1000 for each in found)


@pytest.mark.parametrize(
    ("tenants", "message"),
    [
        ("{app: {workload: kernel-build, count: 1000000000}}",
         "4:41: tenants.app.count: there are 1,000,000,000 tenants in all points together, more than 300,000"),
        ("{app: {workload: kernel-build, weight: %(l)s, memory_weight: %(l)s, disk_weight: %(l)s, vcpus: %(l)s}}",
         "tenants.app.weight: 1,000,000,000,000 points, more than 100,000: tenants.app.weight (1,000) x"),
        ("{a: {workload: kernel-build, weight: %(l)s}, b: {workload: kernel-build, weight: %(l)s}}",
         "tenants.a.weight: 1,000,000 points, more than 100,000: tenants.a.weight (1,000) x tenants.b.weight (1,000)"),
        ("{app: {workload: kernel-build, cpus: '0-65535,0-65535,0-65535'}}",
         "4:41: tenants.app.cpus: '0-65535,0-65535,0-65535' is no set of processors"),
        ("{app: {workload: kernel-build, group: 'a]/b'}}", "4:41: tenants.app.group: cannot be the name of a group"),
        ("{'../../app': {workload: kernel-build}}", "4:11: tenants.../../app: cannot be the name of a tenant"),
        ("{app: {workload: lat-10ms-1ms, limits: {linux-6: {memory_bytes: 1.2.3 x pieces}}}}",
         "tenants.app.limits.linux-6.memory_bytes: "),
    ],
    ids=brief,
)  # fmt: skip
def test_a_tenant_that_is_too_much_is_refused_at_its_place(tmp_path: Path, tenants: str, message: str) -> None:
    text = HEAD + "tenants: " + tenants.replace("%(l)s", str(list(range(1, 1001)))) + "\n"
    found = said(text, tmp_path)
    assert any(message in each for each in found), found


@pytest.mark.parametrize(
    "stack", ["linux-6 " + "|" * 10_000, "linux-6" + "(" * 10_000, "linux-6 / " * 10_000], ids=brief
)
def test_a_stack_of_thousands_of_layers_is_refused(tmp_path: Path, stack: str) -> None:
    (found,) = said(HEAD.replace("linux-6 |", f"'{stack}'") + TENANTS, tmp_path)
    assert "bad.yaml:3:10: stacks.native: there are more than 1,000 characters" in found and len(found) < 300


def test_a_machine_of_a_billion_processors_is_refused(tmp_path: Path) -> None:
    text = HEAD.replace("laptop-2025", "{base: laptop-2025, devices: {cpu: {cores: 1e9}}}") + TENANTS
    assert any("2:46: machine.devices.cpu.cores: 1e+09 processors are more" in each for each in said(text, tmp_path))


def test_thousands_of_mistakes_are_counted_not_listed(tmp_path: Path) -> None:
    found = said(HEAD + TENANTS + "".join(f"k{n}: 1\n" for n in range(5000)), tmp_path)
    assert len(found) == 101 and "has 4,900 more mistakes (correct these first)" in found[-1]


@pytest.mark.parametrize("folder", ["scenarios", "pools"])
def test_thousands_of_mistakes_are_counted_also_where_nothing_can_be_read(
    tmp_path: Path, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from simulator.cli import main

    file = tmp_path / folder / "bad.yaml"
    file.parent.mkdir()
    file.write_text("[1]: 2\n" * 5000)
    assert main(["check", str(file)]) == 2
    said = capsys.readouterr().err
    assert said.count("is a sequence and so no key") == 100 and "has 4,900 more mistakes" in said


def test_points_are_refused_however_long_their_number_is(tmp_path: Path) -> None:
    numbers = ", ".join(f"n{number}: [1, 2]" for number in range(15_000))
    found = said(HEAD + f"tenants: {{app: {{workload: kernel-build, parameters: {{{numbers}}}}}}}\n", tmp_path)
    assert len(found) == 1 and "n0: about 10^4515 points, more than 100,000: tenants.app.parameters.n0 (2)" in found[0]


def test_a_key_of_an_image_that_nobody_knows_is_refused_at_its_place(tmp_path: Path) -> None:
    text = HEAD + "tenants: {app: {workload: kernel-build, image: {nam: nginx-1.27}}}\n"
    found = said(text, tmp_path)
    assert any("4:49: tenants.app.image.nam: is not known here (did you mean 'name'?)" in each for each in found), found
    assert any("tenants.app.image.name: is missing" in each for each in found), found


def test_mistakes_of_text_and_of_sense_at_one_place_are_one_mistake(tmp_path: Path) -> None:
    assert said(HEAD + TENANTS + 'warmup: "\\x01"\n', tmp_path) == [
        "bad.yaml:5:1: warmup: has a character that no text has, U+0001 (remove it)"
    ]


@pytest.mark.parametrize("path", ["x" * 5000, "no\0where", "no/" * 2000 + "x", "."], ids=brief)
def test_a_path_that_cannot_be_one(path: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"cannot be read|no path of a file|no such file") as caught:
        load(path, catalog=CATALOG)
    assert len(str(caught.value)) < 1000


def _nested(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = [found]
    return found


def _shared(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = [found, found]
    return found


def _ring() -> Any:
    ring: list[Any] = []
    ring.append(ring)
    return ring


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (_nested(100_000), "values more than 64 levels deep"),
        (_shared(60), "more than 200,000 values"),
        (_ring(), "values more than 64 levels deep"),
        ("x" * 5_000_000, "or 4,000,000 characters"),
        (10**5000, "a number that is larger"),
        (float("nan"), "Out of range float values"),
        ("a\ud800", "a character that no text has, U+D800"),
        ({3: 4}, "the key 3 is not a text"),
        ({"a\nb": 4}, "is no key"),
        (object(), "is a object"),
    ],
    ids=brief,
)
def test_a_mapping_may_hold_no_more_than_a_file(value: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match="holds what no file could") as caught:
        Scenario.from_mapping({**MAPPING, "figures": value}, catalog=CATALOG)
    assert message in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize("name", ["../elsewhere", "..", "a/b", "a\\b", "a\nb", "x" * 1000], ids=brief)
def test_results_stay_in_their_folder_whatever_a_scenario_is_called(name: str) -> None:
    with pytest.raises(ScenarioError, match="is no name that a folder of results could have"):
        Scenario.from_mapping(MAPPING, name=name, catalog=CATALOG)


def test_an_override_may_hold_no_more_than_a_file() -> None:
    with pytest.raises(ScenarioError, match="override: holds what no file could"):
        load(MAPPING, overrides={"figures": _nested(1000)}, catalog=CATALOG)


def test_a_file_is_read_once_so_that_it_may_be_a_pipe(tmp_path: Path) -> None:
    import os
    import threading

    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(HEAD + TENANTS,))
    writer.start()
    assert load(pipe, catalog=CATALOG).text == HEAD + TENANTS
    writer.join()


@pytest.mark.parametrize("kind", ["workloads", "machines", "pools"])
@pytest.mark.parametrize(
    "text", [LAUGHS, "a: " + "[" * 100_000, "a: \0", "x: &x [*x]", "", "a: " + "9" * 9999], ids=brief
)
def test_files_of_catalogs_and_pools_are_read_as_carefully(
    tmp_path: Path, kind: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from simulator.cli import main

    file = tmp_path / kind / "bad.yaml"
    file.parent.mkdir()
    file.write_text(text)
    assert main(["check", str(file)]) == 2
    said = capsys.readouterr().err
    assert "bad.yaml" in said and "Traceback" not in said and len(said) < 4000
