"""A server of requests with more workers than clients: who has no client has nothing to do."""

from __future__ import annotations

from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import Scenario


def test_workers_without_clients_leave_all_requests_to_the_others() -> None:
    parameters = {"workers": 4, "clients": 3, "requests": 60}
    point = Scenario.from_mapping(
        {
            "machine": "laptop-2025",
            "stacks": {"bare metal": "linux-6 |"},
            "tenants": {"app": {"workload": {"name": "web-server-6", "parameters": parameters}}},
            "replications": 1,
        }
    ).points()[0]
    (row,) = run_point(point, 0)["tables"]["tenants"]
    tenant = dict(zip(names("tenants"), row, strict=True))
    assert tenant["outcome"] == "ok" and tenant["operations"] == 60
