"""What lists show of guests' configurations, read once for each version of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from appliance.core.guest.locks import is_template
from appliance.core.guest.places import disks
from appliance.model.errors import ConfigError, MissingError
from appliance.model.guest.config import FOLDERS, GuestConfig, decoded, parse_guest
from appliance.model.guest.document import GuestKind
from appliance.model.store.changes import File
from appliance.ports.config_store import ConfigStore

MIB: Final = 1024**2
_DEFAULT_MIB: Final = 512
_DEFAULT_SWAP_MIB: Final = 512


@dataclass(frozen=True, slots=True)
class Summary:
    """One guest as its file says."""

    vmid: int
    kind: GuestKind
    node: str
    name: str
    cpus: int
    memory_bytes: int
    disk_bytes: int
    template: bool = False
    lock: str | None = None
    tags: str = ""
    swap_bytes: int = 0
    onboot: bool = False
    startup: str = ""
    agent: bool = False

    @property
    def sid(self) -> str:
        return f"{self.kind}:{self.vmid}"


class Summaries:
    """Of all guests, as one node's copy of the store says."""

    def __init__(self, store: ConfigStore) -> None:
        self._store = store
        self._known: dict[str, tuple[File, Summary]] = {}

    def all(self) -> Iterator[Summary]:
        """By number."""
        for vmid, path in sorted(self._store.guests().items()):
            found = self._of(vmid, path)
            if found is not None:
                yield found

    def of_node(self, node: str, kind: GuestKind | None = None) -> Iterator[Summary]:
        head = f"nodes/{node}/" if kind is None else f"nodes/{node}/{FOLDERS[kind]}/"
        for vmid, path in sorted(self._store.guests().items()):
            if path.startswith(head) and (found := self._of(vmid, path)) is not None:
                yield found

    def of(self, vmid: int) -> Summary | None:
        path = self._store.guests().get(vmid)
        return None if path is None else self._of(vmid, path)

    def _of(self, vmid: int, path: str) -> Summary | None:
        try:
            file = self._store.read(path)
        except MissingError:
            return None
        known = self._known.get(path)
        if known is None or known[0] is not file:
            known = self._known[path] = file, _summary(vmid, path, file)
        return known[1]


def _summary(vmid: int, path: str, file: File) -> Summary:
    _nodes, node, folder, _name = path.split("/")
    kind: GuestKind = "vm" if folder == FOLDERS["vm"] else "ct"
    config = parse_guest(file.content.decode("utf-8", "replace"), kind)
    values = config.current.values
    sizes = [one.size_bytes or 0 for one in disks(kind, config.current)]
    swap = _whole(values.get("swap"), _DEFAULT_SWAP_MIB) if kind == "ct" else 0
    return Summary(
        vmid,
        kind,
        node,
        values.get("name") or values.get("hostname") or f"{kind.upper()}{vmid}",
        cpus(config),
        memory_mib(config) * MIB,
        sizes[0] if sizes else 0,
        is_template(config),
        values.get("lock"),
        values.get("tags", ""),
        swap * MIB,
        values.get("onboot") in ("1", "on", "yes", "true"),
        values.get("startup", ""),
        kind == "vm" and values.get("agent", "0")[:1] in ("1", "e"),
    )


def cpus(config: GuestConfig) -> int:
    """As the guest sees them; 0 for a container that sees all of its node."""
    values = config.current.values
    if config.kind == "ct":
        return _whole(values.get("cores"), 0)
    product = _whole(values.get("cores"), 1) * _whole(values.get("sockets"), 1)
    return _whole(values.get("vcpus"), product)


def memory_mib(config: GuestConfig) -> int:
    text = config.current.values.get("memory")
    if config.kind == "vm" and text is not None:
        text = text.removeprefix("current=")
    return _whole(text, _DEFAULT_MIB)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else default


def flag(config: GuestConfig, key: str) -> bool:
    """Whether an option is on."""
    try:
        return bool(decoded(config.kind, config.current, key))
    except ConfigError:
        return False
