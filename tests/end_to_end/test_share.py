"""``virtlab share``: a drawing in, shares out, on the screen, as JSON, as a table of pandas, as a figure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

import simulator
from simulator.errors import UsageError

Command = Callable[..., tuple[int, str, str]]


def test_a_table_of_shares(virtlab: Command) -> None:
    code, out, err = virtlab("share", " ([oo]2o) 2")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "([oo]2 o)2",
        "",
        "fluid, weights: shares",
        "thread   share   ready   steal  throttled",
        "──────  ──────  ──────  ──────  ─────────",
        "vm1/o1  0.5000  0.0000  0.5000     0.0000",
        "vm1/o2  0.5000  0.0000  0.5000     0.0000",
        "o1      1.0000  0.0000  0.0000     0.0000",
        "used: 2.0000 of 2 processors",
    ]


def test_active_weights_are_those_of_simgrid(virtlab: Command) -> None:
    _, out, _ = virtlab("share", "([oo]2 o)2", "--weights", "active")
    assert out.count("0.6667  0.0000  0.3333") == 3


def test_several_machines_and_threads_that_sleep(virtlab: Command) -> None:
    code, out, _ = virtlab("share", "(web:o~1ms/9ms)1 (db:{o^3}<1.5)2")
    assert code == 0
    lines = out.splitlines()
    assert lines[3].split() == ["machine", "thread", "share", "ready", "steal", "throttled", "asleep"]
    assert lines[5].split() == ["m1", "web", "0.1000", "0.0000", "0.0000", "0.0000", "0.9000"]
    assert lines[6].split() == ["m2", "db/o1", "0.5000", "0.3333", "0.0000", "0.1667", "0.0000"]
    assert lines[-2:] == ["used: 0.1000 of 1 processor of m1", "used: 1.5000 of 2 processors of m2"]


def test_json_has_the_same_numbers(virtlab: Command) -> None:
    code, out, _ = virtlab("share", "(o o<0.25)1", "--json")
    assert code == 0
    (outcome,) = json.loads(out)
    assert (outcome["drawing"], outcome["fidelity"]) == ("(o o<0.25)1", "fluid")
    assert outcome["processors"] == {"m1": 1}
    first, second = outcome["threads"]
    assert (first["thread"], first["share"], first["steal"]) == ("o1", 0.75, 0.25)
    assert (second["thread"], second["share"], second["throttled"]) == ("o2", 0.25, 0.75)
    assert first["switches"] is None
    assert "segments" not in outcome


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["([oo]2 o"], "this machine is never closed; write ')' behind its last\n    ([oo]2 o\n    ^"),
        (["(o@0)1"], "'@0' means nothing in the fidelity 'fluid'"),
        (["(o)1", "--fidelity", "exact"], "no fidelity 'exact'; there are: fluid"),
        (["(o)1", "--for", "10"], "'10' has no unit; here a time is wanted"),
        (["(o)1", "--for", "0"], "nothing can be seen in no time"),
        (["(o)1", "--weights", "equal"], "Invalid value for '--weights'"),
        (["(o)1", "--set", "latency_s"], "'latency_s' sets nothing; write e.g. --set latency_s=3ms"),
        (["(o)1", "--plot", "who.jpeg"], "a figure cannot be written as 'who.jpeg'; end its name in .svg or .png"),
        (["([])1", "--plot", "who.png"], "the number of processors of this guest is missing"),
    ],
)
def test_mistakes_are_told_with_their_remedy(virtlab: Command, arguments: list[str], message: str) -> None:
    code, out, err = virtlab("share", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_figure_of_shares(virtlab: Command, tmp_path: Path) -> None:
    for name in ("who.svg", "again.svg", "who.png"):
        code, _, err = virtlab("share", "([oo]2 o<0.5)2", "--plot", name)
        assert (code, err) == (0, "")
    words = set(ElementTree.parse(tmp_path / "who.svg").getroot().itertext())
    assert {"([oo]2 o<0.5)2", "vm1/o1", "vm1/o2", "o1", "0.75", "0.5", "ready", "steal", "throttled"} <= words
    assert (tmp_path / "who.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()
    assert (tmp_path / "who.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_to_draw(virtlab: Command, tmp_path: Path) -> None:
    code, _, err = virtlab("share", "([]1)1", "--plot", "who.png")
    assert code == 2
    assert "there is no thread in '([]1)1'" in err
    assert not (tmp_path / "who.png").exists()


def test_the_function_gives_a_table() -> None:
    table = simulator.share("([oo]2 o)2")
    parts = ["share", "ready", "steal", "throttled", "asleep", "switching"]
    assert list(table.columns) == ["policy", "machine", "thread", *parts]
    assert list(table["share"]) == [0.5, 0.5, 1.0]
    assert list(table["thread"]) == ["vm1/o1", "vm1/o2", "o1"]
    with pytest.raises(UsageError, match="the length of a slice means nothing"):
        simulator.share("(o)1", slice_s=0.003)
