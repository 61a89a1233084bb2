"""What a page tells its reader to write and to type, in order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class File:
    """A file to write: its name stands in its first line, behind a number sign."""

    name: str
    text: str


@dataclass(frozen=True)
class Change:
    """A line of a file that is to be changed: the one that begins with the same key."""

    line: str


@dataclass(frozen=True)
class Typed:
    """A command line, and what the page shows of its output."""

    words: tuple[str, ...]
    shown: tuple[str, ...] = ()


def steps(text: str) -> Iterator[File | Change | Typed]:
    """All that the fenced blocks of a page say, in order; what is not to be written or typed is left out."""
    for kind, block in BLOCK.findall(text):
        if kind == "yaml" and (found := re.match(r"# (\S+\.yaml)\n", block)):
            yield File(found[1], block)
        elif kind == "yaml" and block.count("\n") == 1:
            yield Change(block.rstrip("\n"))
        elif kind == "sh":
            for line in re.sub(r"\\\n\s*", " ", block).splitlines():
                for part in line.split(" && "):
                    if words := shlex.split(part, comments=True):
                        yield Typed(tuple(words))
        elif kind == "console":
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                line, *shown = part.splitlines()
                yield Typed(tuple(shlex.split(line, comments=True)), tuple(each for each in shown if each.strip()))


def is_virtlab(words: tuple[str, ...]) -> bool:
    """Whether a line calls the command."""
    return Path(words[0]).name == "virtlab"


def changed(text: str, line: str) -> str:
    """A file with one of its lines replaced by another with the same key."""
    key = line.partition(":")[0]
    lines = text.splitlines()
    places = [number for number, each in enumerate(lines) if each.partition(":")[0] == key]
    assert len(places) == 1, f"{key!r} stands {len(places)} times in the file"
    lines[places[0]] = line
    return "\n".join(lines) + "\n"
