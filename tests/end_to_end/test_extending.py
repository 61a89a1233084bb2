"""The page on extending: its files are written, its commands run, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(yaml|python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(line: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """One command line of the page; ``virtlab`` is this checkout."""
    program, *arguments = shlex.split(line)
    assert program == "virtlab", line
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_page_on_extending_does_what_it_says(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = 0
    for kind, text in BLOCK.findall((ROOT / "docs" / "extending.md").read_text(encoding="utf-8")):
        if kind != "console":
            name = text.splitlines()[0].removeprefix("# ")
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
            continue
        for line, *shown in (part.splitlines() for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]):
            if line.startswith("export "):
                variable, _, value = line.removeprefix("export ").partition("=")
                environment[variable] = str(tmp_path / value)
                continue
            done = run(line, tmp_path, environment)
            ran += 1
            if shown:
                assert (done.stdout + done.stderr).splitlines() == shown, line
            else:
                assert done.returncode == 0, (line, done.stderr)
    assert ran >= 8
