"""What a folder is by its manifest alone, without what is long in it: thousands of batches are listed in seconds.

Form 1 of a manifest had the points and the failures in it, which are passed over as text.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.results.folder import APART, MANIFEST, read_manifest, version_of

LOCK, CLAIM = ".lock", ".claim"
_LABELS = ("stack", "expression")
_WORD = r'"{}": ("(?:[^"\\]|\\.)*")'


def head(folder: Path) -> dict[str, Any]:
    """The manifest of a folder without its points and failures, and ``labels`` of the points instead.

    Raises:
        ResultsError: as ``read_manifest``.
        FileNotFoundError: there is none.
    """
    text = (folder / MANIFEST).read_text("utf-8")
    parts: dict[str, str] = {}
    for name in APART:
        text, parts[name] = _cut(text, name)
    try:
        manifest: dict[str, Any] = json.loads(text)
    except ValueError:
        return _whole(folder)
    version_of(folder, manifest)
    if "labels" in manifest:
        return manifest
    if not parts["points"]:
        return _whole(folder)
    words = {name: _words(parts["points"], name) for name in _LABELS}
    return {**manifest, "labels": {"points": parts["points"].count('\n      "point": '), **words}}


def labels(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many points there are, and the words by which one looks for a batch among others."""
    words = {name: list(dict.fromkeys(str(point.get(name, "")) for point in points)) for name in _LABELS}
    return {"points": len(points), **words}


def held(folder: Path) -> bool:
    """Whether a process works in the folder now: it holds the lock, which the system lets go of when it ends.

    Where there are no locks a claim stands for one, of which nobody can tell whether its process is still there.
    """
    try:
        with (folder / LOCK).open("rb") as file:
            return not _free(file.fileno())
    except OSError:
        return (folder / CLAIM).exists()


def _whole(folder: Path) -> dict[str, Any]:
    """The same of a manifest that is written in another way."""
    manifest = read_manifest(folder)
    return {**manifest, "labels": labels(manifest["points"])}


def _cut(text: str, name: str) -> tuple[str, str]:
    """A text without the items of one of its outermost lists, and these."""
    opening, closing = f'\n  "{name}": [\n', "\n  ]"
    begin = text.find(opening)
    end = text.find(closing, begin) if begin >= 0 else -1
    if end < 0:
        return text, ""
    return text[: begin + len(opening)] + text[end:], text[begin + len(opening) - 1 : end]


def _words(text: str, name: str) -> list[str]:
    found = re.findall(r"\n      " + _WORD.format(name), text)
    return [json.loads(word) for word in dict.fromkeys(found)]


if sys.platform == "win32":
    import msvcrt

    def _free(descriptor: int) -> bool:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        return True

else:
    import fcntl

    def _free(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
