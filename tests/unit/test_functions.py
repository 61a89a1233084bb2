"""What ``import simulator`` offers answers calls however often, also where a package has the same name."""

from __future__ import annotations

import simulator as vl


def test_functions_with_the_name_of_a_package_can_be_called_again() -> None:
    first, again = (vl.blast("linux-6 | docker", tenants=2) for _ in range(2))
    assert len(first) == len(again) == 1
    assert first[0].frame().equals(again[0].frame())


def test_every_name_that_is_offered_is_there() -> None:
    for name in vl.__all__:
        assert getattr(vl, name) is not None
