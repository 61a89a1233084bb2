"""Printing: data to stdout, everything else to stderr, and no complaint when the reader of a pipe has seen enough."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable
from typing import Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
"""The option of every command that prints data."""


def say(lines: str | Iterable[str] = "") -> None:
    """Print data."""
    text = lines if isinstance(lines, str) else "\n".join(lines)
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more at its end; there must be something to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_json(data: Any) -> None:
    """Print data as JSON; what is not a number is null."""
    say(json.dumps(_plain(data), indent=2, ensure_ascii=False))


def tell(text: str) -> None:
    """Print a message that is no data."""
    print(text, file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """Print an error, each of its lines for itself where it is a list of problems."""
    lines = text.split("\n")
    listed = len(lines) > 1 and not any(line.startswith(" ") for line in lines)
    tell("\n".join(f"error: {line}" for line in lines) if listed else f"error: {text}")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value
