"""Pools against the formulas of Erlang: requests that find no room are refused (B), or wait in order (C)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import laws
from simulator.catalog import Catalog
from simulator.pool.reading import read
from simulator.pool.running import replicate
from simulator.pool.tables import names

CATALOG = Catalog()
EVERY_S, LIFETIME_S, PLACES = 1.0, 4.0, 5


def outcome(hosts: int, replication: int = 0, **requests: Any) -> dict[str, Any]:
    """Instances that do nothing, of which five fit: on one host, or one on each of five."""
    memory = f"{PLACES // hosts} GiB"
    data = {
        "duration": "6000 s",
        "hosts": {
            "host": {"machine": {"base": "server-2025", "devices": {"memory": {"capacity": memory}}}, "count": hosts}
        },
        "instances": {"idle": {"memory": "1 GiB", "tasks": {"size": "1 cycles", "think": "100 d"}}},
        "requests": {"all": {"instance": "idle", "every": f"{EVERY_S} s", "lifetime": f"{LIFETIME_S} s", **requests}},
        "sample": "4000 s",
    }
    rows = replicate(read(data, catalog=CATALOG), replication)["runs"][0]
    return dict(zip(names("runs"), rows, strict=True))


@pytest.mark.parametrize(("hosts", "lifetimes"), [(1, "exponential"), (PLACES, "exponential"), (1, "fixed")])
def test_refused_as_erlang_says_whatever_the_law_of_the_lifetimes(hosts: int, lifetimes: str) -> None:
    """Erlang B holds for any law of lifetimes with the same mean; 4 erlangs on 5 places: 19.9 %."""
    found = outcome(hosts, lifetimes=lifetimes)
    assert found["asked"] == pytest.approx(6000, rel=0.05)
    assert found["refused"] + found["placed"] == found["asked"]
    assert found["refused_ratio"] == pytest.approx(laws.erlang_b(LIFETIME_S / EVERY_S, PLACES), abs=0.018)
    carried = found["instance_hours"] * 3600.0 / found["simulated_s"]
    assert carried == pytest.approx(4.0 * (1.0 - laws.erlang_b(4.0, PLACES)), rel=0.04)


def test_those_who_wait_wait_as_long_as_erlang_says() -> None:
    """Erlang C: 3.2 erlangs on 5 places, 0.68 s on average over all; three replications."""
    rows = [outcome(1, wait="forever", every="1.25 s", replication=number) for number in range(3)]
    expected_s = laws.mmc_wait_s(0.8, 1.0 / LIFETIME_S, PLACES)
    assert expected_s == pytest.approx(laws.erlang_c(3.2, PLACES) / (PLACES / LIFETIME_S - 0.8))
    assert [found["refused"] for found in rows] == [0, 0, 0]
    assert sum(found["wait_mean_s"] for found in rows) / 3 == pytest.approx(expected_s, rel=0.15)


def test_who_waits_only_for_a_time_is_between_the_two() -> None:
    impatient, patient, none = (outcome(1, wait=wait) for wait in ("1 s", "10 s", "0 s"))
    assert none["refused_ratio"] > impatient["refused_ratio"] > patient["refused_ratio"] > 0.0
    assert none["wait_mean_s"] == 0.0 < impatient["wait_mean_s"] < 1.0
