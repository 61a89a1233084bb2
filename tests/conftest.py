"""For all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

from simulator.garbage import collect_seldom


def pytest_collection_finish() -> None:
    """What the collected tests hold stays to the end: nobody needs to look for garbage among it again and again."""
    gc.collect()
    gc.freeze()
    collect_seldom()


@pytest.fixture(autouse=True, scope="session")
def disks_are_not_waited_for() -> Iterator[None]:
    """A thousand small batches need not survive a power cut; processes that tests start wait for disks all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield
