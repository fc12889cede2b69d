"""Names in high availability: service ids and nodes with priorities."""

from __future__ import annotations

import re
from dataclasses import dataclass

from appliance.model.errors import ConfigError
from appliance.model.formats import is_node_name
from appliance.model.option import Format

GUEST_TYPES = ("vm", "ct")
# The lock-step reference cases know one more type, whose number says how often it fails.
SIMULATED_TYPES = ("vm", "ct", "fa")

_RESOURCE = re.compile(r"[a-z]+:\S+", re.ASCII)
_GUEST_NUMBER = re.compile(r"[1-9][0-9]{2,8}", re.ASCII)
_NUMBER = re.compile(r"[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sid:
    """A service id in its parts: `vm:100` is Sid("vm", "100")."""

    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.type}:{self.name}"


def parse_sid(text: str, types: tuple[str, ...] = GUEST_TYPES) -> Sid:
    """Split a service id and check it: the type by `types`, the name a guest number.

    With simulated types among `types` any number will do. ConfigError says what is allowed.
    """
    kind, colon, name = text.partition(":")
    if not colon or kind not in types:
        allowed = " or ".join(f"{kind}:<number>" for kind in types)
        raise ConfigError(f"'{text}' is no service id, allowed is {allowed}", field="sid")
    number = _NUMBER if "fa" in types else _GUEST_NUMBER
    if not number.fullmatch(name):
        raise ConfigError(
            f"'{text}' is no service id, a guest number is 100 to 999999999", field="sid"
        )
    return Sid(kind, name)


def is_resource_id(text: str) -> bool:
    """Whether a rule may name it: wider than a service id, as rules outlive services."""
    return _RESOURCE.fullmatch(text) is not None


def parse_node_priority(text: str) -> tuple[str, int]:
    """`node` or `node:priority`, the priority 0 where it is left out. ValueError otherwise."""
    node, colon, priority = text.partition(":")
    if not is_node_name(node) or (colon and not _NUMBER.fullmatch(priority)):
        raise ValueError(text)
    return node, int(priority) if colon else 0


def _resource_id(text: str) -> str:
    if not is_resource_id(text):
        raise ValueError(text)
    return text


def _node_text(value: object) -> str:
    assert isinstance(value, tuple)
    node, priority = value
    return f"{node}:{priority}" if priority else str(node)


RESOURCE = Format("pve-ha-resource-id", "<type>:<name>", _resource_id)
NODE_PRIORITY = Format(
    "pve-ha-node", "<node> or <node>:<priority>", parse_node_priority, _node_text
)
