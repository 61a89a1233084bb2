"""The pages for beginners do what they say: their files are written, their commands run, in order, in a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from .conftest import Command
from .reading import Change, File, Typed, changed, is_virtlab, steps

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MAIN = "scenarios/what-does-it-cost.yaml"
"""The main job, which ``.ci/run`` runs by the line in README.md."""
SLOW = pytest.mark.slow


def section(text: str, title: str) -> str:
    """A part of a page, from its heading to the next one of its depth."""
    found = re.search(rf"^## {re.escape(title)}.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {title!r}"
    return found[0]


def follow(text: str, virtlab: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Do all that a page says; returns what each command printed."""
    for name in ("scenarios", "tests"):
        (folder / name).symlink_to(ROOT / name)
    printed, last = [], ""
    for step in steps(text):
        match step:
            case File(name, content):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(content, encoding="utf-8")
                last = name
            case Change(line):
                (folder / last).write_text(changed((folder / last).read_text(encoding="utf-8"), line), encoding="utf-8")
            case Typed(("export", setting)):
                variable, _, value = setting.partition("=")
                (folder / value).mkdir(exist_ok=True)
                (folder / value / "workloads").mkdir(exist_ok=True)
                monkeypatch.setenv(variable, str(folder / value))
            case Typed(words, shown) if is_virtlab(words) and MAIN not in words:
                code, out, err = virtlab(*_expanded(words[1:], folder), *_in_one_process(words))
                refused = bool(shown) and shown[0].startswith("error:")
                assert code == (2 if refused else 0), (words, err)
                assert [line for line in shown if line not in out + err] == [], words
                printed.append(out)
    return printed


def _expanded(words: tuple[str, ...], folder: Path) -> list[str]:
    """Words with their patterns replaced by what a shell would find."""
    found = [
        [str(path.relative_to(folder)) for path in sorted(folder.glob(word))] if "*" in word else [word]
        for word in words
    ]
    return [each for several in found for each in several]


def _in_one_process(words: tuple[str, ...]) -> tuple[str, ...]:
    return ("--jobs", "1") if words[1] in ("run", "isolate") and "--only" not in words else ()


@SLOW
def test_the_first_five_minutes(virtlab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DOCS / "start.md").read_text(encoding="utf-8")
    printed = follow(text, virtlab, tmp_path, monkeypatch)
    answers = [out for out in printed if out.startswith("My first question")]
    shown = re.findall(r"^rate, .*$", text, re.MULTILINE)
    assert len(answers) == len(shown) == 2
    for answer, line in zip(answers, shown, strict=True):
        assert line.split() in [each.split() for each in answer.splitlines()]


@SLOW
def test_the_same_path_in_the_readme(virtlab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = section((ROOT / "README.md").read_text(encoding="utf-8"), "Five minutes")
    first, case = follow(text, virtlab, tmp_path, monkeypatch)
    said = re.search(r"KVM costs (\d+) %", text)
    row = next(line for line in first.splitlines() if line.startswith("rate, "))
    overheads = re.findall(r"\+([\d.]+) \[", row)
    assert said and int(said[1]) == round(float(overheads[-1]))
    assert "1. " in case


@SLOW
@pytest.mark.parametrize(
    "title",
    ["Compare two hypervisors", "Write a scenario", "Add a product", "Bring your own"],
)
def test_a_tutorial(title: str, virtlab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DOCS / "tutorials.md").read_text(encoding="utf-8")
    assert follow(section(text, title), virtlab, tmp_path, monkeypatch)


def test_there_is_a_test_for_each_tutorial() -> None:
    titles = re.findall(r"^## (.*)$", (DOCS / "tutorials.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(titles) == 4


@SLOW
@pytest.mark.timeout(300)
def test_the_recipes(virtlab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert follow((DOCS / "how-to.md").read_text(encoding="utf-8"), virtlab, tmp_path, monkeypatch)
    assert os.listdir(tmp_path / "exported")
