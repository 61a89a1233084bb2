"""Tables and numbers of the pages that are generated."""

from __future__ import annotations

from math import isfinite


def line(*cells: object) -> str:
    """One line of a table."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def header(*cells: str) -> list[str]:
    """The first two lines of a table."""
    return [line(*cells), line(*("---" for _ in cells))]


def number(value: float | None) -> str:
    """Four significant digits, large numbers with commas; nothing for what is not a number."""
    if value is None or not isfinite(value):
        return ""
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def tenth(value: float) -> str:
    """One decimal; nothing for what is not a number."""
    return f"{value:,.1f}" if isfinite(value) else ""


def hundredth(value: float) -> str:
    """Two decimals; nothing for what is not a number."""
    return f"{value:.2f}" if isfinite(value) else ""
