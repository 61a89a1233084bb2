"""Letters between tenants: who gets them, what they cost by hand, and an application whose parts fail and come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import simpy

from simulator.demands import ReceiveLetter, SendLetter
from simulator.errors import ScenarioError
from simulator.experiment import build, run_point
from simulator.letters import Letter, PostOffice
from simulator.plans import Block, Enqueue, Move, Work, compiled
from simulator.records import names
from simulator.scenario import load

PROCESSES, DOCKER, KVM = "linux-6 |", "linux-6 | docker-27", "linux-6 | kvm-6 / linux-6"
FIRST, SECOND = Letter("a", "first", 1.0), Letter("a", "second", 2.0)


# ---- the post office


@pytest.fixture
def post() -> PostOffice:
    made = PostOffice(simpy.Environment().event)
    made.open("b", 1)
    return made


def test_letters_are_taken_in_the_order_in_which_they_came(post: PostOffice) -> None:
    post.deliver("b", "door", FIRST)
    post.deliver("b", "door", SECOND)
    assert [post.take("b", door) for door in ("other", "door", "door", "door")] == [None, FIRST, SECOND, None]


def test_who_waits_longest_gets_it(post: PostOffice) -> None:
    one, other = post.wait("b", "door"), post.wait("b", "door")
    post.give_up("b", "door", one)
    post.deliver("b", "door", FIRST)
    assert not one.triggered and other.value == FIRST


def test_who_is_down_gets_none_and_has_none_when_it_is_up_again(post: PostOffice) -> None:
    post.deliver("b", "door", FIRST)
    post.close("b")
    post.deliver("b", "door", SECOND)
    post.open("b", 1)
    assert post.take("b", "door") is None


def test_what_has_come_is_a_part_of_the_state_until_it_is_taken_for_good(post: PostOffice) -> None:
    post.deliver("b", "door", FIRST)
    post.deliver("b", "door", SECOND)
    assert post.take("b", "door") == FIRST
    kept = post.come("b")
    assert kept == {"door": (FIRST, SECOND)}
    post.taken("b", "door", FIRST)
    assert post.come("b") == {"door": (SECOND,)}
    post.close("b")
    post.put_back("b", kept)
    post.open("b", 1)
    assert post.take("b", "door") == FIRST


def test_a_tenant_on_the_same_machine_is_a_neighbour(post: PostOffice) -> None:
    assert post.peer("b", 1) == "neighbour" and post.peer("b", 2) == "far"
    assert post.peer("nobody", 2) == "neighbour"


# ---- what they cost


def application(stack: str, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    clients = {"clients_count": 2, "requests_count": 24, "think_s": "50 ms", "keys_count": 5, **more.pop("clients", {})}
    replica = {"data_bytes": "4 MiB", **more.pop("replica", {})}
    store = {"workload": {"name": "store-replica", "parameters": replica}, "memory": "512 MiB"}
    front_end = {"name": "store-front-end", "parameters": more.pop("front_end", {})}
    data = {
        "machine": "server-2025", "stacks": {"it": stack}, "duration": "3 s", "operations": list(operations),
        "tenants": {
            "clients": {"workload": {"name": "store-client", "parameters": clients}, "memory": "512 MiB", "vcpus": 1},
            "front-end": {"workload": front_end, "memory": "512 MiB", "vcpus": 1},
            "store-1": {**store, "vcpus": 1}, "store-2": {**store, "vcpus": 1},
        }, **more,
    }  # fmt: skip
    return load(data).points()[0]


def mechanisms(stack: str, demand: Any) -> dict[str, float]:
    """Cycles by mechanism of a demand that meets no other thread."""
    house = build(application(stack))
    plan = compiled(house.tops["clients"], demand)
    assert all(isinstance(each, Work) or (isinstance(each, Block) and each.time_s == 0.0) for each in plan)
    parts = (part for each in plan if isinstance(each, Work) for part in each.parts)
    return {part.key.mechanism: part.cycles for part in parts if part.cycles}


def figures(stack: str, product: str) -> dict[str, float]:
    found: dict[str, float] = application(stack)["layers"][product]["parameters"]
    return found


def test_a_letter_between_processes_goes_through_their_kernel_only() -> None:
    """64 B: a call, a copy and a packet down, a wake-up; a packet up, a copy and a call. No card, no interrupt."""
    kernel = figures(PROCESSES, "linux-6")
    sent = mechanisms(PROCESSES, SendLetter("store-1", "door", 64.0, 1448.0).data("neighbour"))
    assert sent["network_stack"] == kernel["packet_send_cycles"]
    assert sent["copy"] == pytest.approx(64 * kernel["copy_cycles_per_byte"])
    assert sent["wake_up"] == kernel["wake_cycles"]
    assert not {"driver", "interrupt"} & set(sent)
    received = mechanisms(PROCESSES, ReceiveLetter("door", 64.0, 1448.0).request("neighbour"))
    assert received["network_stack"] == kernel["packet_receive_cycles"]
    assert not {"driver", "interrupt"} & set(received)


def test_between_containers_it_passes_the_cable_of_each() -> None:
    """Once each; a request on a way that was not used for a while takes something more."""
    engine = figures(DOCKER, "docker-27")
    sent = mechanisms(DOCKER, SendLetter("store-1", "door", 64.0, 1448.0).data("neighbour"))
    assert sent["virtual_cable"] == engine["cable_cycles"]
    received = mechanisms(DOCKER, ReceiveLetter("door", 64.0, 1448.0).request("neighbour"))
    assert received["virtual_cable"] == pytest.approx(engine["cable_cycles"] + engine["cable_cold_cycles"])


def test_a_tunnel_is_left_out_on_one_machine() -> None:
    stack = "linux-6 | docker-swarm-27"
    assert "encapsulation" not in mechanisms(stack, SendLetter("store-1", "door", 64.0, 1448.0).data("neighbour"))
    house = build(application(stack))
    far = compiled(house.tops["clients"], SendLetter("store-1", "door", 64.0, 1448.0).data("far"))
    assert any(part.key.mechanism == "encapsulation" for each in far if isinstance(each, Work) for part in each.parts)


@pytest.mark.parametrize("stack", [KVM, "xen-4 | linux-6", "linux-6 | gvisor-2024", "vmware-esxi-7 | linux-6",
                                   "linux-6 | virtualbox-7 / linux-6", "linux-6 | qemu-7.2 / linux-6"])  # fmt: skip
def test_nothing_goes_over_the_wire(stack: str) -> None:
    house = build(application(stack))
    for demand in (
        SendLetter("store-1", "door", 64.0, 1448.0).data("neighbour"),
        ReceiveLetter("door", 64.0, 1448.0).request("neighbour"),
    ):
        assert not list(moves(compiled(house.tops["clients"], demand)))


def moves(plan: Any) -> Any:
    for each in plan:
        if isinstance(each, Move):
            yield each
        elif isinstance(each, Enqueue):
            yield from moves((*each.work, *each.finish))


# ---- an application


def run(stack: str, *operations: dict[str, Any], **more: Any) -> dict[str, list[dict[str, Any]]]:
    tables = run_point(application(stack, *operations, **more), 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()}


def kinds(tables: dict[str, list[dict[str, Any]]], tenant: str) -> list[str]:
    return [row["kind"] for row in tables["requests"] if row["tenant"] == tenant]


def test_all_is_answered_where_nothing_fails() -> None:
    found = run(DOCKER)
    assert sorted(set(kinds(found, "clients"))) == ["get", "put"]
    assert len(kinds(found, "clients")) == len(kinds(found, "front-end")) == 24
    puts = kinds(found, "clients").count("put")
    assert kinds(found, "store-1").count("put") == puts  # the first that is alive has all of them
    devices = {row["device"]: row["busy_s"] for row in found["devices"]}
    assert devices["nic-send"] == devices["nic-receive"] == 0.0


def test_a_crash_takes_one_and_the_others_go_on() -> None:
    found = run(DOCKER, faults=[{"at": "0.3 s", "crash": "docker-27", "of": "store-1"}])
    outcomes = {row["tenant"]: row["outcome"] for row in found["tenants"]}
    assert outcomes["store-1"].startswith("lost: ") and list(outcomes.values()).count("ok") == 3
    late = [row for row in found["requests"] if row["tenant"] == "clients" and row["start_s"] > 0.3]
    assert late and {row["kind"] for row in late} <= {"get", "put", "stale read"}
    missed = [row for row in found["requests"] if row["kind"] in ("no heartbeat", "no answer of store-1")]
    assert missed and min(row["start_s"] + row["latency_s"] for row in missed) < 0.3 + 0.1 + 0.1 + 0.01


def test_a_client_without_a_server_waits_no_longer_than_it_will() -> None:
    """Both replicas are killed: the front end says that it has none, or the client's own time is over."""
    kill = [{"at": "0.1 s", "kill": "store-1"}, {"at": "0.1 s", "kill": "store-2"}]
    found = run(PROCESSES, *kill, clients={"timeout_s": "150 ms"})
    late = [row for row in found["requests"] if row["tenant"] == "clients" and row["start_s"] > 0.1]
    assert {row["kind"] for row in late} <= {"unavailable", "timed out"}
    assert max(row["latency_s"] for row in late) < 0.151


