"""The explorer: from a question to a scenario to an answer, processes that hang or crash, and what a server refuses."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest
import yaml

import simulator as vl
from simulator.budget import Budget
from simulator.catalog import Catalog
from simulator.errors import RunError, UsageError
from simulator.explorer import choices, pace
from simulator.explorer.answering import Explorer
from simulator.explorer.asking import ask
from simulator.explorer.question import Mistaken, Question, read
from simulator.explorer.server import LARGEST_BYTES, Server, open_server
from simulator.explorer.visitors import Visitors
from simulator.explorer.workers import LATER, NOW, Unwanted, Workers

SMALL = {"workload": "compression", "stacks": ["linux-6 |", "linux-6 | docker", "linux | kvm / linux"]}
BUDGET = Budget(wall_s=1.0)


@pytest.fixture(scope="module")
def explorer() -> Iterator[Explorer]:
    """With as much time as a busy machine wants."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulator.explorer.answering.BUDGET", Budget(events=1_000_000, wall_s=60.0))
        made = Explorer(1)
        yield made
        made.close()


@pytest.fixture(scope="module")
def server(explorer: Explorer) -> Iterator[Server]:
    made = open_server("127.0.0.1", 0, explorer, exactly=True)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def _mistakes(question: dict[str, Any], catalog: Catalog) -> dict[str, str]:
    with pytest.raises(Mistaken) as caught:
        ask(read(question), catalog)
    return {each.field: f"{each.message} ({each.remedy})" for each in caught.value.mistakes}


# ---- from a question to an answer


def test_the_numbers_are_those_of_the_scenario_that_is_given_away(explorer: Explorer, tmp_path: Path) -> None:
    question = read({**SMALL, "neighbour": "cpu-hog", "neighbours": 2, "parameters": {"working_set_bytes": 2**20}})
    answer = explorer.answer(question)
    results = vl.run(answer["scenario"], out=tmp_path, replications=1, on="serial", progress=False)
    expected = results.summary()
    for stack in answer["stacks"]:
        rows = expected[(expected["stack"] == stack["label"]) & (expected["tenant"] == "app")]
        alone, beside = (rows[rows["tenants.neighbour.count"] == count].iloc[0] for count in (0, 2))
        assert stack["value"] == alone["mean"]
        assert stack["overhead_percent"] == pytest.approx(alone["overhead_percent"], abs=1e-9)
        assert stack["beside"]["value"] == beside["mean"]
        assert stack["beside"]["loss_percent"] == pytest.approx(100 - 100 * beside["mean"] / alone["mean"], abs=1e-9)
    assert [stack["label"] for stack in answer["stacks"]] == ["bare metal", "docker-27", "kvm-6"]


def test_where_the_time_goes_adds_up_to_the_baseline(explorer: Explorer) -> None:
    base, *others = explorer.answer(read(SMALL))["stacks"]
    assert base["baseline"] and base["overhead_percent"] == 0.0
    assert sum(part["relative"] for part in base["where"]) == pytest.approx(1.0)
    assert all(sum(part["relative"] for part in other["where"]) > 1.0 for other in others)
    assert {part["layer"] for part in others[1]["where"]} >= {"program", "kvm-6", "linux-6", "linux-6 (host)"}


def test_what_was_simulated_before_is_remembered(explorer: Explorer) -> None:
    explorer.answer(read(SMALL))
    again = explorer.answer(read({**SMALL, "stacks": [*SMALL["stacks"], "xen | linux"]}))
    assert (again["runs"], again["remembered"]) == (4, 3)


def test_a_stack_that_cannot_be_built_does_not_keep_the_others_from_being_drawn(explorer: Explorer) -> None:
    answer = explorer.answer(read({**SMALL, "stacks": ["linux | doker", "linux-6 |", "linux | (("]}))
    assert [(stack["number"], stack["baseline"]) for stack in answer["stacks"]] == [(1, True)]
    assert [each["field"] for each in answer["mistakes"]] == ["stacks.0", "stacks.2"]
    assert "did you mean" in answer["mistakes"][0]["remedy"]


