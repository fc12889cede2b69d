"""The guests of one node: everything that handlers need, made once a boot."""

from __future__ import annotations

from appliance.services.guests.board import GuestBoard
from appliance.services.guests.life import Life
from appliance.services.guests.ports import GuestPorts
from appliance.services.guests.summaries import Summaries


class GuestNode:
    """Of one boot."""

    def __init__(self, ports: GuestPorts) -> None:
        self.ports = ports
        self.summaries = Summaries(ports.store)
        self.board = GuestBoard(ports)
        self.life = Life(ports)
