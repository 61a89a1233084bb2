"""The page on sensitivity: its files are written, its commands and scripts run, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(yaml|python|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_page_on_sensitivity_does_what_it_says(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    printed = []
    for kind, text in BLOCK.findall((ROOT / "docs" / "sensitivity.md").read_text(encoding="utf-8")):
        if kind == "console":
            for line in text.removeprefix("$ ").split("\n$ "):
                program, *arguments = shlex.split(line)
                assert program == "virtlab"
                printed.append(run("-m", "simulator", *arguments, "--jobs", "1"))
            continue
        name = text.splitlines()[0].removeprefix("# ")
        (tmp_path / name).write_text(text, encoding="utf-8")
        if kind == "python":
            printed.append(run(name))
    first = printed[0]
    table = first[first.index("Workstation: 1.2") :].splitlines()
    assert table[1].startswith("given the catalog's ranges the overhead is between +2")
    assert table[4].startswith("kernel-build.file_processes_count")
    assert "count as exact" in first
    assert (tmp_path / "tornado.png").stat().st_size > 10_000
    assert len(printed) == 6