def test_who_is_paused_answers_late_and_nothing_is_lost() -> None:
    found = run(KVM, {"at": "0.3 s", "pause": "front-end", "for": "80 ms"})
    assert len(kinds(found, "clients")) == 24 and not {"timed out"} & set(kinds(found, "clients"))
    assert max(row["latency_s"] for row in found["requests"] if row["tenant"] == "clients") < 0.09


def test_the_same_seed_gives_the_same_tables_whatever_was_done() -> None:
    operations = [
        {"at": "0.2 s", "snapshot": "store-2", "as": "s"}, {"at": "0.6 s", "pause": "store-1"},
        {"at": "0.61 s", "step": "store-1", "for": "1 ms"}, {"at": "0.62 s", "resume": "store-1"},
        {"at": "0.8 s", "roll_back": "store-2", "to": "s"},
    ]  # fmt: skip
    assert repr(run(KVM, *operations)) == repr(run(KVM, *operations))


def test_a_replica_that_was_rolled_back_has_lost_writes_and_a_read_shows_it() -> None:
    operations = [{"at": "0.1 s", "snapshot": "store-2", "as": "s"}, {"at": "1.2 s", "roll_back": "store-2", "to": "s"}]
    clients = {"requests_count": 80, "think_s": "40 ms", "keys_count": 3, "put_ratio": "50 %", "timeout_s": "5 s"}
    patient = {"clients": clients, "replica": {"copy_timeout_s": "1 s"}, "front_end": {"timeout_s": "2 s"}}
    found = run(KVM, *operations, **patient)
    stale = [row["start_s"] for row in found["requests"] if row["kind"] == "stale read"]
    assert stale and min(stale) > 1.2
    assert "stale read" not in kinds(run(KVM, operations[0], **patient), "clients")


