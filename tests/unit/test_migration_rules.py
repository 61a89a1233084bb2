"""Live migration without a clock: closed forms, products' rules, what a guest writes, what a destination waits for."""

from __future__ import annotations

from itertools import pairwise
from math import exp, isinf

import pytest

from simulator import laws
from simulator.catalog import Catalog
from simulator.catalog.product import values
from simulator.operations.migration import postcopy
from simulator.operations.migration.postcopy import Arrival
from simulator.operations.migration.precopy import NEVER, Dirty, Fresh, predict
from simulator.operations.migration.rules import FEW, GROWTH, LIMIT, ROUNDS, TOO_FAST, Round, Rules
from simulator.writing import Writing

MB = 1e6
PAGE = 4096.0


def rules_of(product: str, machine: str = "server-2025", **asked: float) -> Rules:
    """What a product's file says."""
    return Rules.of(values(Catalog().layer(product, machine).control["migration"]), **asked)


class TestWriting:
    def test_in_turn_no_more_than_the_row(self) -> None:
        writing = Writing(swept_bytes_per_s=10 * MB, swept_set_bytes=50 * MB)
        assert writing.written_bytes(2.0) == 20 * MB
        assert writing.written_bytes(20.0) == 50 * MB

    def test_at_random_pages_are_hit_again(self) -> None:
        writing = Writing(random_bytes_per_s=10 * MB, random_set_bytes=50 * MB)
        assert writing.written_bytes(5.0) == pytest.approx(50 * MB * (1 - exp(-1)))

    def test_operations_write_as_well(self) -> None:
        writing = Writing(swept_operation_bytes=PAGE, swept_set_bytes=MB, random_operation_bytes=0.0)
        assert writing.written_bytes(100.0, 3.0) == 3 * PAGE

    def test_nothing_said_nothing_written(self) -> None:
        assert Writing.of({}).written_bytes(1e9, 1e9) == 0.0


class TestClosedForm:
    """LAWS: pre-copy with RAM M, rate B and dirty rate D < B."""

    @pytest.mark.parametrize(("memory", "rate", "dirty"), [(1024 * MB, 100 * MB, 40 * MB), (64 * MB, 60 * MB, 1 * MB)])
    def test_rounds_time_and_downtime(self, memory: float, rate: float, dirty: float) -> None:
        least = MB
        writing = Writing(swept_bytes_per_s=dirty, swept_set_bytes=1e15)
        found = predict(Rules(least_pages_count=least / PAGE), Dirty(memory), writing, rate, floor_s=0.03)
        rounds = laws.precopy_rounds(memory, rate, dirty, least)
        assert found.course.rounds == rounds
        assert found.total_s == pytest.approx(laws.precopy_s(memory, rate, dirty, rounds) + 0.03, rel=1e-6)
        assert found.downtime_s == pytest.approx(laws.precopy_downtime_s(memory, rate, dirty, rounds, 0.03), rel=1e-6)

    def test_no_round_sends_more_than_the_working_set(self) -> None:
        writing = Writing(swept_bytes_per_s=90 * MB, swept_set_bytes=30 * MB)
        found = predict(Rules(rounds_count=6), Dirty(500 * MB), writing, 100 * MB)
        assert found.sent_bytes == pytest.approx(laws.precopy_sent_bytes(500 * MB, 100 * MB, 90 * MB, 30 * MB, 6))

    def test_faster_than_the_network_stops_for_the_working_set(self) -> None:
        writing = Writing(swept_bytes_per_s=200 * MB, swept_set_bytes=30 * MB)
        found = predict(Rules(rounds_count=5), Dirty(500 * MB), writing, 100 * MB)
        assert found.course.reason == ROUNDS
        assert found.downtime_s == pytest.approx(30 / 100)

    def test_by_hand(self) -> None:
        # 100 MB at 100 MB/s: 1 s, 50 MB written; 0.5 s, 25 MB; 0.25 s, 12.5 MB; these while it stands still
        writing = Writing(swept_bytes_per_s=50 * MB, swept_set_bytes=1e15)
        found = predict(Rules(rounds_count=3), Dirty(100 * MB), writing, 100 * MB)
        assert found.sent_bytes == pytest.approx((100 * MB, 50 * MB, 25 * MB, 12.5 * MB))
        assert (found.total_s, found.downtime_s) == pytest.approx((1.875, 0.125))

    def test_blank_pages_take_their_marker(self) -> None:
        found = predict(Rules(rounds_count=1), Dirty(0.0, 4096 * MB), Writing(), 9 * MB, marker_bytes=9.0)
        assert found.total_s == pytest.approx(1.0)
        assert found.sent_bytes == (0.0, 0.0)


