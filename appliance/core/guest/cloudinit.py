"""What a machine reads from its cloud-init drive, made from its options."""

from __future__ import annotations

from hashlib import sha1
from typing import Final

from appliance.model.guest.config import Settings
from appliance.model.guest.devices import nics
from appliance.model.options.make import words
from appliance.model.percent import decode_text

OPTIONS: Final = frozenset(
    words("cicustom cipassword citype ciupgrade ciuser nameserver searchdomain sshkeys")
)


def is_cloudinit(key: str) -> bool:
    """Whether the option is for the drive alone."""
    return key in OPTIONS or (key.startswith("ipconfig") and key[8:].isdigit())


def user_data(settings: Settings, vmid: int) -> str:
    """Host name, user, keys."""
    name = settings.get("name") or f"VM{vmid}"
    host, _, domain = name.partition(".")
    lines = ["#cloud-config", f"hostname: {host}", "manage_etc_hosts: true"]
    if domain:
        lines.append(f"fqdn: {name}")
    user = settings.get("ciuser")
    if user:
        lines.append(f"user: {user}")
    password = settings.get("cipassword")
    if password:
        lines.append(f"password: {password}")
    keys = [key for key in decode_text(settings.get("sshkeys") or "").splitlines() if key.strip()]
    if keys:
        lines += ["ssh_authorized_keys:", *(f"  - {key}" for key in keys)]
    lines += ["chpasswd:", "  expire: False"]
    if not user:
        lines += ["users:", "  - default"]
    if settings.get("ciupgrade") != "0":
        lines.append("package_upgrade: true")
    return "\n".join(lines) + "\n"


def network_data(settings: Settings) -> str:
    """Addresses of the cards, and name servers."""
    lines = ["version: 1", "config:"]
    for number, nic in enumerate(nics("vm", settings)):
        index = nic.key.removeprefix("net")
        lines += [
            "    - type: physical",
            f"      name: eth{number}",
            f"      mac_address: '{(nic.mac or '').lower()}'",
            *_subnets(settings.get(f"ipconfig{index}") or ""),
        ]
    servers = (settings.get("nameserver") or "").replace(",", " ").split()
    domains = (settings.get("searchdomain") or "").replace(",", " ").split()
    if servers or domains:
        lines += ["    - type: nameserver", "      address:"]
        lines += [f"      - '{server}'" for server in servers]
        lines += ["      search:", *(f"      - '{domain}'" for domain in domains)]
    return "\n".join(lines) + "\n"


def _subnets(text: str) -> list[str]:
    values = dict(part.partition("=")[::2] for part in text.split(",") if part)
    found: list[str] = []
    for key, gateway, suffix in (("ip", "gw", ""), ("ip6", "gw6", "6")):
        address = values.get(key)
        if address is None:
            continue
        if address in ("dhcp", "auto"):
            kind = "ipv6_slaac" if address == "auto" else f"dhcp{suffix or '4'}"
            found.append(f"      - type: {kind}")
            continue
        found += [f"      - type: static{suffix}", f"        address: '{address}'"]
        if gateway in values:
            found.append(f"        gateway: '{values[gateway]}'")
    return ["      subnets:", *found] if found else []


def meta_data(settings: Settings, vmid: int) -> str:
    """An id that changes with everything else, so that the machine sets itself up again."""
    content = user_data(settings, vmid) + network_data(settings)
    return f"instance-id: {sha1(content.encode(), usedforsecurity=False).hexdigest()}\n"
