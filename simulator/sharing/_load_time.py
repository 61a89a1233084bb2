"""For how long a device served anything at all: what an idle machine draws less depends on it."""

from __future__ import annotations


class LoadTime:
    """Seconds with a load, kept at changes between some and none.

    Args:
        now_s: simulated time.

    Attributes:
        loaded: whether anything is served now.
        seconds: for how long something was, up to the last change or ``settle``.
    """

    __slots__ = ("_since_s", "loaded", "seconds")

    def __init__(self, now_s: float) -> None:
        self.loaded, self.seconds, self._since_s = False, 0.0, now_s

    def change(self, loaded: bool, now_s: float) -> None:
        """From now on something is served, or nothing."""
        self.settle(now_s)
        self.loaded = loaded

    def settle(self, now_s: float) -> None:
        """Bring the account to the present."""
        if self.loaded:
            self.seconds += now_s - self._since_s
        self._since_s = now_s
