"""Where the numbers of a batch come from: its scenario, code, libraries and failures, and how it is made again."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from simulator.errors import ResultsError
from simulator.results.folder import csv_path, parquet_path, read_manifest
from simulator.results.listing import ANSWERS, entry
from simulator.results.schema import not_recorded, written_tables


def provenance(folder: Path, installed: str = "") -> dict[str, Any]:
    """Everything that is known of a batch, also of one that is running or was stopped.

    Args:
        folder: of the batch.
        installed: the version of code that counts as current.

    Raises:
        ResultsError: no batch is kept there, or its manifest is damaged.
    """
    manifest = read_manifest(folder)
    if not manifest:
        raise ResultsError(f"{folder}: not a folder of results; name one like results/<scenario>/<hash>")
    listed = entry(folder, installed)
    return {
        **listed.row(),
        "scenario": manifest["scenario"],
        "identity": manifest["identity"],
        "schema_version": manifest["schema_version"],
        "end": manifest.get("end"),
        "baseline": manifest["baseline"],
        "axes": manifest["axes"],
        "libraries": manifest["libraries"],
        "command": manifest["command"],
        "failures": manifest["failures"] if listed.failed is not None else [],
        "tables": tables(folder, manifest),
        "not_recorded": not_recorded(manifest),
        "answers": [f"{name}.json" for name in ANSWERS if name in listed.answers],
        "merged": manifest.get("merged"),
        "cite": citation(listed.row(), manifest),
    }


def tables(folder: Path, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each table with its rows and the size of its file; without those that are not written yet."""
    return [
        {"table": table, "rows": rows(folder, table), "size_bytes": csv_path(folder, table).stat().st_size}
        for table in written_tables(manifest)
        if csv_path(folder, table).exists()
    ]


def rows(folder: Path, table: str) -> int:
    """How many rows a table has."""
    if parquet_path(folder, table).exists() and find_spec("pyarrow") is not None:
        from pyarrow import parquet

        return int(parquet.ParquetFile(parquet_path(folder, table)).metadata.num_rows)
    with csv_path(folder, table).open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def each_point(row: Mapping[str, Any]) -> str:
    """How many replications each point has, in words."""
    return str(row["until"] or f"{row['replications']} replications")


def citation(row: Mapping[str, Any], manifest: Mapping[str, Any]) -> str:
    """One sentence that says what was run, for a paper."""
    scenario = manifest["scenario"]
    version, _, code = str(row["code"]).partition("+")
    built = f" (code {code})" if code else ""
    return (
        f"virtlab {version}{built}, scenario {scenario['name']!r} (SHA-256 {scenario['hash'][:16]}), "
        f"batch {row['hash']}: "
        f"{row['points']} points, {each_point(row)}, seed {row['seed']}, "
        f"run on {str(row['start']).partition('T')[0] or 'an unknown day'}."
    )