def test_a_neighbour_in_machine_code_stands_beside_a_java_virtual_machine(explorer: Explorer) -> None:
    asked = explorer.ask(read({**SMALL, "stacks": ["linux-6 |", "linux | hotspot"], "neighbour": "cpu-hog"}))
    assert asked.scenario.data["stacks"]["hotspot-24"] == {"app": "linux | hotspot", "neighbour": "linux |"}


def test_tenants_share_what_stands_between_two_bars(explorer: Explorer) -> None:
    question = read({**SMALL, "stacks": ["linux-6 |", "linux | kvm / linux | docker"], "neighbour": "cpu-hog"})
    tree = explorer.answer(question)["stacks"][1]["tree"]
    shared = {node["name"] for node in tree if len(node["users"]) == 2}
    assert shared == {"linux-6", "kvm-6"}


@pytest.mark.parametrize(
    ("wall_s", "expected"),
    [
        ({None: 0.1}, None),  # ends soon: to its end
        ({0.01: 0.01, 0.02: 0.02, 0.05: 0.05, 0.1: 0.1, 0.2: 0.2, 0.5: 0.4}, 0.5),  # the first that takes its time
        ({0.01: 0.01, 0.02: 0.02}, 0.02),  # the last that is done in time
        ({}, 0.01),  # nothing is
        (dict.fromkeys(pace.LADDER_S, 0.01), 10.0),  # everything is
    ],
)
def test_how_long_to_simulate_is_found(
    explorer: Explorer, wall_s: dict[float | None, float], expected: float | None
) -> None:
    def run(point: Mapping[str, Any], budget: Budget) -> Mapping[str, Any]:
        taken_s = wall_s.get(point["duration_s"])
        return {"error": "over budget"} if taken_s is None else {"wall_s": taken_s}

    assert pace.duration_s(read({**SMALL, "duration_s": 3.0}), explorer.ask, run) == expected


def test_a_program_without_end_is_given_a_duration(explorer: Explorer) -> None:
    endless = explorer.answer(read({"workload": "cpu-hog", "stacks": ["linux-6 |"], "pace": True}))
    assert 0.01 <= endless["question"]["duration_s"] <= 10.0
    assert endless["stacks"][0]["value"] > 0.0


def test_what_takes_too_long_says_so(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.explorer.answering.BUDGET", Budget(events=50, wall_s=5.0))
    (stack,) = explorer.answer(read({"workload": "key-value-store", "stacks": ["linux-6 |"], "seed": 77}))["stacks"]
    assert stack["word"] == "over budget"
    assert stack["value"] is None and stack["overhead_percent"] is None


# ---- mistakes, each beside its field


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"machine": "laptop-2052"}, "machine", "did you mean"),
        ({"workload": "key-value"}, "workload", "did you mean"),
        ({"neighbour": "cpu-hogg"}, "neighbour", "did you mean"),
        ({"parameters": {"customers": 3}}, "parameters.customers", "there are"),
        ({"memory_gib": 4000}, "memory_gib", "larger than its host"),
        ({"workload": "java-server", "stacks": ["linux-6 |"]}, "stacks.0", "put a bytecode on top"),
    ],
)
def test_a_mistake_stands_at_its_field(explorer: Explorer, change: dict[str, Any], field: str, words: str) -> None:
    kvm = {"stacks": ["linux | kvm / linux"]} if "memory_gib" in change else {}
    found = _mistakes({**kvm, **change}, explorer.catalog)
    assert words in found[field]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([], ""),
        ({"stacks": []}, "stacks"),
        ({"stacks": "linux |"}, "stacks"),
        ({"vcpus": 1.5}, "vcpus"),
        ({"vcpus": True}, "vcpus"),
        ({"weight": float("nan")}, "weight"),
        ({"intensity": 2}, "intensity"),
        ({"vcpus": 10**400}, "vcpus"),
        ({"parameters": {"x": 10**400}}, "parameters"),
        ({"workload": "a\nb"}, "workload"),
        ({"parameters": {"x": "1"}}, "parameters"),
        ({"file": "/etc/passwd"}, "file"),
    ],
)
def test_what_is_not_of_its_form_is_refused(data: object, field: str) -> None:
    with pytest.raises(Mistaken) as caught:
        read(data)
    assert [each.field for each in caught.value.mistakes] == [field]


