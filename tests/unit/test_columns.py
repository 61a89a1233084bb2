"""The dictionary of columns: nothing blank, the page as the code declares, and every frame as the page says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from simulator.cli import dictionary
from simulator.records import TABLES
from simulator.results import Results, load
from simulator.results.answers import ANSWERS

ROOT = Path(__file__).parents[2]
BATCH = ROOT / "tests/data/results/schema-1/traps/501d59488f22"


def test_no_column_is_without_unit_and_meaning() -> None:
    for row in dictionary.rows():
        assert row["meaning"].strip() and row["unit"].strip() and row["column"].strip(), row
        assert row["unit"] != "-" or row["kind"] == "text", row


def test_no_column_is_declared_twice_in_a_table() -> None:
    seen = [(row["table"], row["column"]) for row in dictionary.rows()]
    assert len(seen) == len(set(seen))
    assert {table for table, _ in seen} >= {*TABLES, *(f"Results.{name}" for name in ANSWERS)}


def test_page_is_what_the_code_declares() -> None:
    written = (ROOT / dictionary.PAGE).read_text(encoding="utf-8")
    assert written == dictionary.page(), f"run: virtlab list columns --page {dictionary.PAGE}"


@pytest.fixture(scope="module")
def results() -> Results:
    return load(BATCH)


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_have_the_columns_that_are_declared_for_them(results: Results, name: str) -> None:
    frame: pd.DataFrame = getattr(results, name)()
    before = {"where": ["stack", "cause", "mechanism"], "knock_on": ["stack"]}.get(name, ["stack", "tenant"])
    assert list(frame) == [*before, *(column.name for column in ANSWERS[name])]
    for column in ANSWERS[name]:
        is_text = not pd.api.types.is_numeric_dtype(frame[column.name])
        assert frame.empty or is_text == (column.kind == "text"), column.name


def test_changes_and_long_form_have_theirs(results: Results) -> None:
    from simulator.results import changes, long

    assert list(results.compare_with(results).frame()) == ["stack", *(column.name for column in changes.COLUMNS)]
    assert list(results.long())[-4:] == [column.name for column in long.COLUMNS]
