"""Closed forms: what theory says a shared machine does, as the oracle of the tests and material for a lecture.

Rates are per second, times in seconds, ``load`` is the busy fraction of what is shared (below 1 where a steady
state is meant). Every law gives its formula, its meaning and where it is proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import ceil, exp, factorial, log, perm
from typing import NamedTuple

# ---------------------------------------------------------------- one queue


def mm1_response_s(arrival_rate: float, service_rate: float) -> float:
    """``1 / (mu - lambda)``: mean time in an M/M/1 queue, waiting and service; also the rate of its exponential law.

    The same whether jobs are taken in order of arrival or share the processor. Kleinrock 1975, section 3.2.
    """
    return 1.0 / (service_rate - arrival_rate)


def jobs_probability(load: float, jobs: int) -> float:
    """``(1 - rho) rho^n``: probability of n jobs in M/M/1, and in M/G/1 with processor sharing.

    Kleinrock 1975, section 3.2; Kleinrock 1976, chapter 4.
    """
    return (1.0 - load) * load**jobs


def erlang_c(offered: float, servers: int) -> float:
    """Probability that a job must wait in M/M/c: ``A / (sum_{k<c} a^k/k! + A)`` with ``A = a^c/c! c/(c - a)``.

    Args:
        offered: a = lambda / mu, in servers.
        servers: c.

    Erlang 1917; Kleinrock 1975, section 3.5.
    """
    all_busy = offered**servers / factorial(servers) * servers / (servers - offered)
    return all_busy / (sum(offered**k / factorial(k) for k in range(servers)) + all_busy)


def erlang_b(offered: float, servers: int) -> float:
    """``B(k) = a B(k-1) / (k + a B(k-1))``, ``B(0) = 1``: probability that a job finds all servers busy and is lost.

    Whatever the law of service. Erlang 1917; Kleinrock 1975, section 3.6.

    Args:
        offered: a = lambda / mu, in servers.
        servers: c.
    """
    blocked = 1.0
    for server in range(1, servers + 1):
        blocked = offered * blocked / (server + offered * blocked)
    return blocked


def mmc_wait_s(arrival_rate: float, service_rate: float, servers: int) -> float:
    """``C(c, a) / (c mu - lambda)``: mean wait in M/M/c, with Erlang's C. Kleinrock 1975, section 3.5."""
    return erlang_c(arrival_rate / service_rate, servers) / (servers * service_rate - arrival_rate)


def mg1_wait_s(arrival_rate: float, mean_s: float, second_moment_s2: float) -> float:
    """``lambda E[S^2] / (2 (1 - rho))``: mean wait in order of arrival for any law of service S.

    Long jobs count by their square: that is why one big request delays everybody. Pollaczek 1930, Khinchine 1932;
    Kleinrock 1975, section 5.6.
    """
    return arrival_rate * second_moment_s2 / (2.0 * (1.0 - arrival_rate * mean_s))


def vacations_wait_s(break_mean_s: float, break_second_moment_s2: float) -> float:
    """``E[V^2] / (2 E[V])``: what a server adds to every mean wait that goes away for V whenever it has nothing to do.

    A virtual processor that is not running for its own host is such a server. Levy and Yechiali 1975.
    """
    return break_second_moment_s2 / (2.0 * break_mean_s)


def sharing_response_s(size_s: float, load: float) -> float:
    """``x / (1 - rho)``: mean time of a job of ``size_s`` when all jobs share one processor equally (M/G/1-PS).

    Every job is slowed by the same factor, whatever the law of sizes. Kleinrock 1976, chapter 4.
    """
    return size_s / (1.0 - load)


def discriminatory_responses_s(
    arrival_rates: tuple[float, float], service_rates: tuple[float, float], weights: tuple[float, float]
) -> tuple[float, float]:
    """Mean times of two classes of exponential jobs that share one processor by weight.

    ``T1 = (1 + mu1 rho2 (w2 - w1) / D) / (mu1 (1 - rho))``, ``D = mu1 w1 (1 - rho1) + mu2 w2 (1 - rho2)``; the
    other by symmetry. Weights move time from one class to the other: ``sum rho_i T_i`` stays that of equal sharing.
    Fayolle, Mitrani and Iasnogorodski 1980.
    """
    loads = [rate / service for rate, service in zip(arrival_rates, service_rates, strict=True)]
    common = sum(mu * w * (1.0 - rho) for mu, w, rho in zip(service_rates, weights, loads, strict=True))

    def response_s(own: int, other: int) -> float:
        mu = service_rates[own]
        shift = mu * loads[other] * (weights[other] - weights[own]) / common
        return (1.0 + shift) / (mu * (1.0 - sum(loads)))

    return response_s(0, 1), response_s(1, 0)


