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
    for name in ("who.svg", "again.svg", "new/folder/who.png"):
        code, _, err = virtlab("share", "([oo]2 o<0.5)2", "--plot", name)
        assert (code, err) == (0, "")
    words = set(ElementTree.parse(tmp_path / "who.svg").getroot().itertext())
    assert {"([oo]2 o<0.5)2", "vm1/o1", "vm1/o2", "o1", "0.75", "0.5", "ready", "steal", "throttled"} <= words
    assert (tmp_path / "who.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()
    assert (tmp_path / "new" / "folder" / "who.png").read_bytes().startswith(b"\x89PNG")


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


# ---------------------------------------------------------------- by slices


def test_turns_are_counted(virtlab: Command) -> None:
    code, out, err = virtlab("share", "(oo)1", "--policy", "round_robin", "--slice", "10 ms", "--for", "1 s")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[2] == "quantum, round_robin, weights: shares, 1 s"
    assert lines[3].split() == [
        "thread",
        "share",
        "ready",
        "steal",
        "throttled",
        "switches",
        "migrations",
        "longest",
        "wait",
    ]
    assert lines[5].split() == ["o1", "0.5000", "0.0000", "0.5000", "0.0000", "49", "0", "10", "ms"]
    assert lines[6].split() == ["o2", "0.5000", "0.0000", "0.5000", "0.0000", "50", "0", "10", "ms"]


def test_a_switch_takes_time(virtlab: Command) -> None:
    _, out, _ = virtlab("share", "(oo)1", "--policy", "round_robin", "--slice", "9ms", "--switch-cost", "1ms", "--json")
    (outcome,) = json.loads(out)
    assert sum(row["share"] for row in outcome["threads"]) == pytest.approx(0.9, abs=0.001)
    assert sum(row["switching"] for row in outcome["threads"]) == pytest.approx(0.1, abs=0.001)


def test_pinned_threads_stay_where_they_are(virtlab: Command) -> None:
    _, out, _ = virtlab("share", "(o@0 o@0 o@1)2", "--fidelity", "quantum", "--json", "--for", "1s")
    first, second, third = json.loads(out)[0]["threads"]
    assert first["share"] + second["share"] == pytest.approx(1.0)
    assert third["share"] == 1.0
    assert {row["migrations"] for row in (first, second, third)} == {0}


def test_several_policies_one_after_the_other(virtlab: Command) -> None:
    arguments = ("(o o*3)1", "--policy", "round_robin, cfs", "--for", "1s")
    code, out, _ = virtlab("share", *arguments)
    assert code == 0
    first, second = out.split("\n\n")[1:]
    assert first.startswith("quantum, round_robin, weights: shares, 1 s\n")
    assert first.endswith("\nround_robin does not honour weights: shares do not follow those that are drawn")
    assert second.startswith("quantum, cfs, weights: shares, 1 s\n")
    assert "does not honour" not in second
    table = simulator.share("(o o*3)1", policy=["round_robin", "cfs"], seconds=1.0)
    assert list(table["policy"]) == ["round_robin"] * 2 + ["cfs"] * 2
    assert list(table["share"]) == pytest.approx([0.5, 0.5, 0.25, 0.75], abs=0.01)


def test_guests_have_a_scheduler_of_their_own(virtlab: Command) -> None:
    arguments = ("([oo*3]1 o)1", "--policy", "round_robin", "--guest-policy", "cfs", "--slice", "10ms", "--for", "1s")
    code, out, err = virtlab("share", *arguments)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[2] == "quantum, round_robin, guests cfs, weights: shares, 1 s"
    shares = [float(line.split()[1]) for line in lines[5:8]]
    assert shares == pytest.approx([0.125, 0.375, 0.5], abs=0.01)
    assert "does not honour" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--policy", "fair"], "no policy 'fair'; there are: "),
        (["--policy", "cfs", "--guest-policy", "fair"], "no policy 'fair'; there are: "),
        (["--policy", "cfs", "--slice", "3ms"], "there is no slice of a fixed length; cfs has: "),
        (["--policy", "round_robin", "--slice", "0"], "a slice of less than a microsecond is no time to do anything"),
        (["--policy", "cfs", "--set", "latence_s=3ms"], "there is no parameter 'latence_s'; cfs has: "),
        (["--policy", "cfs", "--set", "latency_s=3"], "'3' has no unit; here a time is wanted"),
        (["--fidelity", "fluid", "--policy", "cfs"], "take the fidelity 'quantum', or leave it out"),
    ],
)
def test_what_a_policy_does_not_have_is_refused(virtlab: Command, arguments: list[str], message: str) -> None:
    code, out, err = virtlab("share", "(oo)1", *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_a_figure_of_turns(virtlab: Command, tmp_path: Path) -> None:
    arguments = ("([oo]2 o)2", "--policy", "cfs,round_robin", "--for", "3s", "--plot")
    for name in ("who.svg", "again.svg"):
        code, _, err = virtlab("share", *arguments, name)
        assert (code, err) == (0, "")
    words = list(ElementTree.parse(tmp_path / "who.svg").getroot().itertext())
    assert {"cfs", "round_robin", "vm1/o1", "vm1/o2", "o1"} <= set(words)
    assert words.count("cpu 0") == words.count("cpu 1") == 2
    assert any(word.startswith("time, s (the first ") and word.endswith(" of 3 s)") for word in words)
    assert (tmp_path / "who.svg").read_bytes() == (tmp_path / "again.svg").read_bytes()


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        ("({o@0}@1)2", "group1/o1 is pinned to 0, and of what is around it to 1: no processor is left"),
        ("([{o} o@1]2)1", "vm1/o1 is pinned to 1, and of what is around it to 0: no processor is left"),
    ],
)
def test_pins_that_leave_nothing(virtlab: Command, drawing: str, message: str) -> None:
    code, _, err = virtlab("share", drawing, "--policy", "cfs")
    assert code == 2
    assert message in err
