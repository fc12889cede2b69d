"""A running world with calls on guests in few words."""

from __future__ import annotations

from typing import Any

from appliance.model.events import as_text
from appliance.ports.storage import FileSource
from sim.events import DaemonFailed, Violation
from sim.journal import Record
from tests.api.rig import Answer
from tests.api.world_rig import WorldRig

POOL = "local-zfs"


class GuestRig(WorldRig):
    """`do` is for calls that answer a task: it lets time pass until it has ended.

    Whatever happens, no promise of the cluster may be broken and no task may die of a defect.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.trouble: list[str] = []
        self.world.journal.subscribe(self._watch)

    def _watch(self, record: Record) -> None:
        if isinstance(record.event, Violation | DaemonFailed):
            self.trouble.append(as_text(record.event))

    def run(self, seconds: float) -> None:
        super().run(seconds)
        assert not self.trouble, self.trouble

    def do(
        self, verb: str, path: str, given: dict[str, Any] | None = None, *, node: str = "pve1"
    ) -> str:
        """How the task ended."""
        upid = self.call(node, verb, path, given)
        return self.end_of(upid, node)

    def end_of(self, upid: str, node: str = "pve1") -> str:
        for _ in range(2000):
            status = self.call(node, "GET", f"/nodes/{node}/tasks/{upid}/status")
            if status["status"] == "stopped":
                found: str = status["exitstatus"]
                return found
            self.run(0.5)
        raise AssertionError("the task does not end")

    def log(self, upid: str, node: str = "pve1") -> list[str]:
        lines = self.call(node, "GET", f"/nodes/{node}/tasks/{upid}/log", limit=0)
        return [line["t"] for line in lines]

    def make(self, vmid: int, *, node: str = "pve1", **given: Any) -> None:
        """A stopped VM with one disk; a dash in a name is written as an underscore."""
        values: dict[str, Any] = {
            "vmid": vmid,
            "name": f"vm{vmid}",
            "memory": 1024,
            "scsi0": f"{POOL}:2",
        }
        values |= {name.replace("_", "-"): value for name, value in given.items()}
        assert self.do("POST", f"/nodes/{node}/qemu", values, node=node) == "OK"

    def config(self, vmid: int, *, node: str = "pve1", kind: str = "qemu") -> dict[str, Any]:
        found: dict[str, Any] = self.call(node, "GET", f"/nodes/{node}/{kind}/{vmid}/config")
        return found

    def status(self, vmid: int, *, node: str = "pve1", kind: str = "qemu") -> str:
        found: str = self.call(node, "GET", f"/nodes/{node}/{kind}/{vmid}/status/current")["status"]
        return found

    def refused(
        self, verb: str, path: str, given: dict[str, Any] | None = None, *, node: str = "pve1"
    ) -> str:
        """The reason in the status line of a call that fails with 500."""
        answer: Answer = self.ask(verb, path, given or {}, node=node)
        assert answer.status == 500, (answer.status, answer.body)
        return answer.reason

    def volumes(self) -> list[str]:
        """All that are there, of the guests of the layout apart."""
        found = (str(volume) for volume in self.world.storage.volumes())
        return [name for name in found if not name.startswith("ceph:vm-10")]


def template(rig: GuestRig) -> str:
    """A template that somebody has put on the node."""

    class Source:
        size_bytes = 1000
        left = 1000

        async def read(self, count_bytes: int) -> bytes:
            count = min(count_bytes, self.left)
            self.left -= count
            return b"x" * count

    source: FileSource = Source()
    volid = "local:vztmpl/debian-12.tar.zst"
    found = rig.apis.answering("pve1")
    assert found is not None
    assert found.ports.storage is not None
    boot, _api = rig.process("pve1")
    task = boot.spawn(found.ports.storage.files.write(volid, source), "upload")
    rig.run(30)
    task.result()
    return volid
