"""Scanners of equal pages: what they find, when, and what is lost of it again."""

from __future__ import annotations

from math import exp, inf

import pytest

from simulator.layers._page_sharing import Kind, PageSharing


def three_guests(*, second_look: bool, large: bool = False, rewritten_s: float = inf) -> PageSharing:
    """Of 100 pages each: 40 the same in all, 10 zero."""
    sharing = PageSharing(second_look=second_look)
    for name in ("a", "b", "c"):
        kinds = [Kind("image", 40, rewritten_s=rewritten_s), Kind("zero", 10, inf), Kind(f"own of {name}", 50)]
        sharing.describe(name, kinds, 0.0, large=large)
    return sharing


def saved(sharing: PageSharing, seconds: int, rate: float = 100.0) -> list[float]:
    found = []
    for second in range(1, seconds + 1):
        sharing.scan(rate, float(second))
        found.append(sum(sharing.saved_pages(float(second)).values()))
    return found


def test_by_hand_ksm_merges_in_the_second_pass_and_esx_in_the_first() -> None:
    assert saved(three_guests(second_look=True), 7) == pytest.approx([0, 0, 0, 10, 60, 110, 110])
    assert saved(three_guests(second_look=False), 4) == pytest.approx([10, 60, 110, 110])


def test_a_scanner_that_looks_at_half_as_many_pages_takes_twice_as_long() -> None:
    assert saved(three_guests(second_look=True), 12, 50.0)[1::2] == pytest.approx([0, 0, 0, 10, 60, 110])


def test_a_guest_alone_shares_what_is_alike_in_it() -> None:
    sharing = PageSharing(second_look=True)
    sharing.describe("a", [Kind("zero", 30, inf), Kind("twice in a", 20, 2.0), Kind("image", 50)], 0.0)
    assert saved(sharing, 2)[-1] == pytest.approx(30 + 10)
    assert sharing.zero_pages(2.0) == pytest.approx(30)


def test_a_guest_that_comes_later_finds_what_is_merged_at_its_first_look() -> None:
    sharing = three_guests(second_look=True)
    saved(sharing, 6)
    sharing.describe("d", [Kind("image", 40), Kind("own of d", 60)], 6.0)
    sharing.scan(400, 7.0)
    assert sum(sharing.saved_pages(7.0).values()) == pytest.approx(110 + 40)


def test_what_is_rewritten_between_two_passes_is_not_merged() -> None:
    """Each of two copies must be unchanged for a pass of 3 s, and is then broken at the rate at which it is written."""
    often, seldom = (saved(three_guests(second_look=True, rewritten_s=mean), 6)[-1] for mean in (0.5, 3000.0))
    assert seldom == pytest.approx(110, rel=0.01)
    assert often == pytest.approx(30, abs=0.1)  # the zero pages
    fast = three_guests(second_look=True, rewritten_s=0.5)
    fast.scan(300, 0.01)
    fast.scan(300, 0.02)
    assert sum(fast.saved_pages(0.02).values()) == pytest.approx(30 + 80 * exp(-0.02), rel=0.02)


def test_pages_that_are_written_are_broken_and_counted_once() -> None:
    sharing = three_guests(second_look=True)
    saved(sharing, 6)
    sharing.describe("a", [Kind("image", 40), Kind("own of a", 60)], 6.0)
    assert sharing.take_broken("a") == pytest.approx(10)
    assert sharing.take_broken("a") == 0.0
    assert sum(sharing.saved_pages(6.0).values()) == pytest.approx(100)


def test_large_pages_are_hashed_but_not_merged_until_they_are_broken_up() -> None:
    sharing = three_guests(second_look=False, large=True)
    assert saved(sharing, 6)[-1] == 0.0
    for name in ("a", "b", "c"):
        sharing.describe(name, [Kind("image", 40), Kind("zero", 10, inf), Kind(f"own of {name}", 50)], 6.0)
    assert sum(sharing.saved_pages(6.0).values()) == pytest.approx(110)


def test_a_guest_with_less_of_an_image_shares_that_part() -> None:
    sharing = PageSharing(second_look=False)
    sharing.describe("a", [Kind("image", 80)], 0.0)
    sharing.describe("b", [Kind("image", 32)], 0.0)
    assert saved(sharing, 2)[-1] == pytest.approx(32)
    assert sharing.saved_pages(2.0) == pytest.approx({"a": 16, "b": 16})


def test_a_guest_that_is_gone_gives_up_its_part() -> None:
    sharing = three_guests(second_look=False)
    saved(sharing, 3)
    sharing.forget("b")
    assert sum(sharing.saved_pages(3.0).values()) == pytest.approx(20 + 40)
    assert sharing.pages == 200
