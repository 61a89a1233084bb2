"""A token bucket: the limit of a rate, with bursts.

It fills at ``rate`` up to ``burst``. What passes takes its amount out. Amounts are whole: one that is larger than the
bucket passes when the bucket is full and leaves it in debt, so that over any time t at most
``max(burst, largest amount) + rate t`` passes (LAWS: token bucket). A bucket of no burst paces: each passes when the
last one's time at this rate is over.
"""

from __future__ import annotations

_GRAIN = 1e-12
"""Part of the clock, or of a second, below which waiting is rounding."""


class TokenBucket:
    """One limit, in any unit (bytes, requests).

    Args:
        rate: units a second, more than 0.
        burst: units that may pass at once after a pause.
        now_s: the time; the bucket is full then.
    """

    def __init__(self, rate: float, burst: float, now_s: float) -> None:
        self._missing = 0.0
        self._then_s = now_s
        self.change(rate, burst, now_s)

    def change(self, rate: float, burst: float, now_s: float) -> None:
        """Another rate and burst from now on; what is missing in the bucket stays so.

        Raises:
            ValueError: nothing would ever pass.
        """
        if rate <= 0.0 or burst < 0.0:
            raise ValueError(f"a limit needs a rate above 0 and a burst of 0 or more, not {rate!r} and {burst!r}")
        if self._then_s < now_s:
            self._fill(now_s)
        self.rate, self.burst = rate, burst

    def wait_s(self, amount: float, now_s: float) -> float:
        """How long until an amount may pass, if nothing else does meanwhile."""
        self._fill(now_s)
        wait_s = (self._missing - max(0.0, self.burst - amount)) / self.rate
        return wait_s if wait_s > _GRAIN * max(1.0, now_s) else 0.0

    def take(self, amount: float, now_s: float) -> None:
        """An amount passes."""
        self._fill(now_s)
        self._missing += amount

    def _fill(self, now_s: float) -> None:
        self._missing = max(0.0, self._missing - (now_s - self._then_s) * self.rate)
        self._then_s = now_s
