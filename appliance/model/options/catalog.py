"""All tables of options, by the file that they configure: for documentation, API and help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.model.ha import groups, resources, rules
from appliance.model.option import Option
from appliance.model.option_table import OptionTable
from appliance.model.options import backup, cluster, cpu, ct, jobs, mappings, realms, storage, vm
from appliance.model.section_config import SectionType


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A configuration file of the tree: either one table of options, or types of sections."""

    path: str
    about: str
    options: tuple[Option, ...] = ()
    types: tuple[SectionType, ...] = ()

    def tables(self) -> Mapping[str, tuple[Option, ...]]:
        """The options by type of section; a file without sections has one type without a name."""
        if self.types:
            return {declared.name: declared.options for declared in self.types}
        return {"": self.options}


def _plain(path: str, about: str, table: OptionTable) -> ConfigFile:
    return ConfigFile(path, about, options=table.options)


FILES = (
    _plain("nodes/<node>/qemu-server/<vmid>.conf", "A virtual machine.", vm.OPTIONS),
    _plain("nodes/<node>/lxc/<vmid>.conf", "A container.", ct.OPTIONS),
    ConfigFile(storage.FILE, "The storages.", types=storage.TYPES),
    _plain(cluster.DATACENTER_FILE, "The cluster as a whole.", cluster.DATACENTER_OPTIONS),
    _plain("nodes/<node>/config", "One node.", cluster.NODE_OPTIONS),
    ConfigFile(jobs.FILE, "What runs by the calendar.", types=jobs.TYPES),
    _plain(backup.VZDUMP_FILE, "Defaults of backups.", backup.OPTIONS),
    ConfigFile(
        cluster.REPLICATION_FILE, "Copies of guests' disks.", types=cluster.REPLICATION_TYPES
    ),
    ConfigFile(realms.FILE, "Where users are known.", types=realms.TYPES),
    ConfigFile(
        "mapping/*.cfg",
        "Devices and directories under one name.",
        types=tuple(declared for types in mappings.TYPES.values() for declared in types),
    ),
    ConfigFile(cpu.MODEL_FILE, "CPU models of one's own.", types=cpu.MODEL_TYPES),
    ConfigFile(cluster.METRICS_FILE, "Where metrics are sent.", types=cluster.METRICS_TYPES),
    ConfigFile(resources.FILE, "Guests that are highly available.", types=resources.TYPES),
    ConfigFile(rules.FILE, "Where they belong.", types=rules.TYPES),
    ConfigFile(groups.FILE, "Groups of nodes, superseded by rules.", types=groups.TYPES),
)
