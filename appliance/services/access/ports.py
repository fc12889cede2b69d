"""What logins and user management of one node run on."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.ports.clock import Clock
from appliance.ports.config_store import ConfigStore
from appliance.ports.entropy import Entropy
from appliance.ports.journal import Journal
from appliance.ports.passwords import Passwords
from appliance.ports.realms import Directory, OpenId


@dataclass(frozen=True, slots=True)
class AccessPorts:
    """directory, openid: None where this node has no means to speak to one."""

    store: ConfigStore
    clock: Clock
    entropy: Entropy
    journal: Journal
    passwords: Passwords
    directory: Directory | None = None
    openid: OpenId | None = None
