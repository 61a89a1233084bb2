"""``virtlab results`` by its command line, on two batches that older versions have written."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

Outcome = tuple[int, str, str]
DATA = Path(__file__).parents[1] / "data/results"
FIRST, OLDER = "501d59488f22", "0a1b2c3d4e5f"


@pytest.fixture
def results(virtlab: Callable[..., Outcome], tmp_path: Path) -> Callable[..., Outcome]:
    """Runs ``virtlab results`` where both batches are in the folder ``results``."""
    for source in ("schema-1", "older"):
        shutil.copytree(DATA / source, tmp_path / "results", dirs_exist_ok=True)
    return lambda *arguments: virtlab("results", *arguments)


def test_list_has_a_line_for_each_batch(results: Callable[..., Outcome]) -> None:
    (Path("results") / "notes").mkdir()
    Path("results/notes/mine.txt").write_text("mine")
    code, out, err = results("list", "--sort", "start")
    assert code == 0 and "2 of 2 batches in results" in out and "notes: not a folder of results" in err
    lines = [line for line in out.splitlines() if line.startswith("traps")]
    assert OLDER in lines[0] and FIRST in lines[1] and "0.0.9+000000000000" in lines[0]
    code, out, _ = results("list", "--since", "2026-01-01", "--json")
    (row,) = json.loads(out)
    assert (row["hash"], row["runs"], row["failed"], row["stacks"]) == (FIRST, 6, 0, "native, xen, xen without traps")
    code, out, err = results("list", "--scenario", "x*")
    assert code == 0 and out == "" and "none of 2 batches" in err


def test_list_says_what_cannot_be(results: Callable[..., Outcome]) -> None:
    for arguments, said in [
        (("--status", "fine"), "no status 'fine'"),
        (("--since", "tomorrow"), "is no date"),
        (("--where", "stack"), "write axis=value"),
        (("--sort", "colour"), "cannot be sorted by 'colour'"),
    ]:
        code, out, err = results("list", *arguments)
        assert (code, out) == (2, "") and said in err
    assert results("list", "--in", "nowhere")[0] == 1
    code, out, err = results()
    assert (code, err) == (0, "") and "merge" in out
    code, _, err = results("lst")
    assert code == 2 and "did you mean 'list'" in err


def test_show_prints_where_the_numbers_come_from(
    results: Callable[..., Outcome], virtlab: Callable[..., Outcome]
) -> None:
    code, out, _ = results("show", OLDER[:4])
    assert code == 0 and "seed 1" in out and "not the installed code" in out and "simpy 4.1.2" in out
    assert "inspections: run, at_s" in out and "cite: virtlab 0.0.9 (code 000000000000), scenario 'traps'" in out
    code, out, _ = results("show", FIRST, "--text")
    Path("again.yaml").write_text(out)
    assert code == 0 and virtlab("check", "again.yaml")[0] == 0
    data = json.loads(results("show", FIRST, "--json")[1])
    assert data["tables"][0] == {"table": "runs", "rows": 6, "size_bytes": 1888} and data["failures"] == []


def test_a_name_that_is_not_clear_is_not_guessed(results: Callable[..., Outcome]) -> None:
    code, _, err = results("show", "traps")
    assert code == 2 and f"traps/{FIRST}" in err and "traps@newest" in err
    assert FIRST in results("show", "traps@newest")[1]
    code, _, err = results("show", "trap")
    assert code == 2 and "did you mean 'traps'" in err


def test_show_tells_failures_and_how_far_an_interrupted_batch_is(results: Callable[..., Outcome]) -> None:
    path = Path("results/traps", FIRST, "manifest.json")
    manifest = json.loads(path.read_text())
    failure = {"run": "p0001-r0001", "error": "RuntimeError: no luck", "trace": ""}
    runs = {"total": 6, "failed": 1}
    path.write_text(json.dumps({**manifest, "status": "failures", "failures": [failure], "runs": runs}))
    out = results("show", FIRST)[1]
    assert "p0001-r0001: RuntimeError: no luck" in out and "virtlab run traps.yaml --only p0001-r0001" in out
    del manifest["runs"], manifest["failures"]
    path.write_text(json.dumps({**manifest, "status": "interrupted", "end": None}))
    code, out, _ = results("show", FIRST)
    assert code == 0 and "interrupted: 0 of 6 runs recorded" in out
    code, _, err = results("export", FIRST)
    assert code == 1 and "has not finished" in err


@pytest.mark.parametrize(
    "text", ['{"schema_version": 2}', "[1]", "{", '{"schema_version": 99}', '{"schema_version": null}']
)
def test_a_damaged_manifest_is_named_and_nothing_else(results: Callable[..., Outcome], text: str) -> None:
    Path("results/traps", FIRST, "manifest.json").write_text(text)
    code, out, err = results("list")
    assert code == 0 and "1 of 1 batches" in out and err.startswith(f"results/traps/{FIRST}: ")
    for arguments in (("show", FIRST), ("export", FIRST), ("compare", FIRST, OLDER), ("show", FIRST, "--text")):
        code, out, err = results(*arguments)
        assert (code, out) == (1, "") and "manifest.json: " in err


def test_export_goes_to_stdout_or_into_a_folder(results: Callable[..., Outcome]) -> None:
    code, out, _ = results("export", FIRST, "--as", "long", "--where", "stack=xen")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and {row["stack"] for row in rows} == {"xen"} and {row["batch"] for row in rows} == {FIRST}
    assert "score" in {row["metric"] for row in rows}
    code, out, err = results("export", FIRST, OLDER, "--table", "tenants", "--table", "runs", "--to", "out")
    assert (code, out) == (0, "") and err.split() == ["out/tenants.csv", "out/runs.csv", "out/columns.csv"]
    assert len(Path("out/runs.csv").read_text().splitlines()) == 13
    code, _, err = results("export", FIRST, "--to", "out")
    assert code == 2 and "--force" in err
    assert results("export", FIRST, "--to", "out", "--force")[0] == 0
    code, _, err = results("export", FIRST, "--as", "parquet")
    assert code == 2 and "--to" in err


def test_compare_says_what_changed_and_can_fail(results: Callable[..., Outcome]) -> None:
    code, out, _ = results("compare", OLDER, FIRST, "--fail-on-change")
    assert code == 0 and "code: 0.0.9+000000000000 -> 0.1.0+" in out and "3 rows: 3 the same, 0 changed" in out
    path = Path("results/traps", FIRST, "tenants.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    for number, row in enumerate(rows):
        row["value"] = str(float(row["value"]) * (1.1 + 0.0001 * (number % 2)))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    code, out, _ = results("compare", OLDER, FIRST)
    assert code == 0 and "3 changed, 3 significantly" in out and "paired t over replications" in out
    assert results("compare", OLDER, FIRST, "--fail-on-change")[0] == 3
    assert results("compare", OLDER, FIRST, "--fail-on-any-change", "--metric", "elapsed_s")[0] == 0
    data = json.loads(results("compare", OLDER, FIRST, "--json")[1])
    assert data["significant"] == 3 and data["rows"][0]["ratio"] == pytest.approx(1.1, rel=1e-3)
    code, _, err = results("compare", OLDER, FIRST, "--metric", "outcom")
    assert code == 2 and "no metric 'outcom'" in err
    assert results("compare", OLDER, FIRST, "--level", "95")[0] == 2


def test_merge_refuses_what_older_versions_wrote_otherwise(results: Callable[..., Outcome]) -> None:
    code, _, err = results("merge", OLDER, FIRST, "--to", "merged")
    assert code == 2 and "have other columns in the table" in err and not Path("merged").exists()


def test_merge_keeps_equal_runs_once(results: Callable[..., Outcome]) -> None:
    shutil.copytree(Path("results/traps", FIRST), "results/traps/copy")
    code, out, err = results("merge", FIRST, "results/traps/copy", "--to", "merged")
    assert code == 0 and "merged: 6 runs, 3 points" in out and "6 runs of" in err and "left out" in err
    assert "merged from:" in results("show", "merged")[1]
    assert results("compare", FIRST, "merged", "--fail-on-any-change")[0] == 0


def test_columns_are_listed_and_written_as_a_page(virtlab: Callable[..., Outcome]) -> None:
    code, out, _ = virtlab("list", "columns", "--json")
    assert code == 0 and {"table": "runs", "column": "events"}.items() <= json.loads(out)[12].items()
    assert virtlab("list", "columns", "--page", "page.md")[0] == 0
    assert "| `events` | count |" in Path("page.md").read_text()
    code, _, err = virtlab("list", "machines", "--page", "page.md")
    assert code == 2 and "only columns" in err
