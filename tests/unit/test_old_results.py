"""Old results stay readable: what was written is read by what the manifest says of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from simulator.errors import ResultsError
from simulator.records import TABLES, names
from simulator.results import Results, load, schema
from simulator.results import folder as results_folder

DATA = Path(__file__).parents[1] / "data/results"
FIRST, OLDER = DATA / "schema-1/traps/501d59488f22", DATA / "older/traps/0a1b2c3d4e5f"


def edited(tmp_path: Path, **changes: Any) -> Path:
    """A copy of the first batch with another manifest."""
    folder = tmp_path / "batch"
    shutil.copytree(FIRST, folder)
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return folder


@pytest.mark.parametrize("folder", [FIRST, OLDER], ids=["first", "older"])
def test_every_table_and_every_question_is_answered(folder: Path) -> None:
    results = load(folder)
    for table in TABLES:
        frame = getattr(results, table)
        assert list(frame.columns)[: len(TABLES[table])] == names(table)
    assert len(results.runs) == 6 and len(results.requests) == 18
    summary = results.summary()
    assert summary["mean"].gt(500).all() and summary["n"].eq(2).all()
    assert results.summary("elapsed_s")["mean"].gt(0).all()
    assert results.compare()["stack"].tolist() == ["xen", "xen without traps"]
    assert len(results.quantiles()) == 9 and len(results.long()) > 90
    assert results.where()["seconds"].gt(0).any()
    assert set(results.knock_on()["kind"]) >= {"own", "metric"}


def test_both_say_the_same_of_what_both_recorded() -> None:
    first, older = load(FIRST), load(OLDER)
    assert older.summary().equals(first.summary())
    assert older.where().equals(first.where())
    assert older.threads[names("threads")[:10]].equals(first.threads[names("threads")[:10]])


def test_what_came_later_is_empty_and_known_not_to_be_recorded() -> None:
    results = load(OLDER)
    assert load(FIRST).not_recorded == {}
    missing = results.not_recorded
    assert missing["threads"] == ["switches", "migrations"] and missing["settings"] == names("settings")
    assert results.threads["switches"].isna().all() and (results.runs["not_modelled"] == "").all()
    assert results.tenants["memory_enforced"].isna().all()
    assert results.settings.empty and results.inspections.empty


def test_what_is_gone_stands_last_under_its_old_name() -> None:
    tenants = load(OLDER).tenants
    assert tenants.columns[-1] == "letters" and (tenants["letters"] == "spec").all()


def test_a_renamed_column_is_found_by_its_new_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the version after next had renamed a column that the next had renamed already."""
    before = load(FIRST).tenants
    described = json.loads((FIRST / "manifest.json").read_text())["columns"]
    first, then = "merit", "figure"
    described["tenants"] = [
        {**each, "name": first} if each["name"] == "value" else each for each in described["tenants"]
    ]
    folder = edited(tmp_path, columns=described)
    text = (folder / "tenants.csv").read_text()
    (folder / "tenants.csv").write_text(text.replace(",value,", f",{first},", 1))
    for module in (schema, results_folder):
        monkeypatch.setattr(module, "SCHEMA_VERSION", 3)
    monkeypatch.setattr(
        schema, "RENAMED", {1: {"tenants": {first: then}}, 2: {"tenants": {then: "value"}, "runs": {"a": "b"}}}
    )
    assert load(folder).tenants.equals(before)


def test_a_newer_form_is_refused_and_so_is_none(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match=r"written in form 99 by a newer virtlab.*update"):
        load(edited(tmp_path, schema_version=99))
    shutil.rmtree(tmp_path / "batch")
    with pytest.raises(ResultsError, match="damaged"):
        load(edited(tmp_path, schema_version="new"))


def test_columns_other_than_declared_are_refused(tmp_path: Path) -> None:
    folder = edited(tmp_path)
    text = (folder / "tenants.csv").read_text()
    (folder / "tenants.csv").write_text(text.replace(",value,", ",worth,", 1))
    results: Results = load(folder)
    with pytest.raises(ResultsError, match="not the columns that were declared"):
        _ = results.tenants


def test_an_axis_may_have_the_name_of_a_column_of_today(tmp_path: Path) -> None:
    manifest = json.loads((OLDER / "manifest.json").read_text())
    axes = {**manifest["axes"], "not_modelled": ["a"]}
    form = schema.form("runs", axes, {**manifest, "axes": axes})
    assert form.stored is not None and form.stored[-1].name == "not_modelled"
    assert [each.meaning for each in form.given if each.name == "not_modelled"] == ["axis of the scenario"]
