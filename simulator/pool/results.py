"""What a pool has given: tidy tables with units, means over replications with their intervals, and a folder."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import fsum, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.batch.manifest import now
from simulator.batch.version import code_version, library_versions
from simulator.errors import UsageError
from simulator.pool.plan import Plan
from simulator.pool.tables import TABLES, Row, Tables, names
from simulator.results import intervals
from simulator.results.folder import replace_json, replace_text
from simulator.results.intervals import Interval

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.95
"""Probability that an interval covers."""
KEYS = ("run", "replication", "seed")
"""Columns of ``runs`` that are no results."""


@dataclass(frozen=True)
class PoolResults:
    """All tables of all replications.

    Attributes:
        plan: what was run.
        tables: rows of each table, in the order of ``tables.TABLES``.
    """

    plan: Plan
    tables: Tables = field(repr=False)

    def frame(self, table: str = "runs") -> pd.DataFrame:
        """One table as a DataFrame.

        Raises:
            UsageError: there is no such table.
        """
        import pandas as pd

        if table not in TABLES:
            raise UsageError(f"there is no table {table!r}; there are {', '.join(TABLES)}")
        return pd.DataFrame(self.tables[table], columns=names(table))

    def summary(self) -> dict[str, Interval]:
        """Each column of ``runs`` as its mean over replications, with Student's interval."""
        rows = self.tables["runs"]
        columns = {name: place for place, name in enumerate(names("runs")) if name not in KEYS}
        return {name: intervals.mean([float(row[place]) for row in rows], LEVEL) for name, place in columns.items()}

    def refusals(self) -> dict[str, float]:
        """Why requests were refused, with how many in a replication."""
        place, found = names("requests").index("outcome"), dict[str, float]()
        for row in self.tables["requests"]:
            if row[place].startswith("refused"):
                found[row[place]] = found.get(row[place], 0.0) + 1.0 / len(self.tables["runs"])
        return found

    def most_on_one_host(self) -> dict[str, int]:
        """For each type of host the most instances that ever stood on one."""
        kind, most = names("hosts").index("type"), names("hosts").index("instances_most")
        found: dict[str, int] = {}
        for row in self.tables["hosts"]:
            found[row[kind]] = max(found.get(row[kind], 0), row[most])
        return found

    def over_time(self, column: str) -> tuple[list[float], list[float]]:
        """Times of the samples, and a column of theirs, mean over replications."""
        at, place = names("samples").index("at_s"), names("samples").index(column)
        found: dict[float, list[float]] = {}
        for row in self.tables["samples"]:
            found.setdefault(row[at], []).append(float(row[place]))
        return list(found), [fsum(values) / len(values) for values in found.values()]

    def data(self) -> dict[str, Any]:
        """What the command prints as JSON."""
        units = {column.name: column.unit for column in TABLES["runs"]}
        summary = {
            name: {"mean": each.mean, "ci_low": each.low, "ci_high": each.high, "n": each.n, "unit": units[name]}
            for name, each in self.summary().items()
        }
        types = [dict(zip(names("types"), row, strict=True)) for row in self.tables["types"]]
        return {
            "pool": self.plan.name, "title": self.plan.title, "replications": len(self.tables["runs"]),
            "seed": self.plan.seed, "level": LEVEL, "summary": summary, "refusals": self.refusals(),
            "most_on_one_host": self.most_on_one_host(), "types": types,
        }  # fmt: skip

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write every table as CSV, and what they mean beside them; the same pool gives the same tables, byte for byte.

        Raises:
            UsageError: the folder holds something else.
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        foreign = [path.name for path in target.iterdir() if path.name not in _OWN]
        if foreign:
            raise UsageError(f"{target} holds something else ({foreign[0]}); name a folder of its own")
        for table, rows in self.tables.items():
            replace_text(target / f"{table}.csv", _csv(names(table), rows))
        replace_json(target / "pool.json", self._about())
        replace_text(target / "pool.yaml", self.plan.text)
        return target

    def _about(self) -> dict[str, Any]:
        columns = {table: [column._asdict() for column in declared] for table, declared in TABLES.items()}
        return {
            **self.data(), "written": now(), "code": code_version(), "libraries": library_versions(),
            "columns": columns,
        }  # fmt: skip


_OWN = {*(f"{table}.csv" for table in TABLES), "pool.json", "pool.yaml", "figures"}
"""What a folder of results may hold."""


def _csv(header: Iterable[str], rows: Iterable[Row]) -> str:
    """A table as text; what is not a number is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(["" if isinstance(value, float) and isnan(value) else value for value in row])
    return text.getvalue()


def type_rows(plan: Plan) -> list[Row]:
    """The table ``types``: what the layers make of each type of instance on each type of host."""
    rows: list[Row] = []
    asked = sorted({name for stream in plan.streams for name in stream.types})
    for host in plan.hosts:
        for name in asked:
            figures = host.figures[name]
            rows.append([
                host.name, host.expression, name, host.host_bytes, host.boot_s, figures.overhead_bytes,
                figures.start_s, figures.start_cycles + figures.turn_cycles, figures.task_cycles, figures.cycle_ratio,
                figures.cannot_migrate or "yes",
            ])  # fmt: skip
    return rows
