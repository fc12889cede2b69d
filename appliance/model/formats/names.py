"""Names of things: sections, nodes, guests, storages, pools, users' groups, tags."""

from __future__ import annotations

import re

from appliance.model.access.ids import is_user, split_token
from appliance.model.access.privileges import IS_PRIVILEGE
from appliance.model.formats.form import checked, matching, takes

_ID = "letters, digits, '.', '-' or '_'"

CONFIG_ID = matching(
    "pve-configid",
    "a letter, then one or more letters, digits, '-' or '_'",
    r"[A-Za-z][A-Za-z0-9_-]+",
)
NODE = matching(
    "pve-node", "a host name without domain", r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
)
VMID = matching("pve-vmid", "a guest number, 100 to 999999999", r"[1-9][0-9]{2,8}")
STORAGE_ID = matching(
    "pve-storage-id",
    f"a letter, then {_ID}, a letter or digit at the end",
    r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]",
)
ACME_PLUGIN_ID = matching(
    "acme-plugin-id", STORAGE_ID.allowed, r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]"
)
REALM = matching("pve-realm", f"a letter, then one or more {_ID}", r"[A-Za-z][A-Za-z0-9_.-]+")
GROUP_ID = matching("pve-groupid", _ID, r"[A-Za-z0-9_.-]+")
ROLE_ID = matching("pve-roleid", _ID, r"[A-Za-z0-9_.-]+")
POOL_ID = matching(
    "pve-poolid",
    f"{_ID}, up to three such names with '/' between them",
    r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+){0,2}",
)
USER_ID = checked("pve-userid", "NAME@REALM, up to 64 characters", is_user)
TOKEN_ID = checked("pve-tokenid", "NAME@REALM!TOKEN", lambda text: split_token(text) is not None)
PRIVILEGE = checked("pve-priv", "a privilege such as VM.Audit", lambda text: text in IS_PRIVILEGE)
TAG = matching(
    "pve-tag",
    "a letter, digit or '_', then these or '-', '+', '.'",
    r"[A-Za-z0-9_][A-Za-z0-9_+.-]*",
)
REPLICATION_JOB_ID = matching(
    "pve-replication-job-id", "<guest number>-<number>", r"[1-9][0-9]{2,8}-[0-9]{1,9}"
)
RESOURCE_OR_VMID = matching(
    "pve-ha-resource-or-vm-id", "<type>:<name> or a guest number", r"[a-z]+:\S+|[0-9]+"
)
TASK_STATUS = matching(
    "pve-task-status-type", "ok, error, warning or unknown", r"ok|error|warning|unknown"
)
LDAP_ATTRIBUTE = matching("ldap-simple-attr", "letters, digits or '-'", r"[A-Za-z0-9-]+")

FORMS = (
    CONFIG_ID,
    NODE,
    VMID,
    STORAGE_ID,
    ACME_PLUGIN_ID,
    REALM,
    GROUP_ID,
    ROLE_ID,
    USER_ID,
    TOKEN_ID,
    PRIVILEGE,
    POOL_ID,
    TAG,
    REPLICATION_JOB_ID,
    RESOURCE_OR_VMID,
    TASK_STATUS,
    LDAP_ATTRIBUTE,
    matching("string", "any text", r".*", re.DOTALL),
)


def is_config_id(text: str) -> bool:
    """Whether a text can name a section: at least two characters, a letter first."""
    return takes(CONFIG_ID, text)


def is_node_name(text: str) -> bool:
    """Whether a text can name a node: one label of a host name."""
    return takes(NODE, text)
