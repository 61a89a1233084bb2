"""The closed forms against arithmetic by hand, against each other and in their limits."""

from __future__ import annotations

import pytest

from simulator import laws


def test_one_queue_by_hand() -> None:
    assert laws.mm1_response_s(3.0, 5.0) == 0.5  # 1 / (5 - 3)
    assert sum(n * laws.jobs_probability(0.5, n) for n in range(60)) == pytest.approx(1.0)  # rho / (1 - rho)
    assert laws.sharing_response_s(2.0, 0.75) == 8.0  # 2 / (1/4)
    assert laws.background_slowdown(0.2) == 1.25  # 1 / 0.8


def test_erlang_c_by_hand() -> None:
    # a = 2, c = 3: A = 8/6 * 3/1 = 4; sum_{k<3} = 1 + 2 + 2 = 5; 4 / 9
    assert laws.erlang_c(2.0, 3) == pytest.approx(4 / 9)
    assert laws.mmc_wait_s(0.2, 0.1, 3) == pytest.approx(4 / 9 / (0.3 - 0.2))
    assert laws.erlang_c(0.7, 1) == pytest.approx(0.7)  # one server: it is busy
    assert laws.mmc_wait_s(3.0, 5.0, 1) == pytest.approx(laws.mm1_response_s(3.0, 5.0) - 1 / 5.0)


def test_erlang_b_by_hand() -> None:
    # a = 2: B(1) = 2/3, B(2) = (4/3) / (2 + 4/3) = 0.4, B(3) = 0.8 / 3.8
    assert [laws.erlang_b(2.0, servers) for servers in range(4)] == pytest.approx([1.0, 2 / 3, 0.4, 0.8 / 3.8])
    # who would be lost there waits here: C = B / (1 - rho (1 - B))
    blocked = laws.erlang_b(2.0, 3)
    assert laws.erlang_c(2.0, 3) == pytest.approx(blocked / (1 - 2 / 3 * (1 - blocked)))


def test_breaks_by_hand() -> None:
    assert laws.vacations_wait_s(2.0, 4.0) == 1.0  # always 2 s: half of it is left in the mean
    assert laws.vacations_wait_s(2.0, 8.0) == 2.0  # exponential: no break is ever half over


def test_priorities_by_hand() -> None:
    first, second = laws.Class(0.25, 1.0, 2.0), laws.Class(0.25, 1.0, 2.0)
    # as if alone: 1 / (1 - 1/4); then 1 / (3/4) + (1/2 + 1/2) / (2 * 3/4 * 1/2)
    assert laws.preemptive_responses_s([first, second]) == pytest.approx([4 / 3, 4 / 3 + 4 / 3])
    # R = 1/2: 1/2 / (3/4), 1/2 / (3/4 * 1/2)
    assert laws.nonpreemptive_waits_s([first, second]) == pytest.approx([2 / 3, 4 / 3])
    (alone,) = laws.nonpreemptive_waits_s([laws.Class(0.5, 1.0, 2.0)])
    assert alone == pytest.approx(laws.mg1_wait_s(0.5, 1.0, 2.0))


def test_urgency_moves_waiting_and_makes_none() -> None:
    classes = [laws.Class(0.1, 1.0, 1.0), laws.Class(0.05, 4.0, 40.0), laws.Class(0.2, 2.0, 5.0)]
    residual_s = sum(each.arrival_rate * each.second_moment_s2 for each in classes) / 2
    load = sum(each.load for each in classes)
    for order in (classes, classes[::-1]):
        waits = laws.nonpreemptive_waits_s(order)
        moved = sum(each.load * wait for each, wait in zip(order, waits, strict=True))
        assert moved == pytest.approx(load * residual_s / (1 - load))


def test_stations_in_a_row_by_hand() -> None:
    assert laws.tandem_response_s(1.0, (2.0, 3.0, 5.0)) == pytest.approx(1 + 1 / 2 + 1 / 4)


def test_waiting_grows_with_the_square_of_the_service() -> None:
    constant, exponential = laws.mg1_wait_s(0.5, 1.0, 1.0), laws.mg1_wait_s(0.5, 1.0, 2.0)
    assert constant == 0.5  # 0.5 * 1 / (2 * 0.5)
    assert exponential == 2 * constant == laws.mm1_response_s(0.5, 1.0) - 1.0