def background_slowdown(load: float) -> float:
    """``1 / (1 - rho)``: how much longer work takes beside interrupts that always go first (a busy period).

    Kleinrock 1975, chapter 5.
    """
    return 1.0 / (1.0 - load)


class Class(NamedTuple):
    """One class of jobs: how often they come, and the first two moments of their service."""

    arrival_rate: float
    mean_s: float
    second_moment_s2: float

    @property
    def load(self) -> float:
        """The fraction of the server they take."""
        return self.arrival_rate * self.mean_s


def _loads(classes: Sequence[Class]) -> list[float]:
    """Load of each class together with all more urgent ones; before the first: 0."""
    return [0.0, *accumulate(each.load for each in classes)]


def preemptive_responses_s(classes: Sequence[Class]) -> list[float]:
    """``T_k = E[S_k] / (1 - s_{k-1}) + sum_{i<=k} lambda_i E[S_i^2] / (2 (1 - s_{k-1}) (1 - s_k))``: mean times.

    The most urgent class first; it is served as if it were alone. ``s_k`` is the load of the first k classes, each in
    order of arrival; work that is interrupted goes on later. Cobham 1954; Kleinrock 1976, section 3.4.
    """
    loads = _loads(classes)
    squares = list(accumulate(each.arrival_rate * each.second_moment_s2 for each in classes))
    return [
        each.mean_s / (1.0 - loads[k]) + squares[k] / (2.0 * (1.0 - loads[k]) * (1.0 - loads[k + 1]))
        for k, each in enumerate(classes)
    ]


def nonpreemptive_waits_s(classes: Sequence[Class]) -> list[float]:
    """``W_k = R / ((1 - s_{k-1}) (1 - s_k))``, ``R = sum_all lambda_i E[S_i^2] / 2``: mean waits, most urgent first.

    Even the most urgent job waits for what is under way. ``sum rho_i W_i`` is that of any other order that lets nobody
    idle (conservation): urgency moves waiting from one class to another. Cobham 1954; Kleinrock 1976, section 3.3.
    """
    loads = _loads(classes)
    residual_s = sum(each.arrival_rate * each.second_moment_s2 for each in classes) / 2.0
    return [residual_s / ((1.0 - before) * (1.0 - after)) for before, after in pairwise(loads)]


def tandem_response_s(arrival_rate: float, service_rates: Sequence[float]) -> float:
    """``sum 1 / (mu_i - lambda)``: mean time through open M/M/1 stations one after the other.

    What leaves a station comes to the next as it came to the first. Jackson 1957; Kleinrock 1975, section 4.8.
    """
    return sum(mm1_response_s(arrival_rate, service_rate) for service_rate in service_rates)


# ---------------------------------------------------------------- dividing a capacity


def batch_end_s(jobs: int, size_s: float, cores: float) -> float:
    """``x max(1, n / c)``: when n equal single-threaded jobs that start together end on c shared cores.

    No job is faster than one core, all cores are busy otherwise.
    """
    return size_s * max(1.0, jobs / cores)


def line_end_s(sections_s: Sequence[float], jobs: int, *, overlapping_s: float = 0.0) -> float:
    """``w + sum(s) + (n - 1) max(s)``: when the last of n equal jobs that begin at once has been through a line of
    sections that each lets one through at a time; before them each works ``w`` beside the others.

    The longest section decides: they leave at the rate ``1 / max(s)``, whatever else there is. Conway, Maxwell, Miller
    1967, chapter 5 (flow shop of equal jobs).
    """
    return overlapping_s + sum(sections_s) + (jobs - 1) * max(sections_s, default=0.0)


def max_min_rates(capacity: float, bounds: Sequence[float], weights: Sequence[float]) -> list[float]:
    """``r_i = min(b_i, theta w_i)`` with ``sum r_i = min(C, sum b_i)``: weighted max-min fair shares.

    What one leaves unused is divided among the others by weight ("water-filling"). A tree of shares is divided level
    by level. Bertsekas and Gallager 1992, section 6.5.

    Args:
        capacity: C, in any unit.
        bounds: the most each can use, same unit.
        weights: positive.
    """
    order = sorted(range(len(bounds)), key=lambda i: bounds[i] / weights[i])
    weights_left = list(accumulate(weights[i] for i in reversed(order)))[::-1]
    rates, left = [0.0] * len(order), capacity
    for i, weight_left in zip(order, weights_left, strict=True):
        rates[i] = min(bounds[i], left * weights[i] / weight_left)
        left -= rates[i]
    return rates


