"""Luggage: what a worker must have before its first run, where it was not forked from the parent.

Which code the parent runs, so that no worker simulates with another one; what the session has added (``vl.add``) and a
function that simulates a run but lies in no file of ours, both by value. A worker that serves several batches changes
what it has with each of them.
"""

from __future__ import annotations

import pickle
import platform
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from simulator import discovery
from simulator.batch import worker
from simulator.batch.version import code_version
from simulator.errors import RunError, UsageError

T = TypeVar("T")

OURS = frozenset({"simulator", "simpy", "builtins", *sys.stdlib_module_names})
"""Packages that every worker has: what comes from there travels by name."""


class Misfit(RunError):
    """A worker that cannot run what this process runs."""


class Luggage(NamedTuple):
    """What is sent.

    Attributes:
        python: version of Python, major and minor.
        code: version of the code, see ``code_version``.
        by_value: classes of the session and the function, pickled by value; empty if there are none.
    """

    python: str
    code: str
    by_value: bytes


_NOTHING = Luggage("", "", b"")
_unpacked = _NOTHING
_turn = threading.Lock()
"""A worker may have several threads, and what a session has added belongs to the whole process."""


def pack(target: str = worker.TARGET) -> Luggage:
    """What this process has and its workers may not have.

    Raises:
        UsageError: something of it cannot be sent, or cloudpickle, which sends it, is not installed.
    """
    session = discovery.session_families()
    function = None if _package(target.partition(":")[0]) in OURS else worker.function(target)
    by_value = _by_value(session, target, function) if session or function else b""
    global _unpacked
    _unpacked = Luggage(_python(), code_version(), by_value)  # threads of this process, and its forks, have it all
    return _unpacked


def unpack(luggage: Luggage) -> None:
    """Makes this process one that can run what the parent can.

    Raises:
        Misfit: it has another Python or other code.
    """
    global _unpacked
    if luggage == _unpacked:
        return
    # Python first: what another one has pickled by value must not be touched.
    _compare("Python", _python(), luggage.python, "start it with the same Python")
    session, target, function = _loaded(luggage.by_value)
    discovery.replace_session(session)
    worker.carry(target, function)
    remedy = f"install the same version there, give it the same {discovery.EXTRA_VARIABLE}, and start it again"
    _compare("virtlab", code_version(), luggage.code, remedy)
    _unpacked = luggage


def wrap(luggage: Luggage, call: Callable[..., T], arguments: Sequence[Any]) -> tuple[str, str, bytes, bytes]:
    """What to send so that ``carried`` makes the call: plain texts and bytes, which no library looks into."""
    return (*luggage, pickle.dumps((call, arguments), pickle.HIGHEST_PROTOCOL))


def carried(python: str, code: str, by_value: bytes, work: bytes) -> Any:
    """Makes a call in a worker that has what it needs for it; one call at a time."""
    with _turn:
        unpack(Luggage(python, code, by_value))
        call, arguments = pickle.loads(work)
        return call(*arguments)


def _compare(what: str, here: str, wanted: str, remedy: str) -> None:
    if here != wanted:
        raise Misfit(f"the worker on {platform.node()} has {what} {here}, this process has {wanted}: {remedy}")


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _package(module: str) -> str:
    return module.partition(".")[0]


def _by_value(session: object, target: str, function: object) -> bytes:
    try:
        import cloudpickle
    except ImportError:
        raise UsageError(
            "what this session has added travels to other processes with cloudpickle, which is not installed: "
            "pip install 'virtlab[distributed]', or run in this process (--on serial)"
        ) from None
    classes = [item for module in discovery.session_modules() for item in vars(module).values()]
    with _sent_whole(_modules([*classes, function])):
        try:
            data: bytes = cloudpickle.dumps((session, target, function))
        except Exception as error:
            raise UsageError(
                f"what this session has added cannot be sent to other processes ({error}); run in this process "
                "(--on serial)"
            ) from error
    return data


def _loaded(by_value: bytes) -> tuple[dict[str, dict[str, ModuleType]], str, Callable[..., Any] | None]:
    if not by_value:
        return {}, "", None
    import cloudpickle

    loaded: tuple[dict[str, dict[str, ModuleType]], str, Callable[..., Any] | None] = cloudpickle.loads(by_value)
    return loaded


def _modules(items: Iterable[object]) -> set[str]:
    """Modules of the user's own that hold these classes, their bases or these functions."""
    kinds = [kind for item in items for kind in (item.__mro__ if isinstance(item, type) else [item])]
    names = {str(getattr(kind, "__module__", "")) for kind in kinds}
    return {name for name in names if name in sys.modules and _package(name) not in OURS}


@contextmanager
def _sent_whole(modules: Iterable[str]) -> Iterator[None]:
    """Within it, what these modules define travels by value: a worker cannot import them."""
    import cloudpickle

    known = cloudpickle.list_registry_pickle_by_value()
    added = [sys.modules[name] for name in modules if name not in known and name != "__main__"]
    for module in added:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in added:
            cloudpickle.unregister_pickle_by_value(module)
