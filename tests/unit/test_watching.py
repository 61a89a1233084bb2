"""Who watches a batch: what a terminal, a log and a notebook are shown, and what is left in the end."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from simulator import watching
from simulator.batch.progress import Silent
from simulator.watching import Bar, Count, Heartbeat, Notebook, chosen, duration, watch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time stands still until a test moves it."""
    now = SimpleNamespace(s=100.0)
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: now.s))
    return now


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What a notebook's cell shows, one output after the other in the same place."""
    outputs: list[dict[str, str]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            outputs.append(data)

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        outputs.append(data)
        return Handle()

    monkeypatch.setattr(watching, "import_module", lambda name: SimpleNamespace(display=display))
    return outputs


def test_rate_and_time_left_leave_out_what_was_finished_before(clock: Any) -> None:
    count = Count("small")
    count.start(100, 60)
    assert (count.rate(), count.left()) == ("", "")
    clock.s += 5.0
    for _ in range(10):
        count.advance("p0000-r0000", "ok")
    assert count.so_far() == "small: 70 of 100 runs, 5 s, 2 runs/s, about 15 s left"
    assert count.going_on() == "going on: 60 of 100 runs were finished before"


def test_slow_runs_are_seconds_a_run(clock: Any) -> None:
    count = Count("slow")
    count.start(3, 0)
    clock.s += 40.0
    count.advance("p0000-r0000", "failed")
    assert count.so_far() == "slow: 1 of 3 runs, 1 failed, 40 s, 40 s a run, about 80 s left"
    assert count.going_on() == ""


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0 s"), (99.4, "99 s"), (130, "2 min"), (7200, "2 h"), (12000, "3 h 20 min")]
)
def test_durations_as_one_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_failures_are_named_until_there_are_too_many() -> None:
    count = Count("bad")
    count.start(100, 0)
    said = [count.advance(f"p{n:04d}-r0000", "failed") for n in range(50)]
    assert said[0] == "p0000-r0000: failed" and said[9].endswith("from now on are only counted")
    assert not any(said[10:]) and count.failures() == "50 failed"


def test_a_log_says_that_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    for done in (0, 4, 10):
        heart = Heartbeat("small", period_s=100.0)
        heart.start(10, done)
        heart.finish()
    assert capsys.readouterr().err == "small: going on: 4 of 10 runs were finished before\n"


def test_a_watcher_can_watch_one_batch_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    heart = Heartbeat("small", period_s=0.01)
    for _ in range(2):
        heart.start(2, 0)
        heart.grow(3)
        heart._ended.wait(0.05)
        heart.finish()
        assert "small: 0 of 3 runs" in capsys.readouterr().err


def test_a_bar_shows_rate_failures_and_what_is_left(capsys: pytest.CaptureFixture[str], clock: Any) -> None:
    bar = Bar("[small]")
    bar.start(10, 2)
    clock.s += 2.0
    bar.advance("p0000-r0000", "ok")
    bar.advance("p0000-r0001", "failed")
    bar.grow(6)
    assert bar._bar.tasks[0].total == 6
    assert bar._bar.tasks[0].fields["more"] == "1 failed, 1 runs/s, about 6 s left"
    bar.finish()
    out, err = capsys.readouterr()
    assert out == "" and "going on: 2 of 10 runs" in err and "p0000-r0001: failed" in err


def test_a_notebook_keeps_text_and_no_bar(shown: list[dict[str, str]], clock: Any) -> None:
    book = Notebook("<small>")
    book.start(4, 1)
    clock.s += 1.0
    book.advance("p0000-r0001", "ok")
    book.advance("p0000-r0002", "failed")
    book.advance("p0000-r0003", "ok")
    book.finish()
    assert '<progress value="1" max="4">' in shown[0]["text/html"] and "&lt;small&gt;" in shown[0]["text/html"]
    assert '<progress value="3" max="4">' in shown[-2]["text/html"] and "p0000-r0002: failed" in shown[-2]["text/html"]
    assert shown[-1] == {
        "text/plain": "<small>: 4 of 4 runs finished, 1 failed\n"
        "going on: 1 of 4 runs were finished before\np0000-r0002: failed"
    }


def test_a_notebook_is_not_drawn_for_every_run(shown: list[dict[str, str]], clock: Any) -> None:
    book = Notebook("small")
    book.start(1000, 0)
    for _ in range(1000):
        clock.s += 0.001
        book.advance("p0000-r0000", "ok")
    book.finish()
    assert len(shown) < 20


def test_a_notebook_says_that_all_was_there(shown: list[dict[str, str]]) -> None:
    book = Notebook("small")
    book.start(4, 4)
    book.finish()
    assert shown[-1] == {"text/plain": "small: 4 of 4 runs finished before"}


def test_who_watches_where(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(chosen(False, "small"), Silent)
    own = Silent()
    assert chosen(own, "small") is own
    assert isinstance(chosen(None, "small"), Heartbeat) and isinstance(chosen(True, "small"), Heartbeat)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert isinstance(watch("small"), Bar)
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert isinstance(watch("small"), Notebook)
    del shell.kernel
    assert isinstance(watch("small"), Bar)
