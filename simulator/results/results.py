"""Results: the tables of one batch as DataFrames, and the questions one asks of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import ResultsError, UsageError
from simulator.results.folder import ENDED, damaged, read_manifest
from simulator.results.frames import labelled, read
from simulator.results.schema import not_recorded

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.changes import Changes


class Results:
    """A finished batch. Tables are read when they are first asked for.

    Attributes:
        folder: where the batch is kept.
        manifest: what was run, with what, when, and how it ended.
    """

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder = folder
        self.manifest = manifest
        self._made: dict[tuple[object, ...], pd.DataFrame] = {}

    def __repr__(self) -> str:
        runs = self.manifest["runs"]
        return f"<Results {self.folder}: {runs['total']} runs, {runs['failed']} failed>"

    @property
    def status(self) -> str:
        """``ok``, ``failures`` (some runs failed) or ``failed`` (all did)."""
        return str(self.manifest["status"])

    @property
    def exit_code(self) -> int:
        """What a command ends with: 0 ok, 1 nothing completed, 3 completed with failures."""
        return ENDED[self.status]

    @property
    def axes(self) -> dict[str, list[Any]]:
        """The axes of the scenario with their values, in its order."""
        axes: dict[str, list[Any]] = self.manifest["axes"]
        return axes

    @property
    def baseline(self) -> str:
        """Label of the stack that others are compared with."""
        return str(self.manifest["baseline"] or self.manifest["points"][0]["stack"])

    @property
    def not_recorded(self) -> dict[str, list[str]]:
        """Columns by table that this version knows and that an older one, which wrote the batch, did not; all empty."""
        return not_recorded(self.manifest)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row per run: where it stands on the axes, whether it failed, and why."""
        return read(self.folder, "runs", self.axes, self.manifest)

    @cached_property
    def requests(self) -> pd.DataFrame:
        """One row per request that was measured."""
        return read(self.folder, "requests", self.axes, self.manifest)

    @cached_property
    def charges(self) -> pd.DataFrame:
        """Device time by thread, device, payer, cause and mechanism."""
        return read(self.folder, "charges", self.axes, self.manifest)

    @cached_property
    def threads(self) -> pd.DataFrame:
        """The ledger of each thread's time."""
        return read(self.folder, "threads", self.axes, self.manifest)

    @cached_property
    def tenants(self) -> pd.DataFrame:
        """One row per run and tenant: its outcome and its figure of merit."""
        return read(self.folder, "tenants", self.axes, self.manifest)

    @cached_property
    def faults(self) -> pd.DataFrame:
        """One row per node that failed, with who was lost with it."""
        return read(self.folder, "faults", self.axes, self.manifest)

    @cached_property
    def operations(self) -> pd.DataFrame:
        """One row per operation: what was done to whom, by which layer, and what it took."""
        return read(self.folder, "operations", self.axes, self.manifest)

    @cached_property
    def inspections(self) -> pd.DataFrame:
        """What the threads of a tenant were doing when somebody stopped it and looked."""
        return read(self.folder, "inspections", self.axes, self.manifest)

    @cached_property
    def log(self) -> pd.DataFrame:
        """What layers wrote into their logs: one row per thing done, with its duration (a collection of the heap)."""
        return read(self.folder, "log", self.axes, self.manifest)

    @cached_property
    def settings(self) -> pd.DataFrame:
        """What layers set for themselves: one row per run, tenant, node and setting (a Java virtual machine's heap)."""
        return read(self.folder, "settings", self.axes, self.manifest)

    @cached_property
    def devices(self) -> pd.DataFrame:
        """The ledger of each device."""
        return read(self.folder, "devices", self.axes, self.manifest)

    def shortfalls(self) -> list[str]:
        """Where a rule that stops replications ended before it had what it wanted: a sentence for each place."""
        from simulator.results.shortfalls import shortfalls

        if not self.manifest.get("stopping"):
            return []
        return shortfalls(self.manifest, self.runs, self._placed_tenants())

    def summary(self, metric: str | None = None, level: float = 0.95, by: Sequence[str] | None = None) -> pd.DataFrame:
        """Means with confidence intervals, and the overhead over the baseline stack.

        Args:
            metric: a numeric column of ``tenants``; by default each workload's own figure of merit.
            level: of the intervals.
            by: columns that make a row; by default all axes and the tenant.

        Returns:
            ``ci_low`` and ``ci_high`` enclose ``mean`` (t over replications). ``ratio_mean`` is the geometric mean of
            value over baseline, paired by replication, ``overhead_percent`` what the same work takes more: ratio - 1
            where less is better, 1 / ratio - 1 where more is. One replication has no interval.

        Raises:
            UsageError: no such metric or column, or rows would mix different metrics.
        """
        from simulator.results.summary import summary

        def made() -> pd.DataFrame:
            frame = summary(self._placed_tenants(), self.baseline, metric=metric, level=level, by=self._by(by))
            return labelled(frame, self.axes)

        return self._once(("summary", metric, level, *self._by(by)), made)

    def compare(
        self,
        baseline: str | None = None,
        metric: str = "value",
        level: float = 0.95,
        *,
        quantile: float | None = None,
        simultaneous: bool = False,
    ) -> pd.DataFrame:
        """Every stack against a baseline, paired by replication (both saw the same random numbers).

        Replications that only one of the two has are left out: failed ones, and those that a stopping rule saved.

        Args:
            baseline: label of a stack; the scenario's own by default.
            metric: a numeric column of ``tenants``.
            level: of the intervals.
            quantile: compare this quantile of the latency of requests instead of ``metric``, e.g. 0.99.
            simultaneous: all intervals of one kind cover together with this probability (Bonferroni), not each.

        Returns:
            ``difference`` and ``ratio`` (geometric mean) with their intervals; ``significant`` where the interval of
            the difference excludes zero; ``degraded`` where moreover the change is for the worse.

        Raises:
            UsageError: no such stack, metric or quantile.
        """
        from simulator.results.comparison import comparison

        name = self._stack(self.baseline if baseline is None else baseline)
        tenants = self._placed_tenants()
        if quantile is not None:
            from simulator.results.quantiles import by_replication

            metric, tenants = "value", by_replication(self._measured_requests(), tenants, quantile)
        frame = comparison(tenants, name, metric=metric, level=level, by=self._by(None), simultaneous=simultaneous)
        return labelled(frame, self.axes)

    def quantiles(
        self, q: Sequence[float] = (0.5, 0.95, 0.99), level: float = 0.95, by: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Quantiles of the latency of the requests that were measured.

        Args:
            q: which quantiles.
            level: of the intervals.
            by: columns that make a row; by default all axes and the tenant.

        Returns:
            ``latency_s`` of all requests together (nearest rank), and the interval around it by sectioning. Not a
            number where fewer than 5 requests lie on either side; without interval where these are fewer than 100 in
            each of three parts of the replications.

        Raises:
            UsageError: no such quantile or column.
        """
        from simulator.results.quantiles import check, quantiles

        check(q, level)

        def made() -> pd.DataFrame:
            placed = self._placed(self._measured_requests())
            return labelled(quantiles(placed, parts=q, level=level, by=self._by(by)), self.axes)

        return self._once(("quantiles", tuple(q), level, *self._by(by)), made)

    def _measured_requests(self) -> pd.DataFrame:
        from simulator.results.measured import measured

        return measured(self.requests, self.tenants, self.runs)

    def where(self, by: Sequence[str] = ("cause", "mechanism"), level: float = 0.95) -> pd.DataFrame:
        """Where device time went: one row per point and value of ``by`` (text columns of ``charges``).

        Returns:
            ``seconds`` of service per run, ``share`` of all service in the run, ``per_second`` of simulated time (2.0
            keeps two processors busy), each a mean over replications.
        """
        from simulator.results.where import where

        def made() -> pd.DataFrame:
            return labelled(where(self.charges, self.runs, list(self.axes), by=by, level=level), self.axes)

        return self._once(("where", level, *by), made)

    def knock_on(self, level: float = 0.95) -> pd.DataFrame:
        """What switching mechanisms off (``without``) changed, against the same stack with them on.

        Returns:
            rows of kind ``own`` (charges of the mechanisms themselves), ``elsewhere`` (other charges that changed)
            and ``metric`` (each tenant's figure of merit); ``change`` is without less with, paired by replication.
        """
        from simulator.results.knock_on import knock_on

        return labelled(knock_on(self, level), self.axes)

    def long(self, metrics: Sequence[str] = (), where: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
        """The tenants in long form: one row per run, tenant and metric.

        Args:
            metrics: which ones: a workload's figure of merit by its name, or numeric columns of ``tenants``; by default
                all.
            where: values by axis; other places are left out.

        Returns:
            ``run``, ``point``, ``replication``, the axes, ``tenant``, ``metric``, ``unit`` and ``value``. Runs that
            failed measured nothing and have no rows.

        Raises:
            UsageError: no such metric, axis or value.
        """
        from simulator.results.long import long

        return long(self, metrics, where)[0]

    def export(
        self,
        folder: str | os.PathLike[str],
        tables: Sequence[str] = ("tenants",),
        form: str = "csv",
        *,
        where: Mapping[str, Sequence[str]] | None = None,
        columns: Sequence[str] = (),
        force: bool = False,
    ) -> list[Path]:
        """Write tables joined with the axes into a folder, and beside them what their columns mean.

        Args:
            folder: made if it is not there.
            tables: which ones; of the form ``long`` it is always the one of tenants.
            form: ``csv``, ``parquet`` or ``long``.
            where: values by axis; other places are left out.
            columns: which ones; all if none is named.
            force: write over files of the same names.

        Returns:
            the files.

        Raises:
            UsageError: something is not known, cannot be written, or is there already.
        """
        from simulator.results.exporting import export

        return export([self], folder, tables=tables, form=form, where=where, columns=columns, force=force)

    def compare_with(
        self,
        other: Results,
        metric: str = "value",
        level: float = 0.95,
        where: Mapping[str, Sequence[str]] | None = None,
    ) -> Changes:
        """What has changed from this batch to another one: numbers with their intervals, and what else is not the same.

        Args:
            other: the newer batch.
            metric: a numeric column of ``tenants``; by default each workload's own figure of merit.
            level: of the intervals.
            where: values by axis; other places are left out.

        Raises:
            UsageError: no such metric, axis or value, or the batches have other axes.
        """
        from simulator.results.changes import changes

        return changes(self, other, metric=metric, level=level, where=where)

    def _once(self, key: tuple[object, ...], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """A table that is asked for by figures and reports alike is made once; everyone gets a copy."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key].copy()

    def _by(self, by: Sequence[str] | None) -> list[str]:
        return [*self.axes, "tenant"] if by is None else list(by)

    def _placed_tenants(self) -> pd.DataFrame:
        return self._placed(self.tenants)

    def _placed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """With the place of each run, and tenants called as in the scenario."""
        places = self.runs[["run", "point", "replication", *self.axes]]
        return frame.assign(tenant=frame["copy_of"]).merge(places, on="run")

    def _stack(self, name: str) -> str:
        known = list(dict.fromkeys(point["stack"] for point in self.manifest["points"]))
        if name not in known:
            raise UsageError(f"no stack {name!r} in this batch; there are: {', '.join(known)}")
        return name


def load(folder: str | os.PathLike[str]) -> Results:
    """The results of a finished batch.

    Raises:
        ResultsError: no batch is kept there, or it has not finished.
    """
    path = Path(folder)
    manifest = read_manifest(path)
    if not manifest:
        raise ResultsError(f"{path}: not a folder of results; name one like results/<scenario>/<hash>")
    if manifest["status"] not in ENDED:
        raise ResultsError(f"{path}: the batch has not finished ({manifest['status']}); go on: {manifest['command']}")
    if names := damaged(path, manifest):
        raise ResultsError(
            f"{path}: {', '.join(names)} missing or not as it was written; write it anew: {manifest['command']}"
        )
    return Results(path, manifest)
