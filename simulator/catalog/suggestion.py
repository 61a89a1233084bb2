"""What a reader probably meant by a word that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LISTED, _LONGEST, _MOST = 12, 100, 2000
"""How many words are listed, how long words are that anybody mistypes, and among how many the nearest is sought."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """A remedy: the nearest known words, otherwise a list of them."""
    words = sorted(known)
    alike = [each for each in words if len(each) <= _LONGEST][:_MOST]
    nearest = difflib.get_close_matches(word, alike, n=2, cutoff=0.6) if len(word) <= _LONGEST else []
    if nearest:
        return f"did you mean {' or '.join(repr(near) for near in nearest)}?"
    if not words:
        return "there are none"
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return f"there are: {', '.join(words[:_LISTED])}{more}"