# ---- what there is to choose


def test_choices_are_the_catalog(explorer: Explorer) -> None:
    catalog = explorer.catalog
    found = choices.names(catalog)
    assert found["workloads"] == catalog.names("workloads") and "cpu-hog" in found["stressors"]
    assert found["question"] == Question().data()
    assert choices.titles(catalog)["layers"]["kvm-6"] == catalog.title("layers", "kvm-6")
    assert choices.machine(catalog, "laptop-2025") == {"name": "laptop-2025", "memory_gib": 32.0, "cores": 8}
    numbers = choices.workload(catalog, "key-value-store", "laptop-2025")["parameters"]
    assert numbers[0]["name"] == "clients_count" and (numbers[0]["low"], numbers[0]["high"]) == (1.0, 500.0)


def test_a_stack_is_found_for_each_product_that_can_run_a_workload(explorer: Explorer) -> None:
    found = {each["stack"] for each in explorer.stacks("java-server", "laptop-2025")}
    assert found == {"linux-6 | hotspot-24", "linux-6 | zulu-crac-17"}


# ---- processes


def hang(point: object, budget: object) -> dict[str, Any]:
    """Does not answer."""
    time.sleep(60)
    return {}


def crash(point: object, budget: object) -> dict[str, Any]:
    """Is gone, unless it is asked gently."""
    if point == {"gently": True}:
        return {"well": True}
    os._exit(7)


@pytest.mark.parametrize(("target", "words"), [("hang", "did not answer"), ("crash", "exit code 7")])
def test_a_process_that_hangs_or_crashes_is_replaced(target: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.explorer.workers.GRACE_S", 0.3 if target == "hang" else 20.0)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    workers = Workers(1, f"test_explorer:{target}")
    try:
        with pytest.raises(RunError, match=words):
            workers.submit({}, Budget(wall_s=0.2), lambda: True).result(timeout=60)
        if target == "crash":
            again = workers.submit({"gently": True}, Budget(wall_s=30.0), lambda: True).result(timeout=60)
            assert again["well"]
    finally:
        workers.close()
    assert not any(_lives(process) for process in workers.processes)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_who_waits_for_a_run_is_told_that_the_processes_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]))
    workers = Workers(1, "test_explorer:hang")
    runs = [workers.submit({}, Budget(wall_s=60.0), lambda: True) for _ in range(3)]
    workers.close()
    for each in runs:
        with pytest.raises((RunError, CancelledError)):
            each.result(timeout=5)


def test_what_nobody_waits_for_is_not_begun() -> None:
    visitors = Visitors()
    first = visitors.asks("page", 1)
    assert first()
    second = visitors.asks("page", 2)
    assert second() and not first() and visitors.asks("another", 1)()
    workers = Workers(1)
    try:
        with pytest.raises(Unwanted):
            workers.submit({}, BUDGET, first, LATER).result(timeout=60)
    finally:
        workers.close()
    assert NOW < LATER


# ---- the server