class TestProducts:
    def test_qemu_goes_on_for_ever_if_too_much_is_written(self) -> None:
        writing = Writing(swept_bytes_per_s=200 * MB, swept_set_bytes=400 * MB)
        found = predict(rules_of("kvm-6"), Dirty(1000 * MB), writing, 1250 * MB)
        assert found.course.reason == NEVER
        assert isinf(found.total_s)

    def test_unless_it_may_hold_the_guest(self) -> None:
        writing = Writing(swept_bytes_per_s=200 * MB, swept_set_bytes=400 * MB)
        found = predict(rules_of("kvm-6", auto_converge=True), Dirty(1000 * MB), writing, 1250 * MB)
        assert found.course.reason == LIMIT
        assert found.course.throttle * 10 == pytest.approx(round(found.course.throttle * 10))
        # 134 MB/s are sent: it is held until it writes less, and once the trigger of one half is not met no more
        assert 200 * MB * (1 - found.course.throttle) < 134.3 * MB
        assert found.downtime_s <= 0.3 * 134.3 / 1250 + 1e-4

    def test_the_limit_of_downtime_is_met_at_the_limited_rate(self) -> None:
        writing = Writing(swept_bytes_per_s=50 * MB, swept_set_bytes=128 * MB)
        found = predict(rules_of("kvm-6"), Dirty(222 * MB, 315 * MB), writing, 1e15)
        assert found.course.reason == LIMIT
        assert found.course.left.total_bytes == pytest.approx(0.3 * 128 * 2**20, abs=2 * PAGE)

    def test_xen_stops_after_five_rounds(self) -> None:
        writing = Writing(swept_bytes_per_s=200 * MB, swept_set_bytes=400 * MB)
        found = predict(rules_of("xen-4"), Dirty(1000 * MB), writing, 110 * MB)
        assert (found.course.rounds, found.course.reason) == (5, ROUNDS)
        assert found.downtime_s == pytest.approx(400 / 110)

    def test_xen_stops_when_few_pages_are_left(self) -> None:
        found = predict(rules_of("xen-4"), Dirty(1000 * MB), Writing(), 110 * MB)
        assert (found.course.rounds, found.course.reason, found.downtime_s) == (1, FEW, 0.0)

    def test_xen_of_2005_follows_what_is_written(self) -> None:
        rules = rules_of("xen-2", "dell-2650")
        assert rules.first_rate() == pytest.approx(12.5 * MB)
        done = Round(10.0, 125 * MB, 300 * MB, 300 * MB, 12.5 * MB)
        assert rules.next_rate(12.5 * MB, done) == pytest.approx(30 * MB + 6.25 * MB)
        assert rules.next_rate(50 * MB, done._replace(fresh_bytes=10 * MB)) == 12.5 * MB
        assert rules.next_rate(12.5 * MB, done._replace(fresh_bytes=1e12)) == pytest.approx(62.5 * MB)

    def test_and_stops_when_a_round_at_the_highest_rate_grows(self) -> None:
        rules, highest = rules_of("xen-2", "dell-2650"), 62.5 * MB
        last, done = Round(1.0, 20 * MB, 21 * MB, 21 * MB, highest), Round(1.0, 21 * MB, 22 * MB, 22 * MB, highest)
        assert rules.stops(5, highest, 500 * MB, 400 * MB, last, done) == GROWTH
        assert rules.stops(5, 50 * MB, 500 * MB, 400 * MB, last, done._replace(fresh_bytes=57 * MB)) == TOO_FAST
        assert rules.stops(5, highest / 2, 500 * MB, 400 * MB, last, done) == ""
        assert rules_of("xen-3.0").stops(5, highest, 500 * MB, 400 * MB, last, done) == ""

    def test_esxi_holds_the_guest_until_it_can_be_sent(self) -> None:
        writing = Writing(swept_bytes_per_s=300 * MB, swept_set_bytes=800 * MB)
        found = predict(rules_of("vmware-esxi-7"), Dirty(1000 * MB), writing, 110 * MB)
        assert found.course.reason == LIMIT
        assert found.downtime_s <= 0.5 + 1e-3
        assert 300 * (1 - found.course.throttle) <= 0.71 * 110

    def test_older_releases_send_less(self) -> None:
        rates = [rules_of(each).rate_bytes_per_s / 2**20 for each in ("kvm-3", "kvm-4.4", "kvm-4.14", "kvm-6")]
        assert rates == [32.0, 32.0, 32.0, 128.0]