@pytest.mark.parametrize("workload", ["compression", "memory-user"])
def test_what_comes_after_a_roll_back_comes_again_as_it_was(workload: str) -> None:
    """The same requests with the same latencies, later by how long it took, where nothing else interferes."""
    parameters = {"step_s": "1 ms", "held_bytes": "16 MiB"} if workload == "memory-user" else {}
    app = {"workload": {"name": workload, "parameters": parameters}, "memory": "1 GiB", "vcpus": 1}
    snapshot = {"at": "0.2 s", "snapshot": "app", "as": "s"}
    roll_back = {"at": "0.9 s", "roll_back": "app", "to": "s"}

    def requests(*operations: dict[str, Any]) -> list[list[Any]]:
        data = {"machine": "server-2025", "stacks": {"it": KVM}, "tenants": {"app": app}, "duration": "1.5 s",
                "operations": list(operations)}  # fmt: skip
        found: list[list[Any]] = run_point(load(data).points()[0], 0)["tables"]["requests"]
        return found

    once, again = requests(snapshot), requests(snapshot, roll_back)
    first = next(number for number, (a, b) in enumerate(zip(once, again, strict=False)) if a != b)
    later = list(zip(once[first + 1 :], again[first + 1 :], strict=False))
    assert later
    start, latency = names("requests").index("start_s"), names("requests").index("latency_s")
    by_s = later[0][1][start] - later[0][0][start]
    for a, b in later:
        assert b[start] - a[start] == pytest.approx(by_s, abs=1e-9)
        assert b[latency] == pytest.approx(a[latency], abs=1e-9)
        assert a[2:4] == b[2:4]


