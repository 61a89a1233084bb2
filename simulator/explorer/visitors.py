"""Who asks: of each open page the number of its newest question. An older one is not waited for any more."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

_MOST = 1000
"""Pages that are remembered."""


class Visitors:
    """The open pages."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def asks(self, page: str, number: int) -> Callable[[], bool]:
        """Take note of a question.

        Args:
            page: any text that tells a page from others.
            number: of the question; each page counts its own.

        Returns:
            Whether it is still the newest of its page.
        """
        with self._lock:
            self._newest[page] = max(number, self._newest.get(page, number))
            self._newest.move_to_end(page)
            if len(self._newest) > _MOST:
                self._newest.popitem(last=False)
        return lambda: self._newest.get(page, number) <= number
