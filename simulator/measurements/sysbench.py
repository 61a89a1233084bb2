"""sysbench 0.4, 0.5 and 1.0: a computation, requests on files, or a database under load, as workloads.

``cpu`` is a computation; ``fileio`` past the page cache is requests of one size; ``oltp`` is a database whose cycles
for a transaction are fitted to the rate that was measured, as nothing in the file says what a transaction computes.
``memory`` with blocks larger than every cache is a number of the machine. ``threads`` and ``mutex`` measure what here
follows from the schedule.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.measurements import _sysbench_lines
from simulator.measurements._jobs import Job
from simulator.measurements._requests import requests
from simulator.measurements._setting import Setting, begun, setting
from simulator.measurements._written import CatalogFile, Number
from simulator.measurements.base import Figure, Measurement, Record, Request, Tool

if TYPE_CHECKING:
    from simulator.catalog import Catalog

_MIB, _GIB = 1024.0**2, 1024.0**3
_CHUNKS = 1000
_TRANSACTIONS = 400
_ASKED = ("threads", "prime limit", "file size", "file block", "flush requests")
"""What was asked of the test: it is in the entry without standing in a ``where`` of its own."""
_RESULT = "is a result to hold the run against, it is no input"


class Sysbench(Tool):
    """One run of one test."""

    NAME = "sysbench"
    TITLE = "sysbench"
    BECOMES = ("workload", "machine")
    MADE_BY = "sysbench TEST run > FILE"

    def usual(self, measurement: Measurement) -> str:
        """The test of the memory says something of a machine only."""
        return "machine" if measurement.records[0].name == "memory" else "workload"

    def recognise(self, text: str) -> str:
        """Its first line, and a statistic."""
        begins = any(_sysbench_lines.VERSION.match(line.strip()) for line in text.splitlines())
        return "the output of sysbench" if begins and "total number of events" in text else ""

    def read(self, text: str, file: str) -> Measurement:
        """One record, with the name of the test."""
        found = Measurement("sysbench", file)
        record = _sysbench_lines.read(text, found)
        found.records.append(record)
        if "events" not in record.figures:
            found.refuse("says nothing of how many events there were", "let sysbench end its run")
        record.name = _test(record)
        return found

    def convert(self, measurement: Measurement, request: Request, catalog: Catalog) -> CatalogFile:
        """What the test is."""
        record = measurement.records[0]
        place = setting(measurement, request, catalog)
        if request.to == "machine" and record.name != "memory":
            measurement.refuse(f"is of the test {record.name}, which says nothing of a machine", "take --as workload")
        file = {
            "cpu": _cpu, "fileio": _fileio, "oltp": _oltp, "memory": _memory,
        }.get(record.name, _nothing)(measurement, record, request, place, catalog)  # fmt: skip
        used = " ".join(number.where for group in file.groups.values() for number in group.values())
        for figure in record.figures.values():
            if figure.name not in _ASKED and f"{figure.where}, {figure.name}" not in used:
                measurement.drop(figure.where, f"{figure.name} {figure.value:.6g}", _RESULT)
        return file


def _test(record: Record) -> str:
    """Which test a run was of: sysbench 1.0 does not say it in words."""
    signs = {"cpu": "prime limit", "memory": "memory rate", "fileio": "file block", "oltp": "transactions"}
    for test, sign in signs.items():
        if sign in record.figures:
            return test
    one_each = record.figures["events"].value == record.figures.get("threads", record.figures["events"]).value
    return "mutex" if one_each else "threads"


def _nothing(
    measurement: Measurement, record: Record, request: Request, place: Setting, catalog: Catalog
) -> CatalogFile:
    measurement.refuse(
        f"is of the test {record.name}, and what that measures follows here from the schedule",
        "for the costs of switches and calls measure with lmbench: 'virtlab import lmbench'",
    )


def _figures(measurement: Measurement, record: Record, *names: str) -> list[Figure]:
    """Figures that a test must have."""
    missing = [name for name in names if name not in record.figures or not record.figures[name].value]
    if missing:
        measurement.refuse(
            f"does not say: {', '.join(missing)}", "let sysbench end its run, and take all of its output"
        )
    return [record.figures[name] for name in names]


def _head(place: Setting, program: str, name: str, unit: str) -> dict[str, object]:
    return {
        "program": program,
        "interface": "system",
        "metric": {"name": name, "unit": unit, "better": "higher"},
        "runs_on": [place.kernel.abi or "linux"],
        "architectures": [place.machine.architecture],
    }


def _busy(record: Record, place: Setting) -> float:
    """How many processors worked: one for each thread, as many as there are at most."""
    threads = record.figures["threads"].value if "threads" in record.figures else 1.0
    return min(threads, place.of_cpu("cores_count") * place.of_cpu("threads_per_core_count"))


def _assumed(value: float, low: float, high: float, where: str) -> Number:
    return Number("assumed", where, value, ends=(low, high))


def _cpu(measurement: Measurement, record: Record, request: Request, place: Setting, catalog: Catalog) -> CatalogFile:
    """One thread of the test: an event is a chunk, and the score is events a second."""
    events, time = _figures(measurement, record, "events", "total time")
    limit = record.figures["prime limit"].value
    title = f"sysbench cpu, prime numbers up to {limit:.0f}, one thread"
    file = begun(measurement, request, "workloads", title, f"cpu, primes up to {limit:.0f}")
    file.head |= _head(place, "cpu_bound", "rate", "events/s")
    busy, hz = _busy(record, place), place.frequency_hz
    value = busy * time.value * hz / events.value
    where = f"{measurement.place(events, time)}: time of {busy:.0f} busy processors over events, at the clock"
    formula = f"{busy:.10g} * {time.value:.10g} / {events.value:.10g} * {hz:.10g}"
    file.groups[""] = {
        "chunks_count": _assumed(_CHUNKS, 100, 1e6, "events of the simulated part"),
        "chunk_cycles": Number("derived", where, value, formula, (0.7 * value, 1.3 * value)),
        "chunk_variation_ratio": _assumed(0.0, 0.0, 0.05, "every event does the same"),
        "chunk_faults_count": _assumed(0.0, 0.0, 1.0, "it computes in registers"),
        "reference_s": Number(
            "assumed", "as many as chunks_count: the score is events a second", _CHUNKS, "chunks_count", (100.0, 1e6)
        ),
        "working_set_bytes": _assumed(4096.0, 1024.0, 64.0 * 1024, "it computes in registers"),
    }
    return file


def _fileio(
    measurement: Measurement, record: Record, request: Request, place: Setting, catalog: Catalog
) -> CatalogFile:
    """The requests of the test, as those of any disk benchmark."""
    (time,) = _figures(measurement, record, "total time")
    figures: dict[str, Figure] = {}
    for direction, rate, count in (("read", "reads per second", "reads"), ("write", "writes per second", "writes")):
        figure = record.figures.get(rate) or record.figures.get(count)
        if figure is not None and figure.value:
            value = figure.value if figure.name == rate else figure.value / time.value
            figures[f"{direction} iops"] = replace(figure, value=value)
            figures[f"{direction} operations"] = replace(figure, value=value * time.value)
    if not figures:
        measurement.refuse("neither read nor wrote", "take another --file-test-mode")
    flags = record.texts.get("flags", "(none)")
    direct = "direct" in flags or (flags.isdecimal() and int(flags) & 0o40000 != 0)
    if not direct:
        remedy = "run it with --file-extra-flags=direct"
        measurement.refuse("is of files read through the page cache: it measured memory", remedy)
    job = Job(
        name="fileio",
        random="random" in record.texts.get("doing", "random"),
        block_bytes=_figures(measurement, record, "file block")[0].value,
        processes=1.0,
        depth=record.figures["threads"].value if "threads" in record.figures else 1.0,
        direct=True,
        file_bytes=record.figures["file size"].value if "file size" in record.figures else 0.0,
        flush_requests=record.figures["flush requests"].value if "flush requests" in record.figures else 0.0,
        group="",
        figures=figures,
    )
    return requests(measurement, job, request, catalog)


def _oltp(measurement: Measurement, record: Record, request: Request, place: Setting, catalog: Catalog) -> CatalogFile:
    """A database of one tuple a transaction; its cycles are what is left of the processors' time."""
    transactions, queries, time = _figures(measurement, record, "transactions", "queries", "total time")
    writes = record.figures.get("write queries")
    clients = record.figures.get("threads", transactions)
    statements = max(1.0, round(queries.value / transactions.value))
    title = f"sysbench oltp, {statements:.0f} statements a transaction, {clients.value:.0f} clients"
    file = begun(measurement, request, "workloads", title, "oltp")
    file.head |= _head(place, "database", "throughput", "transactions/s")
    busy, rate = _busy(record, place), transactions.value / time.value
    whole = busy * place.frequency_hz / rate
    kernel = statements * (4.0 * place.of_kernel("message_cycles") + 2.0 * place.of_kernel("context_switch_cycles"))
    kernel += statements * place.of_kernel("null_io_cycles")
    value = max(0.1 * whole, whole - kernel)
    fitted = f"the rate measured natively: {rate:.4g} transactions/s, {measurement.place(transactions)}"
    where = f"{measurement.place(transactions, time)}: cycles of {busy:.0f} processors, taken to be busy, over "
    where += "transactions, less the kernel's for messages"
    asked = f"{measurement.place(queries, transactions)}: statements of a transaction"
    log = 4096.0 if writes is not None and writes.value else 0.0
    file.groups[""] = {
        "clients_count": Number("measured", measurement.place(clients), clients.value),
        "queries_count": _assumed(max(_TRANSACTIONS, 2 * clients.value), 100, 1e6, "length of the simulated part"),
        "query_tuples_count": _assumed(1.0, 1.0, 1.0, "a transaction is counted as one"),
        "tuple_cycles": Number("derived", where, value, ends=(0.05 * whole, whole), fitted_on=fitted),
        "query_variation_ratio": _assumed(0.5, 0.0, 2.0, "not measured: statements differ"),
        "tuple_faults_count": _assumed(0.0, 0.0, 50.0, "not measured: the server keeps its memory"),
        "tuple_blocks_count": Number("derived", f"{asked}: a block for each", statements, ends=(0.0, 4.0 * statements)),
        "tuple_messages_count": Number("derived", f"{asked}: a question and an answer for each", 2.0 * statements),
        "tuple_log_bytes": _assumed(log, 0.0, 16384.0, "a transaction that writes waits for its log at its end"),
        "database_bytes": _assumed(256.0 * _MIB, 2.0 * _MIB, 64.0 * _GIB, "not said: the size of the tables"),
        "block_bytes": _assumed(16384.0, 8192.0, 16384.0, "page of InnoDB; PostgreSQL has half of it"),
        "working_set_bytes": _assumed(64.0 * 1024, 16.0 * 1024, _MIB, "a server's part of the shared buffers"),
    }  # fmt: skip
    return file


