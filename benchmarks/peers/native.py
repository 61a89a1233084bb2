"""Programs of ours in other languages: compiled at run time into a temporary folder, where a compiler is.

SimGrid (https://simgrid.org) is Debian's ``libsimgrid-dev``; nothing here is needed to use or to test virtlab.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Native:
    """One source file and how it is compiled."""

    source: str
    compiler: str
    options: tuple[str, ...]
    libraries: tuple[str, ...]
    wants: str
    """What must be installed."""


SIMGRID = Native("simgrid_scenarios.cpp", "g++", ("-O2", "-std=c++17"), ("-lsimgrid",), "g++ and libsimgrid-dev")
LIMIT = Native("limit.c", "gcc", ("-O3", "-std=c11"), ("-lm",), "gcc")


def build(program: Native, folder: Path) -> Path | None:
    """Compile it; None where compiler or library are not installed."""
    if shutil.which(program.compiler) is None:
        return None
    binary = folder / Path(program.source).stem
    command = [program.compiler, *program.options, str(HERE / program.source), "-o", str(binary), *program.libraries]
    ended = subprocess.run(command, capture_output=True, text=True)
    return binary if ended.returncode == 0 else None
