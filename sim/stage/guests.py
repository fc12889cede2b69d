"""The guests of a boot as the API's handlers have them."""

from __future__ import annotations

from appliance.ports.entropy import Entropy
from appliance.ports.status_board import StatusBoard
from appliance.services.guests.node import GuestNode
from appliance.services.guests.ports import GuestPorts
from appliance.services.storage.ports import StoragePorts
from appliance.services.tasks.work import Work
from sim.boot import NodeBoot
from sim.entropy import Recalling
from sim.guests.facts import SimNodeFacts, SimNodePower
from sim.guests.history import SimHistory
from sim.guests.hosting import SimContainerHost, SimGuestHost, SimVmHost
from sim.world import World


def boot_guests(
    world: World,
    boot: NodeBoot,
    entropy: Entropy,
    work: Work,
    storage: StoragePorts,
    board: StatusBoard,
    history: SimHistory,
) -> GuestNode:
    """On the world's physics, with the configuration as this boot sees it."""
    node = boot.boot.node
    chance = Recalling(world.entropy)
    host = SimGuestHost(boot.boot, world.mover, world.specs(boot.guests), chance)
    return GuestNode(
        GuestPorts(
            node=node,
            clock=boot.clock,
            entropy=entropy,
            store=boot.store,
            pools=storage.pools,
            transfer=storage.transfer,
            host=host,
            vms=SimVmHost(host),
            containers=SimContainerHost(host),
            work=work,
            board=board,
            power=SimNodePower(node, world.machines[node].shutdown),
            history=history,
            facts=SimNodeFacts(node, world.guests, boot.clock, chance),
        )
    )
