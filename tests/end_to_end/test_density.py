"""``virtlab density`` as people use it: from a file to the table, the figure and the folder, and back again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from simulator import plots
from simulator.results import load

QUESTION = """
    version: 1
    title: A small host
    machine: {base: server-2025, devices: {cpu: {cores_count: 2, threads_per_core_count: 1}}}
    stacks:
      process: linux-6 |
      Docker: linux-6 | docker-27
    tenants:
      service: {workload: {name: small-service, parameters: {resident_bytes: 128 MiB, data_bytes: 16 MiB}}, vcpus: 1}
    duration: 2 s
    warmup: 1 s
    density: {latency: 1 s, precision: 30 %}
    """
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def question(tmp_path: Path) -> str:
    path = tmp_path / "host.yaml"
    path.write_text(dedent(QUESTION).lstrip())
    return str(path)


def test_a_table_of_models_their_limits_and_a_figure(virtlab: Command, question: str, tmp_path: Path) -> None:
    """512 MiB less a kernel of 96 hold three processes of 128 MiB, and two containers of 140 MiB."""
    options = ("--host-memory", "512 MiB", "--jobs", "1", "--out", str(tmp_path / "out"))
    code, printed, err = virtlab("density", question, *options)
    assert code == 0, err
    lines = printed.splitlines()
    assert lines[:2] == ["A small host", "service on a host of 512 MiB, 95 % of the answers within 1 s"]
    assert lines[3].split()[:4] == ["model", "instances", "limited", "by"]
    assert lines[5].split()[:4] == ["process", "3", "memory", "3"]
    assert lines[6].split()[:4] == ["Docker", "2", "memory", "2"]
    assert any("docker-27 12 MiB, program 128 MiB" in line for line in lines)

    code, printed, err = virtlab("density", question, *options, "--json")
    assert code == 0, err
    data = json.loads(printed)
    assert [model["instances"] for model in data["models"]] == [3, 2]
    assert data["models"][1]["limits"]["allowed"]["count"] == 1023
    assert all(Path(figure).exists() for figure in data["figures"])

    table = plots.density.frame(load(Path(data["folders"][0])))  # type: ignore[attr-defined]
    assert list(table["limited_by"]) == ["memory", "memory"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host-memory", "64"), "'64' has no unit"),
        (("--latency", "fast"), "'fast' is not a quantity"),
    ],
)
def test_what_is_asked_wrongly_is_refused(
    virtlab: Command, question: str, options: tuple[str, str], words: str
) -> None:
    code, _, err = virtlab("density", question, *options)
    assert code == 2
    assert words in err
