"""A recorded command sequence on Ceph with a namespace, as calls of the API: each must succeed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.api.storage.rig import StorageApi
from tests.conformance.cases import need, suite

NODE = "/nodes/pve1"
# Stages 6 to 9 repeat 1 to 4; those that are not among the cases are put back.
REPEATED = {"006": ["qm", "start", "999999"], "008": ["qm", "delsnapshot", "999999", "test"]}
Words = list[Any]


def posted(api: StorageApi, path: str, **given: Any) -> None:
    """A call that may be the begin of a task, which must end well."""
    answer = api.call("pve1", "POST", f"{NODE}/qemu/{path}", given)
    if isinstance(answer, str) and answer.startswith("UPID:"):
        assert api.done(answer) == "OK", (path, api.log(answer))


def removed(api: StorageApi, path: str) -> None:
    assert api.done(api.call("pve1", "DELETE", f"{NODE}/qemu/{path}")) == "OK"


def set_storage(api: StorageApi, storage: str, option: str, value: Any) -> None:
    api.call("pve1", "PUT", f"/storage/{storage}", {option.removeprefix("--"): value})


COMMANDS: dict[str, Callable[..., None]] = {
    "start": lambda api, vmid: posted(api, f"{vmid}/status/start"),
    "stop": lambda api, vmid: posted(api, f"{vmid}/status/stop"),
    "unlock": lambda api, vmid: api.call(
        "pve1", "PUT", f"{NODE}/qemu/{vmid}/config", {"delete": "lock", "skiplock": 1}
    ),
    "snapshot": lambda api, vmid, name: posted(api, f"{vmid}/snapshot", snapname=name),
    "rollback": lambda api, vmid, name: posted(api, f"{vmid}/snapshot/{name}/rollback"),
    "delsnapshot": lambda api, vmid, name: removed(api, f"{vmid}/snapshot/{name}"),
    "move_disk": lambda api, vmid, disk, storage, _option, delete: posted(
        api, f"{vmid}/move_disk", disk=disk, storage=storage, delete=delete
    ),
    "clone": lambda api, vmid, new: posted(api, f"{vmid}/clone", newid=new),
    "template": lambda api, vmid: posted(api, f"{vmid}/template"),
}


def run(api: StorageApi, command: Words) -> None:
    if command[0] == "pvesm":
        set_storage(api, *command[2:])
    else:
        COMMANDS[command[1]](api, *command[2:])


def build(context: dict[str, Any]) -> StorageApi:
    api = StorageApi()
    api.make(context["pool"], "rbd", pool=context["pool"], content="images")
    options = {"pool": context["pool"], "namespace": context["namespace"], "content": "images"}
    api.make(context["storage"], "rbd", **options)
    api.call(
        "pve1",
        "POST",
        f"{NODE}/qemu",
        {"vmid": context["vmid"], "memory": 512, "scsi0": f"{context['storage']}:1"},
    )
    api.run(30)
    return api


def test_a_vm_in_a_namespace() -> None:
    cases = suite("storage", "rbd_namespace_scenario")
    need(cases, "storage/rbd_namespace_scenario")
    context = cases[0]["context"]
    api = build(context)
    stages = {number: [command] for number, command in REPEATED.items()}
    for case in cases:
        given = case["input"]
        commands = [*given["preparations"], *given["steps"], *given["cleanup"]]
        stages[case["id"].rpartition("/")[2]] = commands
    for number in sorted(stages):
        for command in stages[number]:
            run(api, command)
    images = [one for one in api.ids(context["storage"]) if "999999" in one or "999997" in one]
    assert images == [
        f"{context['storage']}:base-999999-disk-0",
        f"{context['storage']}:base-999999-disk-0/vm-999997-disk-0",
    ]
    assert api.ids(context["pool"]) == []