class TestLeftAndFresh:
    def test_a_row_does_not_meet_what_it_wrote_last(self) -> None:
        assert Dirty(40 * MB).with_fresh(Fresh(30 * MB, 0.0, 128 * MB), 128 * MB).pages_bytes == 70 * MB
        assert Dirty(100 * MB).with_fresh(Fresh(90 * MB, 0.0, 128 * MB), 128 * MB).pages_bytes == 128 * MB

    def test_writes_anywhere_meet_it_by_chance(self) -> None:
        assert Dirty(64 * MB).with_fresh(Fresh(0.0, 10 * MB, 128 * MB), 128 * MB).pages_bytes == 69 * MB


class TestPostCopy:
    def test_downtime_is_that_of_the_state(self) -> None:
        arrival = Arrival(1000 * MB, Writing(), PAGE, 1.0, 1e-3)
        found = postcopy.predict(arrival, 100 * MB, 1 * MB, 0.02)
        assert found == pytest.approx(laws.postcopy_downtime_s(1 * MB, 100 * MB, 0.02))
        assert arrival.faults == 0.0
        assert arrival.arrived_bytes == pytest.approx(1000 * MB)

    def test_who_touches_all_at_once_misses_all(self) -> None:
        arrival = Arrival(1000 * MB, Writing(swept_bytes_per_s=1e15, swept_set_bytes=100 * MB), PAGE, 1.0, 0.0)
        postcopy.predict(arrival, 100 * MB, 0.0, 0.0)
        assert arrival.faulted_ratio() == pytest.approx(1.0)

    def test_by_hand_half_of_it_is_there_on_average(self) -> None:
        # touched evenly over just as long as the memory takes: on average half of it has come; no time is lost
        arrival = Arrival(1000 * MB, Writing(swept_bytes_per_s=10 * MB, swept_set_bytes=100 * MB), PAGE, 1.0, 0.0)
        postcopy.predict(arrival, 100 * MB, 0.0, 0.0)
        assert arrival.faulted_ratio() == pytest.approx(0.5, abs=1e-3)

    def test_rows_that_come_together_are_missed_once(self) -> None:
        ratios = []
        for run in (1.0, 8.0, 64.0):
            arrival = Arrival(1000 * MB, Writing(swept_bytes_per_s=10 * MB, swept_set_bytes=100 * MB), PAGE, run, 0.0)
            postcopy.predict(arrival, 100 * MB, 0.0, 0.0)
            ratios.append(arrival.faulted_ratio())
        assert all(a / b == pytest.approx(8.0, rel=1e-6) for a, b in pairwise(ratios))

    def test_waits_slow_the_guest(self) -> None:
        arrival = Arrival(1000 * MB, Writing(swept_bytes_per_s=100 * MB, swept_set_bytes=500 * MB), PAGE, 1.0, 1e-3)
        assert arrival.pace(100 * MB) == pytest.approx(1 / (1 + 100 * MB / PAGE * 1e-3))
