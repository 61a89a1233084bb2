"""Every question that takes batches of runs says where they execute, and they do execute there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import click
import pytest

import simulator as vl
from simulator import claims
from simulator.cli.commands import virtlab
from simulator.scenario import load

CLAIMS = Path(__file__).parents[2] / "scenarios" / "claims"
OWN = ("pool", "serve", "validate")
"""Commands with processes of their own, which no batch is."""
SCENARIO: Mapping[str, Any] = {
    "version": 1,
    "title": "Small",
    "machine": "laptop-2025",
    "stacks": {"native": "linux-6 |", "docker": "linux-6 | docker"},
    "tenants": {"shop": {"workload": "key-value-store", "memory": "256 MiB"}},
    "duration": "20 ms",
}


class Reached(KeyboardInterrupt):
    """Somebody wants something to be executed."""


class Refusing(Executor):
    """Where nothing is executed."""

    def submit(self, *arguments: Any, **more: Any) -> Future[Any]:
        raise Reached


@pytest.mark.parametrize(
    "ask",
    [
        lambda **where: vl.run(SCENARIO, **where),
        lambda **where: vl.choose(SCENARIO, **where),
        lambda **where: vl.isolate(SCENARIO, stressors=["cpu-hog"], **where),
        lambda **where: vl.sensitivity(SCENARIO, method="tornado", **where),
        lambda **where: vl.density(SCENARIO, **where),
        lambda **where: claims.test([load(CLAIMS / "allocation-rules-isolate.yaml")], **where),
    ],
    ids=["run", "choose", "isolate", "sensitivity", "density", "claims"],
)
def test_they_execute_where_they_are_told_to(ask: Callable[..., object], tmp_path: Path) -> None:
    with pytest.raises(Reached):
        ask(out=tmp_path, on=Refusing())


@pytest.mark.parametrize("name", sorted(virtlab.list_commands(click.Context(virtlab))))
def test_a_command_that_takes_jobs_takes_on_as_well(name: str) -> None:
    command = virtlab.get_command(click.Context(virtlab), name)
    assert command is not None
    options = {each for parameter in command.params for each in parameter.opts}
    assert ("--on" in options) == ("--jobs" in options and name not in OWN)