def _asked(server: Server, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if data is not None:
        given = {"Content-Type": "application/json", **given}
    connection.request(method, path, data, given)
    reply = connection.getresponse()
    found = reply.status, reply.read()
    connection.close()
    return found


def test_a_question_is_answered_over_http(server: Server) -> None:
    code, body = _asked(server, "POST", "/api/answer", {"page": "a", "number": 1, "question": SMALL})
    assert code == 200
    answer = json.loads(body)
    assert yaml.safe_load(answer["scenario"])["machine"] == "laptop-2025"
    code, body = _asked(server, "POST", "/api/answer", {"page": "a", "number": 2, "question": {"workload": "nothing"}})
    assert code == 200 and [each["field"] for each in json.loads(body)["mistakes"]] == ["workload"]
    assert json.loads(_asked(server, "GET", "/api/choices")[1])["machines"]
    assert "mistakes" in json.loads(_asked(server, "GET", "/api/workload?name=nothing&machine=laptop-2025")[1])


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda *_: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda *_: {"overhead_percent": float("nan")}, "ValueError"),  # JSON has no such number
    ],
)
def test_a_defect_is_said_and_the_server_goes_on(
    server: Server, monkeypatch: pytest.MonkeyPatch, broken: Any, words: str
) -> None:
    question = {"page": "d", "number": 1, "question": SMALL}
    with monkeypatch.context() as patch:
        patch.setattr("simulator.explorer.numbers.drawn", broken)
        code, body = _asked(server, "POST", "/api/answer", question)
    assert code == 500 and json.loads(body)["error"].startswith(f"a defect of virtlab: {words}")
    assert _asked(server, "POST", "/api/answer", question)[0] == 200


def test_the_pages_of_other_sites_are_refused(server: Server) -> None:
    question = {"page": "b", "number": 1, "question": SMALL}
    here = f"127.0.0.1:{server.server_port}"
    assert _asked(server, "GET", "/", Host="evil.example")[0] == 421
    assert _asked(server, "GET", "/", Host=f"evil.example:{server.server_port}")[0] == 421
    assert _asked(server, "GET", "/", Host="127.0.0.1:1")[0] == 421
    assert _asked(server, "GET", "/", Host="[")[0] == 421
    assert _asked(server, "GET", "/", Host=f"localhost:{server.server_port}")[0] == 200
    assert _asked(server, "POST", "/api/answer", question, Origin="http://evil.example")[0] == 403
    assert _asked(server, "POST", "/api/answer", question, Origin="null")[0] == 403
    assert _asked(server, "POST", "/api/answer", question, Sec_Fetch_Site="cross-site")[0] == 403
    assert _asked(server, "POST", "/api/answer", question, Content_Type="text/plain")[0] == 415
    assert _asked(server, "POST", "/api/answer", question, Origin=f"http://{here}")[0] == 200


def test_nothing_but_the_page_is_given_out_and_requests_are_bounded(server: Server) -> None:
    for path in ("/../server.py", "/page/index.html", "/%2e%2e/server.py", "/etc/passwd", "/index.html"):
        assert _asked(server, "GET", path)[0] == 404
    assert _asked(server, "POST", "/api/answer", b"x" * (LARGEST_BYTES + 1))[0] == 413
    assert _asked(server, "POST", "/api/answer", b"[" * 20_000)[0] == 400
    assert _asked(server, "POST", "/api/answer", {"question": {}})[0] == 400
    assert _asked(server, "POST", "/api/answer", b'{"page": "c", "number": 1e999, "question": {}}')[0] == 400
    assert _asked(server, "GET", "ftp://[/")[0] == 400
    assert _asked(server, "POST", "ftp://[/", SMALL)[0] == 404
    assert _asked(server, "DELETE", "/")[0] == 501


def test_a_port_in_use(server: Server, explorer: Explorer) -> None:
    taken = server.server_port
    with pytest.raises(UsageError, match=f"port {taken} is in use"):
        open_server("127.0.0.1", taken, explorer, exactly=True)
    other = open_server("127.0.0.1", taken, explorer, exactly=False)
    other.server_close()
    assert taken < other.server_port <= taken + 20
    for nowhere in ("no.such.host.invalid", ""):
        with pytest.raises(UsageError, match="no address"):
            open_server(nowhere, 0, explorer, exactly=True)


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", False), ("127.1", False), ("0.0.0.0", True)])
def test_it_knows_whether_others_can_reach_it(explorer: Explorer, host: str, expected: bool) -> None:
    made = open_server(host, 0, explorer, exactly=True)
    made.server_close()
    assert made.open_to_others is expected
