"""``virtlab report`` as people use it: a page that needs nothing but a browser, whatever the batch and its words."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from simulator import batch, discovery, plots
from simulator.errors import UsageError
from simulator.report import LARGEST_BYTES, page, write
from simulator.results import Results
from simulator.scenario import load as scenario

from .conftest import Command

HOSTILE = '<script>alert("x")</script> & <img src=http://evil.example/x.png>'
SCENARIO: dict[str, Any] = {
    "title": f"A server {HOSTILE}",
    "question": f"What does it cost? {HOSTILE}",
    "machine": "dell-2650",
    "stacks": {"native": "linux-2.4 |", f"hosted {HOSTILE}": "linux-2.4 | vmware-workstation-3.2 / linux-2.4"},
    "tenants": {"app": {"workload": ["dbench", "request-response"], "memory": "512 MiB", "vcpus": 1}},
    "replications": 2,
}


class Seen(HTMLParser):
    """What a browser makes of a page."""

    VOID = ("meta", "img", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return batch.run(scenario(SCENARIO), out=tmp_path_factory.mktemp("results"), jobs=1)


@pytest.fixture(scope="module")
def html(results: Results) -> str:
    return page(results)


def undrawn(results: Results, **changed: Any) -> Results:
    """The batch as if no run had been completed: its page has no figures and is soon made."""
    return Results(results.folder, {**results.manifest, "status": "failed", **changed})


def test_the_page_stands_by_itself(html: str) -> None:
    """Nothing is asked of a network: every picture is in the page, and a browser is told to fetch nothing."""
    seen = Seen(html)
    assert not seen.open
    assert {name for name, _ in seen.tags}.isdisjoint({"script", "link", "iframe", "object", "embed", "base", "form"})
    for _, attributes in seen.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster", "background"):
            assert attributes.get(name, "#").startswith(("#", "data:image/png;base64,"))
        assert not [name for name in attributes if name.startswith("on")]
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None and "url(" not in style[1] and "@import" not in style[1]
    policy = next(each["content"] for each in seen.all("meta") if "http-equiv" in each)
    assert policy.startswith("default-src 'none'")


def test_it_is_small(html: str) -> None:
    assert len(html.encode()) < LARGEST_BYTES


def test_what_users_typed_is_text(html: str) -> None:
    assert "<script" not in html and "<img src=http" not in html
    seen = Seen(html)
    assert seen.text.count('<script>alert("x")</script>') >= 4
    assert len(seen.all("img")) == len(re.findall("<figure>", html))


def test_the_answer_comes_before_figures_tables_and_provenance(html: str) -> None:
    places = [html.index(part) for part in ('id="answer"', 'id="figures"', 'id="tables"', 'id="limits"',
                                            'id="provenance"', 'id="repeat"')]  # fmt: skip
    assert places == sorted(places)


def test_every_figure_of_the_batch_is_there_and_says_what_it_shows(results: Results, html: str) -> None:
    modules: list[Any] = [discovery.member("plots", name) for name in plots.figures()]
    titles = sorted(each.TITLE for each in modules if not each.frame(results).empty)
    alternatives = sorted(each["alt"] for each in Seen(html).all("img"))
    assert len(alternatives) == len(titles) >= 5
    for alternative, title in zip(alternatives, titles, strict=True):
        assert alternative.startswith(title) and "native" in alternative and len(alternative) > len(title) + 40


def test_the_numbers_are_those_of_the_batch(results: Results, html: str) -> None:
    text = Seen(html).text
    for _, row in results.summary().iterrows():
        assert f"{row['mean']:.4g}" in text or f"{row['mean']:.0f}" in text
    manifest = results.manifest
    for word in (manifest["identity"], manifest["code"], manifest["command"], "dell-2650", "simpy"):
        assert word in text


def test_the_command_puts_the_same_page_in_place_of_an_old_one(virtlab: Command, results: Results, html: str) -> None:
    """The batch read anew gives the same bytes."""
    target = results.folder / "report.html"
    target.write_text(html.replace("What does it cost?", "What did it cost?"), "utf-8")
    code, out, err = virtlab("report", str(results.folder))
    assert (code, out.strip()) == (0, f"report: {target}"), err
    assert target.read_text("utf-8") == html


@pytest.mark.parametrize("place", ["a" * 300 + ".html", "file/report.html"])
def test_a_place_where_nothing_can_be_written_is_a_mistake(results: Results, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot be written: .*--out"):
        write(undrawn(results), tmp_path / place)
    assert not [each for each in tmp_path.rglob("*") if each.name != "file"]


def test_what_is_not_ours_is_left_alone(virtlab: Command, results: Results, tmp_path: Path) -> None:
    mine = tmp_path / "mine.html"
    mine.write_text("<p>my page</p>")
    code, _, err = virtlab("report", str(results.folder), "--out", str(mine))
    assert code == 2 and "is no report of virtlab" in err and "--out" in err
    assert mine.read_text() == "<p>my page</p>"
    with pytest.raises(UsageError, match="no report"):
        write(results, mine)


def test_a_folder_that_holds_no_batch_is_told(virtlab: Command, tmp_path: Path) -> None:
    code, out, err = virtlab("report", str(tmp_path))
    assert (code, out) == (1, "") and "not a folder of results" in err


def test_failures_are_in_it_with_what_repeats_them(tmp_path: Path) -> None:
    """Runs that are over their budget count as failed; here all are."""
    tenants = {"app": {"workload": "dbench", "memory": "512 MiB", "vcpus": 1}}
    over = {**SCENARIO, "title": "Over budget", "tenants": tenants, "replications": 1, "budget": {"events": 50}}
    found = batch.run(scenario(over), out=tmp_path, jobs=1)
    seen = Seen(write(found, tmp_path / "new" / "page.html").read_text("utf-8"))
    assert found.manifest["runs"]["failed"] > 0
    assert "Failures" in seen.text and "over budget" in seen.text
    assert all(each["run"] in seen.text for each in found.manifest["failures"])
    assert found.status == "failed" and "No run was completed" in seen.text
    assert {"href": "#failures"} in seen.all("a")
    heads = re.findall("<h[23]>(.*?)</h[23]>", page(found))
    assert len(heads) == len(set(heads))


def test_long_scenarios_are_cut_and_it_says_so(results: Results) -> None:
    """Whatever is in them and however many they include; each letter may take six bytes of a page."""
    written = results.manifest["scenario"]
    included = {f"part-{number}.yaml": '"' * 90_000 for number in range(12)}
    html = page(undrawn(results, scenario={**written, "text": '"' * 20_000, "includes": included}))
    assert len(html.encode()) < LARGEST_BYTES
    text = Seen(html).text
    assert "10000 more letters are left out" in text and text.count("90000 more letters are left out") == 11


def test_of_many_points_it_says_what_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.report.tables.MOST_ROWS", 50)
    many = {
        "title": "Many points",
        "machine": "dell-2650",
        "stacks": {"native": "linux-2.4 |"},
        "tenants": {"app": {"workload": "idle", "memory": [f"{100 + number} MiB" for number in range(70)]}},
        "duration": "1 ms",
        "replications": 1,
    }
    html = page(batch.run(scenario(many), out=tmp_path, jobs=1))
    text = Seen(html).text
    assert len(html.encode()) < LARGEST_BYTES
    assert "20 more rows are left out" in text
    assert "Not drawn, for nobody could read so many places on the axes: cost, starts, where." in text
