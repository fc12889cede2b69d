"""What every host of guests promises."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import pytest

from appliance.model.errors import RefusedError, UnavailableError
from appliance.model.guest.config import Settings, parse_guest
from appliance.model.guest.running import Launch
from appliance.ports.guest_host import ContainerHost, GuestHost, VmHost
from appliance.ports.storage import Effort

T = TypeVar("T")
VM, CT = "vm:100", "ct:101"


class HostWorld(Protocol):
    """A node with two stopped guests, VM and CT, whose disks are there.

    The VM has two disks on `fast` (scsi0, scsi1), a spare volume for either, and an agent.
    """

    @property
    def host(self) -> GuestHost: ...
    @property
    def vms(self) -> VmHost: ...
    @property
    def containers(self) -> ContainerHost: ...

    def run(self, work: Coroutine[Any, Any, T]) -> T: ...
    def begin(self, work: Coroutine[Any, Any, Any]) -> None: ...
    def pass_s(self, seconds: float) -> None: ...
    def settings(self, sid: str) -> Settings: ...

    def configure(self, sid: str, settings: Settings) -> None:
        """The guest's file says that from now on."""
        ...

    def spare(self) -> str:
        """The id of a volume that nobody uses, as large as a disk."""
        ...


class GuestHostContract:
    """Needs a fixture `world`."""

    @pytest.mark.parametrize("sid", [VM, CT])
    def test_its_life(self, world: HostWorld, sid: str) -> None:
        host = world.host
        assert host.state(sid) is None
        assert host.load(sid) is None
        world.run(host.start(Launch(sid, world.settings(sid))))
        state = host.state(sid)
        assert state is not None
        assert (state.qmp, state.pid > 0) == ("running", True)
        assert host.states() == {sid: state}
        world.pass_s(100)
        later, load = host.state(sid), host.load(sid)
        assert later is not None
        assert load is not None
        assert later.pid == state.pid
        assert later.uptime_s - state.uptime_s == pytest.approx(100, abs=5)
        assert 0 <= load.cpu <= 1
        assert 0 < load.memory_bytes <= load.memory_max_bytes == 1024**3
        assert world.run(host.shut_down(sid, 60)) is True
        assert host.state(sid) is None

    def test_a_hard_stop_is_at_once_and_harmless_again(self, world: HostWorld) -> None:
        host = world.host
        world.run(host.start(Launch(VM, world.settings(VM))))
        world.run(host.stop(VM))
        assert host.state(VM) is None
        world.run(host.stop(VM))

    def test_what_stands_still_does_not_shut_down(self, world: HostWorld) -> None:
        host = world.host
        world.run(host.start(Launch(VM, world.settings(VM), paused=True)))
        state = host.state(VM)
        assert state is not None
        assert state.paused
        load = host.load(VM)
        assert load is not None
        assert load.cpu == 0
        assert world.run(host.shut_down(VM, 30)) is False
        assert host.state(VM) is not None
        world.run(host.resume(VM))
        world.pass_s(60)
        assert host.state(VM) is None  # it was asked to, and did when it could

    def test_what_does_not_run_cannot_be_changed(self, world: HostWorld) -> None:
        host = world.host
        for work in (
            host.shut_down(VM, 10),
            host.pause(VM),
            host.resume(VM),
            host.reset(VM),
            host.apply(VM, world.settings(VM), ()),
            world.vms.save_memory(VM, world.spare()),
            world.vms.monitor(VM, "info status"),
            world.vms.send_key(VM, "ret"),
            world.containers.interfaces(CT),
        ):
            with pytest.raises(RefusedError, match="not running"):
                world.run(work)

    def test_a_missing_disk_forbids_the_start(self, world: HostWorld) -> None:
        settings = world.settings(VM).with_values({"scsi2": "fast:vm-100-disk-9,size=1G"})
        with pytest.raises(RefusedError, match="does not exist"):
            world.run(world.host.start(Launch(VM, settings)))
        assert world.host.state(VM) is None

    def test_disks_come_and_go_while_it_runs(self, world: HostWorld) -> None:
        host = world.host
        world.run(host.start(Launch(VM, world.settings(VM))))
        less = world.settings(VM).without(("scsi1",))
        world.run(host.apply(VM, less, ("scsi1",)))
        more = less.with_values({"scsi1": "fast:vm-100-disk-7,size=1G"})
        with pytest.raises(RefusedError, match="does not exist"):
            world.run(host.apply(VM, more, ("scsi1",)))
        world.run(host.apply(VM, world.settings(VM), ("scsi1",)))
        assert host.state(VM) is not None

    def test_memory_is_saved_and_taken_up_again(self, world: HostWorld) -> None:
        host, volid = world.host, world.spare()
        world.run(host.start(Launch(VM, world.settings(VM))))
        world.run(world.vms.save_memory(VM, volid))
        state = host.state(VM)
        assert state is not None
        assert state.paused
        world.run(host.stop(VM))
        world.run(host.start(Launch(VM, world.settings(VM), volid)))
        state = host.state(VM)
        assert state is not None
        assert not state.paused

    def test_a_disk_is_mirrored_under_it(self, world: HostWorld) -> None:
        host, volid = world.host, world.spare()
        world.run(host.start(Launch(VM, world.settings(VM))))
        told: list[float] = []
        world.run(world.vms.mirror(VM, "scsi1", volid, Effort(progress=told.append)))
        assert told == sorted(told)
        assert told[-1] == 1
        new = world.settings(VM).with_values({"scsi1": f"{volid},size=1G"})
        world.configure(VM, new)
        world.run(host.apply(VM, new, ()))
        assert host.state(VM) is not None
        with pytest.raises(RefusedError, match="scsi9"):
            world.run(world.vms.mirror(VM, "scsi9", volid))

    def test_the_agent_answers_when_its_system_is_up(self, world: HostWorld) -> None:
        host, agent = world.host, world.vms.agent
        with pytest.raises(RefusedError, match="not running"):
            world.run(agent(VM, "ping", {}))
        world.run(host.start(Launch(VM, world.settings(VM))))
        with pytest.raises(UnavailableError, match="agent is not running"):
            world.run(agent(VM, "ping", {}))
        world.pass_s(60)
        assert world.run(agent(VM, "ping", {})) == {}
        assert world.run(agent(VM, "get-osinfo", {}))["id"]
        names = [one["name"] for one in world.run(agent(VM, "network-get-interfaces", {}))]
        assert names[0] == "lo"
        assert world.run(agent(VM, "fsfreeze-status", {})) == "thawed"
        world.run(agent(VM, "fsfreeze-freeze", {}))
        assert world.run(agent(VM, "fsfreeze-status", {})) == "frozen"
        world.run(agent(VM, "fsfreeze-thaw", {}))
        pid = world.run(agent(VM, "exec", {"command": ["echo", "hello"]}))["pid"]
        status = world.run(agent(VM, "exec-status", {"pid": pid}))
        assert (status["exited"], status["exitcode"], status["out-data"]) == (True, 0, "aGVsbG8K")
        world.run(agent(VM, "file-write", {"file": "/tmp/x", "content": b"abc"}))
        assert world.run(agent(VM, "file-read", {"file": "/tmp/x"})) == b"abc"
        with pytest.raises(RefusedError, match="No such file"):
            world.run(agent(VM, "file-read", {"file": "/tmp/y"}))

    def test_a_guest_without_an_agent_has_none(self, world: HostWorld) -> None:
        without = world.settings(VM).without(("agent",))
        world.configure(VM, without)
        world.run(world.host.start(Launch(VM, without)))
        world.pass_s(60)
        with pytest.raises(UnavailableError, match="agent is not running"):
            world.run(world.vms.agent(VM, "ping", {}))

    def test_a_containers_interfaces(self, world: HostWorld) -> None:
        world.run(world.host.start(Launch(CT, world.settings(CT))))
        found = world.run(world.containers.interfaces(CT))
        assert [one.name for one in found] == ["lo", "eth0"]
        assert found[1].addresses == ("192.0.2.9/24",)
        assert found[1].mac == "bc:24:11:00:00:02"


VM_TEXT = (
    "agent: 1\ncores: 2\nmemory: 1024\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0\n"
    "scsi0: fast:vm-100-disk-0,size=4G\nscsi1: fast:vm-100-disk-1,size=1G\n"
)
CT_TEXT = (
    "cores: 1\nmemory: 1024\nrootfs: fast:vm-101-disk-0,size=4G\n"
    "net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:02,ip=192.0.2.9/24\n"
)
SETTINGS = {
    VM: parse_guest(VM_TEXT, "vm").current,
    CT: parse_guest(CT_TEXT, "ct").current,
}
