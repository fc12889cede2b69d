"""A running simulated world (machines, network, guests, storage, HA) whose nodes answer the API.

    rig = WorldRig()
    rig.call("pve1", "GET", "/version")                       # as root@pam
    me = rig.login("me@pve", "secret")
    rig.call("pve2", "GET", "/cluster/resources", user=me)    # as a user; the data, or the error
    rig.ask("GET", "/version", node="pve1").status            # the whole answer
    rig.world.inject(Fault("power", "pve2")); rig.run(120)    # time passes only when it is let

Time is simulated: a call lets pass what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.api.api import Api
from appliance.api.client import data_of
from appliance.api.http import LOCAL
from sim.layout import ClusterLayout
from sim.stage.apis import Apis, Settings
from sim.stage.contents import contents, served_layout
from sim.tasks import Boot
from sim.world import World
from tests.api.rig import ELSEWHERE, PASSWORDS, Asking, NoAnswerError

__all__ = ["ELSEWHERE", "NoAnswerError", "WorldRig"]
SETTLED_S = 40  # by then HA has a master and every local manager is active


class WorldRig(Asking):
    """Nodes pve1 to pve3, guests 100 to 105 (102 and 105 are containers) under HA on `ceph`.

    Local storages `local` and `local-zfs` on each node, shared ones `ceph` and `nfs`.
    """

    first = "pve1"

    def __init__(
        self,
        layout: ClusterLayout | None = None,
        *,
        nodes: int = 3,
        guests: int = 6,
        seed: int = 0,
        until_s: float = SETTLED_S,
    ) -> None:
        made = layout or served_layout(nodes, guests)
        self.first = made.node_names()[0]
        self.world = World(made, seed=seed, files=contents(made))
        self.kernel = self.world.kernel
        self.apis = Apis(self.world, Settings(PASSWORDS))
        self.world.run(until_s)

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        self.world.run(self.world.now_s + seconds)

    def process(self, node: str) -> tuple[Boot, Api]:
        found = self.apis.process(node)
        if found is None:
            raise NoAnswerError(f"{node} is off")
        return found

    def call(
        self,
        node: str,
        verb: str,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        user: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """The `data` of the answer; what went wrong is raised as the error that it was there.

        user: what `login` gave, None is root@pam. Parameters that are words of Python or have a
        dash are given in `parameters`.
        """
        given = {**(parameters or {}), **more}
        address = LOCAL if user is None else ELSEWHERE
        answer = self.ask(verb, path, given, node=node, headers=user, address=address)
        return data_of(answer.status, answer.whole.body, where=node)

    def login(self, user: str, password: str, node: str = "") -> dict[str, str]:
        """Headers by which the user is known from then on."""
        given = {"username": user, "password": password}
        where = "/access/ticket"
        session = self.ask("POST", where, given, node=node, address=ELSEWHERE).data
        return {
            "cookie": f"PVEAuthCookie={session['ticket']}",
            "csrfpreventiontoken": session["CSRFPreventionToken"],
        }
