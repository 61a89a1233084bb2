"""The command, run in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.cli import main

Outcome = tuple[int, str, str]
Command = Callable[..., Outcome]


@pytest.fixture
def virtlab(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command in this process, in a folder of its own; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Outcome:
        code = main(arguments)
        return code, *capsys.readouterr()

    return command
