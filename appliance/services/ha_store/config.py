"""What people configured for HA, as files of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import is_not
from typing import Final

from appliance.model.errors import (
    ExistsError,
    MissingError,
    QuorateError,
    StaleError,
    UnavailableError,
)
from appliance.model.ha.groups import FILE as GROUPS
from appliance.model.ha.guest_files import (
    guest_file,
    guest_number,
    guest_place,
    lock_in,
    without_lock,
)
from appliance.model.ha.resources import FILE as RESOURCES
from appliance.model.ha.resources import Resource, parse_resources, write_resources
from appliance.model.ha.rules import FILE as RULES
from appliance.model.ha.rules import RuleSet, write_rules
from appliance.model.json_fields import text_of
from appliance.model.store.changes import Delete, File, Put, Rename, Step
from appliance.ports.config_store import ConfigStore
from appliance.ports.ha_store import DatacenterOptions, HaConfig
from appliance.services.ha_store.decoder import ConfigFiles, Decoder
from appliance.services.ha_store.files import Overtaken, decoded, edit, find, under

DATACENTER: Final = "datacenter.cfg"
_FILES: Final = (RESOURCES, RULES, GROUPS)


class StoreHaConfig:
    """Implements the `HaConfigStore` port for one node, and what operators change."""

    def __init__(self, store: ConfigStore, decoder: Decoder) -> None:
        self._store, self._decoder = store, decoder
        self._files: tuple[File | None, ...] = ()
        self._guests: Mapping[int, str] | None = None
        self._config = HaConfig()
        self._options_file: File | None = None
        self._options = DatacenterOptions()

    def config(self) -> HaConfig:
        store, known = self._store, self._files
        files, guests = tuple([find(store, path) for path in _FILES]), store.guests()
        if guests is not self._guests or any(map(is_not, files, known)):
            contents = ConfigFiles(*(b"" if file is None else file.content for file in files))
            self._config = decoded(lambda: self._decoder.config(contents, guests))
            self._files, self._guests = files, guests
        return self._config

    def options(self) -> DatacenterOptions:
        try:
            file = find(self._store, DATACENTER)
            if file is not self._options_file:
                content = b"" if file is None else file.content
                self._options = decoded(lambda: self._decoder.options(content))
                self._options_file = file
        except UnavailableError:
            pass  # the last known ones serve
        return self._options

    def node_of(self, sid: str) -> str | None:
        """The node on which a guest's configuration lies; None: there is none."""
        path = self._path_of(sid)
        return None if path is None else guest_place(path)[1]

    def _path_of(self, sid: str) -> str | None:
        number = guest_number(sid)
        path = None if number is None else self._store.guests().get(number)
        return path if path is not None and guest_place(path)[0] == sid else None

    def lock_of(self, sid: str) -> str | None:
        """What a guest's configuration is locked for; None: it is not."""
        path = self._path_of(sid)
        file = None if path is None else find(self._store, path)
        if file is None or path is None:
            return None
        return lock_in(decoded(lambda: text_of(file.content, path)))

    # what the daemons write

    async def set_requested_state(self, sid: str, state: str, lease: str | None) -> None:
        await self._edit_resources(
            lambda found: [
                replace(one, state=state) if one.sid == sid else one
                for one in _containing(found, sid)
            ],
            lease,
        )

    async def steal_service(self, sid: str, from_node: str, to_node: str, lease: str) -> str:
        source, target = guest_file(sid, from_node), guest_file(sid, to_node)
        seen = Overtaken(self._store, source)
        while True:
            # Judged and committed at one place of the order, whatever this node knew before.
            moves = seen.files[0] is not None and source != target
            steps = [Rename(source, target)] if moves else []
            try:
                await self._store.change(*under(lease), *steps)
            except (StaleError, MissingError) as refusal:
                seen.look_again(refusal)
                continue
            if steps:
                return to_node
            lies_at = self.node_of(sid)
            if lies_at is None:
                raise StaleError(f"there is no configuration of {sid}")
            if lies_at != from_node or source == target:
                return lies_at
            seen.look_again(StaleError(f"the configuration of {sid} moves to and fro"))

    async def remove_lock(self, sid: str, kinds: Sequence[str], lease: str) -> str | None:
        path, lock = self._path_of(sid), self.lock_of(sid)
        if path is None or lock not in kinds:
            return None
        removed: str | None = None

        def unlocked(text: str) -> str:
            nonlocal removed
            removed = lock_in(text)
            if removed not in kinds:
                raise _NothingToDo
            return without_lock(text)

        try:
            await edit(self._store, path, unlocked, lease)
        except _NothingToDo:
            return None
        return removed

    async def migrate_groups(
        self, rules: RuleSet, failback: Mapping[str, bool], lease: str
    ) -> None:
        seen = Overtaken(self._store, *_FILES)
        while True:
            file, versions = seen.files[0], seen.versions()
            text = "" if file is None else text_of(file.content, RESOURCES)
            steps: list[Step] = [
                Put(RESOURCES, _ungrouped(text, failback).encode(), expect=versions[0]),
                Put(RULES, write_rules(rules.rules, rules.document).encode(), expect=versions[1]),
            ]
            if seen.files[2] is not None:
                steps.append(Delete(GROUPS, expect=versions[2]))
            try:
                await self._store.change(*under(lease), *steps)
            except (StaleError, MissingError, ExistsError) as refusal:
                seen.look_again(refusal)
            else:
                return

    # what operators write

    async def put_service(self, resource: Resource) -> None:
        """Add it, or replace the one of that name."""
        await self._edit_resources(
            lambda found: [*(one for one in found if one.sid != resource.sid), resource]
        )

    async def remove_service(self, sid: str) -> None:
        await self._edit_resources(
            lambda found: [one for one in _containing(found, sid) if one.sid != sid]
        )

    async def set_datacenter(self, change: Callable[[str], str]) -> None:
        """Make the text of datacenter.cfg another."""
        await edit(self._store, DATACENTER, change, None)

    async def _edit_resources(
        self, change: Callable[[list[Resource]], list[Resource]], lease: str | None = None
    ) -> None:
        await edit(self._store, RESOURCES, lambda text: _edited(text, change), lease)


class _NothingToDo(QuorateError):
    """What was to be changed is not there any more."""

    code = "nothing_to_do"


def _edited(text: str, change: Callable[[list[Resource]], list[Resource]]) -> str:
    known = parse_resources(text)
    wanted = change(list(known.resources))
    return write_resources(sorted(wanted, key=lambda one: one.sid), known.document)


def _containing(found: Iterable[Resource], sid: str) -> list[Resource]:
    kept = list(found)
    if all(one.sid != sid for one in kept):
        raise MissingError(f"no such service '{sid}'")
    return kept


def _ungrouped(text: str, failback: Mapping[str, bool]) -> str:
    return _edited(
        text,
        lambda found: [
            replace(one, group=None, failback=failback.get(one.sid, one.failback)) for one in found
        ],
    )