def test_a_client_needs_a_front_end_and_that_a_replica() -> None:
    data = {"machine": "server-2025", "stacks": {"it": PROCESSES}, "tenants": {"c": {"workload": "store-client"}}}
    with pytest.raises(ScenarioError, match=r"talks to another tenant that is not there.*store-front-end"):
        load(data)


def test_the_scenario_shows_a_replica_that_comes_back_empty() -> None:
    """Containers: nothing is kept and nothing rolled back; a replica is killed and started again, and knows nothing."""
    path = Path(__file__).parents[2] / "scenarios" / "test-and-debug.yaml"
    point = next(each for each in load(path).points() if each["stack"] == "containers")
    tables = run_point(point, 0)["tables"]
    operations = {row[2]: row[names("operations").index("outcome")] for row in tables["operations"]}
    assert operations.pop("snapshot").startswith("refused: a container of docker-27 has no snapshot of its memory")
    assert operations.pop("roll_back").startswith("refused: a container of docker-27 cannot be rolled back")
    assert set(operations.values()) == {"done"}
    stale = [row[names("requests").index("start_s")] for row in tables["requests"] if row[3] == "stale read"]
    assert stale and min(stale) > 3.0


# ---- looking inside


def test_a_system_shows_threads_of_programs_and_a_machine_those_of_kernels_too() -> None:
    look = {"at": "0.5 s", "inspect": "store-1"}
    for stack, kernel in ((DOCKER, False), (KVM, True)):
        rows = run(stack, look)["inspections"]
        programs = {row["thread"]: row for row in rows if row["doing"]}
        assert {"worker-0", "copies", "beats"} <= set(programs)
        assert programs["worker-0"]["doing"].startswith("receive letter: door requests")
        assert programs["worker-0"]["state"] == "blocked_message"
        assert {row["tenant"] for row in rows} == {"store-1"}
        assert any(not row["doing"] for row in rows) == kernel


def test_a_step_lets_it_go_on_for_so_long() -> None:
    operations = [{"at": "0.5 s", "pause": "store-1"}, {"at": "0.6 s", "step": "store-1", "for": "150 ms"},
                  {"at": "0.9 s", "resume": "store-1"}]  # fmt: skip
    found = run(DOCKER, *operations, clients={"requests_count": 60})
    assert [row["outcome"] for row in found["operations"]] == ["done"] * 3
    (beats,) = (row for row in found["inspections"] if row["thread"] == "beats")
    assert 0.74 < beats["at_s"] < 0.77 and beats["since_s"] > 0.5
    failed = run(DOCKER, {"at": "0.5 s", "step": "store-1", "for": "1 ms"})["operations"]
    assert failed[0]["outcome"] == "failed: store-1 was not paused"
