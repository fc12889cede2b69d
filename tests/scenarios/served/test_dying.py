"""A defect of the world does not leave anybody waiting."""

from __future__ import annotations

import pytest

from scenarios.served.background import Served
from scenarios.served.cluster import Wish
from sim.stage.bridge import Bridge


def test_when_the_world_dies_whoever_waits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    served = Served(Wish(nodes=1, guests=0, port=0)).start()

    def die(_bridge: Bridge) -> None:
        raise RuntimeError("a defect of the world")

    monkeypatch.setattr(Bridge, "_give_up_lost", die)
    served._thread.join(30)
    assert not served._thread.is_alive()
    with pytest.raises(ExceptionGroup) as caught:
        served.close()
    assert caught.group_contains(RuntimeError, match="a defect of the world")
