"""What a reader probably meant by a word that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LISTED = 12


def suggestion(word: str, known: Iterable[str]) -> str:
    """A remedy: the nearest known words, otherwise a list of them."""
    words = sorted(known)
    nearest = difflib.get_close_matches(word, words, n=2, cutoff=0.6)
    if nearest:
        return f"did you mean {' or '.join(repr(near) for near in nearest)}?"
    if not words:
        return "there are none"
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return f"there are: {', '.join(words[:_LISTED])}{more}"
