"""Forms that values of several files share."""

from __future__ import annotations

import re

from appliance.model.option import Format

_CONFIG_ID = re.compile(r"[a-z][a-z0-9_-]+", re.ASCII | re.IGNORECASE)
_NODE = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)


def is_config_id(text: str) -> bool:
    """Whether a text can name a section: at least two characters, a letter first."""
    return _CONFIG_ID.fullmatch(text) is not None


def is_node_name(text: str) -> bool:
    """Whether a text can name a node: one label of a host name."""
    return _NODE.fullmatch(text) is not None


def _config_id(text: str) -> str:
    if not is_config_id(text):
        raise ValueError(text)
    return text


def _node_name(text: str) -> str:
    if not is_node_name(text):
        raise ValueError(text)
    return text


CONFIG_ID = Format(
    "pve-configid", "a letter, then one or more letters, digits, '-' or '_'", _config_id
)
NODE = Format("pve-node", "a host name without domain", _node_name)
