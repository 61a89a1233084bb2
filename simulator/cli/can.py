"""``virtlab can``: what each stack lets one do to a tenant, who does it, and what to do where nobody can."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from simulator.capability import Capability, Cell

_WIDTH = 118
_MOST_TOLD = 3
"""Stacks beside which there is room for what each word means."""


@click.command()
@click.argument("stacks", nargs=-1, required=True, metavar="STACK...")
@click.option("--word", "words", multiple=True, metavar="WORD", help="Show this word only; can be given several times.")
@click.option("--machine", metavar="NAME", default="", help="Machine of the catalog.  [default: server-2025]")
@json_option
def command(stacks: tuple[str, ...], words: tuple[str, ...], machine: str, as_json: bool) -> None:
    """Show what may be done to a tenant: pause, snapshot, clone, migrate, ...; which layer does it, and to what.

    STACK is an expression, e.g. "linux-6 | docker"; several are compared. For what no layer offers the reason is given
    and what to do instead.
    """
    import simulator

    chosen = _chosen(words)
    found = simulator.can(*stacks, machine=machine)
    if as_json:
        say_json([{**each.data(), "words": [each[word].data() for word in chosen]} for each in found])
    else:
        say(_lines(found, chosen))


def _chosen(words: Sequence[str]) -> list[str]:
    """The words to be shown.

    Raises:
        UsageError: there is no such word.
    """
    from simulator.catalog.suggestion import suggestion
    from simulator.control import WORDS
    from simulator.errors import UsageError

    for word in words:
        if word not in WORDS:
            raise UsageError(f"{word!r} is no way of control; {suggestion(word, WORDS)}")
    return [word for word in WORDS if word in words or not words]


# ---- text


def _lines(found: Sequence[Capability], words: Sequence[str]) -> list[str]:
    from simulator.control import WORDS
    from simulator.explain.columns import columns

    told = len(found) <= _MOST_TOLD
    rows = [[word, *(_who(each[word]) for each in found), *([WORDS[word]] if told else [])] for word in words]
    heads = ["", *(each.stack for each in found), *(["what it lets one do"] if told else [])]
    lines = columns(rows, "<" * len(heads), heads)
    for each in found:
        lines += ["", f"{each.stack}: a tenant is {each.subject}"]
        lines += [*_still(each, words), *_operations(each, words), *_missing(each, words)]
    return lines


def _who(cell: Cell) -> str:
    return f"{cell.by}: {cell.to}" if cell.can else "-"


def _still(found: Capability, words: Sequence[str]) -> list[str]:
    """What stops and what goes on, told once for all words for which it is the same."""
    same: dict[tuple[str, str], list[str]] = {}
    for cell in (found[word] for word in words):
        if cell.goes_on:
            same.setdefault((f"{cell.to} of {cell.by}", cell.goes_on), []).append(cell.word)
    return [line for (what, text), which in same.items() for line in _wrapped(f"{', '.join(which)} (a {what}): {text}")]


def _operations(found: Capability, words: Sequence[str]) -> Iterable[str]:
    """What of it a scenario can do in simulated time."""
    cells = [found[word] for word in words]
    known, unknown = ([name for cell in cells for name in names(cell)] for names in (_known, _unknown))
    if known:
        yield from _wrapped(f"operations of a scenario: {', '.join(known)}")
    if unknown:
        yield from _wrapped(f"not simulated, for want of numbers: {', '.join(unknown)}")


def _known(cell: Cell) -> tuple[str, ...]:
    return cell.operations


def _unknown(cell: Cell) -> tuple[str, ...]:
    return cell.without_numbers


def _missing(found: Capability, words: Sequence[str]) -> list[str]:
    return [line for word in words if not found[word].can for line in _wrapped(f"no {word}: {found[word].why_not}")]


def _wrapped(text: str) -> Iterable[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")
