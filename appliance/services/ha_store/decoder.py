"""Contents of HA's files as values. What was read before is not read again.

A decoder depends on nothing but what it is given, so readers of several nodes may share one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from appliance.model.ha.datacenter import parse_datacenter
from appliance.model.ha.groups import FILE as GROUPS
from appliance.model.ha.groups import Groups, parse_groups
from appliance.model.ha.guest_files import guest_place
from appliance.model.ha.resources import FILE as RESOURCES
from appliance.model.ha.resources import Resources, parse_resources, service_configs
from appliance.model.ha.rules import FILE as RULES
from appliance.model.ha.rules import RuleSet, parse_rules
from appliance.model.ha.status import LrmStatus
from appliance.model.ha.status_files import ManagerStatusForm, read_lrm_status
from appliance.model.json_fields import text_of
from appliance.ports.ha_store import DatacenterOptions, HaConfig

CONFIGS_KEPT: Final = 4  # partitions of a simulated cluster may each have their own


@dataclass(frozen=True, slots=True)
class ConfigFiles:
    """The contents of the three files, empty for one that is not there."""

    resources: bytes = b""
    rules: bytes = b""
    groups: bytes = b""


class Decoder:
    """ConfigError for what cannot be read at all; a bad section is left out."""

    def __init__(self) -> None:
        self.manager = ManagerStatusForm()
        self.manager_status = lru_cache(maxsize=16)(self.manager.read)
        self._lrm = lru_cache(maxsize=1024)(read_lrm_status)
        self._resources = lru_cache(maxsize=4)(_resources)
        self._rules = lru_cache(maxsize=4)(_rules)
        self._groups = lru_cache(maxsize=4)(_groups)
        self.options = lru_cache(maxsize=4)(_options)
        self._configs: list[tuple[ConfigFiles, Mapping[int, str], HaConfig]] = []

    def lrm_status(self, content: bytes, file: str) -> LrmStatus:
        return self._lrm(content, file)

    def config(self, files: ConfigFiles, guests: Mapping[int, str]) -> HaConfig:
        """`guests`: number -> file; the same object as long as nothing in it changes."""
        for kept in self._configs:
            if kept[1] is guests and kept[0] == files:
                return kept[2]
        rules, rules_digest = self._rules(files.rules)
        groups, groups_digest = self._groups(files.groups)
        nodes = dict(guest_place(path) for path in guests.values())
        services = service_configs(self._resources(files.resources).resources, nodes)
        config = HaConfig(services, rules, rules_digest, groups.groups, groups_digest)
        self._configs = [(files, guests, config), *self._configs[: CONFIGS_KEPT - 1]]
        return config


def _resources(content: bytes) -> Resources:
    return parse_resources(text_of(content, RESOURCES))


def _rules(content: bytes) -> tuple[RuleSet, str]:
    return parse_rules(text_of(content, RULES)), sha256(content).hexdigest()


def _groups(content: bytes) -> tuple[Groups, str]:
    return parse_groups(text_of(content, GROUPS)), sha256(content).hexdigest()


def _options(content: bytes) -> DatacenterOptions:
    datacenter = parse_datacenter(text_of(content, "datacenter.cfg"))
    return DatacenterOptions(datacenter.ha, datacenter.crs, datacenter.max_workers)