# ---------------------------------------------------------------- closed networks


class ClosedNetwork(NamedTuple):
    """A closed network in steady state.

    Attributes:
        throughput: rounds a second, of all customers.
        response_s: mean time of a round without the thinking.
        queues: mean number of customers at each station.
    """

    throughput: float
    response_s: float
    queues: tuple[float, ...]


def mean_value_analysis(demands_s: Sequence[float], customers: int, think_s: float = 0.0) -> ClosedNetwork:
    """``R_k(n) = D_k (1 + Q_k(n-1))``, ``X = n / (Z + sum R)``, ``Q_k = X R_k``: exact means, customer by customer.

    Whoever arrives finds the queue of a network with one customer less. Exact for stations that share equally, or
    serve exponential demands in order of arrival. Reiser and Lavenberg 1980.

    Args:
        demands_s: service a round wants of each station, which has one server.
        customers: n.
        think_s: Z, time between two rounds.
    """
    throughput, response_s, queues = 0.0, 0.0, [0.0] * len(demands_s)
    for customer in range(1, customers + 1):
        times_s = [demand * (1.0 + queue) for demand, queue in zip(demands_s, queues, strict=True)]
        response_s = sum(times_s)
        throughput = customer / (think_s + response_s)
        queues = [throughput * time_s for time_s in times_s]
    return ClosedNetwork(throughput, response_s, tuple(queues))


def machine_repair(machines: int, failure_rate: float, repair_rate: float) -> list[float]:
    """``p_k ~ N! / (N - k)! (lambda / mu)^k``: probabilities that k of N machines are down, one repairman (M/M/1//N).

    Also N users who think and then want one processor. Kleinrock 1975, section 3.8.
    """
    ratio = failure_rate / repair_rate
    terms = [perm(machines, down) * ratio**down for down in range(machines + 1)]
    return [term / sum(terms) for term in terms]


def throughput_bound(demands_s: Sequence[float], customers: int, think_s: float = 0.0) -> float:
    """``min(1 / D_max, n / (Z + sum D))``: no closed network is faster, whatever the laws of its demands.

    First the customers are too few, then the slowest station is full. Denning and Buzen 1978.
    """
    return min(1.0 / max(demands_s), customers / (think_s + sum(demands_s)))


def saturation_customers(demands_s: Sequence[float], think_s: float = 0.0) -> float:
    """``(Z + sum D) / D_max``: the number of customers at which the two bounds of the throughput meet.

    Denning and Buzen 1978.
    """
    return (think_s + sum(demands_s)) / max(demands_s)


def little_jobs(throughput: float, time_s: float) -> float:
    """``N = X T``: mean number inside, of anything that loses nothing. Little 1961."""
    return throughput * time_s


def utilisation(throughput: float, demand_s: float, servers: float = 1.0) -> float:
    """``U = X D / c``: the busy fraction of a station; at most 1. Denning and Buzen 1978."""
    return throughput * demand_s / servers


# ---------------------------------------------------------------- disks


def random_request_s(seek_s: float, rotation_s: float, size_bytes: float, media_bytes_per_s: float) -> float:
    """``seek + half a turn + size / rate``: mean service of a request at a random place of a rotating disk.

    Ruemmler and Wilkes 1994.
    """
    return seek_s + rotation_s / 2.0 + size_bytes / media_bytes_per_s


def alternating_streams_bytes_per_s(batch_bytes: float, media_bytes_per_s: float, switch_s: float) -> float:
    """``b / (b / R + t)``: what a disk moves for streams that take turns, b bytes each time.

    Together they get this; alone one stream would get R. Ruemmler and Wilkes 1994.

    Args:
        batch_bytes: b, moved for one stream before the next has its turn.
        media_bytes_per_s: R.
        switch_s: t, from the end of one stream's data to the beginning of the next one's: seek and half a turn.
    """
    return batch_bytes / (batch_bytes / media_bytes_per_s + switch_s)


def parallel_requests_per_s(latency_s: float, depth: float, channels: float, serial_s: float = 0.0) -> float:
    """``min(min(n, c) / T, 1 / s)``: requests a second of a disk with c channels that is kept n requests deep.

    Little's law where nobody waits (``n = X T``), the busiest stage of the path where everybody does. Denning and
    Buzen 1978.

    Args:
        latency_s: T, of one request alone.
        depth: n, requests that are always under way.
        channels: c.
        serial_s: s, what each takes of a stage that serves one after the other; 0: there is none.
    """
    parallel = min(depth, channels) / latency_s
    return min(parallel, 1.0 / serial_s) if serial_s else parallel


