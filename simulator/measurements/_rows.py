"""Figures as rows of a table: what predictions are held against (``virtlab validate --figures``)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.measurements.base import Measurement, Request

COLUMNS = (
    "source", "table_or_figure", "platform", "model_class", "benchmark", "condition", "metric", "unit", "value", "min",
    "max", "n", "notes", "use",
)  # fmt: skip
_UNITS = {"bytes_per_s": "bytes/s", "hz": "Hz"}


def table(measurement: Measurement, request: Request) -> str:
    """The table as CSV: a row for each figure of each record.

    Of a record the texts ``platform`` and ``condition`` say where its figures belong; a figure's metric is its name.
    """
    year = f", {measurement.year}" if measurement.year else ""
    place = f", on {request.machine}" if request.machine else ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in measurement.records:
        for figure in record.figures.values():
            notes = "; ".join(part for part in (figure.where, figure.remark) if part)
            writer.writerow((
                f"own measurement{year}{place}", measurement.file, record.texts.get("platform", measurement.tool),
                record.texts.get("model", ""), request.name, record.texts.get("condition", ""),
                figure.name.replace(" ", "_"), _UNITS.get(figure.unit, figure.unit), _digits(figure.value),
                _digits(figure.low), _digits(figure.high), 1, notes, "judges",
            ))  # fmt: skip
    return text.getvalue()


def _digits(value: float) -> str:
    return f"{value:.10g}"
