"""Text in columns, for a terminal, a file or a pipe alike."""

from __future__ import annotations

from collections.abc import Sequence

_BETWEEN = "  "


def columns(rows: Sequence[Sequence[str]], align: str, heads: Sequence[str] = ()) -> list[str]:
    """Lines with every column as wide as its widest cell; nothing follows the last word of a line.

    Args:
        rows: cells; a shorter row has nothing in its last columns.
        align: ``<`` (left) or ``>`` (right) for each column.
        heads: what stands above the columns, underlined.
    """
    head = [list(heads)] if heads else []
    table = [[*row, *[""] * (len(align) - len(row))] for row in [*head, *rows]]
    widths = [max((len(row[index]) for row in table), default=0) for index in range(len(align))]
    lines = [_line(row, widths, align) for row in table]
    if heads:
        lines.insert(1, _BETWEEN.join("─" * width for width in widths))
    return lines


def _line(row: Sequence[str], widths: Sequence[int], align: str) -> str:
    cells = (f"{cell:{side}{width}}" for cell, width, side in zip(row, widths, align, strict=True))
    return _BETWEEN.join(cells).rstrip()
