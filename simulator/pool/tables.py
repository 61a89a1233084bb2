"""The tables of a pool: every column declared once, with its unit and meaning, as those of batches are."""

from __future__ import annotations

from typing import Any

from simulator.records import Column

Row = list[Any]
Tables = dict[str, list[Row]]


def _text(name: str, meaning: str) -> Column:
    return Column(name, "", meaning, "text")


def _count(name: str, meaning: str) -> Column:
    return Column(name, "count", meaning, "integer")


def _seconds(name: str, meaning: str) -> Column:
    return Column(name, "s", meaning)


RUN = _text("run", "replication, r<number>; the key that joins all tables")
TABLES: dict[str, tuple[Column, ...]] = {
    "runs": (
        RUN,
        _count("replication", "number of the replication, from 0"),
        _count("seed", "root seed of the pool"),
        _seconds("simulated_s", "simulated time of the run"),
        _count("events", "calendar entries that were processed, all hosts together"),
        _count("asked", "requests"),
        _count("placed", "of them, those that got a place"),
        _count("refused", "of them, those that got none"),
        Column("refused_ratio", "ratio", "refused over asked"),
        _seconds("wait_mean_s", "mean time from the request to the placement, of those that were placed"),
        _seconds("start_mean_s", "mean time from the placement until the program ran, where it came to that"),
        _count("tasks", "tasks that were done"),
        _seconds("response_mean_s", "mean time of a task, from the end of its pause to its own end"),
        Column("instance_hours", "h", "hours of all instances, from placement to end"),
        Column("host_hours", "h", "hours of all hosts that were on"),
        Column("density", "count", "instances per host that was on, mean over time"),
        Column("utilisation", "ratio", "processor time used over that of the hosts that were on"),
        Column("energy_kwh", "kWh", "energy of all hosts; empty where nobody knows what a machine draws"),
        Column("hosts_cost", "money", "price of the host hours, in the money of the file"),
        Column("energy_cost", "money", "price of the energy"),
        Column("instance_hour_cost", "money", "both, for each instance hour"),
        _count("migrations", "instances that were moved while they ran"),
        _count("failures", "hosts that failed"),
        _count("restarts", "instances that were started anew on another host"),
        _seconds("downtime_s", "of all instances: stopped for the end of a move, or until they were up again"),
        Column("lost_cycles", "cycles", "of traces, what was not to be had and is not done later"),
    ),
    "requests": (
        RUN,
        _count("instance", "number of the request, in order of arrival"),
        _text("stream", "the stream of requests"),
        _text("type", "type of instance that was asked for"),
        _seconds("asked_s", "when it was asked for"),
        _text("outcome", "running, completed, terminated, waiting; or refused, and why"),
        _text("host", "where it stands, or stood last"),
        _seconds("placed_s", "when it got its place"),
        _seconds("up_s", "when its program first ran"),
        _seconds("ended_s", "when it ended; empty where it was still there at the end"),
        _count("tasks", "tasks that were done"),
        _seconds("response_mean_s", "mean time of a task"),
        _seconds("response_longest_s", "the longest"),
        Column("lost_cycles", "cycles", "of a trace, what was not to be had and is not done later"),
        _count("moves", "how often it was moved while it ran"),
        _count("restarts", "how often it was started anew on another host"),
        _seconds("downtime_s", "stopped for the end of a move, or until it was up again"),
        _seconds("work_lost_s", "for how long its threads had worked on tasks that were lost"),
    ),
    "hosts": (
        RUN,
        _text("host", "name of the host"),
        _text("type", "its type"),
        _seconds("on_s", "for how long it was on or started"),
        _seconds("loaded_s", "of it, with any load"),
        _seconds("busy_s", "processor time used, summed over its processors"),
        Column("utilisation", "ratio", "busy over processors times on"),
        _count("instances", "instances that were placed on it"),
        _count("instances_most", "most of them at once"),
        Column("energy_j", "J", "energy; empty where nobody knows what the machine draws"),
        Column("cost", "money", "price of its hours and of its energy"),
    ),
    "events": (
        RUN,
        _seconds("at_s", "when it began"),
        _text("kind", "migration, restart, drain, failure, repair, clock, off, boot"),
        _text("host", "the host it happened to, or began on"),
        Column("instance", "count", "number of the instance that was moved or restarted; else empty"),
        _text("to", "the host it ended on"),
        _seconds("duration_s", "from then to its end"),
        _seconds("downtime_s", "of it, for how long the instance stood still"),
        Column("moved_bytes", "bytes", "memory that was sent"),
        _text("outcome", "done, or why not"),
    ),
    "samples": (
        RUN,
        _seconds("at_s", "end of the interval"),
        _count("hosts_on", "hosts that are on"),
        _count("hosts_used", "of them, those with an instance"),
        _count("instances", "instances that have a place"),
        _count("waiting", "requests that wait for one"),
        Column("busy_processors", "count", "processors in use, mean over the interval"),
        Column("utilisation", "ratio", "the same over the processors of the hosts that are on"),
        Column("watts", "W", "what all hosts drew, mean over the interval"),
    ),
    "types": (
        _text("host_type", "type of host"),
        _text("stack", "what is installed on it, with every version resolved; empty: nothing"),
        _text("type", "type of instance"),
        Column("host_bytes", "bytes", "memory that the host's own systems take"),
        _seconds("boot_s", "from power-on until the host takes instances"),
        Column("overhead_bytes", "bytes", "memory that an instance takes beside what it was promised"),
        _seconds("start_s", "start of an instance alone on the host"),
        Column("start_cycles", "cycles", "processor work of it"),
        Column("task_cycles", "cycles", "processor work of a task beside its own cycles"),
        Column("cycle_ratio", "ratio", "processor cycles for each cycle of the program's own"),
        _text("migrate", "yes, or why an instance cannot be moved while it runs"),
    ),
}


def names(table: str) -> list[str]:
    """The column names of one table, in order."""
    return [column.name for column in TABLES[table]]
