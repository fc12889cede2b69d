"""Guests that are under high availability: people ask the manager, not the guest's node."""

from __future__ import annotations

from appliance.model.ha.resources import FILE, parse_resources
from appliance.model.ha.resources import Resource as HaResource
from appliance.ports.config_store import ConfigStore
from appliance.services.config.ha import HaRequests
from appliance.services.config.texts import read_text
from appliance.services.guests.ports import GuestPorts
from appliance.services.ha_store.config import StoreHaConfig
from appliance.services.ha_store.decoder import Decoder
from appliance.services.tasks.context import TaskContext


def resource_of(store: ConfigStore, sid: str) -> HaResource | None:
    """The guest as a service; None if it is none."""
    for resource in parse_resources(read_text(store, FILE)).resources:
        if resource.sid == sid:
            return resource
    return None


def is_managed(store: ConfigStore, sid: str) -> bool:
    """Whether the manager decides if it runs."""
    found = resource_of(store, sid)
    return found is not None and found.state != "ignored"


async def ask_start(ports: GuestPorts, sid: str, task: TaskContext) -> None:
    """The manager shall start it, where it belongs."""
    task.log(f"Requesting HA start for {sid}")
    await StoreHaConfig(ports.store, Decoder()).set_requested_state(sid, "started", None)


async def ask_stop(ports: GuestPorts, sid: str, timeout_s: int | None, task: TaskContext) -> None:
    """The manager shall stop it; with 0 s at once and hard."""
    task.log(f"Requesting HA stop for {sid}")
    if timeout_s is None:
        await StoreHaConfig(ports.store, Decoder()).set_requested_state(sid, "stopped", None)
    else:
        requests = HaRequests(ports.node, ports.store)
        await requests.state.queue_command(f"stop {sid} {timeout_s}")
