"""Showing several things below one cell of a notebook."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def show(*things: Any) -> None:
    """Each thing in an output of its own, as whatever it can be shown as; outside a notebook its text."""
    display: Any = import_module("IPython.display").display
    for thing in things:
        display(thing)