def test_weights_move_time_between_classes_and_make_none() -> None:
    arrivals, services = (0.3, 0.2), (1.0, 0.5)
    loads = (0.3, 0.4)
    equal = laws.discriminatory_responses_s(arrivals, services, (1.0, 1.0))
    assert equal == pytest.approx((laws.sharing_response_s(1.0, 0.7), laws.sharing_response_s(2.0, 0.7)))
    weighted = laws.discriminatory_responses_s(arrivals, services, (5.0, 1.0))
    assert weighted[0] < equal[0] and weighted[1] > equal[1]
    assert sum(rho * t for rho, t in zip(loads, weighted, strict=True)) == pytest.approx(
        sum(rho * t for rho, t in zip(loads, equal, strict=True))
    )
    favoured, _ = laws.discriminatory_responses_s(arrivals, services, (1.0, 1e-12))
    assert favoured == pytest.approx(laws.mm1_response_s(0.3, 1.0))  # priority: as if alone


@pytest.mark.parametrize(
    ("capacity", "bounds", "weights", "rates"),
    [
        (4.0, (1.0, 5.0), (1.0, 1.0), (1.0, 3.0)),  # the first wants less than half
        (4.0, (5.0, 5.0), (1.0, 3.0), (1.0, 3.0)),  # by weight
        (4.0, (0.5, 5.0, 5.0), (2.0, 1.0, 1.0), (0.5, 1.75, 1.75)),  # (4 - 0.5) / 2 each
        (9.0, (1.0, 5.0), (1.0, 1.0), (1.0, 5.0)),  # enough for all
        (1.0, (5.0,), (7.0,), (1.0,)),
    ],
)
def test_water_filling_by_hand(
    capacity: float, bounds: tuple[float, ...], weights: tuple[float, ...], rates: tuple[float, ...]
) -> None:
    assert laws.max_min_rates(capacity, bounds, weights) == pytest.approx(rates)


def test_batch_by_hand() -> None:
    assert laws.batch_end_s(3, 10.0, 4) == 10.0
    assert laws.batch_end_s(6, 10.0, 4) == 15.0  # 60 core-seconds on 4 cores


def test_mean_values_by_hand() -> None:
    # two stations of 1 s: alone R = 1 + 1; with a second customer each is found half full: R = 2 * 1.5, X = 2 / 3
    network = laws.mean_value_analysis((1.0, 1.0), customers=2)
    assert network[:2] == pytest.approx((2 / 3, 3.0))
    assert network.queues == pytest.approx((1.0, 1.0))
    # one station and a delay: X(1) = 1 / (2 + 1); Q = 1/3; R(2) = 4/3; X(2) = 2 / (2 + 4/3) = 0.6
    assert laws.mean_value_analysis((1.0,), customers=2, think_s=2.0).throughput == pytest.approx(0.6)


@pytest.mark.parametrize("customers", [1, 2, 5, 20])
def test_machine_repair_is_a_network_of_one_station(customers: int) -> None:
    down = laws.machine_repair(customers, failure_rate=1 / 9.0, repair_rate=1 / 2.0)
    network = laws.mean_value_analysis((2.0,), customers, think_s=9.0)
    assert sum(down) == pytest.approx(1.0)
    assert (1.0 - down[0]) / 2.0 == pytest.approx(network.throughput)
    assert sum(k * p for k, p in enumerate(down)) == pytest.approx(network.queues[0])


def test_no_network_beats_its_bounds() -> None:
    demands_s, think_s = (0.5, 2.0, 1.0), 4.5
    assert laws.saturation_customers(demands_s, think_s) == 4.0  # (4.5 + 3.5) / 2
    for customers in range(1, 30):
        network = laws.mean_value_analysis(demands_s, customers, think_s)
        assert network.throughput <= laws.throughput_bound(demands_s, customers, think_s) * (1 + 1e-12)
        assert laws.utilisation(network.throughput, 2.0) <= 1.0
        assert laws.little_jobs(network.throughput, think_s + network.response_s) == pytest.approx(customers)


def test_disks_by_hand() -> None:
    # 5 ms seek + 3 ms half a turn + 40 kB / (40 MB/s) = 1 ms
    assert laws.random_request_s(0.005, 0.006, 40e3, 40e6) == pytest.approx(0.009)
    # 64 kB in 1.6 ms, 6.4 ms to the other stream: a fifth of 40 MB/s
    assert laws.alternating_streams_bytes_per_s(64e3, 40e6, 0.0064) == pytest.approx(8e6)


def test_a_disk_with_channels_by_hand() -> None:
    assert laws.parallel_requests_per_s(0.1, 1, 4) == 10.0  # 1 / T
    assert laws.parallel_requests_per_s(0.1, 3, 4) == pytest.approx(30.0)
    assert laws.parallel_requests_per_s(0.1, 9, 4) == 40.0  # c / T
    assert laws.parallel_requests_per_s(0.1, 9, 4, serial_s=0.05) == 20.0  # 1 / s
    # nobody waits: Little's law
    assert laws.little_jobs(laws.parallel_requests_per_s(0.1, 3, 4), 0.1) == pytest.approx(3.0)
