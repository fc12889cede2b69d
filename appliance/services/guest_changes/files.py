"""Guests' files in the store: found, read, changed by compare-and-swap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from appliance.model.digest import digest_of
from appliance.model.errors import ExistsError, MissingError, StaleError
from appliance.model.guest.config import FOLDERS, GuestConfig, parse_guest, write_guest
from appliance.model.guest.document import GuestKind
from appliance.model.store.changes import ABSENT, Delete, File, Put, Rename, Step
from appliance.ports.config_store import ConfigStore
from appliance.services.config.texts import change_together

TRIES = 8
Edit = Callable[[GuestConfig], GuestConfig]


@dataclass(frozen=True, slots=True)
class GuestFile:
    """A guest as its file says. version: of the file in the store."""

    vmid: int
    node: str
    config: GuestConfig
    version: int
    digest: str

    @property
    def kind(self) -> GuestKind:
        return self.config.kind

    @property
    def path(self) -> str:
        return guest_path(self.node, self.kind, self.vmid)

    @property
    def sid(self) -> str:
        return f"{self.kind}:{self.vmid}"


def guest_path(node: str, kind: GuestKind, vmid: int) -> str:
    return f"nodes/{node}/{FOLDERS[kind]}/{vmid}.conf"


def firewall_path(vmid: int) -> str:
    """The guest's own rules, which are no part of its file and follow it."""
    return f"firewall/{vmid}.fw"


class GuestFiles:
    """Of one node. Reads are local."""

    def __init__(self, store: ConfigStore) -> None:
        self._store = store

    def find(self, vmid: int, kind: GuestKind | None = None, node: str | None = None) -> GuestFile:
        """MissingError if there is none, none of this kind, or none on this node."""
        path = self._store.guests().get(vmid)
        found = _understood(path) if path is not None else None
        fits = found is not None and kind in (None, found[1]) and node in (None, found[0])
        if path is None or found is None or not fits:
            named = guest_path(node or "*", kind or "vm", vmid)
            raise MissingError(f"Configuration file '{named}' does not exist")
        return _read(vmid, path, *found, self._store.read(path))

    def exists(self, vmid: int) -> bool:
        return vmid in self._store.guests()

    async def change(self, guest: GuestFile, edit: Edit, *more: Step) -> GuestFile:
        """Let `edit` change the configuration as it is now and write it, with `more` steps.

        It is called again when somebody else was faster. Its errors, the store's, and MissingError
        if the guest is gone or has left the node, mean that nothing was changed.
        """

        def made() -> tuple[Step, ...]:
            now = self.find(guest.vmid, guest.kind, guest.node)
            text = write_guest(edit(now.config))
            if text == write_guest(now.config) and not more:
                return ()
            return (Put(now.path, text.encode(), now.version), *more)

        await change_together(self._store, f"guest {guest.vmid} is", made, TRIES)
        return self.find(guest.vmid, guest.kind, guest.node)

    async def create(self, node: str, vmid: int, config: GuestConfig, *more: Step) -> GuestFile:
        """A guest that was not there. ExistsError if there is one of that number by now."""
        there = f"unable to create guest {vmid}: it already exists"
        if self.exists(vmid):
            raise ExistsError(there)
        text = write_guest(config).encode()
        try:
            await self._store.change(Put(guest_path(node, config.kind, vmid), text, ABSENT), *more)
        except (ExistsError, StaleError):  # another node was faster
            raise ExistsError(there) from None
        return self.find(vmid, config.kind, node)

    async def remove(self, guest: GuestFile) -> None:
        """The file and its firewall rules go; nothing happens if they are gone."""
        steps: list[Step] = [
            Delete(path)
            for path in (guest.path, firewall_path(guest.vmid))
            if self._store.paths(path) == (path,)
        ]
        if steps:
            await self._store.change(*steps)

    async def give(self, guest: GuestFile, node: str, edit: Edit) -> None:
        """The guest belongs to another node, changed by `edit`: one step, all of it or nothing."""
        for _ in range(TRIES):
            now = self.find(guest.vmid, guest.kind, guest.node)
            text = write_guest(edit(now.config)).encode()
            target = guest_path(node, guest.kind, guest.vmid)
            try:
                await self._store.change(Put(now.path, text, now.version), Rename(now.path, target))
            except StaleError:
                await self._store.catch_up()
                continue
            return
        raise StaleError(f"guest {guest.vmid} is being changed elsewhere, try again")

    def firewall(self, vmid: int) -> str:
        """The text of the guest's firewall file, empty if there is none."""
        try:
            return self._store.read(firewall_path(vmid)).content.decode("utf-8", "replace")
        except MissingError:
            return ""


def _understood(path: str) -> tuple[str, GuestKind] | None:
    _nodes, node, folder, _name = path.split("/")
    kind: GuestKind = "vm" if folder == FOLDERS["vm"] else "ct"
    return (node, kind) if folder in FOLDERS.values() else None


def _read(vmid: int, path: str, node: str, kind: GuestKind, file: File) -> GuestFile:
    config = parse_guest(file.content.decode("utf-8", "replace"), kind, file=path)
    return GuestFile(vmid, node, config, file.version, digest_of(file.content))
