"""Many calls at once on few guests, from all nodes, while storages and machines fail."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.api.http import HttpRequest
from appliance.model.percent import encode_url
from sim.entropy import Entropy
from sim.faults import Fault
from tests.api.guests.rig import GuestRig
from tests.api.rig import NoAnswerError

NODES = ("pve1", "pve2", "pve3")
VMIDS = tuple(range(200, 206))
OUTAGES = (
    Fault("storage", storage="ceph", heal_after_s=15),
    Fault("storage_slow", storage="ceph", value=20.0, heal_after_s=20),
    Fault("disk_full", storage="ceph", heal_after_s=10),
)
CUTS = tuple(Fault("power", node, heal_after_s=20) for node in NODES)


class Storm:
    """Calls drawn from a seed; nothing waits for their answers."""

    def __init__(self, seed: int, faults: tuple[Fault, ...]) -> None:
        self.rig = GuestRig(guests=3, seed=seed)
        self.chance, self.faults, self.count = Entropy(seed).child("storm"), faults, 0

    def pick(self, choices: tuple[Any, ...]) -> Any:
        self.count += 1
        return choices[int(self.chance.unit(self.count) * len(choices))]

    def call(self) -> None:
        node, vmid = self.pick(NODES), self.pick(VMIDS)
        guest = f"/nodes/{self.place(vmid)}/qemu/{vmid}"
        disk = self.pick(("ceph:1", "local-zfs:1"))
        make = {"vmid": vmid, "memory": 256, "scsi0": disk, "ide2": "ceph:cloudinit"}
        verb, path, given = self.pick(
            (
                ("POST", f"/nodes/{self.pick(NODES)}/qemu", {**make, "start": self.pick((0, 1))}),
                ("POST", f"/nodes/{self.pick(NODES)}/qemu", make),
                ("POST", f"{guest}/status/start", {}),
                ("POST", f"{guest}/status/{self.pick(('stop', 'shutdown', 'reboot'))}", {}),
                ("POST", f"{guest}/status/suspend", {"todisk": self.pick((0, 1))}),
                ("POST", f"{guest}/config", {self.pick(("scsi1", "scsi2")): disk}),
                ("PUT", f"{guest}/config", {"delete": self.pick(("scsi1", "scsi2", "unused0"))}),
                ("PUT", f"{guest}/unlink", {"idlist": "scsi1", "force": 1}),
                ("PUT", f"{guest}/resize", {"disk": "scsi0", "size": "+1G"}),
                ("DELETE", guest, {}),
            )
        )
        self.send(node, verb, path, given)

    def place(self, vmid: int) -> str:
        """Where its file says that it is."""
        for node in NODES:
            if (found := self.rig.apis.answering(node)) is not None:
                path = found.ports.store.guests().get(vmid)
                return path.split("/")[1] if path is not None else self.pick(NODES)
        return NODES[0]

    def send(self, node: str, verb: str, path: str, given: dict[str, Any]) -> None:
        try:
            boot, api = self.rig.process(node)
        except NoAnswerError:
            return
        form = "&".join(f"{key}={encode_url(str(value))}" for key, value in given.items())
        query, body = (form, b"") if verb in ("GET", "DELETE") else ("", form.encode())
        request = HttpRequest(verb, f"/api2/json{path}", query, {}, body)
        boot.begin(lambda: api.handle(request), "storm")

    def blow(self, calls: int) -> None:
        for number in range(calls):
            self.call()
            if number % 10 == 9:
                self.rig.world.inject(self.pick(self.faults))
            self.rig.run(self.pick((0.01, 0.5, 3.0)))
        self.rig.world.heal_all()
        self.rig.run(400)

    def texts(self) -> str:
        ports = self.rig.apis.newest().ports
        paths = ports.store.guests().values()
        return "\n".join(ports.store.read(path).content.decode() for path in paths)

    def logs(self) -> str:
        """What all tasks of all nodes told."""
        found: list[str] = []
        for node in NODES:
            rows = self.rig.call(node, "GET", f"/nodes/{node}/tasks", source="all", limit=0)
            for row in rows:
                found += self.rig.log(row["upid"], node)
        return "\n".join(found)

    def loose(self) -> list[str]:
        """Volumes of the storm's guests that no file names."""
        text = self.texts()
        names = [name.partition(":")[2] for name in self.rig.volumes()]
        return [name for name in names if "-20" in name and name not in text]

    def clear(self) -> None:
        """Destroy all that is left, as an administrator would."""
        for vmid in VMIDS:
            node = self.place(vmid)
            guest = f"/nodes/{node}/qemu/{vmid}"
            if self.rig.ask("GET", f"{guest}/config", node=node).status != 200:
                continue
            self.rig.call(node, "PUT", f"{guest}/config", {"delete": "lock", "skiplock": 1})
            self.rig.do("POST", f"{guest}/status/stop", node=node)
            whole = {"destroy-unreferenced-disks": 1}
            assert self.rig.do("DELETE", guest, whole, node=node) == "OK"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_no_volume_is_lost_while_storages_fail(seed: int) -> None:
    storm = Storm(seed, OUTAGES)
    storm.blow(120)
    logs = storm.logs()
    untold = [name for name in storm.loose() if name not in logs]
    assert untold == []
    assert "lock: create" not in storm.texts()
    storm.clear()
    assert [name for name in storm.rig.volumes() if "-20" in name and name not in logs] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_no_promise_is_broken_while_machines_fail(seed: int) -> None:
    storm = Storm(100 + seed, (*OUTAGES, *CUTS))
    storm.blow(120)
    storm.clear()
    assert storm.rig.trouble == []
    for node in NODES:
        assert storm.rig.call(node, "GET", f"/nodes/{node}/tasks", source="active") == []
