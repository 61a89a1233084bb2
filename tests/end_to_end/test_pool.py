"""``virtlab pool`` as people use it: from a file to a summary, tables with units, and figures."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree

import pytest

import simulator as vl

POOL = """
    version: 1
    title: A shop and its bill
    duration: 2 h
    replications: 2
    energy_price: 0.25
    hosts:
      big: {machine: server-2025, stack: linux-6 | docker, count: 2, price: 1.2}
    instances:
      shop: {memory: 100 GiB, touched: 10 %, vcpus: 2, tasks: {think: 1 min, size: 100 G cycles}}
    requests:
      shops: {instance: shop, every: 10 min, lifetime: 1 h}
    events:
      - {at: 1 h, drain: big-1, for: 10 min}
    """
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def pool(tmp_path: Path) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(dedent(POOL).lstrip())
    return str(path)


def test_a_summary_with_intervals_and_what_the_layers_make_of_it(virtlab: Command, pool: str) -> None:
    code, printed, err = virtlab("pool", pool)
    assert code == 0, err
    lines = printed.splitlines()
    assert lines[0] == "A shop and its bill"
    assert any(line.startswith("an instance hour costs") for line in lines)
    assert "n = 2 replications; 95 % intervals, t over replications" in printed
    assert any(line.startswith("shop on big  linux-6 | docker-27") and line.endswith("no") for line in lines)
    assert "refused: no host with the memory" in printed


def test_tables_with_units_and_figures(virtlab: Command, pool: str, tmp_path: Path) -> None:
    code, printed, err = virtlab("pool", pool, "--to", "out", "--json")
    assert code == 0, err
    data = json.loads(printed)
    folder = tmp_path / "out"
    about = json.loads((folder / "pool.json").read_text())
    assert about["summary"] == data["summary"]
    for table, columns in about["columns"].items():
        with (folder / f"{table}.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == [column["name"] for column in columns], table
        assert all(column["meaning"] for column in columns)
    with (folder / "hosts.csv").open() as file:
        hosts = list(csv.DictReader(file))
    cost = sum(float(row["cost"]) for row in hosts) / 2
    summary = {name: each["mean"] for name, each in data["summary"].items()}
    assert summary["hosts_cost"] == pytest.approx(2 * 2 * 1.2)
    assert summary["energy_cost"] == pytest.approx(summary["energy_kwh"] * 0.25)
    assert cost == pytest.approx(summary["hosts_cost"] + summary["energy_cost"])
    assert summary["energy_kwh"] > 0.0
    figures = sorted(path.name for path in (folder / "figures").iterdir())
    assert figures == ["hosts.png", "hosts.svg", "over_time.png", "over_time.svg"]
    words = " ".join(ElementTree.parse(folder / "figures" / "over_time.svg").getroot().itertext())
    assert all(word in words for word in ("A shop and its bill", "hosts on", "power, kW (dashed)"))


def test_the_same_pool_gives_the_same_tables(virtlab: Command, pool: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert virtlab("pool", pool, "--to", name, "--no-figures")[0] == 0
    for path in (tmp_path / "one").glob("*.csv"):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    other = vl.pool(pool, seed=2)
    assert other.frame("requests")["asked_s"].tolist() != vl.pool(pool).frame("requests")["asked_s"].tolist()


def test_a_mistake_is_told_with_its_place_and_nothing_is_written(virtlab: Command, pool: str, tmp_path: Path) -> None:
    Path(pool).write_text(Path(pool).read_text().replace("lifetime: 1 h", "lifetme: 1 h"))
    code, printed, err = virtlab("pool", pool, "--to", "out")
    assert (code, printed) == (2, "")
    assert "shop.yaml:11:" in err
    assert "did you mean 'lifetime' or 'lifetimes'?" in err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(virtlab: Command, pool: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    code, _, err = virtlab("pool", pool, "--to", "mine")
    assert code == 2
    assert "letter.txt" in err


def test_the_package_can_be_called_from_python(pool: str) -> None:
    results = vl.pool(pool, replications=1, duration="30 min", events=[])
    assert results.frame()["simulated_s"].tolist() == [1800.0]
    assert set(results.frame("hosts")["host"]) == {"big-1", "big-2"}
    with pytest.raises(vl.VirtlabError, match="there is no table 'host'"):
        results.frame("host")


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_benchmark_finds_the_same_mean_response_with_everybody(tmp_path: Path) -> None:
    """It fails otherwise; the pool makes fewer calendar entries than plain SimPy."""
    root = Path(__file__).parents[2]
    command = [sys.executable, str(root / "benchmarks" / "pool_of_hosts.py"), "--hosts", "20", "--rounds", "1"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    found = tmp_path / "found.json"
    ended = subprocess.run([*command, "--json", str(found)], capture_output=True, text=True, env=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    rows = {row["contender"]: row for row in json.loads(found.read_text())["rows"]}
    assert rows["virtlab pool, host by host"]["entries"] < 0.65 * rows["naive fluid SimPy"]["entries"]


def test_worker_processes_give_the_same_tables(pool: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.pool import whole

    monkeypatch.setattr(whole, "_WORTH_S", 0.0)
    alone, beside = (vl.pool(pool, replications=3, jobs=jobs) for jobs in (1, 2))
    assert alone.tables["requests"] != []
    for table in ("runs", "requests", "hosts", "events"):
        assert repr(alone.tables[table]) == repr(beside.tables[table])


def test_check_reads_a_pool_and_runs_nothing(virtlab: Command, tmp_path: Path) -> None:
    (tmp_path / "pools").mkdir()
    path = tmp_path / "pools" / "shop.yaml"
    path.write_text(dedent(POOL).lstrip())
    assert virtlab("check", str(path))[:2] == (0, f"{path}: ok: a pool of 2 hosts, 2 replications\n")
    path.write_text(path.read_text().replace("linux-6 | docker", "linux-6 | dockerr"))
    code, _, err = virtlab("check", str(path))
    assert code == 2
    assert "hosts.big.stack: shop on big: no layer is called 'dockerr'" in err