def _memory(
    measurement: Measurement, record: Record, request: Request, place: Setting, catalog: Catalog
) -> CatalogFile:
    """What one core reads or writes in order, if the blocks were larger than the cache."""
    if request.to != "machine":
        measurement.refuse("is of the memory test, which is no workload", "take --as machine")
    rate, block = _figures(measurement, record, "memory rate", "memory block")
    if block.value <= place.of_cpu("cache_bytes"):
        measurement.refuse(
            f"is of blocks of {block.value:.0f} B, which lie in the cache of {place.machine.name}",
            "run it with --memory-block-size several times the last-level cache, in order (seq)",
        )
    title = f"{place.machine.name} with the memory that sysbench measured"
    file = begun(measurement, replace(request, machine=request.name), "machines", title, "memory")
    file.source["howpublished"] = f"measured, file {measurement.file}"
    file.head |= {"year": place.machine.year, "extends": place.machine.name}
    file.device_kinds["cpu"] = "processor"
    threads = record.figures["threads"].value if "threads" in record.figures else 1.0
    name = "memory_bytes_per_s" if threads == 1.0 else "memory_socket_bytes_per_s"
    where = f"{measurement.place(rate, block)}, {record.texts.get('operation', 'write')}"
    file.groups["cpu"] = {name: Number("measured", where, rate.value, ends=(rate.value, 2.0 * rate.value))}
    return file


TOOL = Sysbench
