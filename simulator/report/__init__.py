"""The report: one page of HTML that holds all of a batch, for somebody who has nothing but a browser.

The answer comes first, then figures, tables, what the numbers do not say, where they come from and how to repeat them.
The page asks no network for anything and stays under a megabyte; what had to be left out is said where it is missing.
The same batch gives the same bytes.
"""

from __future__ import annotations

from simulator.report.page import LARGEST_BYTES, page
from simulator.report.writing import write

__all__ = ["LARGEST_BYTES", "page", "write"]
