"""Files that are computed when they are opened, and links to this node's own folders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from appliance.model.corosync_conf import CorosyncConf, parse_corosync_conf
from appliance.model.errors import FileError, QuorateError
from appliance.model.store.changes import ABSENT, File
from appliance.services.files.ports import FilePorts

DEBUG: Final = ".debug"
_MEMBERS: Final = ".members"
_VERSION: Final = ".version"
_VMLIST: Final = ".vmlist"
_NAMES: Final = (DEBUG, _MEMBERS, _VERSION, _VMLIST)
_LAYOUT: Final = "corosync.conf"
_TYPES: Final = {"qemu-server": "qemu", "lxc": "lxc"}

# Files of which programs ask `.version` whether they changed.
_OBSERVED: Final = (
    *(_LAYOUT, "datacenter.cfg", "domains.cfg", "jobs.cfg", "notifications.cfg"),
    *("replication.cfg", "storage.cfg", "user.cfg", "priv/shadow.cfg", "priv/tfa.cfg"),
    *("priv/token.cfg", "firewall/cluster.fw", "ha/crm_commands", "ha/groups.cfg"),
    *("ha/manager_status", "ha/resources.cfg", "ha/rules.cfg"),
)


class Virtual:
    """debug: whether operations are told to the journal; `.debug` shows and sets it."""

    def __init__(self, ports: FilePorts) -> None:
        self._ports = ports
        self._started_s = int(ports.clock.wall())
        own = f"nodes/{ports.node}"
        self.links: Mapping[str, str] = {
            "local": own,
            "lxc": f"{own}/lxc",
            "openvz": f"{own}/openvz",
            "qemu-server": f"{own}/qemu-server",
        }
        self.debug = False
        self._guests: Mapping[int, str] | None = None
        self._guest_lists = 0
        self._layout: tuple[File, CorosyncConf | None] | None = None

    def names(self) -> tuple[str, ...]:
        return (*_NAMES, *self.links)

    def is_file(self, path: str) -> bool:
        return path in _NAMES

    def mode(self, path: str) -> int:
        return 0o640 if path == DEBUG else 0o440

    def content(self, path: str) -> bytes:
        """As of now."""
        if path == DEBUG:
            return b"1\n" if self.debug else b"0\n"
        make = {_MEMBERS: self._members, _VERSION: self._versions, _VMLIST: self._vmlist}[path]
        return (json.dumps(make(), indent=1) + "\n").encode()

    def check_writable(self, path: str) -> None:
        """FileError EACCES if it cannot be written."""
        if path != DEBUG:
            raise FileError("EACCES", f"{path} cannot be written")

    def write(self, path: str, data: bytes) -> None:
        """FileError EACCES if it cannot be written, EINVAL if not so."""
        self.check_writable(path)
        if data.strip() not in {b"0", b"1"}:
            raise FileError("EINVAL", f"{DEBUG} is 0 or 1")
        self.debug = data.strip() == b"1"

    def _read(self, path: str) -> File | None:
        try:
            return self._ports.store.read(path, privileged=True)
        except QuorateError:
            return None

    def _conf(self) -> CorosyncConf | None:
        """The cluster's layout; None without one, or with one that cannot be read."""
        file = self._read(_LAYOUT)
        if file is None:
            return None
        if self._layout is None or self._layout[0] is not file:
            try:
                conf = parse_corosync_conf(file.content.decode())
            except (QuorateError, UnicodeDecodeError):
                conf = None
            self._layout = (file, conf)
        return self._layout[1]

    def _members(self) -> dict[str, Any]:
        view, conf = self._ports.membership.view(), self._conf()
        if conf is None and len(view.members) < 2:
            return {"nodename": self._ports.node, "version": 0}
        known = {node.name: node for node in conf.nodes()} if conf else {}
        nodes: dict[str, dict[str, Any]] = {}
        for name in view.members:
            node = known.get(name)
            nodes[name] = {"id": node.node_id} if node else {}
            nodes[name]["online"] = int(name in view.online or name == self._ports.node)
            if node and node.addresses:
                nodes[name]["ip"] = node.addresses[min(node.addresses)]
        cluster = {
            "name": conf.cluster_name if conf else "",
            "version": conf.version if conf else 0,
            "nodes": len(view.members),
            "quorate": int(view.quorate),
        }
        return {
            "nodename": self._ports.node,
            "version": view.epoch,
            "cluster": cluster,
            "nodelist": nodes,
        }

    def _guest_list(self) -> Mapping[int, str]:
        guests = self._ports.store.guests()
        if guests is not self._guests:
            self._guests = guests
            self._guest_lists += 1
        return guests

    def _versions(self) -> dict[str, Any]:
        self._guest_list()
        view = self._ports.membership.view()
        files = {path: self._read(path) for path in _OBSERVED}
        versions = {path: file.version if file else ABSENT for path, file in files.items()}
        return {
            "starttime": self._started_s,
            "clinfo": view.epoch,
            "vmlist": self._guest_lists,
            **versions,
        }

    def _vmlist(self) -> dict[str, Any]:
        ids: dict[str, dict[str, Any]] = {}
        for number, path in sorted(self._guest_list().items()):
            file = self._read(path)
            if file is not None:
                _, node, folder, _ = path.split("/")
                about = {"node": node, "type": _TYPES[folder], "version": file.version}
                ids[str(number)] = about
        return {"version": self._guest_lists, "ids": ids}
