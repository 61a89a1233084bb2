"""Words of outcomes, and who did not respond: by hand, and in runs."""

from __future__ import annotations

import pytest

from simulator import outcomes


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("ok", "ok"),
        (outcomes.out_of_memory("Java heap space"), "out of memory"),
        (outcomes.killed("linux-6", "bully"), "killed"),
        (outcomes.killed("the limit of docker-27[a]"), "killed"),
        (outcomes.lost("xen-4"), "lost"),
        (outcomes.lost("xen-4", "panicked"), "lost"),
        (outcomes.hung("linux-6"), "hung"),
        (outcomes.ended_with("bully", "it called exit"), "ended with bully"),
        (outcomes.not_responding(0.5), "did not respond"),
    ],
)
def test_every_outcome_begins_with_a_phrase_and_has_a_short_word(outcome: str, word: str) -> None:
    assert outcomes.word(outcome) == word
    assert outcome.startswith(outcomes.PHRASES)


def test_only_who_was_at_it_or_done_counts() -> None:
    assert [phrase for phrase in outcomes.PHRASES if outcomes.counts(phrase)] == ["ok", "did not finish", "stopped"]
    assert [phrase for phrase in outcomes.PHRASES if outcomes.is_ok(phrase)] == ["ok"]


@pytest.mark.parametrize(
    ("ends_s", "expected"),
    [
        ([], False),  # a whole window without any
        ([0.1, 0.2, 0.3], False),  # silent for 0.7 s after gaps of 0.1 s
        ([0.1, 0.2, 0.6], True),  # answered in the last half
        ([0.3], True),  # silent for 0.7 s, but the first one took 0.3 s: the second may be at it for 0.9 s
        ([0.2], False),  # silent for 0.8 s, more than three times 0.2 s
        ([-0.5, 1.5], False),  # outside the window nothing counts
    ],
)
def test_silence_is_told_from_slowness(ends_s: list[float], expected: bool) -> None:
    assert outcomes.responding(ends_s, 0.0, 1.0) is expected


def test_who_is_at_work_on_a_first_long_operation_responds() -> None:
    assert outcomes.responding([], 0.0, 2.0, worked_s=1.0)
    assert not outcomes.responding([], 0.0, 2.0, worked_s=0.1)


def test_of_an_empty_window_nothing_is_said() -> None:
    assert outcomes.responding([], 2.0, 2.0)
