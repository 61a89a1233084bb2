"""Progress: what a batch tells whoever watches it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Somebody who watches a batch; the calls come from the process that started it."""

    def start(self, total: int, done: int) -> None:
        """``total`` runs in all, of which ``done`` were finished before."""

    def advance(self, run_id: str, status: str) -> None:
        """One more run has ended, ``ok``, ``failed`` or ``over budget``."""

    def grow(self, total: int) -> None:
        """There are ``total`` runs in all now: a rule that stops wants more of them, or fewer."""

    def finish(self) -> None:
        """No more runs end; called once, also when the batch was interrupted."""


class Silent:
    """Watches and says nothing."""

    def start(self, total: int, done: int) -> None: ...

    def advance(self, run_id: str, status: str) -> None: ...

    def grow(self, total: int) -> None: ...

    def finish(self) -> None: ...