# ---------------------------------------------------------------- states that are kept


def epochs_slowdown(epoch_s: float, pause_s: float) -> float:
    """``1 + p / E``: how much longer work takes that is stopped for p after each epoch of E, if copying overlaps.

    Cully et al. 2008; the least possible: what is done meanwhile on the same processor comes on top.
    """
    return 1.0 + pause_s / epoch_s


def held_output_s(epoch_s: float, pause_s: float, copied_s: float = 0.0) -> float:
    """``E / 2 + p + c``: mean delay of what is held back until the state that it was sent from is kept elsewhere.

    It is sent at any moment of an epoch of E; after the stop of p its state is on its way for c. Cully et al. 2008.
    """
    return epoch_s / 2.0 + pause_s + copied_s


def first_touches(pages: float, touches: float, touched: float = 0.0) -> float:
    """``(P - m) (1 - exp(-n / P))``: pages of P that n touches anywhere in it find first, if m had been before.

    A coupon collector's; exact for large P.
    """
    return (pages - touched) * (1.0 - exp(-touches / pages))


def lazy_start_s(map_s: float, faults: float, fault_s: float) -> float:
    """``T + n f``: until a program that starts from a mapped state has all that it needs, one fault after the other.

    Amdahl 1967: what is left serial decides; an eager start takes its bytes over the rate of the disk.
    """
    return map_s + faults * fault_s


# ---------------------------------------------------------------- moving a running guest


def precopy_rounds(memory_bytes: float, rate: float, dirty_rate: float, least_bytes: float) -> int:
    """``ceil(ln(V / M) / ln r)``, r = D / B: rounds of pre-copy until no more than V is left.

    The first round sends all of the memory M at rate B, each further one what was written at rate D < B during the one
    before. Clark et al. 2005.
    """
    return ceil(log(least_bytes / memory_bytes) / log(dirty_rate / rate) - 1e-12)


def precopy_s(memory_bytes: float, rate: float, dirty_rate: float, rounds: int) -> float:
    """``(M / B) (1 - r^(k+1)) / (1 - r)``: time of k rounds while the guest runs and of the last while it stands."""
    ratio = dirty_rate / rate
    return memory_bytes / rate * (1.0 - ratio ** (rounds + 1)) / (1.0 - ratio)


def precopy_downtime_s(memory_bytes: float, rate: float, dirty_rate: float, rounds: int, floor_s: float = 0.0) -> float:
    """``M r^k / B + floor``: how long the guest stands still after k rounds. Clark et al. 2005."""
    return memory_bytes * (dirty_rate / rate) ** rounds / rate + floor_s


def precopy_sent_bytes(
    memory_bytes: float, rate: float, dirty_rate: float, set_bytes: float, rounds: int
) -> list[float]:
    """What each round sends, ``min(D T, W)`` after the first: no more than the writable working set W is ever written.

    For D >= B all rounds but the first send W, and the guest stands still for W / B. Clark et al. 2005, section 4.
    """
    sent = [memory_bytes]
    for _ in range(rounds):
        sent.append(min(dirty_rate * sent[-1] / rate, set_bytes))
    return sent


def postcopy_downtime_s(state_bytes: float, rate: float, floor_s: float = 0.0) -> float:
    """``state / B + floor``: a guest whose memory follows later stands still for its processors' state only.

    Hines and Gopalan 2009.
    """
    return state_bytes / rate + floor_s


# ---------------------------------------------------------------- pipelines


def flow_shop_s(first_s: Sequence[float], second_s: Sequence[float]) -> float:
    """``max_k (a_1 + ... + a_k + b_k + ... + b_n)``: when the last of n jobs leaves two machines, each takes in order.

    Layers of an image that are downloaded one after the other and unpacked one after the other. If the link is slow it
    is all downloads and the last unpacking, if the processor is slow the first download and all unpacking. Johnson
    1954.

    Args:
        first_s: a, what each job takes on the first machine.
        second_s: b, what it takes on the second.
    """
    before, after = list(accumulate(first_s)), sum(second_s)
    ends = []
    for arrived, taken in zip(before, second_s, strict=True):
        ends.append(arrived + after)
        after -= taken
    return max(ends, default=0.0)
