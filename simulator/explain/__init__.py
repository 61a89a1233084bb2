"""Why did this cost that: one demand followed through all layers, every step priced and sourced.

The package can be called: ``simulator.explain("xen-2 | linux-2.4", "read 4 KiB")``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.explain.explanation import Explanation, explain

__all__ = ["Explanation", "explain"]


class _Callable(ModuleType):
    """``simulator.explain`` names this package as soon as anybody has imported it, so that it must answer calls."""

    def __call__(self, *args: Any, **options: Any) -> Explanation:
        from simulator.explain.explanation import explain

        return explain(*args, **options)


sys.modules[__name__].__class__ = _Callable


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from simulator.explain import explanation

    return getattr(explanation, name)
