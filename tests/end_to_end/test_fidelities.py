"""The page on the two fidelities: its commands print what it shows, and its sentences follow from that."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import simulator

PAGE = Path(__file__).parents[2] / "docs" / "fidelities.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Command = Callable[..., tuple[int, str, str]]


def _shown() -> Iterator[tuple[str, list[str]]]:
    """Every command of the page, and the lines it shows."""
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, *output = part.rstrip().splitlines()
            yield line, output


SHOWN = list(_shown())


@pytest.mark.parametrize(("line", "output"), SHOWN, ids=[line.removeprefix("virtlab share ") for line, _ in SHOWN])
def test_a_command_of_the_page(virtlab: Command, line: str, output: list[str]) -> None:
    program, *arguments = shlex.split(line)
    assert program == "virtlab"
    code, out, err = virtlab(*arguments)
    assert (code, err) == (0, "")
    assert output, "the page shows nothing for this command"
    assert out.rstrip().splitlines() == output
    if "--plot" in arguments:
        assert Path(arguments[arguments.index("--plot") + 1]).exists()


def test_the_page_has_a_case_of_every_difference() -> None:
    assert len(SHOWN) >= 15


@pytest.mark.parametrize("slice_s", [0.01, 0.001])
def test_means_come_nearer_with_the_slice(slice_s: float) -> None:
    """The last section: no share is further from fluid than two slices of the time looked at."""
    drawing = "({o o*2} o<0.3 [oo]1)1"
    expected = simulator.share(drawing)["share"]
    sliced = simulator.share(drawing, policy="cfs", seconds=1.0, latency_s=slice_s, minimum_granularity_s=slice_s)[
        "share"
    ]
    assert (sliced - expected).abs().max() <= 2 * slice_s
