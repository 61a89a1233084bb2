"""The straight path of the fluid solver at one level does what its general path does."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
import simpy

from simulator.sharing import _levels, fluid
from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import Share

WEIGHTS = (1.0, 2.0, 4.0, 8.0)
Story = list[tuple[float, float, float, float]]


def story(cores: float, quotas: bool) -> Story:
    """When each of thirty threads' pieces ended and what it had waited; they think in between, some are stopped."""
    environment, random = simpy.Environment(), Random(7)
    device, told = Fluid(environment, cores, 1.0), []

    def thread(share: Share) -> simpy.events.ProcessGenerator:
        for piece in range(40):
            yield environment.timeout(random.choice((0.0, random.expovariate(1.0))))
            ended = environment.event()
            device.submit(share, random.choice((1.0, random.expovariate(1.0))), lambda _, e=ended: e.succeed())
            if piece % 10 == 9:
                yield environment.timeout(0.125) | ended
                if share.active:
                    device.remove(share)
                    continue
            if not ended.processed:
                yield ended
            told.append((environment.now, share.steal_s, share.ready_s, share.throttled_s))

    for number in range(30):
        quota = 0.4 if quotas and number % 3 == 0 else float("inf")
        environment.process(thread(Share("thread", device.root, weight=WEIGHTS[number % 4], cap=quota)))
    environment.run()
    return told


def counted(called: Callable[..., bool], taken: list[bool]) -> Callable[..., bool]:
    """The same function, its answers noted."""

    def call(*arguments: object) -> bool:
        taken.append(called(*arguments))
        return taken[-1]

    return call


@pytest.mark.parametrize("quotas", [False, True])
@pytest.mark.parametrize("cores", [2.0, 8.0, 15.5, 40.0])
def test_both_paths_tell_the_same_story(monkeypatch: pytest.MonkeyPatch, cores: float, quotas: bool) -> None:
    arrived: list[bool] = []
    found: list[bool] = []
    with monkeypatch.context() as patch:
        patch.setattr(fluid, "arrive", counted(fluid.arrive, arrived))
        patch.setattr(_levels, "relevel", counted(_levels.relevel, found))
        straight = story(cores, quotas)
    assert sum(arrived) > 100
    assert sum(found) > 100
    monkeypatch.setattr(fluid, "arrive", lambda *_: False)
    monkeypatch.setattr(_levels, "relevel", lambda *_: False)
    general = story(cores, quotas)
    assert len(straight) == len(general) > 1000
    for one, other in zip(straight, general, strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9)
