"""How much memory each guest ought to have, and when a hypervisor begins to take some: pure rules, ESX's way.

Targets: memory is taken from the guest that pays least for a page. A guest with shares S and P pages, of which it uses
the part f, pays rho = S / (P (f + k (1 - f))), k = 1 / (1 - tax): an idle page costs k times one in use. Taking
from the lowest until what is left fits means that all pay the same in the end, but those who keep all that they want
or are at their reservation. With A = f P fixed, P (f + k (1 - f)) is P up to A and A + k (P - A) beyond; so there is
one price at which the sizes add up, found by halving.

By hand: two guests, equal shares, both want 300 of 360 pages; one uses all of it, the other nothing. k = 4: at the
price of one share for 288 taxed pages they have 288 and 72: the idle one is left a quarter of what the other has.

States: with less and less free memory a hypervisor goes through high, soft, hard and low. A state is entered where free
memory falls below its mark, and left upwards only where it rises to the mark of the state above: between the two marks
lies the hysteresis.

References: waldspurger2002, vmwareesx41memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

STATES = ("high", "soft", "hard", "low")
_HALVINGS = 50


class Claim(NamedTuple):
    """What one guest may have.

    Attributes:
        shares: its weight.
        most_bytes: what it wants, or its limit.
        least_bytes: its reservation.
        active_bytes: what it is believed to use.
    """

    shares: float
    most_bytes: float
    least_bytes: float
    active_bytes: float


def taxed_bytes(size_bytes: float, active_bytes: float, tax_ratio: float) -> float:
    """What a guest of this size is charged for: idle memory counts several times."""
    idle_bytes = max(0.0, size_bytes - active_bytes)
    return min(size_bytes, active_bytes) + idle_bytes / (1.0 - tax_ratio)


def targets(claims: Sequence[Claim], there_bytes: float, tax_ratio: float) -> list[float]:
    """Bytes for each guest; all that they want if that is there, and never less than is reserved."""
    if sum(claim.most_bytes for claim in claims) <= there_bytes:
        return [claim.most_bytes for claim in claims]

    def sizes(bytes_per_share: float) -> list[float]:
        return [_size(claim, bytes_per_share * claim.shares, tax_ratio) for claim in claims]

    low, high = 0.0, max(taxed_bytes(c.most_bytes, c.active_bytes, tax_ratio) / c.shares for c in claims if c.shares)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if sum(sizes(middle)) <= there_bytes else (low, middle)
    return sizes(low)


def _size(claim: Claim, paid_bytes: float, tax_ratio: float) -> float:
    """The size at which a guest is charged for so much, within its bounds."""
    active_bytes = min(claim.active_bytes, claim.most_bytes)
    size_bytes = min(paid_bytes, active_bytes) + max(0.0, paid_bytes - active_bytes) * (1.0 - tax_ratio)
    return min(claim.most_bytes, max(min(claim.least_bytes, claim.most_bytes), size_bytes))


def entered(state: str, free_ratio: float, marks: Sequence[float]) -> str:
    """The state after free memory has become this part of the marks' whole; ``marks`` are in the order of STATES."""
    index = STATES.index(state)
    while index + 1 < len(STATES) and free_ratio < marks[index + 1]:
        index += 1
    while index and free_ratio >= marks[index - 1]:
        index -= 1
    return STATES[index]
